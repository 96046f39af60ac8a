//! Reads conditions on JSON: `($.a = "x" && $.b[0].c >= 5) || $.d NOT EXISTS`; `&&` binds closer than `||`.

use super::json::{Comparison, Condition, Step, Test};
use super::regex;
use super::terms::unquote;
use text::glob::Glob;

/// Parentheses within each other.
const MAX_DEPTH: usize = 50;

/// Reads what stands between the braces of a pattern.
///
/// # Errors
/// What is wrong with it.
pub(super) fn condition(text: &str) -> Result<Condition, String> {
    let mut parser = Parser { rest: text };
    let condition = parser.any(0)?;
    match parser.skip_blanks() {
        "" => Ok(condition),
        rest => Err(format!("'{}' is not expected", shortened(rest))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn skip_blanks(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// Takes a text if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let after = self.skip_blanks().strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes so many bytes.
    fn take_bytes(&mut self, count: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// Conditions between `||`.
    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut conditions = vec![self.all(depth)?];
        while self.take("||") {
            conditions.push(self.all(depth)?);
        }
        Ok(Condition::Or(conditions))
    }

    /// Conditions between `&&`.
    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut conditions = vec![self.one(depth)?];
        while self.take("&&") {
            conditions.push(self.one(depth)?);
        }
        Ok(Condition::And(conditions))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if !self.take("(") {
            let selector = self.selector()?;
            return Ok(Condition::Is(selector, self.test()?));
        }
        if depth == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} parentheses within each other"));
        }
        let condition = self.any(depth + 1)?;
        if self.take(")") { Ok(condition) } else { Err("a ')' is missing".to_owned()) }
    }

    /// `$.a.b[0]`, `$.["a b"]`, `$.a[*]`.
    fn selector(&mut self) -> Result<Vec<Step>, String> {
        if !self.take("$") {
            return Err(format!("a selector such as $.name is expected at '{}'", shortened(self.rest)));
        }
        let mut steps = Vec::new();
        loop {
            if self.rest.starts_with(".[") {
                self.take_bytes(1);
            }
            if let Some(inner) = self.rest.strip_prefix('[') {
                let (step, rest) = bracketed(inner)?;
                steps.push(step);
                self.rest = rest;
            } else if let Some(after) = self.rest.strip_prefix('.') {
                self.rest = after;
                let end = after.find(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).unwrap_or(after.len());
                match self.take_bytes(end) {
                    "" => return Err(format!("a property's name is missing at '{}'", shortened(after))),
                    name => steps.push(Step::Member(name.to_owned())),
                }
            } else if steps.is_empty() {
                return Err("a property's name is missing behind $".to_owned());
            } else {
                return Ok(steps);
            }
        }
    }

    /// What is asked of what the selector finds.
    fn test(&mut self) -> Result<Test, String> {
        match self.word().to_ascii_uppercase().as_str() {
            "IS" => {
                return match self.word().to_ascii_uppercase().as_str() {
                    "NULL" => Ok(Test::Null),
                    "TRUE" => Ok(Test::Truth(true)),
                    "FALSE" => Ok(Test::Truth(false)),
                    other => Err(format!("NULL, TRUE or FALSE is expected instead of '{}'", shortened(other))),
                };
            }
            "NOT" => {
                return match self.word().to_ascii_uppercase().as_str() {
                    "EXISTS" => Ok(Test::NotExists),
                    other => Err(format!("EXISTS is expected instead of '{}'", shortened(other))),
                };
            }
            _ => {}
        }
        for (sign, comparison) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.take(sign) {
                self.skip_blanks();
                let text = self.bare();
                let number = number(text).ok_or_else(|| format!("'{}' is not a number", shortened(text)))?;
                return Ok(Test::Compares(comparison, number));
            }
        }
        let not = self.take("!=");
        if !not && !self.take("=") {
            return Err(format!("an operator is expected at '{}'", shortened(self.rest)));
        }
        self.value(not)
    }

    /// What is compared with.
    fn value(&mut self, not: bool) -> Result<Test, String> {
        self.skip_blanks();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = unquote(quoted)?;
            self.rest = rest;
            return Ok(Test::Equals { text: Glob::parse_stars(&text), number: None, not });
        }
        if let Some(inner) = self.rest.strip_prefix('%') {
            let (inner, rest) = inner.split_once('%').ok_or("a % is missing behind a regular expression")?;
            self.rest = rest;
            return Ok(Test::Regex { regex: regex(inner)?, not });
        }
        let text = self.bare();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.*+:/".contains(c);
        match text {
            "" => Err(format!("a value is missing at '{}'", shortened(self.rest))),
            text if !text.chars().all(fits) => {
                Err(format!("Invalid character(s) in term '{}': put it in double quotes", shortened(text)))
            }
            text => Ok(Test::Equals { text: Glob::parse_stars(text), number: number(text), not }),
        }
    }

    /// Letters that come next.
    fn word(&mut self) -> &'t str {
        let rest = self.skip_blanks();
        self.take_bytes(rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()))
    }

    /// What comes next, up to what can't be part of a value without quotation marks.
    fn bare(&mut self) -> &'t str {
        let ends = |c: char| c.is_whitespace() || "()&|".contains(c);
        self.take_bytes(self.rest.find(ends).unwrap_or(self.rest.len()))
    }
}

/// The step in brackets, and what follows them.
fn bracketed(text: &str) -> Result<(Step, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = unquote(quoted)?;
        let rest = rest.strip_prefix(']').ok_or("a ']' is missing")?;
        return Ok((Step::Member(name), rest));
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        let (name, rest) = quoted.split_once("']").ok_or("a \"']\" is missing")?;
        return Ok((Step::Member(name.to_owned()), rest));
    }
    let (inner, rest) = text.split_once(']').ok_or("a ']' is missing")?;
    match inner.trim() {
        "*" => Ok((Step::Items, rest)),
        inner => match inner.parse() {
            Ok(at) => Ok((Step::Item(at), rest)),
            Err(_) => Err(format!("'[{}]' is no place in an array", shortened(inner))),
        },
    }
}

/// A number as patterns have it: a sign, digits, a fraction, an exponent.
fn number(text: &str) -> Option<f64> {
    let fits = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    text.parse().ok().filter(|number: &f64| text.chars().all(fits) && number.is_finite())
}
