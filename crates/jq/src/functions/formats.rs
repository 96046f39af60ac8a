//! The `@formats`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::functions::{tojson, tostring};
use crate::symbols::Format;
use crate::value::{Val, described, dumped, write_number};

/// `format(name)`
pub(super) fn named(budget: &mut Budget, name: &Val, value: &Val) -> Result<Val, Stop> {
    match name {
        Val::Text(name) => format(budget, &Format::parse(name), value).map(Val::text),
        other => fail(format!("{} is not a valid format", described(other))),
    }
}

/// A value in a format.
pub(crate) fn format(budget: &mut Budget, format: &Format, value: &Val) -> Result<String, Stop> {
    budget.pay(value.size())?;
    let text = match format {
        Format::Json => text_of(tojson(budget, value)?),
        Format::Csv => row(value, "csv", ",", |text| format!("\"{}\"", text.replace('"', "\"\"")))?,
        Format::Tsv => row(value, "tsv", "\t", |text| {
            text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
        })?,
        Format::Sh => match value {
            Val::List(list) => {
                list.items.iter().map(word).collect::<Result<Vec<_>, _>>().map(|words| words.join(" "))?
            }
            other => word(other)?,
        },
        Format::Unknown(name) => return fail(format!("{name} is not a valid format")),
        plain => {
            let text = text_of(tostring(budget, value.clone())?);
            match plain {
                Format::Html => html(&text),
                Format::Uri => uri(&text),
                Format::Base64 => BASE64_STANDARD.encode(text),
                Format::Base64Decoded => decoded(&text)?,
                _ => text,
            }
        }
    };
    budget.pay_text(text.len())?;
    Ok(text)
}

fn text_of(value: Val) -> String {
    match value {
        Val::Text(text) => (*text).to_owned(),
        other => dumped(&other),
    }
}

/// The items of a list in one line.
fn row(value: &Val, name: &str, separator: &str, quoted: fn(&str) -> String) -> Result<String, Stop> {
    let Val::List(list) = value else {
        return fail(format!("{} cannot be {name}-formatted, only array", described(value)));
    };
    let cells = list.items.iter().map(|item| match item {
        Val::Null => Ok(String::new()),
        Val::Number(n) if n.is_nan() => Ok(String::new()),
        Val::Bool(_) | Val::Number(_) => Ok(dumped(item)),
        Val::Text(text) => Ok(quoted(text)),
        other => fail(format!("{} is not valid in a csv row", described(other))),
    });
    Ok(cells.collect::<Result<Vec<_>, _>>()?.join(separator))
}

/// A scalar as a word of a shell's command.
fn word(value: &Val) -> Result<String, Stop> {
    match value {
        Val::Text(text) => Ok(format!("'{}'", text.replace('\'', r"'\''"))),
        Val::List(_) | Val::Object(_) => fail(format!("{} can not be escaped for shell", described(value))),
        Val::Number(n) => {
            let mut text = String::new();
            write_number(*n, &mut text);
            Ok(text)
        }
        other => Ok(dumped(other)),
    }
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What base64 stands for, up to the first `=`; the rest of a group may be missing.
fn decoded(text: &str) -> Result<String, Stop> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let Some(digit) = ALPHABET.iter().position(|known| *known == byte) else {
            return fail(format!("{} is not valid base64 data", described(&Val::text(text))));
        };
        bits = bits << 6 | digit as u32;
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        3 => bytes.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        2 => bytes.extend_from_slice(&(bits >> 4).to_be_bytes()[3..]),
        1 => return fail(format!("{} trailing base64 byte found", described(&Val::text(text)))),
        _ => {}
    }
    Ok(lossy(&bytes))
}

/// Bytes as text. What is no character is replaced as jq does it: at the end, all that is left of it is one.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let wanted = match first {
            0..=0x7F => 1,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 0,
        };
        let follow = rest.iter().skip(1).take_while(|byte| (0x80..0xC0).contains(*byte)).count();
        let taken = if wanted > rest.len() { rest.len() } else { (1 + follow).min(wanted).max(1) };
        match std::str::from_utf8(&rest[..taken]) {
            Ok(known) => text.push_str(known),
            Err(_) => text.push(char::REPLACEMENT_CHARACTER),
        }
        rest = &rest[taken..];
    }
    text
}
