//! What a run published against what others say that they handled, from files of every kind.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::traffic::filtered::Fed;

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
    let expect = [Expect::parse("payments=payment.captured").unwrap()];
    Published::read(&path, Some("r"), &expect, &Architecture::default()).unwrap()
}

/// What was published with `--file` is known by the id that SNS gave it, by its line, by its own id, or by its text.
#[test]
fn events_of_somebodys_own_are_settled_too() {
    let files = Files::new();
    let own = |line: u64, message: &str, kind: &str| {
        let attributes = json!({"kind": kind, "n": {"type": "Number", "value": "7"}});
        json!({"record": "published", "line": line, "message": message, "message_id": format!("m{line}"),
            "attributes": attributes})
        .to_string()
    };
    let lines =
        [own(1, "{\"id\":\"a\"}", "order"), own(2, "7", "order"), own(4, "7", "refund"), own(5, "[1]", "refund")];
    let report =
        |events: u64| json!({"record": "report", "run": "r", "published": {"events": events, "topic_arn": "t2"}});
    let path = files.write("published", lines.into_iter().chain([report(4).to_string()]));
    let fed = vec![Fed::Nothing, Fed::by(Some("{\"kind\": [\"refund\"]}"), None)];
    let legs = vec![Found { names: vec!["refunds".into(), "q".into()], fed, takes_poison: false }];
    let found = Architecture { topics: vec!["t1".into(), "t2".into()], legs };
    let published = Published::read(&path, None, &[], &found).unwrap();
    assert_eq!((published.run.as_str(), published.events, published.doubt()), ("r", 4, None));
    assert_eq!((published.expected("q").total, published.expected("refunds").total, published.unsure("q")), (2, 2, 0));
    assert_eq!(published.expected("elsewhere").total, 4);
    let lines = [
        json!({"id": "m1", "queue": "all"}),
        json!({"message": "7", "queue": "all"}),
        json!({"own": "7", "queue": "all", "record": "handled", "message_id": "x"}),
        json!({"Type": "Notification", "MessageId": "m5", "Message": "[1]", "queue": "all"}),
        json!({"line": 4, "queue": "refunds"}),
        json!({"id": "a", "queue": "refunds"}),
        json!({"id": "nobody's", "queue": "refunds"}),
    ];
    let path = files.write("handled", lines.iter().map(ToString::to_string));
    let mut handled = Handled::default();
    handled.read(&path, &published).unwrap();
    assert_eq!(handled.unknown, 1);
    let legs: Vec<_> = handled.legs(&published).map(|(queue, leg)| leg.account(queue, &published)).collect();
    assert_eq!((legs[0].lost, legs[0].duplicated), (Some(0), 0));
    assert_eq!(
        (legs[1].lost, &legs[1].missing[..], legs[1].unacknowledged),
        (Some(1), &["0:5".to_owned()][..], Some(1))
    );
    // Attributes that the file doesn't tell can't be judged, and a topic that feeds nothing is told.
    let bare = json!({"record": "published", "line": 1, "message": "7", "message_id": "m1"}).to_string();
    let other = json!({"record": "report", "run": "r", "published": {"events": 1, "topic_arn": "t3"}}).to_string();
    let path = files.write("bare", [bare.clone(), report(1).to_string()]);
    assert_eq!(Published::read(&path, None, &[], &found).unwrap().unsure("q"), 1);
    let path = files.write("other", [bare, other]);
    assert!(Published::read(&path, None, &[], &found).unwrap().doubt().unwrap().contains("t3"));
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

/// A loss that a filter policy explains was told as a loss, and nothing more.
#[test]
fn a_queue_that_lacks_all_of_a_type_may_have_a_filter_policy() {
    let files = Files::new();
    let published = published(&files);
    let lines = [0, 2, 4].map(|sequence| json!({"id": format!("e{sequence}"), "queue": "orders"}).to_string());
    let path = files.write("handled", lines.clone());
    let mut handled = Handled::default();
    handled.read(&path, &published).unwrap();
    let hint = |handled: &Handled, queue: &str, known: Option<&[&str]>| {
        handled.queues().find(|(name, _)| *name == queue).and_then(|(_, leg)| leg.hint(queue, &published, known))
    };
    let told = hint(&handled, "orders", None).unwrap();
    assert!(told.contains("orders saw no payment.captured") && told.contains("--look reads"), "{told}");
    assert!(told.contains("--expect orders=order.placed says"), "{told}");
    let told = hint(&handled, "orders", Some(&["q1", "q2"])).unwrap();
    assert!(told.contains("the stack has no queue orders") && told.contains("it has q1, q2"), "{told}");
    // Of what it is to get nobody needs to guess, and a few of a type that are away are no policy's doing.
    let more = [1, 3].map(|sequence| json!({"id": format!("e{sequence}"), "queue": "orders"}).to_string());
    let expected = json!({"id": "e1", "queue": "payments"}).to_string();
    handled.read(&files.write("more", more.into_iter().chain([expected])), &published).unwrap();
    assert_eq!((hint(&handled, "orders", None), hint(&handled, "payments", None)), (None, None));
}

/// What another run of the same lines did was counted for this one.
#[test]
fn the_same_text_of_another_run_is_known_by_its_id() {
    let files = Files::new();
    let own =
        |line: u64| json!({"record": "published", "line": line, "message": "7", "message_id": format!("m{line}")});
    let report = json!({"record": "report", "run": "r", "published": {"events": 2}, "merge": {"started_ms": 1_700_000_000_000_i64}});
    let path = files.write("published", [own(1), own(2), report].map(|line| line.to_string()));
    let published = Published::read(&path, None, &[], &Architecture::default()).unwrap();
    assert_eq!(published.since.map(|since| since.as_second()), Some(1_700_000_000));
    let envelope =
        |id: &str| json!({"Type": "Notification", "MessageId": id, "Message": "7", "queue": "q"}).to_string();
    let mut handled = Handled::default();
    handled.read(&files.write("handled", [envelope("m1"), envelope("another's")]), &published).unwrap();
    let legs: Vec<_> = handled.legs(&published).map(|(queue, leg)| leg.account(queue, &published)).collect();
    assert_eq!((legs[0].lost, legs[0].duplicated, handled.unknown), (Some(1), 0, 1));
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
        // The parser's own words were told: `invalid type: integer `7`, expected a string at line 1 column 8`.
        ("{\"id\"", "line 1: it is no JSON: EOF while parsing an object, at column 5"),
        ("{\"id\": 7}", "line 1: its \"id\" is 7, and a string is needed"),
        ("{\"id\": \"a\", \"queue\": [\"b\"]}", "its \"queue\" is [\"b\"], and a string is needed"),
        ("{\"id\": \"a\", \"event_id\": \"a\"}", "two of its members say the same: duplicate field `id`"),
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
    let read = |path: &PathBuf, run| Published::read(path, run, &[], &Architecture::default()).unwrap_err();
    assert!(read(&files.0.path().to_owned(), None).contains("it is no regular file"));
    assert!(read(&files.0.path().join("none"), None).contains("No such file"));
    let two = files.write("two", [event("a", 0), event("b", 1)]);
    assert!(read(&two, None).contains("several runs (a, b): --run says which"));
    assert!(read(&two, Some("c")).contains("no event of the run c, but of a, b"));
    for (event, why) in [
        (
            json!({"id": "e"}),
            "half line 1: its \"event\" isn't one that `messaging publish --json` tells: it has no \"type\"",
        ),
        (
            json!({"id": "e", "type": "t", "runid": "r", "publisher": "x"}),
            "its \"publisher\" is \"x\", and u32 is needed",
        ),
        (json!([]), "it is no object"),
    ] {
        let line = json!({"record": "published", "event": event}).to_string();
        let told = read(&files.write("half", [line]), None);
        assert!(told.contains(why), "{told}");
    }
    assert!(read(&files.write("foreign", ["{\"a\": 1}".to_owned()]), None).contains("no record of `messaging publish"));
    assert!(Expect::parse("orders").is_err() && Expect::parse("=a").is_err() && Expect::parse("a=b,").is_err());
}
