//! The text of a pattern, read as `java.util.regex.Pattern` reads it: alternatives, groups, flags and quantifiers.

use super::flags::Flags;
use crate::class::{Class, Fold, is_line_end};
use crate::lengths::{is_single, of_look_behind};
use crate::node::{Anchor, Greed, Node, Parsed};
use crate::property::{Properties, Reading};

/// How deep groups and classes may be nested.
const MAX_DEPTH: usize = 100;
/// Unicode's version in Java 17 ("java.lang.Character": Unicode 13.0).
const UNICODE: &str = "13.0";

/// A result, or what is wrong with the pattern, in a part of a sentence.
pub(super) type Result<T> = std::result::Result<T, String>;

/// Reads one pattern.
#[derive(Debug)]
pub(super) struct Parser {
    text: Vec<char>,
    at: usize,
    pub(super) flags: Flags,
    pub(super) properties: Properties,
    /// Groups so far, the whole included.
    pub(super) groups: usize,
    /// The names of groups, with their numbers.
    pub(super) names: Vec<(String, usize)>,
    depth: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: unquoted(text),
            at: 0,
            flags: Flags::default(),
            properties: Properties::of(UNICODE),
            groups: 1,
            names: Vec::new(),
            depth: 0,
        }
    }

    /// Reads the whole pattern.
    pub(super) fn pattern(mut self) -> Result<Parsed> {
        let root = self.alternatives()?;
        match self.peek() {
            None => Ok(Parsed { root, groups: self.groups, unicode: UNICODE, keeps: true }),
            Some(_) => Err(self.wrong("an unmatched closing ')'")),
        }
    }

    /// The character that comes next. With flag `x`, spaces and comments are passed over.
    pub(super) fn peek(&mut self) -> Option<char> {
        while self.flags.comments {
            match self.text.get(self.at) {
                Some(' ' | '\t'..='\r') => self.at += 1,
                Some('#') => {
                    let rest = self.text[self.at..].iter();
                    self.at += rest.take_while(|c| !is_line_end(u32::from(**c), self.flags.unix_lines)).count();
                }
                _ => break,
            }
        }
        self.raw()
    }

    /// The character that comes next, whatever it is.
    pub(super) fn raw(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// The character after the next.
    pub(super) fn second(&self) -> Option<char> {
        self.text.get(self.at + 1).copied()
    }

    /// Takes the character that comes next.
    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Takes the next character, whatever it is.
    pub(super) fn next_raw(&mut self) -> Option<char> {
        let c = self.raw()?;
        self.at += 1;
        Some(c)
    }

    /// Where the parser is, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Comes back to where the parser was.
    pub(super) fn back(&mut self, mark: usize) {
        self.at = mark;
    }

    /// Takes the next character if it is this one.
    pub(super) fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += 1;
        }
        found
    }

    /// An error, with where it is.
    pub(super) fn wrong(&self, what: &str) -> String {
        format!("it has {what} near index {}", self.at)
    }

    /// Goes one level deeper.
    pub(super) fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(format!("it is nested deeper than {MAX_DEPTH} levels")) } else { Ok(()) }
    }

    /// Comes back from one.
    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn fold(&self) -> Fold {
        match (self.flags.ignore_case, self.flags.unicode_case) {
            (false, _) => Fold::None,
            (true, false) => Fold::Ascii,
            (true, true) => Fold::Unicode,
        }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading { folds: self.flags.ignore_case, unicode: self.flags.unicode_class }
    }

    fn alternatives(&mut self) -> Result<Node> {
        let mut nodes = vec![self.sequence()?];
        while self.takes('|') {
            nodes.push(self.sequence()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Either(nodes) })
    }

    fn sequence(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            let node = match c {
                '|' | ')' => break,
                '(' => match self.group()? {
                    Some(group) => group,
                    // Flags for what follows.
                    None => continue,
                },
                '[' => Node::One(self.class()?),
                '^' | '$' | '.' => {
                    self.at += 1;
                    self.sign(c)
                }
                '*' | '+' | '?' => return Err(self.wrong(&format!("a dangling meta character '{c}'"))),
                // What is repeated is empty.
                '{' => Node::Empty,
                '\\' => {
                    self.at += 1;
                    self.escape()?
                }
                c => {
                    self.at += 1;
                    self.literal(c, nodes.last())
                }
            };
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::Sequence(nodes))
    }

    /// A character as it is written. Java compares those of a longer text otherwise than one that stands alone.
    fn literal(&mut self, c: char, before: Option<&Node>) -> Node {
        let plain = |c: Option<char>| c.is_some_and(|c| !"\\[]()^$.*+?{}|".contains(c));
        let quantified = |c: Option<char>| c.is_some_and(|c| "*+?{".contains(c));
        let ahead = plain(self.peek()) && !quantified(self.second());
        let behind =
            matches!(before, Some(Node::One(Class::Range(from, to, _))) if from == to) && !quantified(self.peek());
        let fold = match self.fold() {
            Fold::Unicode if ahead || behind => Fold::Text,
            fold => fold,
        };
        Node::One(Class::one(c.into(), fold))
    }

    fn sign(&mut self, sign: char) -> Node {
        let unix = self.flags.unix_lines;
        match sign {
            '^' if self.flags.many_lines => Node::At(Anchor::LineBegin { unix }),
            '^' => Node::At(Anchor::Begin),
            '$' if self.flags.many_lines => Node::At(Anchor::LineEnd { unix }),
            '$' => self.end(),
            _ if self.flags.dot_all => Node::One(Class::of(&[('\0', char::MAX)])),
            _ if unix => Node::One(Class::of(&[('\n', '\n')]).not()),
            _ => {
                let ends = [('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];
                Node::One(Class::of(&ends).not())
            }
        }
    }

    /// The end, or before a line's end that is the last.
    pub(super) fn end(&self) -> Node {
        Node::At(Anchor::End { unix: self.flags.unix_lines })
    }

    /// A quantifier, if one follows.
    fn repeated(&mut self, node: Node) -> Result<Node> {
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => return self.counted(node),
            _ => return Ok(node),
        };
        self.at += 1;
        Ok(self.repeat(node, min, max, false))
    }

    /// The repetition, with the sign behind it that says how.
    fn repeat(&mut self, node: Node, min: u32, max: Option<u32>, counted: bool) -> Node {
        let greed = if self.takes('?') {
            Greed::Lazy
        } else if self.takes('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        Node::Repeat { body: Box::new(once(node, greed, max, counted)), min, max, greed, counted }
    }

    /// `{n}`, `{n,}` or `{n,m}`.
    fn counted(&mut self, node: Node) -> Result<Node> {
        self.at += 1;
        let illegal = |parser: &Self| parser.wrong("an illegal repetition");
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(illegal(self));
        }
        let min = self.count()?;
        let mut max = Some(min);
        if self.peek() == Some(',') {
            self.at += 1;
            max = match self.peek() {
                Some('}') => None,
                Some(c) if c.is_ascii_digit() => Some(self.count()?),
                _ => return Err(illegal(self)),
            };
        }
        if self.next() != Some('}') {
            return Err(self.wrong("an unclosed counted closure"));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.wrong("an illegal repetition range"));
        }
        Ok(self.repeat(node, min, max, true))
    }

    fn count(&mut self) -> Result<u32> {
        let mut count: i32 = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let more = count.checked_mul(10).and_then(|count| count.checked_add_unsigned(digit));
            count = more.ok_or_else(|| self.wrong("an illegal repetition range"))?;
        }
        Ok(count.unsigned_abs())
    }

    /// A group; `None` for flags that hold for what follows.
    fn group(&mut self) -> Result<Option<Node>> {
        self.at += 1;
        let before = self.flags;
        self.deeper()?;
        let node = if self.peek() == Some('?') {
            self.at += 1;
            match self.special_group()? {
                Some(node) => node,
                None => {
                    self.shallower();
                    return Ok(None);
                }
            }
        } else {
            let number = self.new_group();
            Node::Group(self.body()?, number)
        };
        self.flags = before;
        self.shallower();
        Ok(Some(node))
    }

    fn new_group(&mut self) -> usize {
        self.groups += 1;
        self.groups - 1
    }

    /// What stands in a group, and its end.
    fn body(&mut self) -> Result<Box<Node>> {
        let node = self.alternatives()?;
        if self.takes(')') { Ok(Box::new(node)) } else { Err(self.wrong("an unclosed group")) }
    }

    /// A group that begins with `(?`.
    fn special_group(&mut self) -> Result<Option<Node>> {
        let kind = self.next_raw();
        Ok(Some(match kind {
            Some(':') => *self.body()?,
            Some('=') => Node::Ahead { body: self.body()?, negated: false },
            Some('!') => Node::Ahead { body: self.body()?, negated: true },
            Some('>') => Node::Atomic(self.body()?),
            Some('<') => match self.raw() {
                Some(sign @ ('=' | '!')) => {
                    self.at += 1;
                    self.behind(sign == '!')?
                }
                _ => {
                    let name = self.name()?;
                    if self.names.iter().any(|(known, _)| *known == name) {
                        return Err(format!("its group <{name}> is already defined"));
                    }
                    let number = self.new_group();
                    self.names.push((name, number));
                    Node::Group(self.body()?, number)
                }
            },
            None | Some('$' | '@') => return Err(self.wrong("an unknown group type")),
            Some(_) => {
                self.at -= 1;
                return self.flagged();
            }
        }))
    }

    fn behind(&mut self, negated: bool) -> Result<Node> {
        let body = self.body()?;
        match of_look_behind(&body) {
            Some(lengths) => Ok(Node::Behind { body, negated, lengths }),
            None => Err(self.wrong("a look-behind group without an obvious maximum length")),
        }
    }

    /// The name of a group, up to its `>`.
    pub(super) fn name(&mut self) -> Result<String> {
        let mut name = String::new();
        loop {
            match self.next_raw() {
                Some('>') if !name.is_empty() => return Ok(name),
                Some(c) if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty()) => name.push(c),
                _ if name.is_empty() => {
                    return Err(self.wrong("a capturing group name that doesn't start with a letter"));
                }
                _ => return Err(self.wrong("a named capturing group without its '>'")),
            }
        }
    }

    /// Flags, for a group or for all that follows.
    fn flagged(&mut self) -> Result<Option<Node>> {
        let mut on = true;
        loop {
            match self.next() {
                Some('-') if on => on = false,
                Some(')') => return Ok(None),
                Some(':') => return self.body().map(|body| Some(*body)),
                Some(letter) if self.flags.set(letter, on) => {}
                _ => return Err(self.wrong("an unknown inline modifier")),
            }
        }
    }
}

/// What is repeated. Java doesn't go back into one round of what it takes to match in one way only: in `\R{2}` a CR LF stays one, and what
/// a group within the round matched stays when the search goes back over it. What a group is that is repeated itself goes.
fn once(node: Node, greed: Greed, max: Option<u32>, counted: bool) -> Node {
    let optional = max == Some(1) && !counted && greed != Greed::Possessive;
    let is_whole = |node: &Node| !optional && shows_rounds(node) && is_single(node);
    match node {
        Node::LineEnd => Node::Atomic(Box::new(node)),
        Node::Group(body, number) if is_whole(&body) => Node::Group(Box::new(Node::Atomic(body)), number),
        node if !matches!(node, Node::Group(..)) && is_whole(&node) => Node::Atomic(Box::new(node)),
        node => node,
    }
}

/// Whether it can be seen that a round isn't gone back into.
fn shows_rounds(node: &Node) -> bool {
    has_line_end(node) || has_group(node)
}

fn has_group(node: &Node) -> bool {
    match node {
        Node::Group(..) => true,
        Node::Atomic(body) | Node::Repeat { body, .. } | Node::Ahead { body, .. } | Node::Behind { body, .. } => {
            has_group(body)
        }
        Node::Sequence(nodes) | Node::Either(nodes) => nodes.iter().any(has_group),
        _ => false,
    }
}

fn has_line_end(node: &Node) -> bool {
    match node {
        Node::LineEnd => true,
        Node::Group(body, _) | Node::Atomic(body) | Node::Repeat { body, .. } => has_line_end(body),
        Node::Sequence(nodes) | Node::Either(nodes) => nodes.iter().any(has_line_end),
        _ => false,
    }
}

/// The text with what stands between `\Q` and `\E` escaped.
fn unquoted(text: &str) -> Vec<char> {
    let mut plain = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        if chars.next_if_eq(&'Q').is_none() {
            plain.push(c);
            plain.extend(chars.next());
            continue;
        }
        let mut first = true;
        while let Some(quoted) = chars.next() {
            if quoted == '\\' && chars.next_if_eq(&'E').is_some() {
                break;
            }
            match quoted {
                // A digit could be taken for a part of what stands before.
                '0'..='9' if first => plain.extend(['\\', 'x', '3', quoted]),
                c if c.is_ascii() && !c.is_ascii_alphanumeric() => plain.extend(['\\', c]),
                c => plain.push(c),
            }
            first = false;
        }
    }
    plain
}
