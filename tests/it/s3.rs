//! S3 by the real SDK: objects whole and in parts, ranges, listings, presigned URLs.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cloud::{TestCloud, code};

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

/// A request that no SDK makes: status line, headers and body.
async fn raw(cloud: &TestCloud, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// "Using cross-origin resource sharing (CORS)": a rule of the bucket opens it to a foreign page, and nothing else.
#[tokio::test]
async fn a_bucket_opens_itself_to_pages() {
    use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    for bucket in ["open", "closed"] {
        s3.create_bucket().bucket(bucket).send().await.unwrap();
        s3.put_object().bucket(bucket).key("k").body(b"v".to_vec().into()).send().await.unwrap();
    }
    let rule =
        CorsRule::builder().allowed_methods("GET").allowed_origins("https://*.example.com").expose_headers("ETag");
    let rules = CorsConfiguration::builder().cors_rules(rule.build().unwrap()).build().unwrap();
    s3.put_bucket_cors().bucket("open").cors_configuration(rules).send().await.unwrap();
    assert_eq!(s3.get_bucket_cors().bucket("open").send().await.unwrap().cors_rules().len(), 1);

    let get = |bucket: &str, origin: &str, host: &str| {
        format!("GET /{bucket}/k HTTP/1.1\nHost: {host}\nOrigin: {origin}\nConnection: close\n\n")
    };
    let answer = raw(&cloud, &get("open", "https://a.example.com", "localhost")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for header in [
        "access-control-allow-origin: https://a.example.com",
        "access-control-allow-methods: GET",
        "access-control-expose-headers: ETag",
        "access-control-allow-credentials: true",
    ] {
        assert!(answer.to_ascii_lowercase().contains(&header.to_ascii_lowercase()), "{header}: {answer}");
    }
    for (bucket, origin) in [("closed", "https://a.example.com"), ("open", "https://evil.test")] {
        assert!(raw(&cloud, &get(bucket, origin, "localhost")).await.starts_with("HTTP/1.1 403"), "{bucket} {origin}");
    }
    // The door is the bucket's alone.
    let list = "POST / HTTP/1.1\nHost: localhost\nOrigin: https://a.example.com\nContent-Type: application/x-www-form-urlencoded\n\
                Content-Length: 17\nConnection: close\n\nAction=ListTopics";
    assert!(raw(&cloud, list).await.starts_with("HTTP/1.1 403"));

    let preflight = |bucket: &str, origin: &str, method: &str| {
        format!(
            "OPTIONS /{bucket}/k HTTP/1.1\nHost: localhost\nOrigin: {origin}\nAccess-Control-Request-Method: {method}\n\
             Connection: close\n\n"
        )
    };
    let answer = raw(&cloud, &preflight("open", "https://a.example.com", "GET")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = raw(&cloud, &preflight("closed", "http://localhost:3000", "GET")).await;
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("CORSResponse: CORS is not enabled for this bucket.")
    );
    let answer = raw(&cloud, &preflight("open", "http://localhost:3000", "PUT")).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("CORSResponse: This CORS request is not allowed."));

    s3.delete_bucket_cors().bucket("open").send().await.unwrap();
    let gone = s3.get_bucket_cors().bucket("open").send().await;
    assert_eq!(code(gone), "NoSuchCORSConfiguration");
}

/// "Locking objects with Object Lock": what is locked can't be deleted for good before its time.
#[tokio::test]
async fn a_locked_version_stays() {
    use aws_sdk_s3::types::{
        DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHold, ObjectLockLegalHoldStatus,
        ObjectLockRetentionMode as Mode, ObjectLockRule,
    };
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("vault").object_lock_enabled_for_bucket(true).send().await.unwrap();
    let default = DefaultRetention::builder().mode(Mode::Governance).days(1).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(default).build())
        .build();
    s3.put_object_lock_configuration().bucket("vault").object_lock_configuration(lock).send().await.unwrap();
    let put = s3.put_object().bucket("vault").key("k").body(b"v".to_vec().into()).send().await.unwrap();
    let version = put.version_id.unwrap();
    let head = s3.head_object().bucket("vault").key("k").send().await.unwrap();
    assert_eq!(head.object_lock_mode, Some(Mode::Governance.as_str().into()));

    let delete = || s3.delete_object().bucket("vault").key("k").version_id(&version);
    assert_eq!(code(delete().send().await), "AccessDenied");
    let hold = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::On).build();
    s3.put_object_legal_hold().bucket("vault").key("k").legal_hold(hold).send().await.unwrap();
    assert_eq!(code(delete().bypass_governance_retention(true).send().await), "AccessDenied");
    cloud.pass(2 * 24 * 60 * 60);
    assert_eq!(code(delete().send().await), "AccessDenied", "a hold has no end");
    let off = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::Off).build();
    s3.put_object_legal_hold().bucket("vault").key("k").legal_hold(off).send().await.unwrap();
    delete().send().await.unwrap();

    s3.create_bucket().bucket("plain").send().await.unwrap();
    s3.put_object().bucket("plain").key("k").send().await.unwrap();
    let message = s3.get_object_retention().bucket("plain").key("k").send().await.unwrap_err();
    assert_eq!(message.into_service_error().meta().message(), Some("Bucket is missing Object Lock Configuration"));
}

/// "Hosting a static website using Amazon S3".
#[tokio::test]
async fn a_bucket_is_a_website() {
    use aws_sdk_s3::types::{ErrorDocument, IndexDocument, WebsiteConfiguration};
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("site").send().await.unwrap();
    for (key, body) in [("index.html", "home"), ("docs/index.html", "docs"), ("oops.html", "oops")] {
        let put = s3.put_object().bucket("site").key(key).content_type("text/html");
        put.body(body.as_bytes().to_vec().into()).send().await.unwrap();
    }
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\nHost: site.s3-website-us-east-1.amazonaws.com\nConnection: close\n\n")
    };
    let answer = raw(&cloud, &get("/")).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("NoSuchWebsiteConfiguration"), "{answer}");
    let website = WebsiteConfiguration::builder()
        .index_document(IndexDocument::builder().suffix("index.html").build().unwrap())
        .error_document(ErrorDocument::builder().key("oops.html").build().unwrap());
    s3.put_bucket_website().bucket("site").website_configuration(website.build()).send().await.unwrap();
    for (path, status, word) in [
        ("/", "200", "home"),
        ("/docs/", "200", "docs"),
        ("/docs", "302", "location: /docs/"),
        ("/nothing", "404", "oops"),
    ] {
        let answer = raw(&cloud, &get(path)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(word), "{path}: {answer}");
    }
}
