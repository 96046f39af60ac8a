//! Runs a filter: hands its results one by one to a callback, and pays for every step and every value on the way.

mod calls;
mod construct;
mod control;
mod patterns;

use std::cmp::Ordering;

use serde_json::Value;

use crate::ast::{Ast, Operator};
use crate::error::{Done, Stop, fail};
use crate::value::{arithmetic, compare, described, kind, lookup, number, size, slice};

/// What a run may cost, beyond a part that grows with its input. One step costs 1; a value costs 1 for each of its parts
/// and 1 for every 16 bytes of text.
const BUDGET: usize = 200_000;

/// Whoever takes the results of a filter.
type Out<'o> = &'o mut dyn FnMut(&mut Run, Value) -> Done;

/// The first result of a filter, `None` if it has none.
///
/// # Errors
/// jq's message, or that the budget is spent.
pub(crate) fn first(ast: &Ast, input: &Value) -> Result<Option<Value>, String> {
    let mut run = Run { left: BUDGET + 4 * size(input), marks: 0, variables: Vec::new() };
    let mut found = None;
    let done = run.eval(ast, input, &mut |_, value| {
        found = Some(value);
        Err(Stop::Enough(0))
    });
    match done {
        Ok(()) | Err(Stop::Enough(_)) | Err(Stop::Outside(_)) => Ok(found),
        Err(Stop::Exhausted) => Err("the jq query takes too many steps".into()),
        Err(Stop::Error(Value::String(message))) => Err(message),
        Err(Stop::Error(value)) => Err(format!("{value} (not a string)")),
    }
}

/// One run of a filter.
struct Run {
    /// What may still be paid.
    left: usize,
    /// The number of the last call that stops its filter early: see [`Stop::Enough`].
    marks: usize,
    /// The variables in scope, the innermost last.
    variables: Vec<(String, Value)>,
}

impl Run {
    fn pay(&mut self, cost: usize) -> Done {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Stop::Exhausted)
            }
        }
    }

    /// Pays for a copy of a value and makes it.
    fn copy(&mut self, value: &Value) -> Result<Value, Stop> {
        self.pay(size(value))?;
        Ok(value.clone())
    }

    /// Pays for a copy of a value and hands it on.
    fn hand_on(&mut self, value: &Value, out: Out<'_>) -> Done {
        let value = self.copy(value)?;
        out(self, value)
    }

    /// Gathers all results of a filter in a list.
    fn collect(&mut self, ast: &Ast, input: &Value) -> Result<Vec<Value>, Stop> {
        let mut list = Vec::new();
        self.eval(ast, input, &mut |_, value| {
            list.push(value);
            Ok(())
        })?;
        Ok(list)
    }

    /// Evaluates a filter on an input and hands each result to `out`.
    fn eval(&mut self, ast: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.pay(1)?;
        // A plain path is followed without copying what lies on the way.
        if let Some(value) = follow(ast, input) {
            return self.hand_on(value, out);
        }
        match ast {
            Ast::Identity => self.hand_on(input, out),
            Ast::Literal(value) => self.hand_on(value, out),
            Ast::Variable(name) => self.variable(name, out),
            Ast::Recurse => self.recurse(input, out),
            Ast::Pipe(left, right) => match follow(left, input) {
                Some(middle) => self.eval(right, middle, out),
                None => self.eval(left, input, &mut |run, middle| run.eval(right, &middle, out)),
            },
            Ast::Comma(left, right) => {
                self.eval(left, input, out)?;
                self.eval(right, input, out)
            }
            Ast::Index(base, index) => self.index(base, index, input, out),
            Ast::Slice(base, from, to) => self.slice(base, from.as_deref(), to.as_deref(), input, out),
            Ast::Iterate(base) => match follow(base, input) {
                Some(base) => self.iterate(base, out),
                None => self.eval(base, input, &mut |run, base| run.iterate(&base, out)),
            },
            Ast::Format(format) => {
                let text = self.format(*format, input)?;
                out(self, Value::String(text))
            }
            Ast::Text(parts, format) => self.text(parts, *format, String::new(), input, out),
            Ast::Array(inner) => self.array(inner.as_deref(), input, out),
            Ast::Object(entries) => self.object(entries, serde_json::Map::new(), input, out),
            Ast::Negate(inner) => self.negate(inner, input, out),
            Ast::Binary(operator, left, right) => self.binary(*operator, left, right, input, out),
            Ast::And(left, right) => self.logic(false, left, right, input, out),
            Ast::Or(left, right) => self.logic(true, left, right, input, out),
            Ast::Alternative(left, right) => self.alternative(left, right, input, out),
            Ast::If(branches, otherwise) => self.branch(branches, otherwise, input, out),
            Ast::Try(body, catch) => self.attempt(body, catch.as_deref(), input, out),
            Ast::Bind { source, variable, body } => {
                self.eval(source, input, &mut |run, value| run.with(variable, value, |run| run.eval(body, input, out)))
            }
            Ast::Reduce { source, variable, init, update } => self.reduce(source, variable, init, update, input, out),
            Ast::Call(name, arguments) => self.call(name, arguments, input, out),
        }
    }

    fn variable(&mut self, name: &str, out: Out<'_>) -> Done {
        let found = self.variables.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let value = found.unwrap_or_default();
        self.pay(size(&value))?;
        out(self, value)
    }

    /// `..`: the value and everything inside it.
    fn recurse(&mut self, value: &Value, out: Out<'_>) -> Done {
        self.hand_on(value, out)?;
        match value {
            Value::Array(list) => list.iter().try_for_each(|v| self.recurse(v, out)),
            Value::Object(map) => map.values().try_for_each(|v| self.recurse(v, out)),
            _ => Ok(()),
        }
    }

    /// `.[]`: the items of a list, or the values of an object.
    fn iterate(&mut self, value: &Value, out: Out<'_>) -> Done {
        match value {
            Value::Array(list) => list.iter().try_for_each(|value| self.hand_on(value, out)),
            Value::Object(map) => map.values().try_for_each(|value| self.hand_on(value, out)),
            other => fail(format!("Cannot iterate over {}", described(other))),
        }
    }

    /// `base[index]`
    fn index(&mut self, base: &Ast, index: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.eval(index, input, &mut |run, index| {
            run.eval(base, input, &mut |run, base| {
                let value = run.pick(&base, &index)?;
                out(run, value)
            })
        })
    }

    /// A copy of what lies at an index; null if there is nothing.
    fn pick(&mut self, base: &Value, index: &Value) -> Result<Value, Stop> {
        match lookup(base, index) {
            Some(value) => self.copy(value),
            None => match (base, index) {
                (Value::Null, Value::String(_) | Value::Number(_) | Value::Null)
                | (Value::Object(_), Value::String(_))
                | (Value::Array(_), Value::Number(_)) => Ok(Value::Null),
                (_, Value::String(name)) => fail(format!("Cannot index {} with \"{name}\"", kind(base))),
                _ => fail(format!("Cannot index {} with {}", kind(base), kind(index))),
            },
        }
    }

    /// `base[from:to]`
    fn slice(&mut self, base: &Ast, from: Option<&Ast>, to: Option<&Ast>, input: &Value, out: Out<'_>) -> Done {
        const NULL: Ast = Ast::Literal(Value::Null);
        let (from, to) = (from.unwrap_or(&NULL), to.unwrap_or(&NULL));
        self.eval(to, input, &mut |run, to| {
            run.eval(from, input, &mut |run, from| {
                run.eval(base, input, &mut |run, base| {
                    let value = slice(&base, &from, &to)?;
                    out(run, value)
                })
            })
        })
    }

    fn negate(&mut self, inner: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.eval(inner, input, &mut |run, value| match value.as_f64() {
            Some(n) => out(run, number(-n)),
            None => fail(format!("{} cannot be negated", described(&value))),
        })
    }

    /// Every result of the left side with every one of the right; the right side runs first, as in jq.
    fn binary(&mut self, operator: Operator, left: &Ast, right: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.eval(right, input, &mut |run, right| {
            run.eval(left, input, &mut |run, left| {
                let value = run.operate(operator, left, &right)?;
                out(run, value)
            })
        })
    }

    /// A comparison, or a calculation, whose operands and result are paid for.
    fn operate(&mut self, operator: Operator, left: Value, right: &Value) -> Result<Value, Stop> {
        let order = || compare(&left, right);
        Ok(match operator {
            Operator::Equal => (order() == Ordering::Equal).into(),
            Operator::NotEqual => (order() != Ordering::Equal).into(),
            Operator::Less => order().is_lt().into(),
            Operator::LessEqual => order().is_le().into(),
            Operator::Greater => order().is_gt().into(),
            Operator::GreaterEqual => order().is_ge().into(),
            _ => {
                self.pay(size(&left) + size(right))?;
                if left.is_array() && operator == Operator::Subtract {
                    // Each item is compared with each.
                    self.pay(size(&left).saturating_mul(size(right)) / 16)?;
                }
                let value = arithmetic(operator, left, right)?;
                self.pay(size(&value))?;
                value
            }
        })
    }
}

/// What lies at a path of names and plain indexes; `None` for anything else, also for what would be an error.
fn follow<'v>(ast: &Ast, input: &'v Value) -> Option<&'v Value> {
    match ast {
        Ast::Identity => Some(input),
        Ast::Index(base, index) => match &**index {
            Ast::Literal(index) => lookup(follow(base, input)?, index),
            _ => None,
        },
        _ => None,
    }
}
