//! What became of a message.

use super::bodies::{attributes, pretty};
use super::figure::bytes;
use super::html::Html;
use super::parts::{cards, cell, countdown, link, moment, resource, said};
use super::scope::{Scope, encoded};
use crate::console::view::message::{Copy, CopyState, Decision, MessageKind, Moment, Outcome, Story};
use crate::core::journal::What;

/// The page.
pub(super) fn page(scope: &Scope, story: &Story, now: u64) -> Html {
    let how = match story.kind {
        MessageKind::Published => "published",
        MessageKind::Sent => "sent straight to a queue",
        MessageKind::Put => "put straight into a stream",
    };
    let topic = story.topic.as_deref().map(|arn| Html::of(" to {}", &[&resource(scope, arn)]));
    let mut about = Html::default();
    let more = [
        ("subject", &story.subject),
        ("group", &story.group),
        ("deduplication ID", &story.deduplication_id),
        ("trace", &story.trace),
    ];
    for (name, value) in more.iter().filter(|(_, value)| value.is_some()) {
        about.put("<dt>{}</dt><dd>{}</dd>", &[name, *value]);
    }
    let cut = match story.cut {
        true => Html::of("<p class=\"faint\">Only its beginning is shown, of {}.</p>", &[&bytes(story.bytes as u64)]),
        false => Html::default(),
    };
    Html::of(
        "<section id=\"story\" data-refresh><p>It was {}{} at {} by {}.</p>\n<dl>{}</dl>\n{}{}</section>\n\
         <h2>Message</h2>\n<pre class=\"wrap\">{}</pre>{}{}",
        &[
            &how,
            &topic,
            &moment(story.at),
            &story.by,
            &about,
            &decisions(scope, story),
            &copies(scope, &story.copies, now),
            &pretty(&story.body),
            &cut,
            &attributes(&story.attributes),
        ],
    )
}

/// What each subscription decided, and why.
fn decisions(scope: &Scope, story: &Story) -> Html {
    if story.topic.is_none() {
        return Html::default();
    }
    if story.decisions.is_empty() {
        return Html::of("<p class=\"unsure\">Nobody subscribed to the topic: it went nowhere.</p>\n", &[]);
    }
    let row = |it: &Decision| {
        let (class, word) = match it.outcome {
            Outcome::Delivered => ("good", "delivered"),
            Outcome::Filtered => ("unsure", "filtered out"),
            Outcome::Duplicate => ("unsure", "a duplicate"),
            Outcome::Refused => ("bad", "refused"),
            Outcome::Pending => ("unsure", "not confirmed"),
            Outcome::Replaying => ("unsure", "replaying"),
            Outcome::Later => ("unsure", "subscribed later"),
            Outcome::Unknown => ("unsure", "unknown"),
        };
        let changed =
            if it.changed_since { " The subscription was changed since: this is what it would do now." } else { "" };
        let copy = match it.copy {
            Some(n) => Html::of("<a href=\"#copy{}\">copy {}</a>", &[&n.to_string(), &(n + 1)]),
            None => Html::default(),
        };
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}<td class=\"{}\">{}</td><td class=\"why\">{}{}</td>{}</tr>\n",
            &[
                &resource(scope, &it.endpoint),
                &said("by", Some(&it.protocol)),
                &class,
                &word,
                &it.why,
                &changed,
                &cell(&copy),
            ],
        )
    };
    let columns =
        [("subscription", false), ("protocol", false), ("decision", false), ("why", false), ("its copy", false)];
    let table = cards("What each subscription decided", &columns, story.decisions.iter().map(row).collect());
    Html::of("<h2>What the subscriptions decided</h2>\n{}", &[&table])
}

fn copies(scope: &Scope, copies: &[Copy], now: u64) -> Html {
    let each = copies.iter().enumerate().map(|(n, copy)| {
        let (class, word) = state(copy.state);
        let until = match copy.until {
            Some(until) => Html::of(", visible in {}", &[&countdown(until, now)]),
            None => Html::default(),
        };
        let now_in = match copy.now_in.as_deref().filter(|it| *it != copy.to) {
            Some(arn) => Html::of(", now in {}", &[&resource(scope, arn)]),
            None => Html::default(),
        };
        let receives = match copy.receives {
            0 => Html::default(),
            1 => Html::of(", received once", &[]),
            n => Html::of(", received {} times", &[&n]),
        };
        let life: Html = copy.life.iter().map(|moment| happened(scope, moment)).collect();
        let forgotten = match copy.forgotten {
            true => Html::of("<li class=\"faint\">what was before is forgotten</li>", &[]),
            false => Html::default(),
        };
        Html::of(
            "<h3 id=\"copy{}\">Copy {}, to {}</h3>\n<p><b class=\"{}\">{}</b>{}{}{}. <span class=\"faint\">{}</span></p>\n<ol class=\"steps\">{}{}</ol>\n",
            &[
                &n.to_string(),
                &(n + 1),
                &resource(scope, &copy.to),
                &class,
                &word,
                &until,
                &now_in,
                &receives,
                &copy.id,
                &forgotten,
                &life,
            ],
        )
    });
    let each: Html = each.collect();
    match each.is_empty() {
        true => Html::of("<p>There is no copy of it.</p>\n", &[]),
        false => Html::of("<h2>Where its copies are</h2>\n{}", &[&each]),
    }
}

fn state(state: CopyState) -> (&'static str, &'static str) {
    match state {
        CopyState::Visible => ("good", "visible"),
        CopyState::InFlight => ("good", "in flight"),
        CopyState::Delayed => ("unsure", "delayed"),
        CopyState::DeadLettered => ("bad", "in the dead-letter queue"),
        CopyState::Buffered => ("unsure", "in the stream's buffer"),
        CopyState::Landed => ("good", "landed"),
        CopyState::Deleted => ("good", "deleted"),
        CopyState::Expired => ("bad", "expired"),
        CopyState::Purged => ("bad", "purged"),
        CopyState::Gone => ("bad", "gone with what it was in"),
        CopyState::Elsewhere => ("unsure", "another account's"),
        CopyState::GivenUp => ("bad", "given up: it couldn't land"),
    }
}

/// A moment of a copy's life.
fn happened(scope: &Scope, moment_of: &Moment) -> Html {
    let word = match moment_of.what {
        What::Received => "received",
        What::Hidden => "visibility changed",
        What::Deleted => "deleted",
        What::Expired => "expired",
        What::Purged => "purged",
        What::DeadLettered => "received too often: moved",
        What::Moved => "moved by a task",
        What::Landed => "landed",
        What::Gone => "gone with what it was in",
        What::GivenUp => "given up: it couldn't land",
    };
    let mut html = Html::of("<li>{} {}", &[&moment(moment_of.at), &word]);
    if let Some(by) = &moment_of.by {
        html.put(" by <b>{}</b>", &[by]);
    }
    match moment_of.until {
        Some(until) if until <= moment_of.at => _ = html.put(", visible again at once", &[]),
        Some(until) => _ = html.put(", hidden until {}", &[&moment(until)]),
        None => {}
    }
    if let Some(arn) = &moment_of.to {
        html.put(" to {}", &[&resource(scope, arn)]);
    }
    if let Some(object) = &moment_of.object {
        // As `bucket/key`.
        let (bucket, key) = object.strip_prefix("s3://").unwrap_or(object).split_once('/').unwrap_or((object, ""));
        let page = scope.link(&format!("/buckets/{}/object", encoded(bucket)), &[("key", key)]);
        html.put(" in {}", &[&link(&page, object)]);
    }
    if let Some(byte) = moment_of.byte {
        html.put(" at byte {}", &[&byte]);
    }
    html.put("</li>\n", &[]);
    html
}
