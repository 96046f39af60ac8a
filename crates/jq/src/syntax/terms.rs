//! Terms: paths, constants, constructions, variables and calls of functions.

use super::literals::{key, number_length};
use super::scope::{self, Name};
use super::{KEYWORDS, Parser, Result, identifier};
use crate::ast::{Ast, Constant, Format};
use crate::value::Val;

impl Parser<'_> {
    /// A term and what follows it: `.a`, `[..]`, each with its `?`.
    pub(super) fn term(&mut self) -> Result<Ast> {
        let mut ast = self.first()?;
        loop {
            self.space();
            let rest = self.rest();
            let base = Box::new(ast);
            ast = if rest.starts_with('[') {
                self.at += 1;
                self.brackets(base)?
            } else if rest.starts_with('.') && identifier(&rest[1..]) > 0 && number_length(rest) == 0 {
                self.field(base)?
            } else if rest.starts_with('.') && !rest.starts_with("..") && number_length(rest) == 0 {
                self.at += 1;
                let format = if self.eat("@") { self.format()? } else { Format::Text };
                let index = Box::new(self.string(format)?);
                let optional = self.eat_question();
                self.node(Ast::Index { base, index, optional })?
            } else {
                return Ok(*base);
            };
        }
    }

    /// A dot and the name right behind it.
    fn field(&mut self, base: Box<Ast>) -> Result<Ast> {
        self.at += 1;
        let len = identifier(self.rest());
        let index = Box::new(key(&self.rest()[..len]));
        self.at += len;
        let optional = self.eat_question();
        self.node(Ast::Index { base, index, optional })
    }

    /// From after `[` to after `]`, and its `?`.
    fn brackets(&mut self, base: Box<Ast>) -> Result<Ast> {
        if self.eat("]") {
            let optional = self.eat_question();
            return self.node(Ast::Iterate { base, optional });
        }
        let from = if self.at_symbol(":") { None } else { Some(Box::new(self.pipe()?)) };
        if self.eat(":") {
            let to = if from.is_some() && self.at_symbol("]") { None } else { Some(Box::new(self.pipe()?)) };
            self.expect("]")?;
            let optional = self.eat_question();
            return self.node(Ast::Slice { base, from, to, optional });
        }
        self.expect("]")?;
        let index = from.ok_or_else(|| self.unexpected())?;
        let optional = self.eat_question();
        self.node(Ast::Index { base, index, optional })
    }

    /// A term without what follows it.
    fn first(&mut self) -> Result<Ast> {
        self.space();
        let rest = self.rest();
        let number = number_length(rest);
        let ast = match rest.chars().next() {
            None => return Err(self.unexpected()),
            _ if number > 0 => self.number(number)?,
            Some('.') if rest.starts_with("..") => {
                self.at += 2;
                scope::call(&scope::Scope::default(), self.globals, "recurse", Vec::new())?
            }
            Some('.') if identifier(&rest[1..]) > 0 => return self.field(Box::new(Ast::Identity)),
            Some('.') => {
                self.at += 1;
                if self.at_symbol("\"") || self.at_symbol("@") {
                    let format = if self.eat("@") { self.format()? } else { Format::Text };
                    let (base, index) = (Box::new(Ast::Identity), Box::new(self.string(format)?));
                    let optional = self.eat_question();
                    return self.node(Ast::Index { base, index, optional });
                }
                Ast::Identity
            }
            Some('"') => self.string(Format::Text)?,
            Some('@') => {
                self.at += 1;
                let format = self.format()?;
                if self.at_symbol("\"") { self.string(format)? } else { Ast::Format(format) }
            }
            Some('(') => {
                self.at += 1;
                let inner = self.pipe()?;
                self.expect(")")?;
                inner
            }
            Some('[') => {
                self.at += 1;
                if self.eat("]") {
                    Ast::List(None)
                } else {
                    let inner = self.pipe()?;
                    self.expect("]")?;
                    Ast::List(Some(Box::new(inner)))
                }
            }
            Some('{') => self.object()?,
            Some('$') => {
                self.at += 1;
                self.variable()?
            }
            _ => self.named()?,
        };
        self.node(ast)
    }

    /// What stands behind a `$`.
    fn variable(&mut self) -> Result<Ast> {
        if self.eat_word("__loc__") {
            let line = self.text[..self.at].matches('\n').count() + 1;
            let place = [("file", Val::text("<top-level>")), ("line", line.into())];
            return Ok(Ast::Literal(Constant(Val::of_members(place))));
        }
        let name = self.name()?;
        match self.scope.distance(&Name::Variable(name.to_owned())) {
            Some(distance) => Ok(Ast::Variable(distance)),
            None if name == "ENV" => Err("$ENV is not supported in the jq query".into()),
            None => Err(format!("${name} is not defined")),
        }
    }

    /// A constant or a call of a function.
    fn named(&mut self) -> Result<Ast> {
        let begin = self.at;
        let Some(word) = self.word() else { return Err(self.unexpected()) };
        if word == "break" {
            self.expect("$")?;
            let name = self.name()?.to_owned();
            return match self.scope.distance(&Name::Label(name.clone())) {
                Some(distance) => Ok(Ast::Break(distance)),
                None => Err(format!("$*label-{name} is not defined")),
            };
        }
        if KEYWORDS.contains(&word) {
            self.at = begin;
            return Err(format!("syntax error, unexpected {word} at character {}", begin + 1));
        }
        let mut arguments = Vec::new();
        if self.eat("(") {
            loop {
                arguments.push(self.pipe()?);
                if !self.eat(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        match (word, arguments.len()) {
            ("null", 0) => Ok(Ast::Literal(Constant(Val::Null))),
            ("true", 0) => Ok(Ast::Literal(Constant(true.into()))),
            ("false", 0) => Ok(Ast::Literal(Constant(false.into()))),
            _ => scope::call(&self.scope, self.globals, word, arguments),
        }
    }

    fn object(&mut self) -> Result<Ast> {
        self.expect("{")?;
        let mut entries = Vec::new();
        while !self.eat("}") {
            entries.push(self.entry()?);
            self.nodes += 1;
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Ast::Object(entries))
    }

    /// A key and its value; without a value it is the input's member of that name, or the variable's value.
    fn entry(&mut self) -> Result<(Ast, Ast)> {
        if self.eat("$") {
            let name = self.name()?;
            self.at -= name.len();
            return Ok((key(name), self.variable()?));
        }
        if self.eat("(") {
            let name = self.pipe()?;
            self.expect(")")?;
            self.expect(":")?;
            return Ok((name, self.deeper(Self::value)?));
        }
        let mut keyword = false;
        let name = if self.at_symbol("\"") || self.at_symbol("@") {
            let format = if self.eat("@") { self.format()? } else { Format::Text };
            self.string(format)?
        } else {
            let word = self.word().ok_or_else(|| self.unexpected())?;
            keyword = KEYWORDS.contains(&word);
            key(word)
        };
        if self.eat(":") {
            return Ok((name, self.deeper(Self::value)?));
        }
        if keyword {
            return Err(self.unexpected());
        }
        let value = Ast::Index { base: Box::new(Ast::Identity), index: Box::new(name.clone()), optional: false };
        Ok((name, value))
    }

    /// Terms with `|` between them, each perhaps negated: jq 1.6 takes other operators only in parentheses.
    fn value(&mut self) -> Result<Ast> {
        let mut stages = Vec::new();
        loop {
            let mut negations = 0;
            while self.eat("-") {
                negations += 1;
            }
            let mut stage = self.term()?;
            for _ in 0..negations {
                stage = self.node(Ast::Negate(Box::new(stage)))?;
            }
            stages.push(stage);
            if self.at_symbol("|=") || !self.eat("|") {
                break;
            }
        }
        let mut ast = stages.pop().ok_or_else(|| self.unexpected())?;
        while let Some(stage) = stages.pop() {
            ast = self.node(Ast::Pipe(Box::new(stage), Box::new(ast)))?;
        }
        Ok(ast)
    }
}
