//! Lines of JSON in a file or from stdin, each with a bound; what is no such file is refused by its name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::file;

/// A line has at most so many bytes: a message of SQS, with room for what stands beside it.
const MAX_LINE: u64 = 4 << 20;

/// So many characters of a value are shown that isn't as it is to be.
const SHOWN: usize = 40;

/// The lines of a file.
pub(super) struct Lines {
    name: String,
    from: Box<dyn BufRead>,
    number: u64,
    bytes: Vec<u8>,
}

impl Lines {
    /// Opens a regular file, or stdin if its name is `-`.
    ///
    /// # Errors
    /// Why it can't be read, with its name.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let (name, from): (_, Box<dyn BufRead>) = if path.as_os_str() == "-" {
            ("stdin".to_owned(), Box::new(BufReader::new(stdin())))
        } else {
            let name = path.display().to_string();
            let file: File = file::open_regular(path).map_err(|why| format!("{name}: {why}"))?;
            (name, Box::new(BufReader::new(file)))
        };
        Ok(Self { name, from, number: 0, bytes: Vec::new() })
    }

    /// What the next line that isn't empty holds; none at the end.
    ///
    /// # Errors
    /// What is wrong, with the name and the number of the line.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, String> {
        loop {
            self.bytes.clear();
            let read = (&mut self.from).take(MAX_LINE + 1).read_until(b'\n', &mut self.bytes);
            if read.map_err(|why| format!("{}: {why}", self.name))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.bytes.len() as u64 > MAX_LINE {
                return Err(self.here("it is longer than 4 MiB"));
            }
            if self.bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if !self.bytes.trim_ascii_start().starts_with(b"{") {
                return Err(self.here("it is no JSON object, as {\"id\": \"..\"} is one"));
            }
            let line = self.bytes.trim_ascii();
            return serde_json::from_slice(line).map(Some).map_err(|why| self.here(&wrong::<T>(line, &why)));
        }
    }

    /// What is wrong with the line that was read last.
    pub(super) fn here(&self, why: &str) -> String {
        format!("{} line {}: {why}", self.name, self.number)
    }

    /// The file's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Refuses what no lines can be read from.
///
/// # Errors
/// Why, with its name.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    Lines::open(path).map(drop)
}

/// What is wrong with an object that couldn't be read because of `why`: that it is no JSON, or which of its members isn't as it is to be.
fn wrong<T: DeserializeOwned>(object: &[u8], why: &serde_json::Error) -> String {
    match serde_json::from_slice(object) {
        Ok(members) => wrong_member::<T>(&members, why),
        // A line has no lines.
        Err(why) => format!("it is no JSON: {}", why.to_string().replacen(" at line 1 column ", ", at column ", 1)),
    }
}

/// Which member of an object isn't as it is to be, which therefore couldn't be read because of `why`.
pub(super) fn wrong_member<T: DeserializeOwned>(members: &Map<String, Value>, why: &serde_json::Error) -> String {
    let told = |why: &serde_json::Error| why.to_string().split(" at line ").next().unwrap_or_default().to_owned();
    let why = told(why);
    if let Some(name) = why.strip_prefix("missing field `").and_then(|name| name.strip_suffix('`')) {
        return format!("it has no {name:?}");
    }
    let is_wrong = |(name, _): &(&String, &Value)| {
        let mut others = members.clone();
        others.remove(*name);
        serde_json::from_value::<T>(Value::Object(others)).err().is_none_or(|other| told(&other) != why)
    };
    let wrong = members.iter().find(is_wrong);
    match (wrong, why.split_once(", expected ")) {
        (Some((name, value)), Some((_, wanted))) => {
            let value: String = value.to_string().chars().take(SHOWN).collect();
            format!("its {name:?} is {value}, and {wanted} is needed")
        }
        _ => format!("two of its members say the same: {why}"),
    }
}
