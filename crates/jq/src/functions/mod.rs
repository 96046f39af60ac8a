//! The functions of jq: which there are, and those that make one value of their input and their arguments. Those that run
//! filters are `prelude`'s, or the machine's own.

mod arithmetic;
mod dates;
mod formats;
mod json;
mod lists;
mod numbers;
pub(crate) mod paths;
mod regexes;
mod strings;

use std::fmt;

use crate::budget::Budget;
use crate::error::Stop;
use crate::value::{Val, dumped};

pub(crate) use arithmetic::calculate;
pub(crate) use formats::format;

/// The functions of jq 1.6 that are refused by name: those that read or write what is outside of the query and its input.
pub(crate) const REFUSED: [(&str, usize); 11] = [
    ("debug", 0),
    ("env", 0),
    ("get_jq_origin", 0),
    ("get_prog_origin", 0),
    ("get_search_list", 0),
    ("halt", 0),
    ("halt_error", 0),
    ("halt_error", 1),
    ("input_filename", 0),
    ("modulemeta", 0),
    ("stderr", 0),
];

/// The code of a function.
type Code = fn(&mut Budget, Val, Vec<Val>) -> Result<Val, Stop>;

/// A function that makes one value of its input and its arguments.
pub(crate) struct Native {
    name: &'static str,
    arguments: usize,
    code: Code,
}

impl Native {
    pub(crate) fn call(&self, budget: &mut Budget, input: Val, arguments: Vec<Val>) -> Result<Val, Stop> {
        (self.code)(budget, input, arguments)
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.name, self.arguments)
    }
}

impl PartialEq for Native {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.arguments) == (other.name, other.arguments)
    }
}

/// The function of this name with so many arguments.
pub(crate) fn native(name: &str, arguments: usize) -> Option<&'static Native> {
    let tables = [GENERAL, strings::TABLE, lists::TABLE, numbers::TABLE, dates::TABLE, regexes::TABLE, paths::TABLE];
    let wanted = |native: &&Native| native.name == name && native.arguments == arguments;
    tables.into_iter().flatten().find(wanted)
}

/// A line of a table.
const fn entry(name: &'static str, arguments: usize, code: Code) -> Native {
    Native { name, arguments, code }
}

/// The first argument.
fn only(arguments: Vec<Val>) -> Val {
    arguments.into_iter().next().unwrap_or_default()
}

/// The first two arguments.
fn both(arguments: Vec<Val>) -> (Val, Val) {
    let mut arguments = arguments.into_iter();
    (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default())
}

/// A string as it is, anything else as JSON.
fn tostring(budget: &mut Budget, value: Val) -> Result<Val, Stop> {
    match value {
        Val::Text(_) => Ok(value),
        other => tojson(budget, &other),
    }
}

fn tojson(budget: &mut Budget, value: &Val) -> Result<Val, Stop> {
    budget.pay(value.size())?;
    let text = dumped(value);
    budget.pay_text(text.len())?;
    Ok(Val::text(text))
}

fn error(value: Val) -> Result<Val, Stop> {
    match value {
        // jq 1.6 takes an error without a message for no result.
        Val::Null => Err(Stop::Nothing),
        other => Err(Stop::Error(other)),
    }
}

/// The names of all functions of jq 1.6, as its `builtins` lists them.
const BUILTINS: &str = include_str!("builtins.txt");

const GENERAL: &[Native] = &[
    entry("type", 0, |_, input, _| Ok(Val::text(input.kind()))),
    entry("error", 0, |_, input, _| error(input)),
    entry("error", 1, |_, _, arguments| error(only(arguments))),
    entry("tostring", 0, |budget, input, _| tostring(budget, input)),
    entry("tojson", 0, |budget, input, _| tojson(budget, &input)),
    entry("fromjson", 0, |budget, input, _| json::parse(budget, &input)),
    entry("tonumber", 0, |budget, input, _| json::number(budget, &input)),
    entry("format", 1, |budget, input, arguments| formats::named(budget, &only(arguments), &input)),
    // There is one input, and it has been read.
    entry("input", 0, |_, _, _| Err(Stop::Error(Val::text("break")))),
    entry("inputs", 0, |_, _, _| Err(Stop::Nothing)),
    entry("input_line_number", 0, |_, _, _| Ok(Val::Number(0.0))),
    entry("builtins", 0, |budget, _, _| {
        budget.pay(BUILTINS.len() / 4)?;
        Ok(Val::list(BUILTINS.split_whitespace().map(Val::text).collect()))
    }),
];
