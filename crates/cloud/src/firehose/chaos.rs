//! What rules of chaos do to deliveries: a batch that is due lands later, or S3 refuses it.

use std::collections::HashMap;

use super::stream::Document;
use crate::chaos::{Kind, Subject};
use crate::core::Cloud;
use engine::{Millis, StreamId};
use text::arn;
use wire::AwsError;

/// The streams whose batch is due and lands later: when, and by which rule.
#[derive(Default)]
pub(super) struct Late(HashMap<StreamId, (Millis, u64)>);

impl Late {
    /// Until when a batch waits that is due; `None`: it lands now. It is asked for each batch, again where one is tried again.
    pub(super) fn until(&mut self, cloud: &Cloud, id: StreamId) -> Option<Millis> {
        if !cloud.chaos.has(Kind::Delay) {
            self.0.remove(&id);
            return None;
        }
        let now = cloud.core.now();
        if let Some((until, rule)) = self.0.get(&id).copied() {
            // It lands at once when its rule is taken away, whatever other rules there are.
            if until > now && cloud.chaos.stands(rule) {
                return Some(until);
            }
            self.0.remove(&id);
            return None;
        }
        let name = cloud.core.read(|engine, _| engine.stream(id).map(|stream| stream.config.arn.clone()))?;
        let (rule, delay) = of_stream(&name, ("firehose", ""), None, |subject| cloud.chaos.delay(now, subject))?;
        self.0.insert(id, (now + delay, rule));
        Some(now + delay)
    }

    /// Forgets the streams that hold nothing any more.
    pub(super) fn retain(&mut self, holds: impl Fn(StreamId) -> bool) {
        self.0.retain(|id, _| holds(*id));
    }
}

/// S3's refusal of a batch, if a rule wants one. To rules a landing is a PutObject of the stream into the bucket.
pub(super) fn refuse(cloud: &Cloud, document: &Document) -> Result<(), AwsError> {
    if !cloud.chaos.has(Kind::Answer) {
        return Ok(());
    }
    let now = cloud.core.now();
    let refused = of_stream(&document.arn(), ("s3", "PutObject"), Some(document.destination.bucket()), |subject| {
        cloud.chaos.refuse_landing(now, subject)
    });
    refused.map_or(Ok(()), Err)
}

/// Asks for a stream, and for the bucket that it lands in.
fn of_stream<R>(
    stream: &str,
    (service, operation): (&str, &str),
    bucket: Option<&str>,
    ask: impl FnOnce(&Subject<'_>) -> R,
) -> R {
    let name = stream.rsplit('/').next().unwrap_or_default();
    let bucket_arn = bucket.map(|bucket| format!("arn:aws:s3:::{bucket}"));
    let names: Vec<&str> = [name, stream].into_iter().chain(bucket).chain(bucket_arn.as_deref()).collect();
    ask(&Subject { account: arn::account(stream), region: arn::region(stream), service, operation, names: &names })
}
