//! Where a setting comes from: flags > environment > `.env` > default.
//!
//! `.env` is read once, before anything else. Its variables then count as environment variables, except that a real one
//! wins, and that an empty one (`ARN=` copied from `.env.example`) is as good as absent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Where a value was found; errors say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Environment(String),
    File {
        path: PathBuf,
        line: usize,
        name: String,
    },
    /// An output of a stack.
    Output {
        stack: String,
        name: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "{name}"),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File { path, line, name } => write!(f, "{name} in {} line {line}", path.display()),
            Self::Output { stack, name } => write!(f, "the output {name} of the stack {stack}"),
        }
    }
}

/// A value and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub value: String,
    pub origin: Origin,
}

/// The environment and `.env`, the first before the second.
#[derive(Debug, Default)]
pub struct Env {
    path: PathBuf,
    /// What `.env` says and the environment doesn't: value and line.
    file: BTreeMap<String, (String, usize)>,
}

impl Env {
    /// Reads `path`; no file is an empty one.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::usage(format!("Can't read {}", path.display())).why(error)),
        };
        Ok(Self { path: path.to_owned(), file: parse(path, &text)? })
    }

    /// Puts what `.env` adds into the process's environment, so that clap and the AWS SDK see it, and takes empty
    /// variables of ours out.
    ///
    /// # Safety
    /// No other thread may run: the environment of a process isn't synchronised.
    pub unsafe fn apply(&mut self) {
        for name in ["MESSAGING_TARGET", "MESSAGING_STACK", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_PROFILE"] {
            if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
                // SAFETY: the caller promises that this is the only thread.
                unsafe { std::env::remove_var(name) };
            }
        }
        self.file.retain(|name, (value, _)| {
            let adds = !value.is_empty() && std::env::var_os(name).is_none_or(|real| real.is_empty());
            if adds {
                // SAFETY: as above.
                unsafe { std::env::set_var(name, value) };
            }
            adds
        });
    }

    /// The first of `names` that has a value: all of them in the environment, then all of them in `.env`.
    pub fn find(&self, names: &[&str]) -> Option<Found> {
        let environment = names.iter().filter(|name| !self.file.contains_key(**name)).find_map(|name| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some(Found { value, origin: Origin::Environment((*name).to_owned()) })
        });
        environment.or_else(|| {
            names.iter().find_map(|name| {
                let (value, line) = self.file.get(*name)?;
                let origin = Origin::File { path: self.path.clone(), line: *line, name: (*name).to_owned() };
                Some(Found { value: value.clone(), origin })
            })
        })
    }
}

/// The variables of a `.env` text, with the line of each.
fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, (String, usize)>, Failure> {
    let mut vars = BTreeMap::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            // The first wins, as in dotenvy.
            Ok((name, value)) => {
                let line = line_of(text, &name);
                vars.entry(name).or_insert((value, line));
            }
            // The text of the line stays out of the message: it may hold a secret.
            Err(dotenvy::Error::LineParse(..)) => {
                let line = first_bad_line(text);
                return Err(Failure::usage(format!("{} line {line} isn't a variable", path.display()))
                    .why("a line is NAME=value; a value with spaces, quotes or `$` stands in 'single quotes'")
                    .help("Correct the line, or put a # before it."));
            }
            Err(error) => return Err(Failure::usage(format!("Can't read {}", path.display())).why(error)),
        }
    }
    Ok(vars)
}

/// The line, from 1, at which a text stops being understood: the one after the longest good beginning.
fn first_bad_line(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let good = |n: &usize| dotenvy::from_read_iter(lines[..*n].join("\n").as_bytes()).all(|item| item.is_ok());
    (0..lines.len()).rev().find(good).unwrap_or(0) + 1
}

/// The line, from 1, that assigns `name`.
fn line_of(text: &str, name: &str) -> usize {
    let assigns = |line: &str| assigned(line) == Some(name);
    text.lines().position(assigns).map_or(1, |at| at + 1)
}

/// The name that a line of a `.env` file assigns.
fn assigned(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, _) = line.split_once('=')?;
    let name = name.trim();
    (!name.is_empty() && !name.starts_with('#')).then_some(name)
}

/// The variables of a `.env` text.
pub fn variables(path: &Path, text: &str) -> Result<BTreeMap<String, String>, Failure> {
    Ok(parse(path, text)?.into_iter().map(|(name, (value, _))| (name, value)).collect())
}

/// `text` with the given variables set: where they are assigned already they are changed in place, everything else stays
/// as it is, and new ones follow at the end. The values are of one line.
pub fn set_variables(text: &str, variables: &[(&str, &str)]) -> String {
    // A file has one sort of line ends.
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut missing: Vec<_> = variables.iter().collect();
    let mut out = String::with_capacity(text.len() + 256);
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\r', '\n']);
        match assigned(line).and_then(|name| variables.iter().find(|(n, _)| *n == name)) {
            Some((name, value)) => {
                let export = if line.trim_start().starts_with("export ") { "export " } else { "" };
                out.push_str(&format!("{export}{name}={}{}", quoted(value), &whole[line.len()..]));
                missing.retain(|(n, _)| n != name);
            }
            None => out.push_str(whole),
        }
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(end);
    }
    if !missing.is_empty() {
        if !out.is_empty() && !out.ends_with(&format!("{end}{end}")) {
            out.push_str(end);
        }
        out.push_str(&format!("# Written by `messaging deploy --write-env`.{end}"));
        for (name, value) in missing {
            out.push_str(&format!("{name}={}{end}", quoted(value)));
        }
    }
    out
}

/// A value that dotenvy and a shell read alike: in single quotes. Quotes stand outside of them, and so do backslashes:
/// dotenvy lets one keep a quote from ending.
fn quoted(value: &str) -> String {
    let mut out = String::from("'");
    for c in value.chars() {
        match c {
            '\'' | '\\' => out.extend(['\'', '\\', c, '\'']),
            c => out.push(c),
        }
    }
    out + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_line_is_named_without_its_text() {
        let error = parse(Path::new(".env"), "# keys\nA=1\nSECRET_KEY=abc def\n").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(".env line 3"), "{text}");
        assert!(!text.contains("abc"), "{text}");
    }

    #[test]
    fn lines_are_known() {
        let vars = parse(Path::new(".env"), "# x\nARN=arn:aws:sns:us-east-1:0:t\n\nexport URL_ORDERS='u'\n").unwrap();
        assert_eq!(vars["ARN"].1, 2);
        assert_eq!(vars["URL_ORDERS"], ("u".into(), 4));
    }

    #[test]
    fn writing_keeps_everything_else() {
        let before = "# mine\nexport ARN=old\nOTHER='a b'  # note\n#ARN=comment";
        let vars = [("ARN", "it's new"), ("URL_ORDERS", "http://q")];
        let after = set_variables(before, &vars);
        assert_eq!(
            after,
            "# mine\nexport ARN='it'\\''s new'\nOTHER='a b'  # note\n#ARN=comment\n\n\
             # Written by `messaging deploy --write-env`.\nURL_ORDERS='http://q'\n"
        );
        assert_eq!(set_variables(&after, &vars), after);
    }
}
