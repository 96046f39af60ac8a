//! The patterns of AWS's models: Java's, which the whole of a text has to match.

use std::sync::OnceLock;

use regex::Regex;
use search::java;

/// A pattern, compiled when it is first needed.
#[derive(Debug)]
pub(super) struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// As the model writes it.
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// Whether a text matches. Java itself goes back, which may take long; only what looks around itself needs that.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self.compiled.get_or_init(|| Regex::new(&format!(r"\A(?:{})\z", portable(self.text))).ok()) {
            Some(compiled) => compiled.is_match(text),
            // What nobody could read refuses nobody.
            None => java::occurs(&format!(r"\A(?:{})\z", self.text), text).unwrap_or(true),
        }
    }
}

/// The pattern as the crate `regex` reads it: Java's classes know ASCII only.
pub(super) fn portable(pattern: &str) -> String {
    let (mut portable, mut inside) = (String::with_capacity(pattern.len()), false);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let class = match characters.next() {
                    Some('w') => "a-zA-Z0-9_",
                    Some('d') => "0-9",
                    Some('s') => r" \t\n\x0B\f\r",
                    Some('S') => {
                        portable.push_str(r"[^ \t\n\x0B\f\r]");
                        continue;
                    }
                    Some(other) => {
                        // A slash and a quote may be escaped in Java, and a letter's meaning is the same here.
                        if !matches!(other, '/' | '_' | '"' | '\'' | '@' | '%') {
                            portable.push('\\');
                        }
                        portable.push(other);
                        continue;
                    }
                    None => break,
                };
                match inside {
                    true => portable.push_str(class),
                    false => portable.extend(["[", class, "]"]),
                }
            }
            '[' => {
                // Within a class of the models' it is a character; Java would begin a class in the class.
                portable.push('[');
                inside = true;
            }
            ']' => {
                portable.push(']');
                inside = false;
            }
            other => portable.push(other),
        }
    }
    portable
}
