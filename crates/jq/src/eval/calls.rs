//! Calls of functions. Those that run filters, or give any number of results, are here; the others are in
//! [`crate::functions`].

use regex::RegexBuilder;
use serde_json::Value;
use text::pattern::{self, Pattern};

use super::{Out, Run};
use crate::ast::Ast;
use crate::error::{Done, Stop, fail};
use crate::functions;
use crate::value::{described, kind, number, size, truthy};

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
            ("test", [pattern, flags @ ..]) => self.eval(pattern, input, &mut |run, pattern| {
                let Some(flags) = flags.first() else { return run.test(input, &pattern, "", out) };
                run.eval(flags, input, &mut |run, flags| {
                    run.test(input, &pattern, flags.as_str().unwrap_or_default(), out)
                })
            }),
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

    /// `test(pattern; flags)`: whether a text matches a pattern.
    fn test(&mut self, input: &Value, pattern: &Value, flags: &str, out: Out<'_>) -> Done {
        /// So many steps of a pattern, of a nanosecond each, cost as much as one step of a run.
        const PATTERN_STEPS: u64 = 8_000;
        self.pay(size(input) + size(pattern))?;
        let (Value::String(text), Value::String(pattern)) = (input, pattern) else {
            return fail(format!("{} cannot be matched, as it is not a string", described(input)));
        };
        let mut builder = RegexBuilder::new(pattern);
        for flag in flags.chars() {
            match flag {
                'i' => builder.case_insensitive(true),
                'x' => builder.ignore_whitespace(true),
                's' => builder.dot_matches_new_line(true),
                'g' | 'n' => &mut builder,
                other => return fail(format!("{other} is not a valid modifier string")),
            };
        }
        let mut pay = |steps: u64| self.pay(1 + (steps / PATTERN_STEPS) as usize);
        match Pattern::compile(&mut builder, pattern::reading(pattern, flags.contains('i')), &mut pay)? {
            Some(compiled) => {
                pay(compiled.matching(text))?;
                out(self, compiled.is_match(text).into())
            }
            None => fail(format!("{pattern} (at offset 0) is not a valid regex")),
        }
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
