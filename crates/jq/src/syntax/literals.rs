//! Numbers and strings of a jq query.

use super::{Parser, Result, identifier};
use crate::ast::{Ast, Constant, Format, TextPart};
use crate::value::Val;

/// A name as the index of a member.
pub(super) fn key(name: &str) -> Ast {
    Ast::Literal(Constant(Val::text(name)))
}

/// Bytes of what jq takes for a number at the start of a text, be it one or not; a single dot and two are signs.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = bytes.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    if len > 0 && matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = if len + 1 + sign <= bytes.len() { digits(len + 1 + sign) } else { 0 };
        len += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    // `.e1` is the longest of the two that a dot may begin with, if the name goes on.
    let field = text.strip_prefix('.').map_or(0, |name| 1 + identifier(name));
    if matches!(&text[..len], "." | "..") || field > len { 0 } else { len }
}

impl Parser<'_> {
    pub(super) fn number(&mut self, len: usize) -> Result<Ast> {
        let text = &self.rest()[..len];
        let number: f64 = text.parse().map_err(|_| format!("Invalid numeric literal '{text}'"))?;
        self.at += len;
        Ok(Ast::Literal(Constant(Val::Number(number.clamp(f64::MIN, f64::MAX)))))
    }

    /// The name of a format, after its `@`.
    pub(super) fn format(&mut self) -> Result<Format> {
        let len = identifier(self.rest());
        if len == 0 {
            return Err(self.unexpected());
        }
        let format = Format::parse(&self.rest()[..len]);
        self.at += len;
        Ok(format)
    }

    pub(super) fn string(&mut self, format: Format) -> Result<Ast> {
        self.expect("\"")?;
        let mut parts = Vec::new();
        let mut literal = String::new();
        loop {
            let c = self.rest().chars().next().ok_or("syntax error, unterminated string in the jq query")?;
            self.at += c.len_utf8();
            match c {
                '"' => break,
                '\\' if self.rest().starts_with('(') => {
                    self.at += 1;
                    parts.push(TextPart::Literal(std::mem::take(&mut literal)));
                    parts.push(TextPart::Interpolated(self.pipe()?));
                    self.nodes += 2;
                    self.expect(")")?;
                }
                '\\' => literal.push(self.escape()?),
                c => literal.push(c),
            }
        }
        if parts.is_empty() {
            return Ok(Ast::Literal(Constant(Val::text(literal))));
        }
        parts.push(TextPart::Literal(literal));
        Ok(Ast::Text(parts, format))
    }

    fn escape(&mut self) -> Result<char> {
        let rest = self.rest();
        let c = rest.chars().next().unwrap_or_default();
        // The JSON reader knows escapes, also those of two parts.
        let len = match c {
            'u' if rest.get(5..7) == Some("\\u") => [11, 5],
            'u' => [5, 5],
            _ => [c.len_utf8(), c.len_utf8()],
        };
        for len in len {
            if let Some(escape) = rest.get(..len)
                && let Ok(text) = serde_json::from_str::<String>(&format!("\"\\{escape}\""))
                && let Some(c) = text.chars().next()
                && text.chars().count() == 1
            {
                self.at += len;
                return Ok(c);
            }
        }
        Err("invalid escape in a string of the jq query".into())
    }
}
