//! Operators, from the one that binds loosest to the ones that bind tightest.

use super::{Parser, Result};
use crate::ast::{Ast, Operator};

impl Parser<'_> {
    /// `a | b`, `a as $x | b`: also a whole query.
    pub(super) fn pipe(&mut self) -> Result<Ast> {
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

    /// `a, b`
    fn comma(&mut self) -> Result<Ast> {
        let mut ast = self.alternative()?;
        while self.eat(",") {
            let right = self.alternative()?;
            ast = self.node(Ast::Comma(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    /// `a // b`
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

    /// `a or b`
    fn or(&mut self) -> Result<Ast> {
        let mut ast = self.and()?;
        while self.eat_word("or") {
            let right = self.and()?;
            ast = self.node(Ast::Or(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    /// `a and b`
    fn and(&mut self) -> Result<Ast> {
        let mut ast = self.comparison()?;
        while self.eat_word("and") {
            let right = self.comparison()?;
            ast = self.node(Ast::And(Box::new(ast), Box::new(right)))?;
        }
        Ok(ast)
    }

    /// `a == b` and the like: one only, as in jq.
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

    /// `a + b`, `a - b`
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

    /// `a * b`, `a / b`, `a % b`
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
}
