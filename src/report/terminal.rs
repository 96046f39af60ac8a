//! An outcome as people read it.

use std::time::Duration;

use console::{Alignment, Style, pad_str};

use super::text::quantiles;
use super::trouble::{publishing_trouble, receiving_trouble};
use super::{DeadLetters, Outcome, Published, ledger, load};
use crate::ui::paint;
use crate::units::{count, duration, plural, rate};

/// An outcome, in lines. Its table fits into so many columns, if they are given.
pub(crate) fn render(outcome: &Outcome, columns: Option<usize>) -> Vec<String> {
    let mut lines = vec![String::new()];
    if let Some(verdict) = outcome.verdict {
        lines.extend(ledger::lines(outcome, verdict, columns));
    } else {
        lines.extend(outcome.published.iter().flat_map(|published| published_lines(published, outcome)));
        lines.extend(queue_lines(outcome));
    }
    lines
}

/// After `publish`.
fn published_lines(published: &Published, outcome: &Outcome) -> Vec<String> {
    let bold = Style::new().bold();
    let mut first = format!(
        "{} in {}",
        paint(&bold, format!("{} published", plural(published.events, "event"))),
        duration(Duration::from_secs_f64(outcome.elapsed_s))
    );
    if published.events > 1 {
        first += &format!(", {}", rate(published.per_second));
    }
    if let Some(latency) = published.latency {
        first += &format!(", acknowledged after {}", quantiles(latency));
    }
    let mut lines = vec![first];
    lines.extend(load::lines(published, outcome));
    if published.refused > 0 {
        let refused = format!("{} not published: the reasons stand above", plural(published.refused, "event"));
        lines.push(paint(&Style::new().red(), refused));
    }
    lines.extend(publishing_trouble(published));
    if let (Some(run), Some(seed)) = (&outcome.run, outcome.seed) {
        lines.push(paint(&Style::new().dim(), format!("run {run}, seed {seed}")));
    }
    lines
}

/// After `consume`.
fn queue_lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for queue in &outcome.queues {
        let name = paint(&Style::new().bold(), pad_str(queue.api.name(), 8, Alignment::Left, None));
        let mut line = format!("{name}  {} handled", count(queue.handled));
        for (n, what) in [
            (queue.own_events, "of them own events"),
            (queue.failed, "attempt{s} failed"),
            (queue.unreadable, "attempt{s} unreadable"),
            (queue.not_deleted, "not deleted"),
            (queue.deaths, "worker{s} died"),
            (queue.account.duplicated, "seen before"),
            (queue.effect_twice, "with their effect twice"),
            (queue.account.out_of_order, "out of order"),
        ] {
            if n > 0 {
                line += &format!(", {} {}", count(n), what.replace("{s}", if n == 1 { "" } else { "s" }));
            }
        }
        if let Some(latency) = queue.account.latency {
            line += &format!("; {} after they were published", quantiles(latency));
        }
        lines.push(line);
        lines.extend(queue.dead_letters.as_ref().and_then(dead_letters_line));
        lines.extend(receiving_trouble(queue));
    }
    if outcome.queues.iter().any(|queue| queue.failed + queue.unreadable > 0) {
        let note = "What failed or couldn't be read was left in its queue: it comes back, until it ends in the dead-letter queue.";
        lines.push(paint(&Style::new().dim(), note));
    }
    lines
}

/// How many messages ended in a dead-letter queue, if any did.
fn dead_letters_line(dead: &DeadLetters) -> Option<String> {
    let name = dead.queue_url.as_deref().and_then(|url| url.rsplit('/').next()).unwrap_or("the dead-letter queue");
    let text = match (dead.ended, &dead.unknown) {
        (Some(0), _) => return None,
        (Some(ended), _) => {
            format!("{} ended in {name}: messaging peek {name}", plural(ended, "message"))
        }
        (None, why) => {
            let why = why.as_deref().unwrap_or("it can't be asked");
            format!("how many messages ended in {name} isn't known: {why}")
        }
    };
    Some(paint(&Style::new().yellow(), format!("          {text}")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::{DeadLetters, Landed, Model, Queue, Verdict};
    use crate::traffic::account::Account;
    use crate::traffic::api::Api;
    use crate::traffic::name::LegName;
    use crate::traffic::stats::{Requests, Summary};

    fn account(received: u64, lost: u64) -> Account {
        let latency = Some(Summary { p50_ms: 1.5, p90_ms: 2.0, p99_ms: 12.0, max_ms: 1_500.0 });
        let missing = (0..lost.min(5)).map(|n| format!("0:{n}")).collect();
        Account {
            received,
            lost: Some(lost),
            missing,
            duplicated: 1,
            late: Some(0),
            unacknowledged: Some(0),
            latency,
            ..Account::default()
        }
    }

    /// A run that lost so much on each leg.
    pub(in crate::report) fn outcome(lost: u64) -> Outcome {
        let queue = |api: Api| Queue {
            api: api.into(),
            queue_url: "http://q".into(),
            handled: 1_000,
            failed: 0,
            unreadable: 0,
            not_deleted: 0,
            deaths: 0,
            effect_twice: 0,
            own_events: 0,
            requests: Requests::default(),
            account: account(1_001, lost),
            dead_letters: Some(DeadLetters::counted("http://d".into(), 1, 2)),
        };
        Outcome {
            command: "simulate",
            template: Some("the built-in template".into()),
            target: "local (http://127.0.0.1:4566, us-east-1)".into(),
            run: Some("0a1b".into()),
            seed: Some(7),
            elapsed_s: 12.5,
            published: Some(Published {
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
                delay: account(0, 0).latency,
                late_at_most_ms: Some(1_500.0),
                not_sent: 0,
                intended_per_second: Some(100.0),
                latency: account(0, 0).latency,
            }),
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
            data_dir: Some(".messaging/simulate".into()),
            killed: Vec::new(),
            hints: Vec::new(),
            faults: Vec::new(),
            cost: None,
            merge: None,
        }
    }

    #[test]
    fn a_balanced_ledger() {
        let text = console::strip_ansi_codes(&render(&outcome(0), None).join("\n")).into_owned();
        insta::assert_snapshot!(text);
    }

    /// A ledger that balances may still hide what was sent twice.
    #[test]
    fn failed_requests_and_lost_answers_stand_beside_the_ledger() {
        let mut outcome = outcome(0);
        let published = outcome.published.as_mut().unwrap();
        published.requests = Requests { failed_requests: 46, retries: 45, lost_answers: 2 };
        published.maybe_twice = 20;
        outcome.queues[1].requests = Requests { failed_requests: 1, retries: 1, lost_answers: 0 };
        for verdict in [outcome.verdict, None] {
            outcome.verdict = verdict;
            let text = console::strip_ansi_codes(&render(&outcome, None).join("\n")).into_owned();
            let says =
                "publishing: 46 requests failed, 45 sent again; 2 answers lost: up to 20 events may be there twice";
            assert!(text.contains(says), "{text}");
            assert!(text.contains("the payments queue: 1 request failed, 1 sent again"), "{text}");
            assert!(!text.contains("the orders queue"), "{text}");
        }
    }

    /// Who can't reach the server is not told to press harder.
    #[test]
    fn more_concurrency_is_no_help_against_a_server_that_is_gone() {
        let mut outcome = outcome(0);
        outcome.verdict = None;
        let late = "late by 1.50 s at most; a higher --concurrency or --batch may help";
        assert!(render(&outcome, None).join("\n").contains(late));
        outcome.published.as_mut().unwrap().not_sent = 1_234;
        assert!(render(&outcome, None).join("\n").contains("late by 1.50 s at most, 1,234 events not sent; a higher"));
        let published = outcome.published.as_mut().unwrap();
        (published.not_sent, published.late_at_most_ms) = (0, Some(50.0));
        assert!(!render(&outcome, None).join("\n").contains("late by"), "it kept up");
        outcome.published.as_mut().unwrap().not_sent = 1;
        outcome.error = Some("connection refused".into());
        assert!(!render(&outcome, None).join("\n").contains("--concurrency"));
    }

    #[test]
    fn a_loss_is_named() {
        let text = render(&outcome(7), None).join("\n");
        assert!(text.contains("7 never came to orders (publisher:sequence 0:0, 0:1, 0:2, 0:3, 0:4, ..)"), "{text}");
    }

    fn plain(outcome: &Outcome, columns: usize) -> Vec<String> {
        render(outcome, Some(columns)).iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect()
    }

    /// The table was 89 columns wide, and in 80 each of its rows took two.
    #[test]
    fn the_table_fits_at_every_width_and_loses_nothing_that_counts() {
        let outcome = outcome(7);
        for columns in 20..130 {
            let lines = plain(&outcome, columns);
            let start = 1 + lines.iter().position(|line| line.starts_with("The ledger")).unwrap();
            let table: Vec<_> = lines[start..].iter().take_while(|line| !line.is_empty()).collect();
            if columns >= 52 {
                assert!(table.iter().all(|line| line.chars().count() <= columns), "{columns}: {table:#?}");
            }
            let text = table.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n");
            for words in ["published", "orders", "payments", "1,001", "7", "lost", "duplicated", "out of order", "late"]
            {
                assert!(text.contains(words), "{columns}: {words}: {text}");
            }
        }
        assert!(plain(&outcome, 120).iter().any(|line| line.contains("p99     max")));
        let at_80 = plain(&outcome, 80).join("\n");
        let at_80 = at_80.split("open model").next().unwrap();
        assert!(at_80.contains("p50") && !at_80.contains("max") && at_80.contains("├─ orders queue"), "{at_80}");
    }

    #[test]
    fn what_is_wrong_on_purpose_stands_beside_the_ledger() {
        let mut outcome = outcome(0);
        let published = outcome.published.as_mut().unwrap();
        (published.again, published.poison) = (10, 1);
        for queue in &mut outcome.queues {
            (queue.account.duplicated_on_purpose, queue.account.poison) = (Some(9), Some(1));
        }
        let text = plain(&outcome, 200).join("\n");
        for line in [
            "on purpose: 10 events published twice, 1 event that no consumer can handle",
            "seen twice, as they were published: orders 9, payments 9",
            "not handled, on purpose: orders 1, payments 1",
            "Nothing lost: everything that can be handled was received by every queue and landed.",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        outcome.published.as_mut().unwrap().model = Model::Closed;
        outcome.verdict = None;
        assert!(plain(&outcome, 200).join("\n").contains("closed model: an event leaves when"));
    }

    /// Stopped before anything landed, a row without a name said "0 objects, 0 B".
    #[test]
    fn what_has_not_landed_yet_has_a_name() {
        let mut outcome = outcome(0);
        let landed = &mut outcome.landed[0];
        (landed.partitions, landed.objects, landed.bytes) = (Vec::new(), 0, 0);
        assert!(render(&outcome, None).join("\n").contains("  landed   nothing yet in s3://b"));
    }

    /// After Ctrl-C the table said lost of what the line below said isn't there yet.
    #[test]
    fn what_is_missing_when_it_is_stopped_early_is_on_the_way() {
        let mut outcome = outcome(7);
        outcome.verdict = Some(Verdict::Unknown);
        for columns in [30, 60, 80, 120] {
            let text = plain(&outcome, columns).join("\n");
            assert!(text.contains("on the way") && !text.contains("lost"), "{columns}: {text}");
        }
    }
}
