//! Runs a filter: results are pushed into a callback one by one, and everything is paid for.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Number, Value};

use super::functions;
use super::syntax::{Ast, Format, Operator, TextPart};

/// Steps, values and sixteenths of bytes that a run may cost, beyond a part that grows with its input.
const BUDGET: usize = 200_000;

/// Why a run ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// An error that `try` can catch.
    Error(Value),
    /// The budget is spent.
    Exhausted,
    /// `first` and its like have what they want; the number says which of them.
    Enough(usize),
    /// It came from whoever takes the results, not from the filter: not for the innermost `try` to catch.
    Outside(Box<Stop>),
}

pub(super) type Done = Result<(), Stop>;
pub(super) type Out<'o> = &'o mut dyn FnMut(&mut Run, Value) -> Done;

pub(super) fn error<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(Value::String(message.into())))
}

pub(super) fn first(ast: &Ast, input: &Value) -> Result<Option<Value>, String> {
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

/// Refuses variables that nothing binds.
pub(super) fn check_variables(ast: &Ast) -> Result<(), String> {
    fn walk<'a>(ast: &'a Ast, bound: &mut Vec<&'a str>) -> Result<(), String> {
        match ast {
            Ast::Variable(name) if !bound.contains(&name.as_str()) => Err(format!("${name} is not defined")),
            Ast::Bind { source, variable, body } => {
                walk(source, bound)?;
                bound.push(variable);
                let result = walk(body, bound);
                bound.pop();
                result
            }
            Ast::Reduce { source, variable, init, update } => {
                walk(source, bound)?;
                walk(init, bound)?;
                bound.push(variable);
                let result = walk(update, bound);
                bound.pop();
                result
            }
            other => other.children().into_iter().try_for_each(|child| walk(child, bound)),
        }
    }
    walk(ast, &mut Vec::new())
}

impl Ast {
    fn children(&self) -> Vec<&Ast> {
        match self {
            Ast::Identity | Ast::Recurse | Ast::Literal(_) | Ast::Format(_) | Ast::Variable(_) => Vec::new(),
            Ast::Iterate(a) | Ast::Negate(a) => vec![a],
            Ast::Index(a, b)
            | Ast::Pipe(a, b)
            | Ast::Comma(a, b)
            | Ast::Binary(_, a, b)
            | Ast::And(a, b)
            | Ast::Or(a, b)
            | Ast::Alternative(a, b)
            | Ast::Bind { source: a, body: b, .. } => vec![a, b],
            Ast::Slice(a, b, c) => std::iter::once(&**a).chain(b.as_deref()).chain(c.as_deref()).collect(),
            Ast::Array(a) => a.as_deref().into_iter().collect(),
            Ast::Try(a, b) => std::iter::once(&**a).chain(b.as_deref()).collect(),
            Ast::Text(parts, _) => parts
                .iter()
                .filter_map(|part| match part {
                    TextPart::Interpolated(ast) => Some(ast),
                    TextPart::Literal(_) => None,
                })
                .collect(),
            Ast::Object(entries) => entries.iter().flat_map(|(k, v)| [k, v]).collect(),
            Ast::If(branches, otherwise) => branches.iter().flat_map(|(c, t)| [c, t]).chain([&**otherwise]).collect(),
            Ast::Reduce { source, init, update, .. } => vec![source, init, update],
            Ast::Call(_, arguments) => arguments.iter().collect(),
        }
    }
}

/// One run of a filter.
pub(super) struct Run {
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
                let value = functions::arithmetic(operator, left, right)?;
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

fn found<'v>(base: &'v Value, index: &Value) -> Option<&'v Value> {
    match (base, index) {
        (Value::Object(map), Value::String(name)) => map.get(name),
        (Value::Array(list), Value::Number(n)) => {
            let at = n.as_f64()?.floor();
            let at = if at < 0.0 { at + list.len() as f64 } else { at };
            if at < 0.0 { None } else { list.get(at as usize) }
        }
        _ => None,
    }
}

fn slice(base: &Value, from: &Value, to: &Value) -> Result<Value, Stop> {
    let ends = |length: usize| -> Result<(usize, usize), Stop> {
        let end = |value: &Value, default: usize, up: bool| match value {
            Value::Null => Ok(default),
            Value::Number(n) => {
                let at = n.as_f64().unwrap_or_default();
                let at = if at < 0.0 { at + length as f64 } else { at };
                Ok((if up { at.ceil() } else { at.floor() }).clamp(0.0, length as f64) as usize)
            }
            _ => error("Start and end indices of an array slice must be numbers"),
        };
        let (from, to) = (end(from, 0, false)?, end(to, length, true)?);
        Ok((from, to.max(from)))
    };
    match base {
        Value::Null => Ok(Value::Null),
        Value::Array(list) => {
            let (from, to) = ends(list.len())?;
            Ok(Value::Array(list[from..to].to_vec()))
        }
        Value::String(text) => {
            let (from, to) = ends(text.chars().count())?;
            Ok(Value::String(text.chars().skip(from).take(to - from).collect()))
        }
        other => error(format!("Cannot index {} with object", kind(other))),
    }
}

pub(super) fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// Whole numbers are written without a fraction.
pub(super) fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 1e17 {
        return Value::Number(Number::from(n as i64));
    }
    // Not a number is null in jq, and the infinite is the largest there is.
    let n = if n.is_infinite() { f64::MAX.copysign(n) } else { n };
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}

pub(super) fn tostring(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as jq's errors name it: its kind and the beginning of its text.
pub(super) fn described(value: &Value) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(11).collect();
    let dots = if text.chars().nth(11).is_some() { "..." } else { "" };
    match value {
        Value::Null => "null (null)".into(),
        other => format!("{} ({shown}{dots})", kind(other)),
    }
}

/// What a value costs: one for each part, and its text.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(s) => 1 + s.len() / 16,
        Value::Array(list) => list.iter().fold(1, |sum, v| sum + size(v)),
        Value::Object(map) => map.iter().fold(1, |sum, (k, v)| sum + 1 + k.len() / 16 + size(v)),
        _ => 1,
    }
}

/// jq's order of all values: null, false, true, numbers, strings, arrays, objects.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Number(_) => 3,
            Value::String(_) => 4,
            Value::Array(_) => 5,
            Value::Object(_) => 6,
        }
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let differing = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            differing.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |map: &Map<String, Value>| {
                let mut keys: Vec<String> = map.keys().cloned().collect();
                keys.sort_unstable();
                keys
            };
            let (keys, others) = (sorted(a), sorted(b));
            keys.cmp(&others).then_with(|| {
                let values = keys.iter().map(|k| match (a.get(k), b.get(k)) {
                    (Some(a), Some(b)) => compare(a, b),
                    _ => Ordering::Equal,
                });
                values.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        _ => rank(a).cmp(&rank(b)),
    }
}
