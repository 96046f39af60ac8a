//! What a user writes of a load: `100/s:60s,100/s..1000/s:30s@loop`, and the forms that other tools have.
//!
//! A piece says a rate and how long. Of RabbitMQ PerfTest's `100:60` and k6's `60s:100` the order is known by which side has a unit.

use std::time::Duration;

use super::curve::Curve;
use super::profile::Profile;
use super::{Asked, Load, named};
use crate::units::{count, parse_seconds};

/// A text has at most so many pieces.
const MAX_PIECES: usize = 1_000;
/// Beyond these arithmetic ends, not ambition: one event in three years, and a billion a second.
const RATES: std::ops::RangeInclusive<f64> = 1e-8..=1e9;

/// What is wrong, and with which part of the text.
struct Wrong<'a> {
    at: &'a str,
    why: String,
}

fn wrong(at: &str, why: impl Into<String>) -> Wrong<'_> {
    Wrong { at, why: why.into() }
}

/// A rate over so long.
struct Piece {
    curve: Curve,
    lasts: Duration,
    /// Numbers without units: PerfTest's, which repeat.
    is_bare: bool,
}

/// Reads a load.
///
/// # Errors
/// What is wrong, where, and what would be right.
pub(crate) fn parse(text: &str) -> Result<Asked, String> {
    let text = text.trim();
    let (body, says_loop) = match text.strip_suffix("@loop") {
        Some(body) => (body.trim_end().trim_end_matches(',').trim_end(), true),
        None => (text, false),
    };
    if let Some(path) = body.strip_prefix('@') {
        return match path {
            "" => Err("a file is needed behind the @, like @load.csv".into()),
            path => Ok(Asked::File { path: path.into(), repeats: says_loop }),
        };
    }
    let (body, shown) = match named::text(body) {
        Some(named) => (named, format!("{body} ({named})")),
        None => (body, body.to_owned()),
    };
    let pieces = pieces(body).map_err(|Wrong { at, why }| {
        let before = (at.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
        let column = body.get(..before).unwrap_or_default().chars().count() + 1;
        format!("at character {column}, {at:?}: {why}")
    })?;
    let repeats = says_loop || pieces.iter().all(|piece| piece.is_bare);
    let again = if repeats { ", again and again" } else { "" };
    let pieces: Vec<_> = pieces.into_iter().map(|piece| (piece.curve, piece.lasts)).collect();
    Ok(Asked::Load(Load::of(format!("{shown}{again}"), Profile::new(&pieces, repeats)?)))
}

fn pieces(text: &str) -> Result<Vec<Piece>, Wrong<'_>> {
    let mut pieces = Vec::new();
    // What a ramp to a rate begins with.
    let mut before = 0.0;
    for part in split(text) {
        if pieces.len() == MAX_PIECES {
            return Err(wrong(part, format!("more than {} pieces", count(MAX_PIECES as u64))));
        }
        let piece = piece(part.trim(), before)?;
        let length = piece.lasts.as_secs_f64();
        before = piece.curve.rate(length, length);
        pieces.push(piece);
    }
    Ok(pieces)
}

/// The parts between the commas that stand in no brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn piece(text: &str, before: f64) -> Result<Piece, Wrong<'_>> {
    if let Some((name, rest)) = text.split_once('(') {
        let Some((arguments, rest)) = rest.split_once(')') else {
            return Err(wrong(text, "a closing bracket is missing, as in sine(500/s,400/s,30s):5m"));
        };
        let Some(lasts) = rest.trim_start().strip_prefix(':') else {
            return Err(wrong(text, "how long? like sine(500/s,400/s,30s):5m"));
        };
        let arguments: Vec<_> = arguments.split(',').map(str::trim).collect();
        let curve = match name.trim_end() {
            "sine" => sine(text, &arguments)?,
            "burst" => burst(text, &arguments)?,
            name => return Err(wrong(name, "sine and burst are known")),
        };
        return Ok(Piece { curve, lasts: long(lasts.trim())?, is_bare: false });
    }
    let Some((left, right)) = text.split_once(':') else {
        let known: Vec<_> = named::NAMED.iter().map(|it| it.name).collect();
        let why = format!(
            "a rate and how long are needed, like 100/s:60s, or a name: {}. For a steady rate say --rate",
            known.join(", ")
        );
        return Err(wrong(text, why));
    };
    let (left, right) = (left.trim(), right.trim());
    if let Some((from, to)) = left.split_once("..") {
        // Of 100..1000/m both are a minute.
        let unit = to.split_once('/').map_or("s", |(_, unit)| unit);
        let from = rate_in(from.trim(), unit, true).map_err(|why| wrong(from, why))?;
        let curve = Curve::Line { from, to: zero_or_rate(to.trim())? };
        return Ok(Piece { curve, lasts: long(right)?, is_bare: false });
    }
    if left.starts_with(|c: char| c.is_ascii_digit()) && !left.contains('/') && number(left).is_none() {
        let curve = Curve::Line { from: before, to: zero_or_rate(right)? };
        return Ok(Piece { curve, lasts: long(left)?, is_bare: false });
    }
    let is_bare = number(left).is_some() && number(right).is_some();
    Ok(Piece { curve: Curve::steady(zero_or_rate(left)?), lasts: long(right)?, is_bare })
}

/// `mean, amplitude, period`.
fn sine<'a>(text: &'a str, arguments: &[&'a str]) -> Result<Curve, Wrong<'a>> {
    let [mean, amplitude, period] = arguments else {
        return Err(wrong(text, "mean, amplitude and period are needed: sine(500/s,400/s,30s):5m"));
    };
    let (at, mean) = (*amplitude, some_rate(mean)?);
    let amplitude = zero_or_rate(amplitude)?;
    if amplitude > mean {
        return Err(wrong(at, "more than the mean: the rate would fall below zero"));
    }
    Ok(Curve::Sine { mean, amplitude, period: long(period)?.as_secs_f64() })
}

/// `rate, on, every PERIOD`, and perhaps `base RATE`.
fn burst<'a>(text: &'a str, arguments: &[&'a str]) -> Result<Curve, Wrong<'a>> {
    let form = "a rate, for how long and every how long are needed: burst(2000/s,1s,every 10s):2m";
    let (rate, on, every, base) = match arguments {
        [rate, on, every] => (rate, on, every, None),
        [rate, on, every, base] => (rate, on, every, Some(base)),
        _ => return Err(wrong(text, form)),
    };
    let word = |text: &'a str, word| match text.strip_prefix(word) {
        Some(rest) if rest.starts_with(' ') => Ok(rest.trim_start()),
        _ => Err(wrong(text, format!("{word} .. is needed here: burst(2000/s,1s,every 10s,base 50/s):2m"))),
    };
    let at = *on;
    let (rate, on, every) = (some_rate(rate)?, long(on)?, long(word(every, "every")?)?);
    let base = base.map_or(Ok(0.0), |base| zero_or_rate(word(base, "base")?))?;
    if on > every {
        return Err(wrong(at, "longer than from one burst to the next"));
    }
    Ok(Curve::Burst { rate, on: on.as_secs_f64(), every: every.as_secs_f64(), base })
}

/// A duration that isn't zero.
fn long(text: &str) -> Result<Duration, Wrong<'_>> {
    match length(text) {
        Ok(Duration::ZERO) => Err(wrong(text, "it must be longer than nothing")),
        Ok(lasts) => Ok(lasts),
        Err(why) => Err(wrong(text, why)),
    }
}

fn some_rate(text: &str) -> Result<f64, Wrong<'_>> {
    rate(text).map_err(|why| wrong(text, why))
}

fn zero_or_rate(text: &str) -> Result<f64, Wrong<'_>> {
    rate_or_zero(text).map_err(|why| wrong(text, why))
}

/// A duration; a number alone is seconds.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    parse_seconds(text)
}

/// Events a second of `200/s`, `30/m`, `5/h`, `1k/s` or `200`, which is a second's.
///
/// # Errors
/// What would be right.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    rate_in(text, "s", false)
}

/// The same, or nothing.
pub(super) fn rate_or_zero(text: &str) -> Result<f64, String> {
    rate_in(text, "s", true)
}

fn rate_in(text: &str, unit: &str, zero: bool) -> Result<f64, String> {
    let form = || "a rate like 200/s, 30/m or 5/h is needed".to_owned();
    let (number_text, unit) = text.split_once('/').unwrap_or((text, unit));
    let number = number(number_text.trim()).ok_or_else(form)?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        _ => return Err(form()),
    };
    match number / seconds {
        0.0 if zero => Ok(0.0),
        0.0 => Err("it must be more than nothing".into()),
        rate if rate > *RATES.end() => Err("at most a billion a second can be asked for".into()),
        rate if rate < *RATES.start() => Err("at least one event in three years must be asked for".into()),
        rate => Ok(rate),
    }
}

/// A number that isn't negative, with `k` or `M` behind it perhaps.
fn number(text: &str) -> Option<f64> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => text.strip_suffix('M').map_or((text, 1.0), |digits| (digits, 1e6)),
    };
    let number = digits.parse::<f64>().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()))?;
    // An overflow isn't a number.
    Some(number * factor).filter(|number| number.is_finite())
}
