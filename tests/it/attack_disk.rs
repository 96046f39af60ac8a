//! Disks that are full, clients that leave in the middle, clocks that are set back, ends that are waited for: nothing is left
//! behind, nothing is a dead end.

use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cloud::Cloud;
use engine::config::StreamConfig;
use engine::{Change, StreamId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::binary::{HEARS_HANGUPS, Local, folder};
use crate::helpers::cloud::{LATE_EVENING, PATIENCE, TestCloud, code, config, eventually, s3};
use crate::helpers::queues::{attribute, delete, queue, receive, send};
use crate::helpers::streams::{destination, landed, put, text, with_stream};

const DAY: u64 = 24 * 3_600_000;

async fn connect(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).await.unwrap()
}

/// The files of objects in a cloud's folder.
fn files(cloud: &TestCloud) -> usize {
    let objects = cloud.segment().parent().and_then(Path::parent).unwrap().join("objects");
    std::fs::read_dir(objects).unwrap().map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

/// Waits until there are so many files; what the server tidies up in its own time is done by then.
async fn has_files(cloud: &TestCloud, count: usize) {
    let done = eventually(async || {
        cloud.pass(2);
        (files(cloud) == count).then_some(())
    });
    assert!(done.await.is_some(), "{} files, not {count}", files(cloud));
}

#[tokio::test]
async fn uploads_that_are_refused_leave_no_file() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("box").send().await.unwrap();
    let bytes = || ByteStream::from_static(&[b'x'; 8 << 10]);
    let put = || s3.put_object().bucket("box").key("k").body(bytes());
    put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await.unwrap_err();
    put().if_match("\"none\"").send().await.unwrap_err();
    s3.put_object().bucket("nowhere").key("k").body(bytes()).send().await.unwrap_err();
    let upload = s3.create_multipart_upload().bucket("box").key("k").send().await.unwrap();
    let part = || s3.upload_part().bucket("box").key("k").part_number(1).body(ByteStream::from_static(b"bytes"));
    part().upload_id("none").send().await.unwrap_err();
    part().upload_id(upload.upload_id().unwrap()).send().await.unwrap();
    assert_eq!(files(&cloud), 1, "the part");
    s3.abort_multipart_upload().bucket("box").key("k").upload_id(upload.upload_id().unwrap()).send().await.unwrap();
    assert_eq!(files(&cloud), 0);
}

/// A client that hung up right behind its upload left the file, or the one that it replaced, until the next start: a sixth
/// of 3,000.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_leave_no_file() {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("box").send().await.unwrap();
    let body = vec![b'x'; 300_000];
    for n in 0..120u64 {
        let mut stream = connect(&cloud.endpoint).await;
        // Every second one replaces the same object, some leave before the end.
        let key = if n % 2 == 0 { "same".to_owned() } else { format!("k{n}") };
        let head = format!("PUT /box/{key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        let sent = if n % 5 == 0 { 290_000 } else { body.len() };
        stream.write_all(&body[..sent]).await.unwrap();
        for _ in 0..n * 5 {
            tokio::task::yield_now().await;
        }
        // With bytes of an answer unread, or at once: the connection is reset.
        drop(stream);
    }
    let objects = async || {
        let list = cloud.s3().list_objects_v2().bucket("box").send().await.unwrap();
        list.key_count().unwrap() as usize
    };
    let settled = eventually(async || {
        cloud.pass(2);
        (files(&cloud) == objects().await).then_some(())
    });
    assert!(settled.await.is_some(), "{} files for {} objects", files(&cloud), objects().await);
}

/// Where the first answer was lost, the second said that there is no such upload.
#[tokio::test]
async fn an_upload_is_completed_twice() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("box").send().await.unwrap();
    let upload = s3.create_multipart_upload().bucket("box").key("k").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let part = s3.upload_part().bucket("box").key("k").upload_id(id).part_number(1);
    let part = part.body(ByteStream::from_static(b"bytes")).send().await.unwrap();
    let complete = async |id: &str, etag: &str| {
        let parts = CompletedPart::builder().part_number(1).e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(parts).build();
        let complete = s3.complete_multipart_upload().bucket("box").key("k").upload_id(id).multipart_upload(parts);
        complete.send().await.map(|done| done.e_tag().unwrap().to_owned())
    };
    let etag = part.e_tag().unwrap();
    let first = complete(id, etag).await.unwrap();
    assert_eq!(complete(id, etag).await.unwrap(), first);
    assert_eq!(code(complete(id, "\"0123456789abcdef0123456789abcdef\"").await), "NoSuchUpload");
    assert_eq!(code(complete("another", etag).await), "NoSuchUpload");
    s3.delete_object().bucket("box").key("k").send().await.unwrap();
    assert_eq!(code(complete(id, etag).await), "NoSuchUpload");
    has_files(&cloud, 0).await;
}

/// A server whose folder lies on a disk of so many MiB; none where this process may not mount one.
fn on_a_small_disk(folder: &Path, mib: u32) -> Option<Local> {
    let mount = format!("mkdir -p data && mount -t tmpfs -o size={mib}m tmpfs data");
    let under = ["unshare", "-rm", "sh", "-c"];
    let tried = std::process::Command::new(under[0]).args(&under[1..]).arg(&mount).current_dir(folder).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        println!("skipped: this process may not mount a disk of its own (unshare -rm, mount -t tmpfs)");
        return None;
    }
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    Some(Local::start_under(folder, &["unshare", "-rm", "sh", "-c", &script], &[]))
}

/// A queue and a topic with policies.
const STACK: &str = r#"
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: "*", Action: sqs:SendMessage, Resource: "*"}]
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: "*", Action: sns:Publish, Resource: !Ref Topic}]
"#;

/// A disk that the cloud itself has filled could not be emptied: whatever deletes was refused as well.
#[tokio::test]
async fn a_full_disk_is_emptied_through_the_port() {
    let folder = folder();
    let Some(local) = on_a_small_disk(folder.path(), 24) else { return };
    let (sqs, s3) = (aws_sdk_sqs::Client::new(&config(&local.endpoint)), s3(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    let stacks = aws_sdk_cloudformation::Client::new(&config(&local.endpoint));
    stacks.create_stack().stack_name("x").template_body(STACK).send().await.unwrap();
    let status = async || {
        let described = stacks.describe_stacks().stack_name("x").send().await.ok()?;
        Some(described.stacks()[0].stack_status().unwrap().as_str().to_owned())
    };
    eventually(async || status().await.filter(|status| status == "CREATE_COMPLETE")).await.expect("it is made");
    s3.create_bucket().bucket("box").send().await.unwrap();
    s3.put_object().bucket("box").key("k").body(ByteStream::from(vec![1; 1 << 20])).send().await.unwrap();
    let body = "x".repeat(200_000);
    let mut sent = 0;
    let refused = loop {
        match sqs.send_message().queue_url(&url).message_body(&body).send().await {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 150, "24 MiB are full");
    };
    assert!(sent > 50, "{sent}");
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503);
    assert!(refused.to_string().len() > 1);
    let depth = async || attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await;
    assert_eq!(depth().await, sent.to_string(), "what was refused doesn't wait");
    assert_eq!(
        s3.put_object()
            .bucket("box")
            .key("more")
            .body(ByteStream::from(vec![1; 1 << 20]))
            .send()
            .await
            .unwrap_err()
            .raw_response()
            .unwrap()
            .status()
            .as_u16(),
        503
    );
    // Everything that frees space is done.
    let got = receive(&sqs, &url).await;
    assert_eq!(got.len(), 10);
    for message in &got {
        delete(&sqs, &url, message).await;
    }
    s3.delete_object().bucket("box").key("k").send().await.unwrap();
    stacks.delete_stack().stack_name("x").send().await.unwrap();
    let gone = eventually(async || {
        let status = status().await;
        if status.as_deref() == Some("DELETE_FAILED") {
            panic!("{:#?}", stacks.describe_stack_events().stack_name("x").send().await.unwrap().stack_events());
        }
        status.is_none().then_some(())
    });
    gone.await.expect("the stack goes");
    let refused = sqs.send_message().queue_url(&url).message_body(&body).send().await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503, "it is still full");
    // It is told by who looks each second: a test that was faster failed.
    let said = || std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    let told = eventually(async || said().contains("is full: only what frees space is taken").then_some(()));
    assert!(told.await.is_some(), "{}", said());
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    let again = eventually(async || sqs.send_message().queue_url(&url).message_body(&body).send().await.ok());
    assert!(again.await.is_some(), "no restart is needed");
    // A queue of its own, with what a deleted queue leaves.
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    assert!(local.signal("TERM").success());
}

/// One upload that didn't fit left its file and no byte for the log: every service refused to write until a restart.
#[tokio::test]
async fn an_upload_that_does_not_fit_leaves_the_log_its_room() {
    let folder = folder();
    let Some(local) = on_a_small_disk(folder.path(), 24) else { return };
    let (sqs, s3) = (aws_sdk_sqs::Client::new(&config(&local.endpoint)), s3(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    s3.create_bucket().bucket("box").send().await.unwrap();
    for _ in 0..3 {
        let put = s3.put_object().bucket("box").key("k").body(ByteStream::from(vec![1; 30 << 20])).send().await;
        let error = put.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 503);
        send(&sqs, &url, &"x".repeat(200_000)).await;
    }
    s3.put_object().bucket("box").key("k").body(ByteStream::from(vec![1; 10 << 20])).send().await.expect("it fits");
    // Firehose, parts and copies go the same way.
    let copy = s3.copy_object().bucket("box").key("copy").copy_source("box/k").send().await;
    copy.expect("a copy shares the bytes");
    let said = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    assert!(said.contains("S3 could not serve a request: The disk is full"), "{said}");
    assert!(local.signal("TERM").success());
}

/// Out of descriptors, connections were refused and nobody was told.
#[tokio::test]
async fn connections_that_cannot_be_taken_are_told() {
    let folder = folder();
    let local = Local::start_under(folder.path(), &["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""], &[]);
    let mut open = Vec::new();
    for _ in 0..80 {
        open.push(connect(&local.endpoint).await);
    }
    let told = eventually(async || {
        let said = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
        said.contains("connections can't be taken").then_some(said)
    });
    let said = told.await.expect("the operator is told");
    assert_eq!(said.matches("connections can't be taken").count(), 1, "once: {said}");
    drop(open);
}

/// Asks for messages and waits for them, on a connection of its own.
async fn poll(endpoint: &str, url: &str) -> TcpStream {
    let mut stream = connect(endpoint).await;
    let body = format!("{{\"QueueUrl\":\"{url}\",\"WaitTimeSeconds\":20}}");
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// A stop waited five seconds for each long poll, and then broke it off; a reader that doesn't read held it up as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_who_waits() {
    let mut cloud = TestCloud::live().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    cloud.s3().create_bucket().bucket("box").send().await.unwrap();
    let large = ByteStream::from(vec![1; 30 << 20]);
    cloud.s3().put_object().bucket("box").key("large").body(large).send().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..300 {
        waiting.push(poll(&cloud.endpoint, &url).await);
    }
    let inside: std::sync::Arc<Cloud> = cloud.inside().clone();
    eventually(async || (inside.core.waiters.waiting() == 300).then_some(())).await.expect("they wait");
    let mut slow = connect(&cloud.endpoint).await;
    slow.write_all(b"GET /box/large HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    slow.read_exact(&mut [0; 100]).await.unwrap();
    let begun = Instant::now();
    cloud.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    for mut stream in waiting {
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{}"), "{answer}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_terminal_that_goes_away_stops_the_server_cleanly() {
    let folder = folder();
    for signal in ["HUP", "TERM", "INT"] {
        let local = Local::start_under(folder.path(), &HEARS_HANGUPS, &[]);
        assert!(local.signal(signal).success(), "SIG{signal}");
    }
    let said = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    assert_eq!(said.matches("Stopped.").count(), 3, "{said}");
}

/// What was in flight, delayed or buffered when a clock that was a day ahead was set right, was hidden for a day.
#[tokio::test]
async fn a_clock_that_is_set_back_stops_nothing() {
    let mut cloud = with_stream(destination()).await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "q", &[]).await;
    cloud.clock.set(LATE_EVENING + DAY);
    for n in 0..5 {
        send(&sqs, &url, &n.to_string()).await;
    }
    assert_eq!(receive(&sqs, &url).await.len(), 5);
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(5).send().await.unwrap();
    put(&cloud, "before").await;
    cloud.clock.set(LATE_EVENING);
    assert_eq!(receive(&sqs, &url).await.len(), 6);
    put(&cloud, "after").await;
    assert_eq!(text(&landed(&cloud, 1).await[0].1)[..6], *"before");
    // As a start finds it.
    cloud.clock.set(LATE_EVENING + DAY);
    send(&sqs, &url, "again").await;
    assert_eq!(receive(&sqs, &url).await.len(), 7);
    cloud.clock.set(LATE_EVENING);
    cloud.restart().await;
    assert_eq!(receive(&cloud.sqs(), &url).await.len(), 7);
}

/// 64 MiB of declarations made each write as long, 256 MiB made the folder useless.
#[tokio::test]
async fn declarations_have_a_bound() {
    let mut cloud = TestCloud::start().await;
    let fill = async |cloud: &TestCloud, change: fn(StreamId) -> Change<'static>| {
        for id in 1_000..1_004 {
            let change = change(StreamId(id));
            let decide = |tx: &mut cloud::Transaction<'_>| {
                tx.apply(&change);
                Ok(())
            };
            cloud.inside().core.execute(decide).await.unwrap();
        }
    };
    let url = queue(&cloud.sqs(), "before", &[]).await;
    // As a folder that an earlier version has filled.
    fill(&cloud, |id| {
        let arn = format!("arn:aws:firehose:xx-east-1:999999999999:deliverystream/{}", id.0);
        let document = "x".repeat(33 << 20);
        Change::Stream(std::borrow::Cow::Owned(StreamConfig {
            id,
            arn,
            document,
            buffer_bytes: 1,
            buffer_millis: 1,
            created: 1,
        }))
    })
    .await;
    cloud.restart().await;
    let (sqs, sns) = (cloud.sqs(), cloud.sns());
    assert_eq!(code(sqs.create_queue().queue_name("q").send().await), "OverLimit");
    assert_eq!(code(sns.create_topic().name("t").send().await), "TopicLimitExceeded");
    send(&sqs, &url, "what is there works").await;
    assert_eq!(receive(&sqs, &url).await.len(), 1);
    fill(&cloud, Change::StreamGone).await;
    sqs.create_queue().queue_name("q").send().await.unwrap();
    sns.create_topic().name("t").send().await.unwrap();
}
