//! The house stands as ARCHITECTURE.md draws it: who may import whom, no circles, and how large a file may be.

mod circles;
mod source;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use circles::circles;
use source::{Source, repository};
use tables::{CLOUD, CRATES, PROGRAM, TREES};

/// A file that passes this holds two things.
const LONGEST: usize = 450;

/// Below which folders our code lies.
const FOLDERS: [&str; 6] = ["src", "crates", "tests", "benches", "examples", "fuzz/src"];

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for tree in TREES {
        let source = Source::read(tree);
        found.extend(circles(&source.files, &source.arrows()));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What is not read is not held.
#[test]
fn every_crate_test_and_bench_is_looked_at() {
    let mut roots: Vec<String> = Vec::new();
    let targets = |folder: &Path, roots: &mut Vec<String>| {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let path = if path.is_dir() { path.join("main.rs") } else { path };
            if path.extension().is_some_and(|it| it == "rs") && path.exists() {
                roots.push(path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
            }
        }
    };
    let crates = fs::read_dir(repository().join("crates")).unwrap().map(|it| it.unwrap().path());
    for folder in crates.chain([repository().to_owned()]) {
        let lib = folder.join("src/lib.rs");
        roots.push(lib.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
        targets(&folder.join("tests"), &mut roots);
        targets(&folder.join("examples"), &mut roots);
        targets(&folder.join("benches"), &mut roots);
    }
    roots.sort_unstable();
    let mut known = TREES.to_vec();
    known.sort_unstable();
    assert_eq!(roots, known, "write it into TREES");
}

/// The parts of the program, and the rooms of the cloud.
#[test]
fn nobody_imports_what_is_not_below() {
    hold("src/lib.rs", "src/", PROGRAM);
    hold("crates/cloud/src/lib.rs", "crates/cloud/src/", CLOUD);
}

/// Holds each room of a crate to its row: which others it may import.
fn hold(root: &str, below: &str, table: &[(&str, &[&str])]) {
    let source = Source::read(root);
    let room = |file: usize| {
        let path = source.files[file].strip_prefix(below).unwrap();
        path.split('/').next().unwrap().trim_end_matches(".rs")
    };
    let rows: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in 0..source.files.len() {
        if !rows.contains_key(room(file)) && room(file) != "lib" {
            wrong.push(format!("{} stands in no row of the table: say what it may import", source.files[file]));
        }
    }
    let mut used = Vec::new();
    for (from, to) in source.arrows() {
        let (a, b) = (room(from), room(to));
        if a == b || a == "lib" {
            continue;
        }
        used.push((a, b));
        if b == "lib" || !rows.get(a).is_some_and(|may| may.contains(&b)) {
            wrong.push(format!("{} imports {}", source.files[from], source.files[to]));
        }
    }
    for (a, may) in table {
        for b in may.iter().filter(|b| !used.contains(&(a, b))) {
            wrong.push(format!("{a} doesn't import {b}: strike it out"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The compiler holds that no crate imports one that isn't among its dependencies; here it is held which these are.
#[test]
fn crates_depend_on_those_below() {
    let names: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
    for (name, may) in CRATES {
        let manifest = match *name {
            "messaging" => repository().join("Cargo.toml"),
            name => repository().join("crates").join(name).join("Cargo.toml"),
        };
        let text = fs::read_to_string(&manifest).unwrap();
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        let ours = dependencies.lines().filter(|line| line.contains("workspace = true"));
        let ours = ours.filter_map(|line| line.split(['.', ' ']).next());
        let ours: Vec<&str> = ours.filter(|it| names.contains(it)).collect();
        assert_eq!(ours, *may, "{}", manifest.display());
    }
    let folders = fs::read_dir(repository().join("crates")).unwrap();
    for folder in folders.map(|it| it.unwrap().file_name().into_string().unwrap()) {
        assert!(names.contains(&folder.as_str()), "crates/{folder} stands in no row of the table");
    }
}

/// In the order of the tables each room imports only those that stand below it, so that no circle can be drawn.
#[test]
fn the_tables_fall() {
    for table in [CRATES, PROGRAM, CLOUD] {
        for (at, (name, may)) in table.iter().enumerate() {
            for other in *may {
                let place = table.iter().position(|(row, _)| row == other);
                assert!(place.is_some_and(|place| place > at), "{name} may import {other}, which isn't below it");
            }
        }
    }
}

#[test]
fn a_file_holds_one_thing_and_says_which() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| repository().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let (name, lines) = (path.strip_prefix(repository()).unwrap().display(), text.lines().count());
                count += 1;
                if lines > LONGEST {
                    wrong.push(format!("{name} has {lines} lines"));
                }
                if !text.starts_with("//!") {
                    wrong.push(format!("{name} doesn't open with what it is"));
                }
            }
        }
    }
    assert!(count > 400, "the walk found only {count} files");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Who follows the walks of ARCHITECTURE.md finds every file that it names.
#[test]
fn the_files_that_the_architecture_names_are_there() {
    let page = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let named = page.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs") || word.ends_with('/'));
    let mut steps = 0;
    let mut missing = Vec::new();
    for name in named {
        steps += 1;
        if !repository().join(name).exists() {
            missing.push(name);
        }
    }
    assert!(steps > 40, "only {steps} files are named");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn imports_are_seen_in_every_form() {
    let source = Source::read("tests/fixtures/house/lib.rs");
    let arrows: Vec<String> = source
        .arrows()
        .iter()
        .map(|(a, b)| {
            [*a, *b].map(|file| source.files[file].strip_prefix("tests/fixtures/house/").unwrap()).join(" -> ")
        })
        .collect();
    let expected = [
        "a.rs -> b/deep.rs",
        "a.rs -> c.rs",
        "b/deep.rs -> c.rs",
        "b/mod.rs -> b/deep.rs",
        "c.rs -> a.rs",
        "d.rs -> c.rs",
        "e.rs -> d.rs",
    ];
    let mut found = arrows.clone();
    found.sort_unstable();
    assert_eq!(found, expected);
}
