//! Figures over the last minutes and hours.

use chart::{Chart, Line, X, Y};

use super::html::Html;
use super::parts::{link, resource};
use super::scope::Scope;
use crate::console::view::map::Map;
use crate::console::view::series::Series;

/// For how long there are charts.
pub(super) const SPANS: [&str; 3] = ["5m", "1h", "6h"];
/// Further resources than these are chosen from the lists.
const CHOICES: usize = 50;

/// The charts of a kind of figure: a title, what its numbers are, and which of the series belong to it.
const CHARTS: [(&str, Y, &[&str]); 5] = [
    (
        "A second",
        Y::PerSecond,
        &[
            "published",
            "delivered",
            "queued",
            "received",
            "deleted",
            "landed",
            "filtered_out",
            "refused",
            "dead_lettered",
        ],
    ),
    ("Messages in it", Y::Count, &["visible", "in_flight", "delayed"]),
    ("Age of the oldest message", Y::Seconds, &["oldest_age_ms"]),
    ("Records in the buffer", Y::Count, &["records"]),
    ("Bytes in the buffer", Y::Count, &["bytes"]),
];

/// The page of the resource `of` with its series; of the busiest, each with its name, if that is empty.
pub(super) fn page(scope: &Scope, map: &Map, all: &[(String, Series)], of: &str, span: &str) -> Html {
    let spans: Html = SPANS
        .iter()
        .map(|it| {
            let address = scope.link("/charts", &[("of", of), ("span", it)]);
            match *it == span {
                true => Html::of("<li><a href=\"{}\" aria-current=\"true\">{}</a></li>", &[&address, it]),
                false => Html::of("<li>{}</li>", &[&link(&address, it)]),
            }
        })
        .collect();
    let nodes = map.nodes.iter().filter(|node| node.id.starts_with("arn:")).take(CHOICES);
    let choices: Html = nodes
        .map(|node| {
            let address = scope.link("/charts", &[("of", &node.id), ("span", span)]);
            Html::of("<li>{}</li>\n", &[&link(&address, &node.name)])
        })
        .collect();
    let what = match of {
        "" => Html::of("The busiest of this account", &[]),
        arn => resource(scope, arn),
    };
    let drawn = match (of, all) {
        ("", all) => together(all),
        (_, [(_, series)]) => drawings(series),
        _ => Html::default(),
    };
    Html::of(
        "<p>{}, by the machine's clock.</p><nav aria-label=\"For how long\"><ul class=\"tiles\">{}</ul></nav>\n\
         <section id=\"charts\" class=\"charts\" data-refresh>{}</section>\n\
         <details><summary>Charts of another resource</summary><ul><li><a href=\"{}\">the busiest of this account</a></li>\n{}</ul></details>\n",
        &[&what, &spans, &drawn, &scope.link("/charts", &[("span", span)]), &choices],
    )
}

/// Charts of the busiest of an account: a line for each of them.
const TOGETHER: [(&str, Y, &str); 6] = [
    ("Published a second", Y::PerSecond, "published"),
    ("Into queues and streams a second", Y::PerSecond, "queued"),
    ("Deleted a second", Y::PerSecond, "deleted"),
    ("Landed a second", Y::PerSecond, "landed"),
    ("Messages that are visible", Y::Count, "visible"),
    ("Records in buffers", Y::Count, "records"),
];
/// Lines of a chart: there are no more colours.
const LINES: usize = 8;

/// What is drawn of the busiest, each with its name.
fn together(all: &[(String, Series)]) -> Html {
    let mut html = Html::default();
    for (title, y, figure) in TOGETHER {
        let most = |series: &Series| series.values.get(figure)?.iter().flatten().copied().reduce(f64::max);
        let mut known: Vec<(f64, &str, &Series)> =
            all.iter().filter_map(|(name, series)| Some((most(series)?, name.as_str(), series))).collect();
        known.retain(|(most, ..)| *most > 0.0);
        known.sort_by(|one, other| other.0.total_cmp(&one.0));
        known.truncate(LINES);
        if known.is_empty() {
            continue;
        }
        let lines = known.iter().map(|(_, name, series)| line(series, figure, name, 1.0)).collect();
        // A single line has no legend.
        let title = &match known[..] {
            [(_, name, _)] => format!("{title}: {name}"),
            _ => title.to_owned(),
        };
        let chart = Chart { title, x: X::Ago, y, lines, bands: Vec::new() };
        html.put("<figure>{}</figure>\n", &[&Html::drawing(chart.svg())]);
    }
    if html.is_empty() {
        html.put("<p>Nothing has moved in this time: a chart begins with the first message.</p>", &[]);
    }
    html
}

/// A figure of a series as a line.
fn line<'n>(series: &Series, figure: &str, name: &'n str, scale: f64) -> Line<'n> {
    let step = series.step_ms as f64 / 1e3;
    let values = series.values.get(figure).map(Vec::as_slice).unwrap_or_default();
    let point = |(n, value): (usize, &Option<f64>)| (n as f64 * step, value.map_or(f64::NAN, |value| value * scale));
    Line { name, points: values.iter().enumerate().map(point).collect() }
}

fn drawings(series: &Series) -> Html {
    let mut all = Html::default();
    let mut shown: Vec<&str> = Vec::new();
    for (title, y, names) in CHARTS {
        let known: Vec<&str> = names.iter().copied().filter(|name| series.values.contains_key(name)).collect();
        shown.extend(&known);
        if !known.is_empty() {
            all.put("<figure>{}</figure>\n", &[&drawing(series, title, y, &known)]);
        }
    }
    // A figure that no chart here knows has one of its own.
    for name in series.values.keys().filter(|name| !shown.contains(name)) {
        all.put("<figure>{}</figure>\n", &[&drawing(series, name, Y::Count, &[name])]);
    }
    if all.is_empty() {
        all.put("<p>Nothing was noted yet: a chart begins with the first message.</p>", &[]);
    }
    all
}

fn drawing(series: &Series, title: &str, y: Y, names: &[&str]) -> Html {
    let shown: Vec<String> = names.iter().map(|name| name.replace('_', " ")).collect();
    let scale = if y == Y::Seconds { 1e-3 } else { 1.0 };
    let lines = names.iter().zip(&shown).map(|(name, shown)| line(series, name, shown, scale));
    let chart = Chart { title, x: X::Ago, y, lines: lines.collect(), bands: Vec::new() };
    Html::drawing(chart.svg())
}
