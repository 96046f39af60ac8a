//! What a path takes, and what an action is given: the names of both. What isn't known, stands twice or is too long is refused by
//! name, for who misspells a filter would take all that there is for what he asked for.

use crate::console::wrong;
use wire::{AwsError, Form};

/// The longest value of a parameter, in bytes: a key of S3 has up to 1,024.
const LONGEST: usize = 2_048;
/// What every path takes.
const EVERYWHERE: [&str; 2] = ["account", "region"];
/// What a list takes.
const LIST: &[&str] = &["name", "limit", "next"];

/// The parameters of a path beside account and region; none of a path that leads nowhere.
fn taken(parts: &[&str]) -> Option<&'static [&'static str]> {
    Some(match parts {
        [] | ["overview" | "map" | "events"] => &[],
        ["queues" | "topics" | "streams" | "buckets" | "stacks"] => LIST,
        ["queues", _, "messages"] => &["text", "path", "state", "whole", "limit", "next"],
        ["buckets", _] => &["prefix", "limit", "next"],
        ["buckets", _, "object"] => &["key"],
        ["queues" | "topics" | "streams" | "stacks" | "messages" | "actions", _] | ["topics", _, "try"] => &[],
        ["messages"] => &["id", "text", "group", "attribute", "topic", "from", "to", "after", "limit", "next"],
        ["series"] => &["of", "span"],
        ["notices"] => &["after"],
        _ => return None,
    })
}

/// Checks the parameters of a request to a path.
///
/// # Errors
/// One that the path doesn't take, one that stands twice, one that is too long.
pub(crate) fn check(parts: &[&str], form: &Form) -> Result<(), AwsError> {
    let Some(taken) = taken(parts) else { return Ok(()) };
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in form.pairs() {
        let shown = name[..name.floor_char_boundary(100)].escape_debug();
        // A signature may stand in the query, and is looked at by others.
        if name.is_empty() && value.is_empty() || name.starts_with("X-Amz-") {
            continue;
        }
        if !EVERYWHERE.contains(&name) && !taken.contains(&name) {
            let all: Vec<&str> = taken.iter().copied().chain(EVERYWHERE).collect();
            return Err(wrong(format!("There is no parameter {shown} here: these are {}.", all.join(", "))));
        }
        if value.len() > LONGEST {
            return Err(wrong(format!("The parameter {shown} has more than {LONGEST} bytes.")));
        }
        if seen.contains(&name) {
            return Err(wrong(format!("The parameter {shown} stands twice.")));
        }
        seen.push(name);
    }
    Ok(())
}

/// What a field of an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// In a form a text.
    Number,
    /// An object, or a text of lines.
    Attributes,
    /// JSON, or a text of it.
    Json,
}

/// The fields of an action beside account and region; none where there is no such action. `try` is that of a filter policy.
pub(crate) fn fields(action: &str) -> Option<&'static [(&'static str, Kind)]> {
    use Kind::{Attributes, Json, Number, Text};
    Some(match action {
        "send" => &[
            ("queue", Text),
            ("body", Text),
            ("attributes", Attributes),
            ("delay", Number),
            ("group", Text),
            ("deduplication", Text),
        ],
        "publish" => &[
            ("topic", Text),
            ("body", Text),
            ("subject", Text),
            ("attributes", Attributes),
            ("structure", Text),
            ("group", Text),
            ("deduplication", Text),
        ],
        "purge" => &[("queue", Text), ("confirm", Text)],
        "redrive" => &[("queue", Text), ("to", Text), ("rate", Number)],
        "cancel-redrive" => &[("handle", Text), ("queue", Text)],
        "flush" => &[("stream", Text)],
        "presign" => &[("bucket", Text), ("key", Text)],
        "chaos" => &[("do", Text), ("rules", Json)],
        "clock" => &[("by", Text), ("to", Text)],
        "try" => &[("policy", Json), ("scope", Text), ("body", Text), ("attributes", Attributes)],
        _ => return None,
    })
}
