//! Lifecycle rules by the real SDK, and as a stack's bucket has them.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, Tag, Transition, TransitionStorageClass,
};

use crate::helpers::cloud::{TestCloud, code, eventually};

const BUCKET: &str = "landing";

fn rules(rules: Vec<LifecycleRule>) -> BucketLifecycleConfiguration {
    BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap()
}

#[tokio::test]
async fn rules_come_back_and_objects_tell_when_they_expire() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let get = || s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send();
    assert_eq!(code(get().await), "NoSuchLifecycleConfiguration");

    let tag = Tag::builder().key("kind").value("draft").build().unwrap();
    let both = LifecycleRuleAndOperator::builder().prefix("a/").tags(tag).build();
    let drafts = LifecycleRule::builder()
        .id("drafts & more")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().and(both).build())
        .expiration(LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    let uploads = LifecycleRule::builder()
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(2).build())
        .build()
        .unwrap();
    let put = |configuration| {
        s3.put_bucket_lifecycle_configuration().bucket(BUCKET).lifecycle_configuration(configuration).send()
    };
    put(rules(vec![drafts.clone(), uploads])).await.unwrap();
    let got = get().await.unwrap();
    assert_eq!(got.rules()[0], drafts);
    assert!(got.rules()[1].id().is_some_and(|id| !id.is_empty()), "S3 names what has no name");

    // It is 2026-03-14T23:30:00Z: a day later is the 15th, at the end of which it expires.
    let body = || ByteStream::from_static(b"x");
    let kept = s3.put_object().bucket(BUCKET).key("a/1").body(body()).send().await.unwrap();
    assert_eq!(kept.expiration, None);
    let draft = s3.put_object().bucket(BUCKET).key("a/2").tagging("kind=draft").body(body()).send().await.unwrap();
    let told = "expiry-date=\"Mon, 16 Mar 2026 00:00:00 GMT\", rule-id=\"drafts%20%26%20more\"";
    assert_eq!(draft.expiration.as_deref(), Some(told));
    let head = s3.head_object().bucket(BUCKET).key("a/2").send().await.unwrap();
    assert_eq!(head.expiration.as_deref(), Some(told));
    let upload = s3.create_multipart_upload().bucket(BUCKET).key("u").send().await.unwrap();
    assert_eq!(upload.abort_date.unwrap().to_string(), "2026-03-17T00:00:00Z");

    let glacier = Transition::builder().days(1).storage_class(TransitionStorageClass::Glacier).build();
    let moving = LifecycleRule::builder()
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .transitions(glacier)
        .build()
        .unwrap();
    put(rules(vec![moving])).await.unwrap();
    s3.delete_bucket_lifecycle().bucket(BUCKET).send().await.unwrap();
    assert_eq!(code(get().await), "NoSuchLifecycleConfiguration");
}

#[tokio::test]
async fn a_stacks_bucket_gets_its_rules_and_loses_them() {
    let cloud = TestCloud::start().await;
    let template = |rules: &str| {
        format!(
            r#"{{"Resources": {{"B": {{"Type": "AWS::S3::Bucket", "Properties": {{"BucketName": "{BUCKET}"{rules}}}}}}}}}"#
        )
    };
    let with = r#", "LifecycleConfiguration": {"Rules": [{"Id": "r", "Status": "Enabled", "ExpirationInDays": 3}]}"#;
    let stacks = cloud.cloudformation();
    stacks.create_stack().stack_name("s").template_body(template(with)).send().await.unwrap();
    let s3 = cloud.s3();
    let get = || s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send();
    let set = eventually(async || get().await.ok()).await.unwrap();
    assert_eq!(set.rules()[0].expiration().unwrap().days(), Some(3));
    let complete = async || {
        let stacks = stacks.describe_stacks().stack_name("s").send().await.unwrap();
        stacks.stacks()[0].stack_status().is_some_and(|status| status.as_str().ends_with("_COMPLETE")).then_some(())
    };
    eventually(complete).await.unwrap();
    stacks.update_stack().stack_name("s").template_body(template("")).send().await.unwrap();
    eventually(async || get().await.is_err().then_some(())).await.unwrap();
    assert_eq!(code(get().await), "NoSuchLifecycleConfiguration");
}

/// A size above one and below a smaller one was taken, as was a redirection to nowhere.
#[tokio::test]
async fn sizes_and_redirections_make_sense() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let put = |larger: i64, smaller: i64| {
        let and = LifecycleRuleAndOperator::builder();
        let and = and.object_size_greater_than(larger).object_size_less_than(smaller).build();
        let rule = LifecycleRule::builder()
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().and(and).build())
            .expiration(LifecycleExpiration::builder().days(1).build())
            .build()
            .unwrap();
        s3.put_bucket_lifecycle_configuration().bucket(BUCKET).lifecycle_configuration(rules(vec![rule])).send()
    };
    assert_eq!(code(put(10, 10).await), "InvalidRequest");
    put(10, 11).await.unwrap();
    let object = |to: &str| {
        let body = ByteStream::from_static(b"x");
        s3.put_object().bucket(BUCKET).key("k").website_redirect_location(to).body(body).send()
    };
    assert_eq!(code(object("elsewhere").await), "InvalidRedirectLocation");
    for to in ["/elsewhere", "http://example.com", "https://example.com/"] {
        object(to).await.unwrap();
    }
}
