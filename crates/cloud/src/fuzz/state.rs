//! Files of states. Whatever one says, all of it is loaded or nothing; what was loaded is what the log says, can be saved and loaded
//! again, and can be looked at and worked with.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use serde_json::{Value as Json, json};
use tokio::runtime;

use crate::cloudformation;
use crate::console::{Viewer, api};
use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::{Context, DEFAULT_ACCOUNT};
use crate::server::Options;
use crate::services::SERVICES;
use crate::state::{self, Saving, Summary, is_empty};
use engine::{Contents, Engine};
use log::Durability;
use wire::{Form, Protocol};

/// So many of each kind are looked at.
const SOME: usize = 3;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The items of a file, as [`state::fuzz::file`] takes them; or a file.
pub(super) fn state(data: &[u8]) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Some((first, _)) = load(state::fuzz::file(data)).await else { return };
        agrees_with_its_log(&first).await;
        let (file, saved) = save(&first).await;
        let (second, loaded) = load(file).await.expect("what was saved can be loaded");
        assert_eq!((loaded.declared, loaded.records, loaded.files), (saved.declared, saved.records, saved.files));
        look_and_work(&second).await;
        second.core.clock().advance(DAY);
        look_and_work(&second).await;
        agrees_with_its_log(&second).await;
    });
}

/// A new cloud with a file loaded into it; none where it was refused.
async fn load(file: Vec<u8>) -> Option<(Arc<Cloud>, Summary)> {
    let (durability, clock) = (Durability::Memory, Clock::frozen(super::NOW));
    let options = Options { durability, clock, seed: Some(1), ..Options::new("") };
    let (cloud, _) = Cloud::open(options, |_| {}).expect("a cloud in memory");
    let source = stream::iter([Ok(Bytes::from(file))]);
    match state::load(&cloud, Box::pin(source), true).await {
        Ok(summary) => Some((cloud, summary)),
        Err(error) => {
            assert!(error.status < 500, "{error:?}");
            assert!(cloud.core.read(|engine, _| is_empty(engine) && engine.incoming().is_none()), "{error:?}");
            None
        }
    }
}

async fn save(cloud: &Arc<Cloud>) -> (Vec<u8>, Summary) {
    let saving = Saving::begin(cloud).await.expect("a moment");
    let mut file = Vec::new();
    let summary = saving.write(&mut file).expect("memory takes it");
    (file, summary)
}

/// What the log says is what is in force, but where a stack goes on meanwhile.
async fn agrees_with_its_log(cloud: &Arc<Cloud>) {
    let said = cloud.core.snapshot().await.expect("the log can be read");
    let counts = |engine: &Engine| {
        let Contents { subscriptions, topics, queues, streams, documents } = engine.contents();
        let messages: usize =
            queues.iter().filter_map(|id| engine.queue(*id)).map(|queue| queue.messages_from(0).count()).sum();
        [subscriptions.len(), topics.len(), queues.len(), streams.len(), documents.len(), messages]
    };
    let (held, at_rest) = cloud.core.read(|engine, _| (counts(engine), cloudformation::running(engine).is_none()));
    if at_rest {
        assert_eq!(counts(&said.engine), held);
    }
}

/// Looks at what there is as the console does, and does with it what clients do.
async fn look_and_work(cloud: &Arc<Cloud>) {
    let cx = Context::unasked(cloud, (DEFAULT_ACCOUNT, "us-east-1"), cloud.url().into(), &SERVICES);
    let cx = Context { protocol: Protocol::Json11, ..cx };
    let call = async |service, operation, input: Json| cx.call(service, operation, input).await.ok();
    let viewer = Viewer { cx: cx.clone(), region: None, is_signed: false, watch: Arc::default(), key: None };
    let all = Form::parse(&[]).expect("no parameter is wrong");
    let look = async |parts: &[&str]| api::look(&viewer, parts, &all).await.unwrap_or_default();
    for view in ["overview", "map", "messages", "notices", "queues", "topics", "streams", "buckets", "stacks"] {
        let shown = look(&[view]).await;
        for one in shown[view].as_array().into_iter().flatten().take(SOME) {
            let Some(name) = one["name"].as_str().or(one["id"].as_str()) else { continue };
            look(&[view, name]).await;
            match view {
                "queues" => {
                    look(&[view, name, "messages"]).await;
                    call("sqs", "ReceiveMessage", json!({"QueueUrl": name, "MaxNumberOfMessages": 10})).await;
                    call("sqs", "SendMessage", json!({"QueueUrl": name, "MessageBody": "{}"})).await;
                    call("sqs", "StartMessageMoveTask", json!({"SourceArn": one["arn"]})).await;
                }
                "topics" => drop(call("sns", "Publish", json!({"TopicArn": one["arn"], "Message": "{}"})).await),
                "streams" => {
                    let input = json!({"DeliveryStreamName": name, "Record": {"Data": "e30="}});
                    call("firehose", "PutRecord", input).await;
                }
                _ => {}
            }
        }
    }
    for (service, operation) in [
        ("cloudformation", "ListExports"),
        ("iam", "ListUsers"),
        ("iam", "ListRoles"),
        ("kms", "ListKeys"),
        ("logs", "DescribeLogGroups"),
        ("ssm", "DescribeParameters"),
        ("ecr", "DescribeRepositories"),
    ] {
        call(service, operation, json!({})).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What isn't loaded shows nothing: each seed has to be a state, but for what a finding may be.
    #[tokio::test]
    async fn the_seeds_are_states() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/state");
        for name in ["buckets", "empty", "fan-out", "fifo", "file", "keys", "queues", "stack"] {
            let file = state::fuzz::file(&std::fs::read(seeds.join(name)).unwrap());
            let (_, summary) = load(file).await.unwrap_or_else(|| panic!("{name} isn't loaded"));
            assert_eq!(summary.files, u64::from(name == "buckets"), "{name}");
        }
    }
}
