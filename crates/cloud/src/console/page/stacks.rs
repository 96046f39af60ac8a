//! Stacks: the list of them, and one with its resources, events and template.

use super::html::Html;
use super::parts::{List, cards, cell, cli, empty, link, moment, pairs, table};
use super::scope::{Scope, encoded};
use crate::console::view::Pairs;
use crate::console::view::stack::{StackView, Stacks};

/// The list; `name` is what is looked for.
pub(super) fn list(scope: &Scope, stacks: &Stacks, name: &str) -> Html {
    let rows = stacks.stacks.iter().map(|stack| {
        let address = scope.link_in(&format!("/stacks/{}", encoded(&stack.name)), &stack.region, &[]);
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}{}{}<td class=\"text\">{}</td></tr>\n",
            &[
                &link(&address, &stack.name),
                &cell(&status(&stack.status)),
                &cell(&stack.region),
                &cell(&moment(stack.updated.unwrap_or(stack.created))),
                &stack.reason,
            ],
        )
    });
    let columns = [("stack", false), ("status", false), ("region", false), ("changed", false), ("why", false)];
    let table = table("Stacks", &columns, rows.collect());
    let (shown, of, next) = (stacks.stacks.len(), stacks.of, stacks.next.as_deref());
    List { page: "/stacks", what: "stacks", name, shown, of, next }.html(scope, table, || {
        let line = "cloudformation deploy --stack-name messaging --template-file infra.yaml";
        empty("There is no stack yet. The first one is made by:", &scope.cli(line))
    })
}

/// A status, in a colour that says what the word says.
fn status(status: &str) -> Html {
    let class = match status {
        it if it.contains("FAILED") || it.contains("ROLLBACK") => "bad",
        it if it.ends_with("COMPLETE") => "good",
        _ => "unsure",
    };
    Html::of("<span class=\"{}\">{}</span>", &[&class, &status])
}

/// Names and values; a word where there are none.
fn listed(of: &Pairs) -> Html {
    if of.is_empty() { Html::of("<p>It has none.</p>\n", &[]) } else { pairs(of) }
}

/// One stack.
pub(super) fn one(scope: &Scope, stack: &StackView) -> Html {
    let row = &stack.row;
    let resources = stack.resources.iter().map(|it| {
        let name = match &it.page {
            Some(page) => link(&scope.link_in(page, &row.region, &[]), &it.physical_id),
            None => Html::of("{}", &[&it.physical_id]),
        };
        Html::of(
            "<tr><th scope=\"row\">{}</th>{}<td class=\"why\">{}</td>{}<td class=\"why\">{}</td></tr>\n",
            &[&it.logical_id, &cell(&it.kind), &name, &cell(&status(&it.status)), &it.reason],
        )
    });
    let columns = [("resource", false), ("type", false), ("id", false), ("status", false), ("why", false)];
    let resources = cards("Resources", &columns, resources.collect());
    let events = stack.events.iter().map(|it| {
        Html::of(
            "<tr>{}<th scope=\"row\">{}</th>{}{}<td class=\"why\">{}</td></tr>\n",
            &[&cell(&moment(it.at)), &it.logical_id, &cell(&it.kind), &cell(&status(&it.status)), &it.reason],
        )
    });
    let columns = [("when", false), ("what", false), ("type", false), ("status", false), ("why", false)];
    let events = cards("Events, the newest first", &columns, events.collect());
    let describe = format!("cloudformation describe-stack-events --stack-name {}", row.name);
    let reason = row.reason.as_deref().map(|why| Html::of(": {}", &[&why]));
    Html::of(
        "<section id=\"state\" data-refresh><p>{}{}</p>\n<h2>Outputs</h2>\n{}<h2>Resources</h2>\n{}</section>\n\
         <h2>Parameters</h2>\n{}<h2>Template</h2>\n<details><summary>Show it</summary><pre tabindex=\"0\">{}</pre></details>\n\
         <section id=\"events\" data-refresh><h2>Events</h2>\n{}</section>\n{}",
        &[
            &status(&row.status),
            &reason,
            &listed(&stack.outputs),
            &resources,
            &listed(&stack.parameters),
            &stack.template,
            &events,
            &cli(&scope.cli(&describe)),
        ],
    )
}
