//! Files of states that are wrong: whatever is in them, nothing has changed afterwards.

use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cloud::{AwsError, Inside, Summary};
use sha2::{Digest, Sha256};

use crate::helpers::cloud::TestCloud;
use crate::helpers::queues::{attribute, queue, send};
use crate::reset::files;

async fn load(cloud: &TestCloud, file: &Path) -> Result<Summary, AwsError> {
    Inside::of(cloud.inside(), "us-east-1").unwrap().load(file).await
}

/// A cloud with a queue, a message, an object in a file and one without.
async fn filled() -> (TestCloud, String) {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    send(&cloud.sqs(), &url, "kept").await;
    cloud.s3().create_bucket().bucket("bucket").send().await.unwrap();
    for length in [10, 20_000] {
        let object = cloud.s3().put_object().bucket("bucket").key(length.to_string()).body(vec![b'x'; length].into());
        object.send().await.unwrap();
    }
    (cloud, url)
}

#[tokio::test]
async fn a_file_that_is_cut_or_changed_anywhere_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, wrong) = (dir.path().join("whole"), dir.path().join("wrong"));
    let (cloud, url) = filled().await;
    Inside::of(cloud.inside(), "us-east-1").unwrap().save(&whole).await.unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let cuts = (0..40).chain((1..40).map(|n| bytes.len() * n / 40)).chain(bytes.len() - 20..bytes.len());
    let cut = cuts.map(|length| (format!("{length} bytes"), bytes[..length].to_vec()));
    let places = (0..60).chain((0..150).map(|n| bytes.len() * n / 150)).chain(bytes.len() - 30..bytes.len());
    let flipped = places.map(|at| {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        (format!("byte {at}"), flipped)
    });
    let longer = [&bytes[..], b"x"].concat();
    let twice = [&bytes[..], &bytes[..]].concat();
    let mut huge = bytes.clone();
    huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    let others = [("longer", longer), ("twice", twice), ("huge", huge), ("zeros", vec![0; 4096])];
    let others = others.map(|(what, bytes)| (what.to_owned(), bytes));
    let objects = files(&cloud.data().join("objects"));
    for (what, bytes) in cut.chain(flipped).chain(others) {
        std::fs::write(&wrong, bytes).unwrap();
        let error = load(&cloud, &wrong).await.expect_err(&what);
        assert!(error.status == 400 && error.message.contains("Nothing was loaded"), "{what}: {error:?}");
        assert_eq!(files(&cloud.data().join("objects")), objects, "{what}");
    }
    assert_eq!(attribute(&cloud.sqs(), &url, Attribute::ApproximateNumberOfMessages).await, "1");
    for absent in [dir.path().join("absent"), dir.path().to_owned()] {
        assert_eq!(load(&cloud, &absent).await.unwrap_err().status, 400);
    }
    let loaded = load(&cloud, &whole).await.unwrap();
    assert_eq!((loaded.declared, loaded.files, loaded.bytes), (1, 1, bytes.len() as u64));
    assert_eq!(attribute(&cloud.sqs(), &url, Attribute::ApproximateNumberOfMessages).await, "1");
}

/// Another version's file is named as such, and not as damage.
#[tokio::test]
async fn a_file_of_another_version_is_named_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("newer");
    let cloud = TestCloud::start().await;
    Inside::of(cloud.inside(), "us-east-1").unwrap().save(&file).await.unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[8] = 2;
    std::fs::write(&file, bytes).unwrap();
    let error = load(&cloud, &file).await.unwrap_err();
    assert!(error.message.contains("it has format 2, and this program reads format 1"), "{error:?}");
}

/// What is given up while a state is saved belongs to the state: its file stays until that is written, and goes then.
#[tokio::test]
async fn a_save_is_of_one_moment_whatever_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("amid");
    let (cloud, url) = filled().await;
    let inside = Inside::of(cloud.inside(), "us-east-1").unwrap();
    for round in 0..20 {
        let key = "20000";
        let changing = async {
            for n in 0..10u8 {
                send(&cloud.sqs(), &url, "more").await;
                cloud.s3().put_object().bucket("bucket").key(key).body(vec![n; 20_000].into()).send().await.unwrap();
            }
        };
        let (saved, ()) = tokio::join!(inside.save(&file), changing);
        let saved = saved.unwrap();
        let other = TestCloud::start().await;
        let loaded = load(&other, &file).await.unwrap();
        assert_eq!((loaded.records, loaded.files), (saved.records, 1), "{round}");
        let object = other.s3().get_object().bucket("bucket").key(key).send().await.unwrap();
        let bytes = object.body.collect().await.unwrap().to_vec();
        assert!(bytes.len() == 20_000 && bytes.iter().all(|byte| *byte == bytes[0]), "{round}");
    }
    assert_eq!(files(&cloud.data().join("objects")), 1);
}

/// Payloads of a file.
fn payloads(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut payloads, mut at) = (Vec::new(), 12);
    while at < file.len() {
        let length = u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        payloads.push(file[at + 12..at + 12 + length].to_vec());
        at += 12 + length;
    }
    payloads
}

/// A file of these payloads whose sums are right, as anybody can make one.
fn forged(beginning: &[u8], payloads: &[Vec<u8>]) -> Vec<u8> {
    let (mut file, mut sum) = (beginning[..12].to_vec(), Sha256::new());
    for payload in payloads {
        sum.update((payload.len() as u64).to_le_bytes());
        sum.update(payload);
        file.extend((payload.len() as u32).to_le_bytes());
        file.extend(&sum.clone().finalize()[..8]);
        file.extend(payload);
    }
    file
}

/// Puts other bytes of the same length in the place of some.
fn replaced(payload: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = memchr::memmem::find(payload, old).expect("it is in there");
    [&payload[..at], new, &payload[at + old.len()..]].concat()
}

/// Sums say that a file is as it was written, and not by whom: names that lead elsewhere, a server's own keys, parts that are missing, twice
/// there or in another order.
#[tokio::test]
async fn a_forged_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (file, wrong) = (dir.path().join("whole"), dir.path().join("forged"));
    let (cloud, url) = filled().await;
    Inside::of(cloud.inside(), "us-east-1").unwrap().save(&file).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let all = payloads(&bytes);
    assert_eq!(forged(&bytes, &all), bytes);
    let has = |text: &str| all.iter().position(|it| memchr::memmem::find(it, text.as_bytes()).is_some()).unwrap();
    let (object, small) = (has("s3/object/bucket/20000"), has("s3/object/bucket/10"));
    let blob = {
        let document = &all[object];
        let at = memchr::memmem::find(document, b"\"id\":\"").unwrap() + 6;
        String::from_utf8(document[at..at + 32].to_vec()).unwrap()
    };
    let kept = all.iter().position(|it| it.len() < 40 && it.ends_with(b"xxxxxxxxxx")).unwrap();
    let with = |at: usize, old: &str, new: &str| {
        let mut some = all.clone();
        some[at] = replaced(&some[at], old.as_bytes(), new.as_bytes());
        some
    };
    let without = |at: usize| {
        let mut some = all.clone();
        some.remove(at);
        some
    };
    let twice = |at: usize| {
        let mut some = all.clone();
        some.insert(at, some[at].clone());
        some
    };
    // An item: 1 for a record, and its length; a record: 16 for a document, its key's length, its key.
    let document = [&[16, 15], &b"sns/signing-key"[..], &[1, b'x']].concat();
    let mut own = all.clone();
    own[small] = [&[1, document.len() as u8], &document[..]].concat();
    let ends = all.len() - 1;
    let first_blob = (0..all.len()).rev().find(|at| all[*at].len() < 30 && *at < ends).unwrap();
    let mut swapped = all.clone();
    swapped.swap(first_blob, first_blob + 1);
    let traversal = "../../../../../../../../etc/pass1";
    let files_before = files(&cloud.data().join("objects"));
    for (what, payloads) in [
        ("a name that leads elsewhere", with(object, &blob, &traversal[..32])),
        ("a file that nothing names", with(object, &blob, "00000000000000000000000000000000")),
        ("a server's own key", own),
        ("an object that isn't one", with(small, "\"sequence\"", "\"sequenze\"")),
        ("an object's bytes in the log that aren't there", without(kept)),
        ("no head", without(0)),
        ("a head twice", twice(0)),
        ("a queue twice", twice(1)),
        ("a file without its bytes", without(first_blob + 1)),
        ("bytes without their file", without(first_blob)),
        ("bytes twice", twice(first_blob + 1)),
        ("bytes before their file", swapped),
        ("no end", without(ends)),
        ("two ends", twice(ends)),
        ("nothing but a head", all[..1].to_vec()),
        ("an unknown item", [&all[..1], &[vec![200, 1]], &all[1..]].concat()),
        ("an empty item", [&all[..1], &[vec![]], &all[1..]].concat()),
        ("a record of no kind", [&all[..1], &[vec![1, 2, 250, 250]], &all[1..]].concat()),
    ] {
        std::fs::write(&wrong, forged(&bytes, &payloads)).unwrap();
        let error = load(&cloud, &wrong).await.expect_err(what);
        assert!(error.status == 400 && error.message.contains("Nothing was loaded"), "{what}: {error:?}");
        assert_eq!(files(&cloud.data().join("objects")), files_before, "{what}");
        assert_eq!(attribute(&cloud.sqs(), &url, Attribute::ApproximateNumberOfMessages).await, "1", "{what}");
    }
    assert!(!dir.path().join("etc").exists());
    load(&cloud, &file).await.unwrap();
}
