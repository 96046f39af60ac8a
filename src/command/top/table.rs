//! The figures as rows: of a terminal, or of a file.

use std::time::Duration;

use console::{Alignment, Style, measure_text_width, pad_str};

use super::figures::{Figures, Queue, Stream, Topic};
use crate::ui::{paint, shorten};
use crate::units::{age, bytes, count, rate};

/// A column of the queues: its head and how wide it is.
type Column = (&'static str, usize);

const VISIBLE: Column = ("visible", 10);
const IN_FLIGHT: Column = ("in flight", 11);
const DELAYED: Column = ("delayed", 9);
const OLDEST: Column = ("oldest", 9);
const IN: Column = ("in", 9);
const OUT: Column = ("out", 9);
/// So wide is the column of the names at least.
const NAMES: usize = 20;
/// And so wide at most where it needs no more.
const LEAST: usize = 12;
const WIDE: [Column; 6] = [VISIBLE, IN_FLIGHT, DELAYED, OLDEST, IN, OUT];
const NARROW: [Column; 3] = [VISIBLE, IN_FLIGHT, OLDEST];

/// The columns that fit beside names.
fn columns_within(columns: Option<usize>) -> &'static [Column] {
    let needed: usize = WIDE.iter().map(|(_, width)| width).sum();
    if columns.is_none_or(|columns| columns >= NAMES + needed) { &WIDE } else { &NARROW }
}

/// The head of the queues, and each queue in a row. `columns` is how wide the terminal is, if there is one.
pub(super) fn queues(figures: &Figures, columns: Option<usize>) -> (String, Vec<String>) {
    let shown = columns_within(columns);
    let names = names_width(figures, columns, shown);
    let heads = shown.iter().map(|(head, width)| pad_str(head, *width, Alignment::Right, None).into_owned());
    let head = format!("{}{}", pad_str("queue", names, Alignment::Left, None), heads.collect::<String>());
    (paint(&Style::new().dim(), head), figures.queues.iter().map(|queue| row(queue, names, shown)).collect())
}

fn names_width(figures: &Figures, columns: Option<usize>, shown: &[Column]) -> usize {
    let longest = figures.queues.iter().map(|queue| measure_text_width(&queue.name)).max().unwrap_or_default();
    let room = columns.map(|columns| columns.saturating_sub(shown.iter().map(|(_, width)| width).sum()));
    longest.max(NAMES).min(room.unwrap_or(usize::MAX)).max(LEAST)
}

fn row(queue: &Queue, names: usize, shown: &[Column]) -> String {
    let name = shorten(&queue.name, names);
    let mut text = pad_str(&name, names, Alignment::Left, None).into_owned();
    let rates = |told: Option<f64>| told.map_or_else(|| "-".to_owned(), rate);
    for column in shown {
        let figure = match *column {
            VISIBLE => count(queue.visible),
            IN_FLIGHT => count(queue.in_flight),
            DELAYED => count(queue.delayed),
            OLDEST => queue.oldest_age_ms.map_or_else(|| "-".into(), |ms| age(Duration::from_millis(ms))),
            IN => rates(queue.in_per_second),
            _ => rates(queue.out_per_second),
        };
        text += &pad_str(&figure, column.1, Alignment::Right, None);
    }
    let dead = queue.holds_dead_letters && queue.total() > 0;
    paint(&if dead { Style::new().red() } else { Style::new() }, text)
}

/// A stream in a line.
pub(super) fn stream(stream: &Stream) -> String {
    let mut told = Vec::new();
    if let (Some(records), Some(size)) = (stream.records, stream.bytes) {
        told.push(format!("{} records, {}", count(records), bytes(size)));
    }
    told.extend(stream.fill.map(|fill| format!("{:.0} % full", fill * 100.0)));
    told.extend(stream.next_in_ms.map(|ms| format!("lands in {}", age(Duration::from_millis(ms)))));
    told.extend(stream.in_per_second.map(|per_second| format!("{} in", rate(per_second))));
    if told.is_empty() {
        told.push("what is in its buffer isn't told here".to_owned());
    }
    format!("stream {}: {}", stream.name, told.join(", "))
}

/// A topic in a line.
pub(super) fn topic(topic: &Topic) -> String {
    match (topic.published, topic.published_per_second) {
        (Some(published), Some(per_second)) => {
            format!("topic {}: {} published, {}", topic.name, count(published), rate(per_second))
        }
        _ => format!("topic {}: how much is published isn't told here", topic.name),
    }
}

/// All of it, for a file or a pipe.
pub(super) fn plain(figures: &Figures, columns: Option<usize>) -> Vec<String> {
    let (head, rows) = queues(figures, columns);
    let mut lines = if rows.is_empty() { vec!["There is no queue.".to_owned()] } else { vec![head] };
    lines.extend(rows);
    lines.extend(figures.streams.iter().map(stream));
    lines.extend(figures.topics.iter().map(topic));
    if figures.more > 0 {
        lines.push(format!("(and at least {} more; these are the busiest)", count(figures.more)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_into_every_terminal() {
        let queue = Queue {
            name: "api-orders-created-consumer-of-a-long-name".into(),
            visible: 1_234_567,
            oldest_age_ms: Some(125_000),
            in_per_second: Some(1_234.4),
            ..Queue::default()
        };
        let figures = Figures { queues: vec![queue], tells_rates: true, ..Figures::default() };
        for columns in [45, 60, 80, 106] {
            let (head, rows) = queues(&figures, Some(columns));
            for line in [&head, &rows[0]] {
                let line = console::strip_ansi_codes(line);
                assert!(measure_text_width(&line) <= columns, "{columns}: {line:?}");
                assert_eq!(line.contains("1,234/s") || line.contains("delayed"), columns >= 77, "{columns}: {line:?}");
            }
            assert!(rows[0].contains("1,234,567") && rows[0].contains("2m 05s"), "{columns}: {rows:?}");
            // A queue and its dead-letter queue had one name in a narrow terminal.
            assert!(rows[0].contains("name "), "{columns}: {rows:?}");
        }
    }
}
