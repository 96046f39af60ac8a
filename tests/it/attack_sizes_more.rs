//! The same of sessions, lifecycle rules, keys of customers, archives, queries, logs, parameters, keys and their like.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::attack_sizes::{Ask, Row, ask, bounded, bucket, numbered, query};
use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::status;

const GROUP: &str = "/sizes";

/// AssumeRole of a role that lets everybody in, with these members.
fn assume(members: &[(&str, String)]) -> Ask {
    let mut all = vec![("RoleArn", "arn:aws:iam::000000000000:role/open".to_owned())];
    if members.iter().all(|(name, _)| *name != "RoleSessionName") {
        all.push(("RoleSessionName", "me".to_owned()));
    }
    all.extend(members.iter().cloned());
    sts("AssumeRole", &all)
}

fn sts(action: &str, members: &[(&str, String)]) -> Ask {
    let Ask::Query(body) = query("2011-06-15", action, members) else { unreachable!() };
    Ask::Signed("sts", body)
}

/// AssumeRole with so many tags, of which the first `handed` are handed on.
fn tagged(count: usize, handed: usize, value: &str) -> Ask {
    let names: Vec<[String; 3]> = (1..=count.max(handed))
        .map(|n| {
            [format!("Tags.member.{n}.Key"), format!("Tags.member.{n}.Value"), format!("TransitiveTagKeys.member.{n}")]
        })
        .collect();
    let mut members: Vec<(&str, String)> = Vec::new();
    for (n, [key, worth, transitive]) in names.iter().enumerate() {
        if n < count {
            members.push((key, format!("k{n}")));
            members.push((worth, value.to_owned()));
        }
        if n < handed {
            members.push((transitive, format!("k{}", n.min(count - 1))));
        }
    }
    assume(&members)
}

fn lifecycle(rules: &str) -> Ask {
    bucket("lifecycle", "", format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>"))
}

fn rule(id: &str, filter: &str, actions: &str) -> String {
    format!("<Rule><ID>{id}</ID><Status>Enabled</Status><Filter>{filter}</Filter>{actions}</Rule>")
}

const EXPIRE: &str = "<Expiration><Days>1</Days></Expiration>";

/// Transitions to the classes there are, and beyond them to the coldest again.
fn transitions(count: usize, when: impl Fn(usize) -> String) -> String {
    const CLASSES: [&str; 6] =
        ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
    numbered(count, |n| {
        let class = CLASSES[n.min(CLASSES.len() - 1)];
        format!("<Transition>{}<StorageClass>{class}</StorageClass></Transition>", when(n))
    })
}

/// A PUT of an object with a key of so many bytes.
fn keyed(bytes: usize) -> Ask {
    // The MD5 of 32 sevens.
    let head = format!(
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\nx-amz-server-side-encryption-customer-key: {}\r\n\
         x-amz-server-side-encryption-customer-key-md5: y4HAEFCYWuvAXWFTtA1Qpg==\r\n",
        BASE64_STANDARD.encode(vec![7; bytes])
    );
    Ask::S3("PUT /bkt/keyed".into(), head, String::new())
}

/// A restoration in a document of so many bytes.
fn restore(bytes: usize) -> Ask {
    let document = "<RestoreRequest><Days>1</Days></RestoreRequest>";
    let body = document.to_owned() + &" ".repeat(bytes - document.len());
    Ask::S3("POST /bkt/cold?restore".into(), String::new(), body)
}

/// A stream with a query.
fn partitioned(name: &str, query: &str) -> Ask {
    let parameters = json!([
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": query},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]);
    let destination = json!({
        "RoleARN": "arn:aws:iam::000000000000:role/r",
        "BucketARN": "arn:aws:s3:::bkt",
        "Prefix": "!{partitionKeyFromQuery:k}/",
        "ErrorOutputPrefix": "wrong/",
        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
        "DynamicPartitioningConfiguration": {"Enabled": true},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "MetadataExtraction", "Parameters": parameters}]},
    });
    let input = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
    Ask::Json("Firehose_20150804.CreateDeliveryStream", input)
}

/// Events of so many bytes each.
fn events(count: usize, bytes: usize) -> Ask {
    let event = json!({"timestamp": crate::helpers::cloud::LATE_EVENING, "message": "e".repeat(bytes)});
    let input = json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": vec![event; count]});
    Ask::Json("Logs_20140328.PutLogEvents", input)
}

fn tags_of(count: usize) -> serde_json::Map<String, Value> {
    (0..count).map(|n| (format!("k{n}"), "v".into())).collect()
}

fn listed_tags(count: usize, key: &str, value: &str) -> Vec<Value> {
    (0..count).map(|n| json!({key: format!("k{n}"), value: "v"})).collect()
}

fn parameter(name: &str, more: &Value) -> Ask {
    let mut input = json!({"Name": name, "Value": "v", "Type": "String"});
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    Ask::Json("AmazonSSM.PutParameter", input)
}

/// Each bound is AWS's, but for those that say so.
const ROWS: &[Row] = &[
    ("tags of a session", 50, "ValidationError", |n| tagged(n, 0, "v")),
    ("keys that a session hands on", 50, "ValidationError", |n| tagged(50, n, "v")),
    ("a session's tag", 256, "ValidationError", |n| tagged(1, 0, &"v".repeat(n))),
    ("the key of a session's tag", 128, "ValidationError", |n| {
        assume(&[("Tags.member.1.Key", "k".repeat(n)), ("Tags.member.1.Value", "v".into())])
    }),
    // Ours: AWS doesn't say how much its packet takes.
    ("all tags of a session", 4_096, "PackedPolicyTooLarge", |n| {
        let names: Vec<[String; 2]> =
            (1..=18).map(|n| [format!("Tags.member.{n}.Key"), format!("Tags.member.{n}.Value")]).collect();
        let mut left = n;
        let mut members = Vec::new();
        for (at, [key, value]) in names.iter().enumerate() {
            let name = format!("k{at:02}");
            let bytes = (left - name.len()).min(238);
            left -= name.len() + bytes;
            members.push((key.as_str(), name));
            members.push((value.as_str(), "v".repeat(bytes)));
            if left == 0 {
                break;
            }
        }
        assume(&members)
    }),
    ("a session's name", 64, "ValidationError", |n| assume(&[("RoleSessionName", "n".repeat(n))])),
    ("an external id", 1_224, "ValidationError", |n| assume(&[("ExternalId", "e".repeat(n))])),
    ("a source identity", 256, "ValidationError", |n| assume(&[("SourceIdentity", "i".repeat(n))])),
    ("rules of a lifecycle", 1_000, "MalformedXML", |n| {
        lifecycle(&numbered(n, |n| rule(&format!("r{n}"), &format!("<Prefix>{n}/</Prefix>"), EXPIRE)))
    }),
    ("the ID of a lifecycle rule", 255, "InvalidArgument", |n| {
        lifecycle(&rule(&"i".repeat(n), "<Prefix></Prefix>", EXPIRE))
    }),
    ("transitions by days", 6, "InvalidRequest", |n| {
        lifecycle(&rule("r", "<Prefix></Prefix>", &transitions(n, |n| format!("<Days>{}</Days>", 30 * (n + 1)))))
    }),
    ("transitions by date", 6, "InvalidRequest", |n| {
        lifecycle(&rule("r", "<Prefix></Prefix>", &transitions(n, |_| "<Date>2030-01-01T00:00:00Z</Date>".into())))
    }),
    ("noncurrent versions that a transition keeps", 100, "MalformedXML", |n| {
        let action = format!(
            "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>{n}</NewerNoncurrentVersions>\
             <StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>"
        );
        lifecycle(&rule("r", "<Prefix></Prefix>", &action))
    }),
    ("a customer's key", 32, "InvalidArgument", keyed),
    ("the document of a restoration", 20 << 20, "MaxMessageLengthExceeded", restore),
    ("tags of an object", 10, "BadRequest", |n| {
        let tags = (0..n).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        Ask::S3("PUT /bkt/tagged".into(), format!("x-amz-tagging: {tags}\r\n"), String::new())
    }),
    ("an object's tag", 256, "InvalidTag", |n| {
        Ask::S3("PUT /bkt/tagged".into(), format!("x-amz-tagging: k={}\r\n", "v".repeat(n)), String::new())
    }),
    ("keys that are deleted at once", 1_000, "MalformedXML", |n| {
        let keys = numbered(n, |n| format!("<Object><Key>gone{n}</Key></Object>"));
        let body = format!("<Delete><Quiet>true</Quiet>{keys}</Delete>");
        let sum = BASE64_STANDARD.encode(Sha256::digest(body.as_bytes()));
        Ask::S3("POST /bkt?delete".into(), format!("x-amz-checksum-sha256: {sum}\r\n"), body)
    }),
    ("routing rules of a website", 50, "InvalidRequest", |n| {
        let rule = |n: usize| {
            format!(
                "<RoutingRule><Condition><KeyPrefixEquals>{n}</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName></Redirect>\
                 </RoutingRule>"
            )
        };
        let rules = numbered(n, rule);
        let body = format!(
            "<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument><RoutingRules>{rules}</RoutingRules>\
             </WebsiteConfiguration>"
        );
        bucket("website", "", body)
    }),
    ("grants of who reads access logs", 100, "MalformedACLError", |n| {
        let grant = format!(
            "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{}</ID></Grantee>\
             <Permission>READ</Permission></Grant>",
            "a".repeat(64)
        );
        let body = format!(
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>bkt</TargetBucket><TargetPrefix>p</TargetPrefix><TargetGrants>{}\
             </TargetGrants></LoggingEnabled></BucketLoggingStatus>",
            grant.repeat(n)
        );
        bucket("logging", "", body)
    }),
    ("the id of a metrics configuration", 64, "InvalidArgument", |n| {
        let id = "i".repeat(n);
        bucket(&format!("metrics&id={id}"), "", format!("<MetricsConfiguration><Id>{id}</Id></MetricsConfiguration>"))
    }),
    ("a bucket's name", 63, "InvalidBucketName", |n| {
        Ask::S3(format!("PUT /{}", "b".repeat(n)), String::new(), String::new())
    }),
    ("a jq query", 5_120, "ValidationException", |n| {
        partitioned(&format!("long{n}"), &format!("{{k:.a}}{}", " ".repeat(n - 6)))
    }),
    ("a record", 1_024_000, "ValidationException", |n| {
        let record = json!({"Data": BASE64_STANDARD.encode(vec![b'r'; n])});
        Ask::Json("Firehose_20150804.PutRecord", json!({"DeliveryStreamName": "plain", "Record": record}))
    }),
    ("records of a batch", 500, "ValidationException", |n| {
        let records = vec![json!({"Data": "eA=="}); n];
        Ask::Json("Firehose_20150804.PutRecordBatch", json!({"DeliveryStreamName": "plain", "Records": records}))
    }),
    ("a stream's name", 64, "ValidationException", |n| {
        let name = "n".repeat(n);
        let destination = json!({"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::bkt"});
        let input = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
        Ask::Json("Firehose_20150804.CreateDeliveryStream", input)
    }),
    ("tags of a stream", 50, "ValidationException", |n| {
        let input = json!({"DeliveryStreamName": "plain", "Tags": listed_tags(n, "Key", "Value")});
        Ask::Json("Firehose_20150804.TagDeliveryStream", input)
    }),
    ("a log group's name", 512, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.CreateLogGroup", json!({"logGroupName": "g".repeat(n)}))
    }),
    ("a log stream's name", 512, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.CreateLogStream", json!({"logGroupName": GROUP, "logStreamName": "s".repeat(n)}))
    }),
    ("tags of a log group", 50, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.CreateLogGroup", json!({"logGroupName": format!("tagged{n}"), "tags": tags_of(n)}))
    }),
    ("tags that a log group gets", 50, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.TagLogGroup", json!({"logGroupName": GROUP, "tags": tags_of(n)}))
    }),
    ("a log group's key", 256, "InvalidParameterException", |n| {
        let input = json!({"logGroupName": format!("keyed{n}"), "kmsKeyId": "k".repeat(n)});
        Ask::Json("Logs_20140328.CreateLogGroup", input)
    }),
    ("log events of a batch", 10_000, "InvalidParameterException", |n| events(n, 1)),
    // AWS counts 26 bytes for each event besides.
    ("bytes of a batch of log events", 1_048_576 - 26, "InvalidParameterException", |n| events(1, n)),
    ("a pattern of log events", 1_024, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.FilterLogEvents", json!({"logGroupName": GROUP, "filterPattern": "p".repeat(n)}))
    }),
    ("streams that are looked through", 100, "InvalidParameterException", |n| {
        Ask::Json("Logs_20140328.FilterLogEvents", json!({"logGroupName": GROUP, "logStreamNames": vec!["s"; n]}))
    }),
    ("a standard parameter's value", 4_096, "ValidationException", |n| {
        parameter("standard", &json!({"Value": "v".repeat(n), "Overwrite": true}))
    }),
    ("a parameter's description", 1_024, "ValidationException", |n| {
        parameter("described", &json!({"Description": "d".repeat(n), "Overwrite": true}))
    }),
    ("a parameter's pattern", 1_024, "ValidationException", |n| {
        parameter("patterned", &json!({"AllowedPattern": format!("v|{}", "b".repeat(n - 2)), "Overwrite": true}))
    }),
    ("tags of a parameter", 50, "TooManyTagsError", |n| {
        parameter(&format!("tagged{n}"), &json!({"Tags": listed_tags(n, "Key", "Value")}))
    }),
    ("levels of a parameter's name", 15, "HierarchyLevelLimitExceededException", |n| {
        parameter(&"/l".repeat(n), &json!({"Overwrite": true}))
    }),
    ("labels of a parameter's version", 10, "ValidationException", |n| {
        let labels: Vec<String> = (0..n).map(|n| format!("l{n}")).collect();
        Ask::Json("AmazonSSM.LabelParameterVersion", json!({"Name": "standard", "Labels": labels}))
    }),
    ("parameters that are asked for", 10, "ValidationException", |n| {
        let names: Vec<String> = (0..n).map(|n| format!("p{n}")).collect();
        Ask::Json("AmazonSSM.GetParameters", json!({"Names": names}))
    }),
    ("a key's tag", 256, "ValidationException", |n| {
        Ask::Json("TrentService.CreateKey", json!({"Tags": [{"TagKey": "k", "TagValue": "v".repeat(n)}]}))
    }),
    ("messages that are sent at once", 10, "TooManyEntriesInBatchRequest", |n| {
        let entries: Vec<Value> = (0..n).map(|n| json!({"Id": n.to_string(), "MessageBody": "m"})).collect();
        let url = "http://localhost/000000000000/q";
        Ask::Json("AmazonSQS.SendMessageBatch", json!({"QueueUrl": url, "Entries": entries}))
    }),
    ("attributes of a message", 10, "InvalidParameterValue", |n| {
        let attributes: serde_json::Map<String, Value> =
            (0..n).map(|n| (format!("a{n}"), json!({"DataType": "String", "StringValue": "v"}))).collect();
        let url = "http://localhost/000000000000/q";
        Ask::Json(
            "AmazonSQS.SendMessage",
            json!({"QueueUrl": url, "MessageBody": "m", "MessageAttributes": attributes}),
        )
    }),
    ("a queue's name", 80, "InvalidParameterValue", |n| {
        Ask::Json("AmazonSQS.CreateQueue", json!({"QueueName": "q".repeat(n)}))
    }),
    ("a topic's name", 256, "InvalidParameter", |n| query("2010-03-31", "CreateTopic", &[("Name", "t".repeat(n))])),
    ("a subject", 100, "InvalidParameter", |n| {
        let members = [("TopicArn", "arn:aws:sns:us-east-1:000000000000:t".into()), ("Message", "m".into())];
        query("2010-03-31", "Publish", &[&members[..], &[("Subject", "s".repeat(n))]].concat())
    }),
    ("a published message", 262_144, "InvalidParameter", |n| {
        let members = [("TopicArn", "arn:aws:sns:us-east-1:000000000000:t".into()), ("Message", "m".repeat(n))];
        query("2010-03-31", "Publish", &members)
    }),
    ("a role's name", 64, "ValidationError", |n| named_role(&"r".repeat(n), "/")),
    ("a role's path", 512, "ValidationError", |n| named_role(&format!("p{n}"), &format!("/{}/", "p".repeat(n - 2)))),
];

fn named_role(name: &str, path: &str) -> Ask {
    let members = [("RoleName", name.to_owned()), ("Path", path.to_owned()), ("AssumeRolePolicyDocument", trust(&[]))];
    query("2010-05-08", "CreateRole", &members)
}

/// A trust policy that lets everybody do this besides.
fn trust(more: &[&str]) -> String {
    let actions: Vec<&str> = [&["sts:AssumeRole"], more].concat();
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// Each tag of a rule's filter was compared with all others: a document that is taken in full kept a thread for minutes.
#[tokio::test]
async fn a_filter_of_many_tags_is_refused_at_once() {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    let tags = numbered(200_000, |n| format!("<Tag><Key>{n}</Key><Value>v</Value></Tag>"));
    let request = lifecycle(&rule("r", &format!("<And>{tags}</And>"), EXPIRE));
    let answer = ask(&cloud, request).await;
    assert!(answer.contains("The configurations of the bucket are too large."), "{answer}");
}

/// A rule had as many transitions by date as fit into its document.
#[tokio::test]
async fn what_a_client_sizes_in_younger_services_has_a_bound() {
    let cloud = TestCloud::start().await;
    crate::helpers::queues::queue(&cloud.sqs(), "q", &[]).await;
    cloud.sns().create_topic().name("t").send().await.unwrap();
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    let cold = cloud.s3().put_object().bucket("bkt").key("cold").storage_class("GLACIER".into());
    cold.send().await.unwrap();
    let open = [
        ("RoleName", "open".to_owned()),
        ("AssumeRolePolicyDocument", trust(&["sts:TagSession", "sts:SetSourceIdentity"])),
    ];
    let plain = json!({"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::bkt"});
    let made = [
        query("2010-05-08", "CreateRole", &open),
        Ask::Json(
            "Firehose_20150804.CreateDeliveryStream",
            json!({"DeliveryStreamName": "plain", "ExtendedS3DestinationConfiguration": plain}),
        ),
        Ask::Json("Logs_20140328.CreateLogGroup", json!({"logGroupName": GROUP})),
        Ask::Json("Logs_20140328.CreateLogStream", json!({"logGroupName": GROUP, "logStreamName": "s"})),
    ];
    for made in made {
        let answer = ask(&cloud, made).await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let mut wrong = bounded(&cloud, ROWS).await;
    // A key of 31 bytes is none either.
    let short = ask(&cloud, keyed(31)).await;
    if !short.contains("InvalidArgument") {
        wrong.push(short);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What of sessions isn't simulated is refused by name, whatever its size: nothing of it is kept.
#[tokio::test]
async fn policies_of_sessions_are_refused_by_name() {
    let cloud = TestCloud::start().await;
    for bytes in [1, 2_048, 500_000] {
        let text = "p".repeat(bytes);
        let asks = [
            assume(&[("Policy", text.clone())]),
            assume(&[("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned())]),
            sts("AssumeRoleWithWebIdentity", &[("WebIdentityToken", text.clone())]),
            sts("GetFederationToken", &[("Name", "bob".to_owned()), ("Policy", text)]),
        ];
        for refused in asks {
            let answer = ask(&cloud, refused).await;
            assert!(status(&answer) == "501" && answer.contains("<Code>NotImplemented</Code>"), "{bytes}: {answer}");
        }
    }
}

/// As many days as a number holds end with the last day that there is a name for.
#[tokio::test]
async fn a_restoration_ends_with_the_year_9999() {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    cloud.s3().put_object().bucket("bkt").key("cold").storage_class("GLACIER".into()).send().await.unwrap();
    for (days, expected) in [("2147483647", "202"), ("2147483648", "400"), ("0", "400"), ("-1", "400")] {
        let document = format!("<RestoreRequest><Days>{days}</Days></RestoreRequest>");
        let answer = ask(&cloud, Ask::S3("POST /bkt/cold?restore".into(), String::new(), document)).await;
        assert_eq!(status(&answer), expected, "{days}: {answer}");
    }
    let head = cloud.s3().head_object().bucket("bkt").key("cold").send().await.unwrap();
    assert!(head.restore().is_some_and(|restore| restore.contains("Dec 9999")), "{head:?}");
}
