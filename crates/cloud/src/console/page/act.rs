//! What became of a form that was sent: the page that it stood on comes back with the result.

use serde_json::Value as Json;

use super::html::Html;
use super::parts::link;
use super::room;
use super::scope::{BASE, Scope, encoded};
use super::shell::Done;
use crate::console::Viewer;
use wire::{AwsError, Form};

/// What an action came to: its result, and the line of the AWS CLI that does the same.
pub(crate) type Outcome = Result<(Json, String), AwsError>;

/// The page that a form names as the one to go back to: one of the console's, or the first.
pub(crate) async fn after(
    viewer: &Viewer,
    action: &str,
    form: &Form,
    signed_in: bool,
    outcome: Outcome,
) -> (u16, String) {
    let back = form.get("back").and_then(|back| back.strip_prefix(BASE)).unwrap_or_default();
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let shown = Form::parse(&[query.as_bytes()]).unwrap_or_default();
    // The action was of one region; the page may be of all.
    let viewer = Viewer {
        cx: viewer.cx.clone(),
        region: shown.get("region").filter(|region| !region.is_empty()).map(str::to_owned),
        is_signed: viewer.is_signed,
        watch: viewer.watch.clone(),
        key: viewer.key.clone(),
    };
    let (failed, done) = match outcome {
        Ok((result, cli)) => {
            let scope = room::scope(&viewer, &shown, false);
            (None, Done { failed: false, told: told(&scope, action, &result), cli: Some(cli) })
        }
        Err(error) => {
            let told = Html::of("{}", &[&error.message]);
            (Some(error.status), Done { failed: true, told, cli: None })
        }
    };
    let (status, page) = room::page(&viewer, path, &shown, signed_in, Some(&done)).await;
    (failed.unwrap_or(status), page)
}

/// A result in words.
fn told(scope: &Scope, action: &str, result: &Json) -> Html {
    if let Some(id) = result["MessageId"].as_str() {
        let story = link(&scope.link(&format!("/messages/{}", encoded(id)), &[]), id);
        return Html::of("the message is on its way. What becomes of it: {}", &[&story]);
    }
    let words = match action {
        "purge" => "the queue is empty.",
        "redrive" => "the messages are being moved.",
        "cancel-redrive" => "the move is stopped.",
        "flush" if result["landed"] == false => "the stream was told to land what it holds, and is still at it.",
        "flush" if result["records"] == 0 => "nothing was buffered.",
        "flush" => "what was buffered has landed. AWS has no such operation: this only shows the stream.",
        "chaos" => "the rules are in force as they stand below.",
        "clock" => "the clock was moved, and what fell due is done.",
        _ => "it was done.",
    };
    Html::of("{}", &[&words])
}
