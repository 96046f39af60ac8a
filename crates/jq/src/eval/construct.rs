//! What makes new values: lists, objects, strings with filters in them, and `@formats`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Out, Run};
use crate::ast::{Ast, Format, TextPart};
use crate::error::{Done, Stop, fail};
use crate::value::{described, size, tostring};

impl Run {
    /// `[inner]`: all results of the filter inside, in one list.
    pub(super) fn array(&mut self, inner: Option<&Ast>, input: &Value, out: Out<'_>) -> Done {
        let list = match inner {
            Some(inner) => self.collect(inner, input)?,
            None => Vec::new(),
        };
        out(self, Value::Array(list))
    }

    /// `{..}`: an object for every combination of the results of its keys and values. `done` holds the entries so far.
    pub(super) fn object(
        &mut self,
        entries: &[(Ast, Ast)],
        done: Map<String, Value>,
        input: &Value,
        out: Out<'_>,
    ) -> Done {
        let Some(((key, value), rest)) = entries.split_first() else {
            return out(self, Value::Object(done));
        };
        self.eval(key, input, &mut |run, key| {
            let Value::String(key) = key else {
                return fail(format!("Object keys must be strings, not {}", described(&key)));
            };
            run.eval(value, input, &mut |run, value| {
                run.pay(done.len())?;
                let mut next = done.clone();
                run.pay(next.values().map(size).sum())?;
                next.insert(key.clone(), value);
                run.object(rest, next, input, out)
            })
        })
    }

    /// A string with `\(..)` in it: one for every combination of the results inside. `done` holds the text so far.
    pub(super) fn text(
        &mut self,
        parts: &[TextPart],
        format: Format,
        mut done: String,
        input: &Value,
        out: Out<'_>,
    ) -> Done {
        match parts.split_first() {
            None => {
                self.pay(done.len() / 16)?;
                out(self, Value::String(done))
            }
            Some((TextPart::Literal(text), rest)) => {
                done.push_str(text);
                self.text(rest, format, done, input, out)
            }
            Some((TextPart::Interpolated(ast), rest)) => self.eval(ast, input, &mut |run, value| {
                let text = run.format(format, &value)?;
                run.pay((done.len() + text.len()) / 16)?;
                run.text(rest, format, format!("{done}{text}"), input, out)
            }),
        }
    }

    /// A value as text in a format such as `@base64`.
    pub(super) fn format(&mut self, format: Format, value: &Value) -> Result<String, Stop> {
        // RFC 3986's unreserved characters stay.
        const URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
        self.pay(size(value))?;
        let text = match format {
            Format::Json => value.to_string(),
            _ => tostring(value),
        };
        Ok(match format {
            Format::Text | Format::Json => text,
            Format::Base64 => STANDARD.encode(text),
            Format::Base64Decoded => match STANDARD.decode(text.trim_end()) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => return fail(format!("{} is not valid base64 data", described(value))),
            },
            Format::Uri => utf8_percent_encode(&text, URI).to_string(),
        })
    }
}
