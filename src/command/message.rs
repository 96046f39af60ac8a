//! A message of a queue, as a look at it shows it.

use std::time::Duration;

use console::Style;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock;
use crate::ui::paint;
use crate::units::{age, count};

/// So much of a body is shown: characters, and lines.
const MAX_CHARS: usize = 2_000;
const MAX_LINES: usize = 40;

/// A message in `--json` mode, as the server tells of it.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    pub record: &'static str,
    pub queue: &'a str,
    #[serde(flatten)]
    pub message: &'a Value,
}

/// What the queue knows of a message, and its attributes, in lines.
pub(super) fn head(number: usize, message: &Value) -> Vec<String> {
    let (bold, dim) = (Style::new().bold(), Style::new().dim());
    let text = |name: &str| message[name].as_str();
    let head = format!("{number}  {}  {}", paint(&bold, text("message_id").unwrap_or("?")), state(message));
    let mut facts = vec![match message["receives"].as_u64() {
        Some(0) | None => "never received".to_owned(),
        Some(1) => "received once".to_owned(),
        Some(n) => format!("received {} times", count(n)),
    }];
    facts.extend(text("sent_at").map(|at| match since(at) {
        Some(since) if since.as_secs() == 0 => "sent just now".to_owned(),
        Some(since) => format!("sent {} ago", age(since)),
        None => format!("sent at {at}"),
    }));
    facts.extend(text("group").map(|group| format!("group {group}")));
    facts.extend(text("deduplication_id").map(|id| format!("deduplication id {id}")));
    facts.extend(text("dead_letter_source").map(|arn| format!("from {}", arn.rsplit(':').next().unwrap_or(arn))));
    let mut lines = vec![head, format!("   {}", paint(&dim, facts.join(", ")))];
    for (name, attribute) in message["attributes"].as_object().into_iter().flatten() {
        let value = attribute["value"].as_str().unwrap_or_default();
        let kind = attribute["type"].as_str().unwrap_or_default();
        lines.push(format!("   {name} = {} {}", cut(value, 200), paint(&dim, format!("({kind})"))));
    }
    lines
}

/// Visible, or until when not.
fn state(message: &Value) -> String {
    let until = message["visible_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let within = until.and_then(|at| Duration::try_from(at.duration_since(clock::now())).ok());
    let within = within.map(|within| format!(", visible in {}", age(within))).unwrap_or_default();
    match message["state"].as_str() {
        Some("visible") => paint(&Style::new().green(), "visible"),
        Some("in_flight") => paint(&Style::new().yellow(), format!("in flight{within}")),
        Some("delayed") => paint(&Style::new().yellow(), format!("delayed{within}")),
        other => other.unwrap_or("?").to_owned(),
    }
}

fn since(at: &str) -> Option<Duration> {
    Duration::try_from(clock::now().duration_since(at.parse::<Timestamp>().ok()?)).ok()
}

/// The body of a message, in lines.
pub(super) fn body(message: &Value) -> Vec<String> {
    body_lines(message["body"].as_str().unwrap_or_default())
}

fn body_lines(body: &str) -> Vec<String> {
    let shown = cut(body, MAX_CHARS);
    let mut lines: Vec<String> = shown.lines().take(MAX_LINES).map(|line| format!("   {line}")).collect();
    if shown.len() < body.len() || shown.lines().count() > MAX_LINES {
        lines.push(format!("   .. ({} bytes; --json shows all)", count(body.len() as u64)));
    }
    lines
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_body_is_cut_and_its_lines_stay_lines() {
        let shown = body_lines("{\n  \"a\": 1\n}");
        assert_eq!(shown, ["   {", "     \"a\": 1", "   }"]);
        let long = body_lines(&"ö".repeat(3_000));
        assert_eq!((long[0].chars().count(), &*long[1]), (2_003, "   .. (6,000 bytes; --json shows all)"));
        assert_eq!(body_lines(&"x\n".repeat(50)).len(), 41);
    }

    #[test]
    fn what_a_server_leaves_out_is_no_reason_to_fail() {
        assert!(head(1, &json!({"attributes": 7, "receives": -1}))[0].contains('?'));
        let message = json!({"message_id": "m", "state": "visible", "receives": 2, "group": "g",
            "dead_letter_source": "arn:aws:sqs:r:0:q", "attributes": {"k": {"type": "String", "value": "v"}}, "body": "b"});
        let all: Vec<_> = head(2, &message).iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        assert!(all[1].contains("received 2 times, group g, from q"), "{all:?}");
        assert_eq!(body(&message), ["   b"]);
    }
}
