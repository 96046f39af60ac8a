//! Faults by rules, with their switches, and the clock.

use serde_json::Value as Json;

use super::html::Html;
use super::parts::{Action, area, cards, cell, counted, field, moment};
use super::scope::Scope;
use crate::console::view::overview::Overview;

/// Rules to begin with: what they do, and themselves.
const SAMPLES: [(&str, &str); 4] = [
    (
        "every tenth receive fails",
        r#"{"service": "sqs", "operation": "ReceiveMessage", "probability": 0.1, "error": {"statusCode": 503, "code": "ServiceUnavailable"}}"#,
    ),
    ("publishing takes half a second", r#"{"service": "sns", "operation": "Publish", "latency": 500}"#),
    ("one in twenty messages comes again", r#"{"service": "sqs", "duplicate": 0.05}"#),
    ("batches land ten seconds late", r#"{"service": "firehose", "delay": 10000}"#),
];

/// The page; `rules` are as `/_messaging/chaos` shows them.
pub(super) fn page(scope: &Scope, overview: &Overview, rules: &Json) -> Html {
    let back = scope.link("/chaos", &[]);
    let rules = rules["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = rules.iter().map(|rule| row(scope, rule, &back));
    let columns = [
        ("rule", false),
        ("what it says", false),
        ("asked", true),
        ("struck", true),
        ("state", false),
        ("to do", false),
    ];
    let shown = match rules.is_empty() {
        true => Html::of("<p>No rule is in force: everything works.</p>\n", &[]),
        false => cards("Rules of chaos", &columns, rows.collect()),
    };
    let add = Action {
        name: "chaos",
        title: "Put a rule in force",
        hidden: &[("do", "add")],
        fields: area("rules", "Rule, JSON", SAMPLES[0].1),
        button: "Put in force",
        danger: false,
    };
    let samples: Html =
        SAMPLES.iter().map(|(what, rule)| Html::of("<dt>{}</dt><dd><code>{}</code></dd>", &[what, rule])).collect();
    let clear = match rules.is_empty() {
        true => Html::default(),
        false => Action {
            name: "chaos",
            title: "Take all rules away",
            hidden: &[("do", "clear")],
            fields: Html::default(),
            button: "Take all away",
            danger: true,
        }
        .form(scope, &back),
    };
    Html::of(
        "<h2>Rules</h2>\n<section id=\"rules\" data-refresh>{}</section>\n{}{}<details><summary>Rules to begin with</summary><dl>{}</dl></details>\n{}",
        &[&shown, &add.form(scope, &back), &clear, &samples, &clock(scope, overview, &back)],
    )
}

fn row(scope: &Scope, rule: &Json, back: &str) -> Html {
    let text = rule["rule"].to_string();
    let off = Action {
        name: "chaos",
        title: "Take this rule away",
        hidden: &[("do", "remove"), ("rules", &text)],
        fields: Html::default(),
        button: "Take away",
        danger: false,
    };
    let count = |name: &str| rule[name].as_u64().unwrap_or_default();
    let holds = if rule["holds"].as_bool().unwrap_or(false) { "in force" } else { "not at this time" };
    Html::of(
        "<tr><th scope=\"row\">{}</th><td class=\"text\"><code>{}</code></td>{}{}{}<td>{}</td></tr>\n",
        &[
            &count("number"),
            &text,
            &counted("asked", &count("matched")),
            &counted("struck", &count("strikes")),
            &cell(&holds),
            &off.form(scope, back),
        ],
    )
}

fn clock(scope: &Scope, overview: &Overview, back: &str) -> Html {
    let now = moment(overview.now);
    if overview.clock != "frozen" {
        return Html::of(
            "<h2>Clock</h2>\n<p>It is {} in the cloud, and its clock runs by itself ({}). One that is moved from here is that of a \
             server started with <code>--clock frozen</code>.</p>\n",
            &[&now, &overview.clock],
        );
    }
    let fields = field("by", "By how long, as 90s, 1h30m or 24h", "1h");
    let move_on =
        Action { name: "clock", title: "Move the clock", hidden: &[], fields, button: "Move it on", danger: false };
    Html::of(
        "<h2>Clock</h2>\n<p>It is {} in the cloud, and its clock stands still until it is moved.</p>\n{}",
        &[&now, &move_on.form(scope, back)],
    )
}
