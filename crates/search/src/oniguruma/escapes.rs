//! What a backslash makes of the characters behind it.

use super::{Parser, Result};
use crate::class::Class;
use crate::node::{Anchor, Node};
use crate::property::Reading;

/// What a backslash gives, outside of a class and inside.
pub(super) enum Escape {
    Char(u32),
    Class(Class),
    /// Only outside of a class.
    Node(Node),
}

impl Parser {
    /// What the characters behind a backslash stand for, outside of a class.
    pub(super) fn escape(&mut self) -> Result<Node> {
        if self.takes('Q') {
            let mut nodes = Vec::new();
            while !self.stands("\\E") {
                match self.next() {
                    Some(c) => nodes.push(Node::One(Class::one(c.into(), self.fold()))),
                    None => return Ok(Node::Sequence(nodes)),
                }
            }
            self.at += 2;
            // A quantifier behind it repeats the last character.
            if let Some(last) = nodes.pop() {
                nodes.push(self.repeated(last)?);
            }
            return Ok(Node::Sequence(nodes));
        }
        Ok(match self.escaped(false)? {
            Escape::Char(c) => Node::One(Class::one(c, self.fold())),
            Escape::Class(class) => Node::One(class),
            Escape::Node(node) => node,
        })
    }

    /// What the characters behind a backslash stand for.
    pub(super) fn escaped(&mut self, in_class: bool) -> Result<Escape> {
        let Some(c) = self.next() else { return Err("end pattern at escape".into()) };
        let reading = Reading { folds: false, unicode: true };
        Ok(match c {
            'a' => Escape::Char(0x07),
            'e' => Escape::Char(0x1B),
            'f' => Escape::Char(0x0C),
            'n' => Escape::Char(0x0A),
            'r' => Escape::Char(0x0D),
            't' => Escape::Char(0x09),
            'b' if in_class => Escape::Char(0x08),
            'd' | 's' | 'w' => Escape::Class(self.properties.letter(c, reading)),
            'D' | 'S' | 'W' => Escape::Class(self.properties.letter(c.to_ascii_lowercase(), reading).not()),
            'p' | 'P' if self.raw() == Some('{') => Escape::Class(self.property(c == 'P')?),
            'x' => Escape::Char(self.hexadecimal()?),
            '0' => Escape::Char(self.octal(0, 2)),
            '1'..='9' if !in_class => self.number(c)?,
            '1'..='7' => Escape::Char(self.octal(c.to_digit(8).unwrap_or_default(), 2)),
            'c' => match self.next() {
                Some(c) => Escape::Char(u32::from(c) & 0x9F),
                None => return Err("end pattern at control".into()),
            },
            c if in_class => Escape::Char(c.into()),
            'y' | 'Y' => return Err(format!("a boundary of grapheme clusters (\\{c}) is not supported here")),
            'g' if matches!(self.raw(), Some('<' | '\'')) => {
                return Err("a call of a group (\\g) is not supported here".into());
            }
            'k' if matches!(self.raw(), Some('<' | '\'')) => Escape::Node(self.again()?),
            'A' => Escape::Node(Node::At(Anchor::Begin)),
            'B' => Escape::Node(Node::At(Anchor::NotWord { unicode: true })),
            'b' => Escape::Node(Node::At(Anchor::Word { unicode: true })),
            'G' => Escape::Node(Node::At(Anchor::Start)),
            'K' => Escape::Node(Node::Keep),
            'N' => Escape::Class(Class::of(&[('\n', '\n')]).not()),
            'O' => Escape::Class(Class::of(&[('\0', char::MAX)])),
            'R' => Escape::Node(Node::Atomic(Box::new(Node::LineEnd))),
            'X' => Escape::Node(Node::Cluster),
            'Z' => Escape::Node(Node::At(Anchor::End { unix: true })),
            'z' => Escape::Node(Node::At(Anchor::VeryEnd)),
            c => Escape::Char(c.into()),
        })
    }

    /// `\x`, then `{h..h}` or up to two digits.
    fn hexadecimal(&mut self) -> Result<u32> {
        let braced = self.takes('{');
        let begin = self.at;
        let mut value: u32 = 0;
        while let Some(digit) = self.raw().and_then(|c| c.to_digit(16)) {
            if !braced && self.at == begin + 2 {
                break;
            }
            value = value.saturating_mul(16).saturating_add(digit);
            if value > char::MAX.into() {
                return Err("too big wide-char value".into());
            }
            self.at += 1;
        }
        if braced && (self.at == begin || !self.takes('}')) {
            return Err("invalid code point value".into());
        }
        Ok(value)
    }

    /// Octal digits, so many more at most.
    fn octal(&mut self, first: u32, more: usize) -> u32 {
        let mut value = first;
        for _ in 0..more {
            match self.raw().and_then(|c| c.to_digit(8)) {
                Some(digit) => value = value * 8 + digit,
                None => break,
            }
            self.at += 1;
        }
        value & 0xFF
    }

    /// A group once more by its number, or an octal number where there are fewer groups.
    fn number(&mut self, first: char) -> Result<Escape> {
        let begin = self.at;
        let mut number = first.to_digit(10).unwrap_or_default() as usize;
        while let Some(digit) = self.raw().and_then(|c| c.to_digit(10)) {
            number = number * 10 + digit as usize;
            self.at += 1;
            if number > 1_000 {
                break;
            }
        }
        if number <= 9 || number < self.groups {
            return Ok(Escape::Node(Node::Again(number, self.fold())));
        }
        self.at = begin;
        match first {
            '8' | '9' => Ok(Escape::Char(first.into())),
            digit => Ok(Escape::Char(self.octal(digit.to_digit(8).unwrap_or_default(), 2))),
        }
    }

    /// A group once more by its name; of several with the name the last that matched.
    fn again(&mut self) -> Result<Node> {
        let end = if self.next() == Some('<') { '>' } else { '\'' };
        let begin = self.at;
        let number: String = self.text[begin..].iter().take_while(|c| **c != end).collect();
        if let Ok(number) = number.parse::<usize>() {
            self.at = begin + self.text[begin..].iter().take_while(|c| **c != end).count() + 1;
            return Ok(Node::Again(number, self.fold()));
        }
        let name = self.name(end)?;
        let fold = self.fold();
        let found = self.names.iter().rev().filter(|(known, _)| *known == name);
        let mut nodes: Vec<Node> = found.map(|(_, number)| Node::Again(*number, fold)).collect();
        match nodes.len() {
            0 => Err(format!("undefined name <{name}> reference")),
            1 => Ok(nodes.remove(0)),
            _ => Ok(Node::Either(nodes)),
        }
    }

    /// `{..}` behind `\p`.
    fn property(&mut self, mut negated: bool) -> Result<Class> {
        self.at += 1;
        if self.takes('^') {
            negated = !negated;
        }
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                Some(c) => name.push(c),
                None => return Err(format!("invalid character property name {{{name}}}")),
            }
        }
        match self.properties.of_unicode(&name) {
            Some(class) => Ok(class.negated(negated)),
            None => Err(format!("invalid character property name {{{name}}}")),
        }
    }
}
