//! A stack is whole from wherever its server dies: its life is played once, then the log is cut behind each of its
//! transactions in turn, and a server that starts from there brings the stack to rest.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use log::{self, DirectoryDisk, Log};

use crate::helpers::cloud::{TestCloud, eventually};

/// A version of the template: one queue is replaced, one stays as it is. A `bad` one wants a queue that somebody else has,
/// when all else is done.
fn template(version: u32, bad: bool) -> String {
    let bad = match bad {
        true => "  Bad: {Type: 'AWS::SQS::Queue', DependsOn: To, Properties: {QueueName: taken}}\n",
        false => "",
    };
    format!(
        "Resources:
  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: t, DisplayName: v{version}}}}}
  Same: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: same}}}}
  Replaced: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: v{version}}}}}
  To:
    Type: AWS::SNS::Subscription
    Properties: {{TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Replaced.Arn}}
{bad}Outputs: {{Version: {{Value: v{version}}}}}"
    )
}

/// The stack's status once it rests, and the version that it claims to be, if any.
async fn rest(client: &Client) -> (String, Option<String>) {
    let described = eventually(async || {
        let described = match client.describe_stacks().stack_name("s").send().await {
            Ok(described) => described,
            Err(error) if error.code() == Some("ValidationError") => return Some(("absent".to_owned(), None)),
            Err(error) => panic!("{error:?}"),
        };
        let stack = described.stacks?.pop()?;
        let status = stack.stack_status()?.as_str();
        let version = stack.outputs().first().and_then(|output| output.output_value());
        (!status.ends_with("_IN_PROGRESS")).then(|| (status.to_owned(), version.map(str::to_owned)))
    });
    described.await.expect("the stack comes to rest")
}

/// The bytes after each whole transaction of a segment.
fn transactions(logs: &Path, segment: &[u8]) -> Vec<usize> {
    const CONTINUES: u8 = 0x80;
    let mut ends = Vec::new();
    let mut note = |location: log::Location, record: &[u8]| {
        let at = location.offset as usize;
        if segment[at + 3] & CONTINUES == 0 {
            ends.push(at + log::frame_bytes(record.len()) as usize);
        }
        Ok(())
    };
    Log::open(Arc::new(DirectoryDisk::open(logs).unwrap()), log::Options::default(), &mut note).unwrap();
    ends
}

/// What is there, where it isn't what a stack at rest should have made.
async fn differs(cloud: &TestCloud, version: Option<&str>) -> Option<String> {
    let urls = cloud.sqs().list_queues().send().await.unwrap().queue_urls.unwrap_or_default();
    let queues: BTreeSet<_> = urls.iter().filter_map(|url| url.rsplit('/').next()).collect();
    let wanted: BTreeSet<_> = ["taken"].into_iter().chain(version).chain(version.map(|_| "same")).collect();
    let subscriptions = cloud.sns().list_subscriptions().send().await.unwrap().subscriptions.unwrap_or_default();
    let topics = cloud.sns().list_topics().send().await.unwrap().topics.unwrap_or_default();
    let one = usize::from(version.is_some());
    let same = queues == wanted && subscriptions.len() == one && topics.len() == one;
    (!same).then(|| format!("{queues:?}, {subscriptions:?}, {topics:?}"))
}

/// What a template's life comes to, step by step: the status and version after each, and how long the log is then.
async fn live(cloud: &TestCloud) -> Vec<(usize, (String, Option<String>))> {
    let client = cloud.cloudformation();
    let length = || std::fs::metadata(cloud.segment()).unwrap().len() as usize;
    // The key that signs notifications is written whenever it is made, which was between two steps now and then.
    let inside = cloud.inside();
    inside.signing_key().unwrap();
    eventually(async || inside.kept_signing_key()).await.expect("the key is kept");
    inside.core.wait_durable().await;
    cloud.sqs().create_queue().queue_name("taken").send().await.unwrap();
    let mut steps = vec![(length(), rest(&client).await)];
    for (version, bad) in
        [(Some(1), true), (None, false), (Some(2), false), (Some(3), true), (Some(4), false), (None, false)]
    {
        match version {
            None => drop(client.delete_stack().stack_name("s").send().await.unwrap()),
            Some(version) => {
                let body = template(version, bad);
                match steps.last().unwrap().1.0 == "absent" {
                    true => drop(client.create_stack().stack_name("s").template_body(body).send().await.unwrap()),
                    false => drop(client.update_stack().stack_name("s").template_body(body).send().await.unwrap()),
                }
            }
        }
        let rests = rest(&client).await;
        steps.push((length(), rests));
    }
    steps
}

/// A start between settling on a name and finding it taken took the queue of somebody else for the stack's own, and the
/// rollback deleted it. One right behind a replacement's creation found the name taken by the replacement itself.
#[tokio::test]
async fn a_stack_is_whole_from_every_point_of_its_log() {
    let mut cloud = TestCloud::start().await;
    let steps = live(&cloud).await;
    let statuses: Vec<_> = steps.iter().map(|(_, (status, _))| status.as_str()).collect();
    let went =
        ["ROLLBACK_COMPLETE", "absent", "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "absent"];
    assert_eq!(statuses[1..], went);
    let segment = std::fs::read(cloud.segment()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("00000001.log"), &segment).unwrap();
    for end in transactions(folder.path(), &segment) {
        if end < steps[0].0 {
            continue;
        }
        cloud.restart_with(&segment[..end]).await;
        let client = cloud.cloudformation();
        // What has begun comes to its end.
        let (_, wanted) = steps.iter().find(|(length, _)| end <= *length).unwrap();
        let rests = rest(&client).await;
        assert_eq!(rests, *wanted, "from byte {end}");
        if let Some(there) = differs(&cloud, rests.1.as_deref()).await {
            panic!("from byte {end} it came to {rests:?}, with {there}");
        }
        if rests.1.is_some() {
            let resources = client.list_stack_resources().stack_name("s").send().await.unwrap();
            let statuses = resources.stack_resource_summaries().iter().filter_map(|it| it.resource_status());
            let unsettled: Vec<_> = statuses.filter(|status| !status.as_str().ends_with("E_COMPLETE")).collect();
            assert!(unsettled.is_empty(), "from byte {end} resources stay {unsettled:?}");
        }
    }
}
