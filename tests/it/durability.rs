//! What was acknowledged survives kill -9, and what was deleted stays gone: the real binary, killed in the middle of work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{BufferingHints, ExtendedS3DestinationConfiguration, Record};
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Attribute};
use futures::poll;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::helpers::binary::{Local, folder};
use crate::helpers::cloud::{TestCloud, config, eventually, s3};
use crate::helpers::queues::{arn, attribute, bodies, delete, drain, queue, receive, send, system};
use crate::helpers::topics::declare_topics;

const INFRA: &str = include_str!("../../infra.yaml");

/// Publishers at work when the server is killed.
const PUBLISHERS: usize = 6;
/// Publishes acknowledged before it is killed.
const ENOUGH: usize = 150;
const ROUNDS: usize = 3;

/// The clients of a server.
struct Clients {
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    firehose: aws_sdk_firehose::Client,
    s3: aws_sdk_s3::Client,
    cloudformation: aws_sdk_cloudformation::Client,
}

fn start(folder: &Path) -> (Local, Clients) {
    let local = Local::start(folder, &[]);
    let config = config(&local.endpoint);
    let clients = Clients {
        sns: aws_sdk_sns::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
        firehose: aws_sdk_firehose::Client::new(&config),
        s3: s3(&local.endpoint),
        cloudformation: aws_sdk_cloudformation::Client::new(&config),
    };
    (local, clients)
}

/// Kills the server and starts it again.
fn crash(local: Local, folder: &Path) -> (Local, Clients) {
    local.kill();
    start(folder)
}

async fn url(sqs: &aws_sdk_sqs::Client, name: &str) -> String {
    sqs.get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap()
}

/// What clients know they were told.
#[derive(Default)]
struct Told {
    published: AtomicUsize,
    /// The messages whose publish was acknowledged.
    acknowledged: Mutex<BTreeSet<String>>,
    /// The messages of `orders` whose deletion was acknowledged.
    deleted: Mutex<BTreeSet<String>>,
    /// The messages of `orders` that some receiver got.
    received: Mutex<BTreeSet<String>>,
}

/// Publishes and consumes with several clients until the server is gone.
async fn work(clients: &Clients, topic: &str, round: usize, told: &Arc<Told>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for publisher in 0..PUBLISHERS {
        let (sns, topic, told) = (clients.sns.clone(), topic.to_owned(), told.clone());
        tasks.spawn(async move {
            for number in 0.. {
                let body = format!("{round}-{publisher}-{number}");
                if sns.publish().topic_arn(&topic).message(&body).send().await.is_err() {
                    return;
                }
                told.acknowledged.lock().insert(body);
                told.published.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let (sqs, told) = (clients.sqs.clone(), told.clone());
    let orders = url(&sqs, "orders").await;
    tasks.spawn(async move {
        while let Ok(answer) = sqs.receive_message().queue_url(&orders).wait_time_seconds(1).send().await {
            for message in answer.messages.unwrap_or_default() {
                let body = message.body.unwrap();
                assert!(!told.deleted.lock().contains(&body), "{body} was deleted and came again");
                told.received.lock().insert(body.clone());
                let handle = message.receipt_handle.unwrap();
                if sqs.delete_message().queue_url(&orders).receipt_handle(handle).send().await.is_err() {
                    return;
                }
                told.deleted.lock().insert(body);
            }
        }
    });
    tasks
}

/// Everything that is in a queue, what is in flight included; how often each came.
async fn everything(sqs: &aws_sdk_sqs::Client, name: &str) -> BTreeMap<String, usize> {
    let url = url(sqs, name).await;
    let mut all = BTreeMap::new();
    let empty = eventually(async || {
        for message in drain(sqs, &url).await {
            *all.entry(message.body.unwrap()).or_default() += 1;
        }
        let held = attribute(sqs, &url, Attribute::ApproximateNumberOfMessagesNotVisible).await;
        (held == "0").then_some(())
    });
    empty.await.expect("what was in flight comes back");
    all
}

#[tokio::test]
async fn killed_while_clients_publish_receive_and_delete() {
    let dir = folder();
    let (mut local, mut clients) = start(dir.path());
    let topic = clients.sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
    for name in ["orders", "payments"] {
        let url = queue(&clients.sqs, name, &[(Attribute::VisibilityTimeout, "2")]).await;
        let endpoint = arn(&clients.sqs, &url).await;
        let subscribe = clients.sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(endpoint);
        subscribe.attributes("RawMessageDelivery", "true").send().await.unwrap();
    }
    let told = Arc::new(Told::default());
    for round in 0..ROUNDS {
        let enough = (round + 1) * ENOUGH;
        let tasks = work(&clients, &topic, round, &told).await;
        let working = eventually(async || (told.published.load(Ordering::SeqCst) >= enough).then_some(()));
        working.await.expect("clients get on");
        (local, clients) = crash(local, dir.path());
        tasks.join_all().await;
    }
    let orders = everything(&clients.sqs, "orders").await;
    let payments = everything(&clients.sqs, "payments").await;
    drop(local);

    let (acknowledged, deleted) = (told.acknowledged.lock(), told.deleted.lock());
    assert!(deleted.len() > 10, "only {} deletions were acknowledged", deleted.len());
    let lost: Vec<_> = acknowledged.iter().filter(|body| !payments.contains_key(*body)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let received = told.received.lock();
    let lost: Vec<_> = acknowledged.iter().filter(|it| !orders.contains_key(*it) && !received.contains(*it)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let risen: Vec<_> = deleted.iter().filter(|body| orders.contains_key(*body)).collect();
    assert!(risen.is_empty(), "deleted and there again: {risen:?}");
    // A publish nobody was told of happened for both queues, or for none.
    let half: Vec<_> = payments.keys().filter(|it| !orders.contains_key(*it) && !received.contains(*it)).collect();
    assert!(half.is_empty(), "in payments only: {half:?}");
    let half: Vec<_> = orders.keys().filter(|body| !payments.contains_key(*body)).collect();
    assert!(half.is_empty(), "in orders only: {half:?}");
    let twice: Vec<_> = payments.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "deleted, and came again: {twice:?}");
}

#[tokio::test]
async fn receive_counts_visibility_and_receipt_handles_survive() {
    let dir = folder();
    let (local, Clients { sqs, .. }) = start(dir.path());
    let url_before = queue(&sqs, "orders", &[(Attribute::VisibilityTimeout, "600")]).await;
    send(&sqs, &url_before, "in flight").await;
    let taken = receive(&sqs, &url_before).await.remove(0);
    sqs.send_message().queue_url(&url_before).message_body("delayed").delay_seconds(900).send().await.unwrap();
    send(&sqs, &url_before, "deleted").await;
    delete(&sqs, &url_before, &receive(&sqs, &url_before).await[0]).await;

    let (local, Clients { sqs, .. }) = crash(local, dir.path());
    let orders = url(&sqs, "orders").await;
    assert!(receive(&sqs, &orders).await.is_empty());
    for (name, count) in [
        (Attribute::ApproximateNumberOfMessagesNotVisible, "1"),
        (Attribute::ApproximateNumberOfMessagesDelayed, "1"),
        (Attribute::ApproximateNumberOfMessages, "0"),
    ] {
        assert_eq!(attribute(&sqs, &orders, name.clone()).await, count, "{name:?}");
    }
    // The handle that the dead server gave out still works.
    let handle = taken.receipt_handle.as_deref().unwrap();
    sqs.change_message_visibility()
        .queue_url(&orders)
        .receipt_handle(handle)
        .visibility_timeout(0)
        .send()
        .await
        .unwrap();
    let again = receive(&sqs, &orders).await.remove(0);
    assert_eq!(again.message_id, taken.message_id);
    assert_eq!(system(&again, System::ApproximateReceiveCount), "2");
    assert_eq!(system(&again, System::SentTimestamp), system(&taken, System::SentTimestamp));
    let first = System::ApproximateFirstReceiveTimestamp;
    assert_eq!(system(&again, first.clone()), system(&taken, first));
    delete(&sqs, &orders, &again).await;

    let (_local, Clients { sqs, .. }) = crash(local, dir.path());
    let orders = url(&sqs, "orders").await;
    assert_eq!(attribute(&sqs, &orders, Attribute::ApproximateNumberOfMessagesNotVisible).await, "0");
}

#[tokio::test]
async fn deduplication_order_and_blocked_groups_survive() {
    let dir = folder();
    let (local, Clients { sqs, .. }) = start(dir.path());
    let attributes = [(Attribute::FifoQueue, "true"), (Attribute::VisibilityTimeout, "600")];
    let fifo = queue(&sqs, "orders.fifo", &attributes).await;
    let send = async |sqs: &aws_sdk_sqs::Client, url: &str, id: &str| {
        let send = sqs.send_message().queue_url(url).message_group_id("a").message_deduplication_id(id);
        send.message_body(id).send().await.unwrap()
    };
    let sent = send(&sqs, &fifo, "1").await;
    send(&sqs, &fifo, "2").await;
    let one = sqs.receive_message().queue_url(&fifo).send().await.unwrap().messages.unwrap().remove(0);

    let (_local, Clients { sqs, .. }) = crash(local, dir.path());
    let fifo = url(&sqs, "orders.fifo").await;
    let again = send(&sqs, &fifo, "1").await;
    assert_eq!((&again.message_id, &again.sequence_number), (&sent.message_id, &sent.sequence_number));
    let third = send(&sqs, &fifo, "3").await;
    assert!(third.sequence_number > sent.sequence_number);
    // The first is still in flight, so its group is blocked.
    assert!(receive(&sqs, &fifo).await.is_empty());
    delete(&sqs, &fifo, &one).await;
    assert_eq!(bodies(&receive(&sqs, &fifo).await), ["2", "3"]);
}

#[tokio::test]
async fn a_streams_buffer_lands_once() {
    let dir = folder();
    let (mut local, mut clients) = start(dir.path());
    clients.s3.create_bucket().bucket("landing").send().await.unwrap();
    let destination = ExtendedS3DestinationConfiguration::builder()
        .role_arn("arn:aws:iam::000000000000:role/firehose")
        .bucket_arn("arn:aws:s3:::landing")
        .buffering_hints(BufferingHints::builder().interval_in_seconds(1).size_in_mbs(1).build());
    let create = clients.firehose.create_delivery_stream().delivery_stream_name("events");
    create.extended_s3_destination_configuration(destination.build().unwrap()).send().await.unwrap();
    let mut expected = Vec::new();
    for round in 0..4 {
        let lines: Vec<_> = (0..10).map(|number| format!("{round}-{number}\n")).collect();
        let records = lines.iter().map(|line| Record::builder().data(Blob::new(line.as_bytes())).build().unwrap());
        let put = clients.firehose.put_record_batch().delivery_stream_name("events");
        assert_eq!(put.set_records(Some(records.collect())).send().await.unwrap().failed_put_count, 0);
        expected.extend(lines);
        if round % 2 == 1 {
            // Right behind a landing, the next of which may be under way; else before any.
            let count = async || clients.s3.list_objects_v2().bucket("landing").send().await.unwrap().contents().len();
            let before = count().await;
            eventually(async || (count().await > before).then_some(())).await.expect("a batch lands");
        }
        (local, clients) = crash(local, dir.path());
    }
    let lines = eventually(async || {
        let listed = clients.s3.list_objects_v2().bucket("landing").send().await.unwrap();
        let mut lines = Vec::new();
        for object in listed.contents() {
            let got = clients.s3.get_object().bucket("landing").key(object.key().unwrap()).send().await.unwrap();
            let text = String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap();
            lines.extend(text.split_inclusive('\n').map(str::to_owned));
        }
        (lines.len() >= expected.len()).then_some(lines)
    });
    let mut lines = lines.await.expect("everything lands");
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
    drop(local);
}

#[tokio::test]
async fn a_stack_is_whole_whenever_the_server_dies() {
    use aws_sdk_cloudformation::types::Capability;
    let dir = folder();
    let (mut local, mut clients) = start(dir.path());
    for stack in 0..3 {
        let name = format!("stack-{stack}");
        let mut create = clients.cloudformation.create_stack().stack_name(&name).template_body(INFRA);
        for key in ["TopicName", "OrdersQueueName", "PaymentsQueueName", "DeliveryStreamName"] {
            let value = format!("{}-{stack}", key.to_lowercase());
            let parameter =
                aws_sdk_cloudformation::types::Parameter::builder().parameter_key(key).parameter_value(value);
            create = create.parameters(parameter.build());
        }
        create.capabilities(Capability::CapabilityIam).send().await.unwrap();
        // At once, while it is being made.
        (local, clients) = crash(local, dir.path());
    }
    for stack in 0..3 {
        let name = format!("stack-{stack}");
        let rest = eventually(async || {
            let described = clients.cloudformation.describe_stacks().stack_name(&name).send().await.unwrap();
            let stack = described.stacks.unwrap().remove(0);
            (!stack.stack_status().unwrap().as_str().ends_with("_IN_PROGRESS")).then_some(stack)
        });
        let made = rest.await.expect("the stack comes to rest");
        assert_eq!(made.stack_status().unwrap().as_str(), "CREATE_COMPLETE", "{:?}", made.stack_status_reason());
        let output = |key: &str| {
            made.outputs().iter().find(|it| it.output_key() == Some(key)).unwrap().output_value().unwrap().to_owned()
        };
        let message = format!("to stack {stack}");
        clients.sns.publish().topic_arn(output("TopicArn")).message(&message).send().await.unwrap();
        for queue in [format!("ordersqueuename-{stack}"), format!("paymentsqueuename-{stack}")] {
            let url = url(&clients.sqs, &queue).await;
            assert_eq!(bodies(&receive(&clients.sqs, &url).await), [message.as_str()]);
        }
        clients.s3.head_bucket().bucket(output("BucketName")).send().await.unwrap();
    }
    // One of each, not more: nothing was made twice.
    assert_eq!(clients.sns.list_topics().send().await.unwrap().topics().len(), 3);
    assert_eq!(clients.sqs.list_queues().send().await.unwrap().queue_urls().len(), 12);
    assert_eq!(clients.s3.list_buckets().send().await.unwrap().buckets().len(), 3);
    drop(local);
}

#[tokio::test]
async fn objects_and_uploads_survive() {
    let dir = folder();
    let (local, clients) = start(dir.path());
    clients.s3.create_bucket().bucket("landing").send().await.unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let put = async |clients: &Clients, key: &str, body: Vec<u8>| {
        clients.s3.put_object().bucket("landing").key(key).body(body.into()).send().await.unwrap()
    };
    put(&clients, "large", large.clone()).await;
    put(&clients, "replaced", b"old".to_vec()).await;
    put(&clients, "replaced", b"new".to_vec()).await;
    put(&clients, "deleted", b"x".to_vec()).await;
    clients.s3.delete_object().bucket("landing").key("deleted").send().await.unwrap();
    let (_local, clients) = crash(local, dir.path());
    let listed = clients.s3.list_objects_v2().bucket("landing").send().await.unwrap();
    assert_eq!(listed.contents().iter().map(|object| object.key().unwrap()).collect::<Vec<_>>(), ["large", "replaced"]);
    let get = async |key: &str| {
        let got = clients.s3.get_object().bucket("landing").key(key).send().await.unwrap();
        got.body.collect().await.unwrap().to_vec()
    };
    assert!(get("large").await == large);
    assert_eq!(get("replaced").await, b"new");
}

/// The end of a stack's deletion was told before the log had it, and a kill right then brought the stack back.
#[tokio::test]
async fn what_is_told_is_in_the_log() {
    let cloud = TestCloud::start().await;
    let in_log = |name: &str| memchr::memmem::find(&std::fs::read(cloud.segment()).unwrap(), name.as_bytes()).is_some();

    // A bucket is made as another was, but nobody waits until the log has it.
    cloud.s3().create_bucket().bucket("sending").send().await.unwrap();
    let core = &cloud.inside().core;
    let mut made = pin!(core.execute(|tx| {
        let (key, bucket) =
            tx.engine().docs("s3/", "").find(|(key, _)| key.ends_with("sending")).expect("its document");
        let bucket = String::from_utf8(bucket.to_vec()).unwrap().replace("sending", "landing");
        let key = key.replace("sending", "landing");
        tx.put_doc(&key, bucket.as_bytes());
        Ok(())
    }));
    assert!(poll!(made.as_mut()).is_pending() && !in_log("landing"), "it is there, and not written");
    cloud.s3().head_bucket().bucket("landing").send().await.unwrap();
    assert!(in_log("landing"));

    let mut made = pin!(declare_topics(&cloud, ["news".to_owned()].into_iter()));
    assert!(poll!(made.as_mut()).is_pending() && !in_log(":news"), "it is there, and not written");
    assert_eq!(cloud.sns().list_topics().send().await.unwrap().topics().len(), 1);
    assert!(in_log(":news"));
}
