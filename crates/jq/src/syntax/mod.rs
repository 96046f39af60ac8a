//! The text of a jq query read into a tree. What this engine leaves out of jq is refused by name.
//!
//! A recursive descent: `operators` from the loosest (`|`) to the tightest (`*`), then `terms`, then `literals`. This file
//! has what they all read with.

mod literals;
mod operators;
mod terms;

use crate::ast::Ast;

/// How many nodes a filter may have: far more than one needs to extract keys, and few enough to never exhaust a stack.
const MAX_NODES: usize = 600;
/// How deep its parentheses, brackets and keywords may be nested.
const MAX_DEPTH: usize = 40;

/// What is read, or what is wrong with the query.
type Result<T> = std::result::Result<T, String>;

/// Reads a whole query.
pub(crate) fn parse(text: &str) -> Result<Ast> {
    let mut parser = Parser { text, at: 0, nodes: 0, depth: 0 };
    let ast = parser.pipe()?;
    parser.space();
    if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(ast) }
}

struct Parser<'a> {
    text: &'a str,
    /// The byte at which reading goes on.
    at: usize,
    /// Nodes read so far.
    nodes: usize,
    depth: usize,
}

impl Parser<'_> {
    /// What has not been read yet.
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let comment = if trimmed.starts_with('#') { trimmed.find('\n').unwrap_or(trimmed.len()) } else { 0 };
            self.at += rest.len() - trimmed.len() + comment;
            if comment == 0 {
                return;
            }
        }
    }

    /// The error for what stands here.
    fn unexpected(&self) -> String {
        match self.rest().chars().next() {
            Some(c) => format!("syntax error, unexpected '{c}' at character {}", self.at + 1),
            None => "syntax error, unexpected end of the query".into(),
        }
    }

    /// Reads this symbol, if it stands here.
    fn eat(&mut self, symbol: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Reads an identifier, if there is one.
    fn word(&mut self) -> Option<&str> {
        self.space();
        let len = identifier(self.rest());
        let word = self.text.get(self.at..self.at + len)?;
        self.at += len;
        (len > 0).then_some(word)
    }

    /// Reads this word, if it stands here.
    fn eat_word(&mut self, wanted: &str) -> bool {
        let before = self.at;
        let found = self.word() == Some(wanted);
        if !found {
            self.at = before;
        }
        found
    }

    fn expect_word(&mut self, wanted: &str) -> Result<()> {
        if self.eat_word(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Counts a node.
    fn node(&mut self, ast: Ast) -> Result<Ast> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err("the jq query is too long".into()) } else { Ok(ast) }
    }

    /// Reads something one level further in.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the jq query is nested too deep".into());
        }
        let result = read(self);
        self.depth -= 1;
        result
    }
}

/// Bytes of the identifier at the start of the text.
fn identifier(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}
