//! The tables of a page: the ledger, what was lost, errors by type, faults, and the costs.

use chart::escape;

use super::{Outcome, Recorded, cost};
use crate::report::Verdict;
use crate::report::text::milliseconds;
use crate::traffic::account::Account;
use crate::traffic::depths::Fault;
use crate::traffic::stats::Summary;
use crate::units::{count, plural};

/// A column of the ledger.
struct Column<'a> {
    name: &'a str,
    events: u64,
    account: Option<&'a Account>,
    dead_letters: Option<u64>,
    effect_twice: Option<u64>,
    latency: Option<Summary>,
}

/// All that have something to say.
pub(super) fn of(outcome: &Outcome, recorded: &Recorded) -> String {
    let mut html = String::new();
    let columns = columns(outcome);
    if columns.iter().any(|column| column.account.is_some()) {
        html.push_str(&ledger(&columns, outcome.verdict));
    }
    html.push_str(&missing(&columns, outcome.verdict));
    html.push_str(&offenders(&columns));
    let errors = &recorded.over_time.errors;
    if !errors.is_empty() {
        let mut errors: Vec<_> = errors.iter().collect();
        errors.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
        let rows = errors.into_iter().map(|(name, times)| [name.clone(), count(*times)]);
        html.push_str(&texts("Errors by type", ["what failed", "times"], rows));
    }
    html.push_str(&faults(&recorded.faults));
    html.push_str(&outcome.cost.as_ref().map_or_else(String::new, cost::section));
    html
}

/// What the rules of chaos did, if there were any.
pub(super) fn faults(faults: &[Fault]) -> String {
    let rows = faults.iter().map(|fault| {
        let second = |s: f64| milliseconds(s * 1e3);
        let when = fault.from_s.zip(fault.to_s);
        let when = when.map_or_else(String::new, |(from, to)| format!(", from {} to {}", second(from), second(to)));
        [fault.name.clone(), times(fault.strikes) + &when]
    });
    if rows.len() == 0 {
        return String::new();
    }
    texts("Faults that were asked for", ["rule of chaos", "struck"], rows)
}

/// How often something happened.
fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", count(n)) }
}

fn columns(outcome: &Outcome) -> Vec<Column<'_>> {
    let published = outcome.published.iter().map(|published| Column {
        name: "published",
        events: published.events,
        account: None,
        dead_letters: None,
        effect_twice: None,
        latency: published.latency,
    });
    let queues = outcome.queues.iter().map(|queue| Column {
        name: queue.api.name(),
        events: queue.account.received,
        account: Some(&queue.account),
        dead_letters: queue.dead_letters.as_ref().and_then(|dead| dead.ended),
        effect_twice: Some(queue.effect_twice),
        latency: queue.account.latency,
    });
    let landed = outcome.landed.iter().map(|landed| Column {
        name: landed.leg.name(),
        events: landed.account.received,
        account: Some(&landed.account),
        dead_letters: None,
        effect_twice: None,
        latency: landed.account.latency,
    });
    published.chain(queues).chain(landed).collect()
}

/// The measure of what was acknowledged and never seen.
const LOST: &str = "lost";

/// What is counted of a leg.
type Measure = (&'static str, fn(&Column<'_>) -> Option<String>);

const MEASURES: [Measure; 18] = [
    ("events", |it| Some(count(it.events))),
    (LOST, |it| it.account?.lost.map(count)),
    ("duplicated", |it| it.account.map(|account| count(account.duplicated))),
    ("duplicated on purpose", |it| it.account?.duplicated_on_purpose.map(count)),
    ("effect twice", |it| it.effect_twice.map(count)),
    ("out of order", |it| it.account.map(|account| count(account.out_of_order))),
    ("late", |it| it.account?.late.map(count)),
    ("filtered", |it| it.account?.filtered.map(count)),
    ("poison", |it| it.account?.poison.map(count)),
    ("unacknowledged", |it| it.account?.unacknowledged.map(count)),
    ("wrongly delivered", |it| it.account?.wrongly_delivered.map(count)),
    ("order broken", |it| it.account?.order_broken.map(count)),
    ("can't be judged", |it| it.account?.unjudged.map(count)),
    ("not handled, dead letter", |it| it.account?.dead.map(count)),
    ("dead letters", |it| it.dead_letters.map(count)),
    ("p50", |it| it.latency.map(|latency| milliseconds(latency.p50_ms))),
    ("p99", |it| it.latency.map(|latency| milliseconds(latency.p99_ms))),
    ("max", |it| it.latency.map(|latency| milliseconds(latency.max_ms))),
];

/// A row a measure, a column a leg: a phone has room for that.
fn ledger(columns: &[Column<'_>], verdict: Option<Verdict>) -> String {
    // What is on the way when a run is stopped isn't lost.
    let stopped = verdict == Some(Verdict::Unknown);
    let head: String = columns.iter().map(|column| format!("<th scope=\"col\">{}</th>", escape(column.name))).collect();
    let row = |(name, value): &Measure| {
        let values: Vec<_> = columns.iter().map(|column| value(column)).collect();
        if values.iter().all(Option::is_none) {
            return String::new();
        }
        let cells: String = values
            .into_iter()
            .map(Option::unwrap_or_default)
            .map(|value| {
                let is_bad = *name == LOST && !stopped && !["", "0"].contains(&value.as_str());
                let bad = if is_bad { " class=\"bad\"" } else { "" };
                format!("<td{bad}>{}</td>", escape(&value))
            })
            .collect();
        let name = if *name == LOST && stopped { "on the way" } else { name };
        format!("<tr><th scope=\"row\">{name}</th>{cells}</tr>\n")
    };
    let rows: String = MEASURES.iter().map(row).collect();
    format!(
        "<h2>The ledger</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The ledger\"><table>\n\
         <thead><tr><th></th>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table></div>\n"
    )
}

/// The first of what each leg never saw.
fn missing(columns: &[Column<'_>], verdict: Option<Verdict>) -> String {
    let unknown = verdict == Some(Verdict::Unknown);
    let whither = if unknown { "on the way to" } else { "that never came to" };
    let lost = columns.iter().filter_map(|column| {
        let account = column.account.filter(|account| !account.missing.is_empty())?;
        let more = account.lost.unwrap_or(0).saturating_sub(account.missing.len() as u64);
        let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
        let events = plural(account.lost.unwrap_or(0), "event");
        Some([format!("{events} {whither} {}", column.name), account.missing.join(", ") + &more])
    });
    let lost: Vec<_> = lost.collect();
    if lost.is_empty() {
        return String::new();
    }
    let title = if unknown { "What was not seen yet" } else { "What was never seen" };
    texts(title, ["leg", "publisher:sequence"], lost.into_iter())
}

/// The first of each other kind of fault, leg by leg.
fn offenders(columns: &[Column<'_>]) -> String {
    let accounts = columns.iter().filter_map(|column| Some((column.name, column.account?)));
    let rows = accounts.flat_map(|(leg, account)| {
        let kinds = account.offenders.kinds().into_iter().filter(|(_, events)| !events.is_empty());
        kinds.map(move |(kind, events)| [format!("{leg}: {kind}"), events.join(", ")])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    texts("The first of each kind", ["leg", "publisher:sequence"], rows.into_iter())
}

/// A table of texts, which may come from anywhere.
pub(super) fn texts(title: &str, head: [&str; 2], rows: impl Iterator<Item = [String; 2]>) -> String {
    let [first, second] = head;
    let rows: String = rows
        .map(|[name, value]| format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape(&name), escape(&value)))
        .collect();
    format!(
        "<h2>{title}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table class=\"text\">\n\
         <thead><tr><th scope=\"col\">{first}</th>\
         <th scope=\"col\">{second}</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}
