//! Messages that are followed: by the journal of the embedded cloud.

use std::time::Duration;

use console::Style;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Wanted;
use crate::aws::{NoPage, Target, TargetKind};
use crate::command::Context;
use crate::exit::{Exit, Failure};
use crate::ui::{one_line, paint, reader_left};

/// How often the journal is asked.
const EVERY: Duration = Duration::from_millis(300);
/// So many messages are on a page.
const PAGE: &str = "1000";
/// So many pages of earlier messages are searched for those that are shown first.
const PAGES: usize = 20;

/// Whose messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    Topic(&'a str),
    Queue(&'a str),
}

impl Of<'_> {
    fn arn(&self) -> &str {
        match self {
            Self::Topic(arn) | Self::Queue(arn) => arn,
        }
    }
}

/// A message, in `--json` mode, as the server tells of it.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    #[serde(flatten)]
    message: &'a Value,
}

/// Follows messages until the user ends it, or enough was shown.
pub(super) async fn follow(
    context: &Context,
    target: &Target,
    of: &Of<'_>,
    mut wanted: Wanted,
) -> Result<Exit, Failure> {
    let ask = async |path: &str, query: &[(&str, &str)]| {
        target.api(path, query).await.map_err(|none| refusal(none, target, of))
    };
    if ask("/overview", &[]).await?["history"]["most_messages"] == 0 {
        return Err(Failure::usage(format!("{} remembers no messages", target.describe()))
            .why("it was started with --history 0")
            .help("Start it without that to follow topics and queues."));
    }
    // The newest of all, whosever it is: what comes behind it is new.
    let newest = ask("/messages", &[("limit", "1")]).await?;
    let mut after = newest["messages"][0]["number"].as_u64().unwrap_or_default();
    context.ui.note(format!("Following {}; Ctrl-C ends.", of.arn()));
    let mut shown = Vec::new();
    let mut next = String::new();
    for _ in 0..PAGES {
        if shown.len() >= wanted.last {
            break;
        }
        let mut page = ask("/messages", &[("topic", of.arn()), ("limit", PAGE), ("next", &next)]).await?;
        let Value::Array(found) = page["messages"].take() else { break };
        shown.extend(found.into_iter().filter(|it| it["number"].as_u64().is_some_and(|number| number <= after)));
        match page["next"].as_str() {
            Some(more) => more.clone_into(&mut next),
            None => break,
        }
    }
    shown.truncate(wanted.last);
    shown.reverse();
    loop {
        for message in &shown {
            tell(context, message);
            if wanted.is_done() {
                return Ok(Exit::Ok);
            }
        }
        if shown.is_empty() {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = context.stop.requested() => return Ok(Exit::Ok),
                () = reader_left() => return Ok(Exit::Ok),
            }
        } else if context.stop.is_requested() {
            return Ok(Exit::Ok);
        }
        let query = [("topic", of.arn()), ("limit", PAGE), ("after", &after.to_string())];
        let mut page = ask("/messages", &query).await?;
        after = page["last"].as_u64().unwrap_or(after);
        let Value::Array(found) = page["messages"].take() else { return Ok(Exit::Ok) };
        shown = found;
    }
}

fn tell(context: &Context, message: &Value) {
    context.ui.record(&Record { record: "message", message });
    let at = message["at"].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
    let at = at.map(|at| format!("{at:.3}")).unwrap_or_default();
    let (text, dim) = (|name: &str| message[name].as_str().unwrap_or_default(), Style::new().dim());
    let group = message["group"].as_str().map(|group| format!("  group {group}")).unwrap_or_default();
    let head = paint(&dim, format!("{at}  {}{group}", text("id")));
    context.ui.verbatim(&[format!("{head}  {}", one_line(text("body")))]);
}

/// What to do where messages can't be followed.
fn refusal(none: NoPage, target: &Target, of: &Of<'_>) -> Failure {
    let arn = of.arn();
    let none = match none {
        NoPage::Failed(error) => return error.failure_after_answers(target, &format!("follow {arn}")),
        NoPage::NotThere => Failure::usage(format!("{arn} can't be followed on {}", target.describe())),
    };
    let where_to = if target.kind == TargetKind::Aws { "AWS shows" } else { "this cloud shows" };
    match of {
        Of::Topic(_) => none
            .why(format!("{where_to} a topic's messages to its subscribers alone"))
            .help("Subscribe a queue of your own to it, and receive from that queue."),
        Of::Queue(_) => none
            .why(format!(
                "{where_to} a message only to whoever receives it, which hides it from others and counts as a receive"
            ))
            .help(
                "`messaging status --watch` shows how many there are; `messaging tail s3://BUCKET` follows what lands.",
            ),
    }
}
