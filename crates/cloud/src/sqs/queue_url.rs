//! Queue URLs: what they are made of, and which queue one names.
//!
//! Known forms: `http://host/<account>/<name>`, `http://host/queue/<region>/<account>/<name>`, the same with a host that
//! names the region (`sqs.eu-west-1.localhost`), and a bare name for a queue of the caller.

use super::error;
use crate::request::{Context, DEFAULT_REGION, Services, host_of, queue_path, region_of_address};
use engine::queue::Queue;
use engine::{Engine, QueueId};
use text::arn::Arn;
use wire::{AwsError, Text};

/// A queue's ARN.
pub(crate) fn arn(region: &str, account: &str, name: &str) -> String {
    ["arn:aws:sqs:", region, ":", account, ":", name].concat()
}

/// A queue's ARN, taken apart; `None` for any other.
pub(crate) fn parse(arn: &str) -> Option<Arn<'_>> {
    Arn::parse(arn).filter(|arn| (arn.partition, arn.service) == ("aws", "sqs"))
}

/// A queue's name, the last part of its ARN.
pub(crate) fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The URL of the queue with an ARN, as this client reaches the server. It names the region where it isn't the default
/// one and the host doesn't already, so that a URL is enough to find its queue.
pub(crate) fn of(services: &Services, host: &str, arn: &str) -> String {
    let Some(Arn { region, account, resource: name, .. }) = parse(arn) else { return format!("{host}/{arn}") };
    let authority = host.split_once("://").map_or(host, |(_, authority)| authority);
    let implied = region_of_address(services, host_of(authority), "").unwrap_or(DEFAULT_REGION);
    if implied == region {
        format!("{host}/{account}/{name}")
    } else {
        format!("{host}/queue/{region}/{account}/{name}")
    }
}

/// The ARN of the queue that a request's `QueueUrl` names.
///
/// # Errors
/// `MissingParameter` without a URL, `InvalidAddress` for one that no queue can have, or only one of another region than the
/// request is signed for.
pub(crate) fn to_arn(cx: &Context, url: &Option<Text<'_>>) -> Result<String, AwsError> {
    let url = url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| error::missing("QueueUrl"))?;
    let found = match url.split_once("://") {
        Some((_, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
            let region = region_of_address(cx.services, host_of(authority), path).unwrap_or(&cx.region);
            let here = cx.access_key.is_none() || *region == *cx.region;
            queue_path(path).filter(|_| here).map(|(account, name)| arn(region, account, name))
        }
        None if url.starts_with('/') => queue_path(url).map(|(account, name)| arn(&cx.region, account, name)),
        None if is_name(url) => Some(arn(&cx.region, &cx.account, url)),
        None => None,
    };
    found.ok_or_else(|| {
        // A host alone may have any name: there is no queue at it (recorded on AWS, JSON protocol).
        if url.split_once("://").is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains(['/', '?', '#'])) {
            return error::no_queue(cx);
        }
        let message = format!("The address {url} is not valid for this endpoint.");
        AwsError::new(404, "InvalidAddress", message).query_code("InvalidAddress")
    })
}

/// Whether a text can be a queue's name: 1 to 80 alphanumeric characters, hyphens and underscores, `.fifo` at the end.
pub(crate) fn is_name(text: &str) -> bool {
    let stem = text.strip_suffix(".fifo").unwrap_or(text);
    !stem.is_empty()
        && text.len() <= 80
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The queue with an ARN, if clients may see it.
pub(crate) fn find(engine: &Engine, arn: &str) -> Option<QueueId> {
    let id = engine.queue_id(arn)?;
    (!engine.queue(id)?.config.hidden).then_some(id)
}

/// The queue with an ARN for `action` (such as `sqs:SendMessage`), if it is there and this caller may.
///
/// # Errors
/// `QueueDoesNotExist`; `AccessDenied` for another account's queue.
pub(crate) fn open(cx: &Context, engine: &Engine, arn: &str, action: &str) -> Result<QueueId, AwsError> {
    let id = find(engine, arn).ok_or_else(|| error::no_queue(cx))?;
    match engine.queue(id) {
        Some(queue) => {
            super::access::check(cx, queue, action)?;
            if queue.settings.fifo && cx.cloud.quotas.are_kept() {
                let limit = queue.config.attributes.get("FifoThroughputLimit");
                let by_group = limit.is_some_and(|limit| limit == "perMessageGroupId");
                cx.cloud.quotas.use_queue(cx.cloud.core.now(), arn, action, by_group)?;
            }
            Ok(id)
        }
        None => Err(error::no_queue(cx)),
    }
}

/// The queue that [`open`] found.
pub(crate) fn queue<'e>(cx: &Context, engine: &'e Engine, id: QueueId) -> Result<&'e Queue, AwsError> {
    engine.queue(id).ok_or_else(|| error::no_queue(cx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::SERVICES;

    #[test]
    fn urls_name_the_region_where_it_is_not_implied() {
        let table = [
            ("http://localhost:4566", "us-east-1", "http://localhost:4566/000000000000/q"),
            ("http://localhost:4566", "eu-west-1", "http://localhost:4566/queue/eu-west-1/000000000000/q"),
            ("http://sqs.eu-west-1.localhost", "eu-west-1", "http://sqs.eu-west-1.localhost/000000000000/q"),
        ];
        for (host, region, url) in table {
            assert_eq!(of(&SERVICES, host, &arn(region, "000000000000", "q")), url);
        }
    }

    #[test]
    fn names_are_bounded() {
        for name in ["q", "Q-1_b", "orders.fifo", &"a".repeat(80)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".fifo", "a/b", "a.b", "a b", "fifo.fifo.fifo", &"a".repeat(81)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
