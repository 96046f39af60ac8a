//! Another account's things in the services that speak JSON: each operation that names one is refused, and nothing of it is changed.

use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, REGION, STRANGER, role_of};
use crate::helpers::cloud::TestCloud;

const KMS: &str = "TrentService";
const SSM: &str = "AmazonSSM";
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const LOGS: &str = "Logs_20140328";
const FIREHOSE: &str = "Firehose_20150804";

/// What the owner has: a key's ARN, and the names of all else.
async fn make(owner: &Caller<'_>) -> String {
    let made = owner.json(&format!("{KMS}.CreateKey"), json!({"Description": "SECRET"})).await.ok();
    let key = serde_json::from_str::<Value>(&made).unwrap()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let parameter = json!({"Name": "/p", "Value": "SECRET", "Type": "String"});
    owner.json(&format!("{SSM}.PutParameter"), parameter).await.ok();
    owner.json(&format!("{ECR}.CreateRepository"), json!({"repositoryName": "rr"})).await.ok();
    owner.json(&format!("{LOGS}.CreateLogGroup"), json!({"logGroupName": "g"})).await.ok();
    let stream = json!({"logGroupName": "g", "logStreamName": "s"});
    owner.json(&format!("{LOGS}.CreateLogStream"), stream).await.ok();
    let events = json!([{"timestamp": owner.cloud.now(), "message": "SECRET"}]);
    let events = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    owner.json(&format!("{LOGS}.PutLogEvents"), events).await.ok();
    owner.s3("PUT /landing", &[], "").await.ok();
    owner.stream("f", &role_of(OWNER, "r"), "landing").await.ok();
    key
}

/// What a stranger asks, each with its target.
fn asked(key: &str) -> Vec<(String, Value)> {
    let parameter = format!("arn:aws:ssm:{REGION}:{OWNER}:parameter/p");
    let repository = format!("arn:aws:ecr:{REGION}:{OWNER}:repository/rr");
    let group = format!("arn:aws:logs:{REGION}:{OWNER}:log-group:g");
    let stream = format!("arn:aws:firehose:{REGION}:{OWNER}:deliverystream/f");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
    .to_string();
    let (tag, kms_tag) = (json!([{"Key": "k", "Value": "v"}]), json!([{"TagKey": "k", "TagValue": "v"}]));
    let rows = [
        (KMS, "DescribeKey", json!({"KeyId": key})),
        (KMS, "GetKeyPolicy", json!({"KeyId": key})),
        (KMS, "PutKeyPolicy", json!({"KeyId": key, "Policy": policy})),
        (KMS, "ListKeyPolicies", json!({"KeyId": key})),
        (KMS, "ListResourceTags", json!({"KeyId": key})),
        (KMS, "TagResource", json!({"KeyId": key, "Tags": kms_tag})),
        (KMS, "UpdateKeyDescription", json!({"KeyId": key, "Description": "x"})),
        (KMS, "DisableKey", json!({"KeyId": key})),
        (KMS, "EnableKeyRotation", json!({"KeyId": key})),
        (KMS, "GetKeyRotationStatus", json!({"KeyId": key})),
        (KMS, "ScheduleKeyDeletion", json!({"KeyId": key})),
        (KMS, "CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": key})),
        (SSM, "GetParameter", json!({"Name": parameter})),
        (SSM, "GetParameter", json!({"Name": "/p"})),
        (SSM, "GetParameterHistory", json!({"Name": parameter})),
        (SSM, "DeleteParameter", json!({"Name": parameter})),
        (SSM, "DeleteParameter", json!({"Name": "/p"})),
        (SSM, "LabelParameterVersion", json!({"Name": "/p", "Labels": ["l"]})),
        (SSM, "ListTagsForResource", json!({"ResourceType": "Parameter", "ResourceId": "/p"})),
        (SSM, "AddTagsToResource", json!({"ResourceType": "Parameter", "ResourceId": "/p", "Tags": tag})),
        (ECR, "DescribeRepositories", json!({"registryId": OWNER, "repositoryNames": ["rr"]})),
        (ECR, "ListImages", json!({"registryId": OWNER, "repositoryName": "rr"})),
        (ECR, "GetRepositoryPolicy", json!({"registryId": OWNER, "repositoryName": "rr"})),
        (ECR, "SetRepositoryPolicy", json!({"registryId": OWNER, "repositoryName": "rr", "policyText": policy})),
        (ECR, "DeleteRepository", json!({"registryId": OWNER, "repositoryName": "rr", "force": true})),
        (ECR, "ListTagsForResource", json!({"resourceArn": repository})),
        (ECR, "TagResource", json!({"resourceArn": repository, "tags": tag})),
        (LOGS, "GetLogEvents", json!({"logGroupIdentifier": group, "logStreamName": "s"})),
        (LOGS, "GetLogEvents", json!({"logGroupName": "g", "logStreamName": "s"})),
        (LOGS, "FilterLogEvents", json!({"logGroupIdentifier": group})),
        (
            LOGS,
            "PutLogEvents",
            json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [
            {"timestamp": 1, "message": "x"}]}),
        ),
        (LOGS, "PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 1})),
        (LOGS, "DeleteLogGroup", json!({"logGroupName": "g"})),
        (LOGS, "ListTagsForResource", json!({"resourceArn": group})),
        (LOGS, "TagResource", json!({"resourceArn": group, "tags": {"k": "v"}})),
        (FIREHOSE, "DescribeDeliveryStream", json!({"DeliveryStreamName": "f"})),
        (FIREHOSE, "DescribeDeliveryStream", json!({"DeliveryStreamName": stream})),
        (FIREHOSE, "PutRecord", json!({"DeliveryStreamName": "f", "Record": {"Data": "eA=="}})),
        (FIREHOSE, "DeleteDeliveryStream", json!({"DeliveryStreamName": "f"})),
        (FIREHOSE, "TagDeliveryStream", json!({"DeliveryStreamName": "f", "Tags": tag})),
        (FIREHOSE, "ListTagsForDeliveryStream", json!({"DeliveryStreamName": "f"})),
    ];
    rows.into_iter().map(|(service, action, input)| (format!("{service}.{action}"), input)).collect()
}

/// The table of other accounts had no row for the services that came later.
#[tokio::test]
async fn what_is_another_accounts_is_refused_by_the_services_of_json() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let key = make(&owner).await;
    let mut taken = Vec::new();
    for (target, input) in asked(&key) {
        let answer = stranger.json(&target, input.clone()).await;
        if answer.code() == "OK" || answer.0 >= 500 || answer.1.contains("SECRET") {
            taken.push(format!("{target} {input}: {} {}", answer.0, answer.1));
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    let lists =
        [(KMS, "ListKeys"), (SSM, "DescribeParameters"), (ECR, "DescribeRepositories"), (LOGS, "DescribeLogGroups")];
    for (service, action) in lists {
        let list = stranger.json(&format!("{service}.{action}"), json!({})).await.ok();
        assert!(!list.contains(OWNER) && !list.contains("SECRET"), "{service}.{action}: {list}");
    }
    let whole = owner.json(&format!("{KMS}.DescribeKey"), json!({"KeyId": key})).await.ok();
    assert!(whole.contains("SECRET") && whole.contains("\"Enabled\":true"), "{whole}");
    for (target, input) in [
        (format!("{SSM}.GetParameter"), json!({"Name": "/p"})),
        (format!("{ECR}.DescribeRepositories"), json!({"repositoryNames": ["rr"]})),
        (format!("{LOGS}.GetLogEvents"), json!({"logGroupName": "g", "logStreamName": "s"})),
        (format!("{FIREHOSE}.DescribeDeliveryStream"), json!({"DeliveryStreamName": "f"})),
    ] {
        owner.json(&target, input).await.ok();
    }
}
