//! The map as a drawing, and as a table for who can't see it.

use chart::layers::{Edge, Layers, MOST_NODES, Node, Piece};

use super::figure::{bytes, count, percent, rate, time};
use super::html::Html;
use super::parts::{cell, moving, table};
use super::scope::Scope;
use crate::console::view::map::{self, EdgeKind, Figures, Map, NodeKind};

/// How much of a filter policy stands on the map.
const FILTER: usize = 60;

/// The drawing, with what it leaves out.
pub(super) fn drawing(scope: &Scope, map: &Map) -> Html {
    let address = |node: &map::Node| match node.kind {
        NodeKind::Missing => String::new(),
        _ => scope.of_arn(&node.id).unwrap_or_default(),
    };
    let addresses: Vec<String> = map.nodes.iter().map(address).collect();
    let kinds = map.nodes.iter().zip(&addresses);
    let nodes = kinds
        .map(|(node, address)| Node {
            id: &node.id,
            kind: word(node.kind),
            name: &node.name,
            href: address,
            lines: lines(node, scope, map.edges.iter().any(|edge| edge.kind == EdgeKind::Lands && edge.to == node.id)),
        })
        .collect();
    let place = |id: &str| map.nodes.iter().position(|node| node.id == id);
    let edges = map.edges.iter().filter_map(|edge| {
        let (from, to) = (place(&edge.from)?, place(&edge.to)?);
        let (above, below) = labels(edge);
        Some(Edge { id: &edge.id, from, to, kind: class(edge), title: title(edge, map), above, below })
    });
    let edges = edges.collect();
    let svg = Layers { title: "What leads where", nodes, edges }.svg();
    let more = map.more + map.nodes.len().saturating_sub(MOST_NODES);
    let more = match more {
        0 => Html::default(),
        more => Html::of("<p>{} more are not on the map: the busiest are.</p>\n", &[&more]),
    };
    let is_struck = map.edges.iter().any(|edge| edge.fault.is_some()) || map.nodes.iter().any(|it| it.fault.is_some());
    let struck = match is_struck {
        true => Html::of(
            "<p class=\"bad\">Rules of chaos strike where the map names them: <a href=\"{}\">see them, and take them away</a></p>\n",
            &[&scope.link("/chaos", &[])],
        ),
        false => Html::default(),
    };
    Html::of("{}{}{}", &[&Html::drawing(svg), &struck, &more])
}

/// The edges as a table.
pub(super) fn edges(map: &Map) -> Html {
    let name = |id: &str| map.nodes.iter().find(|node| node.id == id).map_or(id.to_owned(), |node| node.name.clone());
    let rows = map.edges.iter().map(|edge| {
        let (fault, figures) = (edge.fault.as_deref().unwrap_or(""), &edge.figures);
        Html::of(
            "<tr data-id=\"{}\"><th scope=\"row\">{}</th>{}{}{}{}{}{}{}{}</tr>\n",
            &[
                &edge.id,
                &name(&edge.from),
                &cell(&edge_word(edge.kind)),
                &cell(&name(&edge.to)),
                &cell(&edge.filter.as_deref().or(edge.what.as_deref())),
                &moving("delivered", &count(figures.delivered)),
                &moving("per_second.delivered", &rate(figures.per_second.delivered)),
                &moving("filtered_out", &count(figures.filtered_out)),
                &moving("refused", &count(figures.refused)),
                &cell(&fault),
            ],
        )
    });
    let columns = [
        ("from", false),
        ("way", false),
        ("to", false),
        ("filter policy or events", false),
        ("delivered", true),
        ("rate", true),
        ("filtered out", true),
        ("refused", true),
        ("rule of chaos", false),
    ];
    table("The map as a table", &columns, rows.collect())
}

fn word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Topic => "topic",
        NodeKind::Queue => "queue",
        NodeKind::Stream => "stream",
        NodeKind::Bucket => "bucket",
        NodeKind::Endpoint => "endpoint",
        NodeKind::Consumer => "consumer",
        NodeKind::Missing => "missing",
    }
}

fn edge_word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Subscription => "subscription",
        EdgeKind::Redrive => "redrive",
        EdgeKind::Lands => "lands",
        EdgeKind::Polls => "polls",
        EdgeKind::Notifies => "notifies",
    }
}

fn class(edge: &map::Edge) -> &'static str {
    match (edge.kind, edge.fault.is_some()) {
        (EdgeKind::Redrive, false) => "redrive",
        (EdgeKind::Polls, false) => "polls",
        (_, false) => "subscription",
        (EdgeKind::Redrive, true) => "redrive struck",
        (EdgeKind::Polls, true) => "polls struck",
        (_, true) => "subscription struck",
    }
}

/// What stands in a box; `lands` says that a stream lands in it.
fn lines(node: &map::Node, scope: &Scope, lands: bool) -> Vec<Vec<Piece>> {
    let figure = Piece::figure;
    let text = |text: &str| Piece::text(text);
    let mut lines = match &node.figures {
        Figures::Topic(it) => vec![vec![
            figure("published", count(it.published)),
            text(" published, "),
            figure("published_per_second", rate(it.published_per_second)),
        ]],
        Figures::Queue(it) => vec![
            vec![
                figure("visible", count(it.visible as u64)),
                text(" visible, "),
                figure("in_flight", count(it.in_flight as u64)),
                text(" in flight"),
            ],
            vec![
                text("oldest "),
                figure("oldest_age_ms", it.oldest_age_ms.map_or_else(|| "–".into(), time)),
                text(", delayed "),
                figure("delayed", count(it.delayed as u64)),
            ],
        ],
        Figures::Stream(it) => vec![
            vec![figure("records", count(it.records as u64)), text(" records, "), figure("bytes", bytes(it.bytes))],
            vec![
                figure("fill", percent(it.fill)),
                text(" full, lands in "),
                figure("next_in_ms", it.next_in_ms.map_or_else(|| "–".into(), time)),
            ],
        ],
        Figures::Consumer(it) => vec![vec![text("polls: "), figure("polls", count(it.polls))]],
        Figures::Bucket(_) if !lands => Vec::new(),
        Figures::Bucket(it) => vec![vec![text("landed: "), figure("landed", count(it.landed))]],
        Figures::None {} if node.kind == NodeKind::Missing => vec![vec![text("isn't there")]],
        Figures::None {} => Vec::new(),
    };
    if let Some(fault) = &node.fault {
        lines.push(vec![text(&format!("chaos: rule {fault}"))]);
    }
    if scope.many && scope.region.is_none() && !node.region.is_empty() {
        lines.push(vec![text(&node.region)]);
    }
    lines
}

/// What stands above and below an edge.
fn labels(edge: &map::Edge) -> (Vec<Piece>, Vec<Piece>) {
    let figures = &edge.figures;
    let mut above = Vec::new();
    if let Some(fault) = &edge.fault {
        above.push(Piece::text(format!("chaos: rule {fault}")));
    } else if let Some(filter) = &edge.filter {
        above.push(Piece::text(format!("if {}", filter.chars().take(FILTER).collect::<String>())));
    } else if let Some(what) = &edge.what {
        above.push(Piece::text(what.clone()));
    } else if edge.kind == EdgeKind::Redrive {
        above.push(Piece::text("received too often"));
    }
    let now = Piece::figure("per_second.delivered", rate(figures.per_second.delivered));
    // How much who polls got is not counted, only how much he gets.
    let mut below = match edge.kind {
        EdgeKind::Polls => vec![now],
        EdgeKind::Notifies => vec![Piece::figure("delivered", count(figures.delivered))],
        _ => vec![Piece::figure("delivered", count(figures.delivered)), Piece::text(", "), now],
    };
    if edge.filter.is_some() {
        below.extend([
            Piece::text(", "),
            Piece::figure("filtered_out", count(figures.filtered_out)),
            Piece::text(" filtered"),
        ]);
    }
    if figures.refused > 0 {
        below.extend([Piece::text(", "), Piece::figure("refused", count(figures.refused)), Piece::text(" refused")]);
    }
    (above, below)
}

/// An edge in words.
fn title(edge: &map::Edge, map: &Map) -> String {
    let name = |id: &str| map.nodes.iter().find(|node| node.id == id).map_or(id.to_owned(), |node| node.name.clone());
    let mut title = format!("{} {} {}", name(&edge.from), edge_word(edge.kind), name(&edge.to));
    if edge.raw {
        title.push_str(", raw");
    }
    if let Some(what) = &edge.what {
        title.push_str(&format!(" of {what}"));
    }
    if let Some(filter) = &edge.filter {
        title.push_str(&format!(", filter policy ({}): {filter}", edge.scope.as_deref().unwrap_or_default()));
    }
    title
}
