//! What Prometheus is told of a run that goes on: by the names of OpenTelemetry's conventions for messaging where they have one, by
//! CloudWatch's for queues.

mod exposition;

use std::time::Duration;

pub(crate) use self::exposition::Exposition;
use crate::traffic::ledger::Ledger;
use crate::traffic::load::Load;
use crate::traffic::stats::Latencies;
use crate::traffic::tally::{PublishTally, QueueTally};
use crate::traffic::timeline::Depth;

/// The last part of an ARN or a URL.
fn name(of: &str) -> &str {
    of.rsplit([':', '/']).next().unwrap_or(of)
}

/// What consumers of a queue came to so far.
pub(crate) struct Consumed<'a> {
    pub queue_url: &'a str,
    pub tally: QueueTally,
    /// Every arrival, and those that were none's first.
    pub received: u64,
    pub duplicated: u64,
    pub latencies: &'a Latencies,
}

/// The clients of a scenario: how many requests they made, and how many had their effect.
#[cfg(feature = "scenarios")]
pub(crate) fn of_clients((asked, done): (u64, u64)) -> String {
    let mut out = Exposition::default();
    let none: &[_] = &[];
    out.counter("messaging_requests_asked_total", "Requests that the clients made.", [(none, asked)]);
    out.counter("messaging_effects_total", "Requests that had their effect, as far as somebody saw.", [(none, done)]);
    out.finish()
}

/// The publishers' side, `elapsed` after the start.
pub(crate) fn of_publishers(
    out: &mut Exposition,
    topics: &[String],
    tally: &PublishTally,
    load: &Load,
    elapsed: Duration,
) {
    let topic = &topics.iter().map(|topic| name(topic)).collect::<Vec<_>>().join(",");
    let labels: &[_] = &[("messaging_system", "aws.sns"), ("messaging_destination_name", topic)];
    let operation: &[_] = &[labels[0], labels[1], ("messaging_operation_name", "publish")];
    let none: &[_] = &[];
    out.histogram(
        "messaging_client_operation_duration_seconds",
        "From the moment when an event was meant to leave until its acknowledgement.",
        [(operation, &tally.latencies)],
    );
    out.histogram(
        "messaging_publish_delay_seconds",
        "From the moment when an event was due until it left.",
        [(none, &tally.delays)],
    );
    let sent = "Events that left, acknowledged or not.";
    out.counter("messaging_client_sent_messages_total", sent, [(operation, tally.left)]);
    out.counter("messaging_published_total", "Events that were acknowledged.", [(labels, tally.sent)]);
    out.counter("messaging_refused_total", "Events that were given up.", [(labels, tally.refused)]);
    let failed = tally.requests.failed_requests;
    out.counter("messaging_publish_failed_requests_total", "Publishing requests that failed.", [(labels, failed)]);
    if let Some(rate) = load.rate_at(elapsed) {
        let rate = (rate * 1e6).round() / 1e6;
        out.gauge("messaging_expected_publish_rate", "How many events a second are due now.", [(none, rate)]);
    }
}

/// The consumers' side.
pub(crate) fn of_consumers(out: &mut Exposition, all: &[Consumed<'_>]) {
    let labels: Vec<_> = all
        .iter()
        .map(|it| [("messaging_system", "aws_sqs"), ("messaging_destination_name", name(it.queue_url))])
        .collect();
    let each = || labels.iter().map(|labels| &labels[..]).zip(all);
    let received = "Events that were received, each time one was.";
    out.counter("messaging_client_consumed_messages_total", received, each().map(|(labels, it)| (labels, it.received)));
    type Figure = (&'static str, &'static str, fn(&Consumed<'_>) -> u64);
    let figures: [Figure; 5] = [
        ("messaging_handled_total", "Messages that were handled.", |it| it.tally.handled),
        ("messaging_handling_failed_total", "Attempts that failed.", |it| it.tally.failed),
        ("messaging_unreadable_total", "Attempts at what can't be read.", |it| it.tally.unreadable),
        ("messaging_duplicated_total", "Events that had been received before.", |it| it.duplicated),
        ("messaging_consume_failed_requests_total", "Consuming requests that failed.", |it| {
            it.tally.requests.failed_requests
        }),
    ];
    for (name, help, of) in figures {
        out.counter(name, help, each().map(|(labels, it)| (labels, of(it))));
    }
    out.histogram(
        "messaging_end_to_end_duration_seconds",
        "From an event's time until it was handled.",
        each().map(|(labels, it)| (labels, it.latencies)),
    );
}

/// A whole run: publishers, consumers, queues, what landed, and the verdict so far.
pub(crate) fn of_run(ledger: &Ledger, topics: &[String], urls: &[String], load: &Load, elapsed: Duration) -> String {
    let mut out = Exposition::default();
    of_publishers(&mut out, topics, &ledger.published, load, elapsed);
    let consumed: Vec<_> = ledger
        .queues
        .iter()
        .zip(urls)
        .map(|(queue, queue_url)| Consumed {
            queue_url,
            tally: queue.tally,
            received: queue.leg.received(),
            duplicated: queue.leg.duplicates(),
            latencies: &queue.leg.latencies,
        })
        .collect();
    of_consumers(&mut out, &consumed);
    of_queues(&mut out, ledger, urls);
    let landings: Vec<_> = ledger.landings.iter().map(|it| ([("leg", it.name.name())], &it.leg)).collect();
    let landed = || landings.iter().map(|(labels, leg)| (&labels[..], *leg));
    let events = "Events that were seen in the bucket.";
    out.counter("messaging_landed_total", events, landed().map(|(labels, leg)| (labels, leg.distinct())));
    let latency = "From an event's time until it was seen in the bucket.";
    let latencies = landed().map(|(labels, leg)| (labels, &leg.latencies));
    out.histogram("messaging_landing_duration_seconds", latency, latencies);
    let legs: Vec<_> = ledger.on_the_way().into_iter().map(|(leg, n)| ([("leg", leg)], n as f64)).collect();
    let way = "Events that were acknowledged and not seen there yet.";
    out.gauge("messaging_on_the_way", way, legs.iter().map(|(labels, n)| (&labels[..], *n)));
    let wrong = ledger.published.refused > 0 || ledger.published.not_sent > 0;
    let complete = ledger.is_complete();
    let states = [("nothing_lost", complete && !wrong), ("not_all_published", wrong), ("on_the_way", !complete)];
    let states = states.map(|(verdict, is)| ([("verdict", verdict)], f64::from(u8::from(is))));
    let help = "What the ledger says by now: 1 for what holds.";
    out.gauge("messaging_verdict_so_far", help, states.iter().map(|(labels, is)| (&labels[..], *is)));
    out.finish()
}

/// How full the queues are, by CloudWatch's names, as far as somebody looked ("Available CloudWatch metrics for Amazon SQS").
fn of_queues(out: &mut Exposition, ledger: &Ledger, urls: &[String]) {
    let looked: Vec<_> = ledger
        .queues
        .iter()
        .zip(urls)
        .filter_map(|(queue, url)| Some(([("QueueName", name(url))], *ledger.depths.get(queue.name.name())?)))
        .collect();
    type Figure = (&'static str, &'static str, fn(&Depth) -> Option<f64>);
    let figures: [Figure; 4] = [
        ("ApproximateNumberOfMessagesVisible", "Messages that can be received.", |it| Some(it.visible as f64)),
        ("ApproximateNumberOfMessagesNotVisible", "Messages in flight.", |it| Some(it.in_flight as f64)),
        ("ApproximateNumberOfMessagesDelayed", "Messages that can't be received yet.", |it| Some(it.delayed as f64)),
        ("ApproximateAgeOfOldestMessage", "How many seconds old the oldest message is.", |it| {
            it.oldest.map(|oldest| oldest.as_secs_f64())
        }),
    ];
    for (name, help, of) in figures {
        let known = looked.iter().filter_map(|(labels, depth)| Some((&labels[..], of(depth)?)));
        out.gauge(name, help, known);
    }
}
