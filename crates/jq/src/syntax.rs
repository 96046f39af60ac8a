//! The jq language (1.6) read into a tree. What is left out is refused by name.

use serde_json::Value;

use crate::ast::{Ast, Format, Operator};

/// Nodes of a filter: far more than any that extracts keys, and few enough to never exhaust a stack.
const MOST_NODES: usize = 600;
const DEEPEST: usize = 40;

pub(crate) fn parse(text: &str) -> Result<Ast> {
    let mut parser = Parser { text, at: 0, nodes: 0, depth: 0 };
    let ast = parser.pipe()?;
    parser.space();
    if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(ast) }
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    pub at: usize,
    nodes: usize,
    depth: usize,
}

pub(crate) type Result<T> = std::result::Result<T, String>;

/// Words that the language has and this engine does not.
const UNSUPPORTED: [&str; 7] = ["def", "foreach", "label", "break", "import", "include", "__loc__"];
const KEYWORDS: [&str; 13] =
    ["if", "then", "elif", "else", "end", "and", "or", "as", "reduce", "try", "catch", "def", "foreach"];

impl Parser<'_> {
    pub fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

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

    pub fn unexpected(&self) -> String {
        match self.rest().chars().next() {
            Some(c) => format!("syntax error, unexpected '{c}' at character {}", self.at + 1),
            None => "syntax error, unexpected end of the query".into(),
        }
    }

    /// Whether the text goes on with the symbol, which is then consumed.
    fn eat(&mut self, symbol: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    pub fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> Option<&str> {
        self.space();
        let len = identifier(self.rest());
        let word = self.text.get(self.at..self.at + len)?;
        self.at += len;
        (len > 0).then_some(word)
    }

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

    fn node(&mut self, ast: Ast) -> Result<Ast> {
        self.nodes += 1;
        if self.nodes > MOST_NODES { Err("the jq query is too long".into()) } else { Ok(ast) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the jq query is nested too deep".into());
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    pub fn pipe(&mut self) -> Result<Ast> {
        self.deeper(|p| {
            // Stages are collected first, so that a long pipe is no deep recursion.
            let mut stages = vec![p.comma()?];
            let mut bound = Vec::new();
            loop {
                if p.eat_word("as") {
                    p.expect("$")?;
                    let variable = p.word().ok_or("only variables can be bound in the jq query")?.to_owned();
                    p.expect("|")?;
                    bound.push((stages.len() - 1, variable));
                    stages.push(p.comma()?);
                } else if p.eat("|=") {
                    return Err("assignment is not supported in the jq query".into());
                } else if p.eat("|") {
                    stages.push(p.comma()?);
                } else {
                    break;
                }
            }
            let mut ast = stages.pop().ok_or_else(|| p.unexpected())?;
            while let Some(stage) = stages.pop() {
                ast = match bound.pop_if(|(index, _)| *index == stages.len()) {
                    Some((_, variable)) => {
                        p.node(Ast::Bind { source: Box::new(stage), variable, body: Box::new(ast) })?
                    }
                    None => p.node(Ast::Pipe(Box::new(stage), Box::new(ast)))?,
                };
            }
            Ok(ast)
        })
    }

    fn comma(&mut self) -> Result<Ast> {
        let mut ast = self.alternative()?;
        while self.eat(",") {
            let right = self.alternative()?;
            ast = self.node(Ast::Comma(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    fn alternative(&mut self) -> Result<Ast> {
        let mut parts = vec![self.or()?];
        while self.eat("//") {
            parts.push(self.or()?);
        }
        let mut ast = parts.pop().ok_or_else(|| self.unexpected())?;
        while let Some(left) = parts.pop() {
            ast = self.node(Ast::Alternative(Box::new(left), Box::new(ast)))?;
        }
        Ok(ast)
    }

    fn or(&mut self) -> Result<Ast> {
        let mut ast = self.and()?;
        while self.eat_word("or") {
            let right = self.and()?;
            ast = self.node(Ast::Or(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    fn and(&mut self) -> Result<Ast> {
        let mut ast = self.comparison()?;
        while self.eat_word("and") {
            let right = self.comparison()?;
            ast = self.node(Ast::And(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    fn comparison(&mut self) -> Result<Ast> {
        let left = self.sum()?;
        const OPERATORS: [(&str, Operator); 6] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessEqual),
            (">=", Operator::GreaterEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (symbol, operator) in OPERATORS {
            if self.eat(symbol) {
                let right = self.sum()?;
                return self.node(Ast::Binary(operator, Box::new(left), Box::new(right)));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Ast> {
        let mut ast = self.product()?;
        loop {
            let operator = match () {
                () if self.eat("+") => Operator::Add,
                () if self.eat("-") => Operator::Subtract,
                () => return Ok(ast),
            };
            let right = self.product()?;
            ast = self.node(Ast::Binary(operator, Box::new(ast), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Result<Ast> {
        let mut ast = self.postfix()?;
        loop {
            self.space();
            let operator = match () {
                () if self.rest().starts_with("//") => return Ok(ast),
                () if self.eat("*") => Operator::Multiply,
                () if self.eat("/") => Operator::Divide,
                () if self.eat("%") => Operator::Modulo,
                () => return Ok(ast),
            };
            if self.rest().starts_with('=') {
                return Err("assignment is not supported in the jq query".into());
            }
            let right = self.postfix()?;
            ast = self.node(Ast::Binary(operator, Box::new(ast), Box::new(right)))?;
        }
    }

    /// A term and what follows it: `.a`, `[..]`, `?`.
    fn postfix(&mut self) -> Result<Ast> {
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
                crate::functions::check(&name, arguments.len())?;
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

/// Bytes of the identifier at the start of the text.
fn identifier(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}
