//! What is in a queue, for the page that Enter opens.

use serde_json::Value;

use super::figures::Queue;
use crate::aws::{NoPage, Target};
use crate::command::message;

/// So many messages are looked at: more rows no terminal has.
const MOST: &str = "50";

/// What is in a queue, in lines; or why it can't be seen.
pub(super) async fn into(target: &Target, queue: &Queue) -> Vec<String> {
    match target.page("peek", &[("queue", &queue.arn), ("max", MOST)]).await {
        Ok(page) => {
            let messages = page["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut lines: Vec<String> = messages.iter().enumerate().flat_map(|(n, it)| of(n + 1, it)).collect();
            match (messages.len(), page["more"] == true) {
                (0, _) => lines.push("It holds no message.".to_owned()),
                (_, true) => lines.push(format!("There are more: messaging peek {} --max 1000", queue.name)),
                _ => {}
            }
            lines
        }
        Err(NoPage::Failed(error)) => vec![format!("It can't be looked into: {error}")],
        Err(NoPage::NotThere) => vec![
            "Here a message can't be seen without receiving it, which counts as a receive:".to_owned(),
            "only the embedded cloud shows it so.".to_owned(),
            format!("  messaging peek {} says how to receive and hide nothing.", queue.name),
        ],
    }
}

fn of(number: usize, message: &Value) -> Vec<String> {
    let mut lines = message::head(number, message);
    lines.extend(message::body(message));
    lines
}
