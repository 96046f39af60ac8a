//! Oniguruma's regular expressions in the syntax of Perl with named groups, as jq uses them.
//!
//! Not supported, and refused by name: calls of groups (`\g<..>`, `(?R)`), conditions (`(?(1)..)`), absence (`(?~..)`), boundaries
//! of grapheme clusters (`\y`, `\Y`). Upper and lower case are the same as one character is to another: `ß` isn't `SS`.

mod classes;
mod escapes;

use crate::class::{Class, Fold};
use crate::node::{Anchor, Greed, Node, Parsed};
use crate::property::Properties;

/// How deep groups may be nested.
const MAX_DEPTH: usize = 100;
/// Unicode's version in Oniguruma 6.9.8, the one that Debian's jq 1.6 uses.
const UNICODE: &str = "14.0";
/// The largest bound of a repetition.
const MAX_REPEAT: u32 = 100_000;

/// A result, or Oniguruma's text for what is wrong.
type Result<T> = std::result::Result<T, String>;

/// What holds for a pattern from outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Upper and lower case are the same.
    pub ignore_case: bool,
    /// Spaces and comments in the pattern are passed over.
    pub extended: bool,
    /// `.` has line ends as well.
    pub dot_all: bool,
    /// A match has a character at least.
    pub not_empty: bool,
}

#[derive(Debug, Clone, Copy)]
struct Flags {
    ignore_case: bool,
    extended: bool,
    dot_all: bool,
    many_lines: bool,
}

/// Reads a pattern; the names of its groups come with it.
pub(crate) fn read(text: &str, options: Options) -> Result<(Parsed, Vec<(String, usize)>)> {
    let flags = Flags {
        ignore_case: options.ignore_case,
        extended: options.extended,
        dot_all: options.dot_all,
        many_lines: false,
    };
    let text: Vec<char> = text.chars().collect();
    let names = names(&text);
    let mut parser = Parser { text, at: 0, flags, properties: Properties::of(UNICODE), groups: 1, names, depth: 0 };
    let root = parser.alternatives()?;
    if parser.raw().is_some() {
        return Err("unmatched close parenthesis".into());
    }
    if let Some(number) = parser.highest(&root).filter(|number| *number >= parser.groups) {
        return Err(format!("invalid backref number/name <{number}>"));
    }
    Ok((Parsed { root, groups: parser.groups, unicode: UNICODE, keeps: false }, parser.names))
}

struct Parser {
    text: Vec<char>,
    at: usize,
    flags: Flags,
    properties: Properties,
    /// Groups so far, the whole included.
    groups: usize,
    names: Vec<(String, usize)>,
    depth: usize,
}

impl Parser {
    fn raw(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn second(&self) -> Option<char> {
        self.text.get(self.at + 1).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.raw()?;
        self.at += 1;
        Some(c)
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.raw() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Whether these characters stand here.
    fn stands(&self, wanted: &str) -> bool {
        wanted.chars().enumerate().all(|(index, c)| self.text.get(self.at + index) == Some(&c))
    }

    fn fold(&self) -> Fold {
        if self.flags.ignore_case { Fold::Unicode } else { Fold::None }
    }

    /// Passes over comments, and over spaces if they don't count.
    fn space(&mut self) -> Result<()> {
        loop {
            if self.stands("(?#") {
                while self.raw() != Some(')') {
                    if self.raw() == Some('\\') {
                        self.at += 1;
                    }
                    if self.next().is_none() {
                        return Err("end pattern in group".into());
                    }
                }
                self.at += 1;
                continue;
            }
            match self.raw() {
                Some(' ' | '\t'..='\r') if self.flags.extended => self.at += 1,
                Some('#') if self.flags.extended => while self.next().is_some_and(|c| c != '\n') {},
                _ => return Ok(()),
            }
        }
    }

    fn alternatives(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too deep nest level".into());
        }
        let before = self.flags;
        let mut nodes = vec![self.sequence()?];
        while self.takes('|') {
            nodes.push(self.sequence()?);
        }
        self.flags = before;
        self.depth -= 1;
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Either(nodes) })
    }

    fn sequence(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        loop {
            self.space()?;
            let Some(c) = self.raw() else { break };
            let node = match c {
                '|' | ')' => break,
                '(' => match self.group()? {
                    Some(group) => group,
                    // Flags for what follows.
                    None => continue,
                },
                '[' => {
                    self.at += 1;
                    Node::One(self.class()?)
                }
                '*' | '+' | '?' => return Err("target of repeat operator is not specified".into()),
                '\\' => {
                    self.at += 1;
                    self.escape()?
                }
                c => {
                    self.at += 1;
                    self.sign(c)
                }
            };
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::Sequence(nodes))
    }

    fn sign(&self, sign: char) -> Node {
        match sign {
            '^' if self.flags.many_lines => Node::At(Anchor::LineBegin { unix: true }),
            '^' => Node::At(Anchor::Begin),
            '$' if self.flags.many_lines => Node::At(Anchor::LineEnd { unix: true }),
            '$' => Node::At(Anchor::End { unix: true }),
            '.' if self.flags.dot_all => Node::One(Class::of(&[('\0', char::MAX)])),
            '.' => Node::One(Class::of(&[('\n', '\n')]).not()),
            c => Node::One(Class::one(c.into(), self.fold())),
        }
    }

    /// Quantifiers, as many as follow.
    fn repeated(&mut self, mut node: Node) -> Result<Node> {
        loop {
            self.space()?;
            let (min, max, counted) = match self.raw() {
                Some('?') => (0, Some(1), false),
                Some('*') => (0, None, false),
                Some('+') => (1, None, false),
                Some('{') => match self.counts()? {
                    Some((min, max)) => (min, max, true),
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += usize::from(!counted);
            let greed = if self.takes('?') {
                Greed::Lazy
            } else if !counted && self.takes('+') {
                Greed::Possessive
            } else {
                Greed::Greedy
            };
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("too deep nest level".into());
            }
            node = Node::Repeat { body: Box::new(node), min, max, greed, counted };
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else is no quantifier.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>> {
        let begin = self.at;
        self.at += 1;
        let Some(min) = self.count()? else {
            self.at = begin;
            return Ok(None);
        };
        let max = if self.takes(',') { self.count()? } else { Some(min) };
        if !self.takes('}') {
            self.at = begin;
            return Ok(None);
        }
        match max {
            Some(max) if max < min => Ok(Some((max, Some(min)))),
            max => Ok(Some((min, max))),
        }
    }

    fn count(&mut self) -> Result<Option<u32>> {
        let mut count = None;
        while let Some(digit) = self.raw().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let more = count.unwrap_or(0) * 10 + digit;
            if more > MAX_REPEAT {
                return Err("too big number for repeat range".into());
            }
            count = Some(more);
        }
        Ok(count)
    }

    /// A group; `None` for flags that hold for what follows.
    fn group(&mut self) -> Result<Option<Node>> {
        self.at += 1;
        if !self.takes('?') {
            let number = self.new_group();
            return Ok(Some(Node::Group(self.body()?, number)));
        }
        let unsupported = |what: &str| Err(format!("{what} is not supported here"));
        match self.next() {
            None => Err("end pattern in group".into()),
            Some(':') => Ok(Some(*self.body()?)),
            Some('=') => Ok(Some(Node::Ahead { body: self.body()?, negated: false })),
            Some('!') => Ok(Some(Node::Ahead { body: self.body()?, negated: true })),
            Some('>') => Ok(Some(Node::Atomic(self.body()?))),
            Some('~') => unsupported("an absence (?~..)"),
            Some('(') => unsupported("a condition (?(..)..)"),
            Some('R' | '&' | '0'..='9' | '+') => unsupported("a call of a group (?..)"),
            Some('<') if matches!(self.raw(), Some('=' | '!')) => {
                let negated = self.next() == Some('!');
                let body = self.body()?;
                let (min, max) = body.lengths();
                Ok(Some(Node::Behind { body, negated, lengths: (min, max.unwrap_or(usize::MAX)) }))
            }
            Some(open @ ('<' | '\'')) => {
                self.name(if open == '<' { '>' } else { '\'' })?;
                let number = self.new_group();
                Ok(Some(Node::Group(self.body()?, number)))
            }
            Some('-') if !self.raw().is_some_and(|c| c.is_ascii_digit()) => Err("invalid group name <>".into()),
            Some(_) => {
                self.at -= 1;
                self.flagged()
            }
        }
    }

    fn new_group(&mut self) -> usize {
        self.groups += 1;
        self.groups - 1
    }

    fn body(&mut self) -> Result<Box<Node>> {
        let node = self.alternatives()?;
        if self.takes(')') { Ok(Box::new(node)) } else { Err("end pattern with unmatched parenthesis".into()) }
    }

    /// Flags, for a group or for all that follows.
    fn flagged(&mut self) -> Result<Option<Node>> {
        let (before, mut on) = (self.flags, true);
        loop {
            match self.next() {
                Some('-') => on = false,
                Some('i') => self.flags.ignore_case = on,
                Some('x') => self.flags.extended = on,
                Some('s') => self.flags.dot_all = on,
                Some('m') => self.flags.many_lines = on,
                Some(')') => return Ok(None),
                Some(':') => {
                    let body = self.body()?;
                    self.flags = before;
                    return Ok(Some(*body));
                }
                None => return Err("end pattern in group".into()),
                Some(_) => return Err("undefined group option".into()),
            }
        }
    }

    /// A name up to its end.
    fn name(&mut self, end: char) -> Result<String> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => break,
                Some(')') | None => return Err(format!("invalid group name <{name}>")),
                Some(c) => name.push(c),
            }
        }
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() {
            return Err("group name is empty".into());
        }
        if !name.chars().all(word) {
            return Err(format!("invalid char in group name <{name}>"));
        }
        Ok(name)
    }

    /// The highest number of a group that is asked for again.
    fn highest(&self, node: &Node) -> Option<usize> {
        match node {
            Node::Again(number, _) => Some(*number),
            Node::Sequence(nodes) | Node::Either(nodes) => nodes.iter().filter_map(|node| self.highest(node)).max(),
            Node::Group(body, _)
            | Node::Atomic(body)
            | Node::Repeat { body, .. }
            | Node::Ahead { body, .. }
            | Node::Behind { body, .. } => self.highest(body),
            _ => None,
        }
    }
}

/// The names of groups with their numbers, wherever they stand: a name may be asked for before its group.
fn names(text: &[char]) -> Vec<(String, usize)> {
    let (mut names, mut groups, mut at, mut in_class) = (Vec::new(), 0, 0, false);
    while let Some(c) = text.get(at) {
        let after = text.get(at + 1..).unwrap_or_default();
        match c {
            '\\' => at += 1,
            '[' if !in_class => {
                in_class = true;
                at += usize::from(after.first() == Some(&'^'));
                at += usize::from(text.get(at + 1) == Some(&']'));
            }
            ']' => in_class = false,
            '(' if !in_class => match after {
                ['?', '<', first, ..] if !matches!(first, '=' | '!') => {
                    groups += 1;
                    names.push((after[2..].iter().take_while(|c| **c != '>').collect(), groups));
                }
                ['?', '\'', ..] => {
                    groups += 1;
                    names.push((after[2..].iter().take_while(|c| **c != '\'').collect(), groups));
                }
                ['?', ..] => {}
                _ => groups += 1,
            },
            _ => {}
        }
        at += 1;
    }
    names
}
