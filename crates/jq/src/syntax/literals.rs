//! Numbers and strings of a jq query.

use serde_json::{Number, Value};

use super::{Parser, Result};
use crate::ast::{Ast, Format, TextPart};

impl Parser<'_> {
    pub(super) fn number(&mut self) -> Result<Ast> {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut len = digits(0);
        if rest.get(len) == Some(&b'.') {
            len += 1;
            len += digits(len);
        }
        if matches!(rest.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(len + 1), Some(b'+' | b'-')));
            let exponent = digits(len + 1 + sign);
            len += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let text = &self.rest()[..len];
        let number = match text.parse::<i64>() {
            Ok(whole) => Number::from(whole),
            Err(_) => text.parse().ok().and_then(Number::from_f64).ok_or_else(|| self.unexpected())?,
        };
        self.at += len;
        Ok(Ast::Literal(Value::Number(number)))
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
                    self.expect(")")?;
                }
                '\\' => literal.push(self.escape()?),
                c => literal.push(c),
            }
        }
        if parts.is_empty() {
            return Ok(Ast::Literal(literal.into()));
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
