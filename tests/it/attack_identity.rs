//! One identity per request: what was verified decides account, region and service, in every way in, whichever parameter,
//! header or scheme says otherwise.

use crate::helpers::signed::{A, Ask, B, D, Guarded, Key, element, send, status};

/// A call of each service whose answer names the account it was done in.
fn calls() -> [(&'static str, Ask); 8] {
    let stream = r#"{"DeliveryStreamName":"s","ExtendedS3DestinationConfiguration":{"RoleARN":
        "arn:aws:iam::111111111111:role/r","BucketARN":"arn:aws:s3:::b"}}"#;
    [
        ("sqs", Ask::form("Action=CreateQueue&Version=2012-11-05&QueueName=q")),
        ("sns", Ask::form("Action=CreateTopic&Version=2010-03-31&Name=t")),
        (
            "cloudformation",
            Ask::form(
                "Action=CreateChangeSet&Version=2010-05-15&StackName=s&ChangeSetName=c&ChangeSetType=CREATE&TemplateBody=Resources%3A%20%7BT%3A%20%7BType%3A%20AWS%3A%3ASNS%3A%3ATopic%7D%7D",
            ),
        ),
        (
            "iam",
            Ask::form(
                "Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D",
            ),
        ),
        ("sts", Ask::form("Action=GetCallerIdentity&Version=2011-06-15")),
        ("firehose", Ask::json("Firehose_20150804.CreateDeliveryStream", stream)),
        ("kms", Ask::json("TrentService.CreateKey", "{}")),
        ("ecr", Ask::json("AmazonEC2ContainerRegistry_V20150921.CreateRepository", r#"{"repositoryName": "rr"}"#)),
    ]
}

/// And of the services whose answers don't.
fn all_calls() -> Vec<(&'static str, Ask)> {
    let parameter = r#"{"Name": "p", "Value": "v", "Type": "String"}"#;
    let others = [
        ("logs", Ask::json("Logs_20140328.CreateLogGroup", r#"{"logGroupName": "g"}"#)),
        ("ssm", Ask::json("AmazonSSM.PutParameter", parameter)),
    ];
    calls().into_iter().chain(others).collect()
}

/// Whether an answer is AWS's refusal of a claim, or of a signature that doesn't hold any more.
fn refused(answer: &str) -> bool {
    let codes =
        ["IncompleteSignature", "SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken"];
    matches!(status(answer), "400" | "403") && codes.iter().any(|code| answer.contains(code))
}

const OTHER: &str = "222222222222";

/// With `AWSAccessKeyId`, with two credentials or beside a URL's signature any key could act for any account.
#[tokio::test]
async fn the_key_that_signed_is_who_asks() {
    let cloud = Guarded::start().await;
    let credential = |service: &str| format!("{OTHER}/20260314/us-east-1/{service}/aws4_request");
    for (service, call) in all_calls() {
        for presigned in [false, true] {
            let sign = |call: &Ask, key: Key<'_>| call.signed(key, "us-east-1", service, presigned);
            let way = format!("{service}, presigned {presigned}");
            let other = credential(service);
            // Said and signed, but no way to sign: it is without effect.
            for more in [format!("AWSAccessKeyId={OTHER}&Expires=9999999999"), format!("AccountId={OTHER}")] {
                let answer = cloud.send(&sign(&call.clone().query(&more), A)).await;
                assert!(!answer.contains(OTHER), "{way} {more}: {answer}");
                assert!(status(&answer) == "200" || answer.contains("xist"), "{way} {more}: {answer}");
            }
            let header = sign(&call, D);
            let mut attacks = vec![
                call.clone().query(&format!("AWSAccessKeyId={OTHER}&Expires=9999999999&Signature=x")),
                call.clone().header("authorization", &format!("AWS {OTHER}:c2ln")),
                call.clone().query(&format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={other}")),
                call.clone().query("X-Amz-Security-Token=t").header("x-amz-security-token", "u"),
            ];
            attacks = attacks.iter().map(|call| sign(call, D)).collect();
            // A JSON call may be presigned too, but not so that its operation is open.
            let tokens = header.clone().header("x-amz-security-token", "t").header("x-amz-security-token", "u");
            attacks.extend([tokens, header.clone().header("host", "localhost")]);
            if presigned {
                attacks.push(header.clone().query(&format!("X-Amz-Credential={other}")));
                attacks.push(header.clone().query(&format!("x%2Damz%2Dcredential={other}")));
                attacks.push(header.clone().header("x-amz-meta-x", "unsigned"));
            } else {
                let name = "authorization";
                attacks.push(header.clone().replaced(name, "Credential=", &format!("Credential={other}, Credential=")));
                let more = format!(", Credential={other}, Signature=");
                attacks.push(header.clone().replaced(name, ", Signature=", &more));
                attacks.push(header.clone().header(name, &format!("AWS4-HMAC-SHA256 Credential={other}")));
                attacks.push(header.clone().header("x-amz-date", "20260314T233000Z"));
            }
            for attack in &attacks {
                let answer = cloud.send(attack).await;
                let two_hosts = status(&answer) == "400" && answer.contains("one Host header");
                assert!(refused(&answer) || two_hosts, "{way} {:?} {}: {answer}", attack.headers, attack.target);
            }
        }
    }
}

/// A signature is for one service and one region, and neither a version, a target, a host nor a path makes it another's.
#[tokio::test]
async fn a_scope_is_for_the_service_and_region_that_answer() {
    let cloud = Guarded::start().await;
    for (service, call) in all_calls() {
        for presigned in [false, true] {
            for (scope, region) in [("ec2", "us-east-1"), (service, "aws-global"), (service, "US_EAST")] {
                let answer = cloud.send(&call.signed(A, region, scope, presigned)).await;
                assert!(refused(&answer), "{service} by {scope} {region} {presigned}: {answer}");
            }
            if service == "sqs" {
                for host in ["sqs.eu-west-1.localhost", "eu-west-1.queue.localhost"] {
                    let answer = cloud.send(&call.clone().host(host).signed(A, "us-east-1", service, presigned)).await;
                    assert!(answer.contains("scoped to a valid region"), "{host}: {answer}");
                    let answer = cloud.send(&call.clone().host(host).signed(A, "eu-west-1", service, presigned)).await;
                    assert_eq!(status(&answer), "200", "{host}: {answer}");
                }
            }
        }
    }
    let made = cloud.send(&calls()[0].1.signed(A, "eu-west-1", "sqs", false)).await;
    let url = element(&made, "QueueUrl");
    assert!(url.contains("/queue/eu-west-1/111111111111/q"), "{made}");
    let receive = Ask::form(&format!("Action=ReceiveMessage&Version=2012-11-05&QueueUrl={url}"));
    assert_eq!(status(&cloud.send(&receive.signed(A, "eu-west-1", "sqs", false)).await), "200");
    let answer = cloud.signed(&receive, A, "sqs").await;
    assert!(answer.contains("InvalidAddress"), "a URL names the region: {answer}");
    // What names a JSON operation is signed, or whoever sees the request could make it another.
    let call = Ask::json("AmazonSQS.ListQueues", "{}");
    let mut bare = call.clone();
    bare.headers.retain(|(name, _)| name != "x-amz-target");
    let swapped = bare.signed(A, "us-east-1", "sqs", false).header("x-amz-target", "AmazonSQS.PurgeQueue");
    let answer = cloud.send(&swapped).await;
    assert!(answer.contains("'X-Amz-Target' must be a 'SignedHeader'"), "{answer}");
    assert_eq!(status(&cloud.signed(&call, A, "sqs").await), "200");
}

/// A session's token counts where its signature stands, once.
#[tokio::test]
async fn a_session_is_its_token_and_its_key() {
    let cloud = Guarded::start().await;
    let begun = cloud.signed(&Ask::form("Action=GetSessionToken&Version=2011-06-15"), A, "sts").await;
    let (id, secret, token) =
        (element(&begun, "AccessKeyId"), element(&begun, "SecretAccessKey"), element(&begun, "SessionToken"));
    let session = Key { id, secret, token: Some(token) };
    let call = Ask::form("Action=GetCallerIdentity&Version=2011-06-15");
    for presigned in [false, true] {
        let good = call.signed(session, "us-east-1", "sts", presigned);
        let answer = cloud.send(&good).await;
        assert_eq!(element(&answer, "Account"), "111111111111", "{presigned}: {answer}");
        let without = call.signed(Key { token: None, ..session }, "us-east-1", "sts", presigned);
        assert!(cloud.send(&without).await.contains("InvalidClientTokenId"));
        // In the other place it is no part of the signature.
        let encoded = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
        let attacks = match presigned {
            true => [without.header("x-amz-security-token", token), good.header("x-amz-security-token", token)],
            false => {
                [without.query(&format!("X-Amz-Security-Token={encoded}")), good.header("x-amz-security-token", token)]
            }
        };
        for attack in attacks {
            let answer = cloud.send(&attack).await;
            assert!(refused(&answer) || answer.contains("InvalidClientTokenId"), "{presigned}: {answer}");
        }
    }
    let borrowed = call.signed(Key { id: "AKIAB", secret: "sb", token: Some(token) }, "us-east-1", "sts", false);
    assert!(cloud.send(&borrowed).await.contains("InvalidClientTokenId"));
}

/// Links and own paths go without a signature, but with none that isn't right; what they show is not everybody's.
#[tokio::test]
async fn what_is_open_is_open_to_nobody_in_particular() {
    let cloud = Guarded::start().await;
    let topic = cloud.signed(&Ask::form("Action=CreateTopic&Version=2010-03-31&Name=t"), A, "sns").await;
    let arn = element(&topic, "TopicArn").to_owned();
    let subscribe =
        format!("Action=Subscribe&Version=2010-03-31&TopicArn={arn}&Protocol=email&Endpoint=me%40example.com");
    assert_eq!(status(&cloud.signed(&Ask::form(&subscribe), A, "sns").await), "200");

    for page in [
        "/_messaging/outbox",
        "/_messaging/notices",
        "/_messaging/outbox?x",
        "/_messaging/queues",
        "/_messaging/metrics",
        "/_messaging/chaos",
    ] {
        let ask = Ask::new("GET", page);
        let answer = cloud.send(&ask).await;
        assert!(status(&answer) == "403" && answer.contains("MissingAuthenticationToken"), "{page}: {answer}");
        assert!(!answer.contains("ConfirmSubscription"), "{answer}");
        for service in ["sns", "s3", "execute-api"] {
            for presigned in [false, true] {
                let answer = cloud
                    .send(&ask.signed_as(
                        A,
                        "us-east-1",
                        service,
                        presigned,
                        false,
                        aws_sigv4::http_request::SignableBody::Bytes(b""),
                    ))
                    .await;
                assert_eq!(status(&answer), "200", "{page} {service} {presigned}: {answer}");
            }
        }
        let wrong = Key { secret: "wrong", ..A };
        assert_eq!(status(&cloud.signed(&ask, wrong, "sns").await), "403", "{page}");
    }
    let outbox = Ask::new("GET", "/_messaging/outbox");
    let shown = cloud.signed(&outbox, A, "sns").await;
    assert!(shown.contains("ConfirmSubscription"), "{shown}");
    let hidden = cloud.signed(&outbox, B, "sns").await;
    assert!(!hidden.contains("ConfirmSubscription") && status(&hidden) == "200", "another account's: {hidden}");

    let token = shown.split_once("Token=").unwrap().1.split('"').next().unwrap();
    let link = format!("/?Action=ConfirmSubscription&TopicArn={arn}&Token={token}");
    let forged = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=111111111111/20260314/us-east-1/sns/aws4_request";
    let answer = cloud.send(&Ask::new("GET", &link).query(forged)).await;
    assert!(refused(&answer), "{answer}");
    assert_eq!(status(&cloud.send(&Ask::new("GET", &link)).await), "200");

    for method in ["GET", "HEAD"] {
        let answer = cloud.send(&Ask::new(method, "/health")).await;
        assert_eq!(status(&answer), "200", "{method}: {answer}");
    }
}

/// A key's request was taken for a region of any name.
#[tokio::test]
async fn a_signature_is_for_a_region_that_can_be_one() {
    let cloud = Guarded::start().await;
    let ask = Ask::json("AmazonSQS.ListQueues", "{}");
    for (region, taken) in [("eu-west-9", true), ("mars", false), ("us-east", false), ("us-east-1a", false)] {
        let answer = cloud.send(&ask.clone().signed(A, region, "sqs", false)).await;
        assert_eq!(status(&answer) == "200", taken, "{region}: {answer}");
        let said = format!("Credential should be scoped to a valid region, not '{region}'.");
        assert!(taken || answer.contains(&said), "{region}: {answer}");
        let answer = cloud.send(&Ask::new("GET", "/").signed(A, region, "s3", false)).await;
        assert!(taken || answer.contains("AuthorizationHeaderMalformed"), "{region}: {answer}");
    }
}

/// Also where signatures aren't looked at nothing is said twice, and one reading decides for all.
#[tokio::test]
async fn without_keys_a_claim_is_believed_once() {
    let cloud = Guarded::with(Default::default()).await;
    let claim = |key: &str, service: &str| format!("{key}/20260314/eu-west-1/{service}/aws4_request");
    let auth = |key: &str, service: &str| {
        format!("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=0", claim(key, service))
    };
    for (service, call) in calls() {
        let one = call.clone().header("authorization", &auth("111111111111", service));
        let answer = cloud.send(&one).await;
        assert!(answer.contains("111111111111") && status(&answer) == "200", "{service}: {answer}");
        let query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}", claim(OTHER, service));
        let attacks = [
            one.clone().query(&query),
            one.clone().header("authorization", &auth(OTHER, service)),
            one.clone().replaced(
                "authorization",
                "Credential=",
                &format!("Credential={}, Credential=", claim(OTHER, service)),
            ),
            call.clone().query(&query).query(&query),
        ];
        for attack in &attacks {
            let answer = cloud.send(attack).await;
            assert!(refused(&answer) && !answer.contains(OTHER), "{service}: {answer}");
        }
    }
    // Version 2, in the header and in the query, names its account as version 4 does.
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    let old = [
        Ask::form(who).header("authorization", &format!("AWS {OTHER}:c2ln")),
        Ask::form(who).query(&format!("AWSAccessKeyId={OTHER}&Signature=x&Expires=9999999999")),
    ];
    for ask in &old {
        assert_eq!(element(&cloud.send(ask).await, "Account"), OTHER);
    }
}

/// One request of 45 KB without a right signature made the server write a text of 450 MB, twice, and die.
#[tokio::test]
async fn a_header_is_signed_once() {
    let cloud = Guarded::start().await;
    let long = "x".repeat(30_000);
    let again = ";a".repeat(15_000);
    let many: String = (0..20_000).map(|at| format!(";h{at}")).collect();
    let requests = [
        ("s3", Ask::new("GET", "/bucket/key")),
        ("s3", Ask::new("PUT", "/bucket/key").body("x")),
        ("sqs", Ask::form("Action=ListQueues&Version=2012-11-05")),
        ("firehose", Ask::json("Firehose_20150804.ListDeliveryStreams", "{}")),
        ("s3", Ask::new("GET", "/_messaging/outbox")),
    ];
    for (service, ask) in requests {
        for more in [&again, &again.to_uppercase(), &";a;b;A".to_owned(), &many] {
            let encoded = more.replace(';', "%3B");
            for presigned in [false, true] {
                if presigned && encoded.len() > 80_000 {
                    continue;
                }
                let signed = ask.signed(A, "us-east-1", service, presigned);
                let attack = match presigned {
                    false => signed.replaced("authorization", ", Signature=", &format!("{more}, Signature=")),
                    true => {
                        let (before, after) = signed.target.split_once("X-Amz-SignedHeaders=").unwrap();
                        let target = format!("{before}X-Amz-SignedHeaders=a{encoded}%3B{after}");
                        Ask { target, ..signed }
                    }
                };
                let answer = cloud.send(&attack.header("a", &long)).await;
                let way = format!("{service} {} presigned {presigned}", ask.target);
                assert_eq!(status(&answer), "400", "{way}: {:.400}", answer);
                assert!(answer.contains("SignedHeaders") && answer.len() < 4_000, "{way}: {:.400}", answer);
            }
        }
        // What is refused for another reason isn't sent back four times as large.
        let wrong = Key { secret: "wrong", ..A };
        let answer = cloud.signed(&ask.clone().header("x-amz-meta-a", &long), wrong, service).await;
        assert!(status(&answer).starts_with('4') && answer.len() < 4_000, "{service}: {:.400}", answer);
    }
}

/// A request's server is named once (RFC 9112, 3.2), and whoever speaks another language is told.
#[tokio::test]
async fn heads_that_name_no_server_or_two() {
    let cloud = Guarded::with(Default::default()).await;
    let end = "Connection: close\r\n\r\n";
    for (head, expected) in [
        ("GET /health HTTP/1.1\r\n", "400"),
        ("GET /health HTTP/1.0\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", "400"),
        ("GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n", "400"),
        ("GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n", "200"),
        ("HEAD /health HTTP/1.1\r\nHost: localhost\r\n", "200"),
    ] {
        let answer = send(&cloud.address, format!("{head}{end}").as_bytes()).await;
        assert_eq!(status(&answer), expected, "{head}: {answer}");
    }
    let answer = send(&cloud.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(answer.starts_with("\0\0\0\u{4}") && answer.ends_with("this server speaks HTTP/1.1"), "{answer:?}");
}
