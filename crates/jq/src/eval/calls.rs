//! Calls of functions. Those that run filters, or give any number of results, are here; the others are in
//! [`crate::functions`].

use serde_json::Value;

use super::{Out, Run};
use crate::ast::Ast;
use crate::error::{Done, Stop, fail};
use crate::functions;
use crate::value::{kind, number, size, truthy};

impl Run {
    /// Calls a function. The parser has checked that there is one of this name with so many arguments.
    pub(super) fn call(&mut self, name: &str, arguments: &[Ast], input: &Value, out: Out<'_>) -> Done {
        match (name, arguments) {
            ("empty", []) => Ok(()),
            ("error", []) => Err(Stop::Error(input.clone())),
            ("error", [message]) => self.eval(message, input, &mut |_, message| Err(Stop::Error(message))),
            ("select", [condition]) => self.eval(condition, input, &mut |run, value| {
                if truthy(&value) { run.hand_on(input, out) } else { Ok(()) }
            }),
            ("map", [filter]) => self.map(filter, input, out),
            ("first", [filter]) => self.limit(1, filter, input, out),
            ("limit", [count, filter]) => self.eval(count, input, &mut |run, count| match count.as_f64() {
                Some(n) if n >= 1.0 => run.limit(n as usize, filter, input, out),
                Some(_) => Ok(()),
                None => fail("limit needs a number"),
            }),
            ("isvalid", [filter]) => self.is_valid(filter, input, out),
            ("range", [to]) => self.eval(to, input, &mut |run, to| run.range(&number(0.0), &to, out)),
            ("range", [from, to]) => {
                self.eval(from, input, &mut |run, from| run.eval(to, input, &mut |run, to| run.range(&from, &to, out)))
            }
            ("recurse", []) => self.eval(&Ast::Recurse, input, out),
            ("nulls" | "booleans" | "numbers" | "strings" | "arrays" | "objects" | "values" | "scalars", []) => {
                if is_of(name, input) { self.hand_on(input, out) } else { Ok(()) }
            }
            ("test", [pattern, flags @ ..]) => {
                self.with_pattern(pattern, flags.first(), input, &mut |run, pattern, flags| {
                    run.test(input, pattern, flags, out)
                })
            }
            ("sub" | "gsub", [pattern, replacement, flags @ ..]) => {
                self.with_pattern(pattern, flags.first(), input, &mut |run, pattern, flags| {
                    let all = name == "gsub" || flags.contains('g');
                    run.sub(input, (pattern, flags), replacement, all, out)
                })
            }
            (_, []) => {
                self.pay(size(input))?;
                let value = functions::of_input(name, input)?;
                self.pay(size(&value))?;
                out(self, value)
            }
            (_, [argument]) => self.eval(argument, input, &mut |run, argument| {
                run.pay(size(input) + size(&argument))?;
                if name == "contains" {
                    // Each item is compared with each.
                    run.pay(size(input).saturating_mul(size(&argument)) / 16)?;
                }
                let value = functions::of_input_and_argument(name, input, &argument)?;
                run.pay(size(&value))?;
                out(run, value)
            }),
            _ => fail(format!("{name} is not supported")),
        }
    }

    /// `map(filter)`: the results for each item, in one list.
    fn map(&mut self, filter: &Ast, input: &Value, out: Out<'_>) -> Done {
        let mut list = Vec::new();
        self.iterate(input, &mut |run, value| {
            list.extend(run.collect(filter, &value)?);
            Ok(())
        })?;
        out(self, Value::Array(list))
    }

    /// The first `count` results of a filter, which is stopped then.
    fn limit(&mut self, count: usize, filter: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.marks += 1;
        let mark = self.marks;
        let mut left = count;
        let done = self.eval(filter, input, &mut |run, value| {
            left -= 1;
            out(run, value)?;
            if left == 0 { Err(Stop::Enough(mark)) } else { Ok(()) }
        });
        match done {
            Err(Stop::Enough(m)) if m == mark => Ok(()),
            done => done,
        }
    }

    /// `isvalid(filter)`: whether the filter runs without an error.
    fn is_valid(&mut self, filter: &Ast, input: &Value, out: Out<'_>) -> Done {
        let valid = match self.collect(filter, input) {
            Ok(_) => true,
            Err(Stop::Error(_)) => false,
            Err(stop) => return Err(stop),
        };
        out(self, valid.into())
    }

    /// `range(from; to)`: the numbers from the one up to, but not including, the other.
    fn range(&mut self, from: &Value, to: &Value, out: Out<'_>) -> Done {
        let (Some(mut at), Some(to)) = (from.as_f64(), to.as_f64()) else {
            return fail("Range bounds must be numeric");
        };
        while at < to {
            self.pay(1)?;
            out(self, number(at))?;
            at += 1.0;
        }
        Ok(())
    }
}

/// Whether a value is of the kind that a function such as `numbers` lets through.
fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "values" => !value.is_null(),
        "scalars" => !value.is_array() && !value.is_object(),
        plural => plural.strip_suffix('s') == Some(kind(value)),
    }
}
