//! Object Lock by the real SDK.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHold,
    ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode, ObjectLockRule,
    VersioningConfiguration,
};

use crate::helpers::cloud::{LATE_EVENING, TestCloud, code};

const DAY: u64 = 24 * 60 * 60;

async fn put(s3: &Client, key: &str) -> String {
    let put = s3.put_object().bucket("locked").key(key).body(ByteStream::from_static(b"x"));
    put.send().await.unwrap().version_id.unwrap()
}

async fn delete(s3: &Client, key: &str, version: &str, bypass: bool) -> String {
    let delete = s3.delete_object().bucket("locked").key(key).version_id(version);
    let bypass = bypass.then_some(true);
    match delete.set_bypass_governance_retention(bypass).send().await {
        Ok(_) => "deleted".into(),
        Err(error) => code::<(), _>(Err(error)),
    }
}

#[tokio::test]
async fn a_locked_version_stays() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("plain").send().await.unwrap();
    assert_eq!(
        code(s3.get_object_lock_configuration().bucket("plain").send().await),
        "ObjectLockConfigurationNotFoundError"
    );
    let hold = s3.put_object().bucket("plain").key("k").object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On);
    assert_eq!(code(hold.send().await), "InvalidRequest");

    s3.create_bucket().bucket("locked").object_lock_enabled_for_bucket(true).send().await.unwrap();
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let suspend = s3.put_bucket_versioning().bucket("locked").versioning_configuration(suspended);
    assert_eq!(code(suspend.send().await), "InvalidBucketState");
    let free = put(&s3, "k").await;

    let default = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).days(2).build();
    let configuration = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(default).build())
        .build();
    let configure = s3.put_object_lock_configuration().bucket("locked").object_lock_configuration(configuration);
    configure.send().await.unwrap();
    let governed = put(&s3, "k").await;
    let head = s3.head_object().bucket("locked").key("k").send().await.unwrap();
    assert_eq!(head.object_lock_mode, Some(ObjectLockMode::Governance));
    let until = i64::try_from(LATE_EVENING / 1000 + 2 * DAY).unwrap();
    assert_eq!(head.object_lock_retain_until_date, Some(DateTime::from_secs(until)));

    // A delete marker hides it; the version itself stays.
    s3.delete_object().bucket("locked").key("k").send().await.unwrap();
    assert_eq!(delete(&s3, "k", &free, false).await, "deleted");
    assert_eq!(delete(&s3, "k", &governed, false).await, "AccessDenied");

    let retention = |mode, days: u64| {
        let until = i64::try_from(LATE_EVENING / 1000 + days * DAY).unwrap();
        ObjectLockRetention::builder().mode(mode).retain_until_date(DateTime::from_secs(until)).build()
    };
    let retain = |retention| {
        let put = s3.put_object_retention().bucket("locked").key("k").version_id(&governed).retention(retention);
        async move { put.send().await.map_or_else(|error| code::<(), _>(Err(error)), |_| "kept".into()) }
    };
    assert_eq!(retain(retention(ObjectLockRetentionMode::Governance, 1)).await, "AccessDenied");
    assert_eq!(retain(retention(ObjectLockRetentionMode::Compliance, 3)).await, "kept");
    assert_eq!(delete(&s3, "k", &governed, true).await, "AccessDenied");

    let held = put(&s3, "held").await;
    let set = async |status| {
        let hold = ObjectLockLegalHold::builder().status(status).build();
        s3.put_object_legal_hold().bucket("locked").key("held").legal_hold(hold).send().await.unwrap();
    };
    set(ObjectLockLegalHoldStatus::On).await;
    assert_eq!(delete(&s3, "held", &held, true).await, "AccessDenied");
    set(ObjectLockLegalHoldStatus::Off).await;
    assert_eq!(delete(&s3, "held", &held, false).await, "AccessDenied");
    assert_eq!(delete(&s3, "held", &held, true).await, "deleted");

    cloud.pass(3 * DAY + 1);
    assert_eq!(delete(&s3, "k", &governed, false).await, "deleted");
}
