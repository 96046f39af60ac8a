//! Whatever leads where, boxes don't lie on each other, every edge is drawn, and few cross.

use super::place::{Area, place};
use super::rank::{Way, rank};
use super::*;

fn node(name: &str) -> Node<'_> {
    Node { id: name, kind: "queue", name, href: "/q?a=1&b=2", lines: vec![vec![Piece::figure("visible", "3")]] }
}

fn edge(from: usize, to: usize) -> Edge<'static> {
    let above = vec![Piece::text("a filter that is longer than any box is wide, so that it's cut")];
    Edge { id: "e", from, to, kind: "subscription", title: "<all of it>".into(), above, below: Vec::new() }
}

/// The names of as many boxes as are asked for.
fn names(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("queue-{n}")).collect()
}

fn overlap(one: &Area, other: &Area) -> bool {
    let (high, wide) = ((one.height + other.height) / 2.0, (one.width + other.width) / 2.0);
    let across = (one.x + one.width / 2.0) - (other.x + other.width / 2.0);
    (one.y - other.y).abs() < high - 0.01 && across.abs() < wide - 0.01
}

/// Places a graph, and holds it to what every drawing keeps.
fn hold(nodes: usize, ends: &[(usize, usize)]) -> String {
    let names = names(nodes);
    let nodes: Vec<Node<'_>> = names.iter().map(|name| node(name)).collect();
    let edges: Vec<Edge<'_>> = ends.iter().map(|(from, to)| edge(*from, *to)).collect();
    let all: Vec<&Edge<'_>> = edges.iter().collect();
    let ranked = rank(nodes.len(), ends);
    let placed = place(&nodes, &all, &ranked);
    for (n, one) in placed.areas.iter().enumerate() {
        assert!(one.x >= 0.0 && one.x + one.width <= placed.width, "box {n} leaves the drawing: {one:?}");
        assert!(one.y - one.height / 2.0 >= 0.0 && one.y + one.height / 2.0 <= placed.height, "box {n}: {one:?}");
        for (m, other) in placed.areas.iter().enumerate().skip(n + 1) {
            assert!(!overlap(one, other), "boxes {n} and {m} lie on each other: {one:?} {other:?}");
        }
    }
    // An edge that goes through a column meets no box of it.
    for (column, cells) in ranked.columns.iter().enumerate() {
        let boxes = || cells.iter().filter_map(|cell| ranked.cells[*cell].node);
        for through in cells.iter().filter(|cell| ranked.cells[**cell].node.is_none()) {
            let y = placed.cells[*through];
            let met = boxes().find(|node| (placed.areas[*node].y - y).abs() < placed.areas[*node].height / 2.0);
            assert_eq!(met, None, "in column {column}");
        }
    }
    let svg = Layers { title: "a map", nodes, edges }.svg();
    assert_eq!(svg.matches("class=\"way\"").count(), ends.len(), "{svg}");
    svg
}

#[test]
fn a_fan_out_stands_in_columns_and_nothing_lies_on_anything() {
    // A topic, two queues with dead-letter queues, a stream with a bucket, two consumers; a queue alone.
    hold(9, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6), (1, 7), (2, 7)]);
    let ranked = rank(9, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6), (1, 7), (2, 7)]);
    let columns: Vec<usize> = ranked.cell_of.iter().flatten().map(|cell| ranked.cells[*cell].column).collect();
    assert_eq!(columns, [0, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!(ranked.alone, [8]);
}

#[test]
fn circles_long_ways_and_boxes_that_lead_to_themselves_are_drawn() {
    hold(3, &[(0, 1), (1, 2), (2, 0), (0, 2)]);
    hold(2, &[(0, 0), (1, 1)]);
    let chain: Vec<(usize, usize)> = (0..40).map(|n| (n, n + 1)).chain([(0, 40), (40, 3)]).collect();
    hold(41, &chain);
    let ranked = rank(3, &[(0, 1), (1, 2), (2, 0)]);
    assert!(matches!(ranked.ways[2], Way::Across { back: true, .. }), "{:?}", ranked.ways);
}

#[test]
fn what_can_be_drawn_without_crossings_is() {
    // Twenty topics with a queue each, which were named the other way round.
    let ends: Vec<(usize, usize)> = (0..20).map(|n| (n, 39 - n)).collect();
    let ranked = rank(40, &ends);
    let order = |column: usize| -> Vec<usize> {
        ranked.columns[column].iter().filter_map(|cell| ranked.cells[*cell].node).collect()
    };
    let partners: Vec<usize> = order(0).into_iter().map(|topic| 39 - topic).collect();
    assert_eq!(order(1), partners);
    hold(40, &ends);
}

#[test]
fn hundreds_of_boxes_are_placed_and_what_is_beyond_is_left_out() {
    let ends: Vec<(usize, usize)> = (0..400).map(|n| (n % 20, 20 + n)).collect();
    hold(MOST_NODES, &ends);
    let names = names(MOST_NODES + 7);
    let nodes = names.iter().map(|name| node(name)).collect();
    let svg = Layers { title: "a map", nodes, edges: vec![edge(0, MOST_NODES + 1)] }.svg();
    assert_eq!(svg.matches("<rect").count(), MOST_NODES);
    assert_eq!(svg.matches("class=\"edge").count(), 0);
    hold(0, &[]);
}

#[test]
fn names_are_escaped_and_cut_and_figures_can_be_found() {
    let hostile = "<script>alert(\"1\")</script>&".repeat(20);
    let mut node = node(&hostile);
    node.id = &hostile;
    let svg = Layers { title: &hostile, nodes: vec![node], edges: vec![edge(0, 0)] }.svg();
    assert!(!svg.contains("<script") && !svg.contains("<all"), "{svg}");
    assert!(svg.contains("href=\"/q?a=1&amp;b=2\""), "{svg}");
    assert!(svg.contains("<tspan data-figure=\"visible\">3</tspan>"), "{svg}");
    crate::tests::elements(&svg);
}
