//! What a run costs, against sums that were done by hand.

use super::bill::{Basis, Cost, Span};
use super::prices::Prices;
use super::usage::{Calls, Publishes, Records, Usage};

const DAY: Span = Span { published_s: 86_400.0, elapsed_s: 86_400.0, basis: Basis::Continued };

/// A million events of 450 bytes to two queues and a stream; receives and deletes of `batch` messages.
fn million(batch: u64, publish_batch: u64) -> Usage {
    let (mut topic, mut firehose) = (Publishes { events: 1_000_000, ..Publishes::default() }, Records::default());
    for _ in 0..1_000_000 / publish_batch {
        topic.count_request(450 * publish_batch);
    }
    for _ in 0..1_000_000 {
        firehose.count(450);
        topic.count_to_queue(450);
        topic.count_to_queue(450);
    }
    let mut queues = Calls::default();
    for _ in 0..2_000_000 / batch {
        queues.count_request("ReceiveMessage");
        queues.count_received(batch, 450 * batch, 20);
        queues.count_request("DeleteMessageBatch");
    }
    Usage { topic, queues, firehose, ..Usage::default() }
}

fn cents(usd: f64) -> i64 {
    (usd * 100.0).round() as i64
}

#[test]
fn a_million_events_cost_what_the_sum_by_hand_says() {
    for (batch, publish_batch, total) in [(1, 1, 243), (10, 1, 99), (10, 10, 54)] {
        let cost = Cost::new(&million(batch, publish_batch), DAY, "us-east-1", false);
        assert_eq!(cents(cost.total), total, "{cost:#?}");
        assert!(
            (cost.month_total - 30.0 * cost.total).abs() < 1e-9 && !cost.at_least && cost.foreign_prices().is_none()
        );
    }
    let cost = Cost::new(&million(1, 1), DAY, "us-east-1", false);
    let of = |service, dimension| {
        let lines = cost.lines.iter().filter(|line| (line.service, line.dimension) == (service, dimension));
        cents(lines.map(|line| line.cost.unwrap()).sum())
    };
    assert_eq!((of("sns", "publish"), of("sns", "to-firehose"), of("sns", "to-sqs")), (50, 19, 0));
    assert_eq!((of("sqs", "request"), of("firehose", "ingest")), (160, 14));
}

#[test]
fn the_two_largest_savings_are_named_with_their_amount() {
    let cost = Cost::new(&million(1, 1), DAY, "us-east-1", false);
    let told: Vec<_> = cost.savings.iter().map(|saving| (saving.what, cents(saving.month))).collect();
    let expected = [("receives and deletes in batches of ten", 30 * 144), ("publishes in batches of ten", 30 * 45)];
    assert_eq!(told, expected);
    let batched = Cost::new(&million(10, 10), DAY, "us-east-1", false);
    // What Firehose rounds up: 1 M x (5,120 - 450) bytes.
    let rounded = 30.0 * 1e6 * (5_120.0 - 450.0) / f64::from(1 << 30) * 0.029;
    assert_eq!(batched.savings.len(), 1, "{:?}", batched.savings);
    assert!((batched.savings[0].month - rounded).abs() < 1e-9, "{:?}", batched.savings);
}

#[test]
fn polls_that_wait_too_shortly_are_a_saving_of_the_time_that_they_took() {
    let mut usage = Usage::default();
    for _ in 0..100 {
        usage.queues.count_request("ReceiveMessage");
        usage.queues.count_received(0, 0, 1);
    }
    // It published for an hour of two: what is empty is so for all of the time.
    let span = Span { published_s: 3_600.0, elapsed_s: 7_200.0, basis: Basis::Continued };
    let cost = Cost::new(&usage, span, "us-east-1", false);
    let month = 100.0 * 360.0 * 0.40 / 1e6;
    assert!((cost.month_total - month).abs() < 1e-12, "{cost:#?}");
    assert_eq!(cost.savings[0].what, "receives that wait for 20 s");
    assert!((cost.savings[0].month - month * 0.95).abs() < 1e-12, "{cost:#?}");
}

#[test]
fn a_request_counts_once_for_64_kib_and_a_record_once_for_5_kib() {
    for (bytes, chunks) in [(0, 1), (1, 1), (65_535, 1), (65_536, 1), (65_537, 2), (262_144, 4)] {
        let (mut publishes, mut calls) = (Publishes::default(), Calls::default());
        publishes.count_request(bytes);
        calls.count_request("ReceiveMessage");
        calls.count_received(1, bytes, 20);
        assert_eq!((publishes.chunks, calls.full_receives()), (chunks, chunks), "{bytes}");
    }
    for (bytes, rounded) in [(0, 5_120), (1, 5_120), (5_120, 5_120), (5_121, 10_240), (43_008, 46_080)] {
        let mut records = Records::default();
        records.count(bytes);
        assert_eq!((records.bytes, records.rounded_bytes), (bytes, rounded));
    }
}

/// What nobody knows the price of makes a total that is no total.
#[test]
fn an_unknown_price_makes_the_total_a_least() {
    let mut usage = million(10, 10);
    let known = Cost::new(&usage, DAY, "us-east-1", false);
    usage.topic.filtered_bytes = 1 << 30;
    let cost = Cost::new(&usage, DAY, "us-east-1", false);
    assert!(cost.at_least && (cost.total, cost.month_total) == (known.total, known.month_total), "{cost:#?}");
    let unknown: Vec<_> = cost.lines.iter().filter(|line| line.cost.is_none()).map(|line| line.dimension).collect();
    assert_eq!(unknown, ["filter-bodies"]);
    let none = Cost::by(Prices::of(""), &usage, DAY, "us-east-1", false);
    assert!(none.at_least && none.total == 0.0 && none.lines.iter().all(|line| line.price.is_none()));
}

#[test]
fn a_region_has_its_own_prices_where_the_file_knows_them() {
    let cost = Cost::new(&million(1, 1), DAY, "eu-west-2", false);
    let line = |dimension| cost.lines.iter().find(|line| line.dimension == dimension).unwrap();
    assert_eq!((line("ingest").price, line("ingest").price_region.as_str()), (Some(0.035), "eu-west-2"));
    assert_eq!((line("publish").price, line("publish").price_region.as_str()), (Some(0.50), "us-east-1"));
    assert_eq!(cost.foreign_prices(), Some("us-east-1"));
}

#[test]
fn every_row_of_the_prices_is_whole() {
    let rows: Vec<_> = Prices::of_the_program().rows().collect();
    assert_eq!(rows.len(), include_str!("prices.tsv").lines().filter(|line| !line.starts_with('#')).count());
    for [service, dimension, unit, price, region, date, source] in rows {
        assert!(["sns", "sqs", "firehose", "s3"].contains(&service), "{service}");
        assert!(["million", "thousand", "GiB", "GiB-month"].contains(&unit), "{dimension}: {unit}");
        assert!(price == "unknown" || price.parse::<f64>().is_ok_and(|price| price >= 0.0), "{dimension}: {price}");
        assert!(region.contains('-') && !source.is_empty() && (date == "-" || date.len() == 10), "{dimension}");
    }
}

#[test]
fn what_several_runs_did_adds_up() {
    let mut both = million(1, 1);
    both.add(&million(10, 10));
    assert_eq!(both.topic.events, 2_000_000);
    let cost = |usage: &Usage| Cost::new(usage, DAY, "us-east-1", false).total;
    assert!((cost(&both) - cost(&million(1, 1)) - cost(&million(10, 10))).abs() < 1e-9);
}
