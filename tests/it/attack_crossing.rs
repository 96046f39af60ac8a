//! What goes from one account to another by itself: deliveries, notifications, roles that are handed on; and from one region to
//! another.

use serde_json::json;

use crate::helpers::accounts::{Answer, Caller, OWNER, REGION, STRANGER, TEMPLATE, allow, role_of};
use crate::helpers::cloud::{TestCloud, eventually};

/// Firehose took any account's role, and so did SNS and CloudFormation ("Grant a user permissions to pass a role to an AWS
/// service": a role can't be passed across accounts).
#[tokio::test]
async fn another_accounts_role_cannot_be_passed() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.role("r", "firehose.amazonaws.com", "*").await;
    const FOREIGN: &str = "arn:aws:iam::222222222222:role/r";
    let (foreign, own) = (role_of(OWNER, "r"), role_of(STRANGER, "r"));
    assert_eq!(foreign, FOREIGN);
    let told = |answer: Answer, status, code| {
        assert_eq!((answer.0, answer.code()), (status, code), "{}", answer.1);
        assert!(answer.1.contains("Cross-account pass role is not allowed."), "{}", answer.1);
    };
    told(stranger.stream("s", &foreign, "anywhere").await, 400, "AccessDeniedException");
    stranger.stream("s", &own, "anywhere").await.ok();
    let update = json!({
        "DeliveryStreamName": "s",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"RoleARN": foreign},
    });
    told(stranger.json("Firehose_20150804.UpdateDestination", update).await, 400, "AccessDeniedException");

    let topic = stranger.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let stream = format!("arn:aws:firehose:{REGION}:{STRANGER}:deliverystream/s");
    let subscribe = async |role: &str| {
        let role = [("Attributes.entry.1.key", "SubscriptionRoleArn"), ("Attributes.entry.1.value", role)];
        let to = [("TopicArn", topic.as_str()), ("Protocol", "firehose"), ("Endpoint", &stream)];
        stranger.form("sns", "Subscribe", &[&to[..], &role[..]].concat()).await
    };
    told(subscribe(&foreign).await, 403, "AuthorizationError");
    let subscription = subscribe(&own).await.element("SubscriptionArn");
    let set = |name, value| [("AttributeName", name), ("AttributeValue", value)];
    let role = [&[("SubscriptionArn", subscription.as_str())][..], &set("SubscriptionRoleArn", &foreign)].concat();
    told(stranger.form("sns", "SetSubscriptionAttributes", &role).await, 403, "AuthorizationError");
    let role = [&[("TopicArn", topic.as_str())][..], &set("SQSSuccessFeedbackRoleArn", &foreign)].concat();
    told(stranger.form("sns", "SetTopicAttributes", &role).await, 403, "AuthorizationError");

    let attribute = |number: usize, name: &'static str, value: &'static str| {
        let key = |what: &str| format!("Attributes.entry.{number}.{what}");
        [(key("key"), name), (key("value"), value)]
    };
    let app = [attribute(1, "PlatformCredential", "x"), attribute(2, "SuccessFeedbackRoleArn", FOREIGN)].concat();
    let mut app: Vec<_> = app.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    app.extend([("Name", "a"), ("Platform", "GCM")]);
    told(stranger.form("sns", "CreatePlatformApplication", &app).await, 403, "AuthorizationError");

    let (name, template, role) = (("StackName", "s"), ("TemplateBody", TEMPLATE), ("RoleARN", foreign.as_str()));
    told(stranger.form("cloudformation", "CreateStack", &[name, template, role]).await, 403, "AccessDenied");
    let set = [name, template, role, ("ChangeSetName", "c"), ("ChangeSetType", "CREATE")];
    told(stranger.form("cloudformation", "CreateChangeSet", &set).await, 403, "AccessDenied");
    for action in ["DeleteStack", "RollbackStack", "ContinueUpdateRollback"] {
        told(stranger.form("cloudformation", action, &[name, role]).await, 403, "AccessDenied");
    }
}

/// A stream of another account wrote into a private bucket, without a word ("Cross-Account Delivery to an Amazon S3 Destination",
/// Firehose guide: the bucket's policy must allow the role).
#[tokio::test]
async fn a_stream_lands_in_another_accounts_bucket_only_if_that_lets_its_role_in() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.s3("PUT /private", &[], "").await.ok();
    let never = role_of(STRANGER, "never");
    stranger.stream("never", &never, "private").await.ok();
    stranger.put_record("never").await;
    stranger.role("made", "firehose.amazonaws.com", "s3:PutObject").await;
    let made = role_of(STRANGER, "made");
    stranger.stream("made", &made, "private").await.ok();
    stranger.put_record("made").await;
    cloud.pass(60);
    cloud
        .notice_with(&[
            "stream made can't deliver",
            "bucket private is another account's",
            "doesn't allow s3:PutObject",
        ])
        .await;
    cloud.notice_with(&["stream never can't deliver", &never, "does not exist"]).await;
    assert!(cloud.notices().iter().all(|told| !told.contains("goes on as if")), "{:#?}", cloud.notices());
    assert_eq!(owner.objects("private").await, 0);

    // The account as a whole is named, which RestrictPublicBuckets (on by default) doesn't mind.
    let principal = json!({"AWS": format!("arn:aws:iam::{STRANGER}:root")});
    let open = allow(principal, "s3:PutObject", "arn:aws:s3:::private/*");
    owner.s3("PUT /private?policy", &[], &open).await.ok();
    cloud.pass(600);
    let landed = async || Some(owner.objects("private").await).filter(|count| *count == 1);
    assert_eq!(eventually(landed).await, Some(1), "{:#?}", cloud.notices());
    let deny = open.replace("Allow", "Deny");
    owner.s3("PUT /private?policy", &[], &deny).await.ok();
    stranger.put_record("made").await;
    cloud.pass(600);
    cloud.notice_with(&["stream made can't deliver", "denies s3:PutObject"]).await;
}

/// A public policy that came before its bucket's public access block opened the bucket to other accounts' streams.
#[tokio::test]
async fn a_restricted_public_bucket_is_closed_to_other_accounts_streams() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.s3("PUT /public", &[], "").await.ok();
    owner.s3("DELETE /public?publicAccessBlock", &[], "").await.ok();
    let everybody = allow(json!("*"), "s3:*", "arn:aws:s3:::public/*");
    owner.s3("PUT /public?policy", &[], &everybody).await.ok();
    stranger.role("made", "firehose.amazonaws.com", "s3:PutObject").await;
    stranger.stream("made", &role_of(STRANGER, "made"), "public").await.ok();
    stranger.put_record("made").await;
    cloud.pass(60);
    let landed = async || Some(owner.objects("public").await).filter(|count| *count == 1);
    assert_eq!(eventually(landed).await, Some(1), "{:#?}", cloud.notices());
    let block = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets>\
                 </PublicAccessBlockConfiguration>";
    owner.s3("PUT /public?publicAccessBlock", &[], block).await.ok();
    stranger.put_record("made").await;
    cloud.pass(60);
    cloud.notice_with(&["stream made can't deliver", "RestrictPublicBuckets"]).await;
    assert_eq!(owner.objects("public").await, 1);
}

/// A stranger's Subscribe put its confirmation into any queue without a policy, and his topic's messages after it.
#[tokio::test]
async fn a_queue_without_a_policy_is_closed_to_other_accounts_topics() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    let url = format!("{}/{OWNER}/q", cloud.endpoint);
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    let topic = stranger.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let subscribe = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &queue)];
    assert_eq!(stranger.form("sns", "Subscribe", &subscribe).await.element("SubscriptionArn"), "pending confirmation");
    let count = async || {
        let asked = json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]});
        owner.json("AmazonSQS.GetQueueAttributes", asked).await.ok()
    };
    assert!(count().await.contains(r#""ApproximateNumberOfMessages":"0""#));
    cloud.notice_with(&["no SubscriptionConfirmation was sent", &queue, "no policy"]).await;

    assert!(cloud.notices().iter().all(|told| !told.contains("this cloud delivers to it")), "{:#?}", cloud.notices());
}

/// "Permissions: sending messages from another account's topic": with the queue's policy it arrives.
#[tokio::test]
async fn a_queue_that_opens_itself_gets_another_accounts_messages() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let topic = stranger.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let open = allow(json!({"AWS": OWNER}), "sns:Subscribe", &topic);
    let open = [("TopicArn", topic.as_str()), ("AttributeName", "Policy"), ("AttributeValue", &open)];
    stranger.form("sns", "SetTopicAttributes", &open).await.ok();
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    let subscribe = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &queue)];
    let subscription = owner.form("sns", "Subscribe", &subscribe).await.element("SubscriptionArn");
    cloud.notice_with(&["has no policy: it gets nothing", &queue, &topic]).await;
    let publish = [("TopicArn", topic.as_str()), ("Message", "shared")];
    let receive = json!({"QueueUrl": format!("{}/{OWNER}/q", cloud.endpoint)});
    stranger.form("sns", "Publish", &publish).await.ok();
    cloud.notice_with(&["was not delivered", &subscription, "no policy that lets the topic send"]).await;
    assert!(!owner.json("AmazonSQS.ReceiveMessage", receive.clone()).await.ok().contains("shared"));
    let policy = allow(json!({"Service": "sns.amazonaws.com"}), "sqs:SendMessage", &queue);
    let set = json!({"QueueUrl": format!("{}/{OWNER}/q", cloud.endpoint), "Attributes": {"Policy": policy}});
    owner.json("AmazonSQS.SetQueueAttributes", set).await.ok();
    stranger.form("sns", "Publish", &publish).await.ok();
    assert!(owner.json("AmazonSQS.ReceiveMessage", receive).await.ok().contains("shared"));
}

/// A bucket's events go to another account's queue only where its policy says so.
#[tokio::test]
async fn a_bucket_tells_another_accounts_queue_only_where_that_lets_it() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    stranger.s3("PUT /theirs", &[], "").await.ok();
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    let events = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{queue}</Queue><Event>s3:ObjectCreated:*</Event>\
         </QueueConfiguration></NotificationConfiguration>"
    );
    let answer = stranger.s3("PUT /theirs?notification", &[], &events).await;
    assert_eq!((answer.0, answer.code()), (400, "InvalidArgument"), "{}", answer.1);
    // Nor when the check is skipped.
    let skip = ("x-amz-skip-destination-validation", "true");
    stranger.s3("PUT /theirs?notification", &[skip], &events).await.ok();
    stranger.s3("PUT /theirs/k", &[], "x").await.ok();
    cloud.notice_with(&["the event s3:ObjectCreated:Put", "was not sent", &queue]).await;
    let receive = json!({"QueueUrl": format!("{}/{OWNER}/q", cloud.endpoint)});
    assert!(!owner.json("AmazonSQS.ReceiveMessage", receive).await.ok().contains("Body"));
}

/// A stack's events went to any account's topic.
#[tokio::test]
async fn a_stack_tells_another_accounts_topic_only_where_that_lets_it() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    let topic = owner.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let queue = format!("arn:aws:sqs:{REGION}:{OWNER}:q");
    owner.form("sns", "Subscribe", &[("TopicArn", &topic), ("Protocol", "sqs"), ("Endpoint", &queue)]).await.ok();
    let create = async |name: &str| {
        let input = [("StackName", name), ("TemplateBody", TEMPLATE), ("NotificationARNs.member.1", topic.as_str())];
        stranger.form("cloudformation", "CreateStack", &input).await.ok();
    };
    create("one").await;
    cloud.notice_with(&["stack one: an event was not sent to", &topic, "not authorized to perform: SNS:Publish"]).await;
    let receive = json!({"QueueUrl": format!("{}/{OWNER}/q", cloud.endpoint)});
    assert!(!owner.json("AmazonSQS.ReceiveMessage", receive.clone()).await.ok().contains("Body"));
    let open = allow(json!({"AWS": STRANGER}), "sns:Publish", &topic);
    let open = [("TopicArn", topic.as_str()), ("AttributeName", "Policy"), ("AttributeValue", &open)];
    owner.form("sns", "SetTopicAttributes", &open).await.ok();
    create("two").await;
    let got = eventually(async || {
        Some(owner.json("AmazonSQS.ReceiveMessage", receive.clone()).await.ok()).filter(|got| got.contains("Body"))
    });
    assert!(got.await.is_some());
}

/// README promises a notice for a role that was never created; none came.
#[tokio::test]
async fn a_role_that_nobody_made_is_told_once_with_what_to_do() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, STRANGER);
    me.s3("PUT /mine", &[], "").await.ok();
    let never = |name: &str| role_of(STRANGER, name);
    let told = |role: &str| cloud.notices().into_iter().filter(|text| text.contains(role)).collect::<Vec<_>>();
    me.stream("s", &never("never1"), "mine").await.ok();
    me.put_record("s").await;
    cloud.pass(60);
    eventually(async || Some(me.objects("mine").await).filter(|count| *count == 1))
        .await
        .expect("it lands all the same");
    let [told1] = &told(&never("never1"))[..] else { panic!("{:#?}", cloud.notices()) };
    for word in ["the delivery stream s", "firehose.amazonaws.com", "s3:PutObject on arn:aws:s3:::mine/*", "--strict"] {
        assert!(told1.contains(word), "{word}: {told1}");
    }
    let update = |prefix: &str, role: &str| {
        json!({
            "DeliveryStreamName": "s",
            "CurrentDeliveryStreamVersionId": if prefix == "a" { "1" } else { "2" },
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationUpdate": {"RoleARN": never(role), "Prefix": prefix},
        })
    };
    me.json("Firehose_20150804.UpdateDestination", update("a", "never1")).await.ok();
    me.json("Firehose_20150804.UpdateDestination", update("b", "never2")).await.ok();
    assert_eq!((told(&never("never1")).len(), told(&never("never2")).len()), (1, 1), "{:#?}", cloud.notices());

    let topic = me.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let stream = format!("arn:aws:firehose:{REGION}:{STRANGER}:deliverystream/s");
    let role = never("never3");
    let subscribe = [
        ("TopicArn", topic.as_str()),
        ("Protocol", "firehose"),
        ("Endpoint", &stream),
        ("Attributes.entry.1.key", "SubscriptionRoleArn"),
        ("Attributes.entry.1.value", &role),
    ];
    let subscription = me.form("sns", "Subscribe", &subscribe).await.element("SubscriptionArn");
    let [told3] = &told(&role)[..] else { panic!("{:#?}", cloud.notices()) };
    for word in [&*subscription, "sns.amazonaws.com", &format!("firehose:PutRecord on {stream}")] {
        assert!(told3.contains(word), "{word}: {told3}");
    }
    let role = never("never4");
    let stack = [("StackName", "s"), ("TemplateBody", TEMPLATE), ("RoleARN", &role)];
    me.form("cloudformation", "CreateStack", &stack).await.ok();
    assert_eq!(told(&role).len(), 1, "{:#?}", cloud.notices());
    // One that was made is nothing to tell of, until it goes.
    me.role("made", "firehose.amazonaws.com", "s3:PutObject").await;
    me.stream("s2", &never("made"), "mine").await.ok();
    assert!(told(&never("made")).is_empty());
    me.form("iam", "DeleteRolePolicy", &[("RoleName", "made"), ("PolicyName", "p")]).await.ok();
    me.form("iam", "DeleteRole", &[("RoleName", "made")]).await.ok();
    assert!(told(&never("made"))[0].contains("deliverystream/s2"), "{:#?}", cloud.notices());
}

/// A permissions boundary was kept and never asked ("Permissions boundaries for IAM entities").
#[tokio::test]
async fn a_roles_boundary_bounds_its_deliveries() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, STRANGER);
    me.s3("PUT /mine", &[], "").await.ok();
    me.role("bounded", "firehose.amazonaws.com", "s3:PutObject").await;
    let reads =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]});
    let reads = reads.to_string();
    me.form("iam", "CreatePolicy", &[("PolicyName", "reads"), ("PolicyDocument", &reads)]).await.ok();
    let boundary = format!("arn:aws:iam::{STRANGER}:policy/reads");
    let bound = [("RoleName", "bounded"), ("PermissionsBoundary", &boundary)];
    me.form("iam", "PutRolePermissionsBoundary", &bound).await.ok();
    me.stream("s", &role_of(STRANGER, "bounded"), "mine").await.ok();
    me.put_record("s").await;
    cloud.pass(60);
    cloud.notice_with(&["stream s can't deliver", "permissions boundary", "does not allow s3:PutObject"]).await;
    assert_eq!(me.objects("mine").await, 0);
}

/// What is signed for one region doesn't reach into another ("Accounts and regions don't see each other").
#[tokio::test]
async fn regions_are_strangers_too() {
    let cloud = TestCloud::start().await;
    let here = Caller::new(&cloud, OWNER);
    let there = Caller { region: "eu-west-1", ..here };
    there.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    let topic = there.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let stack = there.form("cloudformation", "CreateStack", &[("StackName", "s"), ("TemplateBody", TEMPLATE)]).await;
    let stack = stack.element("StackId");
    let url = format!("{}/queue/eu-west-1/{OWNER}/q", cloud.endpoint);
    let queue = format!("arn:aws:sqs:eu-west-1:{OWNER}:q");
    there.form("sqs", "SendMessage", &[("QueueUrl", &url), ("MessageBody", "x")]).await.ok();
    for (action, more) in
        [("SendMessage", ("MessageBody", "x")), ("ReceiveMessage", ("a", "b")), ("DeleteQueue", ("a", "b"))]
    {
        let answer = here.form("sqs", action, &[("QueueUrl", &url), more]).await;
        assert_eq!((answer.0, answer.code()), (404, "InvalidAddress"), "{action}: {}", answer.1);
    }
    let redrive = format!(r#"{{"deadLetterTargetArn":"{queue}","maxReceiveCount":1}}"#);
    let source = json!({"QueueName": "source", "Attributes": {"RedrivePolicy": redrive}});
    let answer = here.json("AmazonSQS.CreateQueue", source).await;
    assert!(answer.1.contains("Dead-letter target owner should be same as the source."), "{}", answer.1);
    let refused = [
        ("sqs", "StartMessageMoveTask", ("SourceArn", queue.as_str()), "ResourceNotFoundException"),
        ("sns", "Publish", ("TopicArn", topic.as_str()), "InvalidParameter"),
        ("sns", "DeleteTopic", ("TopicArn", topic.as_str()), "InvalidParameter"),
        ("cloudformation", "DescribeStacks", ("StackName", stack.as_str()), "ValidationError"),
    ];
    for (service, action, parameter, code) in refused {
        let answer = here.form(service, action, &[parameter, ("Message", "x")]).await;
        assert_eq!(answer.code(), code, "{action}: {}", answer.1);
    }
    // "Granting permissions to publish event notification messages to a destination": in the bucket's region.
    here.s3("PUT /mine", &[], "").await.ok();
    let events = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{queue}</Queue><Event>s3:ObjectCreated:*</Event>\
         </QueueConfiguration></NotificationConfiguration>"
    );
    let skip = ("x-amz-skip-destination-validation", "true");
    let answer = here.s3("PUT /mine?notification", &[skip], &events).await;
    assert_eq!((answer.0, answer.code()), (400, "InvalidArgument"), "{}", answer.1);
    assert!(answer.1.contains("The notification destination service region is not valid"), "{}", answer.1);
}

/// Who subscribed his own queue to another account's topic could send its dead letters into any queue of that account.
#[tokio::test]
async fn a_subscriptions_dead_letters_stay_in_its_owners_account() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let topic = owner.form("sns", "CreateTopic", &[("Name", "t")]).await.element("TopicArn");
    let open = allow(json!({"AWS": STRANGER}), "sns:Subscribe", &topic);
    let open = [("TopicArn", topic.as_str()), ("AttributeName", "Policy"), ("AttributeValue", &open)];
    owner.form("sns", "SetTopicAttributes", &open).await.ok();
    owner.json("AmazonSQS.CreateQueue", json!({"QueueName": "closed"})).await.ok();
    stranger.json("AmazonSQS.CreateQueue", json!({"QueueName": "q"})).await.ok();
    let queue = format!("arn:aws:sqs:{REGION}:{STRANGER}:q");
    let policy = |account: &str| format!(r#"{{"deadLetterTargetArn":"arn:aws:sqs:{REGION}:{account}:closed"}}"#);
    let subscribe = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &queue)];
    let subscription = stranger.form("sns", "Subscribe", &subscribe).await.element("SubscriptionArn");
    for (account, expected) in [(OWNER, "InvalidParameter"), (STRANGER, "OK")] {
        let policy = policy(account);
        let set =
            [("SubscriptionArn", &*subscription), ("AttributeName", "RedrivePolicy"), ("AttributeValue", &policy)];
        let answer = stranger.form("sns", "SetSubscriptionAttributes", &set).await;
        assert_eq!(answer.code(), expected, "{account}: {}", answer.1);
    }
}
