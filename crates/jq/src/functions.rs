//! The functions of jq that the engine has, and its arithmetic.

use regex::RegexBuilder;
use serde_json::{Map, Value};

use crate::ast::{Ast, Operator};
use crate::dates;
use crate::eval::{Done, Out, Run, Stop, error};
use crate::value::{arithmetic, compare, contains, described, kind, number, size, split, tostring, truthy};
use text::pattern::{self, Pattern};

/// Names and numbers of arguments.
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

pub(crate) fn check(name: &str, arguments: usize) -> Result<(), String> {
    if KNOWN.contains(&(name, arguments)) {
        return Ok(());
    }
    Err(format!("{name}/{arguments} is not a function of jq that is supported here"))
}

pub(crate) fn call(run: &mut Run, name: &str, arguments: &[Ast], input: &Value, out: Out<'_>) -> Done {
    match (name, arguments) {
        ("empty", []) => Ok(()),
        ("error", []) => Err(Stop::Error(input.clone())),
        ("error", [message]) => run.eval(message, input, &mut |_, message| Err(Stop::Error(message))),
        ("select", [condition]) => run.eval(condition, input, &mut |run, value| {
            if !truthy(&value) {
                return Ok(());
            }
            run.pay(size(input))?;
            out(run, input.clone())
        }),
        ("map", [filter]) => {
            let mut list = Vec::new();
            run.iterate(input, &mut |run, value| {
                list.extend(run.collect(filter, &value)?);
                Ok(())
            })?;
            out(run, Value::Array(list))
        }
        ("first", [filter]) => take(run, 1, filter, input, out),
        ("limit", [count, filter]) => run.eval(count, input, &mut |run, count| match count.as_f64() {
            Some(n) if n >= 1.0 => take(run, n as usize, filter, input, out),
            Some(_) => Ok(()),
            None => error("limit needs a number"),
        }),
        ("isvalid", [filter]) => {
            let valid = match run.collect(filter, input) {
                Ok(_) => true,
                Err(Stop::Error(_)) => false,
                Err(stop) => return Err(stop),
            };
            out(run, valid.into())
        }
        ("range", [to]) => run.eval(to, input, &mut |run, to| range(run, &number(0.0), &to, out)),
        ("range", [from, to]) => {
            run.eval(from, input, &mut |run, from| run.eval(to, input, &mut |run, to| range(run, &from, &to, out)))
        }
        ("recurse", []) => run.eval(&Ast::Recurse, input, out),
        ("nulls" | "booleans" | "numbers" | "strings" | "arrays" | "objects" | "values" | "scalars", []) => {
            let fits = match name {
                "values" => !input.is_null(),
                "scalars" => !input.is_array() && !input.is_object(),
                plural => plural.strip_suffix('s') == Some(kind(input)),
            };
            if !fits {
                return Ok(());
            }
            run.pay(size(input))?;
            out(run, input.clone())
        }
        ("test", [pattern, flags @ ..]) => run.eval(pattern, input, &mut |run, pattern| {
            let Some(flags) = flags.first() else { return test(run, input, &pattern, "", out) };
            run.eval(flags, input, &mut |run, flags| {
                test(run, input, &pattern, flags.as_str().unwrap_or_default(), out)
            })
        }),
        (_, []) => {
            run.pay(size(input))?;
            let value = plain(name, input)?;
            run.pay(size(&value))?;
            out(run, value)
        }
        (_, [argument]) => run.eval(argument, input, &mut |run, argument| {
            run.pay(size(input) + size(&argument))?;
            if name == "contains" {
                run.pay(size(input).saturating_mul(size(&argument)) / 16)?;
            }
            let value = with_one(name, input, &argument)?;
            run.pay(size(&value))?;
            out(run, value)
        }),
        _ => error(format!("{name} is not supported")),
    }
}

/// The first results of a filter.
fn take(run: &mut Run, count: usize, filter: &Ast, input: &Value, out: Out<'_>) -> Done {
    let mark = run.mark();
    let mut left = count;
    let done = run.eval(filter, input, &mut |run, value| {
        left -= 1;
        out(run, value)?;
        if left == 0 { Err(Stop::Enough(mark)) } else { Ok(()) }
    });
    match done {
        Err(Stop::Enough(m)) if m == mark => Ok(()),
        done => done,
    }
}

fn range(run: &mut Run, from: &Value, to: &Value, out: Out<'_>) -> Done {
    let (Some(mut at), Some(to)) = (from.as_f64(), to.as_f64()) else {
        return error("Range bounds must be numeric");
    };
    while at < to {
        run.pay(1)?;
        out(run, number(at))?;
        at += 1.0;
    }
    Ok(())
}

fn test(run: &mut Run, input: &Value, pattern: &Value, flags: &str, out: Out<'_>) -> Done {
    /// Steps of a pattern, a nanosecond each, that cost as much as one of a run's.
    const FINE: u64 = 8_000;
    run.pay(size(input) + size(pattern))?;
    let (Value::String(text), Value::String(pattern)) = (input, pattern) else {
        return error(format!("{} cannot be matched, as it is not a string", described(input)));
    };
    let mut builder = RegexBuilder::new(pattern);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'x' => builder.ignore_whitespace(true),
            's' => builder.dot_matches_new_line(true),
            'g' | 'n' => &mut builder,
            other => return error(format!("{other} is not a valid modifier string")),
        };
    }
    let mut pay = |steps: u64| run.pay(1 + (steps / FINE) as usize);
    match Pattern::compile(&mut builder, pattern::reading(pattern, flags.contains('i')), &mut pay)? {
        Some(compiled) => {
            pay(compiled.matching(text))?;
            out(run, compiled.is_match(text).into())
        }
        None => error(format!("{pattern} (at offset 0) is not a valid regex")),
    }
}

fn text(value: &Value) -> Result<&str, Stop> {
    match value {
        Value::String(s) => Ok(s),
        other => error(format!("{} is not a string", described(other))),
    }
}

fn float(value: &Value) -> Result<f64, Stop> {
    match value.as_f64() {
        Some(n) => Ok(n),
        None => error(format!("{} number required", described(value))),
    }
}

fn list(value: &Value) -> Result<&Vec<Value>, Stop> {
    match value {
        Value::Array(list) => Ok(list),
        other => error(format!("{} is not an array", described(other))),
    }
}

fn sorted(value: &Value) -> Result<Vec<Value>, Stop> {
    match value {
        Value::Array(list) => {
            let mut list = list.clone();
            list.sort_by(compare);
            Ok(list)
        }
        other => error(format!("{} cannot be sorted, as it is not an array", described(other))),
    }
}

/// Functions of the input alone.
fn plain(name: &str, input: &Value) -> Result<Value, Stop> {
    Ok(match name {
        "not" => (!truthy(input)).into(),
        "type" => kind(input).into(),
        "tostring" => tostring(input).into(),
        "tojson" => input.to_string().into(),
        "fromjson" => match serde_json::from_str(text(input)?) {
            Ok(value) => value,
            Err(e) => return error(format!("{e} (while parsing '{}')", tostring(input))),
        },
        "tonumber" => match input {
            Value::Number(_) => input.clone(),
            Value::String(s) => match s.trim().parse::<f64>() {
                Ok(n) if n.is_finite() => number(n),
                _ => return error(format!("Cannot use {} as a number", described(input))),
            },
            other => return error(format!("{} cannot be parsed as a number", described(other))),
        },
        "length" => match input {
            Value::Null => 0.into(),
            Value::Bool(_) => return error(format!("{} has no length", described(input))),
            Value::Number(_) => number(float(input)?.abs()),
            Value::String(s) => s.chars().count().into(),
            Value::Array(list) => list.len().into(),
            Value::Object(map) => map.len().into(),
        },
        "utf8bytelength" => text(input)?.len().into(),
        "ascii_downcase" => text(input)?.to_ascii_lowercase().into(),
        "ascii_upcase" => text(input)?.to_ascii_uppercase().into(),
        "floor" => number(float(input)?.floor()),
        "ceil" => number(float(input)?.ceil()),
        "round" => number(float(input)?.round()),
        "sqrt" => number(float(input)?.sqrt()),
        "fabs" => number(float(input)?.abs()),
        "keys" | "keys_unsorted" => match input {
            Value::Object(map) => {
                let mut keys: Vec<String> = map.keys().cloned().collect();
                if name == "keys" {
                    keys.sort_unstable();
                }
                keys.into()
            }
            Value::Array(list) => (0..list.len()).collect::<Vec<_>>().into(),
            other => return error(format!("{} has no keys", described(other))),
        },
        "add" => {
            let mut parts = match input {
                Value::Array(list) => list.iter().collect::<Vec<_>>(),
                Value::Object(map) => map.values().collect(),
                other => return error(format!("Cannot iterate over {}", described(other))),
            }
            .into_iter();
            let start = parts.next().cloned().unwrap_or_default();
            parts.try_fold(start, |sum, part| arithmetic(Operator::Add, sum, part))?
        }
        "any" => list(input)?.iter().any(truthy).into(),
        "all" => list(input)?.iter().all(truthy).into(),
        "first" => list(input)?.first().cloned().unwrap_or_default(),
        "last" => list(input)?.last().cloned().unwrap_or_default(),
        "min" => list(input)?.iter().min_by(|a, b| compare(a, b)).cloned().unwrap_or_default(),
        "max" => list(input)?.iter().max_by(|a, b| compare(a, b)).cloned().unwrap_or_default(),
        "sort" => sorted(input)?.into(),
        "unique" => {
            let mut list = sorted(input)?;
            list.dedup_by(|a, b| compare(a, b).is_eq());
            list.into()
        }
        "reverse" => match input {
            Value::Null => Value::Array(Vec::new()),
            _ => list(input)?.iter().rev().cloned().collect::<Vec<_>>().into(),
        },
        "flatten" => {
            fn spread(list: &[Value], out: &mut Vec<Value>) {
                for value in list {
                    match value {
                        Value::Array(inner) => spread(inner, out),
                        other => out.push(other.clone()),
                    }
                }
            }
            let mut flat = Vec::new();
            spread(list(input)?, &mut flat);
            flat.into()
        }
        "toarray" => match input {
            Value::Array(_) => input.clone(),
            other => vec![other.clone()].into(),
        },
        "to_entries" => match input {
            Value::Object(map) => {
                let entry = |(k, v): (&String, &Value)| serde_json::json!({"key": k, "value": v});
                map.iter().map(entry).collect::<Vec<_>>().into()
            }
            other => return error(format!("{} has no keys", described(other))),
        },
        "from_entries" => {
            let mut map = Map::new();
            for entry in list(input)? {
                let field = |names: &[&str]| names.iter().find_map(|n| entry.get(n)).cloned().unwrap_or_default();
                map.insert(
                    tostring(&field(&["key", "k", "name", "Name", "K", "Key"])),
                    field(&["value", "v", "Value", "V"]),
                );
            }
            map.into()
        }
        "gmtime" => dates::broken_down(float(input)?).map_or_else(error, Ok)?,
        "mktime" => dates::seconds(input).map(number).map_or_else(error, Ok)?,
        "todate" | "todateiso8601" => {
            dates::strftime(input, "%Y-%m-%dT%H:%M:%SZ").map(Value::String).map_or_else(error, Ok)?
        }
        "fromdate" | "fromdateiso8601" => {
            let parts = dates::strptime(text(input)?, "%Y-%m-%dT%H:%M:%SZ").map_or_else(error, Ok)?;
            dates::seconds(&parts).map(number).map_or_else(error, Ok)?
        }
        other => return error(format!("{other} is not supported")),
    })
}

/// Functions of the input and one value.
fn with_one(name: &str, input: &Value, argument: &Value) -> Result<Value, Stop> {
    Ok(match name {
        "has" => match (input, argument) {
            (Value::Object(map), Value::String(key)) => map.contains_key(key).into(),
            (Value::Array(list), Value::Number(n)) => {
                n.as_f64().is_some_and(|n| n >= 0.0 && (n as usize) < list.len()).into()
            }
            _ => return error(format!("Cannot check whether {} has a {} key", kind(input), kind(argument))),
        },
        "contains" => contains(input, argument)?.into(),
        "startswith" => match (input, argument) {
            (Value::String(s), Value::String(prefix)) => s.starts_with(&**prefix).into(),
            _ => return error("startswith() requires string inputs"),
        },
        "endswith" => match (input, argument) {
            (Value::String(s), Value::String(suffix)) => s.ends_with(&**suffix).into(),
            _ => return error("endswith() requires string inputs"),
        },
        "ltrimstr" | "rtrimstr" => match (input, argument) {
            (Value::String(s), Value::String(cut)) => {
                let rest = if name == "ltrimstr" { s.strip_prefix(&**cut) } else { s.strip_suffix(&**cut) };
                rest.unwrap_or(s).into()
            }
            _ => input.clone(),
        },
        "split" => match (input, argument) {
            (Value::String(s), Value::String(by)) => split(s, by),
            _ => return error("split input and separator must be strings"),
        },
        "join" => {
            let by = text(argument)?;
            let mut parts = Vec::new();
            for part in list(input)? {
                match part {
                    Value::Null => parts.push(String::new()),
                    Value::Array(_) | Value::Object(_) => {
                        return error(format!("Cannot join with {}", described(part)));
                    }
                    other => parts.push(tostring(other)),
                }
            }
            parts.join(by).into()
        }
        "index" => match (input, argument) {
            (Value::Null, _) => Value::Null,
            (Value::String(s), Value::String(part)) if !part.is_empty() => {
                s.find(&**part).map_or(Value::Null, |at| s[..at].chars().count().into())
            }
            (Value::Array(list), wanted) => {
                list.iter().position(|v| compare(v, wanted).is_eq()).map_or(Value::Null, Value::from)
            }
            _ => Value::Null,
        },
        "strftime" => dates::strftime(input, text(argument)?).map(Value::String).map_or_else(error, Ok)?,
        "strptime" => dates::strptime(text(input)?, text(argument)?).map_or_else(error, Ok)?,
        other => return error(format!("{other} is not supported")),
    })
}
