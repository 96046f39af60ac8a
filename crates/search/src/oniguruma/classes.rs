//! Classes in brackets.

use super::escapes::Escape;
use super::{Parser, Result};
use crate::class::Class;

impl Parser {
    /// What stands behind `[`, up to its end.
    pub(super) fn class(&mut self) -> Result<Class> {
        let negated = self.takes('^');
        let mut found: Vec<Class> = Vec::new();
        let mut first = true;
        loop {
            match self.raw() {
                None => return Err("premature end of char-class".into()),
                Some(']') if !first => {
                    self.at += 1;
                    break;
                }
                _ => {}
            }
            // A bracket that comes first is a character, if another one ends the class.
            if first && self.raw() == Some(']') && !self.text[self.at + 1..].contains(&']') {
                return Err("empty char-class".into());
            }
            first = false;
            match self.member()? {
                Escape::Class(class) => found.push(class),
                Escape::Char(from) => found.push(self.range(from)?),
                Escape::Node(_) => {}
            }
        }
        let class = if found.len() == 1 { found.remove(0) } else { Class::Either(found) };
        Ok(class.negated(negated))
    }

    /// A character, or those from it to another.
    fn range(&mut self, from: u32) -> Result<Class> {
        let fold = self.fold();
        if self.raw() != Some('-') || matches!(self.second(), None | Some(']')) {
            return Ok(Class::one(from, fold));
        }
        let begin = self.at;
        self.at += 1;
        match self.member()? {
            Escape::Char(to) if to >= from => Ok(Class::Range(from, to, fold)),
            Escape::Char(_) => Err("empty range in char class".into()),
            _ => {
                // The hyphen is one, and what follows is read again.
                self.at = begin;
                Ok(Class::one(from, fold))
            }
        }
    }

    fn member(&mut self) -> Result<Escape> {
        if self.stands("[:")
            && let Some(class) = self.posix()
        {
            return Ok(Escape::Class(class));
        }
        match self.next() {
            Some('\\') => self.escaped(true),
            Some(c) => Ok(Escape::Char(c.into())),
            None => Err("premature end of char-class".into()),
        }
    }

    /// `[:alpha:]` and the like.
    fn posix(&mut self) -> Option<Class> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word", "xdigit",
        ];
        let begin = self.at + 2;
        let negated = self.text.get(begin) == Some(&'^');
        let rest = &self.text[begin + usize::from(negated)..];
        let name: String = rest.iter().take(10).take_while(|c| c.is_ascii_alphabetic()).collect();
        if !NAMES.contains(&name.as_str()) || !rest[name.len()..].starts_with(&[':', ']']) {
            return None;
        }
        self.at = begin + usize::from(negated) + name.len() + 2;
        self.properties.of_unicode(&name).map(|class| class.negated(negated))
    }
}
