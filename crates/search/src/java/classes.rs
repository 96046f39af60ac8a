//! Classes in brackets, read as Java reads them: with unions, and intersections by `&&`.

use super::escapes::Escape;
use super::parse::{Parser, Result};
use crate::class::{Class, Fold};

impl Parser {
    /// `[..]`
    pub(super) fn class(&mut self) -> Result<Class> {
        self.next();
        let class = self.members(true)?;
        self.next();
        Ok(class)
    }

    /// What stands between brackets, up to the closing one. `opened`: a bracket stands before it, so a `^` may begin it.
    fn members(&mut self, opened: bool) -> Result<Class> {
        self.deeper()?;
        let negated = opened && self.raw() == Some('^');
        if negated {
            self.next();
        }
        let mut found: Option<Class> = None;
        // What was read last, unless it was a plain character.
        let mut last: Option<Class> = None;
        let add = |found: &mut Option<Class>, more: Class| {
            *found = Some(match found.take() {
                Some(class) => class.or(more),
                None => more,
            });
        };
        loop {
            match self.peek() {
                None => return Err(self.wrong("an unclosed character class")),
                Some('[') => {
                    let inner = self.class()?;
                    last = Some(inner.clone());
                    add(&mut found, inner);
                }
                Some('&') if self.second() == Some('&') => {
                    self.next();
                    self.next();
                    let right;
                    (found, right) = self.intersection(found, last.as_ref())?;
                    last = right.or(last);
                }
                Some(']') if found.is_some() => break,
                _ => {
                    let range = self.range()?;
                    last = Some(range.clone())
                        .filter(|range| !matches!(range, Class::Range(from, to, _) if from == to && *from < 256));
                    add(&mut found, range);
                }
            }
        }
        self.shallower();
        match found {
            Some(class) => Ok(class.negated(negated)),
            None => Err(self.wrong("bad class syntax")),
        }
    }

    /// What stands right of a `&&`, met with what stands left of it; where nothing does, what was read last stands there, as
    /// Java has it. What stands right comes with it.
    fn intersection(&mut self, left: Option<Class>, last: Option<&Class>) -> Result<(Option<Class>, Option<Class>)> {
        let mut right: Option<Class> = None;
        while let Some(c) = self.peek() {
            let more = match c {
                ']' | '&' => break,
                '[' => self.class()?,
                _ => self.members(false)?,
            };
            right = Some(match right.take() {
                Some(class) => class.or(more),
                None => more,
            });
        }
        match (left, right) {
            (Some(left), Some(right)) => {
                let both = Class::Both(Box::new(left), Box::new(right.clone()));
                Ok((Some(both), Some(right)))
            }
            (Some(left), None) => {
                let met = last.map(|last| Class::Both(Box::new(left.clone()), Box::new(last.clone())));
                Ok((met.or(Some(left)), None))
            }
            (None, None) => Err(self.wrong("bad class syntax")),
            (None, Some(right)) => Ok((Some(right.clone()), Some(right))),
        }
    }

    /// One character, a range of them, or a class by its escape.
    fn range(&mut self) -> Result<Class> {
        let Some(from) = self.bound()? else { return Err(self.wrong("an unclosed character class")) };
        let from = match from {
            Escape::Char(c) => c,
            Escape::Class(class) => return Ok(class),
            Escape::Node(_) => return Err(self.wrong("an illegal or unsupported escape sequence")),
        };
        let fold = self.fold();
        if self.peek() != Some('-') || matches!(self.second(), Some('[' | ']')) {
            return Ok(Class::one(from, fold));
        }
        self.next();
        match self.bound()? {
            // A range of one character is compared as a range is.
            Some(Escape::Char(to)) if to == from && fold == Fold::Unicode => Ok(Class::one(from, Fold::Text)),
            Some(Escape::Char(to)) if to >= from => Ok(Class::Range(from, to, fold)),
            _ => Err(self.wrong("an illegal character range")),
        }
    }

    /// A character, as written or by its escape.
    fn bound(&mut self) -> Result<Option<Escape>> {
        match self.next() {
            None => Ok(None),
            Some('\\') => self.escaped(true).map(Some),
            Some(c) => Ok(Some(Escape::Char(c.into()))),
        }
    }
}
