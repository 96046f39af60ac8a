//! Topics: the list of them, and one with its subscriptions.

use super::figure::{count, rate};
use super::html::Html;
use super::parts::{
    Action, List, area, cards, cell, choice, cli, empty, field, link, moved, moving, needed, number, pairs, resource,
    said, table,
};
use super::scope::{Scope, encoded, name_of};
use crate::console::view::topic::{SubscriptionRow, TopicView, Topics, Tried};

/// What was tried, to be shown again in the form.
#[derive(Default)]
pub(super) struct Try {
    pub(super) policy: String,
    pub(super) scope: String,
    pub(super) body: String,
    pub(super) attributes: String,
    /// What came of it, or why it couldn't be tried.
    pub(super) result: Option<Result<Tried, String>>,
}

/// The list; `name` is what is looked for.
pub(super) fn list(scope: &Scope, topics: &Topics, name: &str) -> Html {
    let rows = topics.topics.iter().map(|topic| {
        let address = scope.link_in(&format!("/topics/{}", encoded(&topic.name)), &topic.region, &[]);
        let region = if scope.many { format!(" {}", topic.region) } else { String::new() };
        Html::of(
            "<tr data-id=\"{}\"><th scope=\"row\">{}<span class=\"faint\">{}</span></th>{}{}{}</tr>\n",
            &[
                &topic.arn,
                &link(&address, &topic.name),
                &region,
                &number(&topic.subscriptions),
                &moving("published", &count(topic.figures.published)),
                &moving("published_per_second", &rate(topic.figures.published_per_second)),
            ],
        )
    });
    let columns = [("topic", false), ("subscriptions", true), ("published", true), ("rate", true)];
    let table = table("Topics", &columns, rows.collect());
    let (shown, of, next) = (topics.topics.len(), topics.of, topics.next.as_deref());
    List { page: "/topics", what: "topics", name, shown, of, next }.html(scope, table, || {
        empty("There is no topic yet. The first one is made by:", &scope.cli("sns create-topic --name orders"))
    })
}

/// One topic.
pub(super) fn one(scope: &Scope, topic: &TopicView, tried: &Try) -> Html {
    let row = &topic.row;
    let back = scope.link_in(&format!("/topics/{}", encoded(&row.name)), &row.region, &[]);
    let tiles = Html::of(
        "<ul class=\"tiles\" data-id=\"{}\"><li><b data-figure=\"published\">{}</b>published</li>\
         <li><b data-figure=\"published_per_second\">{}</b>now</li></ul>",
        &[&row.arn, &count(row.figures.published), &rate(row.figures.published_per_second)],
    );
    let list = format!("sns list-subscriptions-by-topic --topic-arn {}", row.arn);
    Html::of(
        "<section id=\"figures\" data-refresh>{}{}</section>\n<h2>Do</h2>\n{}{}<h2>About it</h2>\n\
         <details><summary>Attributes</summary>{}{}</details>\n<details><summary>Tags</summary>{}</details>\n\
         <p><a href=\"{}\">Charts of this topic</a></p>\n",
        &[
            &tiles,
            &subscriptions(scope, topic),
            &publish(scope, topic, &back),
            &try_out(scope, topic, tried),
            &pairs(&topic.attributes),
            &cli(&scope.cli_of(&row.arn, &list)),
            &pairs(&topic.tags),
            &scope.link("/charts", &[("of", &row.arn)]),
        ],
    )
}

fn subscriptions(scope: &Scope, topic: &TopicView) -> Html {
    if topic.subscribers.is_empty() {
        let line =
            format!("sns subscribe --topic-arn {} --protocol sqs --notification-endpoint QUEUE_ARN", topic.row.arn);
        return empty(
            "Nobody subscribes to it: what is published goes nowhere. A queue subscribes by:",
            &scope.cli_of(&topic.row.arn, &line),
        );
    }
    let rows = topic.subscribers.iter().map(|it| subscription(scope, it)).collect();
    let columns = [
        ("endpoint", false),
        ("protocol", false),
        ("delivered", true),
        ("rate", true),
        ("filtered out", true),
        ("refused", true),
        ("it gets", false),
        ("filter policy", false),
        ("dead-letter queue", false),
    ];
    Html::of("<h2>Subscriptions</h2>\n{}", &[&cards("Subscriptions", &columns, rows)])
}

fn subscription(scope: &Scope, it: &SubscriptionRow) -> Html {
    let figures = &it.figures;
    let dead = match &it.dead_letter_queue {
        Some(arn) => Html::of("<td data-is=\"dead letters go to\">{}</td>", &[&resource(scope, arn)]),
        None => Html::of("<td></td>", &[]),
    };
    let doubt = match (it.confirmed, it.missing) {
        (false, _) => " (not confirmed)",
        (true, true) => " (isn't there)",
        (true, false) => "",
    };
    let endpoint = if it.missing { Html::of("{}", &[&name_of(&it.endpoint)]) } else { resource(scope, &it.endpoint) };
    let filter = match &it.filter {
        Some(filter) => Html::of(
            "<code>{}</code> <span class=\"faint\">{}</span>",
            &[filter, &it.scope.as_deref().unwrap_or_default()],
        ),
        None => Html::of("all", &[]),
    };
    Html::of(
        "<tr data-id=\"{}\"><th scope=\"row\">{}{}</th>{}{}{}{}{}{}<td class=\"why\" data-is=\"filter policy\">{}</td>{}</tr>\n",
        &[
            &it.arn,
            &endpoint,
            &doubt,
            &said("by", Some(&it.protocol)),
            &moved("delivered", "delivered", &count(figures.delivered)),
            &moved("now", "per_second.delivered", &rate(figures.per_second.delivered)),
            &moved("filtered out", "filtered_out", &count(figures.filtered_out)),
            &moved("refused", "refused", &count(figures.refused)),
            &said("it gets", Some(if it.raw { "the message" } else { "an envelope" })),
            &filter,
            &dead,
        ],
    )
}

fn publish(scope: &Scope, topic: &TopicView, back: &str) -> Html {
    let row = &topic.row;
    let mut fields = area("body", "Message", "");
    fields.add(&field("subject", "Subject, if there is to be one", ""));
    fields.add(&area("attributes", "Attributes, a line each: name=value, or name:Number=1", ""));
    if row.fifo {
        fields.add(&needed("group", "Message group"));
        fields.add(&field("deduplication", "Deduplication ID, if the body isn't to be it", ""));
    }
    let hidden: &[(&str, &str)] = &[("topic", &row.name), ("region", &row.region)];
    Action { name: "publish", title: "Publish a message", hidden, fields, button: "Publish", danger: false }
        .folded(scope, back)
}

/// A policy against a message: which of its conditions holds. Nothing is published, so that the form asks by GET: its result can be linked.
fn try_out(scope: &Scope, topic: &TopicView, tried: &Try) -> Html {
    let row = &topic.row;
    let policies = topic.subscribers.iter().filter_map(|it| Some((it.filter.as_deref()?, name_of(&it.endpoint))));
    let known: Html = policies
        .map(|(policy, name)| {
            let page = format!("/topics/{}", encoded(&row.name));
            let address = scope.link_in(&page, &row.region, &[("policy", policy)]);
            Html::of("<li>that of {}</li>", &[&link(&address, name)])
        })
        .collect();
    let known = match known.is_empty() {
        true => known,
        false => Html::of("<p>Or begin with one of this topic:</p><ul>{}</ul>", &[&known]),
    };
    let own = [("account", scope.account.as_deref()), ("region", Some(row.region.as_str()).filter(|_| scope.many))];
    let kept: Html = own
        .into_iter()
        .filter_map(|(name, value)| {
            Some(Html::of("<input type=\"hidden\" name=\"{}\" value=\"{}\">", &[&name, &value?]))
        })
        .collect();
    let scopes = [("MessageAttributes", "MessageAttributes"), ("MessageBody", "MessageBody")];
    let open = if tried.policy.is_empty() { Html::default() } else { Html::of(" open", &[]) };
    Html::of(
        "<details{}><summary>Try a filter policy</summary><form class=\"act-less\" method=\"get\" action=\"{}/topics/{}\" \
         aria-label=\"Try a filter policy\">{}{}{}{}{}<button>Try</button></form>{}{}</details>\n",
        &[
            &open,
            &super::scope::BASE,
            &encoded(&row.name),
            &kept,
            &area("policy", "Filter policy, JSON", &tried.policy),
            &choice("scope", "It looks at the", &scopes, &tried.scope),
            &area("body", "Message", &tried.body),
            &area("attributes", "Attributes, a line each: name=value, or name:Number=1", &tried.attributes),
            &tried.result.as_ref().map(outcome).unwrap_or_default(),
            &known,
        ],
    )
}

fn outcome(result: &Result<Tried, String>) -> Html {
    let tried = match result {
        Ok(tried) => tried,
        Err(why) => return Html::of("<p class=\"bad\" role=\"alert\">It can't be tried: {}</p>", &[why]),
    };
    let verdict = if tried.matches { "The message is delivered." } else { "The message is filtered out." };
    let rows = tried.conditions.iter().map(|it| {
        Html::of(
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td>{}{}</tr>\n",
            &[&it.key, &it.rule, &cell(&if it.matches { "holds" } else { "fails" }), &cell(&it.why)],
        )
    });
    let columns = [("condition", false), ("wants", false), ("result", false), ("why", false)];
    let table = table("Conditions", &columns, rows.collect());
    Html::of("<p role=\"status\"><b>{}</b></p>{}", &[&verdict, &table])
}
