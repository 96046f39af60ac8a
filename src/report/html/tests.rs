//! A page tells what the report does, refers to nothing outside, and takes nothing that is in it for a part of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::cost::{Basis, Cost, Span, Usage};
use crate::event::envelope::Place;
use crate::report::terminal::tests::outcome;
use crate::report::{Outcome, Verdict};
use crate::traffic::depths::Fault;
use crate::traffic::load::{self, Asked, Load};
use crate::traffic::name::S3;
use crate::traffic::stats::Latencies;
use crate::traffic::timeline::{Depth, Happened, PUBLISHED, Timeline};

/// What somebody could name a queue, or a server give for a reason.
const HOSTILE: &str =
    "</script><script>alert(1)</script><img src=\"http://evil\" onerror='x'>&<!-- ]]> \u{1b}[31m\u{202e}";

fn about() -> About {
    About {
        started: "2026-03-01 12:00:00 UTC".into(),
        version: "0.1.0",
        template_sha256: Some("ab".repeat(32)),
        cores: 2,
        system: "linux x86_64".into(),
    }
}

fn recorded(load: &Load, why: &str) -> Recorded {
    let mut timeline = Timeline::new(&["orders"], &[S3]);
    let ms = Duration::from_millis;
    for leg in [PUBLISHED, "orders", S3] {
        (1..50).for_each(|n| {
            let place = Some(Place { publisher: 0, sequence: n });
            timeline.note(Happened::Arrived { leg, place, latency: Some(ms(n)) });
        });
    }
    timeline.note(Happened::Left { events: 2, late: ms(1) });
    timeline.note(Happened::Failed { who: "orders", why });
    let depth = Depth { visible: 3, in_flight: 1, delayed: 0, oldest: Some(ms(900)) };
    timeline.note(Happened::Looked { queue: "orders", depth });
    let mut latencies = Latencies::default();
    latencies.record(ms(5));
    let faults = vec![Fault { name: why.to_owned(), strikes: 1, from_s: Some(0.0), to_s: Some(1.0) }];
    Recorded::new(&timeline, load, Some(100), None, vec![Curve::new(PUBLISHED, &latencies)], faults)
}

fn cost() -> Cost {
    let mut usage = Usage::default();
    (0..100).for_each(|_| usage.topic.count_request(450));
    usage.topic.events = 100;
    Cost::new(&usage, Span { published_s: 1.0, elapsed_s: 1.0, basis: Basis::Continued }, "us-east-1", false)
}

fn steady() -> Load {
    Load::rate(100.0)
}

/// The JSON in a page.
fn data(html: &str) -> Value {
    let json = html.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_page_tells_what_the_report_does() {
    let outcome = Outcome { verdict: Some(Verdict::Lost), cost: Some(cost()), ..outcome(7) };
    let html = page(&outcome, &about(), &recorded(&steady(), "HTTP 503"));
    for words in [
        "✘ 14 events lost",
        "class=\"bad\"",
        "100/s, open model",
        "<dt>Seed</dt><dd>7</dd>",
        &"ab".repeat(32),
        "2 cores, linux x86_64",
        "Events a second",
        "Events so far",
        "The way of event 0:",
        "delivery stream",
        "What it costs",
        "sns publishes (64 KiB)",
        "publishes in batches of ten",
        "once, from 0 µs to 1.00 s",
        "Latency to orders",
        "Latency by quantile",
        "Messages in the orders queue",
        "Age of the oldest message",
        "Publish delay",
        "Failed requests",
        "7 events that never came to orders",
        "0:0, 0:1, 0:2, 0:3, 0:4 and 2 more",
        "<th scope=\"row\">orders: HTTP 503</th><td>1</td>",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains("Latency of publishing by rate"));
    let data = data(&html);
    let report = serde_json::to_value(outcome.record()).unwrap();
    assert_eq!((&data["report"], &data["format"]), (&report, &json!(1)));
    assert_eq!(data["over_time"]["legs"][1]["leg"], "orders");
    assert_eq!(data["over_time"]["queues"][0]["visible"].as_array().unwrap().last(), Some(&json!(3.0)));
}

/// What was on the way when a run was stopped was said to be lost.
#[test]
fn what_is_on_the_way_is_not_lost() {
    let outcome = Outcome { verdict: Some(Verdict::Unknown), ..outcome(7) };
    let html = page(&outcome, &about(), &recorded(&steady(), "x"));
    assert!(html.contains("<th scope=\"row\">on the way</th>") && html.contains("What was not seen yet"), "{html}");
    assert!(html.contains("7 events on the way to orders"), "{html}");
    assert!(!html.contains("<td class=\"bad\">") && !html.contains(">lost<"), "{html}");
}

#[test]
fn a_load_that_changes_is_shown_beside_its_latency() {
    let Ok(Asked::Load(load)) = load::parse("10/s..1000/s:10s") else { panic!("no load") };
    let html = page(&outcome(0), &about(), &recorded(&load, "x"));
    assert!(html.contains("Latency of publishing by rate"), "{html}");
    let html = page(&outcome(0), &about(), &recorded(&Load::max(), "x"));
    assert!(!html.contains("Latency of publishing by rate") && data(&html)["asked_per_second"].is_null());
}

/// Names of queues and reasons of errors come from outside: none of them becomes a part of the page.
#[test]
fn what_is_hostile_stays_text() {
    let mut outcome = Outcome { verdict: Some(Verdict::Unknown), error: Some(HOSTILE.into()), ..outcome(3) };
    outcome.target = HOSTILE.into();
    outcome.template = Some(HOSTILE.into());
    outcome.run = Some(HOSTILE.into());
    outcome.queues[0].queue_url = HOSTILE.into();
    outcome.queues[0].account.missing = vec![HOSTILE.into()];
    if let Some(published) = &mut outcome.published {
        published.load = HOSTILE.into();
        published.topic_arn = HOSTILE.into();
    }
    let html = page(&outcome, &about(), &recorded(&steady(), HOSTILE));
    assert_eq!(html.matches("<script").count(), 1);
    for bad in ["<img", "<!--", "\u{1b}", "alert(1)</script>"] {
        assert!(!html.contains(bad), "{bad:?}");
    }
    assert!(data(&html)["report"]["target"] == HOSTILE);
}

#[test]
fn a_page_refers_to_nothing_outside() {
    let html = page(&outcome(0), &about(), &recorded(&steady(), "x"));
    for bad in ["src=", "href=", "url(", "@import", "<link", "<iframe", "xmlns"] {
        assert!(!html.contains(bad), "{bad}");
    }
}

#[test]
fn a_run_in_which_nothing_happened_has_a_page() {
    let recorded = Recorded::new(&Timeline::new(&[], &[]), &Load::max(), None, None, Vec::new(), Vec::new());
    let nothing = Outcome { published: None, queues: Vec::new(), landed: Vec::new(), verdict: None, ..outcome(0) };
    let html = page(&nothing, &about(), &recorded);
    assert!(html.contains("nothing was recorded") && !html.contains("NaN"), "{html}");
}
