//! What a run published against what others say that they handled, from files of every kind.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::*;

const TYPES: [&str; 2] = ["order.placed", "payment.captured"];

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, lines: impl IntoIterator<Item = String>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, lines.into_iter().map(|line| line + "\n").collect::<String>()).unwrap();
        path
    }
}

fn event(run: &str, sequence: u64) -> String {
    let event = json!({"specversion": "1.0", "id": format!("e{sequence}"), "source": "/", "type": TYPES[sequence as usize % 2],
        "time": "2026-03-14T10:00:00Z", "runid": run, "publisher": 0, "sequence": format!("{sequence:012}"), "data": {}});
    json!({"record": "published", "event_id": format!("e{sequence}"), "event": event, "message_id": "m"}).to_string()
}

fn published(files: &Files) -> Published {
    let lines = (0..6).chain([2]).map(|sequence| event("r", sequence));
    let report = json!({"record": "report", "run": "r", "published": {"events": 7}}).to_string();
    let path = files.write("published", lines.chain([report]));
    Published::read(&path, Some("r"), &[Expect::parse("payments=payment.captured").unwrap()]).unwrap()
}

/// Each form of a line counts, and what is wrong is named.
#[test]
fn what_others_handled_is_settled_by_id_or_by_place() {
    let files = Files::new();
    let published = published(&files);
    assert_eq!((published.acknowledged.total, published.doubles.total, published.events), (6, 1, 7));
    assert_eq!(published.report, Some((7, None)));
    let lines = [
        json!({"id": "e0"}),
        json!({"publisher": 0, "sequence": 1}),
        json!({"record": "handled", "event_id": "e2", "run": "r", "publisher": 0, "sequence": 2, "effect": true}),
        json!({"id": "e2", "effect": false}),
        json!({"id": "e3"}),
        json!({"id": "e3"}),
        json!({"record": "failed", "event_id": "e4"}),
        json!({"id": "e5", "run": "another"}),
        json!({"id": "nobody's"}),
        json!({"id": "e1", "api": "payments"}),
        json!({"id": "e3", "queue": "payments"}),
    ];
    let path = files.write("handled", lines.iter().map(ToString::to_string));
    let mut handled = Handled::default();
    handled.read(&path, &published).unwrap();
    assert_eq!((handled.other_runs, handled.unknown), (1, 1));
    let legs: Vec<_> = handled
        .legs(&published)
        .map(|(queue, leg)| (queue, leg.effect_twice, leg.account(queue, &published)))
        .collect();
    let [(unnamed, twice, all), (payments, 0, filtered)] = &legs[..] else { panic!("{legs:#?}") };
    assert_eq!((*unnamed, *payments, *twice), ("handled", "payments", 1));
    assert_eq!((all.lost, all.duplicated, all.duplicated_on_purpose), (Some(2), 1, Some(1)));
    assert_eq!(
        (&all.missing[..], &filtered.missing[..]),
        (&["0:4".to_owned(), "0:5".to_owned()][..], &["0:5".to_owned()][..])
    );
}

/// A queue of which nothing was handled has no line that names it.
#[test]
fn a_queue_that_is_expected_is_there_without_a_line() {
    let files = Files::new();
    let published = published(&files);
    let mut handled = Handled::default();
    let legs: Vec<_> =
        handled.legs(&published).map(|(queue, leg)| (queue, leg.account(queue, &published).lost)).collect();
    assert_eq!(legs, [("payments", Some(3))]);
}

#[test]
fn what_is_no_such_file_is_refused_by_its_name() {
    let files = Files::new();
    let published = published(&files);
    let refused = |name: &str, line: &str| {
        let path = files.write(name, [line.to_owned()]);
        Handled::default().read(&path, &published).unwrap_err()
    };
    for (line, why) in [
        ("hello", "line 1: it is no JSON object"),
        ("[1]", "line 1: it is no JSON object"),
        ("{\"id\"", "line 1: EOF"),
        ("{\"id\": 7}", "line 1: invalid type"),
        ("{}", "neither an \"id\" nor"),
        ("{\"publisher\": 0, \"sequence\": \"x\"}", "its sequence is no number"),
    ] {
        let told = refused("bad", line);
        assert!(told.contains(why) && told.contains("bad"), "{line}: {told}");
    }
    assert!(refused("long", &"x".repeat(5 << 20)).contains("longer than 4 MiB"));
    let name = json!({"id": "e0", "queue": "q".repeat(300)}).to_string();
    assert!(refused("name", &name).contains("longer than 256 bytes"));
    let many = (0..65).map(|n| json!({"id": "e0", "queue": format!("q{n}")}).to_string());
    let many = files.write("many", many);
    assert!(Handled::default().read(&many, &published).unwrap_err().contains("line 65: it names one more than 64"));
    let read = |path: &PathBuf, run| Published::read(path, run, &[]).unwrap_err();
    assert!(read(&files.0.path().to_owned(), None).contains("it is no regular file"));
    assert!(read(&files.0.path().join("none"), None).contains("No such file"));
    let two = files.write("two", [event("a", 0), event("b", 1)]);
    assert!(read(&two, None).contains("several runs (a, b): --run says which"));
    assert!(read(&two, Some("c")).contains("no event of the run c"));
    assert!(read(&files.write("foreign", ["{\"a\": 1}".to_owned()]), None).contains("no record of `messaging publish"));
    assert!(Expect::parse("orders").is_err() && Expect::parse("=a").is_err() && Expect::parse("a=b,").is_err());
}
