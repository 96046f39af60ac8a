//! What a server that runs tells of what goes on: how much of it, and for whom.

use serde::Serialize;

use super::escape;
use super::write_stderr;
use crate::clock;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Level {
    /// Nothing but what ends the program.
    Error,
    /// What isn't as somebody may have expected.
    Warn,
    /// All.
    Info,
}

/// How what goes on is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    /// What is less than this isn't told.
    pub level: Level,
    /// A JSON object a line, for programs.
    pub json: bool,
}

/// A line for programs.
#[derive(Serialize)]
struct Record<'a> {
    time: String,
    level: &'a str,
    record: &'a str,
    message: &'a str,
}

impl Telling {
    /// Takes a text of a level: whether it is left to be printed for people.
    pub(super) fn takes(self, level: Level, text: &str) -> bool {
        if level > self.level {
            return false;
        }
        if self.json {
            let word = match level {
                Level::Error => "error",
                Level::Warn => "warn",
                Level::Info => "info",
            };
            write(word, "note", text);
        }
        !self.json
    }
}

/// Lines that belong together, as a record for programs.
pub(crate) fn told_together(record: &str, lines: &[String]) {
    write("info", record, &lines.join("\n"));
}

/// Records that are JSON already, a line each.
pub(crate) fn told_records(records: &[String]) {
    let mut text = String::new();
    for record in records {
        text.push_str(&escape::json(record.clone()));
        text.push('\n');
    }
    write_stderr(&text);
}

fn write(level: &str, record: &str, message: &str) {
    let message = console::strip_ansi_codes(message);
    let record = Record { time: format!("{:.3}", clock::now()), level, record, message: &message };
    if let Ok(text) = serde_json::to_string(&record) {
        write_stderr(&format!("{}\n", escape::json(text)));
    }
}
