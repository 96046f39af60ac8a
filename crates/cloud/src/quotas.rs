//! AWS's quotas of throughput, where the server was told to keep them: so many requests, messages and bytes in each second of the
//! cloud's clock. AWS grants more than that for a while now and then; here a second is a second.

use std::collections::HashMap;

use parking_lot::Mutex;

use engine::Millis;
use text::arn;
use wire::AwsError;

/// Whether throughput has bounds, and what was used of it.
#[derive(Default)]
pub(crate) struct Quotas(Option<Mutex<Used>>);

/// What was used in one second.
#[derive(Default)]
struct Used {
    second: u64,
    of: HashMap<String, [u64; 3]>,
}

/// "Troubleshoot FIFO throttling issues in Amazon SQS": requests of each of these actions, without high throughput.
const FIFO_REQUESTS: u64 = 300;
const FIFO_ACTIONS: [&str; 3] = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"];

/// "Amazon Simple Notification Service endpoints and quotas": messages of an account in a region, to topics that are standard ones
/// and to FIFO topics.
const MESSAGES: [(&[&str], u64, u64); 3] = [
    (&["us-east-1"], 30_000, 30_000),
    (&["us-west-2", "eu-west-1"], 9_000, 9_000),
    (
        &[
            "us-east-2",
            "us-west-1",
            "ap-south-1",
            "ap-northeast-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-northeast-1",
            "eu-central-1",
        ],
        1_500,
        3_000,
    ),
];
/// In all other regions.
const MESSAGES_ELSEWHERE: (u64, u64) = (300, 3_000);
/// Of one FIFO topic whose throughput isn't that of its groups.
const FIFO_TOPIC_MESSAGES: u64 = 3_000;

/// "Amazon Data Firehose Quota", Direct PUT: records, requests and bytes of a stream, in the large regions and in others.
const LARGE_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];
const STREAM_LARGE: [u64; 3] = [500_000, 2_000, 5 << 20];
const STREAM: [u64; 3] = [100_000, 1_000, 1 << 20];

/// "Best practices design patterns: optimizing Amazon S3 performance": requests that write and that read, of a prefix. AWS divides
/// prefixes as it sees fit; here one ends with a key's last slash.
const OBJECT_WRITES: u64 = 3_500;
const OBJECT_READS: u64 = 5_500;

/// Queues, topics, streams and prefixes that are counted in a second; with more of them it begins anew. A clock that stands still ends
/// none, and clients name as many prefixes as they like.
const NAMES: usize = 100_000;

impl Quotas {
    /// AWS's, all of them.
    pub(crate) fn aws() -> Self {
        Self(Some(Mutex::default()))
    }

    /// Whether they are kept at all: what is asked first, everywhere.
    pub(crate) fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// One request with an action on a FIFO queue, whose throughput is or isn't that of its groups.
    ///
    /// # Errors
    /// `ThrottlingException`.
    pub(crate) fn use_queue(&self, now: Millis, queue: &str, action: &str, by_group: bool) -> Result<(), AwsError> {
        let is_bound = !by_group && FIFO_ACTIONS.contains(&action);
        if !is_bound || self.take(now, || format!("{action} {queue}"), [1, 0, 0], [FIFO_REQUESTS, 0, 0]) {
            return Ok(());
        }
        Err(AwsError::bad("ThrottlingException", format!("Rate exceeded: {FIFO_REQUESTS} requests in a second.")))
    }

    /// Messages to a topic, whose throughput is or isn't that of its groups.
    ///
    /// # Errors
    /// `ThrottlingException` ("How do I resolve ThrottlingException errors in Amazon SNS?", AWS re:Post).
    pub(crate) fn publish(&self, now: Millis, topic: &str, by_group: bool, messages: usize) -> Result<(), AwsError> {
        if !self.are_kept() {
            return Ok(());
        }
        let (region, account, fifo) = (arn::region(topic), arn::account(topic), topic.ends_with(".fifo"));
        let of_region = MESSAGES.iter().find(|(regions, ..)| regions.contains(&region));
        let (standard, of_fifo) = of_region.map_or(MESSAGES_ELSEWHERE, |(_, standard, fifo)| (*standard, *fifo));
        let most = if fifo { of_fifo } else { standard };
        let used = [messages as u64, 0, 0];
        let is_bound = fifo && !by_group;
        if is_bound && !self.take(now, || format!("messages {topic}"), used, [FIFO_TOPIC_MESSAGES, 0, 0]) {
            return Err(too_many_messages(FIFO_TOPIC_MESSAGES));
        }
        match self.take(now, || format!("messages {account} {region}"), used, [most, 0, 0]) {
            true => Ok(()),
            false => Err(too_many_messages(most)),
        }
    }

    /// One request that puts records into a stream.
    ///
    /// # Errors
    /// `ServiceUnavailableException` ("PutRecord", Amazon Data Firehose API Reference).
    pub(crate) fn put_records(&self, now: Millis, stream: &str, records: usize, bytes: usize) -> Result<(), AwsError> {
        let most = if LARGE_REGIONS.contains(&arn::region(stream)) { STREAM_LARGE } else { STREAM };
        if self.take(now, || format!("records {stream}"), [records as u64, 1, bytes as u64], most) {
            return Ok(());
        }
        let [records, requests, bytes] = most;
        let message = format!("Slow down: {records} records, {requests} requests and {bytes} bytes in a second.");
        Err(AwsError::new(500, "ServiceUnavailableException", message))
    }

    /// One request for an object; `path` is its bucket and its key.
    ///
    /// # Errors
    /// `SlowDown`.
    pub(crate) fn use_object(&self, now: Millis, path: &str, reads: bool) -> Result<(), AwsError> {
        let prefix = path.rfind('/').map_or(path, |end| &path[..end]);
        let most = if reads { OBJECT_READS } else { OBJECT_WRITES };
        match self.take(now, || format!("objects {reads} {prefix}"), [1, 0, 0], [most, 0, 0]) {
            true => Ok(()),
            false => Err(AwsError::new(503, "SlowDown", "Please reduce your request rate.")),
        }
    }

    /// Uses something, if so much is left of it in this second. What alone is more than a second's has a second for itself.
    fn take(&self, now: Millis, name: impl FnOnce() -> String, uses: [u64; 3], most: [u64; 3]) -> bool {
        let Some(used) = &self.0 else { return true };
        let mut used = used.lock();
        let second = now / 1_000;
        if used.second != second || used.of.len() >= NAMES {
            *used = Used { second, ..Used::default() };
        }
        let used = used.of.entry(name()).or_default();
        let is_left = |at: usize| used[at] == 0 || used[at] + uses[at] <= most[at];
        if !(0..uses.len()).all(is_left) {
            return false;
        }
        used.iter_mut().zip(uses).for_each(|(used, uses)| *used += uses);
        true
    }
}

fn too_many_messages(most: u64) -> AwsError {
    AwsError::bad("ThrottlingException", format!("Rate exceeded: {most} messages in a second."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many go through.
    fn passed(times: usize, mut one: impl FnMut() -> Result<(), AwsError>) -> usize {
        (0..times).filter(|_| one().is_ok()).count()
    }

    #[test]
    fn a_second_has_its_requests_and_the_next_as_many() {
        let quotas = Quotas::aws();
        let receive = |now| quotas.use_queue(now, "arn:aws:sqs:us-east-1:0:q.fifo", "sqs:ReceiveMessage", false);
        assert_eq!(passed(400, || receive(5_999)), 300);
        assert_eq!(passed(400, || receive(6_000)), 300);
        for (queue, action, by_group) in [
            ("q.fifo", "sqs:SendMessage", false),
            ("other.fifo", "sqs:ReceiveMessage", false),
            ("q.fifo", "sqs:ChangeMessageVisibility", false),
            ("q.fifo", "sqs:ReceiveMessage", true),
        ] {
            let arn = format!("arn:aws:sqs:us-east-1:0:{queue}");
            assert!(quotas.use_queue(6_000, &arn, action, by_group).is_ok(), "{queue} {action}");
        }
        let none = Quotas::default();
        assert_eq!(passed(400, || none.use_queue(1, "q.fifo", "sqs:SendMessage", false)), 400);
    }

    #[test]
    fn messages_are_bound_by_region_and_kind_of_topic() {
        for (topic, by_group, most) in [
            ("arn:aws:sns:us-east-1:0:t", false, 30_000),
            ("arn:aws:sns:us-east-1:0:t.fifo", false, 3_000),
            ("arn:aws:sns:us-east-1:0:t.fifo", true, 30_000),
            ("arn:aws:sns:eu-west-1:0:t", false, 9_000),
            ("arn:aws:sns:eu-central-1:0:t", false, 1_500),
            ("arn:aws:sns:eu-north-1:0:t", false, 300),
            ("arn:aws:sns:eu-north-1:0:t.fifo", false, 3_000),
        ] {
            let quotas = Quotas::aws();
            assert_eq!(10 * passed(4_000, || quotas.publish(1, topic, by_group, 10)), most, "{topic}");
        }
    }

    #[test]
    fn a_stream_is_bound_by_records_requests_and_bytes() {
        for (region, records, bytes, most) in [
            ("us-east-1", 1, 100, 2_000),
            ("us-east-1", 500, 500, 1_000),
            ("us-east-1", 1, 1 << 20, 5),
            ("eu-central-1", 1, 100, 1_000),
            ("eu-central-1", 500, 500, 200),
            ("eu-central-1", 10, 4 << 20, 1),
        ] {
            let quotas = Quotas::aws();
            let stream = format!("arn:aws:firehose:{region}:0:deliverystream/s");
            let put = || quotas.put_records(1, &stream, records, bytes);
            assert_eq!(passed(3_000, put), most, "{region} {records} {bytes}");
        }
    }

    #[test]
    fn objects_are_bound_by_prefix_and_by_what_is_done() {
        let quotas = Quotas::aws();
        assert_eq!(passed(6_000, || quotas.use_object(1, "bucket/a/1", false)), 3_500);
        assert_eq!(passed(6_000, || quotas.use_object(1, "bucket/a/2", true)), 5_500);
        assert!(quotas.use_object(1, "bucket/b/1", false).is_ok());
        // Under a clock that stands still each prefix was remembered for ever.
        assert_eq!(
            passed(2, || (0..=NAMES).try_for_each(|at| quotas.use_object(1, &format!("bucket/{at}/k"), true))),
            2
        );
        assert!(quotas.0.as_ref().unwrap().lock().of.len() <= NAMES);
        assert_eq!(passed(4_000, || quotas.use_object(1, "bucket/a/2", false)), 3_500);
        assert_eq!(quotas.use_object(1, "bucket/a/3", false).unwrap_err().code, "SlowDown");
    }
}
