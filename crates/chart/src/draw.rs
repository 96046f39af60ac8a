//! Draws a chart: title, legend, bands, axes, lines.

use std::fmt::Write as _;

use crate::axis::Axis;
use crate::text::{cut, escape, shorten, width};
use crate::{Band, Chart, Line, X};

/// How wide a chart is, and the frame in it. The numbers are pixels where the page shows it in its own size: that of a phone.
pub(crate) const WIDTH: f64 = 360.0;
pub(crate) const LEFT: f64 = 52.0;
pub(crate) const RIGHT: f64 = WIDTH - 16.0;
const PLOT_HEIGHT: f64 = 170.0;
const TITLE_HEIGHT: f64 = 24.0;
const LEGEND_ROW: f64 = 17.0;
/// The name of a band, and the line below it from its begin to its end. There are so many rows of them at most.
const STRIP: f64 = 17.0;
const STRIPS: usize = 4;
const BELOW: f64 = 24.0;
/// A name in the legend is so wide at most, and the dash before it takes so much.
const NAME: f64 = 250.0;
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
    let points = || chart.lines.iter().flat_map(|line| &line.points).filter(|point| is_drawn(**point));
    let ends = chart.bands.iter().filter(|band| band.to.is_finite()).map(|band| band.to);
    let all = chart.lines.iter().flat_map(|line| &line.points).map(|point| point.0);
    let x = Axis::lower(chart.x, all.chain(ends));
    let y = Axis::left(chart.y, points().map(|point| point.1));
    let head = TITLE_HEIGHT + rows * LEGEND_ROW;
    let frame = Frame { top: 0.0, bottom: PLOT_HEIGHT, x, y };
    let (strips, rows) = strips(&chart.bands, &frame, head);
    let top = head + rows as f64 * STRIP + 8.0;
    let frame = Frame { top, bottom: top + PLOT_HEIGHT, ..frame };
    let bottom = frame.bottom;
    let mut svg = String::with_capacity(8 << 10);
    let title = escape(chart.title);
    // Writing into a String can't fail.
    let _ = write!(
        svg,
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\"><text class=\"title\" x=\"4\" \
         y=\"16\">{}</text>",
        bottom + BELOW,
        escape(&cut(chart.title, WIDTH * 0.74))
    );
    svg.push_str(&legend);
    svg.push_str(&strips);
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
        let name = shorten(line.name, NAME);
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

/// What has a begin and an end.
fn drawn<'a>(bands: &'a [Band<'a>]) -> impl Iterator<Item = &'a Band<'a>> {
    bands.iter().filter(|band| band.from.is_finite() && band.to.is_finite())
}

/// From where to where a band is seen: also one that took no time.
fn extent(band: &Band<'_>, frame: &Frame) -> (f64, f64) {
    let from = frame.x(band.from).min(RIGHT - 1.0);
    (from, frame.x(band.to.max(band.from)).max(from + 1.0))
}

/// The names of the bands above the frame, in rows below `head` in which none touches another, and how many rows they are. Of those for
/// which there is no row it is said how many they are.
fn strips(bands: &[Band<'_>], frame: &Frame, head: f64) -> (String, usize) {
    let (mut svg, mut rows, mut hidden) = (String::new(), Vec::<f64>::new(), 0);
    let mut bands: Vec<_> = drawn(bands).collect();
    bands.sort_by(|one, other| one.from.total_cmp(&other.from));
    for band in bands {
        let (from, to) = extent(band, frame);
        let name = cut(band.name, RIGHT - LEFT);
        let at = from.min(RIGHT - width(&name)).max(LEFT);
        let end = to.max(at + width(&name)) + 6.0;
        let row = match rows.iter().position(|end| *end <= at) {
            Some(row) => row,
            None if rows.len() < STRIPS => {
                rows.push(0.0);
                rows.len() - 1
            }
            None => {
                hidden += 1;
                continue;
            }
        };
        rows[row] = end;
        let y = head + (row + 1) as f64 * STRIP;
        let _ = write!(
            svg,
            "<text class=\"faint\" x=\"{at:.1}\" y=\"{:.1}\">{}</text><rect class=\"strip\" x=\"{from:.1}\" y=\"{:.1}\" \
             width=\"{:.1}\" height=\"2\"/>",
            y - 4.0,
            escape(&name),
            y - 1.0,
            to - from
        );
    }
    if hidden > 0 {
        rows.push(0.0);
        let y = head + rows.len() as f64 * STRIP - 4.0;
        let _ = write!(svg, "<text class=\"faint\" x=\"{LEFT}\" y=\"{y:.1}\">and {hidden} more</text>");
    }
    (svg, rows.len())
}

fn draw_bands(svg: &mut String, chart: &Chart<'_>, frame: &Frame) {
    for band in drawn(&chart.bands) {
        let (from, to) = extent(band, frame);
        let _ = write!(
            svg,
            "<rect class=\"band\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{PLOT_HEIGHT}\"><title>{}</title></rect>",
            frame.top,
            to - from,
            escape(band.name)
        );
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
            let _ = write!(dots, "<circle class=\"dot ink{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>", n % INKS);
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
