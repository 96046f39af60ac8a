//! The API below `/_messaging/api/v1`: the views as JSON, events, and actions. `docs/console.md` is its page.
//!
//! ```text
//! mod     what is looked at: the routes
//! events  what moves, as it moves
//! input   what an action is given; shell: the line of the AWS CLI that does the same; parameters: what paths and actions take
//! action  what is done, by the operations of the services
//! ```

pub(crate) mod action;
pub(crate) mod events;
pub(crate) mod input;
pub(crate) mod parameters;
pub(crate) mod shell;

use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

use super::view::search::Search;
use super::view::{self, Paging};
use super::{Viewer, absent, wrong};
use wire::{AwsError, Form};

/// The version of the API: a change that a reader could stumble over raises it, and its path.
pub(crate) const VERSION: u32 = 1;
/// How its paths begin.
pub(crate) const BASE: &str = "/_messaging/api/v1";

/// What the parts of a path below the API's lead to, as it is decoded.
pub(crate) fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// What is looked at.
///
/// # Errors
/// 404 for what isn't there, 400 for a parameter that makes no sense.
pub(crate) async fn look(viewer: &Viewer, parts: &[&str], form: &Form) -> Result<Json, AwsError> {
    parameters::check(parts, form)?;
    let paging = Paging::of(form)?;
    match *parts {
        [] | ["overview"] => shown(&view::overview::overview(viewer)),
        ["map"] => shown(&view::map::map(viewer)),
        ["queues"] => shown(&view::queue::queues(viewer, &paging)),
        ["queues", name] => shown(&view::queue::queue(viewer, name).await?),
        ["queues", name, "messages"] => {
            let wanted = view::queue_messages::Wanted::of(form)?;
            shown(&view::queue_messages::messages(viewer, name, &wanted, &paging).await?)
        }
        ["topics"] => shown(&view::topic::topics(viewer, &paging)),
        ["topics", name] => shown(&view::topic::topic(viewer, name).await?),
        ["streams"] => shown(&view::stream::streams(viewer, &paging)),
        ["streams", name] => shown(&view::stream::stream(viewer, name).await?),
        ["buckets"] => shown(&view::bucket::buckets(viewer, &paging)?),
        ["buckets", name] => shown(&view::bucket::bucket(viewer, name, form)?),
        ["buckets", name, "object"] => shown(&view::bucket::object(viewer, name, form).await?),
        ["stacks"] => shown(&view::stack::stacks(viewer, &paging).await?),
        ["stacks", name] => shown(&view::stack::stack(viewer, name).await?),
        ["messages"] => match form.get("id").filter(|id| !id.is_empty()) {
            Some(id) => shown(&view::search::by_id(viewer, id)),
            None => shown(&view::search::messages(viewer, &Search::of(form)?, &paging)?),
        },
        ["messages", id] => shown(&view::story::story(viewer, id)?),
        ["series"] => {
            let of = form.get("of").filter(|of| !of.is_empty()).ok_or_else(|| {
                wrong("The parameter of is the ARN of a queue, topic, stream or subscription, and has to be there.")
            })?;
            let span = form.get("span").unwrap_or_default();
            shown(&view::series::series(viewer, of, span)?)
        }
        ["notices"] => notices(viewer, form),
        _ => Err(nowhere(&parts.join("/"))),
    }
}

/// The error for a path that leads nowhere.
pub(crate) fn nowhere(path: &str) -> AwsError {
    absent("page of the API", &format!("{BASE}/{path}"))
}

fn notices(viewer: &Viewer, form: &Form) -> Result<Json, AwsError> {
    let after = form.get("after").filter(|after| !after.is_empty()).unwrap_or("0");
    let after = after.parse().map_err(|_| wrong("The parameter after is the number of a notice."))?;
    let notices = viewer.cx.cloud.notices.after(after);
    let last = notices.last().map_or(after, |(number, ..)| *number);
    let notices: Vec<Json> =
        notices.into_iter().map(|(number, at, text)| json!({"number": number, "at": at, "notice": text})).collect();
    Ok(json!({"api": VERSION, "notices": notices, "last": last}))
}

/// A view as an answer.
pub(crate) fn shown(view: &impl serde::Serialize) -> Result<Json, AwsError> {
    let mut shown = serde_json::to_value(view).map_err(|error| AwsError::internal(error.to_string()))?;
    shown["api"] = VERSION.into();
    Ok(shown)
}
