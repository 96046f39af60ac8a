//! JSON as jq reads it: numbers may begin with a plus, a zero or a point.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::value::{Members, Val, described};

/// How deep jq reads.
const MAX_DEPTH: usize = 256;

/// `fromjson`
pub(super) fn parse(budget: &mut Budget, input: &Val) -> Result<Val, Stop> {
    let Val::Text(text) = input else {
        return fail(format!("{} only strings can be parsed", described(input)));
    };
    budget.pay(1 + text.len() / 2)?;
    read(text).or_else(|message| fail(format!("{message} (while parsing '{text}')")))
}

/// `tonumber`
pub(super) fn number(budget: &mut Budget, input: &Val) -> Result<Val, Stop> {
    match input {
        Val::Number(_) => Ok(input.clone()),
        Val::Text(_) => match parse(budget, input)? {
            number @ Val::Number(_) => Ok(number),
            _ => fail(format!("{} cannot be parsed as a number", described(input))),
        },
        other => fail(format!("{} cannot be parsed as a number", described(other))),
    }
}

fn read(text: &str) -> Result<Val, String> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    if reader.peek().is_none() {
        return Err("Expected JSON value".into());
    }
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => match reader.value(0) {
            Ok(_) => Err("Unexpected extra JSON values".into()),
            Err(message) => Err(message),
        },
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// An error, with where jq notices it: at the character behind what is wrong.
    fn wrong<T>(&self, what: &str, at: usize) -> Result<T, String> {
        let seen = &self.text[..self.text.floor_char_boundary((at + 1).min(self.text.len()))];
        let line = seen.matches('\n').count() + 1;
        let column = seen.len() - seen.rfind('\n').map_or(0, |at| at + 1);
        let end = if at >= self.text.len() { " at EOF" } else { "" };
        Err(format!("{what}{end} at line {line}, column {column}"))
    }

    fn unfinished<T>(&self) -> Result<T, String> {
        self.wrong("Unfinished JSON term", self.text.len())
    }

    fn value(&mut self, depth: usize) -> Result<Val, String> {
        self.space();
        if depth > MAX_DEPTH {
            return self.wrong("Exceeds depth limit for parsing", self.at);
        }
        match self.peek() {
            None => self.unfinished(),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'"') => self.string().map(Val::Text),
            Some(b']' | b'}' | b',' | b':') => self.wrong("Expected value before separator", self.at),
            Some(_) => self.literal(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Val, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Val::list(items));
        }
        loop {
            self.space();
            if !items.is_empty() && self.peek() == Some(b']') {
                return self.wrong("Expected another array element", self.at);
            }
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Val::list(items));
                }
                None => return self.unfinished(),
                Some(_) => return self.wrong("Expected separator between values", self.at),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Val, String> {
        self.at += 1;
        let mut members = Members::default();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Val::object(members));
        }
        loop {
            self.space();
            if self.peek() == Some(b'}') {
                return self.wrong("Objects must consist of key:value pairs", self.at);
            }
            let Val::Text(name) = self.value(depth + 1)? else {
                return self.wrong("Object keys must be strings", self.at);
            };
            self.space();
            match self.peek() {
                Some(b':') => self.at += 1,
                None => return self.unfinished(),
                Some(_) => return self.wrong("Objects must consist of key:value pairs", self.at),
            }
            members.insert(name, self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Val::object(members));
                }
                None => return self.unfinished(),
                Some(_) => return self.wrong("Expected separator between values", self.at),
            }
        }
    }

    fn string(&mut self) -> Result<Arc<str>, String> {
        let begin = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return self.wrong("Unfinished string", self.text.len()),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        // Control characters may stand in a string as they are.
        let mut text = String::new();
        for c in self.text.get(begin..self.at).unwrap_or_default().chars() {
            match c {
                '\0'..='\u{1f}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => text.push(c),
            }
        }
        match serde_json::from_str::<String>(&text) {
            Ok(text) => Ok(text.into()),
            Err(_) => self.wrong("Invalid escape", self.at - 1),
        }
    }

    /// A word or a number.
    fn literal(&mut self) -> Result<Val, String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| "[]{}:,\" \t\r\n".contains(c)).unwrap_or(rest.len());
        let (word, begin) = (&rest[..end], self.at);
        self.at += end;
        let known = match word.as_bytes().first() {
            Some(b't') => (word == "true").then_some(Val::Bool(true)),
            Some(b'f') => (word == "false").then_some(Val::Bool(false)),
            Some(b'n') => (word == "null").then_some(Val::Null),
            _ => {
                let plain = word.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
                let number = word.parse::<f64>().ok().filter(|_| plain);
                return match number {
                    Some(n) => Ok(Val::Number(n.clamp(f64::MIN, f64::MAX))),
                    None => self.wrong("Invalid numeric literal", begin + end),
                };
            }
        };
        match known {
            Some(value) => Ok(value),
            None if matches!(word.len(), 3..=5) && word.len() != 4 || word.len() == 4 => {
                self.wrong("Invalid literal", begin + end)
            }
            None => self.wrong("Invalid literal", begin + end),
        }
    }
}
