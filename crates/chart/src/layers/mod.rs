//! What leads where, as a layered drawing: boxes in columns, from where things come to where they go, and edges with labels.
//!
//! Each edge has a place of its own on both of its boxes. Between two columns there are first the bends and then the labels, so no
//! line runs through a label or a box. [`rank`] says which column a box is in, and where in it; [`place`] says where that is;
//! [`draw`] draws it.

mod draw;
mod place;
mod rank;

#[cfg(test)]
mod tests;

/// What the classes of a drawing look like.
pub const STYLE: &str = include_str!("style.css");
/// A drawing has no more boxes than this, and no more edges than [`MOST_EDGES`]: what is beyond isn't drawn.
pub const MOST_NODES: usize = 500;
/// As [`MOST_NODES`].
pub const MOST_EDGES: usize = 2_000;

/// Boxes and the edges between them.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// What it shows, for who doesn't see it.
    pub title: &'a str,
    /// The boxes.
    pub nodes: Vec<Node<'a>>,
    /// What leads from one to another.
    pub edges: Vec<Edge<'a>>,
}

/// A box.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Its attribute `data-id`.
    pub id: &'a str,
    /// The word above its name, and its class.
    pub kind: &'static str,
    /// Its name, cut where there is no room for it.
    pub name: &'a str,
    /// Where a click leads; nowhere if it is empty.
    pub href: &'a str,
    /// What is known of it.
    pub lines: Vec<Vec<Piece>>,
}

/// A line from a box to another.
#[derive(Debug, Clone)]
pub struct Edge<'a> {
    /// Its attribute `data-id`.
    pub id: &'a str,
    /// The place of the box that it comes from. An edge of a box that isn't drawn isn't either.
    pub from: usize,
    /// The place of the box that it leads to.
    pub to: usize,
    /// Its class.
    pub kind: &'static str,
    /// What it is, in full.
    pub title: String,
    /// Above the line.
    pub above: Vec<Piece>,
    /// Below the line.
    pub below: Vec<Piece>,
}

/// A part of a text.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// As it is now.
    pub text: String,
    /// The name of the figure that it is, as the attribute `data-figure`, for who keeps the drawing up to date. Room is left for it to grow.
    pub figure: Option<&'static str>,
}

impl Piece {
    /// A text that stays.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), figure: None }
    }

    /// A figure that changes.
    pub fn figure(name: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), figure: Some(name) }
    }
}

impl Layers<'_> {
    /// The drawing as an `svg` element.
    pub fn svg(&self) -> String {
        let shown = self.nodes.len().min(MOST_NODES);
        let is_drawn = |edge: &&Edge<'_>| edge.from < shown && edge.to < shown;
        let edges: Vec<&Edge<'_>> = self.edges.iter().filter(is_drawn).take(MOST_EDGES).collect();
        let ends: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let ranked = rank::rank(shown, &ends);
        let placed = place::place(&self.nodes[..shown], &edges, &ranked);
        draw::draw(self.title, &self.nodes[..shown], &edges, &ranked, &placed)
    }
}
