//! The functions of jq: which there are, and those that make one value of their input and at most one argument.
//!
//! `eval` pays for their input, argument and result, and has the functions that run filters.

mod dates;
mod expect;
mod lists;
mod numbers;
mod objects;
mod strings;

use serde_json::Value;

use crate::error::{Stop, fail};
use crate::value::{contains, kind, tostring, truthy};
use expect::{float, list, text};

/// The names of all functions, each with a number of arguments that it takes.
const KNOWN: &[(&str, usize)] = &[
    ("add", 0),
    ("all", 0),
    ("any", 0),
    ("arrays", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("booleans", 0),
    ("ceil", 0),
    ("contains", 1),
    ("empty", 0),
    ("endswith", 1),
    ("error", 0),
    ("error", 1),
    ("fabs", 0),
    ("first", 0),
    ("first", 1),
    ("flatten", 0),
    ("floor", 0),
    ("from_entries", 0),
    ("fromdate", 0),
    ("fromdateiso8601", 0),
    ("fromjson", 0),
    ("gmtime", 0),
    ("gsub", 2),
    ("gsub", 3),
    ("has", 1),
    ("index", 1),
    ("isvalid", 1),
    ("join", 1),
    ("keys", 0),
    ("keys_unsorted", 0),
    ("last", 0),
    ("length", 0),
    ("limit", 2),
    ("ltrimstr", 1),
    ("map", 1),
    ("max", 0),
    ("min", 0),
    ("mktime", 0),
    ("not", 0),
    ("nulls", 0),
    ("numbers", 0),
    ("objects", 0),
    ("range", 1),
    ("range", 2),
    ("recurse", 0),
    ("reverse", 0),
    ("round", 0),
    ("rtrimstr", 1),
    ("scalars", 0),
    ("select", 1),
    ("sort", 0),
    ("split", 1),
    ("sqrt", 0),
    ("startswith", 1),
    ("strftime", 1),
    ("strings", 0),
    ("strptime", 1),
    ("sub", 2),
    ("sub", 3),
    ("test", 1),
    ("test", 2),
    ("to_entries", 0),
    ("toarray", 0),
    ("todate", 0),
    ("todateiso8601", 0),
    ("tojson", 0),
    ("tonumber", 0),
    ("tostring", 0),
    ("type", 0),
    ("unique", 0),
    ("utf8bytelength", 0),
    ("values", 0),
];

/// Checks that there is a function of this name with so many arguments.
pub(crate) fn check(name: &str, arguments: usize) -> Result<(), String> {
    if KNOWN.contains(&(name, arguments)) {
        return Ok(());
    }
    Err(format!("{name}/{arguments} is not a function of jq that is supported here"))
}

/// Calls a function of the input alone.
pub(crate) fn of_input(name: &str, input: &Value) -> Result<Value, Stop> {
    Ok(match name {
        "not" => (!truthy(input)).into(),
        "type" => kind(input).into(),
        "tostring" => tostring(input).into(),
        "tojson" => input.to_string().into(),
        "fromjson" => return strings::parse_json(input),
        "utf8bytelength" => text(input)?.len().into(),
        "ascii_downcase" => text(input)?.to_ascii_lowercase().into(),
        "ascii_upcase" => text(input)?.to_ascii_uppercase().into(),
        "length" => return lists::length(input),
        "tonumber" => return numbers::parse(input),
        "floor" | "ceil" | "round" | "sqrt" | "fabs" => numbers::calculate(name, float(input)?),
        "keys" => return objects::keys(input, true),
        "keys_unsorted" => return objects::keys(input, false),
        "to_entries" => return objects::to_entries(input),
        "from_entries" => objects::from_entries(list(input)?),
        "add" => return lists::add(input),
        "any" => list(input)?.iter().any(truthy).into(),
        "all" => list(input)?.iter().all(truthy).into(),
        "first" => list(input)?.first().cloned().unwrap_or_default(),
        "last" => list(input)?.last().cloned().unwrap_or_default(),
        "min" => lists::least(list(input)?),
        "max" => lists::greatest(list(input)?),
        "sort" => lists::sort(input)?.into(),
        "unique" => return lists::unique(input),
        "reverse" => return lists::reverse(input),
        "flatten" => lists::flatten(list(input)?),
        "toarray" if input.is_array() => input.clone(),
        "toarray" => vec![input.clone()].into(),
        "gmtime" => return dates::break_down(float(input)?).map_err(Stop::message),
        "mktime" => return dates::mktime(input).map_err(Stop::message),
        "todate" | "todateiso8601" => return dates::strftime(input, dates::ISO).map_err(Stop::message),
        "fromdate" | "fromdateiso8601" => {
            let parts = dates::strptime(text(input)?, dates::ISO).map_err(Stop::message)?;
            return dates::mktime(&parts).map_err(Stop::message);
        }
        other => return fail(format!("{other} is not supported")),
    })
}

/// Calls a function of the input and one value.
pub(crate) fn of_input_and_argument(name: &str, input: &Value, argument: &Value) -> Result<Value, Stop> {
    match name {
        "has" => objects::has(input, argument),
        "contains" => contains(input, argument).map(Value::Bool),
        "startswith" => strings::starts_with(input, argument),
        "endswith" => strings::ends_with(input, argument),
        "ltrimstr" => Ok(strings::trim(input, argument, |text, cut| text.strip_prefix(cut))),
        "rtrimstr" => Ok(strings::trim(input, argument, |text, cut| text.strip_suffix(cut))),
        "split" => strings::split(input, argument),
        "join" => {
            let separator = text(argument)?;
            strings::join(list(input)?, separator)
        }
        "index" => Ok(lists::index(input, argument)),
        "strftime" => dates::strftime(input, text(argument)?).map_err(Stop::message),
        "strptime" => dates::strptime(text(input)?, text(argument)?).map_err(Stop::message),
        other => fail(format!("{other} is not supported")),
    }
}
