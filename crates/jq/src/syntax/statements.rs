//! What begins with a word: definitions, conditions, loops, `try` and `label`; and what stands between operators.

use super::operators::TIGHTEST;
use super::scope::Name;
use super::{Parser, Result};
use crate::ast::{Ast, Definition, Pattern, Patterns};

/// The parameters of a function: names, and whether they are variables as well.
pub(super) type Parameters = Vec<(String, bool)>;

impl Parser<'_> {
    /// A whole query. One of definitions alone gives its input.
    pub(super) fn program(&mut self) -> Result<Ast> {
        self.space();
        if self.rest().is_empty() {
            return Ok(Ast::Identity);
        }
        self.pipe()
    }

    /// What stands between operators.
    pub(super) fn operand(&mut self) -> Result<Ast> {
        let mut ast = self.plain_operand()?;
        while self.eat_question() {
            ast = self.node(Ast::Try(Box::new(ast), None))?;
        }
        Ok(ast)
    }

    /// The same without a `?` behind it.
    fn plain_operand(&mut self) -> Result<Ast> {
        self.deeper(|parser| {
            parser.space();
            if parser.eat("-") {
                let inner = parser.operators(TIGHTEST)?;
                return parser.node(Ast::Negate(Box::new(inner)));
            }
            let begin = parser.at;
            let ast = match parser.word() {
                Some("def") => parser.definition()?,
                Some("if") => parser.conditional()?,
                Some("try") => {
                    let body = parser.plain_operand()?;
                    let caught = if parser.eat_word("catch") { Some(Box::new(parser.plain_operand()?)) } else { None };
                    Ast::Try(Box::new(body), caught)
                }
                Some("reduce") => parser.reduce()?,
                Some("foreach") => parser.foreach()?,
                Some("label") => {
                    parser.expect("$")?;
                    let name = parser.name()?.to_owned();
                    parser.expect("|")?;
                    let depth = parser.scope.len();
                    parser.scope.push(Name::Label(name));
                    let body = parser.pipe()?;
                    parser.scope.truncate(depth);
                    Ast::Label(Box::new(body))
                }
                _ => {
                    parser.at = begin;
                    return parser.bound_term();
                }
            };
            parser.node(ast)
        })
    }

    /// A term, or `term as pattern | ..`.
    fn bound_term(&mut self) -> Result<Ast> {
        let source = self.term()?;
        if !self.eat_word("as") {
            return Ok(source);
        }
        let depth = self.scope.len();
        let patterns = self.patterns()?;
        self.expect("|")?;
        let body = self.pipe()?;
        self.scope.truncate(depth);
        self.node(Ast::Bind { source: Box::new(source), patterns, body: Box::new(body) })
    }

    fn definition(&mut self) -> Result<Ast> {
        let (name, parameters) = self.head()?;
        let depth = self.scope.len();
        self.scope.push(Name::Function(name, parameters.len()));
        let definition = self.body(parameters)?;
        self.space();
        // Definitions alone are a query as well.
        let rest = if self.rest().is_empty() { Ast::Identity } else { self.pipe()? };
        self.scope.truncate(depth);
        Ok(Ast::Define(Box::new(definition), Box::new(rest)))
    }

    /// From after `def` to the colon.
    pub(super) fn head(&mut self) -> Result<(String, Parameters)> {
        let name = self.name()?.to_owned();
        let mut parameters = Vec::new();
        if self.eat("(") {
            loop {
                let variable = self.eat("$");
                parameters.push((self.name()?.to_owned(), variable));
                if !self.eat(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        Ok((name, parameters))
    }

    /// From after the colon to the semicolon.
    pub(super) fn body(&mut self, parameters: Parameters) -> Result<Definition> {
        let depth = self.scope.len();
        for (name, _) in &parameters {
            self.scope.push(Name::Function(name.clone(), 0));
        }
        let variables: Vec<usize> = (0..parameters.len()).filter(|index| parameters[*index].1).collect();
        for index in &variables {
            self.scope.push(Name::Variable(parameters[*index].0.clone()));
        }
        let mut body = self.pipe()?;
        for (before, index) in variables.iter().enumerate().rev() {
            // Seen from where the variables before it are bound.
            let source = Box::new(Ast::Call(before + parameters.len() - 1 - index, Vec::new()));
            let patterns = Patterns { patterns: vec![Pattern::Variable(0)], variables: 1 };
            body = Ast::Bind { source, patterns, body: Box::new(body) };
        }
        self.scope.truncate(depth);
        self.expect(";")?;
        Ok(Definition { parameters: parameters.len(), body })
    }

    fn conditional(&mut self) -> Result<Ast> {
        let condition = Box::new(self.pipe()?);
        self.expect_word("then")?;
        let yes = Box::new(self.pipe()?);
        let no = if self.eat_word("elif") {
            self.deeper(Self::conditional)?
        } else {
            self.expect_word("else")?;
            let no = self.pipe()?;
            self.expect_word("end")?;
            no
        };
        self.node(Ast::If { condition, yes, no: Box::new(no) })
    }

    fn reduce(&mut self) -> Result<Ast> {
        let Fold { depth, source, patterns, init, update } = self.fold()?;
        self.expect(")")?;
        self.scope.truncate(depth);
        Ok(Ast::Reduce { source, patterns, init, update })
    }

    fn foreach(&mut self) -> Result<Ast> {
        let Fold { depth, source, patterns, init, update } = self.fold()?;
        let extract = if self.eat(";") { Some(Box::new(self.pipe()?)) } else { None };
        self.expect(")")?;
        self.scope.truncate(depth);
        Ok(Ast::Foreach { source, patterns, init, update, extract })
    }

    /// What `reduce` and `foreach` begin with: `source as patterns (init; update`. The variables of the patterns stay in scope.
    fn fold(&mut self) -> Result<Fold> {
        let source = Box::new(self.term()?);
        self.expect_word("as")?;
        let depth = self.scope.len();
        let patterns = self.patterns()?;
        self.expect("(")?;
        let bound = self.scope.clone();
        self.scope.truncate(depth);
        let init = Box::new(self.pipe()?);
        self.expect(";")?;
        self.scope = bound;
        let update = Box::new(self.pipe()?);
        Ok(Fold { depth, source, patterns, init, update })
    }
}

/// The common part of `reduce` and `foreach`.
struct Fold {
    /// How much was in scope before.
    depth: usize,
    source: Box<Ast>,
    patterns: Patterns,
    init: Box<Ast>,
    update: Box<Ast>,
}
