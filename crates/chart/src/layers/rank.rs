//! Which column a box is in, and which place in it.
//!
//! A box is a column behind the last one that leads to it; a circle is cut where it closes. An edge over several columns has a cell in
//! each of them, so that it finds its way between the boxes. Cells are put in the order of the mean place of their neighbours,
//! forth and back, and the order with the fewest crossings is kept.

/// More columns than this there aren't: what comes later stands in the last one.
const COLUMNS: usize = 12;
/// How often the order is improved.
const SWEEPS: usize = 8;

/// A place in a column: a box's, or one through which an edge goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// The box; none if an edge goes through.
    pub(super) node: Option<usize>,
    pub(super) column: usize,
}

/// The way of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// From column to column, cell by cell; `back` if the edge leads the other way.
    Across { cells: Vec<usize>, back: bool },
    /// Within a column, or from a box to itself.
    Beside,
}

/// Where everything is, without coordinates.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    pub(super) cells: Vec<Cell>,
    /// The cells of each column from the top down.
    pub(super) columns: Vec<Vec<usize>>,
    /// Of each edge.
    pub(super) ways: Vec<Way>,
    /// The cell of each box; none if it is alone.
    pub(super) cell_of: Vec<Option<usize>>,
    /// Boxes without edges.
    pub(super) alone: Vec<usize>,
}

impl Ranked {
    /// Each step of each edge from a column to the next: the edge, the cell it leaves and the one it enters.
    pub(super) fn hops(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.ways.iter().enumerate().flat_map(|(edge, way)| match way {
            Way::Across { cells, .. } => cells.windows(2).map(|pair| (edge, pair[0], pair[1])).collect(),
            Way::Beside => Vec::new(),
        })
    }
}

/// Ranks `nodes` boxes with edges between them.
pub(super) fn rank(nodes: usize, ends: &[(usize, usize)]) -> Ranked {
    let back = closing(nodes, ends);
    let forth: Vec<(usize, usize)> =
        ends.iter().zip(&back).map(|((a, b), back)| if *back { (*b, *a) } else { (*a, *b) }).collect();
    let columns = columns(nodes, &forth);
    let mut linked = vec![false; nodes];
    for (a, b) in ends.iter().filter(|(a, b)| a != b) {
        (linked[*a], linked[*b]) = (true, true);
    }
    let mut ranked = Ranked { cell_of: vec![None; nodes], ..Ranked::default() };
    let deepest = (0..nodes).filter(|node| linked[*node]).map(|node| columns[node]).max();
    ranked.columns = vec![Vec::new(); deepest.map_or(0, |deepest| deepest + 1)];
    for node in 0..nodes {
        if linked[node] {
            ranked.cell_of[node] = Some(add(&mut ranked, Some(node), columns[node]));
        } else {
            ranked.alone.push(node);
        }
    }
    for ((a, b), back) in forth.iter().zip(back) {
        let way = match (ranked.cell_of[*a], ranked.cell_of[*b]) {
            (Some(first), Some(last)) if columns[*a] < columns[*b] => {
                let mut cells = vec![first];
                cells.extend((columns[*a] + 1..columns[*b]).map(|column| add(&mut ranked, None, column)));
                cells.push(last);
                Way::Across { cells, back }
            }
            _ => Way::Beside,
        };
        ranked.ways.push(way);
    }
    order(&mut ranked);
    ranked
}

fn add(ranked: &mut Ranked, node: Option<usize>, column: usize) -> usize {
    let cell = ranked.cells.len();
    ranked.cells.push(Cell { node, column });
    ranked.columns[column].push(cell);
    cell
}

/// Which edges close a circle, walking from where nothing leads to first.
fn closing(nodes: usize, ends: &[(usize, usize)]) -> Vec<bool> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut has_entry = vec![false; nodes];
    for (edge, (a, b)) in ends.iter().enumerate().filter(|(_, (a, b))| a != b) {
        out[*a].push(edge);
        has_entry[*b] = true;
    }
    let (mut seen, mut on_the_way, mut closing) = (vec![false; nodes], vec![false; nodes], vec![false; ends.len()]);
    let starts = (0..nodes).filter(|node| !has_entry[*node]).chain((0..nodes).filter(|node| has_entry[*node]));
    for start in starts {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        // Each box on the way with how many of its edges were walked: no recursion, however long the way is.
        let mut way = vec![(start, 0)];
        on_the_way[start] = true;
        while let Some((node, walked)) = way.last_mut() {
            let Some(edge) = out[*node].get(*walked) else {
                on_the_way[*node] = false;
                way.pop();
                continue;
            };
            *walked += 1;
            let next = ends[*edge].1;
            if on_the_way[next] {
                closing[*edge] = true;
            } else if !std::mem::replace(&mut seen[next], true) {
                on_the_way[next] = true;
                way.push((next, 0));
            }
        }
    }
    closing
}

/// The column of each box; `ends` have no circle but from a box to itself.
fn columns(nodes: usize, ends: &[(usize, usize)]) -> Vec<usize> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut entries = vec![0_usize; nodes];
    for (a, b) in ends.iter().filter(|(a, b)| a != b) {
        out[*a].push(*b);
        entries[*b] += 1;
    }
    let sources: Vec<usize> = (0..nodes).filter(|node| entries[*node] == 0).collect();
    let (mut column, mut next) = (vec![0; nodes], sources.clone());
    while let Some(node) = next.pop() {
        for after in &out[node] {
            column[*after] = column[*after].max((column[node] + 1).min(COLUMNS - 1));
            entries[*after] -= 1;
            if entries[*after] == 0 {
                next.push(*after);
            }
        }
    }
    // What nothing leads to stands beside what it leads to.
    for node in sources {
        if let Some(nearest) = out[node].iter().map(|after| column[*after]).min() {
            column[node] = nearest.saturating_sub(1);
        }
    }
    column
}

/// Puts the cells of each column in an order in which few edges cross.
fn order(ranked: &mut Ranked) {
    let hops: Vec<(usize, usize)> = ranked.hops().map(|(_, a, b)| (a, b)).collect();
    let (mut before, mut after) = (vec![Vec::new(); ranked.cells.len()], vec![Vec::new(); ranked.cells.len()]);
    for (a, b) in &hops {
        after[*a].push(*b);
        before[*b].push(*a);
    }
    let mut place = vec![0_usize; ranked.cells.len()];
    let mut columns = ranked.columns.clone();
    renumber(&columns, &mut place);
    let mut fewest = crossings(&ranked.cells, columns.len(), &hops, &place);
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        let count = columns.len();
        let (neighbours, sweep): (_, Vec<usize>) =
            if sweep % 2 == 0 { (&before, (0..count).collect()) } else { (&after, (0..count).rev().collect()) };
        for column in sweep {
            let mean = |cell: usize| match neighbours[cell].len() {
                0 => place[cell] as f64,
                n => neighbours[cell].iter().map(|it| place[*it] as f64).sum::<f64>() / n as f64,
            };
            // Means are taken before any cell of the column moves.
            let mut keyed: Vec<(f64, usize)> = columns[column].iter().map(|cell| (mean(*cell), *cell)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            columns[column] = keyed.into_iter().map(|(_, cell)| cell).collect();
            columns[column].iter().enumerate().for_each(|(at, cell)| place[*cell] = at);
        }
        let crossing = crossings(&ranked.cells, count, &hops, &place);
        if crossing < fewest {
            fewest = crossing;
            ranked.columns.clone_from(&columns);
        }
    }
}

fn renumber(columns: &[Vec<usize>], place: &mut [usize]) {
    for column in columns {
        column.iter().enumerate().for_each(|(at, cell)| place[*cell] = at);
    }
}

/// How often edges cross between columns.
fn crossings(cells: &[Cell], columns: usize, hops: &[(usize, usize)], place: &[usize]) -> usize {
    let mut between: Vec<Vec<(usize, usize)>> = vec![Vec::new(); columns];
    for (a, b) in hops {
        between[cells[*a].column].push((place[*a], place[*b]));
    }
    between.iter_mut().map(|hops| inversions(hops)).sum()
}

/// How many pairs are in another order by their second parts than by their first: counted in a Fenwick tree of the second parts.
fn inversions(pairs: &mut [(usize, usize)]) -> usize {
    pairs.sort_unstable();
    let size = pairs.iter().map(|pair| pair.1 + 1).max().unwrap_or(0);
    let mut tree = vec![0_usize; size + 1];
    let mut found = 0;
    for (seen, (_, b)) in pairs.iter().enumerate() {
        let (mut at, mut not_greater) = (b + 1, 0);
        while at > 0 {
            not_greater += tree[at];
            at &= at - 1;
        }
        found += seen - not_greater;
        let mut at = b + 1;
        while at <= size {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    found
}
