//! The functions that match texts with patterns: `test`, `sub` and `gsub`.

use regex::RegexBuilder;
use serde_json::{Map, Value};
use text::pattern::{self, Pattern};

use super::{Out, Run};
use crate::ast::Ast;
use crate::error::{Done, Stop, fail};
use crate::value::{described, size};

/// Whoever takes a pattern and its flags.
type Take<'o> = &'o mut dyn FnMut(&mut Run, &Value, &str) -> Done;

/// So many steps of a pattern, of a nanosecond each, cost as much as one step of a run.
const PATTERN_STEPS: u64 = 8_000;

impl Run {
    /// Hands on each result of the first argument, with each of the second.
    pub(super) fn with_pattern(&mut self, pattern: &Ast, flags: Option<&Ast>, input: &Value, take: Take<'_>) -> Done {
        self.eval(pattern, input, &mut |run, pattern| match flags {
            None => take(run, &pattern, ""),
            Some(flags) => {
                run.eval(flags, input, &mut |run, flags| take(run, &pattern, flags.as_str().unwrap_or_default()))
            }
        })
    }

    /// `test(pattern; flags)`: whether a text matches a pattern.
    pub(super) fn test(&mut self, input: &Value, pattern: &Value, flags: &str, out: Out<'_>) -> Done {
        let (text, compiled) = self.compile(input, pattern, flags)?;
        self.pay_steps(compiled.matching(text))?;
        out(self, compiled.is_match(text).into())
    }

    /// `sub(pattern; replacement; flags)` and `gsub`: the text with its first match, or with all, replaced by what the
    /// replacement makes of an object of the match's named groups.
    pub(super) fn sub(
        &mut self,
        input: &Value,
        (pattern, flags): (&Value, &str),
        replacement: &Ast,
        all: bool,
        out: Out<'_>,
    ) -> Done {
        let (text, compiled) = self.compile(input, pattern, flags)?;
        let mut made = String::new();
        let mut from = 0;
        loop {
            self.pay_steps(compiled.matching(text.get(from..).unwrap_or_default()))?;
            let Some((at, groups)) = compiled.groups(text, from) else { break };
            if all && at.is_empty() {
                return fail("gsub with a pattern that matches no character never ends in jq 1.6");
            }
            let groups: Map<String, Value> = groups.into_iter().map(|(name, group)| (name, group.into())).collect();
            let groups = Value::Object(groups);
            self.pay(size(&groups))?;
            let with = match &mut *self.collect(replacement, &groups)? {
                [] => return Ok(()),
                [Value::String(with)] => std::mem::take(with),
                [other] => return fail(format!("{} and {} cannot be added", described(input), described(other))),
                _ => return fail("several replacements for one match are not supported here"),
            };
            made.push_str(text.get(from..at.start).unwrap_or_default());
            made.push_str(&with);
            from = at.end;
            self.pay(1 + with.len() / 16)?;
            if !all {
                break;
            }
        }
        made.push_str(text.get(from..).unwrap_or_default());
        self.pay(1 + made.len() / 16)?;
        out(self, made.into())
    }

    /// The text and the compiled pattern.
    fn compile<'t>(&mut self, input: &'t Value, pattern: &Value, flags: &str) -> Result<(&'t str, Pattern), Stop> {
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
        let reading = pattern::reading(pattern, flags.contains('i'));
        match Pattern::compile(&mut builder, reading, |steps| self.pay_steps(steps))? {
            Some(compiled) => Ok((text, compiled)),
            None => fail(format!("{pattern} (at offset 0) is not a valid regex")),
        }
    }

    fn pay_steps(&mut self, steps: u64) -> Done {
        self.pay(1 + (steps / PATTERN_STEPS) as usize)
    }
}
