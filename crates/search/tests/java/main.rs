//! What `java.util.regex` of OpenJDK 17 matches is what is matched here. Its JDK has to be there, so the test runs where it is
//! asked for: `cargo test --test java -- --ignored`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::print_stdout, reason = "how many patterns were tried belongs to the result")]

mod generated;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use messaging_search::{Pattern, Steps};

/// A pattern and a text.
pub(crate) type Case = (String, String);

/// So many steps as a template's parameters have.
const STEPS: u64 = 10_000_000;

fn hexadecimal(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut line, unit| {
        let _ = write!(line, "{unit:04x}");
        line
    })
}

/// What Java says of each case.
fn theirs(cases: &[Case]) -> Vec<char> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/Matches.java");
    let mut java = Command::new(std::env::var("JAVA").unwrap_or_else(|_| "java".into()))
        .args(["-XX:TieredStopAtLevel=1", "-Xss4m", source])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Debian's openjdk-17-jdk-headless is installed");
    let lines: String =
        cases.iter().map(|(pattern, text)| format!("{}\n{}\n", hexadecimal(pattern), hexadecimal(text))).collect();
    let mut stdin = java.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = java.wait_with_output().unwrap();
    writer.join().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("17"), "the oracle is Java 17");
    let answers: Vec<char> = lines.filter_map(|line| line.chars().next()).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// What is said here: the same, or `D` for a search that is too dear, `U` for what is refused by name.
fn ours(pattern: &Result<Pattern, String>, text: &str) -> char {
    let text: Vec<char> = text.chars().collect();
    match pattern {
        Err(why) if why.contains("not supported here") => 'U',
        Err(_) => 'E',
        Ok(pattern) => match pattern.is_match(&text, &mut Steps::new(STEPS)) {
            Ok(true) => '1',
            Ok(false) => '0',
            Err(_) => 'D',
        },
    }
}

/// Holds cases against Java; `refused`: how many of them may be refused by name.
fn check(cases: &[Case], refused: usize) {
    let answers = theirs(cases);
    let (mut differing, mut unsupported) = (Vec::new(), 0);
    let mut last = (String::new(), Pattern::java(""));
    for (case, theirs) in cases.iter().zip(answers) {
        if last.0 != case.0 {
            last = (case.0.clone(), Pattern::java(&case.0));
        }
        match (ours(&last.1, &case.1), theirs) {
            // What Java gives up on, and what is too dear here, says nothing.
            (_, 'O' | 'R') | ('D', _) => {}
            ('U', _) => unsupported += 1,
            (ours, theirs) if ours != theirs => differing.push(format!("{case:?} Java: {theirs} ours: {ours}")),
            _ => {}
        }
    }
    println!("{} patterns, {} differ, {unsupported} refused by name", cases.len(), differing.len());
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.len(), differing.join("\n"));
    assert!(unsupported <= refused, "{unsupported} are refused by name");
}

#[test]
#[ignore = "needs OpenJDK 17"]
fn every_construct_matches_as_in_java() {
    let mut cases = Vec::new();
    for line in include_str!("patterns.txt").lines() {
        let mut parts = line.split('\t').map(|part| {
            let part =
                part.replace("<LF>", "\n").replace("<CR>", "\r").replace("<TAB>", "\t").replace("<NEL>", "\u{85}");
            part.replace("<LS>", "\u{2028}").replace("<NBSP>", "\u{A0}")
        });
        let pattern = parts.next().unwrap_or_default();
        cases.extend(parts.map(|text| (pattern.clone(), text)));
    }
    // Characters by their names are refused.
    check(&cases, cases.iter().filter(|(pattern, _)| pattern.contains(r"\N")).count());
}

#[test]
#[ignore = "needs OpenJDK 17"]
fn every_class_has_the_characters_that_java_has_in_it() {
    check(&generated::classes(), 0);
}

#[test]
#[ignore = "needs OpenJDK 17"]
fn made_up_patterns_match_as_in_java() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (seed, count) = (number("JAVA_SEED", 17), number("JAVA_CASES", 10_000));
    println!("seed {seed}");
    check(&generated::cases(seed, count as usize), 0);
}
