//! The text of a jq query read into a tree. What this engine leaves out of jq is refused by name.
//!
//! A recursive descent: `operators` from the loosest (`|`) to the tightest (`*`), `statements` for what begins with a word,
//! `terms`, `patterns` and `literals`; `scope` resolves names. This file has what they all read with.

mod literals;
mod operators;
mod patterns;
mod scope;
mod statements;
mod terms;

use crate::ast::{Ast, Definition};
use scope::Scope;

pub(crate) use scope::Globals;

/// How many nodes a filter may have: a query of Firehose has at most 5,120 characters.
const MAX_NODES: usize = 2_500;
/// How deep its parentheses, brackets and keywords may be nested.
const MAX_DEPTH: usize = 60;

/// What is read, or what is wrong with the query.
type Result<T> = std::result::Result<T, String>;

/// Words that are no names of functions.
const KEYWORDS: [&str; 19] = [
    "__loc__", "and", "as", "catch", "def", "elif", "else", "end", "foreach", "if", "import", "include", "label",
    "module", "or", "reduce", "then", "try", "break",
];

/// Reads a whole query.
pub(crate) fn parse(text: &str, globals: &Globals) -> Result<Ast> {
    let mut parser = Parser::new(text, globals);
    for word in ["module", "import", "include"] {
        if parser.at_word(word) {
            return Err(format!("{word} is not supported in the jq query"));
        }
    }
    let ast = parser.program()?;
    parser.space();
    if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(ast) }
}

/// Reads definitions for all queries, each of which may use those before it and itself.
pub(crate) fn define(text: &str, globals: &mut Globals) -> Result<Vec<Definition>> {
    let (mut definitions, mut at) = (Vec::new(), 0);
    loop {
        let (name, parameters) = {
            let mut parser = Parser { at, ..Parser::new(text, globals) };
            if !parser.eat_word("def") {
                parser.space();
                return if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(definitions) };
            }
            let head = parser.head()?;
            at = parser.at;
            head
        };
        globals.add(&name, parameters.len(), definitions.len());
        let mut parser = Parser { at, ..Parser::new(text, globals) };
        definitions.push(parser.body(parameters)?);
        at = parser.at;
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The byte at which reading goes on.
    at: usize,
    /// Nodes read so far.
    nodes: usize,
    depth: usize,
    /// What the query has defined so far.
    scope: Scope,
    globals: &'a Globals,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, globals: &'a Globals) -> Self {
        Self { text, at: 0, nodes: 0, depth: 0, scope: Scope::default(), globals }
    }

    /// What has not been read yet.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\n', '\t', '\r']);
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

    /// Whether this symbol stands here.
    fn at_symbol(&mut self, symbol: &str) -> bool {
        self.space();
        self.rest().starts_with(symbol)
    }

    /// Reads this symbol, if it stands here.
    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Reads a `?` that makes what stands before it optional, if one stands here; `?//` is another sign.
    fn eat_question(&mut self) -> bool {
        !self.at_symbol("?//") && self.eat("?")
    }

    /// Reads an identifier, if there is one.
    fn word(&mut self) -> Option<&'a str> {
        self.space();
        let len = identifier(self.rest());
        let word = self.text.get(self.at..self.at + len)?;
        self.at += len;
        (len > 0).then_some(word)
    }

    /// Reads an identifier that is no keyword.
    fn name(&mut self) -> Result<&'a str> {
        let before = self.at;
        match self.word() {
            Some(word) if !KEYWORDS.contains(&word) => Ok(word),
            _ => {
                self.at = before;
                Err(self.unexpected())
            }
        }
    }

    /// Whether this word stands here.
    fn at_word(&mut self, wanted: &str) -> bool {
        let before = self.at;
        let found = self.word() == Some(wanted);
        self.at = before;
        found
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
