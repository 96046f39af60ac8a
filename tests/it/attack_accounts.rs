//! What an account tries with what is another's, or in another region: each operation is answered as AWS answers it.
//!
//! Without credentials a 12-digit access key is the account, so that two of them are two strangers.

use serde_json::json;

use crate::helpers::accounts::{Caller, OWNER, REGION, STRANGER, TEMPLATE, allow, role_of};
use crate::helpers::cloud::TestCloud;

const OTHER_TEMPLATE: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}, U: {Type: 'AWS::SNS::Topic'}}";

/// A parameter. In a value `{name}` stands for what the test puts there.
type Pair = (&'static str, &'static str);
/// An action, its parameters, and the status and the code that answer a stranger.
type Call = (&'static str, &'static [Pair], (u16, &'static str));

const DENIED: (u16, &str) = (403, "AuthorizationError");
const CLOSED: (u16, &str) = (403, "AccessDenied");
const NO_ENTITY: (u16, &str) = (404, "NoSuchEntity");
const BAD: (u16, &str) = (400, "InvalidParameter");
const ELSEWHERE: (u16, &str) = (400, "ValidationError");

const POLICY: Pair = ("PolicyArn", "{policy}");
const BOUNDARY: Pair = ("PermissionsBoundary", "{policy}");
const MINE: Pair = ("RoleName", "mine");
const AS_DEFAULT: Pair = ("SetAsDefault", "true");
const TOPIC: Pair = ("TopicArn", "{topic}");
const RESOURCE: Pair = ("ResourceArn", "{topic}");
const ATTRIBUTE: Pair = ("AttributeName", "DisplayName");
const VALUE: Pair = ("AttributeValue", "x");
const SUBSCRIPTION: Pair = ("SubscriptionArn", "{subscription}");
const APP: Pair = ("PlatformApplicationArn", "{app}");
const ENDPOINT: Pair = ("EndpointArn", "{endpoint}");
const USER_DATA: [Pair; 2] = [("Attributes.entry.1.key", "CustomUserData"), ("Attributes.entry.1.value", "x")];
const LABEL: Pair = ("Label", "l");
const QUEUE: Pair = ("QueueUrl", "{url}");
const HANDLE: Pair = ("ReceiptHandle", "h");
const STACK: Pair = ("StackName", "{stack}");
const CHANGE_SET: Pair = ("ChangeSetName", "{change_set}");

const IAM: &[Call] = &[
    ("GetPolicy", &[POLICY], CLOSED),
    ("GetPolicyVersion", &[POLICY, ("VersionId", "v1")], CLOSED),
    ("ListPolicyVersions", &[POLICY], CLOSED),
    ("CreatePolicyVersion", &[POLICY, ("PolicyDocument", "{document}"), AS_DEFAULT], CLOSED),
    ("DeletePolicy", &[POLICY], CLOSED),
    ("AttachRolePolicy", &[MINE, POLICY], NO_ENTITY),
    ("PutRolePermissionsBoundary", &[MINE, BOUNDARY], NO_ENTITY),
    ("GetRole", &[("RoleName", "r")], NO_ENTITY),
    ("DeleteRole", &[("RoleName", "r")], NO_ENTITY),
    ("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", "{document}")], NO_ENTITY),
    ("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", "{trust}")], NO_ENTITY),
];

const STS: &[Call] = &[("AssumeRole", &[("RoleArn", "{foreign_role}"), ("RoleSessionName", "me")], CLOSED)];

const SNS: &[Call] = &[
    ("GetTopicAttributes", &[TOPIC], DENIED),
    ("SetTopicAttributes", &[TOPIC, ATTRIBUTE, VALUE], DENIED),
    ("DeleteTopic", &[TOPIC], DENIED),
    ("Publish", &[TOPIC, ("Message", "x")], DENIED),
    ("Publish", &[("TargetArn", "{endpoint}"), ("Message", "x")], DENIED),
    ("Subscribe", &[TOPIC, ("Protocol", "sqs"), ("Endpoint", "{queue}")], DENIED),
    ("Subscribe", &[("TopicArn", "{own_topic}"), ("Protocol", "application"), ("Endpoint", "{endpoint}")], BAD),
    ("ListSubscriptionsByTopic", &[TOPIC], DENIED),
    ("TagResource", &[RESOURCE, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], DENIED),
    ("ListTagsForResource", &[RESOURCE], DENIED),
    ("GetDataProtectionPolicy", &[RESOURCE], DENIED),
    ("GetEndpointAttributes", &[("EndpointArn", "{endpoint}")], BAD),
    (
        "PublishBatch",
        &[TOPIC, ("PublishBatchRequestEntries.member.1.Id", "i"), ("PublishBatchRequestEntries.member.1.Message", "x")],
        DENIED,
    ),
    ("AddPermission", &[TOPIC, LABEL, ("AWSAccountId.member.1", STRANGER), ("ActionName.member.1", "Publish")], DENIED),
    ("RemovePermission", &[TOPIC, LABEL], DENIED),
    ("UntagResource", &[RESOURCE, ("TagKeys.member.1", "k")], DENIED),
    ("PutDataProtectionPolicy", &[RESOURCE, ("DataProtectionPolicy", "")], DENIED),
    ("ConfirmSubscription", &[TOPIC, ("Token", "{token}")], BAD),
    ("GetSubscriptionAttributes", &[SUBSCRIPTION], (404, "NotFound")),
    (
        "SetSubscriptionAttributes",
        &[SUBSCRIPTION, ("AttributeName", "FilterPolicy"), ("AttributeValue", "{}")],
        (404, "NotFound"),
    ),
    ("Unsubscribe", &[SUBSCRIPTION], DENIED),
    ("SetEndpointAttributes", &[ENDPOINT, USER_DATA[0], USER_DATA[1]], BAD),
    ("DeleteEndpoint", &[ENDPOINT], BAD),
    ("CreatePlatformEndpoint", &[APP, ("Token", "y")], BAD),
    ("ListEndpointsByPlatformApplication", &[APP], BAD),
    ("GetPlatformApplicationAttributes", &[APP], BAD),
    ("SetPlatformApplicationAttributes", &[APP, USER_DATA[0], USER_DATA[1]], BAD),
    ("DeletePlatformApplication", &[APP], BAD),
];

const SQS: &[Call] = &[
    ("GetQueueAttributes", &[QUEUE], CLOSED),
    ("SendMessage", &[QUEUE, ("MessageBody", "x")], CLOSED),
    ("ReceiveMessage", &[QUEUE], CLOSED),
    ("PurgeQueue", &[QUEUE], CLOSED),
    ("DeleteQueue", &[QUEUE], CLOSED),
    ("TagQueue", &[QUEUE, ("Tag.1.Key", "k"), ("Tag.1.Value", "v")], CLOSED),
    ("GetQueueUrl", &[("QueueName", "q"), ("QueueOwnerAWSAccountId", OWNER)], CLOSED),
    ("ListDeadLetterSourceQueues", &[QUEUE], CLOSED),
    ("StartMessageMoveTask", &[("SourceArn", "{queue}")], (404, "ResourceNotFoundException")),
    ("ListMessageMoveTasks", &[("SourceArn", "{queue}")], (404, "ResourceNotFoundException")),
    ("SetQueueAttributes", &[QUEUE, ("Attribute.1.Name", "DelaySeconds"), ("Attribute.1.Value", "9")], CLOSED),
    ("AddPermission", &[QUEUE, LABEL, ("AWSAccountId.1", STRANGER), ("ActionName.1", "*")], CLOSED),
    ("RemovePermission", &[QUEUE, LABEL], CLOSED),
    ("UntagQueue", &[QUEUE, ("TagKey.1", "k")], CLOSED),
    ("ListQueueTags", &[QUEUE], CLOSED),
    ("DeleteMessage", &[QUEUE, HANDLE], CLOSED),
    ("ChangeMessageVisibility", &[QUEUE, HANDLE, ("VisibilityTimeout", "0")], CLOSED),
    (
        "SendMessageBatch",
        &[QUEUE, ("SendMessageBatchRequestEntry.1.Id", "i"), ("SendMessageBatchRequestEntry.1.MessageBody", "x")],
        CLOSED,
    ),
    (
        "DeleteMessageBatch",
        &[QUEUE, ("DeleteMessageBatchRequestEntry.1.Id", "i"), ("DeleteMessageBatchRequestEntry.1.ReceiptHandle", "h")],
        CLOSED,
    ),
];

const CLOUDFORMATION: &[Call] = &[
    ("SetStackPolicy", &[STACK, ("StackPolicyBody", "{}")], ELSEWHERE),
    ("CancelUpdateStack", &[STACK], ELSEWHERE),
    ("ContinueUpdateRollback", &[STACK], ELSEWHERE),
    ("RollbackStack", &[STACK], ELSEWHERE),
    ("CreateChangeSet", &[STACK, ("TemplateBody", OTHER_TEMPLATE), ("ChangeSetName", "d")], ELSEWHERE),
    ("DescribeChangeSet", &[STACK, ("ChangeSetName", "c")], ELSEWHERE),
    ("DescribeChangeSet", &[CHANGE_SET], ELSEWHERE),
    ("ExecuteChangeSet", &[CHANGE_SET], ELSEWHERE),
    ("DeleteChangeSet", &[CHANGE_SET], ELSEWHERE),
    ("CreateStack", &[("StackName", "n"), ("TemplateURL", "{hidden}")], ELSEWHERE),
    ("GetTemplateSummary", &[("TemplateURL", "{hidden}")], ELSEWHERE),
    ("DescribeStacks", &[STACK], ELSEWHERE),
    ("DescribeStackEvents", &[STACK], ELSEWHERE),
    ("DescribeStackResource", &[STACK, ("LogicalResourceId", "T")], ELSEWHERE),
    ("DescribeStackResources", &[STACK], ELSEWHERE),
    ("ListStackResources", &[STACK], ELSEWHERE),
    ("ListChangeSets", &[STACK], ELSEWHERE),
    ("GetTemplate", &[STACK], ELSEWHERE),
    ("GetTemplateSummary", &[STACK], ELSEWHERE),
    ("GetStackPolicy", &[STACK], ELSEWHERE),
    ("UpdateStack", &[STACK, ("TemplateBody", TEMPLATE)], ELSEWHERE),
    ("UpdateTerminationProtection", &[STACK, ("EnableTerminationProtection", "true")], ELSEWHERE),
    ("DeleteStack", &[STACK], ELSEWHERE),
];

/// Makes what the calls are about: what stands for each `{name}`.
async fn make_things(owner: &Caller<'_>, stranger: &Caller<'_>) -> Vec<(&'static str, String)> {
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
    let hidden = format!("{}/hidden/template", owner.cloud.endpoint);
    let trust = allow(json!({"AWS": STRANGER}), "sts:AssumeRole", "");
    let trust = trust.replace(",\"Resource\":\"\"", "").replace("\"Resource\":\"\",", "");

    let topic = format!("arn:aws:sns:{REGION}:{OWNER}:t");
    let own_topic = format!("arn:aws:sns:{REGION}:{STRANGER}:t");
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    let url = format!("{}/{OWNER}/q", owner.cloud.endpoint);
    let topic_arn = ("TopicArn", topic.as_str());
    let subscription = [("Protocol", "email"), ("Endpoint", "a@example.com"), ("ReturnSubscriptionArn", "true")];
    let subscription = [&[topic_arn][..], &subscription].concat();
    let subscription = owner.form("sns", "Subscribe", &subscription).await.element("SubscriptionArn");
    let change_set = [("StackName", stack.as_str()), ("TemplateBody", OTHER_TEMPLATE), ("ChangeSetName", "c")];
    let change_set = owner.form("cloudformation", "CreateChangeSet", &change_set).await.element("Id");
    vec![
        ("{app}", app),
        ("{change_set}", change_set),
        ("{document}", document),
        ("{endpoint}", endpoint),
        ("{foreign_role}", role_of(OWNER, "r")),
        ("{hidden}", hidden),
        ("{own_topic}", own_topic),
        ("{policy}", format!("arn:aws:iam::{OWNER}:policy/p")),
        ("{queue}", queue),
        ("{stack}", stack),
        ("{subscription}", subscription),
        ("{token}", "a".repeat(288)),
        ("{topic}", topic),
        ("{trust}", trust),
        ("{url}", url),
    ]
}

/// Once a stranger could read, rewrite and delete another account's managed policies; stacks of others were "deleted" with 200.
#[tokio::test]
async fn what_is_another_accounts_is_refused_by_each_service() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let things = make_things(&owner, &stranger).await;
    let fill = |text: &str| things.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let stack = fill("{stack}");
    let services = [("iam", IAM), ("sts", STS), ("sns", SNS), ("sqs", SQS), ("cloudformation", CLOUDFORMATION)];
    for (service, calls) in services {
        for (action, parameters, (status, code)) in calls {
            let filled: Vec<_> = parameters.iter().map(|(name, value)| (*name, fill(value))).collect();
            let filled: Vec<_> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = stranger.form(service, action, &filled).await;
            assert_eq!((answer.0, answer.code()), (*status, *code), "{service} {action}: {}", answer.1);
            if service == "cloudformation" && parameters.contains(&STACK) {
                let told = format!(
                    "Resource account ({STRANGER}) doesn&apos;t match account ({OWNER}) parsed from ARN: {stack}"
                );
                assert_eq!(answer.element("Message").replace('\'', "&apos;"), told, "{action}");
            }
        }
    }
    let version = [("PolicyArn", &*fill("{policy}")), ("VersionId", "v1")];
    owner.form("iam", "GetPolicyVersion", &version).await.ok();
    owner.form("cloudformation", "DescribeStacks", &[("StackName", &stack)]).await.ok();
}
