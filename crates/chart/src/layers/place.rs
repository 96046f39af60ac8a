//! Where boxes and the ends of edges are.

use super::rank::{Ranked, Way};
use super::{Edge, Node, Piece};
use crate::text::width;

/// Round the drawing.
pub(super) const MARGIN: f64 = 12.0;
/// A row of text.
pub(super) const ROW: f64 = 16.0;
/// Between a box's edge and its text.
pub(super) const PADDING: f64 = 10.0;
/// Between two columns, without labels: where the bends are.
pub(super) const BENDS: f64 = 52.0;
/// Between two boxes of a column.
const APART: f64 = 16.0;
/// How wide a box is.
const NARROWEST: f64 = 120.0;
const WIDEST: f64 = 320.0;
/// How much wider a bold letter is.
pub(super) const BOLD: f64 = 1.2;
/// How wide a label is at most.
pub(super) const LABEL: f64 = 270.0;
/// What a figure may grow to.
const GROWN: &str = "9,999";
/// The least width for boxes that stand alone.
const ALONE: f64 = 900.0;
/// How often boxes are moved towards their neighbours.
const PASSES: usize = 6;

/// A box, or the place where an edge goes through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Area {
    pub(super) x: f64,
    /// Its middle.
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A column: where it begins, and how wide its boxes are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    pub(super) x: f64,
    pub(super) width: f64,
}

/// Everything's coordinates.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) columns: Vec<Column>,
    /// Of each box.
    pub(super) areas: Vec<Area>,
    /// The middle of each cell.
    pub(super) cells: Vec<f64>,
    /// Where each edge leaves its first cell and enters its last.
    pub(super) ends: Vec<(f64, f64)>,
    /// Where the word over those that stand alone is.
    pub(super) alone: Option<f64>,
}

/// How wide a text is that figures are part of.
pub(super) fn wide(pieces: &[Piece]) -> f64 {
    let of = |piece: &Piece| match piece.figure {
        Some(_) => width(&piece.text).max(width(GROWN)),
        None => width(&piece.text),
    };
    pieces.iter().map(of).sum()
}

/// How high an edge's place at the box it leads to is.
fn slot(edge: &Edge<'_>) -> f64 {
    match (edge.above.is_empty(), edge.below.is_empty()) {
        (true, true) => 14.0,
        (false, false) => 2.0 * ROW + 4.0,
        // The line is in the middle.
        _ => 2.0 * ROW,
    }
}

/// How high the place is where it leaves.
const LEAVING: f64 = 14.0;

/// How large a box is by what is written in it.
fn size(node: &Node<'_>) -> (f64, f64) {
    let lines = node.lines.iter().map(|line| wide(line));
    let widest = lines.fold((width(node.name) * BOLD).max(width(node.kind)), f64::max) + 2.0 * PADDING;
    (widest.clamp(NARROWEST, WIDEST), (2 + node.lines.len()) as f64 * ROW + PADDING)
}

/// Places what was ranked.
pub(super) fn place(nodes: &[Node<'_>], edges: &[&Edge<'_>], ranked: &Ranked) -> Placed {
    let mut placed = Placed { areas: vec![Area::default(); nodes.len()], ..Placed::default() };
    let ports = Ports::of(ranked);
    let mut heights = vec![LEAVING; ranked.cells.len()];
    for (cell, height) in ranked
        .cells
        .iter()
        .zip(&mut heights)
        .enumerate()
        .filter_map(|(at, (cell, height))| cell.node.map(|node| ((at, node), height)))
    {
        let (at, node) = cell;
        let (_, text) = size(&nodes[node]);
        *height = text.max(ports.entering(at, edges)).max(ports.leaving[at].len() as f64 * LEAVING + PADDING);
    }
    placed.columns = columns(nodes, edges, ranked);
    placed.cells = middles(ranked, &heights);
    for (node, cell) in ranked.cell_of.iter().enumerate().filter_map(|(node, cell)| Some((node, (*cell)?))) {
        let Column { x, width } = placed.columns[ranked.cells[cell].column];
        placed.areas[node] = Area { x, y: placed.cells[cell], width, height: heights[cell] };
    }
    placed.ends = ports.places(edges, ranked, &placed.cells);
    let bottom = placed.areas.iter().map(|area| area.y + area.height / 2.0);
    let through = placed.cells.iter().map(|y| y + LEAVING / 2.0);
    placed.height = bottom.chain(through).fold(0.0, f64::max) + MARGIN;
    let last = placed.columns.last().map_or(0.0, |column| column.x + column.width);
    let beside = ranked.ways.contains(&Way::Beside);
    placed.width = last + MARGIN + if beside { BENDS / 2.0 } else { 0.0 };
    alone(nodes, ranked, &mut placed);
    placed
}

/// Which edges enter and leave a cell, from the top down.
struct Ports {
    entering: Vec<Vec<usize>>,
    leaving: Vec<Vec<usize>>,
}

impl Ports {
    fn of(ranked: &Ranked) -> Self {
        let mut order = vec![0_usize; ranked.cells.len()];
        for column in &ranked.columns {
            column.iter().enumerate().for_each(|(at, cell)| order[*cell] = at);
        }
        let (mut entering, mut leaving) = (vec![Vec::new(); order.len()], vec![Vec::new(); order.len()]);
        for (edge, a, b) in ranked.hops() {
            entering[b].push((order[a], edge));
            leaving[a].push((order[b], edge));
        }
        let sorted = |ports: Vec<Vec<(usize, usize)>>| {
            ports.into_iter().map(|mut ports| {
                ports.sort_unstable();
                ports.into_iter().map(|(_, edge)| edge).collect()
            })
        };
        Self { entering: sorted(entering).collect(), leaving: sorted(leaving).collect() }
    }

    /// How high the places of those that enter are together.
    fn entering(&self, cell: usize, edges: &[&Edge<'_>]) -> f64 {
        self.entering[cell].iter().map(|edge| slot(edges[*edge])).sum()
    }

    /// Where each edge leaves its first cell and enters its last, when the middles of the cells are known.
    fn places(&self, edges: &[&Edge<'_>], ranked: &Ranked, middles: &[f64]) -> Vec<(f64, f64)> {
        let mut ends = vec![(0.0, 0.0); edges.len()];
        for (cell, middle) in middles.iter().enumerate() {
            if ranked.cells[cell].node.is_none() {
                continue;
            }
            let mut y = middle - self.entering(cell, edges) / 2.0;
            for edge in &self.entering[cell] {
                let slot = slot(edges[*edge]);
                ends[*edge].1 = y + slot / 2.0;
                y += slot;
            }
            let mut y = middle - (self.leaving[cell].len() as f64 - 1.0) * LEAVING / 2.0;
            for edge in &self.leaving[cell] {
                ends[*edge].0 = y;
                y += LEAVING;
            }
        }
        ends
    }
}

/// Where the columns are: before each there is room for bends, and for the labels of the edges that end there.
fn columns(nodes: &[Node<'_>], edges: &[&Edge<'_>], ranked: &Ranked) -> Vec<Column> {
    let mut labels = vec![0.0_f64; ranked.columns.len()];
    for (way, edge) in ranked.ways.iter().zip(edges) {
        if let Way::Across { cells, .. } = way {
            let label = wide(&edge.above).max(wide(&edge.below)).min(LABEL);
            let column = ranked.cells[cells[cells.len() - 1]].column;
            labels[column] = labels[column].max(label + 12.0);
        }
    }
    let mut x = MARGIN;
    let column = |(n, cells): (usize, &Vec<usize>)| {
        let widths = cells.iter().filter_map(|cell| ranked.cells[*cell].node).map(|node| size(&nodes[node]).0);
        let width = widths.fold(0.0, f64::max);
        let gap = if n == 0 { 0.0 } else { BENDS + labels[n] };
        let column = Column { x: x + gap, width };
        x = column.x + width;
        column
    };
    ranked.columns.iter().enumerate().map(column).collect()
}

/// The middle of each cell: near those of its neighbours, in the order of its column, and none on another.
fn middles(ranked: &Ranked, heights: &[f64]) -> Vec<f64> {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); heights.len()];
    let mut before = neighbours.clone();
    for (_, a, b) in ranked.hops() {
        neighbours[a].push(b);
        before[b].push(a);
    }
    let mut y = vec![0.0; heights.len()];
    for column in &ranked.columns {
        let mut top = 0.0;
        for cell in column {
            y[*cell] = top + heights[*cell] / 2.0;
            top += heights[*cell] + APART;
        }
    }
    for pass in 0..PASSES {
        let forth = pass % 2 == 0;
        let near = if forth { &before } else { &neighbours };
        let count = ranked.columns.len();
        for n in 0..count {
            let column = &ranked.columns[if forth { n } else { count - 1 - n }];
            let wish = |cell: &usize| match near[*cell].len() {
                0 => y[*cell],
                n => near[*cell].iter().map(|it| y[*it]).sum::<f64>() / n as f64,
            };
            let wishes: Vec<f64> = column.iter().map(wish).collect();
            let apart: Vec<f64> = column.iter().map(|cell| heights[*cell] + APART).collect();
            let found = nearest(&wishes, &apart);
            column.iter().zip(found).for_each(|(cell, found)| y[*cell] = found);
        }
    }
    let top = y.iter().zip(heights).map(|(y, height)| y - height / 2.0).fold(f64::INFINITY, f64::min);
    y.iter_mut().for_each(|y| *y += MARGIN - top);
    y
}

/// Places in an order, each as near to what it wishes as those beside it let it: neighbours are at least half of both their rooms
/// apart. Those that press on each other move together (isotonic regression by pooling).
fn nearest(wishes: &[f64], rooms: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(wishes.len());
    for (n, room) in rooms.iter().enumerate() {
        if n > 0 {
            offset += (rooms[n - 1] + room) / 2.0;
        }
        offsets.push(offset);
    }
    // Pools: the sum of what their members wish, and how many these are.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(&offsets) {
        pools.push((wish - offset, 1));
        while let [.., (sum, n), (last, m)] = pools[..]
            && sum / n as f64 > last / m as f64
        {
            pools.truncate(pools.len() - 2);
            pools.push((sum + last, n + m));
        }
    }
    let places = pools.iter().flat_map(|(sum, n)| std::iter::repeat_n(sum / *n as f64, *n));
    places.zip(offsets).map(|(place, offset)| place + offset).collect()
}

/// Boxes without edges stand in rows below all others.
fn alone(nodes: &[Node<'_>], ranked: &Ranked, placed: &mut Placed) {
    if ranked.alone.is_empty() {
        return;
    }
    let sizes: Vec<(f64, f64)> = ranked.alone.iter().map(|node| size(&nodes[*node])).collect();
    let wide = sizes.iter().map(|size| size.0).fold(NARROWEST, f64::max);
    let high = sizes.iter().map(|size| size.1).fold(0.0, f64::max);
    let room = placed.width.max(ALONE) - 2.0 * MARGIN;
    let in_a_row = (((room + APART) / (wide + APART)) as usize).clamp(1, ranked.alone.len());
    let first = if ranked.columns.is_empty() { MARGIN } else { placed.height };
    placed.alone = Some(first + ROW - 4.0);
    let top = first + ROW + 6.0;
    for (n, node) in ranked.alone.iter().enumerate() {
        let (row, column) = ((n / in_a_row) as f64, (n % in_a_row) as f64);
        let (x, y) = (MARGIN + column * (wide + APART), top + row * (high + APART));
        placed.areas[*node] = Area { x, y: y + high / 2.0, width: wide, height: high };
    }
    let rows = ranked.alone.len().div_ceil(in_a_row) as f64;
    placed.width = placed.width.max(2.0 * MARGIN + in_a_row as f64 * (wide + APART) - APART);
    placed.height = top + rows * (high + APART) - APART + MARGIN;
}
