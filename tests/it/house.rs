//! The house stands as `lib.rs` draws it: who may import whom, and how large a file may be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that passes this holds two things.
const LONGEST: usize = 600;

/// What each part may import, itself always included. A part that isn't named here may not exist.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("aws", &["config", "exit"]),
    ("cli", &["command", "config", "exit", "ui"]),
    ("cloud", &["directory", "engine", "log"]),
    ("command", &["aws", "config", "event", "exit", "report", "traffic", "ui"]),
    ("config", &["exit"]),
    ("directory", &[]),
    ("engine", &[]),
    ("event", &[]),
    ("exit", &["ui"]),
    ("lib", &[]),
    ("log", &["directory"]),
    ("main", &[]),
    ("report", &["event", "traffic", "ui"]),
    ("traffic", &["aws", "event", "exit", "ui"]),
    ("ui", &[]),
];

/// The commands that hold both wings.
const BOTH_WINGS: [&str; 2] = ["command/local", "command/simulate"];
/// What they may import besides.
const THE_CLOUD: [&str; 2] = ["cloud", "log"];

/// A file of `src/`: its path below that, as `engine/queue/mod.rs`, and its text.
struct File {
    path: String,
    text: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let below = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File { path: below, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(files.len() > 100, "the walk found only {} files", files.len());
    files
}

impl File {
    /// The part of the house: the first name of the path.
    fn part(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn may_import(&self) -> BTreeSet<&str> {
        let part = self.part();
        let (_, allowed) = MAY_IMPORT.iter().find(|(name, _)| *name == part).unwrap_or_else(|| {
            panic!("{} belongs to no part of the house: draw it in lib.rs, and say here what it may import", self.path)
        });
        let mut allowed: BTreeSet<&str> = allowed.iter().copied().chain([part]).collect();
        if BOTH_WINGS.iter().any(|both| self.path == format!("{both}.rs") || self.path.starts_with(&format!("{both}/")))
        {
            allowed.extend(THE_CLOUD);
        }
        allowed
    }

    /// The text without its comments.
    fn code(&self) -> String {
        self.text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// The modules at the root of the crate that the code names, by `crate::` or by enough `super::`.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut names = BTreeSet::new();
        let roots = code
            .match_indices("crate::")
            .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        for (at, word) in roots {
            names.extend(first_names(&code[at + word.len()..]));
        }
        let folders = self.path.matches('/').count();
        let depth = if self.path.ends_with("/mod.rs") { folders } else { folders + 1 };
        for line in code.lines() {
            let Some(at) = line.find("super::") else { continue };
            let ups = line[at..].split("super::").take_while(|between| between.is_empty()).count();
            // An indented line may stand in a module within the file.
            let inner = usize::from(line.starts_with(' '));
            if ups >= depth + inner {
                names.extend(first_names(&line[at + ups * "super::".len()..]));
            }
        }
        names
    }
}

/// The first names of what follows `crate::`: one, or each of a list in braces.
fn first_names(rest: &str) -> Vec<String> {
    let name =
        |text: &str| -> String { text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(list) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut item) = (Vec::new(), 0, String::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&std::mem::take(&mut item))),
            _ => item.push(c),
        }
    }
    names.push(name(&item));
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn nobody_imports_what_is_not_below() {
    let mut wrong = Vec::new();
    for file in files() {
        let allowed = file.may_import();
        // Macros are exported at the root.
        let bad: Vec<_> = file
            .imports()
            .into_iter()
            .filter(|name| name != "operations" && !allowed.contains(name.as_str()))
            .collect();
        if !bad.is_empty() {
            wrong.push(format!("{} imports {}", file.path, bad.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_wings_do_not_meet_in_what_others_import() {
    for (part, allowed) in MAY_IMPORT {
        let traffic = ["aws", "event", "report", "traffic"];
        let cloud = ["cloud", "engine", "log"];
        if traffic.contains(part) {
            assert!(!allowed.iter().any(|it| cloud.contains(it)), "{part}");
        }
        if cloud.contains(part) {
            assert!(!allowed.iter().any(|it| traffic.contains(it)), "{part}");
        }
    }
}

#[test]
fn a_file_holds_one_thing_and_says_which() {
    let mut wrong = Vec::new();
    for file in files() {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{} has {lines} lines", file.path));
        }
        if !file.text.starts_with("//!") {
            wrong.push(format!("{} doesn't open with what it is", file.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_seen_in_every_form() {
    let file = |path: &str, text: &str| File { path: path.into(), text: text.into() }.imports();
    let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
    for (path, text, expected) in [
        ("event/a.rs", "use crate::cloud::Cloud;", names(&["cloud"])),
        ("event/a.rs", "use crate::{aws::{Cloud, Target}, log, ui::*};", names(&["aws", "log", "ui"])),
        ("event/a.rs", "fn a() { crate::engine::b() } // crate::log", names(&["engine"])),
        ("event/a.rs", "use super::super::cloud;", names(&["cloud"])),
        ("event/a.rs", "use super::mod_of_event;", names(&[])),
        ("event/mod.rs", "use super::cloud;", names(&["cloud"])),
        ("event/mod.rs", "mod tests {\n    use super::*;\n}", names(&[])),
        ("event/a.rs", "use $crate::x; other_crate::y();", names(&["x"])),
    ] {
        assert_eq!(file(path, text), expected, "{text}");
    }
}
