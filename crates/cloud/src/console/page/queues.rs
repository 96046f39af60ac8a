//! The list of queues.

use super::figure::{count, rate, time};
use super::html::Html;
use super::parts::{List, cell, empty, link, moving, resource, table};
use super::scope::{Scope, encoded};
use crate::console::view::queue::{QueueRow, Queues};

/// The page; `name` is what is looked for.
pub(super) fn page(scope: &Scope, queues: &Queues, name: &str) -> Html {
    let rows = queues.queues.iter().map(|queue| row(scope, queue)).collect();
    let columns = [
        ("queue", false),
        ("visible", true),
        ("in flight", true),
        ("delayed", true),
        ("oldest", true),
        ("in", true),
        ("deleted", true),
        ("dead-letter queue", false),
    ];
    let table = table("Queues", &columns, rows);
    let (shown, of, next) = (queues.queues.len(), queues.of, queues.next.as_deref());
    List { page: "/queues", what: "queues", name, shown, of, next }.html(scope, table, || {
        empty("There is no queue yet. The first one is made by:", &scope.cli("sqs create-queue --queue-name orders"))
    })
}

fn row(scope: &Scope, queue: &QueueRow) -> Html {
    let figures = &queue.figures;
    let address = scope.link_in(&format!("/queues/{}", encoded(&queue.name)), &queue.region, &[]);
    let region = if scope.many { format!(" {}", queue.region) } else { String::new() };
    let dead = queue.dead_letter_queue.as_deref().map(|arn| resource(scope, arn));
    Html::of(
        "<tr data-id=\"{}\"><th scope=\"row\">{}<span class=\"faint\">{}</span></th>{}{}{}{}{}{}{}</tr>\n",
        &[
            &queue.arn,
            &link(&address, &queue.name),
            &region,
            &moving("visible", &count(figures.visible as u64)),
            &moving("in_flight", &count(figures.in_flight as u64)),
            &moving("delayed", &count(figures.delayed as u64)),
            &moving("oldest_age_ms", &super::figure::or_dash(figures.oldest_age_ms.map(time))),
            &moving("queued_per_second", &rate(figures.queued_per_second)),
            &moving("deleted_per_second", &rate(figures.deleted_per_second)),
            &cell(&dead),
        ],
    )
}
