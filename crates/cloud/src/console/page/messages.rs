//! The search for messages among those that the journal remembers.

use super::bodies::body;
use super::html::Html;
use super::parts::{cards, cell, cli, field, kept, link, moment, next, said};
use super::scope::{BASE, Scope, encoded, name_of};
use crate::console::view::message::{Found, MessageKind, Messages};

/// What is looked for.
pub(super) type Wanted<'a> = [(&'static str, &'a str)];

/// The fields of the search: their names and what they are for.
const FIELDS: [(&str, &str); 7] = [
    ("id", "ID"),
    ("text", "Text in the body"),
    ("attribute", "Attribute, as name:value"),
    ("group", "Message group"),
    ("topic", "Topic"),
    ("from", "From, as 2026-01-31T12:00:00Z"),
    ("to", "To"),
];

/// So many places are named of where a message went.
const NAMED: usize = 2;

/// The names of what can be looked for.
pub(super) fn wanted() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}

/// The page; `why` says what can't be looked for.
pub(super) fn page(scope: &Scope, found: Result<&Messages, String>, wanted: &Wanted<'_>) -> Html {
    let asked = |name: &str| wanted.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| *value);
    let fields: Html = FIELDS.iter().map(|(name, label)| field(name, label, asked(name))).collect();
    let form = Html::of(
        "<form class=\"find\" method=\"get\" action=\"{}/messages\" role=\"search\" aria-label=\"Find messages\">{}{}\
         <button>Find</button></form>\n",
        &[&BASE, &kept(&scope.link("/messages", &[])), &fields],
    );
    let found = match found {
        Ok(found) => found,
        Err(why) => return Html::of("{}<p class=\"bad\" role=\"alert\">{}</p>", &[&form, &why]),
    };
    let rows: Html = found.messages.iter().map(|message| row(scope, message)).collect();
    let columns = [
        ("when", false),
        ("message", false),
        ("from", false),
        ("to", false),
        ("copies", false),
        ("group", false),
        ("body", false),
    ];
    let shown = match found.messages.is_empty() {
        true if found.of == 0 => Html::of(
            "<p>No message is remembered. One is published by:</p>{}",
            &[&cli(&scope.cli("sns publish --topic-arn TOPIC_ARN --message hello"))],
        ),
        true => Html::of("<p>None of the messages is like that.</p>", &[]),
        false => cards("Messages, the newest first", &columns, rows),
    };
    let forgotten = if found.forgotten { " Older ones are forgotten." } else { "" };
    let mut query: Vec<(&str, &str)> = wanted.to_vec();
    let more = found.next.as_deref().map(|at| {
        query.push(("next", at));
        scope.link("/messages", &query)
    });
    Html::of(
        "{}<section id=\"list\" data-refresh>{}<p class=\"faint\">Looked at {} of {} messages that are remembered.{}</p></section>{}",
        &[&form, &shown, &found.searched, &found.of, &forgotten, &next(more)],
    )
}

fn row(scope: &Scope, message: &Found) -> Html {
    let from = match (&message.topic, message.kind) {
        (Some(topic), _) => name_of(topic),
        (None, MessageKind::Put) => "put into a stream",
        (None, _) => "sent to a queue",
    };
    let mut to: Vec<&str> = message.to.iter().map(|arn| name_of(arn)).take(NAMED).collect();
    let more = format!("and {} more", message.copies.saturating_sub(NAMED));
    if message.copies > NAMED {
        to.push(&more);
    }
    let cut = (message.body.len() < message.bytes).then_some(message.bytes);
    let copies = match message.waiting {
        0 => format!("{}, none waiting", message.copies),
        waiting => format!("{}, {waiting} waiting", message.copies),
    };
    Html::of(
        "<tr>{}<th scope=\"row\">{}</th>{}{}{}{}<td class=\"text\">{}</td></tr>\n",
        &[
            &cell(&moment(message.at)),
            &link(&scope.link(&format!("/messages/{}", encoded(&message.id)), &[]), &message.id),
            &said("from", Some(from)),
            &said("to", Some(&to.join(", "))),
            &said("copies", Some(&copies)),
            &said("group", message.group.as_deref()),
            &body(&message.body, cut, true),
        ],
    )
}
