//! What an account tries with what is another's, or in another region: each operation is answered as AWS answers it.
//!
//! Without credentials a 12-digit access key is the account, so that two of them are two strangers.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cloud::TestCloud;

pub(crate) const OWNER: &str = "222222222222";
pub(crate) const STRANGER: &str = "111111111111";
pub(crate) const REGION: &str = "us-east-1";

/// Who asks, and for which region.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'c> {
    pub cloud: &'c TestCloud,
    pub account: &'c str,
    pub region: &'c str,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answer(pub u16, pub String);

impl Answer {
    /// The error's code; `OK` of an answer that is none.
    pub(crate) fn code(&self) -> &str {
        let between = |from: &str, to: &str| self.1.split_once(from)?.1.split_once(to).map(|(code, _)| code);
        match self.0 {
            200..300 => "OK",
            _ => between("<Code>", "</Code>").or_else(|| between("\"__type\":\"", "\"")).unwrap_or("no code"),
        }
    }

    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code(), "OK", "{} {}", self.0, self.1);
        self.1
    }

    pub(crate) fn element(&self, name: &str) -> String {
        let found = self.1.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
        found.unwrap_or_else(|| panic!("{name}: {}", self.1)).0.to_owned()
    }
}

impl<'c> Caller<'c> {
    pub(crate) fn new(cloud: &'c TestCloud, account: &'c str) -> Self {
        Self { cloud, account, region: REGION }
    }

    pub(crate) async fn send(&self, head: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let address = self.cloud.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (Self { account, region, .. }, length) = (self, body.len());
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={account}/20260314/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\
             {lines}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        Answer(status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// An operation of the query protocol.
    pub(crate) async fn form(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut body = format!("Action={action}");
        parameters.iter().for_each(|(name, value)| body += &format!("&{}={}", encode(name), encode(value)));
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST /", service, &[kind], &body).await
    }

    /// An operation of Firehose or SQS in JSON.
    pub(crate) async fn json(&self, target: &str, body: Value) -> Answer {
        let service = if target.starts_with("AmazonSQS") { "sqs" } else { "firehose" };
        let headers = [("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1")];
        self.send("POST /", service, &headers, &body.to_string()).await
    }

    pub(crate) async fn s3(&self, request: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request, "s3", headers, body).await
    }

    /// Creates a stream that lands in a bucket, every 60 s.
    pub(crate) async fn stream(&self, name: &str, role: &str, bucket: &str) -> Answer {
        let destination = json!({
            "RoleARN": role,
            "BucketARN": format!("arn:aws:s3:::{bucket}"),
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        });
        let stream = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
        self.json("Firehose_20150804.CreateDeliveryStream", stream).await
    }

    pub(crate) async fn put_record(&self, stream: &str) {
        let record = json!({"DeliveryStreamName": stream, "Record": {"Data": "eA=="}});
        self.json("Firehose_20150804.PutRecord", record).await.ok();
    }

    /// How many objects lie in a bucket of the caller's.
    pub(crate) async fn objects(&self, bucket: &str) -> usize {
        let listed = self.s3(&format!("GET /{bucket}?list-type=2"), &[], "").await.ok();
        listed.matches("<Contents>").count()
    }

    /// A role that trusts a service and may do an action.
    pub(crate) async fn role(&self, name: &str, service: &str, action: &str) {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}},
        ]});
        let may =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        let (trust, may) = (trust.to_string(), may.to_string());
        self.form("iam", "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await.ok();
        let policy = [("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", &may)];
        self.form("iam", "PutRolePolicy", &policy).await.ok();
    }
}

pub(crate) fn role_of(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// A policy that lets somebody do something.
pub(crate) fn allow(principal: Value, action: &str, resource: &str) -> String {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

pub(crate) const TEMPLATE: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}}";
const OTHER_TEMPLATE: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}, U: {Type: 'AWS::SNS::Topic'}}";

/// Once a stranger could read, rewrite and delete another account's managed policies; stacks of others were "deleted" with 200.
#[tokio::test]
async fn what_is_another_accounts_is_refused_by_each_service() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]});
    let document = document.to_string();
    owner.form("iam", "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &document)]).await.ok();
    stranger.role("mine", "firehose.amazonaws.com", "s3:PutObject").await;
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    let app = [
        ("Name", "a"),
        ("Platform", "GCM"),
        ("Attributes.entry.1.key", "PlatformCredential"),
        ("Attributes.entry.1.value", "x"),
    ];
    let app = owner.form("sns", "CreatePlatformApplication", &app).await.element("PlatformApplicationArn");
    let endpoint = [("PlatformApplicationArn", app.as_str()), ("Token", "x")];
    let endpoint = owner.form("sns", "CreatePlatformEndpoint", &endpoint).await.element("EndpointArn");
    stranger.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    let stack = owner.form("cloudformation", "CreateStack", &[("StackName", "s"), ("TemplateBody", TEMPLATE)]).await;
    let stack = stack.element("StackId");
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    owner.role("r", "firehose.amazonaws.com", "*").await;
    owner.s3("PUT /hidden", &[], "").await.ok();
    owner.s3("PUT /hidden/template", &[], TEMPLATE).await.ok();
    let hidden = format!("{}/hidden/template", cloud.endpoint);
    let trust = allow(json!({"AWS": STRANGER}), "sts:AssumeRole", "");
    let trust = trust.replace(",\"Resource\":\"\"", "").replace("\"Resource\":\"\",", "");

    let policy = format!("arn:aws:iam::{OWNER}:policy/p");
    let topic = format!("arn:aws:sns:{REGION}:{OWNER}:t");
    let own_topic = format!("arn:aws:sns:{REGION}:{STRANGER}:t");
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    let url = format!("{}/{OWNER}/q", cloud.endpoint);
    let (arn, boundary) = (("PolicyArn", policy.as_str()), ("PermissionsBoundary", policy.as_str()));
    let (name, set) = (("RoleName", "mine"), ("SetAsDefault", "true"));
    let (t, r) = (("TopicArn", topic.as_str()), ("ResourceArn", topic.as_str()));
    let (s, q) = (("StackName", stack.as_str()), ("QueueUrl", url.as_str()));
    let (attribute, value) = (("AttributeName", "DisplayName"), ("AttributeValue", "x"));
    let subscription = [("Protocol", "email"), ("Endpoint", "a@example.com"), ("ReturnSubscriptionArn", "true")];
    let subscription = [&[t][..], &subscription].concat();
    let subscription = owner.form("sns", "Subscribe", &subscription).await.element("SubscriptionArn");
    let change_set = [s, ("TemplateBody", OTHER_TEMPLATE), ("ChangeSetName", "c")];
    let change_set = owner.form("cloudformation", "CreateChangeSet", &change_set).await.element("Id");
    let (sub, app, end) = (
        ("SubscriptionArn", subscription.as_str()),
        ("PlatformApplicationArn", app.as_str()),
        ("EndpointArn", endpoint.as_str()),
    );
    let (label, one) = (("Label", "l"), ("ReceiptHandle", "h"));
    let (token, foreign_role) = ("a".repeat(288), role_of(OWNER, "r"));
    let set_name = ("ChangeSetName", change_set.as_str());
    let (user, entry) = (
        [("Attributes.entry.1.key", "CustomUserData"), ("Attributes.entry.1.value", "x")],
        "PublishBatchRequestEntries.member.1",
    );
    let (entry_id, entry_message) = (format!("{entry}.Id"), format!("{entry}.Message"));
    let denied = (403, "AuthorizationError");
    let no_entity = (404, "NoSuchEntity");
    let bad = (400, "InvalidParameter");
    let elsewhere = (400, "ValidationError");
    let closed = (403, "AccessDenied");
    let table: &[(&str, &str, &[(&str, &str)], (u16, &str))] = &[
        ("iam", "GetPolicy", &[arn], (403, "AccessDenied")),
        ("iam", "GetPolicyVersion", &[arn, ("VersionId", "v1")], (403, "AccessDenied")),
        ("iam", "ListPolicyVersions", &[arn], (403, "AccessDenied")),
        ("iam", "CreatePolicyVersion", &[arn, ("PolicyDocument", &document), set], (403, "AccessDenied")),
        ("iam", "DeletePolicy", &[arn], (403, "AccessDenied")),
        ("iam", "AttachRolePolicy", &[name, arn], (404, "NoSuchEntity")),
        ("iam", "PutRolePermissionsBoundary", &[name, boundary], (404, "NoSuchEntity")),
        ("sns", "GetTopicAttributes", &[t], denied),
        ("sns", "SetTopicAttributes", &[t, attribute, value], denied),
        ("sns", "DeleteTopic", &[t], denied),
        ("sns", "Publish", &[t, ("Message", "x")], denied),
        ("sns", "Publish", &[("TargetArn", &endpoint), ("Message", "x")], denied),
        ("sns", "Subscribe", &[t, ("Protocol", "sqs"), ("Endpoint", &queue)], denied),
        (
            "sns",
            "Subscribe",
            &[("TopicArn", &own_topic), ("Protocol", "application"), ("Endpoint", &endpoint)],
            (400, "InvalidParameter"),
        ),
        ("sns", "ListSubscriptionsByTopic", &[t], denied),
        ("sns", "TagResource", &[r, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], denied),
        ("sns", "ListTagsForResource", &[r], denied),
        ("sns", "GetDataProtectionPolicy", &[r], denied),
        ("sns", "GetEndpointAttributes", &[("EndpointArn", &endpoint)], (400, "InvalidParameter")),
        ("sqs", "GetQueueAttributes", &[q], (403, "AccessDenied")),
        ("sqs", "SendMessage", &[q, ("MessageBody", "x")], (403, "AccessDenied")),
        ("sqs", "ReceiveMessage", &[q], (403, "AccessDenied")),
        ("sqs", "PurgeQueue", &[q], (403, "AccessDenied")),
        ("sqs", "DeleteQueue", &[q], (403, "AccessDenied")),
        ("sqs", "TagQueue", &[q, ("Tag.1.Key", "k"), ("Tag.1.Value", "v")], (403, "AccessDenied")),
        ("sqs", "GetQueueUrl", &[("QueueName", "q"), ("QueueOwnerAWSAccountId", OWNER)], (403, "AccessDenied")),
        ("sqs", "ListDeadLetterSourceQueues", &[q], (403, "AccessDenied")),
        ("sqs", "StartMessageMoveTask", &[("SourceArn", &queue)], (404, "ResourceNotFoundException")),
        ("sqs", "ListMessageMoveTasks", &[("SourceArn", &queue)], (404, "ResourceNotFoundException")),
        ("iam", "GetRole", &[("RoleName", "r")], no_entity),
        ("iam", "DeleteRole", &[("RoleName", "r")], no_entity),
        ("iam", "PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", &document)], no_entity),
        ("iam", "UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", &trust)], no_entity),
        ("sts", "AssumeRole", &[("RoleArn", &foreign_role), ("RoleSessionName", "me")], closed),
        ("sns", "PublishBatch", &[t, (&entry_id, "i"), (&entry_message, "x")], denied),
        (
            "sns",
            "AddPermission",
            &[t, label, ("AWSAccountId.member.1", STRANGER), ("ActionName.member.1", "Publish")],
            denied,
        ),
        ("sns", "RemovePermission", &[t, label], denied),
        ("sns", "UntagResource", &[r, ("TagKeys.member.1", "k")], denied),
        ("sns", "PutDataProtectionPolicy", &[r, ("DataProtectionPolicy", "")], denied),
        ("sns", "ConfirmSubscription", &[t, ("Token", &token)], bad),
        ("sns", "GetSubscriptionAttributes", &[sub], (404, "NotFound")),
        (
            "sns",
            "SetSubscriptionAttributes",
            &[sub, ("AttributeName", "FilterPolicy"), ("AttributeValue", "{}")],
            (404, "NotFound"),
        ),
        ("sns", "Unsubscribe", &[sub], denied),
        ("sns", "SetEndpointAttributes", &[end, user[0], user[1]], bad),
        ("sns", "DeleteEndpoint", &[end], bad),
        ("sns", "CreatePlatformEndpoint", &[app, ("Token", "y")], bad),
        ("sns", "ListEndpointsByPlatformApplication", &[app], bad),
        ("sns", "GetPlatformApplicationAttributes", &[app], bad),
        ("sns", "SetPlatformApplicationAttributes", &[app, user[0], user[1]], bad),
        ("sns", "DeletePlatformApplication", &[app], bad),
        ("sqs", "SetQueueAttributes", &[q, ("Attribute.1.Name", "DelaySeconds"), ("Attribute.1.Value", "9")], closed),
        ("sqs", "AddPermission", &[q, label, ("AWSAccountId.1", STRANGER), ("ActionName.1", "*")], closed),
        ("sqs", "RemovePermission", &[q, label], closed),
        ("sqs", "UntagQueue", &[q, ("TagKey.1", "k")], closed),
        ("sqs", "ListQueueTags", &[q], closed),
        ("sqs", "DeleteMessage", &[q, one], closed),
        ("sqs", "ChangeMessageVisibility", &[q, one, ("VisibilityTimeout", "0")], closed),
        (
            "sqs",
            "SendMessageBatch",
            &[q, ("SendMessageBatchRequestEntry.1.Id", "i"), ("SendMessageBatchRequestEntry.1.MessageBody", "x")],
            closed,
        ),
        (
            "sqs",
            "DeleteMessageBatch",
            &[q, ("DeleteMessageBatchRequestEntry.1.Id", "i"), ("DeleteMessageBatchRequestEntry.1.ReceiptHandle", "h")],
            closed,
        ),
        ("cloudformation", "SetStackPolicy", &[s, ("StackPolicyBody", "{}")], elsewhere),
        ("cloudformation", "CancelUpdateStack", &[s], elsewhere),
        ("cloudformation", "ContinueUpdateRollback", &[s], elsewhere),
        ("cloudformation", "RollbackStack", &[s], elsewhere),
        (
            "cloudformation",
            "CreateChangeSet",
            &[s, ("TemplateBody", OTHER_TEMPLATE), ("ChangeSetName", "d")],
            elsewhere,
        ),
        ("cloudformation", "DescribeChangeSet", &[s, ("ChangeSetName", "c")], elsewhere),
        ("cloudformation", "DescribeChangeSet", &[set_name], elsewhere),
        ("cloudformation", "ExecuteChangeSet", &[set_name], elsewhere),
        ("cloudformation", "DeleteChangeSet", &[set_name], elsewhere),
        ("cloudformation", "CreateStack", &[("StackName", "n"), ("TemplateURL", &hidden)], elsewhere),
        ("cloudformation", "GetTemplateSummary", &[("TemplateURL", &hidden)], elsewhere),
        ("cloudformation", "DescribeStacks", &[s], (400, "ValidationError")),
        ("cloudformation", "DescribeStackEvents", &[s], (400, "ValidationError")),
        ("cloudformation", "DescribeStackResource", &[s, ("LogicalResourceId", "T")], (400, "ValidationError")),
        ("cloudformation", "DescribeStackResources", &[s], (400, "ValidationError")),
        ("cloudformation", "ListStackResources", &[s], (400, "ValidationError")),
        ("cloudformation", "ListChangeSets", &[s], (400, "ValidationError")),
        ("cloudformation", "GetTemplate", &[s], (400, "ValidationError")),
        ("cloudformation", "GetTemplateSummary", &[s], (400, "ValidationError")),
        ("cloudformation", "GetStackPolicy", &[s], (400, "ValidationError")),
        ("cloudformation", "UpdateStack", &[s, ("TemplateBody", TEMPLATE)], (400, "ValidationError")),
        (
            "cloudformation",
            "UpdateTerminationProtection",
            &[s, ("EnableTerminationProtection", "true")],
            (400, "ValidationError"),
        ),
        ("cloudformation", "DeleteStack", &[s], (400, "ValidationError")),
    ];
    for (service, action, parameters, (status, code)) in table {
        let answer = stranger.form(service, action, parameters).await;
        assert_eq!((answer.0, answer.code()), (*status, *code), "{service} {action}: {}", answer.1);
        if *service == "cloudformation" && parameters.contains(&s) {
            let told =
                format!("Resource account ({STRANGER}) doesn&apos;t match account ({OWNER}) parsed from ARN: {stack}");
            assert_eq!(answer.element("Message").replace('\'', "&apos;"), told, "{action}");
        }
    }
    owner.form("iam", "GetPolicyVersion", &[arn, ("VersionId", "v1")]).await.ok();
    owner.form("cloudformation", "DescribeStacks", &[s]).await.ok();
}
