//! Values as jq writes them, also in its errors.

use super::Val;

/// A value as JSON.
pub(crate) fn dumped(value: &Val) -> String {
    let mut out = String::new();
    write(value, usize::MAX, &mut out);
    out
}

/// Writes a value, and no more of it once the text is longer than `enough`.
fn write(value: &Val, enough: usize, out: &mut String) {
    if out.len() > enough {
        return;
    }
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Val::Number(n) => write_number(*n, out),
        Val::Text(text) => write_text(text, out),
        Val::List(list) => {
            out.push('[');
            for (index, item) in list.items.iter().enumerate() {
                if out.len() > enough {
                    return;
                }
                if index > 0 {
                    out.push(',');
                }
                write(item, enough, out);
            }
            out.push(']');
        }
        Val::Object(object) => {
            out.push('{');
            for (index, (name, value)) in object.members.iter().enumerate() {
                if out.len() > enough {
                    return;
                }
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, enough, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A number in as few digits as tell it from all others; with an exponent where it is small, or has many zeros at its end.
pub(crate) fn write_number(n: f64, out: &mut String) {
    if n.is_nan() {
        return out.push_str("null");
    }
    let n = if n.is_infinite() { f64::MAX.copysign(n) } else { n };
    if n.is_sign_negative() {
        out.push('-');
    }
    if n == 0.0 {
        return out.push('0');
    }
    let scientific = format!("{:e}", n.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // Where the point stands, counted from before the first digit.
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let count = digits.len() as i32;
    if point <= -4 || point > count + 15 {
        out.push_str(&digits[..1]);
        if count > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        let sign = if point < 1 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", (point - 1).abs()));
    } else if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        out.push_str(&digits);
    } else if count <= point {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', (point - count) as usize));
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    }
}

/// The beginning of a value as JSON, in a buffer of so many bytes of which the last stays free, as jq's errors show it.
pub(crate) fn shortened(value: &Val, buffer: usize) -> String {
    let mut text = String::new();
    write(value, buffer, &mut text);
    if text.len() < buffer {
        return text;
    }
    let cut = &text.as_bytes()[..buffer - 4];
    format!("{}...", String::from_utf8_lossy(cut))
}

/// A value as jq's errors name it: its kind and the beginning of its text.
pub(crate) fn described(value: &Val) -> String {
    format!("{} ({})", value.kind(), shortened(value, 15))
}
