//! Everything that a client sizes has a bound: at it a request is taken, beyond it refused with AWS's code, and nobody else
//! notices.

use serde_json::{Value, json};

use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{encoded, form, json, post, send, status, well};

/// How a value of a size is sent.
pub(crate) enum Ask {
    Query(String),
    /// For this service, with a signature that nobody checks.
    Signed(&'static str, String),
    Json(&'static str, Value),
    /// Method and path, head lines, body.
    S3(String, String, String),
}

/// What has a bound: its name, the bound, AWS's code for more, and the request with so much.
pub(crate) type Row = (&'static str, usize, &'static str, fn(usize) -> Ask);

const URL: &str = "http://localhost/000000000000/q";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:t";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

/// A policy of so many bytes: white space counts.
fn policy(bytes: usize, resource: &str) -> String {
    let action = if resource == TOPIC { "sns:Publish" } else { "sqs:SendMessage" };
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource});
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let spaces = " ".repeat(bytes - text.len());
    text + &spaces
}

/// A document of IAM of so many characters that aren't white space.
fn document(characters: usize, trust: bool) -> String {
    let with = |sid: &str| {
        let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": "sts:AssumeRole"});
        match trust {
            true => statement["Principal"] = json!({"Service": "firehose.amazonaws.com"}),
            false => statement["Resource"] = "*".into(),
        }
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    with(&"x".repeat(characters - with("").len()))
}

pub(crate) fn query(version: &str, action: &str, members: &[(&str, String)]) -> Ask {
    let members: String = members.iter().map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    Ask::Query(format!("Version={version}&Action={action}{members}"))
}

fn sqs(attribute: &str, value: String) -> Ask {
    Ask::Json("AmazonSQS.SetQueueAttributes", json!({"QueueUrl": URL, "Attributes": {attribute: value}}))
}

fn sns(action: &str, members: &[(&str, String)]) -> Ask {
    query("2010-03-31", action, members)
}

fn attribute(name: &str, value: String) -> Ask {
    let name = name.to_owned();
    let members = [("TopicArn", TOPIC.into()), ("AttributeName", name), ("AttributeValue", value)];
    sns("SetTopicAttributes", &members)
}

fn iam(action: &str, members: &[(&str, String)]) -> Ask {
    query("2010-05-08", action, members)
}

fn role(more: &[(&str, String)]) -> Ask {
    let mut members = vec![("RoleName", format!("r{}", more[0].1.len())), ("Path", "/sizes/".into())];
    if more.iter().all(|(name, _)| *name != "AssumeRolePolicyDocument") {
        members.push(("AssumeRolePolicyDocument", document(300, true)));
    }
    members.extend(more.iter().cloned());
    iam("CreateRole", &members)
}

/// A role of the stack's own account whose ARN has so many bytes.
fn long_role(bytes: usize) -> String {
    let arn = "arn:aws:iam::000000000000:role/";
    format!("{arn}{}", "r".repeat(bytes - arn.len()))
}

fn stack(more: &[(&str, String)]) -> Ask {
    let template = "Resources: {T: {Type: 'AWS::SNS::Topic'}}".to_owned();
    let mut members = vec![("StackName", format!("s{}", more[0].1.len()))];
    if more[0].0 != "TemplateBody" {
        members.push(("TemplateBody", template));
    }
    members.extend(more.iter().cloned());
    query("2010-05-15", "CreateStack", &members)
}

fn stream(member: &str, value: String) -> Ask {
    let mut destination = json!({"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::bkt"});
    let name = format!("s{}{}", member, value.len());
    destination[member] = value.into();
    let input = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
    Ask::Json("Firehose_20150804.CreateDeliveryStream", input)
}

pub(crate) fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// A website whose texts have so many bytes.
fn website(index: usize, error: usize, prefix: usize) -> Ask {
    let text = |bytes| "w".repeat(bytes);
    let rule = format!(
        "<RoutingRule><Condition><KeyPrefixEquals>{}</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName></Redirect>\
         </RoutingRule>",
        text(prefix)
    );
    let (index, error) = (text(index), text(error));
    let body = format!(
        "<WebsiteConfiguration><IndexDocument><Suffix>{index}</Suffix></IndexDocument><ErrorDocument><Key>{error}</Key>\
         </ErrorDocument><RoutingRules>{rule}</RoutingRules></WebsiteConfiguration>"
    );
    bucket("website", "", body)
}

pub(crate) fn bucket(configuration: &str, head: &str, body: String) -> Ask {
    Ask::S3(format!("PUT /bkt?{configuration}"), head.to_owned(), body)
}

fn parameter(name: String, bytes: usize) -> Ask {
    let value = "v".repeat(bytes);
    let input = json!({"Name": name, "Value": value, "Type": "String", "Tier": "Advanced", "Overwrite": true});
    Ask::Json("AmazonSSM.PutParameter", input)
}

const ROWS: &[Row] = &[
    ("a queue's policy", 8_192, "InvalidAttributeValue", |n| sqs("Policy", policy(n, QUEUE))),
    ("statements of a queue's policy", 20, "InvalidAttributeValue", |n| {
        let one = json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"});
        sqs("Policy", json!({"Version": "2012-10-17", "Statement": vec![one; n]}).to_string())
    }),
    ("a queue's key", 2_048, "InvalidAttributeValue", |n| sqs("KmsMasterKeyId", "k".repeat(n))),
    ("tags of a new queue", 50, "InvalidParameterValue", |n| {
        let tags: serde_json::Map<String, Value> = (0..n).map(|n| (format!("k{n}"), "v".into())).collect();
        Ask::Json("AmazonSQS.CreateQueue", json!({"QueueName": format!("tagged{n}"), "tags": tags}))
    }),
    ("a queue's tag", 256, "InvalidParameterValue", |n| {
        Ask::Json("AmazonSQS.TagQueue", json!({"QueueUrl": URL, "Tags": {"k": "v".repeat(n)}}))
    }),
    ("a message", 1_048_576, "InvalidParameterValue", |n| {
        Ask::Json("AmazonSQS.SendMessage", json!({"QueueUrl": URL, "MessageBody": "m".repeat(n)}))
    }),
    ("an attempt's id", 128, "InvalidParameterValue", |n| {
        let url = format!("{URL}.fifo");
        Ask::Json("AmazonSQS.ReceiveMessage", json!({"QueueUrl": url, "ReceiveRequestAttemptId": "a".repeat(n)}))
    }),
    ("a topic's policy", 30_720, "InvalidParameter", |n| attribute("Policy", policy(n, TOPIC))),
    ("a topic's key", 30_720, "InvalidParameter", |n| attribute("KmsMasterKeyId", "k".repeat(n))),
    ("a topic's name for people", 100, "InvalidParameter", |n| attribute("DisplayName", "d".repeat(n))),
    ("a filter policy", 262_144, "InvalidParameter", |n| {
        let members = [("TopicArn", TOPIC.into()), ("Protocol", "sqs".into()), ("Endpoint", format!("{QUEUE}{n}"))];
        let filter = format!("{{\"a\":[\"b\"]}}{}", " ".repeat(n - 11));
        let more = [("Attributes.entry.1.key", "FilterPolicy".to_owned()), ("Attributes.entry.1.value", filter)];
        sns("Subscribe", &[&members[..], &more[..]].concat())
    }),
    ("a data protection policy", 30_720, "InvalidParameter", |n| {
        let policy = format!("{{\"Statement\":[]}}{}", " ".repeat(n - 16));
        sns("PutDataProtectionPolicy", &[("ResourceArn", TOPIC.into()), ("DataProtectionPolicy", policy)])
    }),
    ("an application's secret", 30_720, "InvalidParameter", |n| {
        let members = [("Name", format!("a{n}")), ("Platform", "GCM".into())];
        let more =
            [("Attributes.entry.1.key", "PlatformCredential".into()), ("Attributes.entry.1.value", "s".repeat(n))];
        sns("CreatePlatformApplication", &[&members[..], &more[..]].concat())
    }),
    ("a trust policy", 2_048, "LimitExceeded", |n| role(&[("AssumeRolePolicyDocument", document(n, true))])),
    ("a role's description", 1_000, "ValidationError", |n| role(&[("Description", "d".repeat(n))])),
    ("a role's tag", 256, "ValidationError", |n| {
        role(&[("Tags.member.1.Value", "v".repeat(n)), ("Tags.member.1.Key", "k".into())])
    }),
    ("a managed policy", 6_144, "LimitExceeded", |n| {
        iam("CreatePolicy", &[("PolicyName", format!("p{n}")), ("PolicyDocument", document(n, false))])
    }),
    ("a role's policies", 10_240, "LimitExceeded", |n| {
        let members = [("RoleName", "r".into()), ("PolicyName", "p".into()), ("PolicyDocument", document(n, false))];
        iam("PutRolePolicy", &members)
    }),
    ("a template in a request", 51_200, "ValidationError", |n| {
        let template = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\n#";
        stack(&[("TemplateBody", format!("{template}{}", "c".repeat(n - template.len())))])
    }),
    ("a stack's tag", 256, "ValidationError", |n| {
        stack(&[("Tags.member.1.Value", "v".repeat(n)), ("Tags.member.1.Key", "k".into())])
    }),
    ("a stack's policy", 16_384, "ValidationError", |n| {
        stack(&[("StackPolicyBody", format!("{{{}}}", " ".repeat(n - 2)))])
    }),
    ("a request's token", 128, "ValidationError", |n| stack(&[("ClientRequestToken", "t".repeat(n))])),
    ("a stack's role", 2_048, "ValidationError", |n| stack(&[("RoleARN", long_role(n))])),
    ("a stack's name", 128, "ValidationError", |n| {
        let members =
            [("StackName", "s".repeat(n)), ("TemplateBody", "Resources: {T: {Type: 'AWS::SNS::Topic'}}".into())];
        query("2010-05-15", "CreateStack", &members)
    }),
    ("a stream's prefix", 1_024, "ValidationException", |n| stream("Prefix", "p".repeat(n))),
    ("a stream's role", 512, "ValidationException", |n| {
        let begin = "arn:aws:iam::000000000000:role/";
        stream("RoleARN", format!("{begin}{}", "r".repeat(n - begin.len())))
    }),
    ("a bucket's policy", 20_480, "", |n| {
        let statement =
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bkt/*"});
        let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        bucket("policy", "", format!("{text}{}", " ".repeat(n - text.len())))
    }),
    ("rules of a bucket's CORS", 100, "InvalidRequest", |n| {
        let rule = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>";
        bucket("cors", "", format!("<CORSConfiguration>{}</CORSConfiguration>", rule.repeat(n)))
    }),
    ("notifications of a bucket", 100, "InvalidArgument", |n| {
        let rule = |number: usize| {
            format!(
                "<QueueConfiguration><Queue>{QUEUE}</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule>\
                 <Name>prefix</Name><Value>p{number:03}</Value></FilterRule></S3Key></Filter></QueueConfiguration>"
            )
        };
        let body = format!("<NotificationConfiguration>{}</NotificationConfiguration>", numbered(n, rule));
        bucket("notification", "x-amz-skip-destination-validation: true\r\n", body)
    }),
    ("origins of a bucket's CORS", 64 * 1_024 - 3, "MaxMessageLengthExceeded", |n| {
        let origins = format!("<AllowedOrigin>{}</AllowedOrigin>", "o".repeat(1_000)).repeat(n / 1_000);
        let last = format!("<AllowedOrigin>{}</AllowedOrigin>", "o".repeat(n % 1_000));
        let rule = format!("<CORSRule><AllowedMethod>GET</AllowedMethod>{origins}{last}</CORSRule>");
        bucket("cors", "", format!("<CORSConfiguration>{rule}</CORSConfiguration>"))
    }),
    ("the ID of a CORS rule", 255, "InvalidRequest", |n| {
        let rule =
            format!("<ID>{}</ID><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>", "i".repeat(n));
        bucket("cors", "", format!("<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>"))
    }),
    ("a website's index", 1_024, "InvalidArgument", |n| website(n, 1, 1)),
    ("a website's page of errors", 1_024, "InvalidArgument", |n| website(1, n, 1)),
    ("a website's routing", 1_024, "InvalidRequest", |n| website(1, 1, n)),
    ("a lifecycle's prefix", 1_024, "InvalidRequest", |n| {
        let rule = format!(
            "<Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>{}</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>",
            "p".repeat(n)
        );
        bucket("lifecycle", "", format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>"))
    }),
    ("an object's redirection", 2_048, "InvalidRedirectLocation", |n| {
        let head = format!("x-amz-website-redirect-location: /{}\r\n", "l".repeat(n - 1));
        Ask::S3("PUT /bkt/k".into(), head, String::new())
    }),
    ("an object's headers", 8_192, "RequestHeaderSectionTooLarge", |n| {
        // Host, Connection and Content-Length have 43 bytes.
        Ask::S3("PUT /bkt/k".into(), format!("Cache-Control: {}\r\n", "c".repeat(n - 43 - 13)), String::new())
    }),
    ("a message's trace", 1_024, "InvalidParameterValue", |n| {
        let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "t".repeat(n)}});
        let input = json!({"QueueUrl": URL, "MessageBody": "m", "MessageSystemAttributes": trace});
        Ask::Json("AmazonSQS.SendMessage", input)
    }),
    ("tags of a bucket", 50, "BadRequest", |n| {
        let tags = numbered(n, |number| format!("<Tag><Key>k{number}</Key><Value>v</Value></Tag>"));
        bucket("tagging", "", format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"))
    }),
    ("an object's metadata", 2_048, "MetadataTooLarge", |n| {
        Ask::S3("PUT /bkt/k".into(), format!("x-amz-meta-a: {}\r\n", "m".repeat(n - 1)), String::new())
    }),
    ("an object's key", 1_024, "KeyTooLongError", |n| {
        Ask::S3(format!("PUT /bkt/{}", "k".repeat(n)), String::new(), String::new())
    }),
    ("a parameter's name", 1_011, "ValidationException", |n| parameter("n".repeat(n), 1)),
    ("a parameter's value", 8_192, "ValidationException", |n| parameter("value".to_owned(), n)),
    ("a repository's name", 256, "InvalidParameterException", |n| {
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.CreateRepository", json!({"repositoryName": "r".repeat(n)}))
    }),
    ("tags of a repository", 50, "TooManyTagsException", |n| {
        let tags: Vec<Value> = (0..n).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
        let input = json!({"repositoryName": format!("tagged{n}"), "tags": tags});
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.CreateRepository", input)
    }),
    ("a repository's policy", 10_240, "InvalidParameterException", |n| {
        let input = json!({"repositoryName": "tagged50", "policyText": policy(n, "*")});
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.SetRepositoryPolicy", input)
    }),
    ("a repository's lifecycle policy", 30_720, "InvalidParameterException", |n| {
        let selection = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1});
        let rule = json!({"rulePriority": 1, "selection": selection, "action": {"type": "expire"}});
        let text = json!({"rules": [rule]}).to_string();
        let spaces = " ".repeat(n - text.len());
        let input = json!({"repositoryName": "tagged50", "lifecyclePolicyText": text + &spaces});
        Ask::Json("AmazonEC2ContainerRegistry_V20150921.PutLifecyclePolicy", input)
    }),
    ("a key's description", 8_192, "ValidationException", |n| {
        Ask::Json("TrentService.CreateKey", json!({"Description": "d".repeat(n)}))
    }),
    ("a key's policy", 32_768, "LimitExceededException", |n| {
        Ask::Json("TrentService.CreateKey", json!({"Policy": policy(n, "*")}))
    }),
    ("tags of a key", 50, "LimitExceededException", |n| {
        let tags: Vec<Value> = (0..n).map(|n| json!({"TagKey": format!("k{n}"), "TagValue": "v"})).collect();
        Ask::Json("TrentService.CreateKey", json!({"Tags": tags}))
    }),
];

pub(crate) async fn ask(cloud: &TestCloud, ask: Ask) -> String {
    match ask {
        Ask::Query(body) => form(cloud, &body).await,
        Ask::Signed(service, body) => {
            let head = format!(
                "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 \
                 Credential=test/20260314/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            );
            post(cloud, "/", &head, body.as_bytes()).await
        }
        Ask::Json(target, body) => json(cloud, target, body.to_string().as_bytes()).await,
        Ask::S3(line, head, body) => {
            let length = body.len();
            let request = format!(
                "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
            );
            send(cloud, request.as_bytes()).await
        }
    }
}

#[tokio::test]
async fn what_a_client_sizes_has_a_bound() {
    let cloud = TestCloud::start().await;
    crate::helpers::queues::queue(&cloud.sqs(), "q", &[]).await;
    crate::helpers::queues::queue(&cloud.sqs(), "q.fifo", &[("FifoQueue".into(), "true")]).await;
    cloud.sns().create_topic().name("t").send().await.unwrap();
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    let made =
        ask(&cloud, iam("CreateRole", &[("RoleName", "r".into()), ("AssumeRolePolicyDocument", document(300, true))]));
    assert_eq!(status(&made.await), "200");
    let wrong = bounded(&cloud, ROWS).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What of the rows isn't so.
pub(crate) async fn bounded(cloud: &TestCloud, rows: &[Row]) -> Vec<String> {
    let other = crate::helpers::queues::queue(&cloud.sqs(), "other", &[]).await;
    let mut wrong = Vec::new();
    for (what, bound, code, request) in rows {
        let taken = ask(cloud, request(*bound)).await;
        if !matches!(status(&taken), "200" | "202" | "204") {
            wrong.push(format!("{what} of {bound}: {}", &taken[taken.len().saturating_sub(500)..]));
        }
        let refused = ask(cloud, request(bound + 1)).await;
        if !(status(&refused).starts_with('4') && refused.contains(code)) {
            wrong.push(format!("{what} beyond {bound}: {}", &refused[refused.len().saturating_sub(500)..]));
        }
        well(cloud, what).await;
        cloud.sqs().send_message().queue_url(&other).message_body(*what).send().await.unwrap();
    }
    wrong
}

/// Documents that are too long were the server's own fault, and so clients sent them again.
#[tokio::test]
async fn a_document_that_is_too_long_is_the_clients_fault() {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    for line in ["PUT /bkt?tagging", "POST /bkt?delete", "PUT /bkt?cors"] {
        let answer = ask(&cloud, Ask::S3(line.to_owned(), String::new(), " ".repeat((20 << 20) + 1))).await;
        assert_eq!(status(&answer), "400", "{line}: {answer}");
        assert!(answer.contains("<Code>MaxMessageLengthExceeded</Code>"), "{line}: {answer}");
        well(&cloud, line).await;
    }
}

/// A header of 120 KB lay in every message.
#[tokio::test]
async fn a_trace_that_is_none_is_not_kept() {
    let cloud = TestCloud::start().await;
    let queue = crate::helpers::queues::queue(&cloud.sqs(), "q", &[]).await;
    for (length, kept) in [(200, true), (100_000, false)] {
        let body = json!({"QueueUrl": queue, "MessageBody": "m"}).to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: \
             AmazonSQS.SendMessage\r\nX-Amzn-Trace-Id: {}\r\nContent-Length: {}\r\n\r\n{body}",
            "t".repeat(length),
            body.len()
        );
        assert_eq!(status(&send(&cloud, request.as_bytes()).await), "200");
        let name = aws_sdk_sqs::types::MessageSystemAttributeName::All;
        let received = cloud.sqs().receive_message().queue_url(&queue).message_system_attribute_names(name);
        let message = received.send().await.unwrap().messages.unwrap().remove(0);
        let attributes = message.attributes.unwrap_or_default();
        let trace = aws_sdk_sqs::types::MessageSystemAttributeName::AwsTraceHeader;
        assert_eq!(attributes.contains_key(&trace), kept, "{length}");
    }
}
