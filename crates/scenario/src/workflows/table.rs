//! JSON as a table: what of it stands in which row and column.
//!
//! - An object's members are columns; those of an object inside it have dotted names: `customer.name`. A dot or backslash in
//!   a key has a backslash before it.
//! - An array's elements are rows, one below the other; so are arrays and objects inside arrays.
//! - What isn't in an array stands in every row of what it belongs to: an order's number beside each of its lines.
//! - Arrays beside each other begin in the same row, the first elements beside each other; the shorter one's cells below are
//!   empty. So a record has as many rows as its longest array, and never their product.
//! - Columns come in the order in which they first appear.
//! - An empty object or array is an empty cell; what isn't in an object is in the column `value`.

use std::collections::HashMap;

use serde_json::Value;

/// A table has at most so many rows.
const MAX_ROWS: usize = 100_000;
/// And so many columns.
const MAX_COLUMNS: usize = 1_000;
/// And so many cells.
const MAX_CELLS: usize = 1_000_000;
/// A column's name has at most so many bytes.
const MAX_NAME: usize = 1_000;
/// Data is nested at most so deep.
const MAX_DEPTH: usize = 64;
/// The column of what isn't in an object. No key gives this name: a backslash is followed by a dot or a backslash there.
const ROOT: &str = "\\value";

/// Data as a table.
#[derive(Debug)]
pub(super) struct Table<'a> {
    columns: Vec<String>,
    rows: usize,
    /// Row by row; nothing where the data has nothing.
    cells: Vec<Option<&'a Value>>,
}

impl<'a> Table<'a> {
    /// Of data; columns that `order` has come first, in its order.
    ///
    /// # Errors
    /// A sentence that says which bound it exceeds.
    pub(super) fn new(data: &'a Value, order: &[String]) -> Result<Self, String> {
        let mut columns = Columns::default();
        columns.find(data, &mut String::new(), true, 0)?;
        let rows = height(data, true);
        if rows > MAX_ROWS {
            return Err(format!("the data has more than {MAX_ROWS} rows as a table"));
        }
        if rows * columns.names.len() > MAX_CELLS {
            return Err(format!("the data has more than {MAX_CELLS} cells as a table"));
        }
        let columns = columns.in_order(order);
        let places = columns.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let mut filling = Filling { places: &places, width: columns.len(), cells: vec![None; rows * columns.len()] };
        filling.fill(data, &mut String::new(), true, 0, rows);
        let cells = filling.cells;
        Ok(Self { columns, rows, cells })
    }

    /// The columns' names as they are to be kept for [`Self::new`].
    pub(super) fn into_columns(self) -> Vec<String> {
        self.columns
    }

    /// The columns' names as they are shown.
    pub(super) fn header(&self) -> impl Iterator<Item = &str> {
        let taken = self.columns.iter().any(|name| name == "value");
        self.columns.iter().map(move |name| if name == ROOT && !taken { "value" } else { name })
    }

    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Option<&'a Value>]> {
        let width = self.columns.len();
        (0..self.rows).map(move |row| &self.cells[row * width..(row + 1) * width])
    }
}

/// The columns that were found, in the order in which they appeared.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    known: HashMap<String, ()>,
}

impl Columns {
    /// Finds those of a value. `path` is its column; at the `root` it has none.
    fn find(&mut self, value: &Value, path: &mut String, root: bool, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("the data is nested deeper than {MAX_DEPTH}"));
        }
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    let length = enter(path, root, key);
                    if path.len() > MAX_NAME {
                        return Err(format!("a column's name would have more than {MAX_NAME} bytes"));
                    }
                    self.find(member, path, false, depth + 1)?;
                    path.truncate(length);
                }
                Ok(())
            }
            Value::Array(elements) if !elements.is_empty() => {
                elements.iter().try_for_each(|element| self.find(element, path, root, depth + 1))
            }
            _ => self.add(if root { ROOT } else { path }),
        }
    }

    fn add(&mut self, name: &str) -> Result<(), String> {
        if self.known.contains_key(name) {
            return Ok(());
        }
        if self.names.len() == MAX_COLUMNS {
            return Err(format!("the data has more than {MAX_COLUMNS} columns as a table"));
        }
        self.known.insert(name.to_owned(), ());
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Those of `order` first, as far as they are there.
    fn in_order(self, order: &[String]) -> Vec<String> {
        let places: HashMap<&str, usize> =
            order.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let mut names = self.names;
        // Stable: what `order` doesn't know stays as it appeared.
        names.sort_by_key(|name| places.get(name.as_str()).copied().unwrap_or(usize::MAX));
        names
    }
}

/// Puts values into cells.
struct Filling<'a, 'p> {
    places: &'p HashMap<&'p str, usize>,
    width: usize,
    cells: Vec<Option<&'a Value>>,
}

impl<'a> Filling<'a, '_> {
    /// Puts a value into `rows` rows from the row `start` on.
    fn fill(&mut self, value: &'a Value, path: &mut String, root: bool, start: usize, rows: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    let length = enter(path, root, key);
                    self.fill(member, path, false, start, rows);
                    path.truncate(length);
                }
            }
            Value::Array(elements) if !elements.is_empty() => {
                let mut row = start;
                for element in elements {
                    let rows = height(element, false);
                    self.fill(element, path, root, row, rows);
                    row += rows;
                }
            }
            _ => {
                let Some(&place) = self.places.get(if root { ROOT } else { path.as_str() }) else { return };
                for row in start..start + rows {
                    self.cells[row * self.width + place] = Some(value);
                }
            }
        }
    }
}

/// How many rows a value has: an array's is the sum of its elements', an object's that of its highest member.
fn height(value: &Value, root: bool) -> usize {
    match value {
        Value::Array(elements) if elements.is_empty() => usize::from(!root),
        Value::Array(elements) => elements.iter().map(|element| height(element, false)).sum(),
        Value::Object(members) => members.values().map(|member| height(member, false)).max().unwrap_or(1),
        _ => 1,
    }
}

/// Appends a key to a path; the length that the path had.
fn enter(path: &mut String, root: bool, key: &str) -> usize {
    let length = path.len();
    if !root {
        path.push('.');
    }
    for c in key.chars() {
        if matches!(c, '.' | '\\') {
            path.push('\\');
        }
        path.push(c);
    }
    length
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn show(data: &Value) -> String {
        let table = Table::new(data, &[]).unwrap();
        let mut lines = vec![table.header().collect::<Vec<_>>().join("|")];
        lines.extend(table.rows().map(|row| {
            let cells = row.iter().map(|cell| match cell {
                None => "-".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            });
            cells.collect::<Vec<_>>().join("|")
        }));
        lines.join("\n")
    }

    #[test]
    fn data_of_every_shape_is_a_table() {
        for (data, shown) in [
            (json!(null), "value\nnull"),
            (json!([]), "value"),
            (json!({}), "value\n{}"),
            (json!([1, [2, 3], []]), "value\n1\n2\n3\n[]"),
            (json!({"a": 1, "child": {"field": 2, "deep": {"er": 3}}}), "a|child.field|child.deep.er\n1|2|3"),
            (json!([{"a": 1}, {"b": 2, "a": 3}]), "a|b\n1|-\n3|2"),
            // The order's number stands beside each of its lines, and beside each part of a line.
            (
                json!([{"no": 7, "lines": [{"sku": "A", "parts": [1, 2]}, {"sku": "B", "parts": [3]}]}, {"no": 8}]),
                "no|lines.sku|lines.parts\n7|A|1\n7|A|2\n7|B|3\n8|-|-",
            ),
            // Arrays beside each other aren't multiplied.
            (json!({"no": 1, "a": ["x", "y", "z"], "b": [{"c": 1}]}), "no|a|b.c\n1|x|1\n1|y|-\n1|z|-"),
            (json!({"a.b": 1, "a": {"b": 2}, "c\\": 3}), "a\\.b|a.b|c\\\\\n1|2|3"),
            (json!([1, {"value": 2}]), "\\value|value\n1|-\n-|2"),
            (json!({"": 1, "a": {"": 2}}), "|a.\n1|2"),
        ] {
            assert_eq!(show(&data), shown, "{data}");
        }
    }

    #[test]
    fn an_order_is_kept_by_who_lost_it() {
        let sent = json!({"name": "x", "id": 1});
        let order = Table::new(&sent, &[]).unwrap().into_columns();
        let kept = json!({"id": 1, "name": "x", "later": 2});
        let table = Table::new(&kept, &order).unwrap();
        assert_eq!(table.header().collect::<Vec<_>>(), ["name", "id", "later"]);
    }

    #[test]
    fn what_would_be_too_large_is_refused() {
        let mut deep = json!(1);
        for _ in 0..=MAX_DEPTH {
            deep = json!([deep]);
        }
        let wide: serde_json::Map<_, _> = (0..=MAX_COLUMNS).map(|n| (n.to_string(), json!(n))).collect();
        let names: serde_json::Map<_, _> = (0..20).map(|n| (n.to_string(), json!(n))).collect();
        let cells = json!({"all": vec![1; 60_000], "rest": names});
        for (data, why) in [
            (deep, "deeper"),
            (json!(wide), "columns"),
            (json!(vec![1; MAX_ROWS + 1]), "rows"),
            (cells, "cells"),
            (json!({"x".repeat(MAX_NAME + 1): 1}), "name"),
        ] {
            let told = Table::new(&data, &[]).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
