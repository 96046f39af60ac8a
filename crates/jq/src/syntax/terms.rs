//! Terms: paths, brackets, objects, keywords and calls of functions.

use serde_json::Value;

use super::{Parser, Result, identifier};
use crate::ast::{Ast, Format};
use crate::functions;

/// Words that the language has and this engine does not.
const UNSUPPORTED: [&str; 7] = ["def", "foreach", "label", "break", "import", "include", "__loc__"];
const KEYWORDS: [&str; 13] =
    ["if", "then", "elif", "else", "end", "and", "or", "as", "reduce", "try", "catch", "def", "foreach"];

impl Parser<'_> {
    /// A term and what follows it: `.a`, `[..]`, `?`.
    pub(super) fn postfix(&mut self) -> Result<Ast> {
        let mut ast = self.term()?;
        loop {
            let base = Box::new(ast);
            ast = if self.eat("?") {
                self.node(Ast::Try(base, None))?
            } else if self.eat("[") {
                self.brackets(base)?
            } else if self.rest().starts_with('.') && !self.rest().starts_with("..") {
                self.at += 1;
                if self.eat("[") { self.brackets(base)? } else { self.field(base)? }
            } else {
                return Ok(*base);
            };
        }
    }

    /// A name or a string after a dot.
    fn field(&mut self, base: Box<Ast>) -> Result<Ast> {
        let len = identifier(self.rest());
        let name = if len > 0 {
            let name = self.rest()[..len].to_owned();
            self.at += len;
            Ast::Literal(name.into())
        } else if self.rest().starts_with('"') {
            self.string(Format::Text)?
        } else {
            return Err(self.unexpected());
        };
        self.node(Ast::Index(base, Box::new(name)))
    }

    /// From after `[` to after `]`.
    fn brackets(&mut self, base: Box<Ast>) -> Result<Ast> {
        if self.eat("]") {
            return self.node(Ast::Iterate(base));
        }
        if self.eat(":") {
            let to = self.pipe()?;
            self.expect("]")?;
            return self.node(Ast::Slice(base, None, Some(Box::new(to))));
        }
        let index = Box::new(self.pipe()?);
        if self.eat(":") {
            let to = if self.eat("]") { None } else { Some(Box::new(self.pipe()?)) };
            if to.is_some() {
                self.expect("]")?;
            }
            return self.node(Ast::Slice(base, Some(index), to));
        }
        self.expect("]")?;
        self.node(Ast::Index(base, index))
    }

    fn term(&mut self) -> Result<Ast> {
        self.space();
        let rest = self.rest();
        let first = rest.chars().next().ok_or_else(|| self.unexpected())?;
        let ast = match first {
            '.' if rest.starts_with("..") => {
                self.at += 2;
                Ast::Recurse
            }
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            '.' => {
                self.at += 1;
                let rest = self.rest();
                if identifier(rest) > 0 || rest.starts_with('"') {
                    return self.field(Box::new(Ast::Identity));
                }
                Ast::Identity
            }
            '0'..='9' => self.number()?,
            '"' => self.string(Format::Text)?,
            '@' => {
                self.at += 1;
                let format = Format::parse(self.word().unwrap_or_default())?;
                self.space();
                if self.rest().starts_with('"') { self.string(format)? } else { Ast::Format(format) }
            }
            '(' => {
                self.at += 1;
                let inner = self.pipe()?;
                self.expect(")")?;
                inner
            }
            '[' => {
                self.at += 1;
                if self.eat("]") {
                    Ast::Array(None)
                } else {
                    let inner = self.pipe()?;
                    self.expect("]")?;
                    Ast::Array(Some(Box::new(inner)))
                }
            }
            '{' => self.object()?,
            '-' => {
                self.at += 1;
                let inner = self.deeper(Self::postfix)?;
                Ast::Negate(Box::new(inner))
            }
            '$' => {
                self.at += 1;
                let name = self.word().unwrap_or_default().to_owned();
                if name.is_empty() || name == "ENV" || name == "__loc__" {
                    return Err(format!("${name} is not supported in the jq query"));
                }
                Ast::Variable(name)
            }
            _ => return self.named(),
        };
        self.node(ast)
    }

    /// A keyword or a function.
    fn named(&mut self) -> Result<Ast> {
        let Some(word) = self.word().map(str::to_owned) else { return Err(self.unexpected()) };
        let ast = match word.as_str() {
            "null" => Ast::Literal(Value::Null),
            "true" => Ast::Literal(true.into()),
            "false" => Ast::Literal(false.into()),
            "if" => self.deeper(Self::conditional)?,
            "try" => {
                let body = self.deeper(Self::postfix)?;
                let catch = if self.eat_word("catch") { Some(Box::new(self.deeper(Self::postfix)?)) } else { None };
                Ast::Try(Box::new(body), catch)
            }
            "reduce" => {
                let source = self.deeper(Self::postfix)?;
                self.expect_word("as")?;
                self.expect("$")?;
                let variable = self.word().unwrap_or_default().to_owned();
                self.expect("(")?;
                let init = self.pipe()?;
                self.expect(";")?;
                let update = self.pipe()?;
                self.expect(")")?;
                Ast::Reduce { source: source.into(), variable, init: init.into(), update: update.into() }
            }
            word if UNSUPPORTED.contains(&word) => return Err(format!("{word} is not supported in the jq query")),
            word if KEYWORDS.contains(&word) => return Err(format!("syntax error, unexpected {word}")),
            name => {
                let name = name.to_owned();
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
                functions::check(&name, arguments.len())?;
                Ast::Call(name, arguments)
            }
        };
        self.node(ast)
    }

    fn conditional(&mut self) -> Result<Ast> {
        let mut branches = Vec::new();
        loop {
            let condition = self.pipe()?;
            self.expect_word("then")?;
            branches.push((condition, self.pipe()?));
            if self.eat_word("elif") {
                continue;
            }
            self.expect_word("else")?;
            let otherwise = self.pipe()?;
            self.expect_word("end")?;
            return Ok(Ast::If(branches, Box::new(otherwise)));
        }
    }

    fn object(&mut self) -> Result<Ast> {
        self.expect("{")?;
        let mut entries = Vec::new();
        if self.eat("}") {
            return Ok(Ast::Object(entries));
        }
        loop {
            self.space();
            let (key, shorthand) = if self.eat("(") {
                let key = self.pipe()?;
                self.expect(")")?;
                (key, None)
            } else if self.eat("$") {
                let name = self.word().unwrap_or_default().to_owned();
                (Ast::Literal(name.clone().into()), Some(Ast::Variable(name)))
            } else if self.rest().starts_with('"') {
                let key = self.string(Format::Text)?;
                let value = Ast::Index(Box::new(Ast::Identity), Box::new(key.clone()));
                (key, Some(value))
            } else {
                let name = self.word().map(str::to_owned).ok_or_else(|| self.unexpected())?;
                let key = Ast::Literal(name.into());
                let value = Ast::Index(Box::new(Ast::Identity), Box::new(key.clone()));
                (key, Some(value))
            };
            let value = match shorthand {
                Some(value) if !self.eat(":") => value,
                None if !self.eat(":") => return Err(self.unexpected()),
                // jq 1.6 takes terms and pipes here, other operators only in parentheses.
                _ => self.deeper(Self::object_value)?,
            };
            self.nodes += 1;
            entries.push((key, value));
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}")?;
        self.node(Ast::Object(entries))
    }

    fn object_value(&mut self) -> Result<Ast> {
        let mut stages = vec![self.postfix()?];
        while self.eat("|") {
            stages.push(self.postfix()?);
        }
        let mut ast = stages.pop().ok_or_else(|| self.unexpected())?;
        while let Some(stage) = stages.pop() {
            ast = self.node(Ast::Pipe(Box::new(stage), Box::new(ast)))?;
        }
        Ok(ast)
    }
}
