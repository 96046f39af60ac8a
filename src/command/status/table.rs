//! The table of `messaging status`: 60 columns, whatever the names are; wider where names are longer and the terminal has room.

use std::time::Duration;

use console::{Alignment, Style, measure_text_width, pad_str};

use crate::command::gather::{Queue, Status};
use crate::ui::paint;
use crate::units::{age, bytes, count, plural};

/// How wide the names' column is where the terminal has no room for more.
const NAMES: usize = 24;
/// How wide the other columns are.
const FIGURES: [usize; 4] = [10, 10, 8, 8];

/// The status, in lines. `columns` is how wide the terminal is, if there is one.
pub(super) fn render(status: &Status, columns: Option<usize>) -> Vec<String> {
    let dim = Style::new().dim();
    let mut lines = Vec::new();
    let shown = in_order(&status.queues);
    let longest = shown.iter().map(|queue| measure_text_width(&queue.name) + 2).max().unwrap_or_default();
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(FIGURES.iter().sum()));
    let names = longest.min(room).max(NAMES);
    if status.queues.is_empty() {
        lines.push("There is no queue.".to_owned());
    } else {
        let head = ["queue", "visible", "in flight", "delayed", "oldest"].map(str::to_owned);
        lines.push(paint(&dim, row(&head, names)));
    }
    for queue in shown {
        lines.extend(queue_lines(queue, is_dead_letter_queue(queue, &status.queues), names));
    }
    if status.more_queues {
        lines.push(paint(&dim, format!("(only the first {} queues)", count(status.queues.len() as u64))));
    }
    let more: Vec<String> = topics(status).chain(streams(status)).chain(buckets(status)).collect();
    if !more.is_empty() {
        lines.push(String::new());
        lines.extend(more);
    }
    lines.extend(dead_letters(status));
    lines
}

/// Each queue, and behind it its dead-letter queue.
fn in_order(queues: &[Queue]) -> Vec<&Queue> {
    let mut shown: Vec<&Queue> = Vec::with_capacity(queues.len());
    let sources = queues.iter().filter(|queue| !is_dead_letter_queue(queue, queues));
    for queue in sources.chain(queues) {
        if shown.iter().any(|it| it.arn == queue.arn) {
            continue;
        }
        shown.push(queue);
        let dead = queues.iter().find(|it| Some(&it.arn) == queue.dead_letter_queue.as_ref());
        if let Some(dead) = dead.filter(|dead| shown.iter().all(|it| it.arn != dead.arn)) {
            shown.push(dead);
        }
    }
    shown
}

fn is_dead_letter_queue(queue: &Queue, of: &[Queue]) -> bool {
    of.iter().any(|it| it.dead_letter_queue.as_ref() == Some(&queue.arn))
}

/// A queue in a line; in two, if its name is longer than `names`.
fn queue_lines(queue: &Queue, dead: bool, names: usize) -> Vec<String> {
    let name = if dead { format!("└ {}", queue.name) } else { queue.name.clone() };
    let age = queue.oldest_age_ms.map_or_else(|| "-".into(), |ms| age(Duration::from_millis(ms)));
    let numbers = [queue.visible, queue.in_flight, queue.delayed].map(count);
    let [visible, in_flight, delayed] = numbers;
    let long = measure_text_width(&name) > names;
    let first = if long { String::new() } else { name.clone() };
    let text = row(&[first, visible, in_flight, delayed, age], names);
    let style = if dead && queue.total() > 0 { Style::new().red() } else { Style::new() };
    let mut lines = Vec::new();
    if long {
        lines.push(paint(&style, name));
    }
    lines.push(paint(&style, text));
    lines
}

fn row(cells: &[String; 5], names: usize) -> String {
    let [name, figures @ ..] = cells;
    let mut row = pad_str(name, names, Alignment::Left, None).into_owned();
    for (figure, width) in figures.iter().zip(FIGURES) {
        row += &pad_str(figure, width, Alignment::Right, None);
    }
    row.trim_end().to_owned()
}

fn topics(status: &Status) -> impl Iterator<Item = String> {
    status.topics.iter().flat_map(|topic| {
        let name = topic.arn.rsplit(':').next().unwrap_or(&topic.arn);
        let pending = match topic.pending {
            0 => String::new(),
            pending => format!(", {} pending", count(pending)),
        };
        within(&[&format!("topic {name}: "), &format!("{}{pending}", plural(topic.subscriptions, "subscription"))])
    })
}

/// The parts as one line, and as more where it would go beyond sixty columns.
fn within(parts: &[&str]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && console::measure_text_width(line) + console::measure_text_width(part.trim_end()) > 60 {
            line.truncate(line.trim_end().len());
            lines.push(format!("  {part}"));
        } else {
            line.push_str(part);
        }
    }
    lines
}

fn streams(status: &Status) -> impl Iterator<Item = String> {
    status.streams.iter().flat_map(|stream| {
        let buffer = match (stream.records, stream.bytes) {
            (Some(0), _) => "nothing in its buffer".to_owned(),
            (Some(records), Some(size)) => {
                let age = stream.oldest_age_ms.map(|ms| format!(", {}", age(Duration::from_millis(ms))));
                format!("{} in its buffer ({}{})", plural(records, "record"), bytes(size), age.unwrap_or_default())
            }
            _ => "what is in its buffer isn't told here".to_owned(),
        };
        within(&[&format!("stream {}: ", stream.name), &buffer])
    })
}

fn buckets(status: &Status) -> impl Iterator<Item = String> {
    status.buckets.iter().flat_map(|bucket| {
        let more = if bucket.more { " and more" } else { "" };
        let (end, look) = match bucket.objects {
            0 => ("", String::new()),
            _ => (": ", format!("messaging peek s3://{}", bucket.name)),
        };
        let objects = format!("{}{more}{end}", plural(bucket.objects, "object"));
        within(&[&format!("bucket {}: ", bucket.name), &objects, &look])
    })
}

/// How to look at the dead letters, if there are any.
fn dead_letters(status: &Status) -> Vec<String> {
    let queues = &status.queues;
    let dead = queues.iter().filter(|queue| queue.total() > 0 && is_dead_letter_queue(queue, queues));
    let red = Style::new().red();
    dead.map(|queue| paint(&red, format!("{}: messaging peek {}", plural(queue.total(), "dead letter"), queue.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::gather::{Bucket, Stream, Topic};

    fn queue(name: &str, numbers: [u64; 3], dead: Option<&str>) -> Queue {
        let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        Queue {
            name: name.into(),
            arn: arn(name),
            url: format!("http://127.0.0.1:4566/000000000000/{name}"),
            visible: numbers[0],
            in_flight: numbers[1],
            delayed: numbers[2],
            oldest_age_ms: (numbers[0] > 0).then_some(125_000),
            dead_letter_queue: dead.map(arn),
            dead_letters: None,
        }
    }

    #[test]
    fn a_queue_is_followed_by_its_dead_letters_within_sixty_columns() {
        let queues = vec![
            queue("a-dlq", [2, 1, 0], None),
            queue("api-orders-created-consumer-of-a-long-name", [1_234_567, 0, 0], Some("a-dlq")),
            queue("b", [0, 0, 0], Some("a-dlq")),
        ];
        let topics = vec![Topic { arn: "arn:aws:sns:us-east-1:000000000000:t".into(), subscriptions: 3, pending: 1 }];
        let streams = vec![Stream { name: "s".into(), records: Some(2), bytes: Some(900), oldest_age_ms: Some(1_500) }];
        let buckets = vec![Bucket { name: "b".into(), objects: 1_000, more: true }];
        let status = Status { queues, more_queues: false, topics, streams, buckets, tells_ages: true };
        let lines: Vec<String> =
            render(&status, Some(60)).iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        let expected = [
            "queue                      visible in flight delayed  oldest",
            "api-orders-created-consumer-of-a-long-name",
            "                         1,234,567         0       0  2m 05s",
            "└ a-dlq                          2         1       0  2m 05s",
            "b                                0         0       0       -",
            "",
            "topic t: 3 subscriptions, 1 pending",
            "stream s: 2 records in its buffer (900 B, 1 s)",
            "bucket b: 1,000 objects and more: messaging peek s3://b",
            "3 dead letters: messaging peek a-dlq",
        ];
        let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(lines.iter().map(|line| squeeze(line)).collect::<Vec<_>>(), expected.map(squeeze));
        assert!(lines.iter().all(|line| console::measure_text_width(line) <= 60), "{lines:#?}");
        // Where there is room a name and its figures are one line.
        let wide = render(&status, Some(80));
        assert!(
            console::strip_ansi_codes(&wide[1]).starts_with("api-orders-created-consumer-of-a-long-name  "),
            "{wide:#?}"
        );
    }
}
