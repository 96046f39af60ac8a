//! Draws a chart: title, legend, bands, axes, lines.

use std::fmt::Write as _;

use crate::axis::Axis;
use crate::text::{cut, escape, width};
use crate::{Chart, Line, X};

/// How wide a chart is, and the frame in it. The numbers are pixels where the page shows it in its own size.
pub(crate) const WIDTH: f64 = 480.0;
pub(crate) const LEFT: f64 = 52.0;
pub(crate) const RIGHT: f64 = WIDTH - 16.0;
const PLOT_HEIGHT: f64 = 170.0;
const TITLE_HEIGHT: f64 = 24.0;
const LEGEND_ROW: f64 = 17.0;
const BELOW: f64 = 24.0;
/// A name in the legend is so wide at most, and the dash before it takes so much.
const NAME: f64 = 150.0;
const DASH: f64 = 20.0;
/// How many colours there are.
const INKS: usize = 8;

/// The frame in which the lines lie, and what its edges mean.
struct Frame {
    top: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.place(value) * (self.bottom - self.top)
    }
}

/// The chart as text.
pub(crate) fn draw(chart: &Chart<'_>) -> String {
    let (legend, rows) = legend(&chart.lines);
    let top = TITLE_HEIGHT + rows * LEGEND_ROW + 6.0;
    let bottom = top + PLOT_HEIGHT;
    let points = || chart.lines.iter().flat_map(|line| &line.points).filter(|point| is_drawn(**point));
    let ends = chart.bands.iter().filter(|band| band.to.is_finite()).map(|band| band.to);
    let all = chart.lines.iter().flat_map(|line| &line.points).map(|point| point.0);
    let x = Axis::lower(chart.x, all.chain(ends));
    let y = Axis::left(chart.y, points().map(|point| point.1));
    let frame = Frame { top, bottom, x, y };
    let mut svg = String::with_capacity(8 << 10);
    let title = escape(chart.title);
    // Writing into a String can't fail.
    let _ = write!(
        svg,
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\"><text class=\"title\" x=\"4\" \
         y=\"16\">{}</text>",
        bottom + BELOW,
        escape(&cut(chart.title, WIDTH * 0.85))
    );
    svg.push_str(&legend);
    draw_bands(&mut svg, chart, &frame);
    draw_axes(&mut svg, chart.x, &frame);
    for (n, line) in chart.lines.iter().enumerate() {
        draw_line(&mut svg, n, line, &frame);
    }
    if points().next().is_none() {
        let (x, y) = ((LEFT + RIGHT) / 2.0, (top + bottom) / 2.0);
        let _ =
            write!(svg, "<text class=\"faint\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">nothing was recorded</text>");
    }
    svg.push_str("</svg>");
    svg
}

fn is_drawn((x, y): (f64, f64)) -> bool {
    x.is_finite() && y.is_finite()
}

/// The legend, and how many rows it has. A single line needs none.
fn legend(lines: &[Line<'_>]) -> (String, f64) {
    if lines.len() < 2 {
        return (String::new(), 0.0);
    }
    let (mut svg, mut row, mut x) = (String::new(), 1.0, 4.0);
    for (n, line) in lines.iter().enumerate() {
        let name = cut(line.name, NAME);
        let needed = DASH + width(&name) + 12.0;
        if x + needed > WIDTH && x > 4.0 {
            (row, x) = (row + 1.0, 4.0);
        }
        let y = TITLE_HEIGHT + row * LEGEND_ROW - 4.0;
        let _ = write!(
            svg,
            "<path class=\"line ink{}\" d=\"M{x:.1} {:.1}h{}\"/><text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            n % INKS,
            y - 4.0,
            DASH - 5.0,
            x + DASH,
            escape(&name)
        );
        x += needed;
    }
    (svg, row)
}

fn draw_bands(svg: &mut String, chart: &Chart<'_>, frame: &Frame) {
    for band in chart.bands.iter().filter(|band| band.from.is_finite() && band.to.is_finite()) {
        let (from, to) = (frame.x(band.from), frame.x(band.to.max(band.from)));
        // What took no time is seen all the same.
        let from = from.min(RIGHT - 1.0);
        let wide = (to - from).max(1.0);
        let name = escape(band.name);
        let _ = write!(
            svg,
            "<rect class=\"band\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{PLOT_HEIGHT}\"><title>{name}</title>\
             </rect>",
            frame.top
        );
        if wide > 40.0 {
            let short = cut(band.name, wide - 6.0);
            let (x, y) = (from + 3.0, frame.top + 12.0);
            let _ = write!(svg, "<text class=\"faint\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(&short));
        }
    }
}

fn draw_axes(svg: &mut String, kind: X, frame: &Frame) {
    for (value, label) in &frame.y.ticks {
        let y = frame.y(*value);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"faint\" x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            escape(label)
        );
    }
    let mut free = 0.0;
    for (value, label) in &frame.x.ticks {
        let x = frame.x(*value);
        // A label is in the middle below its line, within the chart, and none touches another.
        let half = width(label) / 2.0;
        let middle = x.min(WIDTH - half);
        if middle - half < free {
            continue;
        }
        free = middle + half + 6.0;
        let per_second = if kind == X::PerSecond { "/s" } else { "" };
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {:.1}V{:.1}\"/><text class=\"faint\" x=\"{middle:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{}{per_second}</text>",
            frame.top,
            frame.bottom,
            frame.bottom + 16.0,
            escape(label)
        );
    }
    let _ = write!(svg, "<path class=\"edge\" d=\"M{LEFT} {:.1}V{:.1}H{RIGHT}\"/>", frame.top, frame.bottom);
}

/// A line, with gaps where a point is no number. A point between two gaps is a dot.
fn draw_line(svg: &mut String, n: usize, line: &Line<'_>, frame: &Frame) {
    let (mut path, mut dots) = (String::new(), String::new());
    for piece in line.points.split(|point| !is_drawn(*point)) {
        let mut places = piece.iter().map(|(x, y)| (frame.x(*x), frame.y(*y)));
        let Some((x, y)) = places.next() else { continue };
        if piece.len() == 1 {
            let _ = write!(dots, "<circle class=\"dot ink{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>", n % INKS);
            continue;
        }
        let _ = write!(path, "M{x:.1} {y:.1}");
        for (x, y) in places {
            let _ = write!(path, "L{x:.1} {y:.1}");
        }
    }
    if !path.is_empty() {
        let name = escape(line.name);
        let _ = write!(svg, "<path class=\"line ink{}\" d=\"{path}\"><title>{name}</title></path>", n % INKS);
    }
    svg.push_str(&dots);
}
