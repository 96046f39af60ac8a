//! Operators, from the one that binds loosest to the ones that bind tightest.

use super::{Parser, Result};
use crate::ast::{Ast, Constant, Operator};
use crate::value::Val;

/// What stands between two filters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Infix {
    Pipe,
    Comma,
    Alternative,
    Assign,
    Modify,
    /// `+=` and the like.
    Update(Operator),
    /// `//=`
    UpdateAlternative,
    /// `and`, `or`: which answer of the first operand decides.
    Logic(bool),
    Binary(Operator),
}

/// The operators, the longer ones first; each with how tight it binds.
const INFIXES: [(&str, Infix, u8); 22] = [
    ("//=", Infix::UpdateAlternative, 3),
    ("|=", Infix::Modify, 3),
    ("+=", Infix::Update(Operator::Add), 3),
    ("-=", Infix::Update(Operator::Subtract), 3),
    ("*=", Infix::Update(Operator::Multiply), 3),
    ("/=", Infix::Update(Operator::Divide), 3),
    ("%=", Infix::Update(Operator::Modulo), 3),
    ("==", Infix::Binary(Operator::Equal), 6),
    ("!=", Infix::Binary(Operator::NotEqual), 6),
    ("<=", Infix::Binary(Operator::LessEqual), 6),
    (">=", Infix::Binary(Operator::GreaterEqual), 6),
    ("//", Infix::Alternative, 2),
    ("|", Infix::Pipe, 0),
    (",", Infix::Comma, 1),
    ("=", Infix::Assign, 3),
    ("<", Infix::Binary(Operator::Less), 6),
    (">", Infix::Binary(Operator::Greater), 6),
    ("+", Infix::Binary(Operator::Add), 7),
    ("-", Infix::Binary(Operator::Subtract), 7),
    ("*", Infix::Binary(Operator::Multiply), TIGHTEST),
    ("/", Infix::Binary(Operator::Divide), TIGHTEST),
    ("%", Infix::Binary(Operator::Modulo), TIGHTEST),
];

/// How tight the operators bind that bind tightest.
pub(super) const TIGHTEST: u8 = 8;

impl Parser<'_> {
    /// A whole filter, as far as it goes.
    pub(super) fn pipe(&mut self) -> Result<Ast> {
        self.deeper(|parser| parser.operators(0))
    }

    /// Operands and the operators between them that bind at least as tight as this.
    pub(super) fn operators(&mut self, least: u8) -> Result<Ast> {
        let depth = self.scope.len();
        let mut left = self.operand()?;
        // Operators of which only one may stand.
        let mut single = None;
        // Operands of `|` and `//` are collected, since these group to the right, and a long pipe is no deep recursion.
        while let Some((symbol, infix, tight)) = self.infix(least) {
            if single == Some(tight) {
                return Err(self.unexpected());
            }
            self.at += symbol.len();
            left = match infix {
                Infix::Pipe | Infix::Alternative => self.rightward(left, infix, tight)?,
                _ => {
                    let right = self.operators(tight + 1)?;
                    self.joined(infix, left, right)?
                }
            };
            single = matches!(tight, 3 | 6).then_some(tight);
        }
        self.scope.truncate(depth);
        Ok(left)
    }

    /// `left | b | c`, or the same of `//`.
    fn rightward(&mut self, left: Ast, infix: Infix, tight: u8) -> Result<Ast> {
        let mut stages = vec![left, self.operators(tight + 1)?];
        while let Some((symbol, next, _)) = self.infix(tight) {
            if next != infix {
                break;
            }
            self.at += symbol.len();
            stages.push(self.operators(tight + 1)?);
        }
        let mut ast = stages.pop().ok_or_else(|| self.unexpected())?;
        while let Some(stage) = stages.pop() {
            ast = self.joined(infix, stage, ast)?;
        }
        Ok(ast)
    }

    /// The operator that stands here, if it binds tight enough.
    fn infix(&mut self, least: u8) -> Option<(&'static str, Infix, u8)> {
        self.space();
        let rest = self.rest();
        let found = INFIXES.into_iter().find(|(symbol, ..)| rest.starts_with(symbol));
        let found = found.or_else(|| {
            let words = [("or", Infix::Logic(true), 4), ("and", Infix::Logic(false), 5)];
            words.into_iter().find(|(word, ..)| self.at_word(word))
        });
        found.filter(|(_, _, tight)| *tight >= least)
    }

    fn joined(&mut self, infix: Infix, left: Ast, right: Ast) -> Result<Ast> {
        let (left, right) = (Box::new(left), Box::new(right));
        let ast = match infix {
            Infix::Pipe => Ast::Pipe(left, right),
            Infix::Comma => Ast::Comma(left, right),
            Infix::Alternative => Ast::Alternative(left, right),
            Infix::Assign => self.global("_assign", vec![*left, *right])?,
            Infix::Modify => self.global("_modify", vec![*left, *right])?,
            Infix::Update(operator) => {
                let function = match operator {
                    Operator::Add => "_add",
                    Operator::Subtract => "_subtract",
                    Operator::Multiply => "_multiply",
                    Operator::Divide => "_divide",
                    _ => "_modulo",
                };
                self.global(function, vec![*left, *right])?
            }
            Infix::UpdateAlternative => self.global("_alternative", vec![*left, *right])?,
            Infix::Logic(decides) => Ast::Logic { decides, left, right },
            Infix::Binary(operator) => match folded(operator, &left, &right)? {
                Some(number) => Ast::Literal(Constant(Val::Number(number))),
                None => Ast::Binary(operator, left, right),
            },
        };
        self.node(ast)
    }

    /// A call of a function that stands behind an operator.
    fn global(&self, name: &str, arguments: Vec<Ast>) -> Result<Ast> {
        super::scope::call(&super::scope::Scope::default(), self.globals, name, arguments)
    }
}

/// A calculation with two numbers of the query is made when it is read.
fn folded(operator: Operator, left: &Ast, right: &Ast) -> Result<Option<f64>> {
    let (Ast::Literal(Constant(Val::Number(a))), Ast::Literal(Constant(Val::Number(b)))) = (left, right) else {
        return Ok(None);
    };
    Ok(match operator {
        Operator::Add => Some(a + b),
        Operator::Subtract => Some(a - b),
        Operator::Multiply => Some(a * b),
        Operator::Divide if (a / b).is_infinite() => return Err("Division by zero?".into()),
        Operator::Divide => Some(a / b),
        _ => None,
    })
}
