//! One queue: how full it is, what lies in it, who works on it, and what can be done to it.

use super::bodies::{attributes, body};
use super::figure::{count, or_dash, rate, time};
use super::html::Html;
use super::parts::{
    Action, area, cards, cell, choice, cli, countdown, counted, field, kept, link, moment, needed, next, number, pairs,
    resource, said, table,
};
use super::scope::{Scope, encoded};
use crate::console::view::map::QueueFigures;
use crate::console::view::queue::{Group, Lying, MoveTask, QueueMessages, QueueView};

/// Which messages are shown, and how.
pub(super) struct Wanted<'a> {
    /// A text in the body.
    pub(super) text: &'a str,
    /// A place in a body that is JSON, and its value.
    pub(super) path: &'a str,
    /// A state; all if it is empty.
    pub(super) state: &'a str,
    /// Bodies as they are.
    pub(super) raw: bool,
    /// Whole bodies, and not only their beginnings.
    pub(super) whole: bool,
}

/// The page.
pub(super) fn page(scope: &Scope, queue: &QueueView, messages: &QueueMessages, wanted: &Wanted<'_>, now: u64) -> Html {
    let row = &queue.row;
    let address = format!("/queues/{}", encoded(&row.name));
    let back = scope.link_in(&address, &row.region, &[]);
    let dead = match &row.dead_letter_queue {
        Some(arn) => Html::of(
            "<p>Messages that were received {} times go to {}.</p>\n",
            &[&row.max_receive_count.unwrap_or_default(), &resource(scope, arn)],
        ),
        None => Html::default(),
    };
    let sources: Html =
        row.figures.dead_letters_of.iter().map(|arn| Html::of(" {}", &[&resource(scope, arn)])).collect();
    let sources = match sources.is_empty() {
        true => sources,
        false => Html::of("<p>It is the dead-letter queue of{}.</p>\n", &[&sources]),
    };
    let attributes = format!("sqs get-queue-attributes --queue-url {} --attribute-names All", row.url);
    Html::of(
        "<section id=\"figures\" data-refresh>{}</section>\n{}{}<h2>Do</h2>\n{}<section id=\"moves\" data-refresh>{}</section>\n{}\
         <h2>About it</h2>\n\
         <details><summary>Attributes</summary>{}{}</details>\n<details><summary>Tags</summary>{}</details>\n\
         <p><a href=\"{}\">Charts of this queue</a></p>\n",
        &[
            &figures(&row.arn, &row.figures),
            &dead,
            &sources,
            &actions(scope, queue, &back),
            &moves(scope, queue, &back),
            &lying(scope, queue, messages, wanted, now),
            &pairs(&queue.attributes),
            &cli(&scope.cli_of(&row.arn, &attributes)),
            &pairs(&queue.tags),
            &scope.link("/charts", &[("of", &row.arn)]),
        ],
    )
}

fn figures(arn: &str, it: &QueueFigures) -> Html {
    let tile = |name: &'static str, value: String, what: &'static str| {
        Html::of("<li><b data-figure=\"{}\">{}</b>{}</li>", &[&name, &value, &what])
    };
    let tiles = [
        tile("visible", count(it.visible as u64), "visible"),
        tile("in_flight", count(it.in_flight as u64), "in flight"),
        tile("delayed", count(it.delayed as u64), "delayed"),
        tile("oldest_age_ms", or_dash(it.oldest_age_ms.map(time)), "oldest"),
        tile("queued_per_second", rate(it.queued_per_second), "in"),
        tile("received_per_second", rate(it.received_per_second), "received"),
        tile("deleted_per_second", rate(it.deleted_per_second), "deleted"),
    ];
    Html::of("<ul class=\"tiles\" data-id=\"{}\">{}</ul>", &[&arn, &tiles.into_iter().collect::<Html>()])
}

/// The messages, and what goes with them: groups, moves, consumers.
fn lying(scope: &Scope, queue: &QueueView, found: &QueueMessages, wanted: &Wanted<'_>, now: u64) -> Html {
    let row = &queue.row;
    let page = scope.link_in(&format!("/queues/{}", encoded(&row.name)), &row.region, &[]);
    let action = page.split('?').next().unwrap_or_default();
    let (view, whole) = (if wanted.raw { "raw" } else { "" }, if wanted.whole { "1" } else { "" });
    let states = [("", "all"), ("visible", "visible"), ("in_flight", "in flight"), ("delayed", "delayed")];
    let find = Html::of(
        "<form class=\"find\" method=\"get\" action=\"{}\" aria-label=\"Find messages in this queue\">{}{}{}{}{}{}<button>Find</button>\
         </form>\n",
        &[
            &action,
            &kept(&page),
            &field("text", "Text in the body", wanted.text),
            &field("path", "JSON path, as a.b[0]=value", wanted.path),
            &choice("state", "State", &states, wanted.state),
            &choice("view", "Bodies", &[("", "pretty"), ("raw", "raw")], view),
            &choice("whole", "Of each", &[("", "its beginning"), ("1", "all of it")], whole),
        ],
    );
    let rows: Html = found.messages.iter().map(|message| message_row(scope, message, wanted.raw, now)).collect();
    let searched = match found.searched < found.of {
        true => Html::of("<p class=\"faint\">Looked at {} of {} messages.</p>\n", &[&found.searched, &found.of]),
        false => Html::of("<p class=\"faint\">Looked at all {} messages. Nothing was received.</p>\n", &[&found.of]),
    };
    let more = found.next.as_deref().map(|at| {
        let query = [
            ("next", at),
            ("text", wanted.text),
            ("path", wanted.path),
            ("state", wanted.state),
            ("view", view),
            ("whole", whole),
        ];
        scope.link_in(&format!("/queues/{}", encoded(&row.name)), &row.region, &query)
    });
    let columns =
        [("message", false), ("sent", false), ("state", false), ("receives", true), ("group", false), ("body", false)];
    // Whole bodies may be megabytes: they are looked at once.
    let refreshed = if wanted.whole { Html::default() } else { Html::of(" data-refresh", &[]) };
    let shown = match found.messages.is_empty() {
        true => Html::of("<p>No message is shown.</p>\n", &[]),
        false => cards("Messages, looked at without receiving them", &columns, rows),
    };
    Html::of(
        "<h2>Messages</h2>\n{}<section id=\"lying\"{}>{}{}{}{}{}</section>\n",
        &[
            &find,
            &refreshed,
            &shown,
            &searched,
            &next(more),
            &groups(scope, &queue.groups, queue.groups_searched, now),
            &consumers(queue),
        ],
    )
}

fn message_row(scope: &Scope, message: &Lying, raw: bool, now: u64) -> Html {
    let state = match (message.state, message.until) {
        ("in_flight", Some(until)) => Html::of("in flight, visible in {}", &[&countdown(until, now)]),
        ("delayed", Some(until)) => Html::of("delayed, visible in {}", &[&countdown(until, now)]),
        (state, _) => Html::of("{}", &[&state.replace('_', " ")]),
    };
    let source = message.dead_letter_source.as_deref();
    let source = match source {
        Some(arn) => Html::of("<br>from {}", &[&resource(scope, arn)]),
        None => Html::default(),
    };
    let cut = if message.cut { Some(message.bytes) } else { None };
    Html::of(
        "<tr><th scope=\"row\">{}</th>{}<td>{}{}</td>{}{}<td class=\"text\">{}{}</td></tr>\n",
        &[
            &link(&scope.link(&format!("/messages/{}", encoded(&message.id)), &[]), &message.id),
            &cell(&moment(message.sent_at)),
            &state,
            &source,
            &counted("receives", &message.receives),
            &said("group", message.group.as_deref()),
            &body(&message.body, cut, raw),
            &attributes(&message.attributes),
        ],
    )
}

fn groups(scope: &Scope, groups: &[Group], searched: usize, now: u64) -> Html {
    if groups.is_empty() {
        return Html::default();
    }
    let rows = groups.iter().map(|group| {
        let held = match (&group.held_by, group.until) {
            (Some(id), Some(until)) => {
                let address = scope.link(&format!("/messages/{}", encoded(id)), &[]);
                Html::of("held up by {} for {}", &[&link(&address, id), &countdown(until, now)])
            }
            _ => Html::of("free", &[]),
        };
        Html::of("<tr><th scope=\"row\">{}</th>{}{}</tr>\n", &[&group.group, &number(&group.messages), &cell(&held)])
    });
    let columns = [("group", false), ("messages", true), ("state", false)];
    let table = table("Message groups", &columns, rows.collect());
    Html::of("<h2>Message groups</h2>\n{}<p class=\"faint\">Looked at {} messages.</p>\n", &[&table, &searched])
}

fn moves(scope: &Scope, queue: &QueueView, back: &str) -> Html {
    if queue.moves.is_empty() {
        return Html::default();
    }
    let row = |task: &MoveTask| {
        let stop = match &task.handle {
            Some(handle) => Action {
                name: "cancel-redrive",
                title: "Stop this move",
                hidden: &[("handle", handle), ("queue", &queue.row.name), ("region", &queue.row.region)],
                fields: Html::default(),
                button: "Stop",
                danger: false,
            }
            .form(scope, back),
            None => Html::default(),
        };
        let to = match &task.to {
            Some(arn) => resource(scope, arn),
            None => Html::of("where they came from", &[]),
        };
        let progress = match task.of {
            Some(of) => Html::of(
                "<progress max=\"{}\" value=\"{}\" aria-label=\"How much is moved\"></progress> {} of {}",
                &[&of.max(1).to_string(), &task.moved.to_string(), &task.moved, &of],
            ),
            None => Html::of("{}", &[&task.moved]),
        };
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}{}{}<td>{}{}</td></tr>\n",
            &[
                &moment(task.started),
                &cell(&to),
                &cell(&progress),
                &counted("a second at most", &task.per_second),
                &cell(&task.status),
                &task.failure,
                &stop,
            ],
        )
    };
    let columns = [
        ("begun", false),
        ("to", false),
        ("moved", false),
        ("a second at most", true),
        ("status", false),
        ("to do", false),
    ];
    Html::of(
        "<h2>Moves of messages</h2>\n{}",
        &[&cards("Message move tasks", &columns, queue.moves.iter().map(row).collect())],
    )
}

fn consumers(queue: &QueueView) -> Html {
    if queue.consumers.is_empty() {
        return Html::default();
    }
    let rows = queue.consumers.iter().map(|it| {
        let name = it.application.as_ref().unwrap_or(&it.agent);
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n",
            &[name, &number(&it.polls), &cell(&moment(it.last_seen)), &cell(&it.agent)],
        )
    });
    let columns = [("consumer", false), ("polls", true), ("last seen", false), ("user agent", false)];
    Html::of("<h2>Consumers</h2>\n{}", &[&table("Who polls this queue", &columns, rows.collect())])
}

/// What can be done to a queue.
fn actions(scope: &Scope, queue: &QueueView, back: &str) -> Html {
    let row = &queue.row;
    let mut fields = area("body", "Body", "");
    fields.add(&area("attributes", "Attributes, a line each: name=value, or name:Number=1", ""));
    if row.fifo {
        fields.add(&needed("group", "Message group"));
        fields.add(&field("deduplication", "Deduplication ID, if the body isn't to be it", ""));
    } else {
        fields.add(&field("delay", "Delay in seconds", ""));
    }
    let here: &[(&str, &str)] = &[("queue", &row.name), ("region", &row.region)];
    let send = Action { name: "send", title: "Send a message", hidden: here, fields, button: "Send", danger: false };
    let mut all = send.folded(scope, back);
    if !row.figures.dead_letters_of.is_empty() {
        let fields = field("rate", "Messages a second at most, 1 to 500", "");
        let title = "Redrive: move all messages back to where they came from";
        let redrive = Action { name: "redrive", title, hidden: here, fields, button: "Redrive", danger: false };
        all.add(&redrive.folded(scope, back));
    }
    let fields = needed("confirm", "All messages are lost. To go on, write the queue's name");
    let purge =
        Action { name: "purge", title: "Purge", hidden: here, fields, button: "Purge this queue", danger: true };
    all.add(&purge.folded(scope, back));
    all
}
