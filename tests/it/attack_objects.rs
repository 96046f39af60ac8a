//! The bytes of objects: what a start does with files that no object names, and what clients are told of bytes that are gone or
//! damaged.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, IndexDocument, WebsiteConfiguration};

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::folders::{copy, tree};
use crate::helpers::queues::{queue, send};
use crate::helpers::raw::ask;

const B: &str = "bucket";
/// More than is looked at before an answer begins.
const LARGE: usize = 3 << 20;
/// Shorter objects need no file.
const SHORT: usize = 8 << 10;
/// Nobody's blobs, as a crash leaves them.
const STRAYS: [&str; 2] = ["ab/ab000000000000000000000000000001", "ab/ab000000000000000000000000000002"];

async fn with_bucket(cloud: &TestCloud) -> Client {
    let s3 = cloud.s3();
    s3.create_bucket().bucket(B).send().await.unwrap();
    s3
}

/// Puts an object, with zeros behind it until it needs a file; that file.
async fn put(cloud: &TestCloud, key: &str, bytes: impl Into<Vec<u8>>) -> PathBuf {
    let before = blobs(&cloud.data());
    let mut bytes = bytes.into();
    bytes.resize(bytes.len().max(SHORT), 0);
    cloud.s3().put_object().bucket(B).key(key).body(ByteStream::from(bytes)).send().await.unwrap();
    let fresh = blobs(&cloud.data()).into_iter().filter(|path| !before.contains(path)).collect::<Vec<_>>();
    let [file] = fresh.as_slice() else { panic!("{fresh:?}") };
    file.clone()
}

fn blobs(data: &Path) -> Vec<PathBuf> {
    tree(&data.join("objects")).into_keys().filter(|path| path.is_file()).collect()
}

/// The bytes of an object without the zeros behind them.
async fn get(s3: &Client, key: &str) -> Vec<u8> {
    trimmed(s3.get_object().bucket(B).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec())
}

fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}

fn strays(data: &Path) {
    STRAYS.iter().for_each(|name| fs::write(data.join("objects").join(name), name).unwrap());
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// The newest file of the log.
fn last_segment(data: &Path) -> PathBuf {
    let names = fs::read_dir(data.join("log")).unwrap().map(|file| file.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|it| it == "log")).max().unwrap()
}

#[tokio::test]
async fn only_what_the_log_proves_dead_is_removed() {
    let mut cloud = TestCloud::start().await;
    with_bucket(&cloud).await;
    put(&cloud, "k", "kept").await;
    let victim = tempfile::tempdir().unwrap();
    fs::write(victim.path().join("thesis.txt"), "theirs").unwrap();
    let foreign = ["readme", "models/chair.obj", "ab/readme", "ab/ff000000000000000000000000000001", "ab/folder/file"];
    cloud
        .restart_after(|data| {
            strays(data);
            for name in foreign {
                let path = data.join("objects").join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "theirs").unwrap();
            }
            let link = data.join("objects/ab/ab000000000000000000000000000003");
            symlink(victim.path().join("thesis.txt"), link).unwrap();
        })
        .await;
    cloud.notice_with(&["2 files in objects/", "removed"]).await;
    let told = cloud.notice_with(&["isn't this program's", "left alone"]).await;
    assert!(told.contains("and 3 more"), "{told}");
    for stray in STRAYS {
        assert!(!cloud.data().join("objects").join(stray).exists());
    }
    for name in foreign {
        assert_eq!(fs::read(cloud.data().join("objects").join(name)).unwrap(), b"theirs", "{name}");
    }
    assert!(cloud.data().join("objects/ab/ab000000000000000000000000000003").is_symlink());
    assert_eq!(fs::read(victim.path().join("thesis.txt")).unwrap(), b"theirs");
    assert_eq!(get(&cloud.s3(), "k").await, b"kept");
}

/// The objects of a lost end of the log were deleted, so that putting it back brought nothing back.
#[tokio::test]
async fn what_a_lost_end_of_the_log_named_is_moved_aside_and_comes_back() {
    let mut cloud = TestCloud::start().await;
    with_bucket(&cloud).await;
    let file = put(&cloud, "k", "kept").await;
    let mut whole = Vec::new();
    cloud
        .restart_after(|data| {
            let segment = last_segment(data);
            whole = fs::read(&segment).unwrap();
            fs::write(segment, &whole[..whole.len() - 5]).unwrap();
        })
        .await;
    let told = cloud.notice_with(&["00000001.log", "can't be read as whole records"]).await;
    assert!(told.contains("never acknowledged, unless the file was damaged"), "{told}");
    cloud.notice_with(&["1 file in objects/", "moved to lost/"]).await;
    assert_eq!(code(cloud.s3().get_object().bucket(B).key("k").send().await), "NoSuchKey");
    let aside = cloud.data().join("lost").join(file.file_name().unwrap());
    assert_eq!(trimmed(fs::read(&aside).unwrap()), b"kept");
    cloud.restart().await;
    cloud.notice_with(&["1 file in lost/", "remove them when"]).await;
    cloud.restart_after(|data| fs::write(last_segment(data), &whole).unwrap()).await;
    cloud.notice_with(&["1 file came back from lost/"]).await;
    assert_eq!(get(&cloud.s3(), "k").await, b"kept");
    assert!(!aside.exists());
}

/// A log that somebody put back knew nothing of the objects that came since, and these were deleted as a crash's.
#[tokio::test]
async fn an_older_log_proves_nothing_about_objects_that_came_since() {
    for in_one_life in [true, false] {
        let mut cloud = TestCloud::start().await;
        with_bucket(&cloud).await;
        let saved = tempfile::tempdir().unwrap();
        let (old, new) = (saved.path().join("old"), saved.path().join("new"));
        if in_one_life {
            copy(&cloud.data().join("log"), &old);
        } else {
            cloud.restart_after(|data| copy(&data.join("log"), &old)).await;
        }
        let file = put(&cloud, "new", "newer than the log").await;
        let put_back = |data: &Path, log: &Path| {
            fs::remove_dir_all(data.join("log")).unwrap();
            copy(log, &data.join("log"));
        };
        cloud
            .restart_after(|data| {
                copy(&data.join("log"), &new);
                put_back(data, &old);
            })
            .await;
        cloud.notice_with(&["the log isn't the one that this folder had last", "older copy"]).await;
        cloud.notice_with(&["1 file in objects/", "moved to lost/"]).await;
        assert!(cloud.data().join("lost").join(file.file_name().unwrap()).exists());
        // The same with the other one: it knows nothing of what was put beside the older.
        put(&cloud, "other", "beside the older log").await;
        cloud.restart_after(|data| put_back(data, &new)).await;
        cloud.notice_with(&["1 file in objects/", "moved to lost/"]).await;
        cloud.notice_with(&["1 file came back from lost/"]).await;
        assert_eq!(get(&cloud.s3(), "new").await, b"newer than the log", "{in_one_life}");
        // A folder whose note is gone knows nothing either.
        cloud
            .restart_after(|data| {
                fs::remove_file(data.join("log.end")).unwrap();
                strays(data);
            })
            .await;
        cloud.notice_with(&["2 files in objects/", "moved to lost/"]).await;
        assert!(!cloud.notices().iter().any(|text| text.contains("the log isn't the one")));
    }
}

/// A lost last segment wasn't noticed, and what it named was deleted.
#[tokio::test]
async fn a_lost_or_damaged_segment_is_refused_and_nothing_is_touched() {
    let mut cloud = TestCloud::with_small_segments().await;
    with_bucket(&cloud).await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let text = "x".repeat(20_000);
    for _ in 0..10 {
        send(&sqs, &url, &text).await;
    }
    put(&cloud, "k", "kept").await;
    let last = last_segment(&cloud.data());
    assert!(last.ends_with("00000004.log"), "{last:?}");
    let rows: [(&str, &[&str], fn(&Path)); 5] = [
        ("the last is gone", &["00000004.log is missing", "put it back"], |it| {
            fs::remove_file(last_segment(it)).unwrap()
        }),
        ("the last is empty", &["00000004.log is damaged at byte 0"], |it| fs::write(last_segment(it), "").unwrap()),
        ("the middle is gone", &["00000002.log is missing"], |it| {
            fs::remove_file(it.join("log/00000002.log")).unwrap()
        }),
        ("the middle is damaged", &["00000002.log is damaged at byte"], |it| {
            flip(&it.join("log/00000002.log"), 30_000)
        }),
        ("the last two are gone", &["00000004.log is missing"], |it| {
            fs::remove_file(it.join("log/00000004.log")).unwrap();
            fs::remove_file(it.join("log/00000003.log")).unwrap();
        }),
    ];
    for (what, words, harm) in rows {
        let saved = tempfile::tempdir().unwrap();
        let mut before = Default::default();
        let error = cloud
            .refused_after(|data| {
                for file in fs::read_dir(data.join("log")).unwrap().map(|file| file.unwrap().path()) {
                    fs::copy(&file, saved.path().join(file.file_name().unwrap())).unwrap();
                }
                harm(data);
                before = tree(data);
            })
            .await;
        assert!(words.iter().all(|word| error.contains(word)), "{what}: {error}");
        assert_eq!(tree(&cloud.data()), before, "{what}");
        cloud
            .restart_after(|data| {
                for file in fs::read_dir(saved.path()).unwrap().map(|file| file.unwrap().path()) {
                    fs::copy(&file, data.join("log").join(file.file_name().unwrap())).unwrap();
                }
            })
            .await;
        assert_eq!(get(&cloud.s3(), "k").await, b"kept", "{what}");
    }
}

/// A missing or short file was served with 200 and its length, and then the connection broke; a flipped byte was served.
#[tokio::test]
async fn bytes_that_are_gone_or_damaged_are_an_error_before_the_answer_begins() {
    let rows: [(&str, fn(&Path)); 4] = [
        ("gone", |file| fs::remove_file(file).unwrap()),
        ("short", |file| fs::write(file, "by").unwrap()),
        ("flipped", |file| flip(file, 3)),
        ("a link", |file| {
            let elsewhere = file.with_extension("elsewhere");
            fs::rename(file, &elsewhere).unwrap();
            symlink(elsewhere, file).unwrap();
        }),
    ];
    for (what, harm) in rows {
        let mut cloud = TestCloud::start().await;
        let s3 = with_bucket(&cloud).await;
        let index = IndexDocument::builder().suffix("k").build().unwrap();
        let site = WebsiteConfiguration::builder().index_document(index).build();
        s3.put_bucket_website().bucket(B).website_configuration(site).send().await.unwrap();
        let file = put(&cloud, "k", "bytes of an object").await;
        put(&cloud, "well", "others are well").await;
        let upload = s3.create_multipart_upload().bucket(B).key("m").send().await.unwrap().upload_id.unwrap();
        harm(&file);
        for again in [false, true] {
            let s3 = cloud.s3();
            let source = format!("{B}/k");
            let internal = "InternalError";
            assert_eq!(code(s3.get_object().bucket(B).key("k").send().await), internal, "{what}");
            assert_eq!(code(s3.get_object().bucket(B).key("k").range("bytes=0-1").send().await), internal, "{what}");
            let copy = s3.upload_part_copy().bucket(B).key("m").upload_id(&upload).part_number(1).copy_source(&source);
            assert_eq!(code(copy.send().await), internal, "{what}");
            let answer = ask(&cloud, &format!("{B}.s3-website.localhost"), "/").await;
            assert!(answer.starts_with("HTTP/1.1 500") && answer.contains(internal), "{what}: {answer}");
            cloud.notice_with(&["the bytes of the object k are missing or damaged"]).await;
            if what != "flipped" {
                // What only reading would show is neither looked for by HEAD nor by a copy, whose checksum tells of it.
                let head = s3.head_object().bucket(B).key("k").send().await.unwrap_err();
                assert_eq!(head.raw_response().unwrap().status().as_u16(), 500, "{what}");
                assert_eq!(
                    code(s3.copy_object().bucket(B).key("c").copy_source(&source).send().await),
                    internal,
                    "{what}"
                );
            }
            assert_eq!(get(&s3, "well").await, b"others are well");
            if !again {
                cloud.restart().await;
                if what != "flipped" {
                    let told = cloud.notice_with(&["1 object are missing or damaged", "bucket/k"]).await;
                    assert!(told.contains(file.file_name().unwrap().to_str().unwrap()), "{told}");
                }
            }
        }
    }
}

/// A large object is compared on its way: its last bytes are held back when they don't fit.
#[tokio::test]
async fn a_large_damaged_object_never_arrives_whole() {
    let cloud = TestCloud::start().await;
    let s3 = with_bucket(&cloud).await;
    let whole: Vec<u8> = (0..LARGE).map(|n| (n / 7) as u8).collect();
    let file = put(&cloud, "large", whole.clone()).await;
    let upload = s3.create_multipart_upload().bucket(B).key("parts").send().await.unwrap().upload_id.unwrap();
    let before = blobs(&cloud.data());
    let mut parts = CompletedMultipartUpload::builder();
    for (number, bytes) in [(1, vec![1; 5 << 20]), (2, vec![2; 1000])] {
        let part = s3.upload_part().bucket(B).key("parts").upload_id(&upload).part_number(number);
        let tag = part.body(ByteStream::from(bytes)).send().await.unwrap().e_tag.unwrap();
        parts = parts.parts(CompletedPart::builder().part_number(number).e_tag(tag).build());
    }
    let complete = s3.complete_multipart_upload().bucket(B).key("parts").upload_id(&upload);
    complete.multipart_upload(parts.build()).send().await.unwrap();
    let of_parts = blobs(&cloud.data()).into_iter().find(|path| !before.contains(path)).unwrap();
    assert_eq!(get(&s3, "large").await, whole);
    assert_eq!(get(&s3, "parts").await.len(), (5 << 20) + 1000);
    for (key, file) in [("large", file), ("parts", of_parts)] {
        flip(&file, 100);
        let body = s3.get_object().bucket(B).key(key).send().await.unwrap().body;
        assert!(body.collect().await.is_err(), "{key}");
        cloud.notice_with(&[&format!("the bytes of the object {key} are missing or damaged")]).await;
        // Without a file no answer begins.
        fs::remove_file(&file).unwrap();
        assert_eq!(code(s3.get_object().bucket(B).key(key).send().await), "InternalError");
    }
}

/// All files of objects lost: the start says so, and takes nothing for dead.
#[tokio::test]
async fn lost_objects_are_told_and_everything_else_is_there() {
    let mut cloud = TestCloud::start().await;
    with_bucket(&cloud).await;
    for key in ["a", "b", "c", "d", "e"] {
        put(&cloud, key, "bytes").await;
    }
    cloud.restart_after(|data| fs::remove_dir_all(data.join("objects")).unwrap()).await;
    let told = cloud.notice_with(&["5 objects are missing or damaged"]).await;
    assert!(told.contains("bucket/a, bucket/b, bucket/c and 2 more"), "{told}");
    put(&cloud, "a", "again").await;
    assert_eq!(get(&cloud.s3(), "a").await, b"again");
}
