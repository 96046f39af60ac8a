//! Draws what was placed.

use std::fmt::Write as _;

use super::place::{BENDS, BOLD, Column, LABEL, PADDING, Placed, ROW, wide};
use super::rank::{Ranked, Way};
use super::{Edge, Node, Piece};
use crate::text::{cut, escape, shorten, width};

/// How long the head of an arrow is, and half of how high.
const HEAD: (f64, f64) = (7.0, 4.0);

/// The drawing as text.
pub(super) fn draw(title: &str, nodes: &[Node<'_>], edges: &[&Edge<'_>], ranked: &Ranked, placed: &Placed) -> String {
    let mut svg = String::with_capacity(1 << 10 | (nodes.len() + edges.len()) << 9);
    let (width, height) = (placed.width.ceil(), placed.height.ceil());
    // Writing into a String can't fail.
    let _ = write!(
        svg,
        "<svg class=\"layers\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"group\" \
         aria-label=\"{}\">",
        escape(title)
    );
    if let Some(y) = placed.alone.filter(|_| !ranked.columns.is_empty()) {
        let _ = write!(svg, "<text class=\"faint\" x=\"12\" y=\"{y:.1}\">not connected:</text>");
    }
    for (n, edge) in edges.iter().enumerate() {
        let _ = write!(svg, "<g class=\"edge {}\" data-id=\"{}\">", edge.kind, escape(edge.id));
        let _ = write!(svg, "<title>{}</title>", escape(&edge.title));
        match &ranked.ways[n] {
            Way::Across { cells, back } => draw_across(&mut svg, edge, cells, *back, placed.ends[n], ranked, placed),
            Way::Beside => draw_beside(&mut svg, edge, placed),
        }
        svg.push_str("</g>");
    }
    for (node, area) in nodes.iter().zip(&placed.areas) {
        let link = !node.href.is_empty();
        if link {
            let _ = write!(svg, "<a href=\"{}\">", escape(node.href));
        }
        let (left, top) = (area.x, area.y - area.height / 2.0);
        let _ = write!(
            svg,
            "<g class=\"node {}\" data-id=\"{}\"><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\" rx=\"6\"/>",
            node.kind,
            escape(node.id),
            escape(node.name),
            area.width,
            area.height
        );
        let room = area.width - 2.0 * PADDING;
        let x = left + PADDING;
        let rows = (2 + node.lines.len()) as f64;
        // In the middle, where a box is higher for its edges.
        let mut y = area.y - rows * ROW / 2.0 + ROW - 4.0;
        let _ = write!(svg, "<text class=\"kind\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", node.kind);
        y += ROW;
        let name = shorten(node.name, room / BOLD);
        let _ = write!(svg, "<text class=\"name\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(&name));
        for line in &node.lines {
            y += ROW;
            draw_text(&mut svg, line, (x, y), room, "figures");
        }
        svg.push_str("</g>");
        if link {
            svg.push_str("</a>");
        }
    }
    svg.push_str("</svg>");
    svg
}

/// An edge from column to column, with its label before its end.
fn draw_across(
    svg: &mut String,
    edge: &Edge<'_>,
    cells: &[usize],
    back: bool,
    (leaves, enters): (f64, f64),
    ranked: &Ranked,
    placed: &Placed,
) {
    let column = |cell: usize| placed.columns[ranked.cells[cell].column];
    let right = |cell: usize| {
        let Column { x, width } = column(cell);
        x + width
    };
    let start = right(cells[0]);
    let _ = write!(svg, "<path class=\"way\" d=\"M{start:.1} {leaves:.1}");
    let mut y = leaves;
    for pair in cells.windows(2) {
        let (from, to) = (right(pair[0]), column(pair[1]).x);
        let last = ranked.cells[pair[1]].node.is_some();
        let next = if last { enters } else { placed.cells[pair[1]] };
        let middle = from + BENDS / 2.0;
        let _ = write!(svg, "C{middle:.1} {y:.1} {middle:.1} {next:.1} {:.1} {next:.1}", from + BENDS);
        let _ = write!(svg, "H{:.1}", if last { to } else { right(pair[1]) });
        y = next;
    }
    svg.push_str("\"/>");
    let end = column(cells[cells.len() - 1]).x;
    let (point, y, sign) = if back { (start, leaves, 1.0) } else { (end, enters, -1.0) };
    draw_head(svg, point, y, sign * HEAD.0);
    let label = wide(&edge.above).max(wide(&edge.below)).min(LABEL);
    let x = end - 12.0 - label;
    draw_text(svg, &edge.above, (x, enters - 5.0), LABEL, "label");
    draw_text(svg, &edge.below, (x, enters + ROW - 3.0), LABEL, "label");
}

/// An edge within a column: out of the right side of a box, and into that of another or its own.
fn draw_beside(svg: &mut String, edge: &Edge<'_>, placed: &Placed) {
    let (from, to) = (placed.areas[edge.from], placed.areas[edge.to]);
    let (x1, x2) = (from.x + from.width, to.x + to.width);
    let (y1, y2) = (from.y - 6.0, to.y + 6.0);
    let bend = x1.max(x2) + BENDS / 2.0;
    let _ =
        write!(svg, "<path class=\"way\" d=\"M{x1:.1} {y1:.1}C{bend:.1} {y1:.1} {bend:.1} {y2:.1} {x2:.1} {y2:.1}\"/>");
    draw_head(svg, x2, y2, HEAD.0);
}

fn draw_head(svg: &mut String, x: f64, y: f64, back: f64) {
    let (x2, up, down) = (x + back, y - HEAD.1, y + HEAD.1);
    let _ = write!(svg, "<path class=\"head\" d=\"M{x2:.1} {up:.1}L{x:.1} {y:.1}L{x2:.1} {down:.1}z\"/>");
}

/// A text in so much room. Figures are written as they are: they are short, and room was left for them.
fn draw_text(svg: &mut String, pieces: &[Piece], (x, y): (f64, f64), room: f64, class: &str) {
    if pieces.is_empty() {
        return;
    }
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">");
    let mut left = room;
    for piece in pieces {
        match piece.figure {
            Some(figure) => {
                let _ = write!(svg, "<tspan data-figure=\"{figure}\">{}</tspan>", escape(&piece.text));
            }
            None => svg.push_str(&escape(&cut(&piece.text, left.max(0.0)))),
        }
        left -= width(&piece.text);
    }
    svg.push_str("</text>");
}
