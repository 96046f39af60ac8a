//! Indentation within brackets and quotes. AWS reads YAML 1.1, where it doesn't matter there; our reader holds to YAML 1.2,
//! which wants each such line deeper than the block around it ("YAML 1.2, 6.1 Indentation Spaces"). Templates close a
//! bracket below its key, and go on with a quoted text at the margin: such lines are moved to the right.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Parser, ScanError};

/// How many bytes are read again and again at most, until no line is too far to the left. One reading finds one bracket, or
/// one quoted text. Nor does the text grow beyond it.
const MAX_READ: usize = 8 << 20;

/// A text whose lines within brackets and quotes stand far enough to the right.
pub(crate) struct Indented<'a> {
    pub text: Cow<'a, str>,
    /// By a line's number, from 1: how many columns it was moved.
    moved: BTreeMap<usize, usize>,
}

impl<'a> Indented<'a> {
    /// Moves what stands too far to the left; `None` if nothing does.
    pub(crate) fn new(text: &'a str) -> Option<Indented<'a>> {
        let mut this = Indented { text: Cow::Borrowed(text), moved: BTreeMap::new() };
        let mut left = MAX_READ;
        while let Some(error) = first_error(&this.text) {
            let lines = too_far_left(&this.text, &error);
            let length = this.text.len();
            let is_new = lines.iter().any(|(line, _)| !this.moved.contains_key(line));
            left = left.saturating_sub(length);
            if !is_new || left == 0 || !this.shift(&lines) {
                break;
            }
        }
        (!this.moved.is_empty()).then_some(this)
    }

    /// The column of the original text for one of the line that was moved; both count from 1.
    pub(crate) fn column(&self, line: usize, column: usize) -> usize {
        self.moved.get(&line).map_or(column, |by| column.saturating_sub(*by).max(1))
    }

    /// Moves lines, unless the text grew too long by it.
    fn shift(&mut self, by_line: &BTreeMap<usize, usize>) -> bool {
        let length = self.text.len() + by_line.values().sum::<usize>();
        if length > MAX_READ {
            return false;
        }
        let mut text = String::with_capacity(length);
        for (at, line) in self.text.split_inclusive('\n').enumerate() {
            if let Some(by) = by_line.get(&(at + 1)) {
                text.extend(std::iter::repeat_n(' ', *by));
                *self.moved.entry(at + 1).or_default() += by;
            }
            text.push_str(line);
        }
        self.text = Cow::Owned(text);
        true
    }
}

fn first_error(text: &str) -> Option<ScanError> {
    Parser::new_from_str(text).find_map(Result::err)
}

/// The lines that an error of indentation is about, and by how many columns each is to be moved.
fn too_far_left(text: &str, error: &ScanError) -> BTreeMap<usize, usize> {
    let (line, column) = (error.marker().line(), error.marker().col());
    match error.info() {
        "invalid indentation" | "invalid indentation in flow construct" => {
            let deepest = text.lines().take(line).map(indentation).max().unwrap_or_default();
            let lines = lines_within_brackets(text.lines().skip(line - 1));
            (line..line + lines).map(|line| (line, deepest + 16)).collect()
        }
        // The place is where the quotes open.
        "invalid indentation in quoted scalar" => {
            let lines = lines_within_quotes(text.lines().skip(line - 1), column);
            (line + 1..line + lines).map(|line| (line, column + 1)).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How many of the lines begin within the bracket that the first of them is in, as far as can be told without knowing how
/// many more are open.
fn lines_within_brackets<'t>(lines: impl Iterator<Item = &'t str>) -> usize {
    let mut depth = 1_usize;
    let mut quote = None;
    let mut count = 0;
    for line in lines {
        count += 1;
        let mut before = ' ';
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some('"'), '\\') => drop(chars.next()),
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if before.is_whitespace() || "[{,:".contains(before) => quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None, '[' | '{') => depth += 1,
                (None, ']' | '}') => depth = depth.saturating_sub(1),
                (None, _) => {}
            }
            before = c;
        }
        if depth == 0 {
            break;
        }
    }
    count
}

/// Over how many of the lines a quoted text goes that opens in the first, at the column.
fn lines_within_quotes<'t>(lines: impl Iterator<Item = &'t str>, column: usize) -> usize {
    let mut quote = None;
    let mut count = 0;
    for line in lines {
        count += 1;
        let mut chars = line.chars().skip(if quote.is_none() { column } else { 0 }).peekable();
        if quote.is_none() {
            quote = chars.next();
        }
        while let Some(c) = chars.next() {
            match c {
                '\\' if quote == Some('"') => drop(chars.next()),
                '\'' if quote == Some('\'') && chars.peek() == Some(&'\'') => drop(chars.next()),
                c if Some(c) == quote => return count,
                _ => {}
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::parse;

    #[test]
    fn brackets_may_close_below_their_key() {
        let text = "A:\n  B: {\n    \"x\": [1,\n    2\n  ],\n\"y\": 3\n  }\n  C: [\n    a\n  ]\nD: 4\n";
        assert_eq!(parse(text).unwrap(), json!({"A": {"B": {"x": [1, 2], "y": 3}, "C": ["a"]}, "D": 4}));
        let in_a_list = "A:\n  - b: {\n  c: 1\n}\n    d: 2\n";
        assert_eq!(parse(in_a_list).unwrap(), json!({"A": [{"b": {"c": 1}, "d": 2}]}));
    }

    #[test]
    fn quoted_text_may_go_on_at_the_margin() {
        let text = "A:\n  B: 'it''s\nhere\n\n  and: \"there\"'\n  C: \"say \\\"x\\\"\n y\"\n  D: !Sub '{\n\"a\": 1}'\n";
        let expected = json!({"A": {
            "B": "it's here\nand: \"there\"", "C": "say \"x\" y", "D": {"Fn::Sub": "{ \"a\": 1}"},
        }});
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn blocks_keep_their_indentation_and_errors_their_place() {
        let mapping = "R:\n  B:\n    T: x\n    P:\n        N: t\n      V:\n        S: e\n";
        assert!(parse(mapping).is_err());
        let unclosed = "A:\n  B: [\n  1\n  ], ]\n";
        let message = parse(unclosed).unwrap_err().message;
        assert_eq!(message, "Template format error: YAML not well-formed. (line 4, column 4)");
    }

    #[test]
    fn work_is_bounded() {
        let many = format!("A:\n  B: [\n{}]\n", "1,\n".repeat(20_000));
        assert!(parse(&many).is_ok());
        let brackets = format!("A:\n  B: [\n{}]\n", "{\n},\n".repeat(5_000));
        assert!(parse(&brackets).is_ok());
        let apart = "  B: [\n]\n".repeat(5_000);
        let _ = parse(&format!("A:\n{apart}"));
        let wide = format!("{}B: 'x\n{}'\n", "- ".repeat(100), "y\n".repeat(100_000));
        assert!(Indented::new(&wide).is_none());
    }
}
