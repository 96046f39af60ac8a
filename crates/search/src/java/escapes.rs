//! What a backslash makes of the characters behind it.

use super::parse::{Parser, Result};
use crate::class::Class;
use crate::node::{Anchor, Node};

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
        Ok(match self.escaped(false)? {
            Escape::Char(c) => Node::One(Class::one(c, self.fold())),
            Escape::Class(class) => Node::One(class),
            Escape::Node(node) => node,
        })
    }

    /// What the characters behind a backslash stand for.
    pub(super) fn escaped(&mut self, in_class: bool) -> Result<Escape> {
        let illegal = |parser: &Self| parser.wrong("an illegal or unsupported escape sequence");
        let Some(c) = self.next_raw() else { return Err(illegal(self)) };
        let control = match c {
            'a' => Some(0x07),
            'e' => Some(0x1B),
            'f' => Some(0x0C),
            'n' => Some(0x0A),
            'r' => Some(0x0D),
            't' => Some(0x09),
            _ => None,
        };
        if let Some(control) = control {
            return Ok(Escape::Char(control));
        }
        Ok(match c {
            'd' | 'h' | 's' | 'v' | 'w' => Escape::Class(self.properties.letter(c, self.reading())),
            'D' | 'H' | 'S' | 'V' | 'W' => {
                Escape::Class(self.properties.letter(c.to_ascii_lowercase(), self.reading()).not())
            }
            'p' | 'P' => Escape::Class(self.property(c == 'P')?),
            '0' => Escape::Char(self.octal()?),
            'x' => Escape::Char(self.hexadecimal()?),
            'u' => Escape::Char(self.unicode()?),
            'c' => match self.next_raw() {
                Some(letter) => Escape::Char(u32::from(letter) ^ 64),
                None => return Err(self.wrong("an illegal control escape sequence")),
            },
            'N' => return Err(self.wrong("a character's name (\\N), which is not supported here,")),
            'X' if !in_class => Escape::Node(Node::Cluster),
            '1'..='9' | 'A' | 'B' | 'G' | 'R' | 'Z' | 'b' | 'k' | 'z' if !in_class => Escape::Node(self.node(c)?),
            c if c.is_ascii_alphanumeric() => return Err(illegal(self)),
            c => Escape::Char(c.into()),
        })
    }

    /// What has a meaning outside of classes only.
    fn node(&mut self, c: char) -> Result<Node> {
        let unicode = self.reading().unicode;
        Ok(match c {
            'A' | 'G' => Node::At(Anchor::Begin),
            'B' => Node::At(Anchor::NotWord { unicode }),
            'b' if (self.raw(), self.second()) == (Some('{'), Some('g')) => {
                self.back(self.mark() + 2);
                if self.next_raw() != Some('}') {
                    return Err(self.wrong("an illegal or unsupported escape sequence"));
                }
                // Between two characters that one cluster has there is no boundary.
                let cluster = Box::new(Node::Cluster);
                let end = Node::Behind { body: cluster, negated: false, lengths: (1, 1) };
                Node::Either(vec![Node::At(Anchor::Begin), Node::At(Anchor::VeryEnd), end])
            }
            'b' => Node::At(Anchor::Word { unicode }),
            'R' => Node::LineEnd,
            'Z' => self.end(),
            'z' => Node::At(Anchor::VeryEnd),
            'k' => {
                if self.next_raw() != Some('<') {
                    return Err(self.wrong("a \\k without '<' for a named capturing group"));
                }
                let name = self.name()?;
                match self.names.iter().find(|(known, _)| *known == name) {
                    Some((_, number)) => Node::Again(*number, self.fold()),
                    None => return Err(format!("its named capturing group <{name}> does not exist")),
                }
            }
            digit => Node::Again(self.number(digit), self.fold()),
        })
    }

    /// The number of a group: more digits belong to it as long as there are that many groups.
    fn number(&mut self, digit: char) -> usize {
        let mut number = digit.to_digit(10).unwrap_or_default() as usize;
        while let Some(next) = self.raw().and_then(|c| c.to_digit(10)) {
            let longer = number * 10 + next as usize;
            if longer >= self.groups {
                break;
            }
            self.next_raw();
            number = longer;
        }
        number
    }

    /// `\pL`, `\p{..}`, and their opposites.
    fn property(&mut self, negated: bool) -> Result<Class> {
        let mut name = String::new();
        match self.next() {
            Some('{') => loop {
                match self.next_raw() {
                    Some('}') => break,
                    Some(c) => name.push(c),
                    None => return Err(self.wrong("an unclosed character family")),
                }
            },
            Some(c) => name.push(c),
            None => return Err(self.wrong("an empty character family")),
        }
        if name.is_empty() {
            return Err(self.wrong("an empty character family"));
        }
        let reading = self.reading();
        Ok(self.properties.named(&name, reading)?.negated(negated))
    }

    /// `\0n`, `\0nn` or `\0mnn`.
    fn octal(&mut self) -> Result<u32> {
        let mut value = 0;
        let mut digits = 0;
        while let Some(digit) = self.raw().and_then(|c| c.to_digit(8)) {
            if digits == 3 || value * 8 + digit > 0o377 {
                break;
            }
            self.next_raw();
            (value, digits) = (value * 8 + digit, digits + 1);
        }
        if digits == 0 { Err(self.wrong("an illegal octal escape sequence")) } else { Ok(value) }
    }

    /// `\xhh` or `\x{h..h}`.
    fn hexadecimal(&mut self) -> Result<u32> {
        let illegal = |parser: &Self| parser.wrong("an illegal hexadecimal escape sequence");
        if self.raw() != Some('{') {
            return self.digits(2).ok_or_else(|| illegal(self));
        }
        self.next_raw();
        let mut value: u32 = 0;
        let mut empty = true;
        while let Some(digit) = self.raw().and_then(|c| c.to_digit(16)) {
            self.next_raw();
            value = value * 16 + digit;
            empty = false;
            if value > char::MAX.into() {
                return Err(self.wrong("a hexadecimal code point that is too big"));
            }
        }
        if self.next_raw() == Some('}') && !empty { Ok(value) } else { Err(illegal(self)) }
    }

    /// So many hexadecimal digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value * 16 + self.next_raw()?.to_digit(16)?))
    }

    /// `\uhhhh`; two of them may be the halves of one character.
    fn unicode(&mut self) -> Result<u32> {
        let illegal = |parser: &Self| parser.wrong("an illegal Unicode escape sequence");
        let high = self.digits(4).ok_or_else(|| illegal(self))?;
        if (0xD800..0xDC00).contains(&high) && (self.raw(), self.second()) == (Some('\\'), Some('u')) {
            let here = self.mark();
            self.next_raw();
            self.next_raw();
            match self.digits(4) {
                Some(low) if (0xDC00..0xE000).contains(&low) => {
                    return Ok(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                }
                _ => self.back(here),
            }
        }
        Ok(high)
    }
}
