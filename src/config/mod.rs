//! Where a setting comes from: flags > environment > `.env` > default.
//!
//! `.env` is read once, before anything else. A real environment variable wins over it, and an empty one (`ARN=` copied from
//! `.env.example`) is as good as absent.
//!
//! The file may come with a cloned folder, written by anyone. So it sets this program's settings and nothing else, and takes
//! nothing from the environment: neither what the AWS SDK or the loader obey (`AWS_CONFIG_FILE` runs a program,
//! `LD_PRELOAD` is one), nor a secret of the user into an address.

pub(crate) mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// What `.env` may set, and `.env.example` documents.
const SETTINGS: [&str; 11] = [
    "MESSAGING_TARGET",
    "MESSAGING_STACK",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "ACCESS_KEY",
    "SECRET_KEY",
    "TOPIC_ARN",
    "ARN",
    "URL_ORDERS",
    "URL_PAYMENTS",
    "NO_COLOR",
];
/// The settings that clap and the console look for in the environment. The address isn't among them: who named it decides
/// which keys may go there, see [`crate::aws`].
const IN_ENVIRONMENT: [&str; 4] = ["MESSAGING_TARGET", "MESSAGING_STACK", "AWS_REGION", "NO_COLOR"];
/// A `.env` has at most so many bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;

/// Where a value comes from; errors say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
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
pub(crate) struct Found {
    pub value: String,
    pub origin: Origin,
}

/// The environment and `.env`, the first before the second.
#[derive(Debug, Clone, Default)]
pub struct Env {
    path: PathBuf,
    /// What `.env` says and the environment doesn't: value and line.
    file: BTreeMap<String, (String, usize)>,
    /// What `.env` would set and may not.
    ignored: Vec<String>,
}

impl Env {
    /// Reads `path`; no file is an empty one.
    ///
    /// `also` names settings beside those of this program itself: the scenarios'.
    pub fn read(path: &Path, also: &[&str]) -> Result<Self, Failure> {
        let text = match file::read(path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::usage(format!("Can't read {}", path.display())).why(error)),
        };
        let (file, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            parse(path, &text)?.into_iter().partition(|(name, _)| {
                let name = name.as_str();
                SETTINGS.contains(&name) || also.contains(&name)
            });
        refuse_borrowed(path, &text, &file)?;
        Ok(Self { path: path.to_owned(), file, ignored: others.into_keys().collect() })
    }

    /// Puts what clap and the console need of `.env` into the process's environment, and takes empty variables of ours
    /// out.
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
            if adds && IN_ENVIRONMENT.contains(&name.as_str()) {
                // SAFETY: as above.
                unsafe { std::env::set_var(name, value) };
            }
            adds
        });
    }

    /// A warning of names in `.env` that set nothing, if there are any.
    pub(crate) fn remark(&self) -> Option<String> {
        const SHOWN: usize = 5;
        let more = self.ignored.len().checked_sub(SHOWN + 1).map(|more| format!(" and {} more", more + 1));
        let names = self.ignored[..self.ignored.len().min(SHOWN)].join(", ");
        (!names.is_empty()).then(|| {
            format!(
                "{} sets only what .env.example names. Not read: {names}{}. What you need of these, export.",
                self.path.display(),
                more.unwrap_or_default()
            )
        })
    }

    /// The first of `names` that has a value: all of them in the environment, then all of them in `.env`.
    pub(crate) fn find(&self, names: &[&str]) -> Option<Found> {
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
    // No variable can hold it.
    if let Some(line) = text.split('\n').position(|line| line.contains('\0')) {
        return Err(Failure::usage(format!("{} line {} holds a NUL character", path.display(), line + 1)));
    }
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

/// dotenvy puts the environment's `X` for `$X`, before the file's own. An address or a name made of it would tell strangers
/// the user's secrets: a value may be made of what stands above it in the file, not of the environment.
fn refuse_borrowed(path: &Path, text: &str, settings: &BTreeMap<String, (String, usize)>) -> Result<(), Failure> {
    let blind = without_environment(text);
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in dotenvy::from_read_iter(blind.as_bytes()).flatten() {
        values.entry(name).or_insert(value);
    }
    let restored = |value: &String| value.replace(NOWHERE, "");
    let borrows = |name: &String, value: &String| values.get(name).map(restored).as_ref() != Some(value);
    match settings.iter().find(|(name, (value, _))| borrows(name, value)) {
        None => Ok(()),
        Some((name, (_, line))) => {
            Err(Failure::usage(format!("{} line {line} makes {name} of the environment", path.display()))
                .why("the file may be anyone's, and the environment holds what is yours alone")
                .help("Write the value itself; a `$` that means itself stands in 'single quotes'."))
        }
    }
}

/// Begins the name of a variable that exists nowhere.
const NOWHERE: &str = "nowhere6d8f01c97ab3";

/// `text` in which every `$X` or `${X}` that the environment knows is one that nobody knows.
fn without_environment(text: &str) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('$');
        let (brace, rest) = part.strip_prefix('{').map_or(("", part), |rest| ("{", rest));
        let end = |c: char| if brace.is_empty() { !c.is_alphanumeric() } else { c == '}' };
        let name = &rest[..rest.find(end).unwrap_or(rest.len())];
        out.push_str(brace);
        if std::env::var_os(name).is_some() {
            out.push_str(NOWHERE);
        }
        out.push_str(rest);
    }
    out
}

/// The line, from 1, at which a text stops being understood: the one after the longest good beginning. It parses every
/// beginning: a `.env` is small.
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
pub(crate) fn variables(path: &Path, text: &str) -> Result<BTreeMap<String, String>, Failure> {
    Ok(parse(path, text)?.into_iter().map(|(name, (value, _))| (name, value)).collect())
}

/// `text` with the given variables set: where they are assigned already they are changed in place, everything else stays
/// as it is, and new ones follow at the end. The values are of one line.
pub(crate) fn set_variables(text: &str, variables: &[(&str, &str)]) -> String {
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

    /// It was put into the environment, which panicked and showed the value.
    #[test]
    fn a_nul_is_refused_without_its_value() {
        let text = parse(Path::new(".env"), "A=1\nSECRET_KEY=abc\0d\n").unwrap_err().to_string();
        assert_eq!(text, ".env line 2 holds a NUL character");
    }

    /// `AWS_ENDPOINT_URL=http://elsewhere/${AWS_SECRET_ACCESS_KEY}` told strangers the user's key.
    #[test]
    fn no_setting_is_made_of_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Env::read(&path, &[])
        };
        for (text, line) in [
            ("AWS_ENDPOINT_URL=http://x/${CARGO_MANIFEST_DIR}\n", 1),
            ("# x\nARN=\"a${PATH}\"\n", 2),
            ("A=${PATH}\nB=$A\nTOPIC_ARN=x${B}\n", 3),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!(".env line {line} makes ")), "{text}: {error}");
        }
        let text = "A=x\nTOPIC_ARN=a${A}b\nARN='$PATH'\nURL_ORDERS=\\$PATH\nURL_PAYMENTS=$nobody.\nOTHER=$PATH\n";
        let env = read(text).unwrap();
        for (name, value) in [("TOPIC_ARN", "axb"), ("ARN", "$PATH"), ("URL_ORDERS", "$PATH"), ("URL_PAYMENTS", ".")] {
            assert_eq!(env.file[name].0, value);
        }
    }

    #[test]
    fn names_of_others_are_told_and_set_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, "LD_PRELOAD=x\nARN=a\nA=1\nB=1\nC=1\nD=1\nAWS_PROFILE=x\nE=1\n").unwrap();
        let env = Env::read(&path, &[]).unwrap();
        assert_eq!(env.file.keys().collect::<Vec<_>>(), ["ARN"]);
        let remark = env.remark().unwrap();
        assert!(remark.contains("Not read: A, AWS_PROFILE, B, C, D and 2 more."), "{remark}");
        assert_eq!(Env::default().remark(), None);
    }

    /// What the example documents is what can be set, and the other way round.
    #[test]
    fn the_example_names_every_setting() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
        let example = variables(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut settings = SETTINGS.to_vec();
        settings.extend(crate::cli::scenario_settings());
        settings.sort_unstable();
        assert_eq!(example.keys().map(String::as_str).collect::<Vec<_>>(), settings);
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
