//! Dead letters: where they go, and what they say.

use serde_json::{Value, json};

use super::fake::{Fault, Message};
use super::*;
use crate::{MESSAGE_ID, MOVED, REASON, RECEIVES, SOURCE};

/// The text of an attribute.
fn text<'a>(message: &'a Message, name: &str) -> &'a str {
    message.attributes[name]["StringValue"].as_str().unwrap_or("none")
}

/// Sends a message with attributes, lets it die for a reason, and looks at the dead letter.
async fn bury(body: &str, attributes: Value, why: &str) -> (String, Message) {
    let fake = Fake::default();
    let id = fake.send_with("q", body, None, attributes, Some("Root=1-2"));
    let why = why.to_owned();
    let worker = start(&fake, fake.queue("q", 30, Some(3)), settings(), move |_| {
        let why = why.clone();
        async { Verdict::Dead { why } }
    });
    until(|| fake.bodies("q").is_empty()).await;
    worker.end().await;
    let dead = fake.messages("dead");
    assert_eq!(dead.len(), 1);
    (id, dead[0].clone())
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_the_message_with_the_reason() {
    let own = json!({"kind": {"DataType": "String", "StringValue": "k"}, "raw": {"DataType": "Binary", "BinaryValue": "AAE="}});
    let (id, dead) = bury("body", own.clone(), "no such genre").await;
    assert_eq!((dead.body.as_str(), dead.trace.as_deref()), ("body", Some("Root=1-2")));
    let told = [REASON, SOURCE, MESSAGE_ID, RECEIVES].map(|name| text(&dead, name));
    assert_eq!(told, ["no such genre", "q", id.as_str(), "1"]);
    assert_eq!((&dead.attributes["kind"], &dead.attributes["raw"]), (&own["kind"], &own["raw"]));
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_makes_a_dead_letter() {
    let fake = Fake::default();
    fake.send("q", "x");
    let worker = start(&fake, fake.queue("q", 30, Some(3)), settings(), |_| async { retry("still no") });
    until(|| fake.bodies("q").is_empty()).await;
    let heard = worker.end().await;
    assert!(heard.contains(&"dead x: still no".to_owned()), "{heard:?}");
    let dead = &fake.messages("dead")[0];
    assert_eq!((text(dead, REASON), text(dead, RECEIVES)), ("still no", "3"));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_ten_attributes_keeps_them_all_and_says_why() {
    for n in 5..=10 {
        let mut own = json!({});
        for n in 0..n {
            own[format!("a{n}")] = json!({"DataType": "Number", "StringValue": n.to_string()});
        }
        own["a4"] = json!({"DataType": "Binary", "BinaryValue": "AAE="});
        let (id, dead) = bury("body", own.clone(), "bad").await;
        assert!(dead.attributes.as_object().unwrap().len() <= 10);
        let told = text(&dead, REASON);
        assert!(told.starts_with("bad"), "{told}");
        for (name, fact) in [(SOURCE, "q"), (MESSAGE_ID, &id), (RECEIVES, "1")] {
            assert!(text(&dead, name) == fact || told.contains(&format!("[{name} {fact}]")), "{n}: {name}, {told}");
        }
        let moved: Value = serde_json::from_str(text(&dead, MOVED)).unwrap_or_default();
        for (name, value) in own.as_object().unwrap() {
            let kept = dead.attributes[name] == *value;
            assert!(kept || moved[name]["text"] == value["StringValue"], "{n}: {name}, {moved}");
        }
        assert_eq!(moved.is_null(), n < 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_is_cut_and_holds_only_what_sqs_takes() {
    let (_, dead) = bury("b", json!({}), &"ü".repeat(5_000)).await;
    assert_eq!(text(&dead, REASON).len(), 1_000);
    let (_, dead) = bury("b", json!({}), "a\0b\u{1b}c").await;
    assert_eq!(text(&dead, REASON), "a\u{FFFD}b\u{FFFD}c");
    let (_, dead) = bury("b", json!({}), "").await;
    assert_eq!(text(&dead, REASON), "no reason given");
}

/// What a message counts for at SQS: its body, and of each attribute the name, the type and the value.
fn size(message: &Message) -> usize {
    let attributes = message.attributes.as_object().into_iter().flatten();
    let of = |it: &Value, member: &str| it[member].as_str().map_or(0, str::len);
    message.body.len()
        + attributes.map(|(name, it)| name.len() + of(it, "DataType") + of(it, "StringValue")).sum::<usize>()
}

/// Three of the facts weren't counted: SQS refused the dead letter of a large message, which then went there without any reason.
#[tokio::test(start_paused = true)]
async fn the_largest_message_becomes_a_dead_letter_with_as_much_as_fits() {
    const MOST: usize = 1_048_576;
    let own = json!({"kind": {"DataType": "String", "StringValue": "k"}});
    for (room, attributes) in (0..160).step_by(17).flat_map(|n| [(n, json!({})), (n + 11, own.clone())]) {
        let (id, dead) = bury(&"x".repeat(MOST - room), attributes.clone(), "bad").await;
        assert!(size(&dead) <= MOST, "{room}: {}", size(&dead));
        let left = if attributes["kind"].is_null() { room } else { room - 11 };
        let attribute = |name: &str| dead.attributes[name]["StringValue"].as_str().unwrap_or_default();
        assert_eq!(attribute("kind").is_empty(), attributes["kind"].is_null());
        // The reason comes before all else, then the id.
        assert_eq!(attribute(REASON).starts_with("bad"), left >= 22 + 4, "{room}: {}", dead.attributes);
        assert_eq!(attribute(MESSAGE_ID) == id, left >= 22 + 3 + 25 + id.len(), "{room}: {}", dead.attributes);
    }
    let (_, dead) = bury(&"x".repeat(MOST - 150), json!({}), &"w".repeat(500)).await;
    assert_eq!((size(&dead), text(&dead, REASON).len()), (MOST, 128));
    // Ten attributes of which two can't move, since they are longer as JSON.
    let mut ten = json!({});
    for n in 0..10 {
        ten[format!("a{n}")] = json!({"DataType": "String", "StringValue": "\n".repeat(50_000)});
    }
    let (_, dead) = bury(&"x".repeat(MOST - 500_080), ten.clone(), "bad").await;
    assert_eq!((size(&dead), &dead.attributes), (MOST, &ten));
}

#[tokio::test(start_paused = true)]
async fn a_reason_without_room_is_told_with_both_ids() {
    let fake = Fake::default();
    let id = fake.send("q", &"x".repeat(1_048_576));
    let worker =
        start(&fake, fake.queue("q", 30, Some(3)), settings(), |_| async { Verdict::Dead { why: "bad".into() } });
    until(|| fake.bodies("q").is_empty()).await;
    let dead = &fake.messages("dead")[0];
    assert!(dead.attributes.is_null(), "{}", dead.attributes);
    let told = format!("{id} became the dead letter {}, which has no room for the reason: bad", dead.id);
    let heard = worker.end().await;
    assert!(heard.iter().any(|line| line.contains(&told)), "no {told}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_takes_less_gets_the_message_as_it_was() {
    let fake = Fake::default();
    fake.send("q", "x");
    fake.when(|operation, body| {
        let long = operation == "SendMessage" && !body["MessageAttributes"].is_null();
        long.then_some(Fault::Refused(400, "InvalidParameterValue"))
    });
    let worker =
        start(&fake, fake.queue("q", 30, Some(3)), settings(), |_| async { Verdict::Dead { why: "bad".into() } });
    until(|| fake.bodies("q").is_empty()).await;
    assert_eq!(fake.bodies("dead"), ["x"]);
    assert!(worker.end().await.contains(&"dead x: bad".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_stays_and_is_tried_again() {
    for fault in [Fault::Down, Fault::Refused(403, "AccessDenied"), Fault::Refused(400, "QueueDoesNotExist")] {
        let fake = Fake::default();
        fake.send("q", "x");
        let told = format!("{fault:?}");
        fake.when(move |operation, _| (operation == "SendMessage").then(|| fault.clone()));
        let worker =
            start(&fake, fake.queue("q", 30, Some(9)), settings(), |_| async { Verdict::Dead { why: "bad".into() } });
        until(|| worker.count("started") == 2).await;
        assert_eq!((fake.bodies("q").len(), fake.bodies("dead").len()), (1, 0), "{told}");
        assert!(worker.count("trouble: SendMessage") >= 1, "{told}");
        fake.all_well();
        until(|| fake.bodies("dead").len() == 1).await;
        worker.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_for_dead_letters_a_message_stays_and_that_is_told() {
    let fake = Fake::default();
    fake.send("q", "x");
    let worker = start(&fake, fake.queue("q", 30, None), settings(), |_| async { Verdict::Dead { why: "bad".into() } });
    until(|| worker.count("started") == 2).await;
    assert_eq!((fake.bodies("q").len(), fake.calls("DeleteMessageBatch").len()), (1, 0));
    let heard = worker.end().await;
    assert!(heard.iter().any(|line| line.contains("q has no queue for them: bad")), "{heard:?}");
}
