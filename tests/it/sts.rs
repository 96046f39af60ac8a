//! STS by the real SDK: who gets a temporary key, and what it is good for.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::Credentials as TemporaryKey;
use cloud::Access;
use cloud::Clock;
use cloud::Cloud;
use cloud::Key;
use cloud::{Options, Server};
use engine::{Change, Role};
use tokio::net::TcpListener;

use crate::helpers::cloud::{TestCloud, code, config};

const ROLE: &str = "arn:aws:iam::000000000000:role/team/reader";

fn role(trust: &str) -> Role {
    Role {
        arn: ROLE.to_owned(),
        id: "AROAEXAMPLEEXAMPLE000".to_owned(),
        name: "reader".to_owned(),
        path: "/team/".to_owned(),
        trust: trust.to_owned(),
        inline: Default::default(),
        attached: Vec::new(),
        description: String::new(),
        max_session_seconds: 7_200,
        permissions_boundary: None,
        tags: Default::default(),
        created: 0,
    }
}

/// A trust policy that lets an account in, who must know a word.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"AWS":"000000000000"},"Condition":{"StringEquals":{"sts:ExternalId":"word"}}}]}"#;

async fn declare(cloud: &Cloud, role: &Role) {
    let value = serde_json::to_vec(role).unwrap();
    let done = cloud.core.execute(|transaction| {
        transaction.apply(&Change::Doc { key: &format!("iam/role/{}", role.arn), value: &value });
        Ok(())
    });
    done.await.unwrap();
}

fn as_caller(endpoint: &str, key: &str, secret: &str, token: Option<&str>) -> aws_config::SdkConfig {
    let credentials = Credentials::new(key, secret, token.map(str::to_owned), None, "tests");
    config(endpoint).into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

fn with(endpoint: &str, key: &TemporaryKey) -> aws_config::SdkConfig {
    as_caller(endpoint, &key.access_key_id, &key.secret_access_key, Some(&key.session_token))
}

/// "AssumeRole" (AWS STS API Reference): the trust policy, the external id, durations, the session's name.
#[tokio::test]
async fn a_role_is_assumed_by_whom_it_trusts() {
    let cloud = TestCloud::start().await;
    declare(cloud.inside(), &role(TRUST)).await;
    let sts = aws_sdk_sts::Client::new(&config(&cloud.endpoint));
    let assume = |arn: &str, name: &str| sts.assume_role().role_arn(arn).role_session_name(name);
    let refused = [
        (assume(ROLE, "me"), "AccessDenied"),
        (assume(ROLE, "me").external_id("wrong"), "AccessDenied"),
        (assume("arn:aws:iam::000000000000:role/nobody", "me").external_id("word"), "AccessDenied"),
        (assume("arn:aws:iam::000000000000:user/nobody", "me"), "ValidationError"),
        (assume("short", "me"), "ValidationError"),
        (assume(ROLE, "x"), "ValidationError"),
        (assume(ROLE, "with space"), "ValidationError"),
        (assume(ROLE, &"x".repeat(65)), "ValidationError"),
        (assume(ROLE, "me").external_id("word").duration_seconds(899), "ValidationError"),
        (assume(ROLE, "me").external_id("word").duration_seconds(7_201), "ValidationError"),
        (assume(ROLE, "me").external_id("word").duration_seconds(43_201), "ValidationError"),
        (assume(ROLE, "me").external_id("word").policy("{}"), "NotImplemented"),
    ];
    for (index, (request, expected)) in refused.into_iter().enumerate() {
        assert_eq!(code(request.send().await), expected, "{index}");
    }
    let assumed = assume(ROLE, "me").external_id("word").duration_seconds(7_200).send().await.unwrap();
    let user = assumed.assumed_role_user.unwrap();
    assert_eq!(user.arn, "arn:aws:sts::000000000000:assumed-role/reader/me");
    assert_eq!(user.assumed_role_id, "AROAEXAMPLEEXAMPLE000:me");
    let key = assumed.credentials.unwrap();
    let ends = SystemTime::try_from(key.expiration).unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(ends, Duration::from_millis(crate::helpers::cloud::LATE_EVENING) + Duration::from_secs(7_200));
    let session = aws_sdk_sts::Client::new(&with(&cloud.endpoint, &key));
    let who = session.get_caller_identity().send().await.unwrap();
    assert_eq!(who.arn.as_deref(), Some("arn:aws:sts::000000000000:assumed-role/reader/me"));
    assert_eq!(who.user_id.as_deref(), Some("AROAEXAMPLEEXAMPLE000:me"));
    // A session may assume a role for an hour at most, and gets no session token.
    let chained = session.assume_role().role_arn(ROLE).role_session_name("again").external_id("word");
    chained.clone().send().await.unwrap();
    assert_eq!(code(chained.duration_seconds(3_601).send().await), "ValidationError");
    assert_eq!(code(session.get_session_token().send().await), "AccessDenied");
}

/// "Using policies with Amazon SQS": another account's queue sees the session's role, and messages its id.
#[tokio::test]
async fn a_session_is_its_role_for_the_policies_of_others() {
    let cloud = TestCloud::start().await;
    let trust =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}"#;
    declare(cloud.inside(), &role(trust)).await;
    let owner = aws_sdk_sqs::Client::new(&as_caller(&cloud.endpoint, "111111111111", "x", None));
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:111111111111:q",
    }]});
    let create = owner.create_queue().queue_name("q").attributes("Policy".into(), policy.to_string());
    let url = create.send().await.unwrap().queue_url.unwrap();
    let sts = aws_sdk_sts::Client::new(&config(&cloud.endpoint));
    let key = sts.assume_role().role_arn(ROLE).role_session_name("me").send().await.unwrap().credentials.unwrap();
    assert_eq!(code(cloud.sqs().send_message().queue_url(&url).message_body("m").send().await), "AccessDenied");
    let session = aws_sdk_sqs::Client::new(&with(&cloud.endpoint, &key));
    session.send_message().queue_url(&url).message_body("m").send().await.unwrap();
    let sender = aws_sdk_sqs::types::MessageSystemAttributeName::SenderId;
    let receive = owner.receive_message().queue_url(&url).message_system_attribute_names(sender.clone());
    let got = receive.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(got.attributes.unwrap()[&sender], "AROAEXAMPLEEXAMPLE000:me");
    let refused = session.receive_message().queue_url(&url).send().await.unwrap_err();
    let said = refused.as_service_error().unwrap().meta().message().unwrap().to_owned();
    assert!(said.starts_with("User: arn:aws:sts::000000000000:assumed-role/reader/me is not authorized"), "{said}");
}

/// "GetSessionToken" and "GetAccessKeyInfo": the key's account; the operations that aren't here are named.
#[tokio::test]
async fn an_account_gets_a_session_of_its_own() {
    let mut cloud = TestCloud::start().await;
    let sts = aws_sdk_sts::Client::new(&as_caller(&cloud.endpoint, "123456789012", "x", None));
    for seconds in [899, 129_601] {
        assert_eq!(code(sts.get_session_token().duration_seconds(seconds).send().await), "ValidationError");
    }
    let key = sts.get_session_token().send().await.unwrap().credentials.unwrap();
    let info = sts.get_access_key_info().access_key_id(&key.access_key_id).send().await.unwrap();
    assert_eq!(info.account.as_deref(), Some("123456789012"));
    assert_eq!(code(sts.get_federation_token().name("someone").send().await), "NotImplemented");
    // It survives a restart, and acts for its account.
    cloud.restart().await;
    let session = with(&cloud.endpoint, &key);
    let who = aws_sdk_sts::Client::new(&session).get_caller_identity().send().await.unwrap();
    assert_eq!(who.arn.as_deref(), Some("arn:aws:iam::123456789012:root"));
    let topic = aws_sdk_sns::Client::new(&session).create_topic().name("t").send().await.unwrap();
    assert_eq!(topic.topic_arn.as_deref(), Some("arn:aws:sns:us-east-1:123456789012:t"));
}

#[tokio::test]
async fn where_signatures_are_verified_a_session_ends() {
    let folder = tempfile::tempdir().unwrap();
    // The SDK signs with the wall's time, so the clock begins there.
    let clock = Clock::manual(Clock::System.now());
    let options = Options { clock: clock.clone(), ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let mut credentials = cloud::Credentials::default();
    let key = Key { secret: "secret".into(), session_token: None, account: Some("123456789012".into()) };
    credentials.add("AKIDMINE", key);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let access = Access { credentials: Some(credentials), ..Access::default() };
    let server = Server::start(cloud, listener, access).unwrap();
    let endpoint = format!("http://{}", server.address);
    let sts = aws_sdk_sts::Client::new(&as_caller(&endpoint, "AKIDMINE", "secret", None));
    let key = sts.get_session_token().duration_seconds(900).send().await.unwrap().credentials.unwrap();
    let topics = |config: &aws_config::SdkConfig| aws_sdk_sns::Client::new(config).list_topics().send();
    let queues = |config: &aws_config::SdkConfig| aws_sdk_sqs::Client::new(config).list_queues().send();
    let session = with(&endpoint, &key);
    let buckets = |config: &aws_config::SdkConfig| aws_sdk_s3::Client::new(config).list_buckets().send();
    topics(&session).await.unwrap();
    queues(&session).await.unwrap();
    buckets(&session).await.unwrap();
    let wrong = [
        (as_caller(&endpoint, &key.access_key_id, "x", Some(&key.session_token)), "SignatureDoesNotMatch"),
        (as_caller(&endpoint, &key.access_key_id, &key.secret_access_key, Some("x")), "InvalidClientTokenId"),
        (as_caller(&endpoint, &key.access_key_id, &key.secret_access_key, None), "InvalidClientTokenId"),
        (as_caller(&endpoint, "ASIAOTHER", &key.secret_access_key, Some(&key.session_token)), "InvalidClientTokenId"),
    ];
    for (config, expected) in &wrong {
        assert_eq!(code(topics(config).await), *expected);
    }
    clock.advance(Duration::from_secs(900));
    let ended = topics(&session).await.unwrap_err();
    let ended = ended.as_service_error().unwrap().meta();
    assert_eq!(ended.code(), Some("ExpiredToken"));
    assert_eq!(ended.message(), Some("The security token included in the request is expired"));
    assert_eq!(code(queues(&session).await), "ExpiredToken");
    assert_eq!(code(buckets(&session).await), "ExpiredToken");
    server.stop().await.unwrap();
}

/// The sessions of a deleted role went on doing everything in its account, and those of another role of its name.
#[tokio::test]
async fn a_session_ends_with_its_role() {
    for checked in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (cloud, _) = Cloud::open(Options::new(folder.path()), |_| {}).unwrap();
        let mut credentials = cloud::Credentials::default();
        let key = Key { secret: "secret".into(), session_token: None, account: Some("000000000000".into()) };
        credentials.add("AKIDMINE", key);
        let access = Access { credentials: checked.then_some(credentials), ..Access::default() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = Server::start(cloud, listener, access).unwrap();
        let endpoint = format!("http://{}", server.address);
        let me = as_caller(&endpoint, "AKIDMINE", "secret", None);
        declare(&server.cloud, &role(&TRUST.replace("word", "me"))).await;
        let sts = aws_sdk_sts::Client::new(&me);
        let assume = sts.assume_role().role_arn(ROLE).role_session_name("me").external_id("me");
        let session = with(&endpoint, &assume.send().await.unwrap().credentials.unwrap());
        let topics = || aws_sdk_sns::Client::new(&session).list_topics().send();
        let queues = || aws_sdk_sqs::Client::new(&session).list_queues().send();
        let buckets = || aws_sdk_s3::Client::new(&session).list_buckets().send();
        topics().await.unwrap();
        buckets().await.unwrap();
        let deleted = server.cloud.core.execute(|transaction| {
            transaction.apply(&Change::DocGone { key: &format!("iam/role/{ROLE}") });
            Ok(())
        });
        deleted.await.unwrap();
        assert_eq!(code(topics().await), "InvalidClientTokenId", "{checked}");
        assert_eq!(code(queues().await), "InvalidClientTokenId", "{checked}");
        assert_eq!(code(buckets().await), "InvalidAccessKeyId", "{checked}");
        let another = Role { id: "AROAEXAMPLEEXAMPLE001".to_owned(), ..role(TRUST) };
        declare(&server.cloud, &another).await;
        assert_eq!(code(topics().await), "InvalidClientTokenId", "{checked}");
        server.stop().await.unwrap();
    }
}
