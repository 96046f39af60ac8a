//! What jq's own program gives is what this engine gives. The program has to be there in version 1.6, so the test runs where
//! it is asked for: `cargo test --test oracle -- --ignored`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::print_stdout, reason = "how many queries were tried belongs to the result")]

mod generated;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use messaging_jq::{Input, Query};

/// A query and its input.
pub(crate) struct Case {
    pub query: String,
    pub input: String,
}

/// What a query comes to: its results, and the error that it ends with.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    results: Vec<String>,
    error: Option<String>,
}

/// Queries that stand in a file, one a line, each with its input behind a `<<<` if that isn't null.
fn written(text: &str) -> Vec<Case> {
    let case = |line: &str| match line.split_once(" <<< ") {
        Some((query, input)) => Case { query: query.into(), input: input.into() },
        None => Case { query: line.into(), input: "null".into() },
    };
    text.lines().map(case).collect()
}

fn ours(case: &Case) -> Outcome {
    let failed = |error: String| Outcome { results: Vec::new(), error: Some(error) };
    match (Query::parse(&case.query), Input::parse(case.input.as_bytes())) {
        (Err(message), _) => failed(format!("compile: {message}")),
        (_, None) => failed("compile: the input is no JSON".into()),
        (Ok(query), Some(input)) => {
            let (results, error) = query.texts(&input);
            Outcome { results, error }
        }
    }
}

fn jq(arguments: &[&str], input: &str) -> Output {
    // A query of which jq 1.6 makes no end is stopped.
    let mut jq = Command::new("timeout")
        .arg("3")
        .arg(std::env::var("JQ").unwrap_or_else(|_| "jq".into()))
        .args(arguments)
        .envs([("TZ", "UTC"), ("LC_ALL", "C.UTF-8")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A query that is none ends before it reads.
    let _ = jq.stdin.take().unwrap().write_all(input.as_bytes());
    jq.wait_with_output().unwrap()
}

fn theirs(case: &Case) -> Outcome {
    // With a space before it, a query is no option.
    let output = jq(&["--compact-output", &format!(" {}", case.query)], &case.input);
    let results = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let error = match output.status.code() {
        Some(0) => None,
        Some(5) => Some(
            told.split_once(')').map_or("", |(_, error)| error.trim_start_matches([':', ' ']).trim_end()).to_owned(),
        ),
        Some(124) => Some("endless".into()),
        _ => Some(format!("compile: {told}")),
    };
    Outcome { results, error }
}

/// The same of many queries in one go, since jq takes long to start; `None` if they can't be put in one query, or don't end.
fn theirs_together(cases: &[&Case]) -> Option<Vec<Outcome>> {
    let mut query = "def run(f): [try (f | {result: .}) catch {error: .}];\n".to_owned();
    for (index, case) in cases.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = writeln!(query, "{comma} (({}) | run({}\n))", case.input, case.query);
    }
    let output = jq(&["--compact-output", &query], "null");
    let lines: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default())
        .collect();
    (output.status.success() && lines.len() == cases.len()).then(|| lines.iter().map(outcome).collect())
}

/// What `run` made of a query.
fn outcome(steps: &serde_json::Value) -> Outcome {
    let mut outcome = Outcome { results: Vec::new(), error: None };
    for step in steps.as_array().into_iter().flatten() {
        match (step.get("result"), step.get("error")) {
            (Some(result), _) => outcome.results.push(result.to_string()),
            (None, Some(serde_json::Value::String(error))) => outcome.error = Some(error.clone()),
            (None, error) => outcome.error = Some(format!("(not a string): {}", error.unwrap_or_default())),
        }
    }
    outcome
}

/// Whether the two are the same, as far as they can be.
fn agree(ours: &Outcome, theirs: &Outcome) -> bool {
    let errors = match (&ours.error, &theirs.error) {
        (None, None) => true,
        // A query that isn't one is told in words of one's own.
        (Some(_), Some(theirs)) if theirs.starts_with("compile: ") => true,
        (Some(ours), Some(theirs)) => {
            // jq writes half a character where it cuts a text in one.
            ours == theirs
                || theirs.contains('\u{FFFD}')
                || ours == "the jq query takes too many steps" && theirs == "endless"
        }
        _ => false,
    };
    let compile = theirs.error.as_ref().is_some_and(|error| error.starts_with("compile: "));
    errors
        && (compile
            || ours.results.len() == theirs.results.len()
                && ours.results.iter().zip(&theirs.results).all(|(a, b)| close(a, b)))
}

/// Whether two results are the same, but for the last digit of a calculation.
fn close(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let number = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    let parts = |text: &str| -> (Vec<f64>, String) {
        let numbers = text.split(|c| !number(c)).filter_map(|part| part.parse().ok()).collect();
        (numbers, text.chars().filter(|c| !number(*c)).collect())
    };
    let ((a, rest), (b, other)) = (parts(a), parts(b));
    let fractions = a.iter().chain(&b).any(|n: &f64| n.fract() != 0.0);
    rest == other
        && fractions
        && a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 4e-15 * a.abs().max(b.abs()))
}

/// The differences of some cases. Whatever differs in a run of many is tried again by itself.
fn differences(cases: &[&Case]) -> Vec<String> {
    if let [case] = cases {
        let (ours, theirs) = (ours(case), theirs(case));
        let told = format!("{} <<< {}\n   jq:   {theirs:?}\n   ours: {ours:?}", case.query, case.input);
        return if agree(&ours, &theirs) { Vec::new() } else { vec![told] };
    }
    match theirs_together(cases) {
        Some(outcomes) => {
            let differing = cases.iter().zip(&outcomes).filter(|(case, theirs)| !agree(&numbered(ours(case)), theirs));
            differing.flat_map(|(case, _)| differences(&[case])).collect()
        }
        None => {
            let (left, right) = cases.split_at(cases.len() / 2);
            [differences(left), differences(right)].concat()
        }
    }
}

/// Results as `serde_json` writes them, which is how those of many queries come.
fn numbered(outcome: Outcome) -> Outcome {
    let results = outcome.results.iter().map(|result| {
        serde_json::from_str::<serde_json::Value>(result).map_or_else(|_| result.clone(), |value| value.to_string())
    });
    Outcome { results: results.collect(), error: outcome.error }
}

/// Runs cases on all processors.
fn all_differences(cases: &[Case]) -> Vec<String> {
    let (alone, together): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| Query::parse(&case.query).is_err());
    let chunks: Vec<&[&Case]> = together.chunks(40).chain(alone.chunks(1)).collect();
    let (next, found) = (Mutex::new(chunks.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(chunk) = next.lock().unwrap().next() else { return };
                    let differing = differences(chunk);
                    found.lock().unwrap().extend(differing);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn check(cases: &[Case]) {
    let version = jq(&["--version"], "");
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), "jq-1.6", "the oracle is Debian's jq 1.6");
    let found = all_differences(cases);
    println!("{} queries, {} differ", cases.len(), found.len());
    assert!(found.is_empty(), "{} of {} queries differ:\n{}", found.len(), cases.len(), found.join("\n"));
}

#[test]
#[ignore = "needs jq 1.6"]
fn every_function_and_all_syntax_give_what_jq_gives() {
    check(&written(include_str!("core.txt")));
}

#[test]
#[ignore = "needs jq 1.6"]
fn regular_expressions_match_as_in_jq() {
    check(&written(include_str!("regexes.txt")));
}

#[test]
#[ignore = "needs jq 1.6"]
fn made_up_queries_give_what_jq_gives() {
    let seed = std::env::var("JQ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(16);
    let count = std::env::var("JQ_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_500);
    println!("seed {seed}");
    check(&generated::cases(seed, count));
}
