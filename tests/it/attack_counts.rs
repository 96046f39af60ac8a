//! What a client adds to one thing, one after the other, has a bound: so many are taken, and one more is refused with AWS's code.

use serde_json::json;

use crate::attack_sizes::{Ask, ask, query};
use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{status, well};

/// What is added, how many there may be, AWS's code for more, and the request for the one of this number.
type Row = (&'static str, usize, &'static str, fn(usize) -> Ask);

const URL: &str = "http://localhost/000000000000/q";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:t";
const REPOSITORY: &str = "arn:aws:ecr:us-east-1:000000000000:repository/repo";
const PROVIDER: &str = "arn:aws:iam::000000000000:oidc-provider/e.example.com";

fn sqs(operation: &'static str, members: &serde_json::Value) -> Ask {
    let mut input = json!({"QueueUrl": URL});
    members.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    Ask::Json(operation, input)
}

fn iam(action: &str, members: &[(&str, String)]) -> Ask {
    query("2010-05-08", action, members)
}

fn tag(action: &str, holder: (&str, &str), n: usize) -> Ask {
    let members = [
        (holder.0, holder.1.to_owned()),
        ("Tags.member.1.Key", format!("k{n}")),
        ("Tags.member.1.Value", "v".to_owned()),
    ];
    query(if holder.0 == "ResourceArn" { "2010-03-31" } else { "2010-05-08" }, action, &members)
}

fn policy_arn(n: usize) -> String {
    format!("arn:aws:iam::000000000000:policy/p{n}")
}

/// A document of 200 characters that aren't white space.
fn document(n: usize) -> String {
    let with = |sid: &str| {
        let statement = json!({"Sid": sid, "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let number = n.to_string();
    with(&format!("{number}{}", "x".repeat(200 - with(&number).len())))
}

fn inline(action: &str, holder: (&str, &str), n: usize) -> Ask {
    let members = [(holder.0, holder.1.to_owned()), ("PolicyName", format!("i{n}")), ("PolicyDocument", document(n))];
    iam(action, &members)
}

fn attach(action: &str, holder: (&str, &str), n: usize) -> Ask {
    iam(action, &[(holder.0, holder.1.to_owned()), ("PolicyArn", policy_arn(n))])
}

const ROWS: &[Row] = &[
    ("tags of a queue", 50, "InvalidParameterValue", |n| {
        sqs("AmazonSQS.TagQueue", &json!({"Tags": {format!("k{n}"): "v"}}))
    }),
    ("permissions of a queue", 20, "OverLimit", |n| {
        let members = json!({"Label": format!("l{n}"), "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]});
        sqs("AmazonSQS.AddPermission", &members)
    }),
    ("tags of a topic", 50, "TagLimitExceeded", |n| tag("TagResource", ("ResourceArn", TOPIC), n)),
    // A topic begins with a statement of its own.
    ("permissions of a topic", 99, "InvalidParameter", |n| {
        let members = [
            ("TopicArn", TOPIC.to_owned()),
            ("Label", format!("l{n}")),
            ("AWSAccountId.member.1", "111111111111".to_owned()),
            ("ActionName.member.1", "Publish".to_owned()),
        ];
        query("2010-03-31", "AddPermission", &members)
    }),
    ("tags of a role", 50, "LimitExceeded", |n| tag("TagRole", ("RoleName", "r"), n)),
    ("tags of a user", 50, "LimitExceeded", |n| tag("TagUser", ("UserName", "u"), n)),
    ("policies attached to a role", 10, "LimitExceeded", |n| attach("AttachRolePolicy", ("RoleName", "r"), n)),
    ("policies attached to a user", 10, "LimitExceeded", |n| attach("AttachUserPolicy", ("UserName", "u"), n)),
    ("policies attached to a group", 10, "LimitExceeded", |n| attach("AttachGroupPolicy", ("GroupName", "g"), n)),
    // All together have 10,240, 2,048 and 5,120 characters.
    ("policies in a role", 51, "LimitExceeded", |n| inline("PutRolePolicy", ("RoleName", "r"), n)),
    ("policies in a user", 10, "LimitExceeded", |n| inline("PutUserPolicy", ("UserName", "u"), n)),
    ("policies in a group", 25, "LimitExceeded", |n| inline("PutGroupPolicy", ("GroupName", "g"), n)),
    // The first is there.
    ("versions of a policy", 4, "LimitExceeded", |n| {
        iam("CreatePolicyVersion", &[("PolicyArn", policy_arn(0)), ("PolicyDocument", document(n))])
    }),
    ("keys of a user", 2, "LimitExceeded", |_| iam("CreateAccessKey", &[("UserName", "u".to_owned())])),
    ("groups of a user", 10, "LimitExceeded", |n| {
        iam("AddUserToGroup", &[("GroupName", format!("g{n}")), ("UserName", "u".to_owned())])
    }),
    // The first is there.
    ("clients of a provider", 99, "LimitExceeded", |n| {
        let members = [("OpenIDConnectProviderArn", PROVIDER.to_owned()), ("ClientID", format!("c{n}"))];
        iam("AddClientIDToOpenIDConnectProvider", &members)
    }),
    ("tags of a log group", 50, "TooManyTagsException", |n| {
        Ask::Json("Logs_20140328.TagLogGroup", json!({"logGroupName": "g", "tags": {format!("k{n}"): "v"}}))
    }),
    ("tags of a parameter", 50, "TooManyTagsError", |n| {
        let tags = [json!({"Key": format!("k{n}"), "Value": "v"})];
        let input = json!({"ResourceType": "Parameter", "ResourceId": "p", "Tags": tags});
        Ask::Json("AmazonSSM.AddTagsToResource", input)
    }),
    ("labels of a parameter's version", 10, "ParameterVersionLabelLimitExceeded", |n| {
        Ask::Json("AmazonSSM.LabelParameterVersion", json!({"Name": "p", "Labels": [format!("l{n}")]}))
    }),
    ("tags of a repository", 50, "TooManyTagsException", |n| {
        let tags = [json!({"Key": format!("k{n}"), "Value": "v"})];
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.TagResource", json!({"resourceArn": REPOSITORY, "tags": tags}))
    }),
    ("tags of a stream", 50, "LimitExceededException", |n| {
        let tags = [json!({"Key": format!("k{n}"), "Value": "v"})];
        Ask::Json("Firehose_20150804.TagDeliveryStream", json!({"DeliveryStreamName": "s", "Tags": tags}))
    }),
];

/// What the rows add to.
fn holders() -> Vec<Ask> {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "firehose.amazonaws.com"}},
    ]});
    let destination = json!({"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::bkt"});
    let provider = [
        ("Url", "https://e.example.com".to_owned()),
        ("ClientIDList.member.1", "first".to_owned()),
        ("ThumbprintList.member.1", "a".repeat(40)),
    ];
    let mut holders = vec![
        Ask::Json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})),
        query("2010-03-31", "CreateTopic", &[("Name", "t".to_owned())]),
        iam("CreateRole", &[("RoleName", "r".to_owned()), ("AssumeRolePolicyDocument", trust.to_string())]),
        iam("CreateUser", &[("UserName", "u".to_owned())]),
        iam("CreateGroup", &[("GroupName", "g".to_owned())]),
        iam("CreateOpenIDConnectProvider", &provider),
        Ask::Json("Logs_20140328.CreateLogGroup", json!({"logGroupName": "g"})),
        Ask::Json("AmazonSSM.PutParameter", json!({"Name": "p", "Value": "v", "Type": "String"})),
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.CreateRepository", json!({"repositoryName": "repo"})),
        Ask::S3("PUT /bkt".into(), String::new(), String::new()),
        Ask::Json(
            "Firehose_20150804.CreateDeliveryStream",
            json!({"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": destination}),
        ),
    ];
    for n in 0..=10 {
        holders.push(iam("CreatePolicy", &[("PolicyName", format!("p{n}")), ("PolicyDocument", document(n))]));
        holders.push(iam("CreateGroup", &[("GroupName", format!("g{n}"))]));
    }
    holders
}

#[tokio::test]
async fn what_a_client_adds_to_has_a_bound() {
    let cloud = TestCloud::start().await;
    for holder in holders() {
        let answer = ask(&cloud, holder).await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let mut wrong = Vec::new();
    for (what, bound, code, request) in ROWS {
        for n in 0..=*bound {
            let answer = ask(&cloud, request(n)).await;
            let taken = status(&answer) == "200";
            let refused = status(&answer).starts_with('4') && answer.contains(code);
            if (n < *bound && !taken) || (n == *bound && !refused) {
                wrong.push(format!("{what}, the one of number {n}: {answer}"));
                break;
            }
        }
        well(&cloud, what).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
