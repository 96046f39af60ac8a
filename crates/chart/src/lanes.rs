//! Lanes: where one thing was when, from place to place. Time runs to the right, ever faster: what happens within milliseconds at the begin
//! is seen as well as what takes minutes at the end.

use std::fmt::Write as _;

use crate::draw::WIDTH;
use crate::text::{cut, escape, latency, width};

/// A lane for each place, below each other.
#[derive(Debug, Clone)]
pub struct Lanes<'a> {
    /// Above them.
    pub title: &'a str,
    /// From the top down.
    pub lanes: Vec<Lane<'a>>,
    /// What goes from a lane to another.
    pub steps: Vec<Step>,
}

/// A place.
#[derive(Debug, Clone)]
pub struct Lane<'a> {
    /// What it is.
    pub name: &'a str,
    /// What is to be said of it, below its name.
    pub told: String,
    /// When the thing was there.
    pub spans: Vec<Span<'a>>,
}

/// A time on a lane, in milliseconds since the begin. One of no length is a dot.
#[derive(Debug, Clone)]
pub struct Span<'a> {
    /// For whoever points at it.
    pub name: &'a str,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// A step from a lane to another, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// When, in milliseconds since the begin.
    pub at: f64,
    /// From which.
    pub from: usize,
    /// To which.
    pub to: usize,
}

const TITLE_HEIGHT: f64 = 26.0;
const LANE: f64 = 36.0;
const BAR: f64 = 10.0;
const BELOW: f64 = 22.0;
/// Names stand on the left of this, and time begins there.
const LEFT: f64 = 132.0;
const RIGHT: f64 = WIDTH - 12.0;
/// No time is longer: ten years.
const LONGEST: f64 = 3.2e11;
/// How many colours there are.
const INKS: usize = 4;

impl Lanes<'_> {
    /// The lanes as an `svg` element.
    pub fn svg(&self) -> String {
        let spans = self.lanes.iter().flat_map(|lane| &lane.spans);
        let most = spans.map(|span| span.to).filter(|to| to.is_finite()).fold(1.0, f64::max).min(LONGEST);
        let x = |ms: f64| {
            let place = ms.clamp(0.0, most).ln_1p() / most.ln_1p();
            LEFT + if place.is_finite() { place } else { 0.0 } * (RIGHT - LEFT)
        };
        let middle = |lane: usize| TITLE_HEIGHT + LANE * (lane as f64 + 0.5);
        let bottom = TITLE_HEIGHT + LANE * self.lanes.len() as f64;
        let title = escape(self.title);
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\"><text class=\"title\" x=\"4\" \
             y=\"16\">{}</text>",
            bottom + BELOW,
            escape(&cut(self.title, WIDTH * 0.85))
        );
        draw_time(&mut svg, most, bottom, x);
        // Writing into a String can't fail.
        for step in self.steps.iter().filter(|step| step.at.is_finite()) {
            let (x, from, to) = (x(step.at), middle(step.from), middle(step.to));
            let _ = write!(svg, "<path class=\"step\" d=\"M{x:.1} {from:.1}V{to:.1}\"/>");
        }
        for (n, lane) in self.lanes.iter().enumerate() {
            draw_lane(&mut svg, n, lane, middle(n), x);
        }
        svg.push_str("</svg>");
        svg
    }
}

/// The time below, a line for each power of ten that a label has room for.
fn draw_time(svg: &mut String, most: f64, bottom: f64, x: impl Fn(f64) -> f64) {
    let mut free = 0.0;
    for ms in std::iter::once(0.0).chain((0..12).map(|n| 10_f64.powi(n))).filter(|ms| *ms <= most) {
        let (at, label) = (x(ms), latency(ms));
        let half = width(&label) / 2.0;
        let middle = at.min(WIDTH - half);
        if middle - half < free {
            continue;
        }
        free = middle + half + 6.0;
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TITLE_HEIGHT}V{bottom:.1}\"/><text class=\"faint\" x=\"{middle:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{label}</text>",
            bottom + 16.0
        );
    }
}

fn draw_lane(svg: &mut String, n: usize, lane: &Lane<'_>, middle: f64, x: impl Fn(f64) -> f64) {
    let room = LEFT - 12.0;
    let _ = write!(
        svg,
        "<path class=\"grid\" d=\"M{LEFT} {middle:.1}H{RIGHT}\"/><text x=\"4\" y=\"{:.1}\">{}</text><text class=\"faint\" x=\"4\" \
         y=\"{:.1}\">{}</text>",
        middle - 3.0,
        escape(&cut(lane.name, room)),
        middle + 11.0,
        escape(&cut(&lane.told, room))
    );
    for (m, span) in lane.spans.iter().enumerate().filter(|(_, span)| span.from.is_finite() && span.to.is_finite()) {
        let (from, to, name, ink) = (x(span.from), x(span.to), escape(span.name), (n + m) % INKS);
        let _ = match to - from {
            wide if wide > 0.0 => write!(
                svg,
                "<rect class=\"span ink{ink}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"><title>{name}\
                 </title></rect>",
                middle - BAR / 2.0,
                wide.max(1.5)
            ),
            _ => write!(
                svg,
                "<circle class=\"dot ink{ink}\" cx=\"{from:.1}\" cy=\"{middle:.1}\" r=\"5\"><title>{name}</title></circle>"
            ),
        };
    }
}
