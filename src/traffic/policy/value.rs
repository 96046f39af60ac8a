//! One condition of a filter policy against the values of one key.

use std::net::IpAddr;

use serde_json::Value;

use super::Judged;

/// Numbers of policies lie within this, with five digits behind the point ("Filter policy constraints in Amazon SNS").
const LARGEST: f64 = 1e9;
const FINEST: f64 = 1e-5;

/// What a message has under a key.
pub(super) enum Seen<'a> {
    /// It has no key at all.
    NothingAtAll,
    /// Keys, without a value that anybody could ask for.
    NothingToAskFor,
    /// Other keys.
    Nothing,
    /// One, or those of an array.
    Values(&'a [Value]),
}

/// Whether a condition holds for one of the values.
pub(super) fn judge_value(condition: &Value, seen: &Seen<'_>) -> Judged {
    let operator = match condition {
        Value::Object(operator) if operator.len() == 1 => operator.iter().next(),
        Value::Object(_) | Value::Array(_) => return Judged::Unsure,
        literal => return each(seen, |value| equals(literal, value)),
    };
    let Some((name, operand)) = operator else { return Judged::Unsure };
    match (name.as_str(), operand) {
        ("exists", Value::Bool(wanted)) => exists(*wanted, seen),
        ("anything-but", Value::Object(inner)) => match inner.iter().next() {
            Some((name, operand)) if inner.len() == 1 => each(seen, |value| anything_but(name, operand, value)),
            _ => Judged::Unsure,
        },
        ("anything-but", operand) => {
            let listed = operand.as_array().map_or(std::slice::from_ref(operand), Vec::as_slice);
            each(seen, |value| not_listed(listed, value))
        }
        ("prefix", Value::String(prefix)) => text(seen, |text| Judged::of(text.starts_with(prefix.as_str()))),
        ("suffix", Value::String(suffix)) => text(seen, |text| Judged::of(text.ends_with(suffix.as_str()))),
        ("equals-ignore-case", Value::String(wanted)) => text(seen, |text| same_letters(wanted, text)),
        ("cidr", Value::String(block)) => text(seen, |text| in_block(block, text)),
        ("numeric", Value::Array(bounds)) => each(seen, |value| match value {
            Value::Number(number) => number.as_f64().map_or(Judged::Unsure, |number| within(bounds, number)),
            _ => Judged::Stopped,
        }),
        _ => Judged::Unsure,
    }
}

/// Whether something holds for one of the values that are there.
fn each(seen: &Seen<'_>, holds: impl Fn(&Value) -> Judged) -> Judged {
    match seen {
        Seen::NothingAtAll | Seen::NothingToAskFor | Seen::Nothing => Judged::Stopped,
        // Of an array without an element nothing is told.
        Seen::Values([]) => Judged::Unsure,
        Seen::Values(values) => Judged::any(values.iter().map(holds)),
    }
}

/// The same for texts: no other value has a prefix.
fn text(seen: &Seen<'_>, holds: impl Fn(&str) -> Judged) -> Judged {
    each(seen, |value| value.as_str().map_or(Judged::Stopped, &holds))
}

/// A key that is there has a value that isn't null and isn't empty ("Key matching"); what is there and empty is neither.
fn exists(wanted: bool, seen: &Seen<'_>) -> Judged {
    match seen {
        // It holds for no message without any key, whatever is wanted (ibid.).
        Seen::NothingAtAll => Judged::Stopped,
        Seen::NothingToAskFor if wanted => Judged::Stopped,
        Seen::NothingToAskFor => Judged::Unsure,
        Seen::Nothing => Judged::of(!wanted),
        Seen::Values(values) if values.iter().any(|it| !it.is_null() && *it != "") => Judged::of(wanted),
        Seen::Values(_) => Judged::Unsure,
    }
}

fn equals(literal: &Value, value: &Value) -> Judged {
    match (literal, value) {
        (Value::Number(one), Value::Number(two)) => match (one.as_f64(), two.as_f64()) {
            (Some(a), Some(b)) if same(a, b) == Judged::Passes && one.to_string() != two.to_string() => Judged::Unsure,
            (Some(a), Some(b)) => same(a, b),
            _ => Judged::Unsure,
        },
        // That a number is its own text isn't excluded.
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            if text.parse().ok() == number.as_f64() { Judged::Unsure } else { Judged::Stopped }
        }
        // As `true` in an array of strings, and as the text "true".
        (Value::Bool(_) | Value::Null, Value::String(text)) | (Value::String(text), Value::Bool(_) | Value::Null) => {
            if ["true", "false", "null"].contains(&text.as_str()) {
                Judged::Unsure
            } else {
                Judged::Stopped
            }
        }
        (literal, value) => Judged::of(literal == value),
    }
}

fn same(one: f64, other: f64) -> Judged {
    if one.abs() > LARGEST || other.abs() > LARGEST {
        return Judged::Unsure;
    }
    match (one - other).abs() {
        0.0 => Judged::Passes,
        // As exact as that a comparison isn't.
        apart if apart < FINEST => Judged::Unsure,
        _ => Judged::Stopped,
    }
}

fn not_listed(listed: &[Value], value: &Value) -> Judged {
    let is_of = |it: &Value| it.is_string() && value.is_string() || it.is_number() && value.is_number();
    // What a text is against a list of numbers isn't told.
    if listed.is_empty() || !listed.iter().all(is_of) {
        return Judged::Unsure;
    }
    Judged::any(listed.iter().map(|it| equals(it, value))).not()
}

fn anything_but(name: &str, operand: &Value, value: &Value) -> Judged {
    let (Value::String(operand), Value::String(value)) = (operand, value) else { return Judged::Unsure };
    match name {
        "prefix" => Judged::of(!value.starts_with(operand.as_str())),
        "suffix" => Judged::of(!value.ends_with(operand.as_str())),
        "equals-ignore-case" => same_letters(operand, value).not(),
        _ => Judged::Unsure,
    }
}

/// Of other letters than ASCII's nobody tells which are the same.
fn same_letters(one: &str, other: &str) -> Judged {
    match one.is_ascii() && other.is_ascii() {
        true => Judged::of(one.eq_ignore_ascii_case(other)),
        false if one == other => Judged::Passes,
        false => Judged::Unsure,
    }
}

fn in_block(block: &str, text: &str) -> Judged {
    let Some((network, bits)) = block.split_once('/') else { return Judged::Unsure };
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return Judged::Unsure };
    let Ok(address) = text.parse::<IpAddr>() else { return Judged::Stopped };
    // The first bits of both, at the left of 128.
    let first = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((one, width), (other, other_width)) = (first(network), first(address));
    if width != other_width || bits > width {
        return Judged::Unsure;
    }
    let mask = if bits == 0 { 0 } else { u128::MAX << (128 - bits) };
    Judged::of(one & mask == other & mask)
}

/// Whether a number lies within bounds as `[">", 1, "<=", 5]`.
fn within(bounds: &[Value], number: f64) -> Judged {
    if bounds.is_empty() || !bounds.len().is_multiple_of(2) || bounds.len() > 4 {
        return Judged::Unsure;
    }
    Judged::all(bounds.chunks(2).map(|bound| {
        let [Value::String(operator), Value::Number(limit)] = bound else { return Judged::Unsure };
        let Some(limit) = limit.as_f64() else { return Judged::Unsure };
        let is_same = same(number, limit);
        match (operator.as_str(), is_same) {
            (_, Judged::Unsure) => Judged::Unsure,
            ("=", is_same) => is_same,
            ("<=" | ">=", Judged::Passes) => Judged::Passes,
            ("<" | "<=", _) => Judged::of(number < limit),
            (">" | ">=", _) => Judged::of(number > limit),
            _ => Judged::Unsure,
        }
    }))
}
