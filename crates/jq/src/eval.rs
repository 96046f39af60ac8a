//! Runs a filter: results are pushed into a callback one by one, and everything is paid for.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::ast::{Ast, Format, Operator, TextPart};
use crate::functions;
use crate::value::{arithmetic, compare, described, found, kind, number, size, slice, tostring, truthy};

/// Steps, values and sixteenths of bytes that a run may cost, beyond a part that grows with its input.
const BUDGET: usize = 200_000;

/// Why a run ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// An error that `try` can catch.
    Error(Value),
    /// The budget is spent.
    Exhausted,
    /// `first` and its like have what they want; the number says which of them.
    Enough(usize),
    /// It came from whoever takes the results, not from the filter: not for the innermost `try` to catch.
    Outside(Box<Stop>),
}

pub(crate) type Done = Result<(), Stop>;
pub(crate) type Out<'o> = &'o mut dyn FnMut(&mut Run, Value) -> Done;

pub(crate) fn error<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(Value::String(message.into())))
}

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
pub(crate) struct Run {
    left: usize,
    marks: usize,
    variables: Vec<(String, Value)>,
}

impl Run {
    pub fn pay(&mut self, cost: usize) -> Done {
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

    /// A copy, paid for.
    fn copy(&mut self, value: &Value) -> Result<Value, Stop> {
        self.pay(size(value))?;
        Ok(value.clone())
    }

    /// Hands a result on; what goes wrong there is none of the filter's errors.
    pub fn mark(&mut self) -> usize {
        self.marks += 1;
        self.marks
    }

    /// All results, as a list.
    pub fn collect(&mut self, ast: &Ast, input: &Value) -> Result<Vec<Value>, Stop> {
        let mut list = Vec::new();
        self.eval(ast, input, &mut |_, value| {
            list.push(value);
            Ok(())
        })?;
        Ok(list)
    }

    pub fn eval(&mut self, ast: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.pay(1)?;
        // A plain path is followed without copying what lies on the way.
        if let Some(value) = path(ast, input) {
            let value = self.copy(value)?;
            return out(self, value);
        }
        match ast {
            Ast::Identity => {
                let value = self.copy(input)?;
                out(self, value)
            }
            Ast::Literal(value) => {
                let value = self.copy(value)?;
                out(self, value)
            }
            Ast::Variable(name) => {
                let found = self.variables.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                let value = found.unwrap_or_default();
                self.pay(size(&value))?;
                out(self, value)
            }
            Ast::Recurse => self.recurse(input, out),
            Ast::Pipe(left, right) => match path(left, input) {
                Some(middle) => self.eval(right, middle, out),
                None => self.eval(left, input, &mut |run, middle| run.eval(right, &middle, out)),
            },
            Ast::Comma(left, right) => {
                self.eval(left, input, out)?;
                self.eval(right, input, out)
            }
            Ast::Index(base, index) => self.eval(index, input, &mut |run, index| {
                run.eval(base, input, &mut |run, base| {
                    let value = run.index(&base, &index)?;
                    out(run, value)
                })
            }),
            Ast::Slice(base, from, to) => {
                const NULL: Ast = Ast::Literal(Value::Null);
                let (from, to) = (from.as_deref().unwrap_or(&NULL), to.as_deref().unwrap_or(&NULL));
                self.eval(to, input, &mut |run, to| {
                    run.eval(from, input, &mut |run, from| {
                        run.eval(base, input, &mut |run, base| {
                            let value = slice(&base, &from, &to)?;
                            out(run, value)
                        })
                    })
                })
            }
            Ast::Iterate(base) => match path(base, input) {
                Some(base) => self.iterate(base, out),
                None => self.eval(base, input, &mut |run, base| run.iterate(&base, out)),
            },
            Ast::Format(format) => {
                let text = self.format(*format, input)?;
                out(self, Value::String(text))
            }
            Ast::Text(parts, format) => self.text(parts, *format, String::new(), input, out),
            Ast::Array(inner) => {
                let list = match inner {
                    Some(inner) => self.collect(inner, input)?,
                    None => Vec::new(),
                };
                out(self, Value::Array(list))
            }
            Ast::Object(entries) => self.object(entries, Map::new(), input, out),
            Ast::Negate(inner) => self.eval(inner, input, &mut |run, value| match value.as_f64() {
                Some(n) => out(run, number(-n)),
                None => error(format!("{} cannot be negated", described(&value))),
            }),
            Ast::Binary(operator, left, right) => self.eval(right, input, &mut |run, right| {
                run.eval(left, input, &mut |run, left| {
                    let value = run.binary(*operator, left, &right)?;
                    out(run, value)
                })
            }),
            Ast::And(left, right) => self.logic(false, left, right, input, out),
            Ast::Or(left, right) => self.logic(true, left, right, input, out),
            Ast::Alternative(left, right) => {
                let mut any = false;
                let done = self.eval(left, input, &mut |run, value| {
                    if truthy(&value) {
                        any = true;
                        return out(run, value).map_err(|stop| Stop::Outside(Box::new(stop)));
                    }
                    Ok(())
                });
                match done {
                    Err(Stop::Outside(stop)) => Err(*stop),
                    Ok(()) | Err(Stop::Error(_)) if any => Ok(()),
                    Ok(()) | Err(Stop::Error(_)) => self.eval(right, input, out),
                    stop => stop,
                }
            }
            Ast::If(branches, otherwise) => self.branch(branches, otherwise, input, out),
            Ast::Try(body, catch) => {
                let done = self
                    .eval(body, input, &mut |run, value| out(run, value).map_err(|stop| Stop::Outside(Box::new(stop))));
                match (done, catch) {
                    (Err(Stop::Outside(stop)), _) => Err(*stop),
                    (Err(Stop::Error(_)), None) => Ok(()),
                    (Err(Stop::Error(message)), Some(catch)) => self.eval(catch, &message, out),
                    (done, _) => done,
                }
            }
            Ast::Bind { source, variable, body } => {
                self.eval(source, input, &mut |run, value| run.with(variable, value, |run| run.eval(body, input, out)))
            }
            Ast::Reduce { source, variable, init, update } => self.eval(init, input, &mut |run, start| {
                let mut state = start;
                run.eval(source, input, &mut |run, value| {
                    let before = std::mem::take(&mut state);
                    run.with(variable, value, |run| {
                        run.eval(update, &before, &mut |_, next| {
                            state = next;
                            Ok(())
                        })
                    })
                })?;
                out(run, state)
            }),
            Ast::Call(name, arguments) => functions::call(self, name, arguments, input, out),
        }
    }

    fn with<T>(&mut self, name: &str, value: Value, body: impl FnOnce(&mut Self) -> T) -> T {
        self.variables.push((name.to_owned(), value));
        let result = body(self);
        self.variables.pop();
        result
    }

    fn branch(&mut self, branches: &[(Ast, Ast)], otherwise: &Ast, input: &Value, out: Out<'_>) -> Done {
        let Some(((condition, then), rest)) = branches.split_first() else {
            return self.eval(otherwise, input, out);
        };
        self.eval(condition, input, &mut |run, value| {
            if truthy(&value) { run.eval(then, input, out) } else { run.branch(rest, otherwise, input, out) }
        })
    }

    /// `and` and `or`: the right side is asked only if the left one does not decide.
    fn logic(&mut self, decisive: bool, left: &Ast, right: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.eval(left, input, &mut |run, left| {
            if truthy(&left) == decisive {
                return out(run, decisive.into());
            }
            run.eval(right, input, &mut |run, right| out(run, truthy(&right).into()))
        })
    }

    fn recurse(&mut self, value: &Value, out: Out<'_>) -> Done {
        let copy = self.copy(value)?;
        out(self, copy)?;
        match value {
            Value::Array(list) => list.iter().try_for_each(|v| self.recurse(v, out)),
            Value::Object(map) => map.values().try_for_each(|v| self.recurse(v, out)),
            _ => Ok(()),
        }
    }

    pub fn iterate(&mut self, value: &Value, out: Out<'_>) -> Done {
        let mut each = |value: &Value| {
            let value = self.copy(value)?;
            out(self, value)
        };
        match value {
            Value::Array(list) => list.iter().try_for_each(&mut each),
            Value::Object(map) => map.values().try_for_each(&mut each),
            other => error(format!("Cannot iterate over {}", described(other))),
        }
    }

    fn index(&mut self, base: &Value, index: &Value) -> Result<Value, Stop> {
        match found(base, index) {
            Some(value) => self.copy(value),
            None => match (base, index) {
                (Value::Null, Value::String(_) | Value::Number(_) | Value::Null)
                | (Value::Object(_), Value::String(_))
                | (Value::Array(_), Value::Number(_)) => Ok(Value::Null),
                (_, Value::String(name)) => error(format!("Cannot index {} with \"{name}\"", kind(base))),
                _ => error(format!("Cannot index {} with {}", kind(base), kind(index))),
            },
        }
    }

    fn text(&mut self, parts: &[TextPart], format: Format, mut done: String, input: &Value, out: Out<'_>) -> Done {
        match parts.split_first() {
            None => {
                self.pay(done.len() / 16)?;
                out(self, Value::String(done))
            }
            Some((TextPart::Literal(text), rest)) => {
                done.push_str(text);
                self.text(rest, format, done, input, out)
            }
            Some((TextPart::Interpolated(ast), rest)) => self.eval(ast, input, &mut |run, value| {
                let text = run.format(format, &value)?;
                run.pay((done.len() + text.len()) / 16)?;
                run.text(rest, format, format!("{done}{text}"), input, out)
            }),
        }
    }

    fn object(&mut self, entries: &[(Ast, Ast)], done: Map<String, Value>, input: &Value, out: Out<'_>) -> Done {
        let Some(((key, value), rest)) = entries.split_first() else {
            return out(self, Value::Object(done));
        };
        self.eval(key, input, &mut |run, key| {
            let Value::String(key) = key else {
                return error(format!("Object keys must be strings, not {}", described(&key)));
            };
            run.eval(value, input, &mut |run, value| {
                run.pay(done.len())?;
                let mut next = done.clone();
                run.pay(next.values().map(size).sum())?;
                next.insert(key.clone(), value);
                run.object(rest, next, input, out)
            })
        })
    }

    fn binary(&mut self, operator: Operator, left: Value, right: &Value) -> Result<Value, Stop> {
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
                    self.pay(size(&left).saturating_mul(size(right)) / 16)?;
                }
                let value = arithmetic(operator, left, right)?;
                self.pay(size(&value))?;
                value
            }
        })
    }

    pub fn format(&mut self, format: Format, value: &Value) -> Result<String, Stop> {
        // RFC 3986's unreserved characters stay.
        const URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
        self.pay(size(value))?;
        let text = match format {
            Format::Json => value.to_string(),
            _ => tostring(value),
        };
        Ok(match format {
            Format::Text | Format::Json => text,
            Format::Base64 => STANDARD.encode(text),
            Format::Base64Decoded => match STANDARD.decode(text.trim_end()) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => return error(format!("{} is not valid base64 data", described(value))),
            },
            Format::Uri => utf8_percent_encode(&text, URI).to_string(),
        })
    }
}

/// What lies at a path of names and plain indexes; `None` for anything else, also for what would be an error.
fn path<'v>(ast: &Ast, input: &'v Value) -> Option<&'v Value> {
    match ast {
        Ast::Identity => Some(input),
        Ast::Index(base, index) => match &**index {
            Ast::Literal(index) => found(path(base, input)?, index),
            _ => None,
        },
        _ => None,
    }
}
