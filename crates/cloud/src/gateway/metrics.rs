//! The figures for Prometheus, in its text format. Source: "Exposition formats" (Prometheus).

use std::fmt::Write;

use bytes::Bytes;

use crate::core::{Cloud, Core};
use engine::Millis;

/// Queues, and streams, whose figures are told: a bound for the page.
const MOST: usize = 1_000;

/// What is told of a queue.
struct QueueRow {
    arn: String,
    visible: usize,
    in_flight: usize,
    delayed: usize,
    oldest: Millis,
}

/// What is told of a stream's buffer.
struct StreamRow {
    arn: String,
    records: usize,
    bytes: u64,
    oldest: Millis,
}

/// The page.
pub(super) fn page(cloud: &Cloud) -> Bytes {
    let (queues, queue_count) = queue_rows(&cloud.core);
    let (streams, stream_count) = stream_rows(&cloud.core);
    let mut topics = 0;
    cloud.core.each_topic("", |_| {
        topics += 1;
        true
    });
    let [subscriptions, buckets, stacks] = cloud.core.read(|engine, _| {
        [engine.subscriptions().count(), engine.docs("s3/bucket/", "").count(), engine.docs("cfn/name/", "").count()]
    });
    let mut out = String::new();
    let refuses = usize::from(cloud.core.refusal().is_some());
    for (name, help, value) in [
        ("refuses_writes", "Whether changes are refused.", refuses),
        ("long_polls", "Long polls that wait for a message.", cloud.core.waiters.waiting()),
        ("log_bytes", "Bytes of the log.", usize::try_from(cloud.core.log().bytes()).unwrap_or(usize::MAX)),
        ("queues", "Queues in all accounts.", queue_count),
        ("topics", "Topics in all accounts.", topics),
        ("subscriptions", "Subscriptions in all accounts.", subscriptions),
        ("streams", "Delivery streams in all accounts.", stream_count),
        ("buckets", "Buckets in all accounts.", buckets),
        ("stacks", "Stacks in all accounts.", stacks),
    ] {
        gauge(&mut out, name, help, [(String::new(), value.to_string())]);
    }
    let help = "Messages of a queue, by state.";
    let states = |row: &QueueRow| [("visible", row.visible), ("in_flight", row.in_flight), ("delayed", row.delayed)];
    let lines = queues.iter().flat_map(|row| states(row).map(|(state, count)| (row, state, count)));
    let lines = lines
        .map(|(row, state, count)| (format!("{{queue=\"{}\",state=\"{state}\"}}", label(&row.arn)), count.to_string()));
    gauge(&mut out, "queue_messages", help, lines);
    let help = "Seconds since the message was sent that came to the queue first; 0 when it is empty.";
    let of_queue = |row: &QueueRow| format!("{{queue=\"{}\"}}", label(&row.arn));
    gauge(&mut out, "queue_oldest_age_seconds", help, queues.iter().map(|row| (of_queue(row), seconds(row.oldest))));
    let of_stream = |row: &StreamRow| format!("{{stream=\"{}\"}}", label(&row.arn));
    let help = "Records that have not landed.";
    gauge(
        &mut out,
        "stream_buffered_records",
        help,
        streams.iter().map(|row| (of_stream(row), row.records.to_string())),
    );
    let help = "Bytes that have not landed.";
    gauge(&mut out, "stream_buffered_bytes", help, streams.iter().map(|row| (of_stream(row), row.bytes.to_string())));
    let help = "Seconds since the oldest record came that has not landed; 0 when there is none.";
    gauge(&mut out, "stream_oldest_age_seconds", help, streams.iter().map(|row| (of_stream(row), seconds(row.oldest))));
    out.into()
}

/// What is told of the first queues, and how many there are.
fn queue_rows(core: &Core) -> (Vec<QueueRow>, usize) {
    let (mut ids, mut count) = (Vec::new(), 0);
    core.each_queue("", |queue, _| {
        if !queue.config.hidden {
            count += 1;
            ids.extend((count <= MOST).then_some(queue.config.id));
        }
        true
    });
    let mut rows = Vec::with_capacity(ids.len());
    core.count_in(&ids, |queue, now| {
        let depth = queue.depth(now);
        // Positions are given in the order in which messages came to this queue.
        let oldest = queue.messages().next().map_or(0, |(_, entry)| now.saturating_sub(entry.sent_at));
        let arn = queue.config.arn.clone();
        rows.push(QueueRow { arn, visible: depth.visible, in_flight: depth.in_flight, delayed: depth.delayed, oldest });
    });
    (rows, count)
}

/// What is told of the first streams, and how many there are.
fn stream_rows(core: &Core) -> (Vec<StreamRow>, usize) {
    let (mut rows, mut count) = (Vec::new(), 0);
    let now = core.now();
    core.each_stream("", |stream| {
        count += 1;
        rows.extend((count <= MOST).then(|| StreamRow {
            arn: stream.config.arn.clone(),
            records: stream.len(),
            bytes: stream.bytes(),
            oldest: stream.oldest().map_or(0, |at| now.saturating_sub(at)),
        }));
        true
    });
    (rows, count)
}

/// Writes a figure: what it is, then a line for each of its labels.
fn gauge(out: &mut String, name: &str, help: &str, lines: impl IntoIterator<Item = (String, String)>) {
    // Writing to a string can't fail.
    _ = writeln!(out, "# HELP messaging_{name} {help}\n# TYPE messaging_{name} gauge");
    for (labels, value) in lines {
        _ = writeln!(out, "messaging_{name}{labels} {value}");
    }
}

fn seconds(millis: Millis) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// A label's value, escaped.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_seconds_are_as_prometheus_reads_them() {
        assert_eq!(label("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
        assert_eq!((seconds(0), seconds(1_005)), ("0.000".to_owned(), "1.005".to_owned()));
    }
}
