//! Which page a request is for, and what is looked at for it.

use jiff::Timestamp;

use super::html::Html;
use super::parts::link;
use super::scope::{BASE, Scope, encoded};
use super::shell::{self, Done, Shell};
use super::topics::Try;
use super::{buckets, chaos, charts, messages, notices, overview, queue, queues, stacks, story, streams, topics};
use crate::console::view::map::Map;
use crate::console::view::message::Messages;
use crate::console::view::search::Search;
use crate::console::view::series::Series;
use crate::console::view::{self, Paging};
use crate::console::{Viewer, absent, api};
use wire::{AwsError, Form};

/// Of how many the charts of an account are.
const BUSIEST: usize = 40;

/// Of what a page is.
pub(super) fn scope(viewer: &Viewer, form: &Form, many: bool) -> Scope {
    let given = |name: &str| form.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    Scope { account: given("account"), region: given("region"), many, url: viewer.cx.host.to_string() }
}

/// A page and its status. `path` is that below the console's address, as it was sent, `done` what an action came to.
pub(super) async fn page(
    viewer: &Viewer,
    path: &str,
    form: &Form,
    signed_in: bool,
    done: Option<&Done>,
) -> (u16, String) {
    let seen = view::overview::overview(viewer);
    let scope = scope(viewer, form, seen.regions.len() > 1);
    let parts = api::parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let section = shell::section(parts.first().copied().unwrap_or_default());
    let shell = Shell { scope, overview: seen, section, signed_in };
    let (status, title, main) = match Box::pin(main(viewer, form, &shell, &parts)).await {
        Ok((title, main)) => (200, title, main),
        Err(error) => {
            let all = shell.scope.link(section, &[]);
            let told =
                Html::of("<p>{}</p>\n<p>{}</p>\n", &[&error.message, &link(&all, "Go back to where the others are")]);
            (error.status, "That can't be shown".to_owned(), told)
        }
    };
    (status, shell::page(&shell, &title, done, &main))
}

/// A page's title, and what is in it.
async fn main(viewer: &Viewer, form: &Form, shell: &Shell, parts: &[&str]) -> Result<(String, Html), AwsError> {
    let Shell { scope, overview, .. } = shell;
    let asked = |name: &str| form.get(name).unwrap_or_default();
    let now = overview.now;
    let cloud = &viewer.cx.cloud;
    Ok(match *parts {
        [] => ("Overview".into(), overview::page(shell, &view::map::map(viewer))),
        ["queues"] => {
            ("Queues".into(), queues::page(scope, &view::queue::queues(viewer, &Paging::of(form)?), asked("name")))
        }
        ["queues", name] => {
            let wanted = queue::Wanted {
                text: asked("text"),
                path: asked("path"),
                state: asked("state"),
                raw: asked("view") == "raw",
                whole: asked("whole") == "1",
            };
            let one = view::queue::queue(viewer, name).await?;
            let found = view::queue_messages::Wanted::of(form)?;
            let lying = view::queue_messages::messages(viewer, name, &found, &few(form)?).await?;
            (format!("Queue {name}"), queue::page(scope, &one, &lying, &wanted, now))
        }
        ["topics"] => {
            ("Topics".into(), topics::list(scope, &view::topic::topics(viewer, &Paging::of(form)?), asked("name")))
        }
        ["topics", name] => {
            let one = view::topic::topic(viewer, name).await?;
            (format!("Topic {name}"), topics::one(scope, &one, &tried(form)))
        }
        ["streams"] => {
            let all = view::stream::streams(viewer, &Paging::of(form)?);
            ("Streams".into(), streams::list(scope, &all, asked("name")))
        }
        ["streams", name] => {
            (format!("Stream {name}"), streams::one(scope, &view::stream::stream(viewer, name).await?))
        }
        ["buckets"] => {
            let all = view::bucket::buckets(viewer, &Paging::of(form)?)?;
            ("Buckets".into(), buckets::list(scope, &all, asked("name")))
        }
        ["buckets", name] => {
            let one = view::bucket::bucket(viewer, name, form)?;
            (format!("Bucket {name}"), buckets::one(scope, &one))
        }
        ["buckets", name, "object"] => {
            let one = view::bucket::object(viewer, name, form).await?;
            let key = &one.row.key;
            let last = key.trim_end_matches('/').rsplit('/').next().filter(|it| !it.is_empty()).unwrap_or(key);
            (format!("Object {last}"), buckets::object(scope, &one))
        }
        ["stacks"] => {
            let all = view::stack::stacks(viewer, &Paging::of(form)?).await?;
            ("Stacks".into(), stacks::list(scope, &all, asked("name")))
        }
        ["stacks", name] => (format!("Stack {name}"), stacks::one(scope, &view::stack::stack(viewer, name).await?)),
        ["messages"] => {
            let wanted: Vec<(&str, &str)> = messages::wanted().map(|name| (name, asked(name))).collect();
            let found = found(viewer, form);
            ("Messages".into(), messages::page(scope, found.as_ref().map_err(|error| error.message.clone()), &wanted))
        }
        ["messages", id] => (format!("Message {id}"), story::page(scope, &view::story::story(viewer, id)?, now)),
        ["charts"] => {
            let span = charts::SPANS.into_iter().find(|span| *span == asked("span")).unwrap_or(charts::SPANS[0]);
            let (of, map) = (asked("of"), view::map::map(viewer));
            let series = match of {
                "" => busiest(viewer, &map, span),
                of => vec![(of.to_owned(), view::series::series(viewer, of, span)?)],
            };
            ("Charts".into(), charts::page(scope, &map, &series, of, span))
        }
        ["chaos"] => {
            let account = viewer.is_signed.then_some(&*viewer.cx.account);
            ("Chaos and clock".into(), chaos::page(scope, overview, &cloud.chaos.page(now, account)))
        }
        ["notices"] => ("Notices".into(), notices::page(&cloud.notices.all())),
        _ => return Err(absent("page", &format!("{BASE}/{}", parts.join("/")))),
    })
}

/// The series of the busiest, with their names.
fn busiest(viewer: &Viewer, map: &Map, span: &str) -> Vec<(String, Series)> {
    let nodes = map.nodes.iter().take(BUSIEST);
    nodes.filter_map(|node| Some((node.name.clone(), view::series::series(viewer, &node.id, span).ok()?))).collect()
}

/// The messages that are looked for.
fn found(viewer: &Viewer, form: &Form) -> Result<Messages, AwsError> {
    if let Some(id) = form.get("id").filter(|id| !id.is_empty()) {
        return Ok(view::search::by_id(viewer, id.trim()));
    }
    let mut query = String::new();
    for name in messages::wanted() {
        let value = form.get(name).unwrap_or_default().trim();
        // People write a moment, the API takes milliseconds.
        let value = match value.parse::<Timestamp>() {
            Ok(moment) if ["from", "to"].contains(&name) => moment.as_millisecond().to_string(),
            _ => encoded(value),
        };
        query += &format!("{name}={value}&");
    }
    let search = Search::of(&Form::parse(&[query.as_bytes()])?)?;
    view::search::messages(viewer, &search, &few(form)?)
}

/// Messages of one page, unless its address says how many.
const FEW: usize = 25;

/// A page of messages: each takes more room than a line of a list.
fn few(form: &Form) -> Result<Paging, AwsError> {
    let paging = Paging::of(form)?;
    let is_said = form.get("limit").is_some_and(|limit| !limit.is_empty());
    Ok(Paging { limit: if is_said { paging.limit } else { FEW }, ..paging })
}

/// What a filter policy says to a message, if one is asked about.
fn tried(form: &Form) -> Try {
    let asked = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let (policy, scope) = (asked("policy"), asked("scope"));
    let (body, attributes) = (asked("body"), asked("attributes"));
    let result = (!policy.is_empty() && form.get("body").is_some()).then(|| {
        let attributes = super::attributes::read(&attributes)?;
        view::topic::try_policy(&policy, Some(&scope), &body, &attributes).map_err(|error| error.message)
    });
    Try { policy, scope, body, attributes, result }
}
