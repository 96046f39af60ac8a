//! Charts as SVG: lines over time, quantiles on a logarithmic axis, bands of time in which something was wrong; and lanes, on which one
//! thing goes its way in time.
//! And what leads where, as a layered drawing ([`layers`]).
//!
//! Data in, text out. The text is for an HTML page: it has no namespace, so no address stands in it, and its colours are those of
//! [`STYLE`], which the page has once, for light and for dark. Whatever stands in a name is escaped, and cut where there is no
//! room for it.
//!
//! [`axis`] knows which values an axis has, and which of them are labelled; [`draw`] draws charts, [`lanes`] lanes; [`text`] is what is
//! written.

mod axis;
mod draw;
mod lanes;
pub mod layers;
mod text;

#[cfg(test)]
mod tests;

pub use self::lanes::{Lane, Lanes, Span, Step};
pub use self::text::escape;

/// What the classes of a chart look like. Text and axes have the colour of the page's own text.
pub const STYLE: &str = include_str!("style.css");

/// A chart: a title, two axes, and what is drawn between them.
#[derive(Debug, Clone)]
pub struct Chart<'a> {
    /// Above it.
    pub title: &'a str,
    /// What its lines' first coordinates are.
    pub x: X,
    /// What their second ones are.
    pub y: Y,
    /// From the first on in the order of the legend.
    pub lines: Vec<Line<'a>>,
    /// Behind the lines.
    pub bands: Vec<Band<'a>>,
}

/// What is along the lower edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum X {
    /// Seconds since the start.
    Time,
    /// Seconds since the start, of which the last is now.
    Ago,
    /// A share `q` from 0 to 1, at `1 / (1 - q)` on a logarithmic axis: 90 % is as far from 99 % as that from 99.9 %.
    Quantile,
    /// So many in a second.
    PerSecond,
}

/// What is along the left edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Y {
    /// How many.
    Count,
    /// So many in a second.
    PerSecond,
    /// Milliseconds; logarithmic where the longest is more than a hundred times the shortest.
    Milliseconds,
    /// Seconds.
    Seconds,
}

/// A line through points.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// In the legend.
    pub name: &'a str,
    /// In the order in which they are joined. One whose second coordinate isn't a finite number is a gap: it takes room on the lower
    /// axis, and nothing is drawn.
    pub points: Vec<(f64, f64)>,
}

/// A part of the lower axis in which something was wrong.
#[derive(Debug, Clone)]
pub struct Band<'a> {
    /// What was wrong.
    pub name: &'a str,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Chart<'_> {
    /// The chart as an `svg` element.
    pub fn svg(&self) -> String {
        draw::draw(self)
    }
}
