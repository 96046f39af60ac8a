//! The tags and the source identity of a role's session: who may give them, what they are good for, what the next session gets.

use serde_json::json;

use crate::helpers::accounts::{Caller, OWNER, STRANGER};
use crate::helpers::cloud::{TestCloud, code, config};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::Client;
use aws_sdk_sts::types::{Credentials as TemporaryKey, Tag};

fn with(endpoint: &str, key: &TemporaryKey) -> aws_config::SdkConfig {
    let token = Some(key.session_token.clone());
    let credentials = Credentials::new(&key.access_key_id, &key.secret_access_key, token, None, "tests");
    config(endpoint).into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

async fn role(owner: Caller<'_>, name: &str, actions: &[&str], condition: serde_json::Value) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}},
        {"Effect": "Allow", "Action": actions, "Principal": {"AWS": "*"}, "Condition": condition},
    ]});
    let trust = trust.to_string();
    let made = owner.form("iam", "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await;
    made.element("Arn")
}

/// Session tags and source identities were refused by name.
#[tokio::test]
async fn a_sessions_tags_are_its_own_and_its_roles() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let only_red = json!({"StringEqualsIfExists": {"aws:RequestTag/Team": "red"}});
    let first = role(owner, "first", &["sts:TagSession", "sts:SetSourceIdentity"], only_red).await;
    let tagged = [("RoleName", "first"), ("Tags.member.1.Key", "Stage"), ("Tags.member.1.Value", "test")];
    owner.form("iam", "TagRole", &tagged).await.ok();
    let plain =
        role(owner, "plain", &["sts:TagSession"], json!({"StringEquals": {"aws:PrincipalTag/Team": "red"}})).await;
    let sts = Client::new(&config(&cloud.endpoint));
    let assume = |arn: &str| sts.assume_role().role_arn(arn).role_session_name("me");

    assert_eq!(code(assume(&plain).tags(tag("Team", "red")).send().await), "AccessDenied", "the root has no tags");
    assert_eq!(code(assume(&first).tags(tag("Team", "blue")).send().await), "AccessDenied");
    assert_eq!(code(assume(&plain).source_identity("ann").send().await), "AccessDenied");
    let twice = assume(&first).tags(tag("Team", "red")).tags(tag("team", "red")).send().await;
    assert_eq!(code(twice), "InvalidParameterValue");
    let stray = assume(&first).tags(tag("Team", "red")).transitive_tag_keys("Other").send().await;
    assert_eq!(code(stray), "InvalidParameterValue");
    let large = (0..20).map(|at| tag(&format!("k{at}"), &"v".repeat(256))).collect();
    assert_eq!(code(assume(&first).set_tags(Some(large)).send().await), "PackedPolicyTooLarge");

    let begun = assume(&first).tags(tag("Team", "red")).tags(tag("Own", "1")).transitive_tag_keys("team");
    let begun = begun.source_identity("ann").send().await.unwrap();
    assert_eq!((begun.packed_policy_size, begun.source_identity.as_deref()), (Some(1), Some("ann")));
    let session = Client::new(&with(&cloud.endpoint, &begun.credentials.unwrap()));
    let next = |arn: &str| session.assume_role().role_arn(arn).role_session_name("next");
    for key in ["Team", "tEAM"] {
        let refused = next(&plain).tags(tag(key, "red")).send().await;
        assert_eq!(code(refused), "InvalidParameterValue", "a tag that is handed on can't be set");
    }
    assert_eq!(code(next(&first).source_identity("bob").send().await), "AccessDenied");
    // It is handed on to a role that lets nobody set one.
    assert_eq!(code(next(&plain).send().await), "AccessDenied");
    let chained = next(&first).send().await.unwrap();
    assert_eq!((chained.packed_policy_size, chained.source_identity.as_deref()), (None, Some("ann")));
}

/// Each session of a chain handed on more tags than the one before it: their tokens grew without a bound.
#[tokio::test]
async fn a_session_has_no_more_tags_than_a_request_may_give() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let arn = role(owner, "r", &["sts:TagSession"], json!({})).await;
    let sts = Client::new(&config(&cloud.endpoint));
    let tags = |name: &str, count: usize| (0..count).map(|at| tag(&format!("{name}{at}"), &"v".repeat(250))).collect();
    let keys = (0..10).map(|at| format!("a{at}")).collect();
    let begun = sts.assume_role().role_arn(&arn).role_session_name("me").set_tags(Some(tags("a", 10)));
    let begun = begun.set_transitive_tag_keys(Some(keys)).send().await.unwrap();
    let session = Client::new(&with(&cloud.endpoint, &begun.credentials.unwrap()));
    let next = |count| session.assume_role().role_arn(&arn).role_session_name("me").set_tags(Some(tags("b", count)));
    assert_eq!(code(next(7).send().await), "PackedPolicyTooLarge");
    next(6).send().await.unwrap();
}

/// A queue's policy may ask for the tags and the source identity of a session: it was told that nobody can judge them.
#[tokio::test]
async fn policies_see_the_tags_of_a_session() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let arn = role(owner, "r", &["sts:TagSession", "sts:SetSourceIdentity"], json!({})).await;
    let tagged = [("RoleName", "r"), ("Tags.member.1.Key", "Stage"), ("Tags.member.1.Value", "test")];
    owner.form("iam", "TagRole", &tagged).await.ok();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
        "Resource": "*", "Condition": {
            "StringEquals": {"aws:PrincipalTag/Team": "red", "aws:PrincipalTag/Stage": "test", "aws:SourceIdentity": "ann"},
            "DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}}]});
    let policy = policy.to_string();
    let stranger = Caller::new(&cloud, STRANGER);
    let made = [("QueueName", "q"), ("Attribute.1.Name", "Policy"), ("Attribute.1.Value", policy.as_str())];
    let url = stranger.form("sqs", "CreateQueue", &made).await.element("QueueUrl");
    let sts = Client::new(&config(&cloud.endpoint));
    let send = async |team: &str, identity: &str| {
        let assumed = sts.assume_role().role_arn(&arn).role_session_name("me").tags(tag("Team", team));
        let key = assumed.source_identity(identity).send().await.unwrap().credentials.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&with(&cloud.endpoint, &key));
        sqs.send_message().queue_url(&url).message_body("m").send().await.is_ok()
    };
    assert!(send("red", "ann").await);
    assert!(!send("blue", "ann").await);
    assert!(!send("red", "bob").await);
}
