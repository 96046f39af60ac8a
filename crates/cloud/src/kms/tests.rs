//! The rules of keys and aliases, through the operations as clients call them, under a clock that the test moves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{self, context};
use log::Durability;

const ACCOUNT: &str = "000000000000";
const DAY: Duration = Duration::from_secs(86_400);

struct Client {
    cx: Context,
    clock: Clock,
    folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir, clock: &Clock) -> Context {
    let options = Options { durability: Durability::Process, clock: clock.clone(), ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    context(cloud, ACCOUNT)
}

impl Client {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        Self { cx: open(&folder, &clock), clock, folder }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = call::call(&self.cx, &super::SERVICE, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = call::call(&self.cx, &super::SERVICE, operation, input).await.expect_err(operation);
        (error.code.into_owned(), error.message)
    }

    async fn code(&self, operation: &str, input: Value) -> String {
        self.refused(operation, input).await.0
    }

    /// Makes a key, and tells its id.
    async fn make(&self) -> String {
        let made = self.ok("CreateKey", json!({})).await;
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    async fn shown(&self, key: &str) -> Value {
        self.ok("DescribeKey", json!({"KeyId": key})).await["KeyMetadata"].take()
    }
}

#[tokio::test]
async fn a_key_is_found_by_each_of_its_names() {
    let client = Client::new();
    let made = client.ok("CreateKey", json!({"Description": "d"})).await["KeyMetadata"].take();
    let (id, arn) = (made["KeyId"].as_str().unwrap(), made["Arn"].as_str().unwrap());
    assert_eq!(
        made,
        json!({
            "AWSAccountId": ACCOUNT, "KeyId": id, "Arn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"),
            "CreationDate": 1000.0, "Enabled": true, "Description": "d", "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": "Enabled", "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
        })
    );
    client.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": arn})).await;
    let alias = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/app");
    for name in [id, arn, "alias/app", &alias] {
        assert_eq!(client.shown(name).await, made, "{name}");
    }
    let other = "11111111-1111-4111-8111-111111111111";
    for (name, code, words) in [
        (other, "NotFoundException", format!("Key 'arn:aws:kms:us-east-1:{ACCOUNT}:key/{other}' does not exist")),
        ("alias/x", "NotFoundException", format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/x is not found.")),
        ("x", "NotFoundException", "Invalid keyId 'x'".into()),
        ("arn:aws:kms:eu-west-1:000000000000:key/x", "NotFoundException", "Invalid arn eu-west-1".into()),
        (
            "arn:aws:sqs:us-east-1:000000000000:x",
            "InvalidArnException",
            "Invalid arn arn:aws:sqs:us-east-1:000000000000:x".into(),
        ),
    ] {
        assert_eq!(client.refused("DescribeKey", json!({"KeyId": name})).await, (code.into(), words));
    }
    let theirs = format!("arn:aws:kms:us-east-1:111111111111:key/{id}");
    assert_eq!(client.code("DescribeKey", json!({"KeyId": theirs})).await, "AccessDeniedException");
    for name in ["", &"x".repeat(2_049), &"x".repeat(9_000)] {
        let (code, message) = client.refused("DescribeKey", json!({"KeyId": name})).await;
        assert!(code == "ValidationException" && message.len() < 3_000, "{message}");
    }
    assert_eq!(client.code("EnableKey", json!({"KeyId": "alias/app"})).await, "NotFoundException");
    assert_eq!(client.code("EnableKey", json!({})).await, "ValidationException");
}

#[tokio::test]
async fn kinds_and_origins_of_keys() {
    let client = Client::new();
    let signing = json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "MultiRegion": true});
    let made = client.ok("CreateKey", signing).await["KeyMetadata"].take();
    assert!(made["KeyId"].as_str().is_some_and(|id| id.starts_with("mrk-") && id.len() == 36), "{made}");
    assert_eq!(made["MultiRegionConfiguration"]["MultiRegionKeyType"], "PRIMARY");
    assert_eq!(made["SigningAlgorithms"].as_array().unwrap().len(), 6);
    let id = json!({"KeyId": made["KeyId"]});
    assert_eq!(client.ok("DescribeKey", id.clone()).await["KeyMetadata"], made);
    assert_eq!(client.code("EnableKeyRotation", id).await, "UnsupportedOperationException");
    for (input, code) in [
        (json!({"Origin": "EXTERNAL"}), "NotImplemented"),
        (json!({"Origin": "MOON"}), "ValidationException"),
        (json!({"CustomKeyStoreId": "c"}), "NotImplemented"),
        (json!({"KeySpec": "HMAC_256", "CustomerMasterKeySpec": "HMAC_256"}), "ValidationException"),
        (json!({"Description": "x".repeat(8_193)}), "ValidationException"),
        (json!({"Policy": ""}), "ValidationException"),
        (json!({"Policy": "{}"}), "MalformedPolicyDocumentException"),
        (json!({"Policy": " ".repeat(40_000)}), "LimitExceededException"),
        (json!({"Policy": "\u{1f511}"}), "ValidationException"),
    ] {
        assert_eq!(client.code("CreateKey", input.clone()).await, code, "{input}");
    }
    // A client can't choose its key's id.
    let chosen = "11111111-1111-4111-8111-111111111111";
    let made = client.ok("CreateKey", json!({"KeyId": chosen})).await;
    assert_ne!(made["KeyMetadata"]["KeyId"], chosen);
}

#[tokio::test]
async fn a_key_is_disabled_and_what_is_kept_of_it_outlives_a_restart() {
    let client = Client::new();
    let id = client.make().await;
    let key = json!({"KeyId": id});
    client.ok("UpdateKeyDescription", json!({"KeyId": id, "Description": "new"})).await;
    client.ok("EnableKeyRotation", json!({"KeyId": id, "RotationPeriodInDays": 90})).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}).to_string();
    let usual = client.ok("GetKeyPolicy", key.clone()).await;
    assert!(usual["Policy"].as_str().is_some_and(|text| text.contains("arn:aws:iam::000000000000:root")), "{usual}");
    client.ok("PutKeyPolicy", json!({"KeyId": id, "PolicyName": "default", "Policy": policy})).await;
    client
        .ok(
            "TagResource",
            json!({"KeyId": id, "Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}]}),
        )
        .await;
    client.ok("UntagResource", json!({"KeyId": id, "TagKeys": ["a", "nobody"]})).await;
    client.ok("DisableKey", key.clone()).await;
    let Client { cx, clock, folder } = client;
    drop(cx);
    let client = Client { cx: open(&folder, &clock), clock, folder };
    let shown = client.shown(&id).await;
    assert_eq!(
        (&shown["Description"], &shown["KeyState"], &shown["Enabled"]),
        (&json!("new"), &json!("Disabled"), &json!(false))
    );
    assert_eq!(client.ok("GetKeyPolicy", key.clone()).await, json!({"Policy": policy, "PolicyName": "default"}));
    assert_eq!(
        client.ok("ListKeyPolicies", key.clone()).await,
        json!({"PolicyNames": ["default"], "Truncated": false})
    );
    let tags = client.ok("ListResourceTags", key.clone()).await;
    assert_eq!(tags, json!({"Tags": [{"TagKey": "b", "TagValue": ""}], "Truncated": false}));
    let rotation = client.ok("GetKeyRotationStatus", key.clone()).await;
    assert_eq!((&rotation["KeyRotationEnabled"], &rotation["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    client.clock.advance(100 * DAY);
    let rotation = client.ok("GetKeyRotationStatus", key.clone()).await;
    assert_eq!(rotation["NextRotationDate"], json!(1000.0 + 180.0 * 86_400.0));
    assert_eq!(client.code("DisableKeyRotation", key.clone()).await, "DisabledException");
    client.ok("EnableKey", key.clone()).await;
    client.ok("DisableKeyRotation", key.clone()).await;
    assert_eq!(client.ok("GetKeyRotationStatus", key).await["KeyRotationEnabled"], false);
    for (operation, more, code) in [
        ("EnableKeyRotation", json!({"RotationPeriodInDays": 89}), "ValidationException"),
        ("GetKeyPolicy", json!({"PolicyName": "other"}), "NotFoundException"),
        ("PutKeyPolicy", json!({"PolicyName": "other", "Policy": policy}), "NotFoundException"),
        ("UpdateKeyDescription", json!({}), "ValidationException"),
        ("ListKeyPolicies", json!({"Marker": "?"}), "InvalidMarkerException"),
        ("ListResourceTags", json!({"Limit": 51}), "ValidationException"),
        ("TagResource", json!({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}), "TagException"),
        (
            "TagResource",
            json!({"Tags": [{"TagKey": "a", "TagValue": ""}, {"TagKey": "a", "TagValue": ""}]}),
            "TagException",
        ),
        ("TagResource", json!({"Tags": [{"TagKey": "", "TagValue": ""}]}), "ValidationException"),
        ("TagResource", json!({"Tags": [{"TagKey": "k"}]}), "ValidationException"),
        (
            "TagResource",
            json!({"Tags": (0..50).map(|i| json!({"TagKey": i.to_string(), "TagValue": ""})).collect::<Vec<_>>()}),
            "LimitExceededException",
        ),
    ] {
        let mut input = more;
        input["KeyId"] = id.as_str().into();
        assert_eq!(client.code(operation, input.clone()).await, code, "{operation} {input}");
    }
}

/// "Delete an AWS KMS key": it waits for 7 to 30 days, can be kept until then, and is gone with its aliases afterwards.
#[tokio::test]
async fn a_key_goes_when_its_time_is_over_and_not_before() {
    let client = Client::new();
    let (id, other) = (client.make().await, client.make().await);
    client.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": id})).await;
    for days in [0, 6, 31, -7, i64::from(i32::MAX)] {
        let input = json!({"KeyId": id, "PendingWindowInDays": days});
        assert_eq!(client.code("ScheduleKeyDeletion", input).await, "ValidationException", "{days}");
    }
    assert_eq!(client.code("CancelKeyDeletion", json!({"KeyId": id})).await, "KMSInvalidStateException");
    let scheduled = client.ok("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": 7})).await;
    let arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}");
    let at = 1000.0 + 7.0 * 86_400.0;
    assert_eq!(
        scheduled,
        json!({"KeyId": arn, "DeletionDate": at, "KeyState": "PendingDeletion", "PendingWindowInDays": 7})
    );
    let shown = client.shown(&id).await;
    assert_eq!((&shown["KeyState"], &shown["DeletionDate"]), (&json!("PendingDeletion"), &json!(at)));
    for (operation, more) in [
        ("ScheduleKeyDeletion", json!({})),
        ("EnableKey", json!({})),
        ("DisableKey", json!({})),
        ("EnableKeyRotation", json!({})),
        ("UpdateKeyDescription", json!({"Description": "d"})),
        ("TagResource", json!({"Tags": []})),
        ("UntagResource", json!({"TagKeys": []})),
    ] {
        let mut input = more;
        input["KeyId"] = id.as_str().into();
        let refused = client.refused(operation, input).await;
        assert_eq!(refused, ("KMSInvalidStateException".into(), format!("{arn} is pending deletion.")), "{operation}");
    }
    let more = json!({"AliasName": "alias/more", "TargetKeyId": id});
    assert_eq!(client.code("CreateAlias", more).await, "KMSInvalidStateException");

    client.ok("CancelKeyDeletion", json!({"KeyId": id})).await;
    assert_eq!(client.shown(&id).await["KeyState"], "Disabled");
    client.clock.advance(8 * DAY);
    super::sweep(&client.cx.cloud).await.unwrap();
    client.ok("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": 7})).await;
    client.clock.advance(7 * DAY - Duration::from_millis(1));
    super::sweep(&client.cx.cloud).await.unwrap();
    assert_eq!(client.shown("alias/app").await["KeyId"], *id);
    // It is hidden at once, and taken away by the sweep.
    client.clock.advance(Duration::from_millis(1));
    for swept in [false, true] {
        if swept {
            super::sweep(&client.cx.cloud).await.unwrap();
            let left = client
                .cx
                .cloud
                .core
                .read(|engine, _| engine.docs("kms/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>());
            assert_eq!(left.len(), 3, "the other key, its alias, the count: {left:?}");
        }
        assert_eq!(client.code("DescribeKey", json!({"KeyId": id})).await, "NotFoundException");
        assert_eq!(client.code("CancelKeyDeletion", json!({"KeyId": id})).await, "NotFoundException");
        let keys = client.ok("ListKeys", json!({})).await;
        assert_eq!(keys["Keys"].as_array().unwrap().len(), 1, "{keys}");
        // Its alias is free again, and the sweep leaves it to its new key.
        let alias = json!({"AliasName": "alias/app", "TargetKeyId": other});
        match swept {
            false => _ = client.ok("CreateAlias", alias).await,
            true => assert_eq!(client.shown("alias/app").await["KeyId"], *other),
        }
    }
}

#[tokio::test]
async fn aliases_lead_to_one_key_each() {
    let client = Client::new();
    let (first, second) = (client.make().await, client.make().await);
    let alias = |name: &str, key: &str| json!({"AliasName": name, "TargetKeyId": key});
    client.ok("CreateAlias", alias("alias/app", &first)).await;
    let taken = client.refused("CreateAlias", alias("alias/app", &second)).await;
    let words = format!("An alias with the name arn:aws:kms:us-east-1:{ACCOUNT}:alias/app already exists");
    assert_eq!(taken, ("AlreadyExistsException".into(), words));
    client.clock.advance(Duration::from_secs(1));
    client.ok("UpdateAlias", alias("alias/app", &second)).await;
    let listed = client.ok("ListAliases", json!({"KeyId": second})).await;
    assert_eq!(
        listed["Aliases"],
        json!([{"AliasName": "alias/app", "AliasArn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/app"), "TargetKeyId": second, "CreationDate": 1000.0, "LastUpdatedDate": 1001.0}])
    );
    assert_eq!(client.ok("ListAliases", json!({"KeyId": first})).await["Aliases"], json!([]));
    for (name, code) in [
        ("app", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/a b", "ValidationException"),
        ("alias/\u{1b}[31m", "ValidationException"),
        ("alias/a:b", "InvalidAliasNameException"),
        ("alias/aws/sqs", "NotAuthorizedException"),
        (&format!("alias/{}", "x".repeat(251)), "ValidationException"),
        ("", "ValidationException"),
    ] {
        assert_eq!(client.code("CreateAlias", alias(name, &first)).await, code, "{name}");
    }
    assert_eq!(client.code("UpdateAlias", alias("alias/nobody", &first)).await, "NotFoundException");
    assert_eq!(client.code("DeleteAlias", json!({"AliasName": "alias/nobody"})).await, "NotFoundException");
    assert_eq!(client.code("CreateAlias", alias("alias/b", "alias/app")).await, "NotFoundException");
    let hmac =
        client.ok("CreateKey", json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})).await["KeyMetadata"]
            ["KeyId"]
            .take();
    assert_eq!(client.code("UpdateAlias", alias("alias/app", hmac.as_str().unwrap())).await, "ValidationException");
    for number in 0..50 {
        client.ok("CreateAlias", alias(&format!("alias/n/{number:02}"), &first)).await;
    }
    assert_eq!(client.code("CreateAlias", alias("alias/n/50", &first)).await, "LimitExceededException");
    assert_eq!(client.code("UpdateAlias", alias("alias/app", &first)).await, "LimitExceededException");
    let (mut seen, mut marker) = (Vec::new(), Value::Null);
    loop {
        let page = client.ok("ListAliases", json!({"Limit": 20, "Marker": marker})).await;
        seen.extend(page["Aliases"].as_array().unwrap().iter().map(|it| it["AliasName"].as_str().unwrap().to_owned()));
        marker = page["NextMarker"].clone();
        assert_eq!(page["Truncated"], !marker.is_null());
        if marker.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), seen.is_sorted()), (51, true));
    client.ok("DeleteAlias", json!({"AliasName": "alias/app"})).await;
    client.ok("CreateAlias", alias("alias/app", &second)).await;
}

#[tokio::test]
async fn pages_lead_through_all_keys_of_one_account_and_region() {
    let client = Client::new();
    for _ in 0..25 {
        client.make().await;
    }
    let (mut seen, mut marker) = (Vec::new(), Value::Null);
    loop {
        let page = client.ok("ListKeys", json!({"Limit": 10, "Marker": marker})).await;
        seen.extend(page["Keys"].as_array().unwrap().iter().map(|it| it["KeyId"].as_str().unwrap().to_owned()));
        marker = page["NextMarker"].clone();
        if marker.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), seen.is_sorted()), (25, true));
    let forged = |text: &str| json!({"Marker": wire::page::encode_token(text)});
    for (input, code) in [
        (json!({"Limit": 0}), "ValidationException"),
        (json!({"Limit": 1_001}), "ValidationException"),
        (json!({"Marker": ""}), "ValidationException"),
        (json!({"Marker": "x".repeat(1_025)}), "ValidationException"),
        (json!({"Marker": "?"}), "InvalidMarkerException"),
        (forged("\u{0}"), "InvalidMarkerException"),
        (json!({"ResourceOwners": ["NOBODY"]}), "ValidationException"),
        (json!({"ResourceOwners": []}), "ValidationException"),
    ] {
        assert_eq!(client.code("ListKeys", input.clone()).await, code, "{input}");
    }
    let shared = client.ok("ListKeys", json!({"ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"]})).await;
    assert_eq!(shared, json!({"Keys": [], "Truncated": false}));
    let elsewhere = Context { region: "eu-west-1".into(), ..client.cx.clone() };
    let stranger = context(client.cx.cloud.clone(), "111111111111");
    let beyond = forged(&format!("../../{ACCOUNT}/us-east-1/"));
    for cx in [elsewhere, stranger] {
        for (operation, input) in [("ListKeys", json!({})), ("ListKeys", beyond.clone()), ("ListAliases", json!({}))] {
            let listed = call::call(&cx, &super::SERVICE, operation, input).await.unwrap();
            assert!(listed["Keys"] == json!([]) || listed["Aliases"] == json!([]), "{listed}");
        }
        let error = call::call(&cx, &super::SERVICE, "DescribeKey", json!({"KeyId": seen[0]})).await.unwrap_err();
        assert_eq!(&*error.code, "NotFoundException");
    }
}
