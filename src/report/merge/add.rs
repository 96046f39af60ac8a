//! What two reports counted, added up.

use crate::report::{DeadLetters, Landed, Model, Published, Queue};
use crate::traffic::account::{Account, SAMPLE};
use crate::traffic::stats::Requests;

/// The same text of both, or how several are called.
pub(super) fn one_text(one: &mut String, other: String, several: &str) {
    if *one != other {
        several.clone_into(one);
    }
}

fn add(one: &mut u64, other: u64) {
    *one = one.saturating_add(other);
}

fn add_some(one: &mut Option<u64>, other: Option<u64>) {
    if let Some(other) = other {
        add(one.get_or_insert(0), other);
    }
}

fn add_requests(one: &mut Requests, two: Requests) {
    add(&mut one.failed_requests, two.failed_requests);
    add(&mut one.retries, two.retries);
    add(&mut one.lost_answers, two.lost_answers);
}

/// Adds what other publishers came to.
pub(super) fn add_published(one: &mut Published, two: Published) {
    for (n, more) in [
        (&mut one.events, two.events),
        (&mut one.again, two.again),
        (&mut one.poison, two.poison),
        (&mut one.refused, two.refused),
        (&mut one.maybe_twice, two.maybe_twice),
        (&mut one.not_sent, two.not_sent),
    ] {
        add(n, more);
    }
    add_requests(&mut one.requests, two.requests);
    one_text(&mut one.topic_arn, two.topic_arn, "several topics");
    one_text(&mut one.load, two.load, "several loads");
    one.model = if one.model == two.model { one.model } else { Model::Open };
    one.late_at_most_ms = [one.late_at_most_ms, two.late_at_most_ms].into_iter().flatten().reduce(f64::max);
}

fn add_account(one: &mut Account, two: Account) {
    add(&mut one.received, two.received);
    add(&mut one.duplicated, two.duplicated);
    add(&mut one.out_of_order, two.out_of_order);
    add_some(&mut one.lost, two.lost);
    add_some(&mut one.duplicated_on_purpose, two.duplicated_on_purpose);
    add_some(&mut one.poison, two.poison);
    add_some(&mut one.late, two.late);
    add_some(&mut one.unacknowledged, two.unacknowledged);
    add_some(&mut one.filtered, two.filtered);
    add_some(&mut one.wrongly_delivered, two.wrongly_delivered);
    add_some(&mut one.unjudged, two.unjudged);
    add_some(&mut one.dead, two.dead);
    add_some(&mut one.order_broken, two.order_broken);
    let Account { mut missing, mut offenders, .. } = two;
    add_first(&mut one.missing, &mut missing);
    for (first, more) in one.offenders.lists().into_iter().zip(offenders.lists()) {
        add_first(first, more);
    }
}

/// Of what is named the first stay.
fn add_first(one: &mut Vec<String>, two: &mut Vec<String>) {
    one.append(two);
    one.truncate(SAMPLE);
}

/// Adds what other consumers of a queue came to.
pub(super) fn add_queue(one: &mut Queue, two: Queue) {
    for (n, more) in [
        (&mut one.handled, two.handled),
        (&mut one.failed, two.failed),
        (&mut one.unreadable, two.unreadable),
        (&mut one.not_deleted, two.not_deleted),
        (&mut one.deaths, two.deaths),
        (&mut one.effect_twice, two.effect_twice),
        (&mut one.own_events, two.own_events),
    ] {
        add(n, more);
    }
    add_requests(&mut one.requests, two.requests);
    add_account(&mut one.account, two.account);
    one_text(&mut one.queue_url, two.queue_url, "several queues");
    match (&mut one.dead_letters, two.dead_letters) {
        (Some(dead), Some(more)) => add_dead_letters(dead, more),
        (dead, more) => *dead = dead.take().or(more),
    }
}

/// Of one queue its counts are from the first look until the last; those of several add up.
fn add_dead_letters(one: &mut DeadLetters, two: DeadLetters) {
    one.unknown = one.unknown.take().or(two.unknown);
    if one.queue_url == two.queue_url {
        one.before = one.before.min(two.before);
        one.messages = one.messages.max(two.messages);
        one.ended = one.messages.zip(one.before).map(|(messages, before)| messages.saturating_sub(before));
    } else {
        one.queue_url = Some("several queues".into());
        add_some(&mut one.before, two.before);
        add_some(&mut one.messages, two.messages);
        add_some(&mut one.ended, two.ended);
    }
}

/// Adds what landed of another run.
pub(super) fn add_landed(one: &mut Landed, two: Landed) {
    one_text(&mut one.bucket, two.bucket, "several-buckets");
    add(&mut one.objects, two.objects);
    add(&mut one.bytes, two.bytes);
    add(&mut one.unreadable, two.unreadable);
    one.partitions.extend(two.partitions);
    one.partitions.sort();
    one.partitions.dedup();
    add_account(&mut one.account, two.account);
}
