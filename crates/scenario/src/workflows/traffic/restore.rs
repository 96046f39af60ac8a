//! From a CSV back to the data: the opposite of how it is made, by a reader of CSVs that others wrote.
//!
//! A CSV says neither what is an array nor whether `1` is a text. Who sent the data knows its shape: objects with their keys, arrays with
//! their lengths, the kinds of its values, but none of the values. With it every value is found in its cell, and each cell is
//! looked at: one that has something that the data doesn't have is an error.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde_json::{Number, Value};

use crate::workflows::csv::is_formula;

/// The shape of data: its values are all alike.
pub(in crate::workflows) fn shape(data: &Value) -> Value {
    match data {
        Value::Null => Value::Null,
        Value::Bool(_) => false.into(),
        Value::Number(_) => 0.into(),
        Value::String(_) => "".into(),
        Value::Array(all) => all.iter().map(shape).collect::<Vec<_>>().into(),
        Value::Object(all) => Value::Object(all.iter().map(|(key, value)| (key.clone(), shape(value))).collect()),
    }
}

/// The data of a shape that a CSV shows.
pub(in crate::workflows) fn restore(csv: &str, separator: char, shape: &Value) -> Result<Value, String> {
    let csv = csv.strip_prefix('\u{feff}').unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().delimiter(separator as u8).from_reader(csv.as_bytes());
    let header: Vec<String> =
        reader.headers().map_err(|error| error.to_string())?.iter().map(plain).map(str::to_owned).collect();
    let columns: HashMap<&str, usize> = header.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    if columns.len() < header.len() {
        return Err("two columns have the same name".to_owned());
    }
    let rows: Result<Vec<_>, _> = reader.records().collect();
    let rows = rows.map_err(|error| error.to_string())?;
    let wanted = if matches!(shape, Value::Array(all) if all.is_empty()) { 0 } else { lines(shape) };
    if rows.len() != wanted {
        return Err(format!("it has {} rows, not {wanted}", rows.len()));
    }
    let mut sheet = Sheet { columns, rows, seen: BTreeSet::new() };
    let data = sheet.read(shape, None, 0..wanted)?;
    sheet.has_nothing_else()?;
    Ok(data)
}

/// A CSV's cells, and which of them were read.
struct Sheet<'a> {
    columns: HashMap<&'a str, usize>,
    rows: Vec<csv::StringRecord>,
    seen: BTreeSet<(usize, usize)>,
}

impl Sheet<'_> {
    fn read(&mut self, shape: &Value, path: Option<&str>, rows: Range<usize>) -> Result<Value, String> {
        match shape {
            Value::Object(members) if !members.is_empty() => {
                let mut data = serde_json::Map::new();
                for (key, member) in members {
                    let key_name = key.replace('\\', "\\\\").replace('.', "\\.");
                    let path = path.map_or(key_name.clone(), |path| format!("{path}.{key_name}"));
                    data.insert(key.clone(), self.read(member, Some(&path), rows.clone())?);
                }
                Ok(data.into())
            }
            Value::Array(elements) if !elements.is_empty() => {
                let mut data = Vec::new();
                let mut next = rows.start;
                for element in elements {
                    let end = next + lines(element);
                    data.push(self.read(element, path, next..end)?);
                    next = end;
                }
                Ok(data.into())
            }
            Value::Array(_) if rows.is_empty() => Ok(shape.clone()),
            _ => self.value(shape, path, rows),
        }
    }

    /// The value that stands in each of these rows.
    fn value(&mut self, shape: &Value, path: Option<&str>, rows: Range<usize>) -> Result<Value, String> {
        let unnamed = || self.columns.get("\\value").or_else(|| self.columns.get("value"));
        let column = path.map_or_else(unnamed, |path| self.columns.get(path));
        let &column = column.ok_or_else(|| format!("there is no column {}", path.unwrap_or("value")))?;
        let first = self.rows[rows.start][column].to_owned();
        for row in rows {
            if self.rows[row][column] != first {
                return Err(format!("{} isn't the same in each of its rows", path.unwrap_or("value")));
            }
            self.seen.insert((row, column));
        }
        let wrong = || format!("{} is {first:?}", path.unwrap_or("value"));
        match shape {
            Value::String(_) => Ok(plain(&first).into()),
            Value::Number(_) => first.parse::<Number>().map(Value::from).map_err(|_| wrong()),
            Value::Bool(_) => first.parse::<bool>().map(Value::from).map_err(|_| wrong()),
            _ if first.is_empty() => Ok(shape.clone()),
            _ => Err(wrong()),
        }
    }

    fn has_nothing_else(&self) -> Result<(), String> {
        for (n, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                if !cell.is_empty() && !self.seen.contains(&(n, column)) {
                    return Err(format!("the data has nothing for the cell {cell:?} in row {}", n + 1));
                }
            }
        }
        Ok(())
    }
}

/// A text without the apostrophe that made it harmless.
fn plain(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

/// How many rows a shape has.
fn lines(shape: &Value) -> usize {
    match shape {
        Value::Array(all) if !all.is_empty() => all.iter().map(lines).sum(),
        Value::Object(all) => all.values().map(lines).fold(1, usize::max),
        _ => 1,
    }
}
