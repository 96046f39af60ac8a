//! What Firehose writes into CloudWatch Logs when something can't be delivered, or not as it should be.
//!
//! The group and the stream have to be there, and the delivery stream's role has to allow `logs:PutLogEvents` ("Monitor Amazon
//! Data Firehose Using CloudWatch Logs").

use serde::Serialize;

use super::destination::SERVICE;
use super::format::Failure;
use super::refusal::{Cause, Refusal};
use super::stream::Document;
use crate::core::Cloud;
use crate::logs::{self, Place, Unwritten};
use engine::policy::Around;
use engine::{Engine, Millis, Through};

/// What writing is to policies.
const ACTION: &str = "logs:PutLogEvents";
/// Entries of one landing. AWS too writes a sample where much fails.
const MAX_ENTRIES: usize = 20;

impl Cause {
    /// AWS's code and text ("Amazon S3 Data Delivery Errors").
    fn tell(self) -> (&'static str, &'static str) {
        match self {
            Self::AccessDenied => (
                "S3.AccessDenied",
                "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to assume the role, \
                 and the access policy allows access to the S3 bucket.",
            ),
            Self::NoSuchBucket => (
                "S3.NoSuchBucket",
                "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
            ),
            Self::Internal => (
                "InternalError",
                "An internal error occurred while attempting to deliver data. Delivery will be retried; if the error persists, \
                 then it will be reported to AWS for resolution.",
            ),
        }
    }
}

/// What is to be told of a landing.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Codes and texts.
    entries: Vec<(&'static str, String)>,
}

impl Told {
    /// Adds a record, or a part of one, that went to the error prefix.
    pub(super) fn add_failure(&mut self, failure: &Failure) {
        self.add(failure.code, &failure.message);
    }

    /// Adds why a batch couldn't land; batches that are refused at once for the same cause are told of once.
    pub(super) fn add_refusal(&mut self, refusal: &Refusal) {
        let (code, message) = refusal.cause.tell();
        if !self.entries.iter().any(|(other, _)| *other == code) {
            self.add(code, message);
        }
    }

    /// Adds what another landing has to tell.
    pub(super) fn add_all(&mut self, others: &Self) {
        others.entries.iter().for_each(|(code, message)| self.add(code, message));
    }

    fn add(&mut self, code: &'static str, message: &str) {
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push((code, message.to_owned()));
        }
    }
}

/// An entry, in the order in which AWS writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(rename = "deliveryStreamARN")]
    delivery_stream_arn: &'a str,
    destination: &'a str,
    delivery_stream_version_id: u64,
    message: &'a str,
    error_code: &'a str,
}

/// Writes what is to be told into the stream's log, if it has one. Where that can't be, the operator is told.
pub(super) async fn write(cloud: &Cloud, document: &Document, told: &Told) {
    let Some((group, stream)) = document.destination.log() else { return };
    if told.entries.is_empty() {
        return;
    }
    let arn = document.arn();
    let entries = told.entries.iter().map(|(code, message)| Entry {
        delivery_stream_arn: &arn,
        destination: &document.destination.bucket_arn,
        delivery_stream_version_id: document.version,
        message,
        error_code: code,
    });
    // Strings and numbers always serialize.
    let messages: Vec<String> = entries.map(|entry| serde_json::to_string(&entry).unwrap_or_default()).collect();
    let place = Place { account: &document.account, region: &document.region };
    let resource = logs::stream_arn(place, &group, &stream);
    let permit = |engine: &Engine, now: Millis| {
        engine.role_allows(&Through {
            role: &document.destination.role_arn,
            holder: &document.account,
            service: SERVICE,
            action: ACTION,
            resource: &resource,
            around: Around::service(now, &document.region, &document.account),
            source: &arn,
        })
    };
    let unwritten = match logs::write(cloud, place, &group, &stream, &messages, permit).await {
        Ok(()) => return,
        Err(Unwritten::Missing(reason)) => format!("{reason} Create the log group and the stream in it"),
        Err(Unwritten::Refused(reason)) => reason,
    };
    cloud.notice(&format!(
        "the delivery stream {} can't write its errors to the log stream {stream} of the log group {group}: {unwritten}",
        document.name
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket that is gone refuses each of 500 partitions, and a batch may hold 500 records that fail.
    #[test]
    fn a_landing_tells_each_cause_once_and_a_sample_of_failures() {
        let mut told = Told::default();
        for _ in 0..500 {
            told.add_refusal(&Refusal { cause: Cause::NoSuchBucket, reason: "gone".into() });
        }
        told.add_refusal(&Refusal::denied("no"));
        assert_eq!(
            told.entries.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
            ["S3.NoSuchBucket", "S3.AccessDenied"]
        );
        let mut other = Told::default();
        for _ in 0..500 {
            other.add("DynamicPartitioning.MetadataExtractionFailed", "Non JSON record provided");
        }
        told.add_all(&other);
        assert_eq!(told.entries.len(), MAX_ENTRIES);
    }
}
