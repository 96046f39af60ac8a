//! S3 by the real SDK: objects whole and in parts, ranges, listings, presigned URLs.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::raw;

const BUCKET: &str = "landing";
const PART: usize = 5 << 20;

async fn with_bucket() -> (TestCloud, Client) {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    (cloud, s3)
}

async fn put(s3: &Client, key: &str, body: &'static [u8]) {
    s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(body)).send().await.unwrap();
}

async fn get(s3: &Client, key: &str) -> Vec<u8> {
    let got = s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let (_cloud, s3) = with_bucket().await;
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key("a b/größe+1.txt")
        .body(ByteStream::from_static(b"hello"))
        .content_type("text/plain")
        .metadata("origin", "test")
        .send()
        .await
        .unwrap();
    // The ETag of a single put is its MD5.
    assert_eq!(put.e_tag.as_deref(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let head = s3.head_object().bucket(BUCKET).key("a b/größe+1.txt").send().await.unwrap();
    assert_eq!((head.content_length, head.content_type.as_deref()), (Some(5), Some("text/plain")));
    assert_eq!(head.metadata.unwrap()["origin"], "test");
    assert_eq!(head.last_modified.unwrap().secs(), 1_773_531_000);
    assert_eq!(get(&s3, "a b/größe+1.txt").await, b"hello");
    let copy =
        s3.copy_object().bucket(BUCKET).key("copy").copy_source(format!("{BUCKET}/a%20b/gr%C3%B6%C3%9Fe%2B1.txt"));
    copy.send().await.unwrap();
    assert_eq!(get(&s3, "copy").await, b"hello");
    s3.delete_object().bucket(BUCKET).key("copy").send().await.unwrap();
    assert_eq!(code(s3.get_object().bucket(BUCKET).key("copy").send().await), "NoSuchKey");
    assert_eq!(code(s3.list_objects_v2().bucket("nobodys").send().await), "NoSuchBucket");
}

#[tokio::test]
async fn ranges_and_conditions() {
    let (_cloud, s3) = with_bucket().await;
    put(&s3, "digits", b"0123456789").await;
    for (range, body, shown) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let got = s3.get_object().bucket(BUCKET).key("digits").range(range).send().await.unwrap();
        assert_eq!(got.content_range.as_deref(), Some(shown));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), body.as_bytes(), "{range}");
    }
    let beyond = s3.get_object().bucket(BUCKET).key("digits").range("bytes=10-").send().await;
    assert_eq!(code(beyond), "InvalidRange");
    let put_if = |key: &str| {
        s3.put_object().bucket(BUCKET).key(key).if_none_match("*").body(ByteStream::from_static(b"x")).send()
    };
    assert_eq!(code(put_if("digits").await), "PreconditionFailed");
    put_if("new").await.unwrap();
}

#[tokio::test]
async fn an_object_is_put_together_from_parts() {
    let (_cloud, s3) = with_bucket().await;
    let upload = s3.create_multipart_upload().bucket(BUCKET).key("large").send().await.unwrap().upload_id.unwrap();
    let bodies = [vec![b'a'; PART], vec![b'b'; PART + 1], b"the end".to_vec()];
    let mut parts = Vec::new();
    // The last comes first, and one comes twice: the later counts.
    for number in [3, 1, 2, 2] {
        let body = ByteStream::from(bodies[number - 1].clone());
        let sent = s3.upload_part().bucket(BUCKET).key("large").upload_id(&upload).part_number(number as i32);
        let tag = sent.body(body).send().await.unwrap().e_tag.unwrap();
        parts.retain(|part: &CompletedPart| part.part_number != Some(number as i32));
        parts.push(CompletedPart::builder().part_number(number as i32).e_tag(tag).build());
    }
    parts.sort_by_key(|part| part.part_number);
    let listed = s3.list_parts().bucket(BUCKET).key("large").upload_id(&upload).send().await.unwrap();
    assert_eq!(listed.parts().iter().map(|part| part.size.unwrap() as usize).collect::<Vec<_>>(), [PART, PART + 1, 7]);
    assert!(s3.head_object().bucket(BUCKET).key("large").send().await.is_err());
    let complete = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete =
        s3.complete_multipart_upload().bucket(BUCKET).key("large").upload_id(&upload).multipart_upload(complete);
    let tag = complete.send().await.unwrap().e_tag.unwrap();
    assert!(tag.ends_with("-3\""), "{tag}");
    assert!(get(&s3, "large").await == bodies.concat());

    // A part that isn't the last has at least 5 MiB.
    let upload = s3.create_multipart_upload().bucket(BUCKET).key("small").send().await.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for number in [1, 2] {
        let sent = s3.upload_part().bucket(BUCKET).key("small").upload_id(&upload).part_number(number);
        let tag = sent.body(ByteStream::from_static(b"x")).send().await.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(tag).build());
    }
    let complete = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let small =
        s3.complete_multipart_upload().bucket(BUCKET).key("small").upload_id(&upload).multipart_upload(complete);
    assert_eq!(code(small.send().await), "EntityTooSmall");
    s3.abort_multipart_upload().bucket(BUCKET).key("small").upload_id(&upload).send().await.unwrap();
    assert!(s3.list_multipart_uploads().bucket(BUCKET).send().await.unwrap().uploads().is_empty());
}

/// The values are those of "abc", and of one part's digest, as AWS's own runtime computes them.
#[tokio::test]
async fn an_object_and_its_parts_have_a_checksum_of_the_newer_algorithms() {
    let (_cloud, s3) = with_bucket().await;
    let (whole, composed) = ("eK9flIkvOVA=", "V1jKAyAF96w=-1");
    let body = || ByteStream::from_static(b"abc");
    let put = s3.put_object().bucket(BUCKET).key("whole").body(body()).checksum_xxhash3(whole).send().await.unwrap();
    assert_eq!(put.checksum_xxhash3(), Some(whole));
    let wrong = s3.put_object().bucket(BUCKET).key("wrong").body(body()).checksum_xxhash64(whole).send().await;
    assert_eq!(code(wrong), "BadDigest");

    let created = s3.create_multipart_upload().bucket(BUCKET).key("parts");
    let created = created.checksum_algorithm(ChecksumAlgorithm::Xxhash3).send().await.unwrap();
    assert_eq!(created.checksum_type(), Some(&ChecksumType::Composite));
    let upload = created.upload_id.unwrap();
    let part = s3.upload_part().bucket(BUCKET).key("parts").upload_id(&upload).part_number(1).body(body());
    let part = part.checksum_xxhash3(whole).send().await.unwrap();
    assert_eq!(part.checksum_xxhash3(), Some(whole));
    let listed = s3.list_parts().bucket(BUCKET).key("parts").upload_id(&upload).send().await.unwrap();
    assert_eq!(listed.checksum_algorithm(), Some(&ChecksumAlgorithm::Xxhash3));
    assert_eq!(listed.parts()[0].checksum_xxhash3(), Some(whole));
    let part = CompletedPart::builder().part_number(1).e_tag(part.e_tag.unwrap()).checksum_xxhash3(whole).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("parts").upload_id(upload).multipart_upload(parts);
    assert_eq!(complete.send().await.unwrap().checksum_xxhash3(), Some(composed));
    let head = s3.head_object().bucket(BUCKET).key("parts").checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!((head.checksum_xxhash3(), head.checksum_type()), (Some(composed), Some(&ChecksumType::Composite)));

    let copy = s3.copy_object().bucket(BUCKET).key("copy").copy_source(format!("{BUCKET}/parts"));
    let copied =
        copy.checksum_algorithm(ChecksumAlgorithm::Xxhash128).send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.checksum_xxhash128(), Some("BrBatnM6YYV4r1+UiS85UA=="));
}

#[tokio::test]
async fn listings_have_prefixes_folders_and_pages() {
    let (_cloud, s3) = with_bucket().await;
    for key in ["a/1", "a/2", "a/b/3", "c", "d/4"] {
        put(&s3, key, b"x").await;
    }
    let listed = s3.list_objects_v2().bucket(BUCKET).delimiter("/").send().await.unwrap();
    let keys = |listed: &aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| {
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&listed), ["c"]);
    assert_eq!(listed.common_prefixes().iter().map(|it| it.prefix().unwrap()).collect::<Vec<_>>(), ["a/", "d/"]);
    let listed = s3.list_objects_v2().bucket(BUCKET).prefix("a/").delimiter("/").send().await.unwrap();
    assert_eq!(keys(&listed), ["a/1", "a/2"]);
    assert_eq!(listed.common_prefixes()[0].prefix(), Some("a/b/"));
    let mut pages = s3.list_objects_v2().bucket(BUCKET).max_keys(2).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.contents().len() <= 2);
        all.extend(keys(&page));
    }
    assert_eq!(all, ["a/1", "a/2", "a/b/3", "c", "d/4"]);
    let after = s3.list_objects_v2().bucket(BUCKET).start_after("a/b/3").send().await.unwrap();
    assert_eq!(keys(&after), ["c", "d/4"]);

    assert_eq!(code(s3.delete_bucket().bucket(BUCKET).send().await), "BucketNotEmpty");
    let identifiers = all.iter().map(|key| ObjectIdentifier::builder().key(key).build().unwrap()).collect();
    let delete = Delete::builder().set_objects(Some(identifiers)).build().unwrap();
    let deleted = s3.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (5, 0));
    s3.delete_bucket().bucket(BUCKET).send().await.unwrap();
    assert!(s3.list_buckets().send().await.unwrap().buckets().is_empty());
}

/// Status and body of a request that nobody signed.
async fn bare(method: &str, url: &str, body: &str) -> (u16, String) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn a_presigned_url_works_until_it_expires() {
    let (cloud, s3) = with_bucket().await;
    let presigning = || {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(cloud.clock.now());
        PresigningConfig::builder().start_time(now).expires_in(Duration::from_secs(60)).build().unwrap()
    };
    let to_put = s3.put_object().bucket(BUCKET).key("given").presigned(presigning()).await.unwrap();
    let (status, answer) = bare("PUT", to_put.uri(), "by hand").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(get(&s3, "given").await, b"by hand");
    let to_get = s3.get_object().bucket(BUCKET).key("given").presigned(presigning()).await.unwrap();
    assert_eq!(bare("GET", to_get.uri(), "").await, (200, "by hand".to_owned()));
    cloud.pass(61);
    let (status, answer) = bare("GET", to_get.uri(), "").await;
    assert_eq!(status, 403);
    assert!(answer.contains("<Code>AccessDenied</Code><Message>Request has expired</Message>"), "{answer}");
}

#[tokio::test]
async fn objects_survive_a_restart_and_deleted_ones_do_not() {
    let (mut cloud, s3) = with_bucket().await;
    put(&s3, "kept", b"first").await;
    put(&s3, "kept", b"second").await;
    put(&s3, "deleted", b"x").await;
    s3.delete_object().bucket(BUCKET).key("deleted").send().await.unwrap();
    let upload = s3.create_multipart_upload().bucket(BUCKET).key("open").send().await.unwrap().upload_id.unwrap();
    let part = s3.upload_part().bucket(BUCKET).key("open").upload_id(&upload).part_number(1);
    let tag = part.body(ByteStream::from_static(b"part")).send().await.unwrap().e_tag.unwrap();
    cloud.restart().await;
    let s3 = cloud.s3();
    let listed = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(listed.contents().iter().map(|it| it.key().unwrap()).collect::<Vec<_>>(), ["kept"]);
    assert_eq!(get(&s3, "kept").await, b"second");
    let part = CompletedPart::builder().part_number(1).e_tag(tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("open").upload_id(upload).multipart_upload(parts);
    complete.send().await.unwrap();
    assert_eq!(get(&s3, "open").await, b"part");
}

/// The CDK asks `/bucket/?encryption=`; it was refused as if it asked for an object's.
#[tokio::test]
async fn a_slash_behind_a_bucket_names_no_object() {
    let (cloud, s3) = with_bucket().await;
    put(&s3, "k", b"x").await;
    let status = async |path: &str| {
        let answer = raw::ask(&cloud, "localhost", path).await;
        raw::status(&answer).to_owned()
    };
    assert_eq!(status("/landing/?encryption=").await, status("/landing?encryption").await);
    assert_ne!(status("/landing/?encryption=").await, "501");
    assert_eq!(status("/landing/k?encryption=").await, "501");
}
