//! CloudFormation by the real SDK: `infra.yaml` through change sets, updates in place and by replacement, rollback, deletion.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, ResourceChange, Stack};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::helpers::cloud::{TestCloud, code, eventually};
use crate::helpers::queues::{attribute, bodies, drain, queue, receive};
use crate::helpers::stacks::rest;
use crate::helpers::topics::{publish, topic};

const INFRA: &str = include_str!("../../infra.yaml");

/// A queue whose timeout and name are parameters, and what depends on it.
const SMALL: &str = r#"
Parameters:
  Timeout: {Type: Number, Default: 30}
  Name: {Type: String, Default: first}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref Name, VisibilityTimeout: !Ref Timeout}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !GetAtt Queue.QueueName}
Outputs:
  Url: {Value: !Ref Queue}
  TopicArn: {Value: !Ref Topic}
"#;

/// Change sets that were executed keep their names.
static NUMBER: AtomicUsize = AtomicUsize::new(1);

/// A change set that is ready, or the reason why it isn't; and its changes by logical id.
async fn change_set(
    client: &Client,
    stack: &str,
    kind: ChangeSetType,
    template: &str,
    parameters: &[(&str, &str)],
) -> Result<(String, HashMap<String, ResourceChange>), String> {
    let parameters =
        parameters.iter().map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build());
    let created = client
        .create_change_set()
        .stack_name(stack)
        .change_set_name(format!("change-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
        .change_set_type(kind)
        .template_body(template)
        .set_parameters(Some(parameters.collect()))
        .capabilities(Capability::CapabilityIam)
        .send()
        .await
        .unwrap();
    let id = created.id.unwrap();
    let ready = eventually(async || {
        let described = client.describe_change_set().change_set_name(&id).send().await.unwrap();
        match described.status.clone().unwrap() {
            ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress => None,
            _ => Some(described),
        }
    });
    let ready = ready.await.expect("the change set is made");
    if ready.status == Some(ChangeSetStatus::Failed) {
        client.delete_change_set().change_set_name(&id).send().await.unwrap();
        return Err(ready.status_reason.unwrap());
    }
    let changes = ready.changes().iter().filter_map(|change| change.resource_change.clone());
    Ok((id, changes.map(|change| (change.logical_resource_id.clone().unwrap(), change)).collect()))
}

/// Brings a stack to what a template says; the stack afterwards.
async fn deploy(client: &Client, stack: &str, template: &str, parameters: &[(&str, &str)]) -> Stack {
    let kind = match client.describe_stacks().stack_name(stack).send().await {
        Ok(_) => ChangeSetType::Update,
        Err(_) => ChangeSetType::Create,
    };
    let (id, _) = change_set(client, stack, kind, template, parameters).await.unwrap();
    execute(client, stack, id).await
}

async fn execute(client: &Client, stack: &str, id: String) -> Stack {
    client.execute_change_set().change_set_name(id).send().await.unwrap();
    // Execution starts with the call: from here on the stack is in progress or done.
    rest(client, stack).await
}

fn status(stack: &Stack) -> &str {
    stack.stack_status().unwrap().as_str()
}

fn output<'s>(stack: &'s Stack, key: &str) -> &'s str {
    let output = stack.outputs().iter().find(|output| output.output_key() == Some(key));
    output.unwrap_or_else(|| panic!("no output {key}: {stack:?}")).output_value().unwrap()
}

/// The events of one logical id, oldest first.
async fn events(client: &Client, stack: &str, logical_id: &str) -> Vec<String> {
    let mut pages = client.describe_stack_events().stack_name(stack).into_paginator().send();
    let mut statuses = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let of_it = page.stack_events().iter().filter(|event| event.logical_resource_id() == Some(logical_id));
        statuses.extend(of_it.map(|event| event.resource_status().unwrap().as_str().to_owned()));
    }
    statuses.reverse();
    statuses
}

#[tokio::test]
async fn infra_yaml_is_deployed_and_everything_it_declares_works() {
    let cloud = TestCloud::start().await;
    let (client, sqs) = (cloud.cloudformation(), cloud.sqs());
    let (id, changes) = change_set(&client, "messaging", ChangeSetType::Create, INFRA, &[]).await.unwrap();
    assert_eq!(changes.len(), 14, "{:?}", changes.keys());
    assert!(changes.values().all(|change| change.action().unwrap().as_str() == "Add"));
    // Nothing happens before it is executed.
    assert!(sqs.list_queues().send().await.unwrap().queue_urls().is_empty());
    client.execute_change_set().change_set_name(id).send().await.unwrap();
    let stack = rest(&client, "messaging").await;
    assert_eq!(status(&stack), "CREATE_COMPLETE");
    assert_eq!(events(&client, "messaging", "Topic").await.last().unwrap(), "CREATE_COMPLETE");

    publish(&cloud.sns(), output(&stack, "TopicArn"), "{\"number\":1}").await;
    for queue in ["OrdersQueueUrl", "PaymentsQueueUrl"] {
        assert_eq!(bodies(&drain(&sqs, output(&stack, queue)).await), ["{\"number\":1}"]);
    }
    cloud.pass(60);
    let (s3, bucket) = (cloud.s3(), output(&stack, "BucketName"));
    let landed = eventually(async || {
        let listed = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents().first().and_then(|object| object.key().map(str::to_owned))
    });
    let key = landed.await.expect("the event lands");
    assert!(key.starts_with("landing_date=2026-03-14/"), "{key}");
    let body = s3.get_object().bucket(bucket).key(&key).send().await.unwrap().body.collect().await.unwrap();
    assert_eq!(body.to_vec(), b"{\"number\":1}\n");
    let ids: Vec<_> =
        client.list_stack_resources().stack_name("messaging").send().await.unwrap().stack_resource_summaries.unwrap();
    assert_eq!(ids.len(), 14);
    let again = change_set(&client, "messaging", ChangeSetType::Update, INFRA, &[]).await.unwrap_err();
    assert!(again.contains("didn't contain changes"), "{again}");
}

#[tokio::test]
async fn only_the_stacks_topic_may_send_to_its_queues() {
    let cloud = TestCloud::start().await;
    let stack = deploy(&cloud.cloudformation(), "messaging", INFRA, &[]).await;
    let other = topic(&cloud.sns(), "other", &[]).await;
    let url = output(&stack, "OrdersQueueUrl");
    let queue = attribute(&cloud.sqs(), url, Attribute::QueueArn).await;
    crate::helpers::topics::subscribe_only(&cloud, &other, "sqs", &queue, &[]).await;
    publish(&cloud.sns(), &other, "not for you").await;
    assert!(receive(&cloud.sqs(), url).await.is_empty());
    cloud.notice_with(&["api-orders-created-consumer", "other"]).await;

    // Without the policy, not even the stack's own topic may: a declared queue says all that holds.
    let (start, end) = (INFRA.find("  OrdersQueuePolicy:").unwrap(), INFRA.find("  OrdersSubscription:").unwrap());
    let silent = [&INFRA[..start], &INFRA[end..]].concat().replace("    DependsOn: OrdersQueuePolicy\n", "");
    let stack = deploy(&cloud.cloudformation(), "messaging", &silent, &[]).await;
    assert_eq!(status(&stack), "UPDATE_COMPLETE");
    publish(&cloud.sns(), output(&stack, "TopicArn"), "lost").await;
    assert!(receive(&cloud.sqs(), url).await.is_empty());
    assert_eq!(bodies(&receive(&cloud.sqs(), output(&stack, "PaymentsQueueUrl")).await), ["lost"]);
    cloud.notice_with(&["api-orders-created-consumer", "created-consumer", "no policy"]).await;
}

#[tokio::test]
async fn a_role_that_may_not_put_is_obeyed() {
    let cloud = TestCloud::start().await;
    let crippled = INFRA.replace(
        "                  - firehose:PutRecord\n                  - firehose:PutRecordBatch\n",
        "                  - firehose:ListDeliveryStreams\n",
    );
    assert_ne!(crippled, INFRA);
    let stack = deploy(&cloud.cloudformation(), "messaging", &crippled, &[]).await;
    publish(&cloud.sns(), output(&stack, "TopicArn"), "lost").await;
    cloud.notice_with(&["created-consumer", "firehose:PutRecord"]).await;
    let crippled = INFRA.replace("                  - s3:PutObject\n", "");
    assert_ne!(crippled, INFRA);
    let stack = deploy(&cloud.cloudformation(), "messaging", &crippled, &[]).await;
    publish(&cloud.sns(), output(&stack, "TopicArn"), "kept").await;
    cloud.pass(60);
    cloud.notice_with(&["created-consumer-landing", "s3:PutObject"]).await;
    // Kept, and landed when the role may.
    let stack = deploy(&cloud.cloudformation(), "messaging", INFRA, &[]).await;
    let bucket = output(&stack, "BucketName");
    let landed = eventually(async || {
        cloud.pass(60);
        let listed = cloud.s3().list_objects_v2().bucket(bucket).send().await.unwrap();
        (listed.contents().len() == 1).then_some(())
    });
    landed.await.expect("what was kept lands");
}

#[tokio::test]
async fn an_update_changes_in_place_what_can_be_changed() {
    let cloud = TestCloud::start().await;
    let (client, sqs) = (cloud.cloudformation(), cloud.sqs());
    let before = deploy(&client, "small", SMALL, &[]).await;
    let url = output(&before, "Url").to_owned();
    crate::helpers::queues::send(&sqs, &url, "kept").await;
    let parameters = [("Timeout", "45")];
    let (id, changes) = change_set(&client, "small", ChangeSetType::Update, SMALL, &parameters).await.unwrap();
    // The topic takes an attribute of the queue, so it may change as well.
    assert!(changes.values().all(|change| change.replacement().unwrap().as_str() == "False"), "{changes:?}");
    let change = &changes["Queue"];
    assert_eq!((change.action().unwrap().as_str(), change.replacement().unwrap().as_str()), ("Modify", "False"));
    client.delete_change_set().change_set_name(id).send().await.unwrap();
    let after = deploy(&client, "small", SMALL, &parameters).await;
    assert_eq!(status(&after), "UPDATE_COMPLETE");
    assert_eq!(output(&after, "Url"), url);
    assert_eq!(attribute(&sqs, &url, Attribute::VisibilityTimeout).await, "45");
    assert_eq!(bodies(&receive(&sqs, &url).await), ["kept"]);
    // A property that goes takes its default back.
    let without = SMALL.replace(", VisibilityTimeout: !Ref Timeout", "");
    deploy(&client, "small", &without, &[]).await;
    assert_eq!(attribute(&sqs, &url, Attribute::VisibilityTimeout).await, "30");
}

#[tokio::test]
async fn an_update_replaces_what_cannot_be_changed() {
    let cloud = TestCloud::start().await;
    let (client, sqs, sns) = (cloud.cloudformation(), cloud.sqs(), cloud.sns());
    let before = deploy(&client, "small", SMALL, &[]).await;
    let parameters = [("Name", "second")];
    let (id, changes) = change_set(&client, "small", ChangeSetType::Update, SMALL, &parameters).await.unwrap();
    assert_eq!(changes["Queue"].replacement().unwrap().as_str(), "True");
    assert_eq!(changes["Topic"].replacement().unwrap().as_str(), "False");
    client.execute_change_set().change_set_name(id).send().await.unwrap();
    let after = rest(&client, "small").await;
    assert_eq!(status(&after), "UPDATE_COMPLETE");
    assert!(output(&after, "Url").ends_with("/second"));
    let queues = sqs.list_queues().send().await.unwrap().queue_urls.unwrap();
    assert_eq!(queues, [output(&after, "Url")]);
    assert_eq!(output(&after, "TopicArn"), output(&before, "TopicArn"));
    let shown = sns.get_topic_attributes().topic_arn(output(&after, "TopicArn")).send().await.unwrap();
    assert_eq!(shown.attributes.unwrap()["DisplayName"], "second");
}

#[tokio::test]
async fn a_failed_creation_is_rolled_back() {
    let cloud = TestCloud::start().await;
    let (client, sqs) = (cloud.cloudformation(), cloud.sqs());
    let template = SMALL
        .replace(
            "  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !GetAtt Queue.QueueName}",
            "  Second:\n    Type: AWS::SQS::Queue\n    DependsOn: Queue\n    Properties: {QueueName: taken}",
        )
        .replace("  TopicArn: {Value: !Ref Topic}\n", "");
    let (id, _) = change_set(&client, "small", ChangeSetType::Create, &template, &[]).await.unwrap();
    // Before it is there, nothing is wrong with the change set.
    queue(&sqs, "taken", &[(Attribute::VisibilityTimeout, "77")]).await;
    let stack = execute(&client, "small", id).await;
    assert_eq!(status(&stack), "ROLLBACK_COMPLETE");
    assert_eq!(events(&client, "small", "Second").await[..2], ["CREATE_IN_PROGRESS", "CREATE_FAILED"]);
    assert_eq!(events(&client, "small", "Queue").await.last().unwrap(), "DELETE_COMPLETE");
    let queues = sqs.list_queues().send().await.unwrap().queue_urls.unwrap();
    assert_eq!(queues.len(), 1, "{queues:?}");
    client.delete_stack().stack_name("small").send().await.unwrap();
    let gone = eventually(async || client.describe_stacks().stack_name("small").send().await.is_err().then_some(()));
    gone.await.expect("what was rolled back can be deleted");
}

#[tokio::test]
async fn a_failed_update_is_rolled_back() {
    let cloud = TestCloud::start().await;
    let (client, sqs) = (cloud.cloudformation(), cloud.sqs());
    let before = deploy(&client, "small", SMALL, &[]).await;
    let template = SMALL.replace(
        "  Topic:\n",
        "  Second:\n    Type: AWS::SQS::Queue\n    DependsOn: [Queue, Topic]\n    Properties: {QueueName: taken}\n  Topic:\n",
    );
    let (id, _) = change_set(&client, "small", ChangeSetType::Update, &template, &[("Timeout", "60")]).await.unwrap();
    queue(&sqs, "taken", &[(Attribute::VisibilityTimeout, "77")]).await;
    let stack = execute(&client, "small", id).await;
    assert_eq!(status(&stack), "UPDATE_ROLLBACK_COMPLETE");
    let url = output(&before, "Url");
    assert_eq!(output(&stack, "Url"), url);
    assert_eq!(attribute(&sqs, url, Attribute::VisibilityTimeout).await, "30");
    let again = deploy(&client, "small", SMALL, &[("Timeout", "61")]).await;
    assert_eq!(status(&again), "UPDATE_COMPLETE");
    assert_eq!(attribute(&sqs, url, Attribute::VisibilityTimeout).await, "61");
}

#[tokio::test]
async fn what_this_cloud_does_not_have_is_refused_by_name() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    for (resource, named) in [
        ("{Type: 'AWS::DynamoDB::Table', Properties: {TableName: x}}", "AWS::DynamoDB::Table"),
        ("{Type: 'AWS::SQS::Queue', Properties: {Colour: blue}}", "Colour"),
        ("{Type: 'AWS::SQS::Queue', Properties: {QueueName: !GetAtt Nobody.Arn}}", "Nobody"),
    ] {
        let template = format!("Resources:\n  Thing: {resource}\n");
        let said = match client.create_stack().stack_name("refused").template_body(template).send().await {
            Err(error) => format!("{error:?}"),
            Ok(_) => {
                let stack = rest(&client, "refused").await;
                assert_eq!(status(&stack), "ROLLBACK_COMPLETE");
                let events = client.describe_stack_events().stack_name("refused").send().await.unwrap();
                client.delete_stack().stack_name("refused").send().await.unwrap();
                let gone = async || client.describe_stacks().stack_name("refused").send().await.is_err().then_some(());
                eventually(gone).await.unwrap();
                format!("{events:?}")
            }
        };
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[tokio::test]
async fn a_deleted_stack_leaves_only_what_is_retained() {
    let cloud = TestCloud::start().await;
    let (client, sqs) = (cloud.cloudformation(), cloud.sqs());
    let stack = deploy(&client, "messaging", INFRA, &[]).await;
    let (bucket, id) = (output(&stack, "BucketName").to_owned(), stack.stack_id().unwrap().to_owned());
    client
        .update_termination_protection()
        .stack_name("messaging")
        .enable_termination_protection(true)
        .send()
        .await
        .unwrap();
    assert_eq!(code(client.delete_stack().stack_name("messaging").send().await), "ValidationError");
    client
        .update_termination_protection()
        .stack_name("messaging")
        .enable_termination_protection(false)
        .send()
        .await
        .unwrap();
    client.delete_stack().stack_name("messaging").send().await.unwrap();
    assert_eq!(status(&rest(&client, &id).await), "DELETE_COMPLETE");
    assert_eq!(code(client.describe_stacks().stack_name("messaging").send().await), "ValidationError");
    assert!(sqs.list_queues().send().await.unwrap().queue_urls().is_empty());
    assert!(cloud.sns().list_topics().send().await.unwrap().topics().is_empty());
    assert!(cloud.firehose().list_delivery_streams().send().await.unwrap().delivery_stream_names().is_empty());
    // What has landed outlives the stack.
    cloud.s3().head_bucket().bucket(bucket).send().await.unwrap();
}

#[tokio::test]
async fn a_stack_survives_a_restart() {
    let mut cloud = TestCloud::start().await;
    deploy(&cloud.cloudformation(), "small", SMALL, &[]).await;
    cloud.restart().await;
    let client = cloud.cloudformation();
    let stack = rest(&client, "small").await;
    assert_eq!(status(&stack), "CREATE_COMPLETE");
    let updated = deploy(&client, "small", SMALL, &[("Timeout", "99")]).await;
    assert_eq!(status(&updated), "UPDATE_COMPLETE");
    let url = cloud.sqs().get_queue_url().queue_name("first").send().await.unwrap().queue_url.unwrap();
    assert_eq!(attribute(&cloud.sqs(), &url, Attribute::VisibilityTimeout).await, "99");
}
