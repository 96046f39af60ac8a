//! An outcome as people read it.

use std::time::Duration;

use console::{Alignment, Style, measure_text_width, pad_str};

use super::{DeadLetters, Landed, Outcome, Published, Queue, Verdict};
use crate::traffic::leg::Account;
use crate::traffic::stats::{Requests, Summary};
use crate::ui::paint;
use crate::units::{bytes, count, duration, plural};

/// An outcome, in lines.
pub(crate) fn render(outcome: &Outcome) -> Vec<String> {
    let mut lines = vec![String::new()];
    if let Some(verdict) = outcome.verdict {
        lines.extend(ledger_lines(outcome, verdict));
    } else {
        lines.extend(outcome.published.iter().flat_map(|published| published_lines(published, outcome)));
        lines.extend(queue_lines(outcome));
    }
    lines
}

/// A rate says nothing about fewer events.
const ENOUGH: u64 = 50;

/// After `publish`.
fn published_lines(published: &Published, outcome: &Outcome) -> Vec<String> {
    let bold = Style::new().bold();
    let mut first = format!(
        "{} in {}",
        paint(&bold, format!("{} published", plural(published.events, "event"))),
        duration(Duration::from_secs_f64(outcome.elapsed_s))
    );
    if published.events > 1 {
        first += &format!(", {}/s", rate(published.per_second));
    }
    if let Some(latency) = published.latency {
        first += &format!(", acknowledged after {}", quantiles(latency));
    }
    let mut lines = vec![first];
    let kept_up = outcome.error.is_none() && published.requests.failed_requests == 0;
    if let Some(intended) = published.intended_per_second.filter(|_| published.events >= ENOUGH && kept_up)
        && published.per_second < 0.9 * intended
    {
        let behind = format!("{}/s couldn't be kept; a higher --concurrency or --batch may help", rate(intended));
        lines.push(paint(&Style::new().yellow(), behind));
    }
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
            (queue.failed, "attempts failed"),
            (queue.unreadable, "attempts unreadable"),
            (queue.not_deleted, "not deleted"),
            (queue.account.duplicated, "seen before"),
            (queue.account.out_of_order, "out of order"),
        ] {
            if n > 0 {
                line += &format!(", {} {what}", count(n));
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
        let note =
            "What failed or couldn't be read was left in its queue: it comes back, and ends in the dead-letter queue.";
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

/// What failed on the way of the events to the topic, and what that may have left.
fn publishing_trouble(published: &Published) -> Option<String> {
    let lost = match (published.requests.lost_answers, published.maybe_twice) {
        (0, _) => String::new(),
        (answers, 0) => format!("; {} lost", plural(answers, "answer")),
        (answers, events) => {
            format!("; {} lost: up to {} may be there twice", plural(answers, "answer"), plural(events, "event"))
        }
    };
    trouble_line("publishing", published.requests, &lost)
}

/// What failed on the way of a queue's messages to us: what a lost answer held comes again.
fn receiving_trouble(queue: &Queue) -> Option<String> {
    let lost = match queue.requests.lost_answers {
        0 => String::new(),
        answers => {
            format!("; {} lost: messages in them come again after their visibility timeout", plural(answers, "answer"))
        }
    };
    trouble_line(&format!("the {} queue", queue.api.name()), queue.requests, &lost)
}

fn trouble_line(of: &str, requests: Requests, lost: &str) -> Option<String> {
    if requests == Requests::default() {
        return None;
    }
    let (failed, retries) = (plural(requests.failed_requests, "request"), count(requests.retries));
    let text = format!("{of}: {failed} failed, {retries} sent again{lost}");
    Some(paint(&Style::new().yellow(), text))
}

fn quantiles(latency: Summary) -> String {
    format!(
        "p50 {}, p99 {}, max {}",
        milliseconds(latency.p50_ms),
        milliseconds(latency.p99_ms),
        milliseconds(latency.max_ms)
    )
}

fn milliseconds(ms: f64) -> String {
    duration(Duration::from_secs_f64(ms / 1e3))
}

fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1}") } else { count(per_second.round() as u64) }
}

const COLUMNS: [&str; 9] = ["", "events", "lost", "duplicated", "out of order", "late", "p50", "p99", "max"];

/// After `simulate`: the fan-out as a table, and the verdict.
fn ledger_lines(outcome: &Outcome, verdict: Verdict) -> Vec<String> {
    let (bold, dim) = (Style::new().bold(), Style::new().dim());
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    if let Some(Published { events, latency, .. }) = &outcome.published {
        let mut row = COLUMNS.map(|_| String::new());
        row[0] = "published".into();
        row[1] = count(*events);
        put_latencies(&mut row, *latency);
        rows.push(row);
    }
    for Queue { api, account, .. } in &outcome.queues {
        let branch =
            if outcome.landed.is_none() && Some(*api) == outcome.queues.last().map(|q| q.api) { "└" } else { "├" };
        rows.push(leg_row(format!("{branch}─ {} queue", api.name()), account));
    }
    if let Some(Landed { account, .. }) = &outcome.landed {
        rows.push(leg_row("└─ landed in S3".into(), account));
    }
    let widths: Vec<usize> =
        (0..COLUMNS.len()).map(|c| rows.iter().map(|row| measure_text_width(&row[c])).max().unwrap_or(0)).collect();
    let mut lines = vec![format!(
        "{}  {}",
        paint(&bold, "The ledger"),
        paint(
            &dim,
            format!(
                "{} · seed {} · {} · {}",
                outcome.run.as_deref().unwrap_or_default(),
                outcome.seed.unwrap_or_default(),
                duration(Duration::from_secs_f64(outcome.elapsed_s)),
                outcome.target
            )
        )
    )];
    for (n, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(c, cell)| {
                let side = if c == 0 { Alignment::Left } else { Alignment::Right };
                let cell = pad_str(cell, widths[c], side, None).into_owned();
                let bad = c == 2 && n > 1 && row[c] != "0";
                match () {
                    () if n == 0 => paint(&dim, cell),
                    () if bad => paint(&Style::new().red().bold(), cell),
                    () => cell,
                }
            })
            .collect();
        lines.push(format!("  {}", cells.join("  ")).trim_end().to_owned());
    }
    lines.push(String::new());
    let trouble: Vec<_> = outcome.published.iter().filter_map(publishing_trouble).collect();
    let trouble = [trouble, outcome.queues.iter().filter_map(receiving_trouble).collect()].concat();
    if !trouble.is_empty() {
        lines.extend(trouble.into_iter().map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    lines.extend(place_lines(outcome));
    lines.push(conclusion(outcome, verdict));
    lines
}

fn leg_row(name: String, account: &Account) -> [String; 9] {
    let mut row = COLUMNS.map(|_| String::new());
    row[0] = name;
    row[1] = count(account.received);
    row[2] = count(account.lost.unwrap_or(0));
    row[3] = count(account.duplicated);
    row[4] = count(account.out_of_order);
    row[5] = count(account.late.unwrap_or(0));
    put_latencies(&mut row, account.latency);
    row
}

fn put_latencies(row: &mut [String; 9], latency: Option<Summary>) {
    if let Some(latency) = latency {
        row[6] = milliseconds(latency.p50_ms);
        row[7] = milliseconds(latency.p99_ms);
        row[8] = milliseconds(latency.max_ms);
    }
}

/// Where the data lies.
fn place_lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(landed) = &outcome.landed {
        for partition in &landed.partitions {
            lines.push(format!("  landed   s3://{}/{partition}/", landed.bucket));
        }
        lines.push(format!("           {}, {}", plural(landed.objects, "object"), bytes(landed.bytes)));
    }
    if let Some(dir) = &outcome.data_dir {
        lines.push(format!("  data     {dir}"));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// The last line: what it comes to.
fn conclusion(outcome: &Outcome, verdict: Verdict) -> String {
    let legs = outcome.queues.iter().map(|queue| (queue.api.name(), &queue.account));
    let missing: Vec<String> = legs
        .chain(outcome.landed.iter().map(|landed| ("S3", &landed.account)))
        .filter(|(_, account)| account.lost.unwrap_or(0) > 0)
        .map(|(leg, account)| {
            let more = if account.lost > Some(account.missing.len() as u64) { ", .." } else { "" };
            let places = account.missing.join(", ");
            format!("{} on the way to {leg} (publisher:sequence {places}{more})", count(account.lost.unwrap_or(0)))
        })
        .collect();
    let missing = missing.join("; ");
    let refused = outcome.published.as_ref().map_or(0, |published| published.refused);
    let (green, red) = (Style::new().green().bold(), Style::new().red().bold());
    match verdict {
        Verdict::NothingLost => {
            format!("{} everything published was received by every queue and landed.", paint(&green, "✔ Nothing lost:"))
        }
        Verdict::Lost => format!("{} {missing}.", paint(&red, "✘ Lost:")),
        Verdict::NotAllPublished => format!(
            "{} {} refused; everything else arrived.",
            paint(&red, "✘ Not all published:"),
            plural(refused, "event")
        ),
        Verdict::Interrupted if missing.is_empty() => {
            "Stopped early; what was published until then has arrived.".into()
        }
        Verdict::Interrupted => format!("Stopped early; not there yet: {missing}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::api::Api;

    fn account(received: u64, lost: u64) -> Account {
        let latency = Some(Summary { p50_ms: 1.5, p90_ms: 2.0, p99_ms: 12.0, max_ms: 1_500.0 });
        let missing = (0..lost.min(5)).map(|n| format!("0:{n}")).collect();
        Account {
            received,
            lost: Some(lost),
            missing,
            duplicated: 1,
            out_of_order: 0,
            late: Some(0),
            unacknowledged: Some(0),
            latency,
        }
    }

    fn outcome(lost: u64) -> Outcome {
        let queue = |api| Queue {
            api,
            queue_url: "http://q".into(),
            handled: 1_000,
            failed: 0,
            unreadable: 0,
            not_deleted: 0,
            own_events: 0,
            dead_letters: None,
            requests: Requests::default(),
            account: account(1_001, lost),
        };
        Outcome {
            command: "simulate",
            target: "local (http://127.0.0.1:4566, us-east-1)".into(),
            run: Some("run0".into()),
            seed: Some(7),
            elapsed_s: 12.5,
            published: Some(Published {
                topic_arn: "arn".into(),
                events: 1_000,
                refused: 0,
                requests: Requests::default(),
                maybe_twice: 0,
                per_second: 100.0,
                intended_per_second: Some(100.0),
                latency: account(0, 0).latency,
            }),
            queues: vec![queue(Api::Orders), queue(Api::Payments)],
            landed: Some(Landed {
                bucket: "b".into(),
                partitions: vec!["landing_date=2026-01-31".into()],
                objects: 3,
                bytes: 4_321,
                unreadable: 0,
                account: account(1_001, 0),
            }),
            verdict: Some(if lost == 0 { Verdict::NothingLost } else { Verdict::Lost }),
            error: None,
            data_dir: Some(".messaging/simulate".into()),
        }
    }

    #[test]
    fn a_balanced_ledger() {
        let text = console::strip_ansi_codes(&render(&outcome(0)).join("\n")).into_owned();
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
            let text = console::strip_ansi_codes(&render(&outcome).join("\n")).into_owned();
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
        outcome.published.as_mut().unwrap().per_second = 10.0;
        assert!(render(&outcome).join("\n").contains("a higher --concurrency"));
        outcome.error = Some("connection refused".into());
        assert!(!render(&outcome).join("\n").contains("--concurrency"));
    }

    #[test]
    fn a_loss_is_named() {
        let text = render(&outcome(7)).join("\n");
        assert!(text.contains("7 on the way to orders (publisher:sequence 0:0, 0:1, 0:2, 0:3, 0:4, ..)"), "{text}");
    }
}
