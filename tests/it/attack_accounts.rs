//! What an account tries with what is another's, or in another region: each operation is answered as AWS answers it.
//!
//! Without credentials a 12-digit access key is the account, so that two of them are two strangers.

use serde_json::json;

use crate::helpers::accounts::{Caller, OWNER, REGION, STRANGER, TEMPLATE, allow, role_of};
use crate::helpers::cloud::TestCloud;

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
