//! Compiles `anything-but`: a value, a list of them, or another operator's values.

use super::compile::{Compiler, TOO_MANY};
use super::number::Number;
use super::rule::Pattern;
use super::tokens::Token;
use super::wildcard::Wildcard;

impl Compiler<'_> {
    /// The value of `anything-but`, to the closing brace of the object that it stands in.
    pub(super) fn read_anything_but(&mut self) -> Result<Pattern, String> {
        let mut token = self.tokens.next();
        let mut inner = None;
        if token == Token::ObjectStart {
            let operator = match self.tokens.next() {
                Token::Name(name) => name,
                _ => return Err(self.fail("Anything-But expression name not found")),
            };
            inner = Some(match operator.as_str() {
                "equals-ignore-case" => Inner::EqualsFold,
                "prefix" => Inner::Prefix,
                "suffix" => Inner::Suffix,
                "wildcard" => Inner::Wildcard,
                other => return Err(self.fail(&format!("Unsupported anything-but pattern: {other}"))),
            });
            token = self.tokens.next();
        }
        let list = match (token, inner) {
            (Token::ArrayStart, None) => self.read_plain_list()?,
            (Token::ArrayStart, Some(inner)) => self.read_inner_list(inner)?,
            (token @ (Token::Str(_) | Token::Number(_)), None) => vec![self.read_plain(token)?],
            (token @ (Token::Str(_) | Token::Number(_)), Some(inner)) => {
                let pattern = self.read_inner_value(token, inner)?;
                vec![pattern.map_err(|e| self.fail(&e))?]
            }
            _ => return Err(self.fail("Value of anything-but must be an array or single string/number value.")),
        };
        self.expect(Token::ObjectEnd, TOO_MANY)?;
        if inner.is_some() {
            self.expect(Token::ObjectEnd, TOO_MANY)?;
        }
        Ok(Pattern::AnythingBut(list))
    }

    fn read_plain(&mut self, token: Token) -> Result<Pattern, String> {
        match token {
            Token::Number(text) => Number::parse(&text)
                .map(Pattern::Number)
                .ok_or_else(|| self.fail(&format!("Cannot compare number : {text}"))),
            token => Ok(Pattern::Str(self.take_string(token).unwrap_or_default().into())),
        }
    }

    /// Errors inside a list carry the place twice: AWS catches and reports them again.
    fn fail_twice(&self, message: &str) -> String {
        self.fail(&self.fail(message))
    }

    fn read_plain_list(&mut self) -> Result<Vec<Pattern>, String> {
        let mut list = Vec::new();
        loop {
            match self.tokens.next() {
                Token::ArrayEnd => break,
                token @ (Token::Str(_) | Token::Number(_)) => list.push(self.read_plain(token)?),
                _ => return Err(self.fail_twice("Inside anything but list, start|null|boolean is not supported.")),
            }
        }
        let numbers = list.iter().filter(|p| matches!(p, Pattern::Number(_))).count();
        if list.is_empty() || (numbers != 0 && numbers != list.len()) {
            return Err(self.fail(
                "Inside anything but list, either all values are number or string, mixed type is not supported",
            ));
        }
        Ok(list)
    }

    fn read_inner_list(&mut self, inner: Inner) -> Result<Vec<Pattern>, String> {
        let mut list = Vec::new();
        loop {
            match self.tokens.next() {
                Token::ArrayEnd => break,
                token => {
                    let value = self.read_inner_value(token, inner);
                    list.push(value.map_err(|e| self.fail(&e))?);
                }
            }
        }
        // A wildcard's syntax is checked only after the whole list is read.
        list.into_iter().map(|p| p.map_err(|e| self.fail(&e))).collect()
    }

    /// The outer error is one of type, the inner one of a wildcard's syntax, without its place.
    fn read_inner_value(&mut self, token: Token, inner: Inner) -> Result<Result<Pattern, String>, String> {
        if !matches!(token, Token::Str(_)) {
            return Err(self.fail(match inner {
                Inner::EqualsFold => {
                    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                }
                Inner::Wildcard => "wildcard match pattern must be a string",
                Inner::Prefix | Inner::Suffix => "prefix/suffix match pattern must be a string",
            }));
        }
        let text = self.take_string(token).unwrap_or_default();
        if text.is_empty() && matches!(inner, Inner::Prefix | Inner::Suffix) {
            return Err(self.fail("Null prefix/suffix not allowed"));
        }
        Ok(match inner {
            Inner::EqualsFold => Ok(Pattern::EqualsFold(Pattern::fold(&text))),
            Inner::Prefix => Ok(Pattern::Prefix(text.into())),
            Inner::Suffix => Ok(Pattern::Suffix(text.into())),
            Inner::Wildcard => Wildcard::parse(&text).map(Pattern::Wildcard),
        })
    }
}

/// What `anything-but` can be applied to besides plain values.
#[derive(Debug, Clone, Copy)]
enum Inner {
    EqualsFold,
    Prefix,
    Suffix,
    Wildcard,
}
