//! CloudWatch Logs over the wire: what survives, what Firehose writes there, what stacks make of it.

use aws_sdk_firehose::types::{
    CloudWatchLoggingOptions, DynamicPartitioningConfiguration, ExtendedS3DestinationUpdate, ProcessorParameterName,
    ProcessorType,
};
use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, STRANGER, role_of};
use crate::helpers::cloud::{LATE_EVENING, TestCloud, code, eventually};
use crate::helpers::stacks::rest;
use crate::helpers::streams::{BUCKET, create, destination, landed, processing, processors, put, with_stream};

/// The account of the SDKs' clients.
const DEFAULT: &str = "000000000000";
const GROUP: &str = "/aws/kinesisfirehose/events";
const STREAM: &str = "S3Delivery";

/// Calls an operation of the service.
async fn logs(cloud: &TestCloud, account: &str, operation: &str, input: Value) -> Value {
    let answer = Caller::new(cloud, account).json(&format!("Logs_20140328.{operation}"), input).await.ok();
    serde_json::from_str(&answer).unwrap_or_default()
}

/// Makes the group and the stream that Firehose writes to.
async fn make_log(cloud: &TestCloud, account: &str) {
    logs(cloud, account, "CreateLogGroup", json!({"logGroupName": GROUP})).await;
    logs(cloud, account, "CreateLogStream", json!({"logGroupName": GROUP, "logStreamName": STREAM})).await;
}

/// What Firehose has written, as JSON.
async fn errors(cloud: &TestCloud, account: &str) -> Vec<Value> {
    let found = logs(cloud, account, "FilterLogEvents", json!({"logGroupName": GROUP})).await;
    let events = found["events"].as_array().unwrap().iter();
    events.map(|event| serde_json::from_str(event["message"].as_str().unwrap()).unwrap()).collect()
}

/// The same, once there are so many.
async fn errors_written(cloud: &TestCloud, account: &str, count: usize) -> Vec<Value> {
    let found = eventually(async || Some(errors(cloud, account).await).filter(|errors| errors.len() >= count)).await;
    let found = found.unwrap_or_else(|| panic!("fewer than {count} errors; {:#?}", cloud.notices()));
    assert_eq!(found.len(), count, "{found:#?}");
    found
}

fn logging() -> CloudWatchLoggingOptions {
    CloudWatchLoggingOptions::builder().enabled(true).log_group_name(GROUP).log_stream_name(STREAM).build()
}

#[tokio::test]
async fn groups_streams_and_events_survive_a_restart_and_are_their_accounts_own() {
    let mut cloud = TestCloud::start().await;
    make_log(&cloud, OWNER).await;
    let event = |at: u64, message: &str| json!({"timestamp": at, "message": message});
    let events = json!([event(LATE_EVENING, "one \u{e9}"), event(LATE_EVENING + 1, "two")]);
    let batch = json!({"logGroupName": GROUP, "logStreamName": STREAM, "logEvents": events});
    logs(&cloud, OWNER, "PutLogEvents", batch).await;
    cloud.restart().await;
    let get = json!({"logGroupName": GROUP, "logStreamName": STREAM});
    let got = logs(&cloud, OWNER, "GetLogEvents", get.clone()).await;
    assert_eq!((&got["events"][0]["message"], &got["events"][1]["message"]), (&"one \u{e9}".into(), &"two".into()));
    assert_eq!(got["events"][0]["ingestionTime"], LATE_EVENING);
    let stranger = Caller::new(&cloud, STRANGER);
    assert_eq!(stranger.json("Logs_20140328.GetLogEvents", get).await.code(), "ResourceNotFoundException");
    let elsewhere = Caller { region: "eu-west-1", ..Caller::new(&cloud, OWNER) };
    let listed = elsewhere.json("Logs_20140328.DescribeLogGroups", json!({})).await.ok();
    assert_eq!(listed, r#"{"logGroups":[]}"#);
    let refused = stranger.json("Logs_20140328.StartQuery", json!({})).await;
    assert_eq!((refused.0, refused.code()), (501, "NotImplemented"));
    assert!(refused.1.contains("StartQuery is an operation of CloudWatch Logs that this cloud does not simulate."));
}

/// "Monitor Amazon Data Firehose Using CloudWatch Logs": the codes and texts of S3.
#[tokio::test]
async fn a_delivery_that_fails_is_told_in_the_streams_log() {
    let cloud = with_stream(destination().cloud_watch_logging_options(logging())).await;
    make_log(&cloud, DEFAULT).await;
    cloud.s3().delete_bucket().bucket(BUCKET).send().await.unwrap();
    put(&cloud, "x").await;
    cloud.pass(60);
    let errors = errors_written(&cloud, DEFAULT, 1).await;
    let expected = json!({
        "deliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/events",
        "destination": "arn:aws:s3:::landing",
        "deliveryStreamVersionId": 1,
        "message": "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
        "errorCode": "S3.NoSuchBucket",
    });
    assert_eq!(errors[0], expected);
    // The next try, a second later, fails for another reason.
    let deny = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::landing/*"},
    ]});
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    cloud.s3().put_bucket_policy().bucket(BUCKET).policy(deny.to_string()).send().await.unwrap();
    cloud.pass(1);
    let errors = errors_written(&cloud, DEFAULT, 2).await;
    assert_eq!(errors[1]["errorCode"], "S3.AccessDenied");
    assert!(errors[1]["message"].as_str().unwrap().starts_with("Access was denied. Ensure that the trust policy"));
    // Then it lands, and nothing is told.
    cloud.s3().delete_bucket_policy().bucket(BUCKET).send().await.unwrap();
    cloud.pass(2);
    landed(&cloud, 1).await;
    errors_written(&cloud, DEFAULT, 2).await;
}

#[tokio::test]
async fn records_that_fail_to_be_processed_are_told_once_they_lie_under_the_error_prefix() {
    let decompression = processors([processing(ProcessorType::Decompression, &[])]);
    let keys = processors([processing(
        ProcessorType::MetadataExtraction,
        &[
            (ProcessorParameterName::MetadataExtractionQuery, "{k: .k}"),
            (ProcessorParameterName::JsonParsingEngine, "JQ-1.6"),
        ],
    )]);
    let partitioned = destination()
        .prefix("k=!{partitionKeyFromQuery:k}/")
        .error_output_prefix("errors/!{firehose:error-output-type}/")
        .dynamic_partitioning_configuration(DynamicPartitioningConfiguration::builder().enabled(true).build())
        .buffering_hints(
            aws_sdk_firehose::types::BufferingHints::builder().interval_in_seconds(60).size_in_mbs(64).build(),
        );
    for (destination, code, message) in [
        (destination().processing_configuration(decompression), "Decompression.Failed", ""),
        (
            partitioned.processing_configuration(keys),
            "DynamicPartitioning.MetadataExtractionFailed",
            "Non JSON record provided",
        ),
    ] {
        let cloud = with_stream(destination.cloud_watch_logging_options(logging())).await;
        make_log(&cloud, DEFAULT).await;
        put(&cloud, "neither gzip nor JSON").await;
        cloud.pass(60);
        let errors = errors_written(&cloud, DEFAULT, 1).await;
        assert_eq!(errors[0]["errorCode"], code);
        assert!(errors[0]["message"].as_str().unwrap().contains(message), "{errors:?}");
        landed(&cloud, 1).await;
    }
}

/// "Grant Firehose access to an Amazon S3 destination": the role needs logs:PutLogEvents. And who makes the group by hand has to
/// make it before.
#[tokio::test]
async fn firehose_writes_only_where_its_role_may_and_where_there_is_a_log() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    owner.role("may", "firehose.amazonaws.com", "logs:PutLogEvents").await;
    owner.role("maynot", "firehose.amazonaws.com", "s3:PutObject").await;
    for role in ["may", "maynot"] {
        let logging = json!({"Enabled": true, "LogGroupName": GROUP, "LogStreamName": STREAM});
        let destination = json!({
            "RoleARN": role_of(OWNER, role),
            "BucketARN": "arn:aws:s3:::nobodys",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
            "CloudWatchLoggingOptions": logging,
        });
        let stream = json!({"DeliveryStreamName": role, "ExtendedS3DestinationConfiguration": destination});
        owner.json("Firehose_20150804.CreateDeliveryStream", stream).await.ok();
    }
    owner.put_record("may").await;
    cloud.pass(60);
    cloud
        .notice_with(&["stream may can't write its errors", STREAM, GROUP, "The specified log group does not exist."])
        .await;
    make_log(&cloud, OWNER).await;
    cloud.pass(60);
    let errors = errors_written(&cloud, OWNER, 1).await;
    assert!(errors[0]["deliveryStreamARN"].as_str().unwrap().ends_with("deliverystream/may"));
    owner.put_record("maynot").await;
    cloud.pass(60);
    cloud
        .notice_with(&["stream maynot can't write its errors", "role/maynot allows logs:PutLogEvents on arn:aws:logs:"])
        .await;
    assert!(errors_written_by(&cloud, "maynot").await.is_empty());
}

async fn errors_written_by(cloud: &TestCloud, stream: &str) -> Vec<Value> {
    let end = format!("deliverystream/{stream}");
    let mut all = errors(cloud, OWNER).await;
    all.retain(|error| error["deliveryStreamARN"].as_str().unwrap().ends_with(&end));
    all
}

#[tokio::test]
async fn logging_options_are_checked_and_changed_as_a_whole() {
    let cloud = TestCloud::start().await;
    let options = CloudWatchLoggingOptions::builder;
    for (options, code_wanted) in [
        (options().enabled(true), "InvalidArgumentException"),
        (options().enabled(true).log_group_name(GROUP), "InvalidArgumentException"),
        (options().enabled(true).log_group_name("a b").log_stream_name(STREAM), "ValidationException"),
        (options().enabled(true).log_group_name(GROUP).log_stream_name("a:b"), "ValidationException"),
        (options().log_group_name("x".repeat(513)), "ValidationException"),
    ] {
        let destination = destination().cloud_watch_logging_options(options.build()).build().unwrap();
        let create = cloud.firehose().create_delivery_stream().delivery_stream_name("events");
        assert_eq!(code(create.extended_s3_destination_configuration(destination).send().await), code_wanted);
    }
    create(&cloud, destination().cloud_watch_logging_options(logging())).await;
    let describe = async || {
        let described = cloud.firehose().describe_delivery_stream().delivery_stream_name("events").send().await;
        let stream = described.unwrap().delivery_stream_description.unwrap();
        stream.destinations[0].extended_s3_destination_description.clone().unwrap().cloud_watch_logging_options.unwrap()
    };
    assert_eq!(describe().await, logging());
    let off = options().enabled(false).build();
    let update = ExtendedS3DestinationUpdate::builder().cloud_watch_logging_options(off.clone()).build();
    let updated = cloud
        .firehose()
        .update_destination()
        .delivery_stream_name("events")
        .current_delivery_stream_version_id("1")
        .destination_id("destinationId-000000000001")
        .extended_s3_destination_update(update);
    updated.send().await.unwrap();
    assert_eq!(describe().await, off);
}

#[tokio::test]
async fn a_stack_has_log_groups_and_streams() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |days: &str, class: &str| {
        let group = json!({"Type": "AWS::Logs::LogGroup", "Properties": {
            "LogGroupName": "made", "RetentionInDays": days, "LogGroupClass": class,
            "Tags": [{"Key": "team", "Value": days}], "DataProtectionPolicy": {"Name": "p"},
        }});
        json!({
            "Resources": {
                "Group": group,
                "Other": {"Type": "AWS::Logs::LogGroup"},
                "Stream": {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "Other"}}},
            },
            "Outputs": {
                "Group": {"Value": {"Ref": "Group"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}},
                "Other": {"Value": {"Ref": "Other"}},
                "Stream": {"Value": {"Ref": "Stream"}},
            },
        })
        .to_string()
    };
    client.create_stack().stack_name("s").template_body(template("7", "STANDARD")).send().await.unwrap();
    let stack = rest(&client, "s").await;
    assert_eq!(stack.stack_status().unwrap().as_str(), "CREATE_COMPLETE", "{:?}", stack.stack_status_reason);
    let output = |name: &str| {
        let found = stack.outputs().iter().find(|output| output.output_key() == Some(name));
        found.unwrap().output_value().unwrap().to_owned()
    };
    assert_eq!(output("Group"), "made");
    assert_eq!(output("Arn"), "arn:aws:logs:us-east-1:000000000000:log-group:made:*");
    assert!(output("Other").starts_with("s-Other-") && output("Stream").starts_with("s-Stream-"));
    let streams = logs(&cloud, DEFAULT, "DescribeLogStreams", json!({"logGroupName": output("Other")})).await;
    assert_eq!(streams["logStreams"][0]["logStreamName"], output("Stream"));
    cloud.notice_with(&["stack s: stored, without effect here: AWS::Logs::LogGroup DataProtectionPolicy"]).await;
    client.update_stack().stack_name("s").template_body(template("14", "STANDARD")).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status().unwrap().as_str(), "UPDATE_COMPLETE");
    let group = logs(&cloud, DEFAULT, "DescribeLogGroups", json!({"logGroupNamePrefix": "made"})).await;
    assert_eq!(group["logGroups"][0]["retentionInDays"], 14);
    let tags = logs(&cloud, DEFAULT, "ListTagsLogGroup", json!({"logGroupName": "made"})).await;
    assert_eq!((&tags["tags"]["team"], &tags["tags"]["aws:cloudformation:stack-name"]), (&"14".into(), &"s".into()));
    client.update_stack().stack_name("s").template_body(template("14", "DELIVERY")).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status().unwrap().as_str(), "UPDATE_ROLLBACK_COMPLETE");
    client.create_stack().stack_name("t").template_body(template("7", "STANDARD")).send().await.unwrap();
    let other = rest(&client, "t").await;
    assert_eq!(other.stack_status().unwrap().as_str(), "ROLLBACK_COMPLETE", "the name is taken");
    client.delete_stack().stack_name("s").send().await.unwrap();
    let left = eventually(async || {
        let groups = logs(&cloud, DEFAULT, "DescribeLogGroups", json!({})).await;
        (groups["logGroups"] == json!([])).then_some(())
    });
    left.await.expect("the groups go with the stack");
}
