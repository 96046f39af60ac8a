//! The whole state as a file: what is saved and loaded is the same, and a load is all or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName as System;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cloud::Inside;
use serde_json::Value;

use crate::helpers::binary::{Local, folder, run};
use crate::helpers::cloud::{LATE_EVENING, TestCloud, config, eventually, s3};
use crate::helpers::queues::{attribute, drain, queue, receive, send, system};
use crate::helpers::raw::{self, ask, post, status};
use crate::helpers::signed::{A, Ask, Guarded};
use crate::reset::{files, fill};

const URL: &str = "http://localhost/000000000000/";
const LARGE: usize = 300_000;

async fn save(cloud: &TestCloud, file: &Path) {
    Inside::of(cloud.inside(), "us-east-1").unwrap().save(file).await.unwrap();
}

async fn put(cloud: &TestCloud, path: &str, body: &[u8]) -> String {
    let length = body.len();
    let head =
        format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    raw::send(cloud, &[head.as_bytes(), body].concat()).await
}

async fn load(cloud: &TestCloud, file: &Path) {
    Inside::of(cloud.inside(), "us-east-1").unwrap().load(file).await.unwrap();
}

/// Everything that the engine knows, but for what a load gives anew: numbers, files' names, and the server's own documents.
fn contents(cloud: &TestCloud) -> (BTreeMap<String, Value>, BTreeSet<String>) {
    cloud.inside().core.read(|engine, _| {
        let own = ["clock", "sns/signing-key", "sts/secret", "tls/authority"];
        let docs = engine.docs("", "").filter(|(key, _)| !own.contains(key)).map(|(key, value)| {
            let mut value = serde_json::from_slice(value).unwrap_or_else(|_| format!("{value:?}").into());
            unname(&mut value);
            (key.to_owned(), value)
        });
        let queues = engine.queues("").map(|it| format!("{} {}", it.config.arn, it.messages().count()));
        let topics = engine.topics("").map(|it| it.config.arn.clone());
        let subscriptions = engine.subscriptions().map(|it| format!("{} {:?}", it.config.arn, it.config.attributes));
        let streams = engine.streams("").map(|it| format!("{} {}", it.config.arn, it.len()));
        (docs.collect(), queues.chain(topics).chain(subscriptions).chain(streams).collect())
    })
}

/// Takes the names of files out of a document.
fn unname(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // A stack follows to the port of its server.
            members.retain(|name, _| !["port", "host"].contains(&name.as_str()));
            if members.contains_key("id") && members.contains_key("length") && members.len() == 2 {
                members.remove("id");
            }
            members.values_mut().for_each(unname);
        }
        Value::Array(items) => items.iter_mut().for_each(unname),
        _ => {}
    }
}

/// Messages that wait in every way that there is, and an object that has a file.
async fn messages(cloud: &TestCloud) {
    let sqs = cloud.sqs();
    let url = queue(&sqs, "all", &[(Attribute::VisibilityTimeout, "600")]).await;
    for body in ["flies", "waits"] {
        send(&sqs, &url, body).await;
    }
    sqs.receive_message().queue_url(&url).send().await.unwrap();
    sqs.send_message().queue_url(&url).message_body("later").delay_seconds(600).send().await.unwrap();
    let fifo = queue(&sqs, "all.fifo", &[(Attribute::FifoQueue, "true")]).await;
    for (body, group) in [("a0", "a"), ("a1", "a"), ("b0", "b")] {
        let sent = sqs.send_message().queue_url(&fifo).message_body(body).message_group_id(group);
        sent.message_deduplication_id(body).send().await.unwrap();
    }
    queue(&sqs, "empty", &[]).await;
    cloud.s3().create_bucket().bucket("all-mine").send().await.unwrap();
    let object = cloud.s3().put_object().bucket("all-mine").key("large").body(vec![b'x'; LARGE].into());
    object.send().await.unwrap();
}

/// What lies in the queue `all`, by what it is doing.
async fn depths(cloud: &TestCloud) -> [String; 3] {
    let (sqs, url) = (cloud.sqs(), format!("{URL}all"));
    let depth = async |name: Attribute| attribute(&sqs, &url, name).await;
    [
        depth(Attribute::ApproximateNumberOfMessages).await,
        depth(Attribute::ApproximateNumberOfMessagesNotVisible).await,
        depth(Attribute::ApproximateNumberOfMessagesDelayed).await,
    ]
}

#[tokio::test]
async fn what_is_loaded_is_what_was_saved_also_after_a_restart_and_in_another_month() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.state");
    let saved = TestCloud::start().await;
    fill(&saved).await;
    messages(&saved).await;
    eventually(async || {
        saved
            .cloudformation()
            .describe_stacks()
            .send()
            .await
            .unwrap()
            .stacks()
            .iter()
            .all(|it| it.stack_status().unwrap().as_str() == "CREATE_COMPLETE")
            .then_some(())
    })
    .await
    .unwrap();
    save(&saved, &file).await;
    let expected = contents(&saved);
    // A month later by its clock, as a seed is that lies in a repository.
    let mut cloud = TestCloud::on(LATE_EVENING + 30 * 24 * 3_600_000, |_| {}).await;
    load(&cloud, &file).await;
    for again in [false, true] {
        if again {
            cloud.restart().await;
        }
        let found = contents(&cloud);
        assert_eq!(found.1, expected.1);
        for (key, value) in &expected.0 {
            assert_eq!(found.0.get(key), Some(value), "{key}");
        }
        assert_eq!(found.0.len(), expected.0.len());
        assert_eq!(depths(&cloud).await, ["1", "1", "1"]);
        let object = cloud.s3().get_object().bucket("all-mine").key("large").send().await.unwrap();
        assert_eq!(object.body.collect().await.unwrap().to_vec(), vec![b'x'; LARGE]);
    }
    // What waits has to wait as long as there.
    cloud.pass(599);
    assert_eq!(depths(&cloud).await, ["1", "1", "1"]);
    cloud.pass(1);
    assert_eq!(depths(&cloud).await, ["3", "0", "0"]);
    let (sqs, fifo) = (cloud.sqs(), format!("{URL}all.fifo"));
    let order: Vec<_> = drain(&sqs, &fifo).await.into_iter().map(|message| message.body.unwrap()).collect();
    assert!(
        order.iter().position(|it| it == "a0") < order.iter().position(|it| it == "a1") && order.len() == 3,
        "{order:?}"
    );
}

/// A window of deduplication is open after a load as long as it was, and answers with the ids that it had.
#[tokio::test]
async fn ids_stay_and_are_never_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("some.state");
    let saved = TestCloud::start().await;
    let fifo = queue(&saved.sqs(), "q.fifo", &[(Attribute::FifoQueue, "true")]).await;
    let put = async |cloud: &TestCloud, id: &str| {
        let put = cloud.sqs().send_message().queue_url(format!("{URL}q.fifo")).message_body("x").message_group_id("g");
        let sent = put.message_deduplication_id(id).send().await.unwrap();
        (sent.message_id.unwrap(), sent.sequence_number.unwrap())
    };
    let first = put(&saved, "first").await;
    let message = receive(&saved.sqs(), &fifo).await.remove(0);
    let stale = message.receipt_handle.clone().unwrap();
    save(&saved, &file).await;
    let mut ids = BTreeSet::from([first.0.clone(), put(&saved, "second").await.0]);
    let mut numbers = BTreeSet::new();
    let other = TestCloud::start().await;
    for cloud in [&saved, &other, &saved, &other] {
        load(cloud, &file).await;
        assert_eq!(put(cloud, "first").await, first, "the window is open");
        let fresh = put(cloud, "second").await;
        assert!(ids.insert(fresh.0) && fresh.1 > first.1 && numbers.insert(fresh.1));
        // The receive is the other state's: who comes with its handle deletes nothing.
        let delete = cloud.sqs().delete_message().queue_url(format!("{URL}q.fifo")).receipt_handle(&stale);
        assert!(delete.send().await.is_err());
        cloud.pass(30);
        let again = receive(&cloud.sqs(), &format!("{URL}q.fifo")).await.remove(0);
        assert_eq!(again.message_id, message.message_id);
        assert_eq!(system(&again, System::ApproximateReceiveCount), "2");
        assert_ne!(again.receipt_handle.as_deref(), Some(&*stale));
    }
}

#[tokio::test]
async fn a_load_replaces_what_there_is_only_if_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("some.state");
    let saved = TestCloud::start().await;
    queue(&saved.sqs(), "new", &[]).await;
    save(&saved, &file).await;
    let bytes = std::fs::read(&file).unwrap();
    let mut cloud = TestCloud::with_small_segments().await;
    fill(&cloud).await;
    messages(&cloud).await;
    let before = contents(&cloud);
    let refused = put(&cloud, "/_messaging/state", &bytes).await;
    assert!(status(&refused) == "409" && refused.contains("NotEmpty"), "{refused}");
    assert_eq!(contents(&cloud), before);
    for query in ["replace=yes", "x"] {
        assert_eq!(status(&put(&cloud, &format!("/_messaging/state?{query}"), &bytes).await), "400");
    }
    let poll = cloud.sqs().receive_message().queue_url(format!("{URL}empty")).wait_time_seconds(20).send();
    let poll = tokio::spawn(tokio::time::timeout(Duration::from_secs(15), poll));
    eventually(async || (cloud.inside().core.waiters.waiting() > 0).then_some(())).await.unwrap();
    let loaded = put(&cloud, "/_messaging/state?replace=true", &bytes).await;
    assert!(status(&loaded) == "200" && loaded.contains("\"declared\":1"), "{loaded}");
    poll.await.unwrap().expect("it hears that its queue is gone").ok();
    for again in [false, true] {
        if again {
            cloud.restart().await;
        }
        assert_eq!(contents(&cloud), contents(&saved));
        assert_eq!(files(&cloud.data().join("objects")), 0);
        assert_eq!(cloud.notices().iter().filter(|text| text.contains("no object names")).count(), 0);
    }
}

/// A page could carry off the developer's cloud, or replace it.
#[tokio::test]
async fn no_foreign_page_and_nobody_of_many_accounts_saves_or_loads() {
    let cloud = TestCloud::start().await;
    queue(&cloud.sqs(), "q", &[]).await;
    let foreign = post(&cloud, "/_messaging/state", "X: y", b"").await;
    assert_eq!(status(&foreign), "405");
    assert_eq!(status(&ask(&cloud, "evil.example", "/_messaging/state").await), "403");
    let guarded = Guarded::start().await;
    for method in ["GET", "PUT"] {
        let ask = Ask::new(method, "/_messaging/state");
        for answer in [guarded.send(&ask).await, guarded.signed(&ask, A, "sqs").await] {
            assert!(status(&answer) == "403" && answer.contains("several accounts"), "{answer}");
        }
    }
}

/// Whatever the moment of the kill: the old state is there as a whole, or the new one.
#[tokio::test]
async fn a_load_that_is_killed_leaves_the_one_state_or_the_other() {
    const MESSAGES: usize = 1_500;
    let dir = folder();
    let seed = TestCloud::start().await;
    let url = queue(&seed.sqs(), "new", &[]).await;
    for batch in 0..MESSAGES / 10 {
        let entries = (0..10).map(|n| {
            let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder().id(n.to_string());
            entry.message_body(format!("{batch}-{n}-{}", "x".repeat(500))).build().unwrap()
        });
        seed.sqs().send_message_batch().queue_url(&url).set_entries(Some(entries.collect())).send().await.unwrap();
    }
    seed.s3().create_bucket().bucket("new-bucket").send().await.unwrap();
    for n in 0..10 {
        let object = seed.s3().put_object().bucket("new-bucket").key(n.to_string()).body(vec![n; LARGE].into());
        object.send().await.unwrap();
    }
    save(&seed, &dir.path().join("new.state")).await;
    let mut seen = BTreeSet::new();
    let log = dir.path().join("data/log");
    let size = || {
        std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().metadata().map_or(0, |it| it.len())).sum::<u64>()
    };
    // At the beginning, on the way, and when it is over or nearly.
    for share in [0, 1, 30, 60, 90, 99, 100, 101] {
        let local = Local::start(dir.path(), &["--segment-bytes", "262144"]);
        let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
        run(dir.path(), ["reset", "--endpoint-url", &local.endpoint]);
        let old = queue(&sqs, "old", &[]).await;
        send(&sqs, &old, "old").await;
        s3(&local.endpoint).create_bucket().bucket("old-bucket").send().await.unwrap();
        s3(&local.endpoint)
            .put_object()
            .bucket("old-bucket")
            .key("k")
            .body(vec![9; LARGE].into())
            .send()
            .await
            .unwrap();
        let before = size();
        let (path, endpoint) = (dir.path().to_owned(), local.endpoint.clone());
        let loading = std::thread::spawn(move || {
            run(&path, ["state", "load", "new.state", "--yes", "--endpoint-url", &endpoint])
        });
        // The new state takes about as many bytes of the log as its messages have, and more.
        let enough = before + (MESSAGES * 700) as u64 * share / 100;
        while size() < enough && !loading.is_finished() {
            std::thread::yield_now();
        }
        if share > 100 {
            assert_eq!(loading.join().unwrap().code, Some(0));
            local.kill();
        } else {
            local.kill();
            loading.join().unwrap();
        }
        let local = Local::start(dir.path(), &["--segment-bytes", "262144"]);
        let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
        let queues = sqs.list_queues().send().await.unwrap().queue_urls.unwrap();
        assert_eq!(queues.len(), 1, "{share} %: {queues:?}");
        let is_new = queues[0].ends_with("/new");
        let count = attribute(&sqs, &queues[0], Attribute::ApproximateNumberOfMessages).await;
        assert_eq!(count, if is_new { MESSAGES.to_string() } else { "1".to_owned() }, "{share} %");
        let s3 = s3(&local.endpoint);
        let (bucket, objects) = if is_new { ("new-bucket", 10) } else { ("old-bucket", 1) };
        let listed = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        assert_eq!(listed.contents().len(), objects, "{share} %");
        for object in listed.contents() {
            let got = s3.get_object().bucket(bucket).key(object.key().unwrap()).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().to_vec().len(), LARGE);
        }
        assert_eq!(files(&dir.path().join("data/objects")), objects, "what the kill left was removed");
        seen.insert(is_new);
        local.kill();
    }
    assert_eq!(seen.len(), 2, "it was killed before and after it had switched");
}

#[tokio::test]
async fn the_command_saves_and_loads_and_asks_before_something_is_lost() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    send(&sqs, &url, "one").await;
    let command = |args: &[&str]| run(dir.path(), [&["state"], args, &["--endpoint-url", &local.endpoint]].concat());
    let saved = command(&["save", "some.state", "--json"]);
    let record: Value = serde_json::from_str(&saved.stdout).unwrap_or_else(|_| panic!("{saved:#?}"));
    let file = std::fs::metadata(dir.path().join("some.state")).unwrap();
    assert!(record["record"] == "saved" && record["bytes"] == file.len(), "{record}");
    assert_eq!(file.permissions().mode() & 0o777, 0o600, "secrets may be in it");
    send(&sqs, &url, "two").await;
    let refused = command(&["load", "some.state"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:#?}");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "2");
    let loaded = command(&["load", "some.state", "--yes", "--json"]);
    let record: Value = serde_json::from_str(&loaded.stdout).unwrap_or_else(|_| panic!("{loaded:#?}"));
    assert!(record["record"] == "loaded" && record["state"]["declared"] == 1, "{record}");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "1");
    std::fs::write(dir.path().join("none.state"), "none").unwrap();
    // A save replaced whatever had the name, /dev/stdout too.
    std::os::unix::fs::symlink("none.state", dir.path().join("link")).unwrap();
    for (args, told) in [
        (&["save", "link"][..], "no regular file"),
        (&["save", "."], "no regular file"),
        (&["load", "none.state", "--yes"], "no file of a state"),
        (&["load", "absent.state"], "absent.state"),
        (&["save", "no/such/folder.state"], "folder.state"),
    ] {
        let refused = command(args);
        assert!(refused.code != Some(0) && refused.stderr.contains(told), "{refused:#?}");
    }
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{names:?}");
    for what in ["save", "load"] {
        let refused = run(dir.path(), ["state", what, "x", "--target", "aws", "--region", "us-east-1"]);
        assert!(refused.code == Some(2) && refused.stderr.contains("AWS has no state"), "{refused:#?}");
    }
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "1");
}
