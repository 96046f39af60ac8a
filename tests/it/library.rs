//! The crate as a library: clouds within a test's process, as the tests of others have them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{FifoQueue, RedrivePolicy};
use messaging::{Clock, Cloud, Durability, Error, State};

use crate::helpers::cloud::s3;

/// A stack in which one resource can't be.
const BROKEN: &str = "Resources:\n  Fine: {Type: 'AWS::SQS::Queue'}\n  Odd: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 99999}}\n";

/// Without a runtime of the test's: the cloud has its own.
#[test]
fn clouds_stand_side_by_side_and_end_when_they_are_dropped() {
    let start = || futures::executor::block_on(Cloud::builder().start()).unwrap();
    let (one, other) = (start(), start());
    let address = |cloud: &Cloud| cloud.endpoint().strip_prefix("http://").unwrap().to_owned();
    let (first, second) = (address(&one), address(&other));
    assert_ne!(first, second);
    // A connection that says nothing doesn't hold up the end.
    let _idle = std::net::TcpStream::connect(&first).unwrap();
    drop(one);
    assert!(std::net::TcpStream::connect(&first).is_err() && std::net::TcpStream::connect(&second).is_ok());
}

/// Whoever waits for a message, reads nothing of an object or doesn't end a request keeps no cloud that is dropped.
#[test]
fn a_cloud_that_is_dropped_waits_for_no_client() {
    let cloud = futures::executor::block_on(Cloud::builder().start()).unwrap();
    let address = cloud.endpoint().strip_prefix("http://").unwrap().to_owned();
    let begin = |line: &str, length: usize, body: &[u8]| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        stream
    };
    let done = |line: &str, body: &[u8]| {
        let mut answer = [0; 12];
        begin(line, body.len(), body).read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200", "{line}");
    };
    let query = |query: &str| format!("POST /?Version=2012-11-05&{query}");
    done(&query("Action=CreateQueue&QueueName=q"), b"");
    done("PUT /bkt", b"");
    done("PUT /bkt/large", &vec![7; 8 << 20]);
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(begin(&query("Action=ReceiveMessage&QueueUrl=q&WaitTimeSeconds=20"), 0, b""));
        clients.push(begin("GET /bkt/large", 0, b""));
        clients.push(begin("PUT /bkt/never", 100, b"begins"));
        clients.push(begin("GET /_messaging/state", 0, b""));
        clients.push(begin("GET /_messaging/events", 0, b""));
    }
    let before = Instant::now();
    drop(cloud);
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
    assert!(TcpStream::connect(&address).is_err());
    clients.iter().for_each(|client| client.set_read_timeout(Some(Duration::from_secs(20))).unwrap());
    for client in &mut clients {
        // What was sent before the end may be read to it; it comes to one.
        _ = client.read_to_end(&mut Vec::new());
    }
}

#[tokio::test]
async fn a_folder_keeps_what_a_cloud_had_and_is_held_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Cloud::builder().data_dir(folder.path().join("data")).template("infra.yaml");
    let cloud = builder().start().await.unwrap();
    let sqs = Client::new(&cloud.sdk_config());
    sqs.create_queue().queue_name("q").send().await.unwrap();
    sqs.send_message().queue_url(cloud.queue_url("q")).message_body("kept").send().await.unwrap();
    assert!(matches!(builder().start().await, Err(Error::Open(_))));
    cloud.stop().await.unwrap();
    let again = builder().durability(Durability::Power).start().await.unwrap();
    assert_eq!(again.queue("q").bodies().await.unwrap(), ["kept"]);
    // The stack is there already; another value of a parameter updates it.
    assert!(again.output("TopicArn").is_some_and(|arn| arn.ends_with(":created-consumer")));
    drop(again);
    let changed = builder().parameter("TopicName", "events").start().await.unwrap();
    assert!(changed.output("TopicArn").is_some_and(|arn| arn.ends_with(":events")));
}

#[tokio::test]
async fn what_goes_wrong_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("broken.yaml");
    std::fs::write(&template, BROKEN).unwrap();
    let told = |error: Error| error.to_string();
    let failed = told(Cloud::builder().template(&template).start().await.unwrap_err());
    assert!(failed.contains("broken.yaml can't be deployed") && failed.contains("VisibilityTimeout"), "{failed}");
    std::fs::write(&template, "Resources: [").unwrap();
    let failed = told(Cloud::builder().template(&template).start().await.unwrap_err());
    assert!(failed.contains("can't be deployed: Template format error"), "{failed}");
    let failed = told(Cloud::builder().region("the moon").start().await.unwrap_err());
    assert!(failed.contains("\"the moon\" is no name of a region"), "{failed}");
    let cloud = Cloud::builder().start().await.unwrap();
    let port = cloud.endpoint().rsplit_once(':').unwrap().1.parse().unwrap();
    let failed = told(Cloud::builder().port(port).start().await.unwrap_err());
    assert!(failed.contains("leave out port"), "{failed}");
    Client::new(&cloud.sdk_config()).create_queue().queue_name("q").send().await.unwrap();
    let failed = told(cloud.queue("p&x=1").messages().await.unwrap_err());
    assert_eq!(failed, "there is no queue p&x=1; there are: q");
    assert!(told(cloud.bucket("nowhere").objects().await.unwrap_err()).contains("NoSuchBucket"));
    let failed = told(cloud.advance(Duration::from_secs(1)).await.unwrap_err());
    assert!(failed.contains("clock(Clock::Frozen)"), "{failed}");
}

/// Each state that a message can be in, and more than a page of them; no look counts as a receive.
#[tokio::test]
async fn messages_are_seen_as_they_lie() {
    let cloud = Cloud::builder().clock(Clock::Frozen).region("eu-west-1").start().await.unwrap();
    let sqs = Client::new(&cloud.sdk_config());
    for queue in ["dead", "many"] {
        sqs.create_queue().queue_name(queue).send().await.unwrap();
    }
    let redrive = r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":1}"#;
    sqs.create_queue().queue_name("q").attributes(RedrivePolicy, redrive).send().await.unwrap();
    sqs.create_queue().queue_name("q.fifo").attributes(FifoQueue, "true").send().await.unwrap();
    let url = cloud.queue_url("q");
    sqs.send_message().queue_url(&url).message_body("poison").send().await.unwrap();
    sqs.receive_message().queue_url(&url).send().await.unwrap();
    let hidden = cloud.queue("q").messages().await.unwrap();
    assert_eq!((hidden[0].receives, hidden[0].state), (1, State::InFlight(cloud.now() + Duration::from_secs(30))));
    cloud.advance(Duration::from_secs(30)).await.unwrap();
    sqs.receive_message().queue_url(&url).send().await.unwrap();
    let dead = &cloud.queue("dead").messages().await.unwrap()[0];
    assert_eq!(dead.dead_letter_source.as_deref(), Some("arn:aws:sqs:eu-west-1:000000000000:q"));
    sqs.send_message().queue_url(&url).message_body("later").delay_seconds(9).send().await.unwrap();
    let later = &cloud.queue(&url).messages().await.unwrap()[0];
    assert_eq!((later.state, later.sent_at), (State::Delayed(cloud.now() + Duration::from_secs(9)), cloud.now()));
    let fifo = sqs.send_message().queue_url(cloud.queue_url("q.fifo")).message_body("x");
    fifo.message_group_id("g").message_deduplication_id("d").send().await.unwrap();
    assert_eq!(cloud.queue("q.fifo").messages().await.unwrap()[0].group.as_deref(), Some("g"));
    for number in 0..101 {
        let send = sqs.send_message().queue_url(cloud.queue_url("many"));
        send.message_body(number.to_string()).send().await.unwrap();
    }
    for _ in 0..2 {
        let many = cloud.queue("many").messages().await.unwrap();
        assert_eq!((many.len(), &*many[100].body, many[0].receives), (101, "100", 0));
    }
}

/// After a reset the stack stands again, empty, and the same rules strike; what clients made beside it is gone.
#[tokio::test]
async fn a_reset_cloud_is_as_it_was_after_its_start() {
    let rules = r#"{"service": "sqs", "operation": "PurgeQueue"}"#;
    let builder = Cloud::builder().template("infra.yaml").parameter("BucketName", "landing").chaos(rules);
    let mut cloud = builder.start().await.unwrap();
    let config = cloud.sdk_config();
    let (sqs, s3) = (Client::new(&config), s3(cloud.endpoint()));
    for _ in 0..2 {
        let url = cloud.output("OrdersQueueUrl").unwrap().to_owned();
        sqs.create_queue().queue_name("mine").send().await.unwrap();
        sqs.send_message().queue_url(&url).message_body("x").send().await.unwrap();
        assert!(sqs.purge_queue().queue_url(&url).send().await.is_err());
        s3.put_object().bucket("landing").key("k").body(vec![7; 5_000].into()).send().await.unwrap();
        assert_eq!(cloud.bucket("landing").objects().await.unwrap()[0].size, 5_000);
        cloud.reset().await.unwrap();
        assert!(cloud.queue("api-orders-created-consumer").messages().await.unwrap().is_empty());
        assert!(cloud.bucket("landing").objects().await.unwrap().is_empty());
        assert!(matches!(cloud.queue("mine").messages().await, Err(Error::NotThere { .. })));
    }
}

/// What all tests begin with is made once: a file of it is each one's beginning, also of one whose clock shows another month.
#[tokio::test]
async fn a_state_is_saved_once_and_loaded_by_each() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("seeded.state");
    let seeded = Cloud::builder().template("infra.yaml").clock(Clock::Frozen).start().await.unwrap();
    let queue = seeded.output("OrdersQueueUrl").unwrap();
    let sqs = Client::new(&seeded.sdk_config());
    sqs.send_message().queue_url(queue).message_body("later").delay_seconds(60).send().await.unwrap();
    seeded.save(&file).await.unwrap();
    seeded.save(&file).await.unwrap();
    // What isn't a file was replaced by one, /dev/stdout too.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(seeded.save(&link).await.unwrap_err().to_string().contains("no regular file") && link.is_symlink());
    let name = "api-orders-created-consumer";
    let clock = Clock::FrozenAt("2020-01-01T00:00:00Z".to_owned());
    let cloud = Cloud::builder().clock(clock).start().await.unwrap();
    for _ in 0..2 {
        cloud.load(&file).await.unwrap();
        assert!(matches!(cloud.queue(name).messages().await.unwrap()[0].state, State::Delayed(_)));
        cloud.advance(Duration::from_secs(60)).await.unwrap();
        assert_eq!(cloud.queue(name).messages().await.unwrap()[0].state, State::Visible);
    }
    // Its stack is there, and names queues where this cloud is.
    let cloudformation = aws_sdk_cloudformation::Client::new(&cloud.sdk_config());
    let stacks = cloudformation.describe_stacks().stack_name("messaging").send().await.unwrap();
    let outputs = stacks.stacks()[0].outputs();
    let url = outputs.iter().find(|it| it.output_key() == Some("OrdersQueueUrl")).unwrap().output_value().unwrap();
    assert_eq!(url, cloud.queue_url(name));
    std::fs::write(&file, "none").unwrap();
    let error = cloud.load(&file).await.unwrap_err().to_string();
    assert!(error.contains("seeded.state") && error.contains("no file of a state"), "{error}");
    assert_eq!(cloud.queue(name).bodies().await.unwrap(), ["later"]);
}
