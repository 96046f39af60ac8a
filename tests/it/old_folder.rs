//! A data folder that version 0.1.0 left, before data folders had a marker: everything in it is there. What it holds is told in
//! `tests/fixtures/README.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cloud::Inside;

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::folders::{copy, tree};
use crate::helpers::queues::{attribute, drain};

/// When it was made, in ms.
const MADE: u64 = 1_795_899_778_073;

async fn bodies(cloud: &TestCloud, name: &str) -> BTreeSet<String> {
    let sqs = cloud.sqs();
    let url = sqs.get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap();
    drain(&sqs, &url).await.into_iter().map(|message| message.body.unwrap()).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[tokio::test]
async fn a_folder_of_the_version_before_is_taken_over_whole() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-folder-v1");
    let before = tree(&fixture);
    let mut cloud = TestCloud::on(MADE, |data| copy(&fixture, data)).await;
    for again in [false, true] {
        if again {
            cloud.restart().await;
        }
        let marker = fs::read_to_string(cloud.data().join("messaging-data")).unwrap();
        assert_eq!(marker, "messaging data folder, format 1\n");
        let bad = cloud.notices().into_iter().filter(|text| !text.contains("other users")).collect::<Vec<_>>();
        assert_eq!(bad, [""; 0]);
        looked_at(&cloud).await;
    }
    assert_eq!(bodies(&cloud, "dead").await, set(["goes to the dead-letter queue"]));
    assert_eq!(bodies(&cloud, "plain").await, set(["waits 0", "waits 1", "waits 2", "published order"]));
    assert_eq!(bodies(&cloud, "ordered.fifo").await, set(["a0", "a1", "b0", "b1"]));
    assert_eq!(bodies(&cloud, "traffic").await, set(["the last"]));
    cloud.pass(15 * 60);
    assert!(bodies(&cloud, "plain").await.contains("delayed"));
    assert_eq!(before, tree(&fixture), "the copy was opened");
}

/// What can be looked at without changing it.
async fn looked_at(cloud: &TestCloud) {
    let (sqs, sns, s3) = (cloud.sqs(), cloud.sns(), cloud.s3());
    let urls = sqs.list_queues().send().await.unwrap().queue_urls.unwrap();
    assert_eq!(urls.len(), 5, "{urls:?}");
    let plain = urls.iter().find(|url| url.ends_with("/plain")).unwrap();
    for (name, count) in [
        (Attribute::ApproximateNumberOfMessagesNotVisible, "1"),
        (Attribute::ApproximateNumberOfMessagesDelayed, "1"),
        (Attribute::ApproximateNumberOfMessages, "4"),
    ] {
        assert_eq!(attribute(&sqs, plain, name.clone()).await, count, "{name:?}");
    }
    let redrive = attribute(&sqs, plain, Attribute::RedrivePolicy).await;
    assert!(redrive.contains("dead"), "{redrive}");
    let tags = sqs.list_queue_tags().queue_url(plain).send().await.unwrap().tags.unwrap();
    assert_eq!(tags["team"], "orders");
    let topics = sns.list_topics().send().await.unwrap();
    assert_eq!(topics.topics().len(), 2);
    let subscriptions = sns.list_subscriptions().send().await.unwrap();
    let arn = subscriptions.subscriptions()[0].subscription_arn().unwrap();
    let attributes = sns.get_subscription_attributes().subscription_arn(arn).send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes["FilterPolicy"], r#"{"kind": ["order"]}"#);
    let streams = cloud.firehose().list_delivery_streams().send().await.unwrap();
    assert_eq!(streams.delivery_stream_names(), ["lake"]);
    let engine_records = cloud.inside().core.read(|engine, _| {
        let arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/lake";
        engine.stream_by_arn(arn).map(|stream| stream.records().count())
    });
    assert_eq!(engine_records, Some(3));
    let object = s3.get_object().bucket("shelf").key("plain.txt").send().await.unwrap();
    assert_eq!(object.metadata().unwrap()["who"], "me");
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"an object\n");
    let versions = s3.list_object_versions().bucket("versions").send().await.unwrap();
    let mut texts = BTreeSet::new();
    for version in versions.versions().iter().filter(|version| version.key() == Some("k")) {
        let get = s3.get_object().bucket("versions").key("k").version_id(version.version_id().unwrap());
        let bytes = get.send().await.unwrap().body.collect().await.unwrap().to_vec();
        texts.insert(String::from_utf8(bytes).unwrap());
    }
    assert_eq!(texts, set(["version 1\n", "version 2\n"]));
    assert_eq!(code(s3.get_object().bucket("versions").key("gone").send().await), "NoSuchKey");
    let uploads = s3.list_multipart_uploads().bucket("shelf").send().await.unwrap();
    let upload = uploads.uploads()[0].upload_id().unwrap();
    let parts = s3.list_parts().bucket("shelf").key("in parts").upload_id(upload).send().await.unwrap();
    assert_eq!(parts.parts()[0].size(), Some(9));
    let stacks = cloud.cloudformation().describe_stacks().stack_name("stack").send().await.unwrap();
    assert_eq!(stacks.stacks()[0].outputs()[0].output_key(), Some("Url"));
    let role = cloud.inside().core.read(|engine, _| engine.docs("iam/", "").any(|(key, _)| key.contains("lander")));
    assert!(role, "the role is there");
}

/// An older program said of a record that it doesn't know that the log is damaged, since the marker told of a folder that it knew.
#[tokio::test]
async fn a_folder_says_that_it_is_newer_before_it_holds_what_an_older_program_cannot_read() {
    let mut cloud = TestCloud::start().await;
    let marker = |cloud: &TestCloud| fs::read_to_string(cloud.data().join("messaging-data")).unwrap();
    let told = |format: u32| format!("messaging data folder, format {format}\n");
    cloud.s3().create_bucket().bucket("bucket").send().await.unwrap();
    cloud.s3().put_object().bucket("bucket").key("large").body(vec![b'x'; 10_000].into()).send().await.unwrap();
    assert_eq!(marker(&cloud), told(1), "nothing in it is new");
    cloud.s3().put_object().bucket("bucket").key("small").body(vec![b'x'; 10].into()).send().await.unwrap();
    assert_eq!(marker(&cloud), told(2), "its bytes lie in the log");
    // As a version wrote it that had such records and not this format.
    cloud.restart_after(|data| fs::write(data.join("messaging-data"), told(1)).unwrap()).await;
    assert_eq!(marker(&cloud), told(2));
    let newer = |data: &Path| fs::write(data.join("messaging-data"), told(3)).unwrap();
    let refused = cloud.refused_after(newer).await;
    assert!(refused.contains("format 3, made by a newer version") && refused.contains("reads format 2"), "{refused}");
}

/// A state that is loaded makes a folder newer as well.
#[tokio::test]
async fn a_load_makes_the_folder_newer() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = TestCloud::start().await;
    let inside = Inside::of(cloud.inside(), "us-east-1").unwrap();
    inside.save(&dir.path().join("state")).await.unwrap();
    let marker = || fs::read_to_string(cloud.data().join("messaging-data")).unwrap();
    assert_eq!(marker(), "messaging data folder, format 1\n");
    inside.load(&dir.path().join("state")).await.unwrap();
    assert_eq!(marker(), "messaging data folder, format 2\n");
}
