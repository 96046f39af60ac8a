//! Reports that are merged are as one of all that they tell of.

use std::time::Duration;

use super::*;
use crate::report::compare::{Allowed, Limits, compare};
use crate::report::evidence::{Circumstances, judge};
use crate::report::{DeadLetters, Landed, Model, Published, Queue};
use crate::traffic::account::Account;
use crate::traffic::api::Api;
use crate::traffic::name::LegName;
use crate::traffic::stats::Requests;

fn latencies(ms: impl Iterator<Item = u64>) -> Latencies {
    let mut latencies = Latencies::default();
    ms.for_each(|ms| latencies.record(Duration::from_millis(ms)));
    latencies
}

fn account(received: u64, lost: u64) -> Account {
    Account {
        received,
        lost: Some(lost),
        missing: (0..lost.min(5)).map(|n| format!("0:{n}")).collect(),
        duplicated: 1,
        out_of_order: 2,
        late: Some(0),
        unacknowledged: Some(0),
        filtered: (lost > 0).then_some(3),
        ..Account::default()
    }
}

/// A report of a simulation that published from `from_s` on for ten seconds, and took so many milliseconds for its events.
fn outcome(run: &str, from_s: i64, ms: std::ops::Range<u64>, lost: u64) -> Outcome {
    let queue = |api: Api| Queue {
        api: api.into(),
        queue_url: format!("http://{run}/{}", api.name()),
        handled: 1_000,
        failed: 0,
        unreadable: 0,
        not_deleted: 0,
        deaths: 0,
        effect_twice: 0,
        own_events: 0,
        requests: Requests { failed_requests: 1, retries: 1, lost_answers: 0 },
        account: account(1_001, lost),
        dead_letters: Some(DeadLetters::counted(format!("http://{run}/d"), 1, 3)),
    };
    let published = Published {
        topic_arn: "arn".into(),
        events: 1_000,
        again: 0,
        poison: 0,
        refused: 0,
        requests: Requests::default(),
        maybe_twice: 0,
        per_second: 100.0,
        model: Model::Open,
        load: "100/s".into(),
        delay: None,
        late_at_most_ms: Some(ms.end as f64),
        not_sent: 0,
        intended_per_second: Some(100.0),
        latency: None,
    };
    let mut usage = Usage::default();
    usage.topic.count_request(450);
    let histograms =
        vec![(PUBLISH.to_owned(), latencies(ms.clone())), (LegName::from(Api::Orders).queue_tag(), latencies(ms))];
    let merge = Merge {
        version: VERSION,
        runs: vec![run.into()],
        started_ms: 1_800_000_000_000 + 1_000 * from_s,
        published_for_s: 10.0,
        month: Basis::Continued,
        period_s: 10.0,
        region: Some("us-east-1".into()),
        on_aws: false,
        usage,
        histograms: Merge::pack(histograms),
    };
    Outcome {
        command: "simulate",
        template: None,
        target: "local".into(),
        run: Some(run.into()),
        seed: Some(7),
        elapsed_s: 12.0,
        published: Some(published),
        queues: vec![queue(Api::Orders), queue(Api::Payments)],
        landed: vec![Landed {
            leg: LegName::landing(),
            bucket: "b".into(),
            partitions: vec!["landing_date=2026-01-31".into()],
            objects: 3,
            bytes: 4_321,
            unreadable: 0,
            account: account(1_001, 0),
        }],
        not_followed: Vec::new(),
        evidence: None,
        verdict: Some(if lost == 0 { Verdict::NothingLost } else { Verdict::Lost }),
        error: None,
        data_dir: Some("d".into()),
        killed: Vec::new(),
        hints: Vec::new(),
        faults: Vec::new(),
        cost: None,
        merge: Some(merge),
    }
}

fn part(name: &str, outcome: Outcome) -> Part {
    Part::new(name.into(), "simulate", outcome).unwrap()
}

#[test]
fn two_runs_merged_have_the_quantiles_of_one_histogram_of_both() {
    // Side by side, five seconds apart.
    let one = part("one", outcome("a", 0, 1..900, 0));
    let two = part("two", outcome("b", 5, 500..5_000, 2));
    let all = merge(vec![one, two]).unwrap().into_outcome();
    let together = latencies((1..900).chain(500..5_000)).summary();
    assert_eq!(all.published.as_ref().unwrap().latency, together);
    assert_eq!((all.queues[0].account.latency, all.queues[1].account.latency), (together, None));

    let published = all.published.as_ref().unwrap();
    assert_eq!((published.events, published.late_at_most_ms, all.seed), (2_000, Some(5_000.0), Some(7)));
    assert!((published.per_second - 2_000.0 / 15.0).abs() < 1e-6 && (all.elapsed_s - 17.0).abs() < 1e-6);
    assert!((published.intended_per_second.unwrap() - 2_000.0 / 15.0).abs() < 1e-6);
    let orders = &all.queues[0];
    assert_eq!((orders.handled, orders.requests.failed_requests, orders.account.received), (2_000, 2, 2_002));
    assert_eq!(
        (orders.account.lost, orders.account.filtered, &orders.account.missing[0][..]),
        (Some(2), Some(3), "b/0:0")
    );
    let dead = orders.dead_letters.as_ref().unwrap();
    assert_eq!((dead.before, dead.messages, dead.ended), (Some(2), Some(6), Some(4)));
    let landed = &all.landed[0];
    assert_eq!((landed.objects, landed.partitions.len()), (6, 1));
    assert_eq!((all.verdict, all.run.as_deref(), &all.data_dir), (Some(Verdict::Lost), Some("a + b"), &None));
    assert_eq!(all.merge.as_ref().unwrap().usage.topic.requests, 2);

    // What was merged is merged again.
    let three = part("three", outcome("c", 100, 1..2, 0));
    let all = merge(vec![part("both", all), three]).unwrap().into_outcome();
    assert_eq!(all.published.as_ref().unwrap().events, 3_000);
    assert_eq!(all.queues[0].account.missing[0], "b/0:0");
    assert_eq!(all.merge.unwrap().runs, ["a", "b", "c"]);
}

/// Of a report alone nothing becomes another.
#[test]
fn one_report_stays_as_it_is() {
    let all = merge(vec![part("one", outcome("a", 0, 1..900, 0))]).unwrap().into_outcome();
    assert_eq!((all.run.as_deref(), all.data_dir.as_deref(), all.elapsed_s), (Some("a"), Some("d"), 12.0));
    assert_eq!(all.merge, outcome("a", 0, 1..900, 0).merge);
}

/// A profile of two seconds that took three, as the machine was slow, cost a third less in a month.
#[test]
fn a_month_of_a_profile_is_the_profile_again_and_again() {
    let load = |text: &str| match crate::traffic::load::parse(text).unwrap() {
        crate::traffic::load::Asked::Load(load) => load,
        other => panic!("{other:?}"),
    };
    let profile = load("100/s:2s");
    assert_eq!(month_of(&profile, 200, 3.0), (Basis::Repeated, 2.0));
    assert_eq!(month_of(&profile, 100, 0.99), (Basis::Repeated, 1.0), "cut short");
    assert_eq!(month_of(&load("100/s:2s@loop"), 300, 2.99), (Basis::Continued, 3.0));
    assert_eq!(month_of(&Load::max(), 9, 3.0), (Basis::Continued, 3.0));
    // Thirty days of a day that took two minutes were told as thirty days of two minutes after two minutes.
    assert_eq!(month_of(&load("day").at_speed(600), 115_740, 145.0), (Basis::Repeated, 86_400.0));
    let (basis, period_s) = month_of(&load("5/s:1s@loop").at_speed(60), 60, 0.2);
    assert_eq!((basis, (period_s * 10.0).round()), (Basis::Continued, 122.0));
    // A profile that ends in a pause cost eleven times as much, and two events at one a minute twice as much.
    assert_eq!(month_of(&load("10/s:1s,0/s:9s"), 10, 0.9), (Basis::Repeated, 10.0));
    assert_eq!(month_of(&load("1/m:1h@loop"), 2, 60.0), (Basis::Continued, 120.0));
}

/// Of two verdicts of a kind only one's evidence was told, for the events of both.
#[test]
fn evidence_is_of_every_run() {
    let told = |run: &str, evidence: &str, verdict| Outcome {
        verdict: Some(verdict),
        evidence: Some(evidence.into()),
        ..outcome(run, 0, 1..2, 0)
    };
    let of = |one: Outcome, two: Outcome| merge(vec![part("x", one), part("y", two)]).unwrap().outcome;
    let both = of(told("a", "all of 5", Verdict::NothingLost), told("b", "all of 6", Verdict::NothingLost));
    assert_eq!(both.evidence.unwrap(), "a: all of 5; b: all of 6");
    let worst = of(told("a", "1 lost", Verdict::Lost), told("b", "all of 6", Verdict::NothingLost));
    assert_eq!((worst.verdict, worst.evidence.unwrap().as_str()), (Some(Verdict::Lost), "a: 1 lost"));
}

/// A text in an object hid the events behind it, which were told as lost.
#[test]
fn what_lies_behind_a_text_that_is_no_json_is_not_told_as_lost() {
    let judged = |unreadable| {
        let mut outcome = Outcome { queues: Vec::new(), ..outcome("a", 0, 1..2, 3) };
        for landed in &mut outcome.landed {
            (landed.unreadable, landed.account) = (unreadable, account(9, 3));
        }
        let (cut_short, clocks_apart, legs, unread) = (None, None, Vec::new(), Vec::new());
        judge(&outcome, &Circumstances { cut_short, all_published: true, legs, clocks_apart, unread })
    };
    assert_eq!(judged(0).0, Verdict::Lost);
    let (verdict, why) = judged(1);
    assert!(verdict == Verdict::Unknown && why.contains("1 line that landed in"), "{verdict:?} {why}");
}

#[test]
fn a_run_is_counted_once() {
    let parts = vec![part("x.json line 1", outcome("a", 0, 1..2, 0)), part("y.json line 9", outcome("a", 0, 1..2, 0))];
    assert_eq!(merge(parts).unwrap_err(), "x.json line 1 and y.json line 9 are both of the run a");
    let mut published = outcome("b", 0, 1..2, 0);
    (published.queues, published.landed) = (Vec::new(), Vec::new());
    let published = Part::new("p".into(), "publish", published).unwrap();
    let refused = merge(vec![part("s", outcome("a", 0, 1..2, 0)), published]).unwrap_err();
    assert_eq!(refused, "s is of simulate, and p of publish");
    assert_eq!(merge(Vec::new()).unwrap_err(), "there is no report");
}

/// Two regions have two prices, and a sum of neither.
#[test]
fn runs_in_several_regions_have_no_costs_together() {
    let elsewhere = |region: &str| {
        let mut other = outcome("b", 0, 1..2, 0);
        other.merge.as_mut().unwrap().region = Some(region.into());
        let all = merge(vec![part("one", outcome("a", 0, 1..2, 0)), part("two", other)]).unwrap();
        all.into_outcome().priced(false).cost
    };
    assert!(elsewhere("us-east-1").is_some() && elsewhere("eu-west-2").is_none());
}

#[test]
fn a_report_whose_numbers_cannot_be_is_refused() {
    let refused = |change: fn(&mut Outcome)| {
        let mut outcome = outcome("a", 0, 1..2, 0);
        change(&mut outcome);
        Part::new("x".into(), "simulate", outcome).unwrap_err()
    };
    assert!(refused(|it| it.elapsed_s = -1.0).contains("a time that can't be"));
    assert!(refused(|it| it.elapsed_s = 1e300).contains("a time that can't be"));
    assert!(refused(|it| it.merge.as_mut().unwrap().published_for_s = f64::NAN).contains("a time that can't be"));
    assert!(refused(|it| it.merge.as_mut().unwrap().started_ms = i64::MIN).contains("a time that can't be"));
    assert!(refused(|it| it.published = None).contains("nothing that was published"));
    assert!(refused(|it| it.merge = None).contains("without what reports are merged by"));
    let broken = refused(|it| _ = it.merge.as_mut().unwrap().histograms.insert("publish".into(), "AAAA".into()));
    assert_eq!(broken, "publish: no histogram in V2 encoding");
}

fn compared(old: &Outcome, new: &Outcome, limits: Limits) -> Vec<String> {
    let comparison = compare(old, new, limits);
    assert_eq!(comparison.regressed, comparison.rows.iter().any(|row| row.regressed));
    comparison.rows.iter().filter(|row| row.regressed).map(|row| row.measure.clone()).collect()
}

#[test]
fn a_regression_is_what_is_beyond_a_limit() {
    let ready = |run, ms, lost| part("x", outcome(run, 0, ms, lost)).into_outcome();
    let (old, new) = (ready("a", 1..100, 0), ready("b", 1..109, 0));
    let p99 = |allowed| Limits { p99: Some(allowed), ..Limits::default() };
    assert_eq!(compared(&old, &new, Limits::default()), [""; 0]);
    assert_eq!(compared(&old, &new, p99(Allowed::Percent(10.0))), [""; 0]);
    assert_eq!(compared(&old, &new, p99(Allowed::Percent(5.0))), ["publish p99", "orders p99"]);
    assert_eq!(compared(&new, &old, p99(Allowed::Percent(0.0))), [""; 0]);
    assert_eq!(compared(&old, &new, p99(Allowed::At(Duration::from_millis(50)))), ["publish p99", "orders p99"]);
    let lost = |n| Limits { lost: Some(n), ..Limits::default() };
    let lossy = ready("b", 1..100, 3);
    assert_eq!((compared(&old, &lossy, lost(5)), compared(&old, &lossy, lost(6))), (vec!["lost".into()], vec![]));
    let slower = |percent| Limits { slower: Some(percent), ..Limits::default() };
    let mut slow = ready("b", 1..100, 0);
    slow.published.as_mut().unwrap().per_second = 94.0;
    assert_eq!(
        (compared(&old, &slow, slower(5.0)), compared(&old, &slow, slower(7.0))),
        (vec!["published a second".into()], vec![])
    );
}

/// A leg without an arrival had no 99th percentile, and nothing was worse.
#[test]
fn what_is_not_told_is_beyond_any_limit() {
    let ready = |run| part("x", outcome(run, 0, 1..100, 0)).into_outcome();
    let (old, mut new) = (ready("a"), ready("b"));
    new.queues[0].account.latency = None;
    new.verdict = None;
    let limits = Limits { p99: Some(Allowed::Percent(10.0)), lost: Some(0), slower: None };
    assert_eq!(compared(&old, &new, limits), ["lost", "orders p99"]);
    let text = compare(&old, &new, limits).lines().join("\n");
    assert!(text.contains("Worse than it may be: lost, orders p99."), "{text}");
    let text = compare(&old, &old, limits).lines().join("\n");
    assert!(console::strip_ansi_codes(&text).contains("✔ Within the limits."), "{text}");
}
