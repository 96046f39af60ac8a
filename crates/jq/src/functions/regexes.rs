//! The function that the functions of regular expressions are made of.

use search::{Groups, Options, Pattern, Steps};

use super::{Native, entry};
use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::value::{Val, described};

pub(super) const TABLE: &[Native] = &[entry("_match_impl", 3, |budget, input, arguments| {
    let [pattern, flags, test] = &arguments[..] else { return Ok(Val::Null) };
    matches(budget, &input, pattern, flags, test.truthy())
})];

/// So many steps of a search, of some nanoseconds each, cost as much as one step of a run.
const STEPS: u64 = 8;

/// What the flags say beside what a pattern's reader wants to know.
struct Flags {
    options: Options,
    all: bool,
}

/// Where a pattern matches, or whether it does.
fn matches(budget: &mut Budget, input: &Val, pattern: &Val, flags: &Val, test: bool) -> Result<Val, Stop> {
    let Val::Text(text) = input else {
        return fail(format!("{} cannot be matched, as it is not a string", described(input)));
    };
    let Val::Text(pattern) = pattern else {
        return fail(format!("{} is not a string", described(pattern)));
    };
    let flags = read_flags(flags)?;
    budget.pay(1 + pattern.len() * 8)?;
    let pattern =
        Pattern::oniguruma(pattern, flags.options).or_else(|wrong| fail(format!("Regex failure: {wrong}")))?;
    budget.pay_text(text.len() * 4)?;
    let text: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let groups = budget.steps(STEPS, |steps: &mut Steps| pattern.find(&text, from, steps))?;
        let Some(groups) = groups else { break };
        if test {
            return Ok(true.into());
        }
        let Some((begin, end)) = groups[0] else { break };
        found.push(described_match(budget, &text, &pattern, &groups)?);
        // Where nothing was matched, jq 1.6 looks again from one place further than it looked, not than it found.
        from = if begin == end { from + 1 } else { end };
        if !flags.all || from >= text.len() {
            break;
        }
    }
    if test { Ok(false.into()) } else { Ok(Val::list(found)) }
}

fn read_flags(flags: &Val) -> Result<Flags, Stop> {
    let mut read = Flags { options: Options::default(), all: false };
    let text = match flags {
        Val::Null => return Ok(read),
        Val::Text(text) => text,
        other => return fail(format!("{} is not a string", described(other))),
    };
    for flag in text.chars() {
        match flag {
            'g' => read.all = true,
            'i' => read.options.ignore_case = true,
            'x' => read.options.extended = true,
            'n' => read.options.not_empty = true,
            'p' => read.options.dot_all = true,
            // Of jq's patterns `s` is true anyway, and `l` changes nothing.
            's' | 'l' => {}
            _ => return fail(format!("{text} is not a valid modifier string")),
        }
    }
    Ok(read)
}

/// A match as jq describes it.
fn described_match(budget: &mut Budget, text: &[char], pattern: &Pattern, groups: &Groups) -> Result<Val, Stop> {
    let (begin, end) = groups.first().copied().flatten().unwrap_or_default();
    budget.pay(4 + groups.len() * 4 + (end - begin) / 4)?;
    let part = |(begin, end): (usize, usize)| Val::text(text[begin..end].iter().collect::<String>());
    let mut captures = Vec::new();
    // jq 1.6 tells of no groups where the whole match is empty.
    for number in if begin == end { 0..0 } else { 1..groups.len() } {
        let name = pattern.names().iter().find(|(_, named)| *named == number).map(|(name, _)| name);
        let name = name.map_or(Val::Null, Val::text);
        captures.push(match groups[number] {
            Some((begin, end)) if begin < end => Val::of_members([
                ("offset", begin.into()),
                ("length", (end - begin).into()),
                ("string", part((begin, end))),
                ("name", name),
            ]),
            Some((begin, _)) => Val::of_members([
                ("offset", begin.into()),
                ("string", Val::text("")),
                ("length", Val::Number(0.0)),
                ("name", name),
            ]),
            None => Val::of_members([
                ("offset", Val::Number(-1.0)),
                ("string", Val::Null),
                ("length", Val::Number(0.0)),
                ("name", name),
            ]),
        });
        budget.pay(2)?;
    }
    Ok(Val::of_members([
        ("offset", begin.into()),
        ("length", (end - begin).into()),
        ("string", part((begin, end))),
        ("captures", Val::list(captures)),
    ]))
}
