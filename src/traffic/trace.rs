//! The context of a trace, as messages carry it: W3C's `traceparent` as a message attribute, X-Ray's `AWSTraceHeader` as a system
//! attribute.
//!
//! SNS's Publish takes no system attribute, so what is published carries `traceparent`; SQS's SendMessage takes both ("Amazon SQS and AWS
//! X-Ray"), and whoever consumes may find either.

use serde::{Deserialize, Serialize};
use worker::Job;

/// The message attribute's name (W3C, "Trace Context").
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The begin of a new trace: version 0, a trace, a span in it, and that it is recorded.
pub(crate) fn traceparent() -> String {
    // Neither may be zero.
    let trace = fastrand::u128(1..);
    let span = fastrand::u64(1..);
    format!("00-{trace:032x}-{span:016x}-01")
}

/// What a message told of its trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Traced {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// `AWSTraceHeader`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
}

/// What of SNS's envelope is needed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message_attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    traceparent: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Value {
    value: String,
}

impl Traced {
    /// What a job's attributes say, or those in the envelope that its body is.
    pub(crate) fn of(job: &Job) -> Self {
        let enveloped = || Some(serde_json::from_str::<Envelope>(&job.body).ok()?.message_attributes.traceparent.value);
        let traceparent = job.attributes.get(TRACEPARENT).cloned().or_else(enveloped);
        Self { traceparent, trace_header: job.trace.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_trace_is_as_w3c_writes_it() {
        let (one, other) = (traceparent(), traceparent());
        let parts: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!((parts, &one[..3], &one[one.len() - 3..]), (vec![2, 32, 16, 2], "00-", "-01"));
        assert!(one != other && one.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c)));
    }

    #[test]
    fn a_trace_is_found_in_attributes_and_in_an_envelope() {
        let enveloped = r#"{"Type":"Notification","Message":"{}","MessageAttributes":{"traceparent":{"Type":"String","Value":"00-a"}}}"#;
        let found = |body: &str| Traced::of(&Job::new("1", body)).traceparent;
        assert_eq!((found(enveloped).as_deref(), found("{}"), found("no JSON")), (Some("00-a"), None, None));
        let mut job = Job::new("1", enveloped);
        job.attributes.insert(TRACEPARENT.into(), "00-b".into());
        job.trace = Some("Root=1-2-3".into());
        let traced = Traced::of(&job);
        assert_eq!((traced.traceparent.as_deref(), traced.trace_header.as_deref()), (Some("00-b"), Some("Root=1-2-3")));
    }
}
