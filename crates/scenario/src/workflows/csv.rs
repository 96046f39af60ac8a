//! A table as CSV (RFC 4180): CRLF, quotes where they are needed, a header.
//!
//! - An empty text is `""`; null, an empty object or array, and what is missing are nothing at all, as PostgreSQL's COPY
//!   tells them apart. In a table of one column all of them are `""`: an empty line would be no row.
//! - A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV Injection"), and so does a text that
//!   looks like one that got it, so that it can be taken away again. Numbers stay numbers: `-5` is -5.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::table::Table;

/// A CSV has at most so many bytes: what stands beside a long array is repeated in each of its rows.
pub(super) const MAX_BYTES: usize = 8 << 20;

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
pub(super) enum Separator {
    /// As RFC 4180 has it.
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// As spreadsheets want it where the comma is the decimal sign.
    #[serde(rename = ";")]
    Semicolon,
    /// A tabulator.
    #[serde(rename = "tab")]
    Tab,
    /// A vertical bar.
    #[serde(rename = "|")]
    Bar,
}

impl Separator {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// The character.
    pub(super) fn char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Bar => '|',
        }
    }
}

/// How a CSV is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Format {
    pub separator: Separator,
    /// Whether it begins with a byte order mark, by which some spreadsheets know that it is UTF-8.
    pub mark: bool,
}

/// Writes a table.
///
/// # Errors
/// A sentence that says which bound it exceeds.
pub(super) fn write(table: &Table<'_>, format: Format) -> Result<String, String> {
    let mut out = String::from(if format.mark { "\u{feff}" } else { "" });
    let alone = table.header().count() == 1;
    line(&mut out, table.header().map(|name| text(name)), format)?;
    for row in table.rows() {
        line(&mut out, row.iter().map(|&value| cell(value, alone)), format)?;
    }
    Ok(out)
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = Cow<'a, str>>, format: Format) -> Result<(), String> {
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            out.push(format.separator.char());
        }
        out.push_str(&cell);
        if out.len() > MAX_BYTES {
            return Err(format!("the data has more than {} MiB as a CSV", MAX_BYTES >> 20));
        }
    }
    out.push_str("\r\n");
    Ok(())
}

fn cell(value: Option<&Value>, alone: bool) -> Cow<'_, str> {
    match value {
        Some(Value::String(it)) => text(it),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string().into(),
        _ if alone => "\"\"".into(),
        _ => "".into(),
    }
}

/// A text, harmless and quoted. All separators are quoted, whichever is in use: a spreadsheet may split at another one.
fn text(text: &str) -> Cow<'_, str> {
    let text = harmless(text);
    if text.is_empty() || text.contains([',', ';', '|', '\t', '"', '\r', '\n', '\u{feff}']) {
        return format!("\"{}\"", text.replace('"', "\"\"")).into();
    }
    text
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// Whether a text would be run, or looks like one that was made harmless.
pub(super) fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(is_sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::workflows::traffic::restore::{restore, shape};

    fn csv(data: &Value, format: Format) -> String {
        write(&Table::new(data, &[]).unwrap(), format).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_run() {
        let data = json!([
            {"a": "x,y", "b": "say \"hi\"", "c": "two\r\nlines"},
            {"a": "", "b": null, "c": []},
            {"a": "=1+1", "b": -5, "c": "-5"},
            {"a": "'=1", "b": 1.5e300, "c": " @sum"},
            {"a": "it's", "b": true, "c": "\tx"},
        ]);
        let expected = "a,b,c\r\n\"x,y\",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n\"\",,\r\n'=1+1,-5,'-5\r\n\
            ''=1,1.5e+300,' @sum\r\nit's,true,\"'\tx\"\r\n";
        assert_eq!(csv(&data, Format::default()), expected);
        let data = json!([{"=cmd": "ä;b", "x": 1}]);
        let format = Format { separator: Separator::Semicolon, mark: true };
        assert_eq!(csv(&data, format), "\u{feff}'=cmd;x\r\n\"ä;b\";1\r\n");
        assert_eq!(csv(&json!([null, "", "x", []]), Format::default()), "value\r\n\"\"\r\n\"\"\r\nx\r\n\"\"\r\n");
        assert_eq!(csv(&json!([]), Format::default()), "value\r\n");
    }

    #[test]
    fn a_text_beside_a_long_array_does_not_explode() {
        let data = json!({"text": "x".repeat(100_000), "all": vec![1; 10_000]});
        assert!(write(&Table::new(&data, &[]).unwrap(), Format::default()).unwrap_err().contains("MiB"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            3 => "[ -~]{0,6}",
            1 => "[=+@\\-'\t\r\n\"äß,;|\u{feff}]{0,3}",
            1 => any::<String>(),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        let key = prop_oneof![4 => "[a-c]", 1 => "[.\\\\=']{0,2}", 1 => Just("value".to_owned()), 1 => text];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..5)
                    .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_csv_parses_back_to_its_data(data in any_json(), separator in 0..4_usize, mark: bool) {
            let format = Format { separator: Separator::ALL[separator], mark };
            let csv = csv(&data, format);
            prop_assert_eq!(restore(&csv, format.separator.char(), &shape(&data)), Ok(data), "{}", csv);
        }
    }
}
