//! The scenario `archive`: its contract, and the traps of those before it.

mod faults;

use std::collections::HashMap;

use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName as Name, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    QueueAttributeName,
};
use serde_json::{Value, json};

use crate::helpers::{Cloud, eventually};

/// The book of the specification, as it stands there: with line breaks in a text.
const LOREM: &str = "{\n  \"id\": \"12345\",\n  \"title\": \"LoremIpsum\",\n  \"author\": \"John Doe\",\n  \"year\": \"1960\",\n  \
                     \"genre\": \"romance\",\n  \"summary\": \"Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit,\n\
                     sed do eiusmod tempor\"\n}";

/// A cloud, its clients, and the archive's queues.
struct Archive {
    cloud: Cloud,
    sqs: aws_sdk_sqs::Client,
    s3: aws_sdk_s3::Client,
}

impl Archive {
    /// With the template deployed.
    fn deployed(parameters: &[&str]) -> Self {
        let archive = Self::bare();
        let mut args = vec!["deploy", "--scenario", "archive"];
        parameters.iter().for_each(|parameter| args.extend(["--parameter", parameter]));
        let ended = archive.cloud.run(&args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        archive
    }

    /// Without anything.
    fn bare() -> Self {
        let cloud = Cloud::start();
        let (sqs, s3) = (cloud.sqs(), cloud.s3());
        Self { cloud, sqs, s3 }
    }

    fn url(&self, queue: &str) -> String {
        format!("{}/000000000000/{queue}", self.cloud.endpoint())
    }

    /// Sends a body, and gives the message's id. Each call is a message of its own.
    async fn send(&self, group: &str, body: &str) -> String {
        let id = format!("{:032x}", rand::random::<u128>());
        let trace = MessageSystemAttributeValue::builder().data_type("String").string_value(TRACE).build().unwrap();
        let sent = self
            .sqs
            .send_message()
            .queue_url(self.url("InputQueue.fifo"))
            .message_body(body)
            .message_group_id(group)
            .message_deduplication_id(id)
            .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace)
            .send()
            .await;
        sent.unwrap().message_id.unwrap()
    }

    /// Receives from a queue until there are `n` messages, which are deleted.
    async fn receive(&self, queue: &str, n: usize) -> Vec<Message> {
        let mut all = Vec::new();
        eventually(&format!("{n} messages in {queue}"), async || {
            let received = self
                .sqs
                .receive_message()
                .queue_url(self.url(queue))
                .max_number_of_messages(10)
                .message_attribute_names("All")
                .message_system_attribute_names(Name::All)
                .send()
                .await
                .unwrap();
            for message in received.messages() {
                let handle = message.receipt_handle().unwrap();
                self.sqs.delete_message().queue_url(self.url(queue)).receipt_handle(handle).send().await.unwrap();
                all.push(message.clone());
            }
            (all.len() >= n).then_some(())
        })
        .await;
        all
    }

    /// What the output queue says of `n` books.
    async fn told(&self, n: usize) -> Vec<Value> {
        let messages = self.receive("OutputQueue.fifo", n).await;
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
    }

    /// How many messages a queue has, in flight or not.
    async fn count(&self, queue: &str) -> usize {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = self.sqs.get_queue_attributes().queue_url(self.url(queue)).set_attribute_names(Some(names.to_vec()));
        ask.send().await.unwrap().attributes.unwrap().values().map(|n| n.parse::<usize>().unwrap()).sum()
    }

    /// The text of an object, if it is there.
    async fn object(&self, bucket: &str, key: &str) -> Option<String> {
        let object = self.s3.get_object().bucket(bucket).key(key).send().await.ok()?;
        Some(String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap())
    }

    /// The keys of a bucket.
    async fn keys(&self, bucket: &str) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

/// A book of a title and a genre.
fn book(id: &str, title: &str, genre: &str) -> String {
    json!({ "id": id, "title": title, "author": "Ada", "year": "1999", "genre": genre, "summary": "s" }).to_string()
}

/// `GET /`: the status, and the ids.
async fn take(address: &str) -> (u16, Vec<String>) {
    let answer = reqwest::get(format!("{address}/")).await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    let ids = body["ids"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned());
    (status, ids.collect())
}

/// A figure of `/metrics`; zero where there is none yet.
async fn figure(address: &str, name: &str) -> f64 {
    let text = reqwest::get(format!("{address}/metrics")).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn get_takes_books_and_each_is_filed_under_its_title_in_its_genres_bucket() {
    let archive = Archive::deployed(&[]);
    let service = archive.cloud.serve("archive", &["--archive-poll", "false"]);
    let at = &service.address;
    assert_eq!(take(at).await, (204, vec![]));
    let messy = archive.send("a", LOREM).await;
    let capital = archive.send("a", &book("2", "Dune", "Scifi")).await;
    // Nobody asked: nothing is filed. Nor has a HEAD taken any, whose answer couldn't say which.
    let head = reqwest::Client::new().head(format!("{at}/")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["allow"].to_str().unwrap()), (405, "GET"));
    assert_eq!(archive.count("InputQueue.fifo").await, 2);
    assert_eq!(take(at).await, (202, vec![messy.clone(), capital.clone()]));

    let told = archive.receive("OutputQueue.fifo", 2).await;
    for (message, (id, book, bucket, key)) in
        told.iter().zip([(&messy, "12345", "romance", "LoremIpsum.json"), (&capital, "2", "scifi", "Dune.json")])
    {
        let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
        assert_eq!((&body["messageId"], &body["id"]), (&json!(id), &json!(book)));
        assert_eq!((&body["bucket"], &body["key"]), (&json!(bucket), &json!(key)));
        assert!(body["leadSeconds"].as_f64() >= body["executionSeconds"].as_f64(), "{body}");
        assert!(body["sentAt"].as_str() < body["filedAt"].as_str(), "{body}");
        let attributes = message.attributes().unwrap();
        assert_eq!(attributes[&Name::MessageGroupId], "a");
        assert_eq!(attributes[&Name::AwsTraceHeader], TRACE);
    }
    let object = archive.s3.get_object().bucket("romance").key("LoremIpsum.json").send().await.unwrap();
    assert_eq!(object.content_type(), Some("application/json"));
    let metadata = object.metadata().unwrap();
    assert_eq!((&metadata["message-id"], metadata["trace"].as_str()), (&messy, TRACE));
    let text = object.body.collect().await.unwrap().to_vec();
    let value: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value["summary"], "Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit,\nsed do eiusmod tempor");
    assert_eq!((&value["year"], value.as_object().unwrap().len()), (&json!("1960"), 6));
    assert_eq!(archive.object("scifi", "Dune.json").await.unwrap(), book("2", "Dune", "Scifi"));

    eventually("an empty queue", async || (archive.count("InputQueue.fifo").await == 0).then_some(())).await;
    assert_eq!(take(at).await, (204, vec![]));
    assert_eq!(figure(at, "archive_mended_total").await, 1.0);
    assert_eq!(figure(at, r#"messaging_job_lead_seconds_count{kind="file"}"#).await, 2.0);
    assert_eq!(figure(at, r#"messaging_job_execution_seconds_count{kind="file"}"#).await, 2.0);
}

#[tokio::test]
async fn what_nobody_asks_for_is_filed_all_the_same() {
    let archive = Archive::deployed(&[]);
    let service = archive.cloud.serve("archive", &["--archive-poll", "0.2s", "--json"]);
    let sent = archive.send("a", &book("1", "Dune", "scifi")).await;
    let told = archive.told(1).await;
    assert_eq!(told[0]["messageId"], json!(sent));
    // The line of the job has both times.
    let (status, said) = service.signal("TERM");
    assert_eq!(status.code(), Some(0));
    let records = said.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let job = records.into_iter().find(|record| record["record"] == "job").unwrap();
    for (member, value) in
        [("id", json!(sent)), ("outcome", json!("done")), ("attempts", json!(1)), ("key", json!("Dune.json"))]
    {
        assert_eq!(job[member], value, "{job}");
    }
    assert!(job["execution_seconds"].is_f64() && job["lead_seconds"].is_f64() && job["trace"] == TRACE, "{job}");
}

#[tokio::test]
async fn both_routes_answer_at_once_while_jobs_take_hours() {
    let archive = Archive::deployed(&[]);
    let service =
        archive.cloud.serve("archive", &["--archive-poll", "false", "--archive-work", "3h", "--workers", "1"]);
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(archive.send(&format!("group-{n}"), &book("1", "Long", "scifi")).await);
    }
    let started = std::time::Instant::now();
    let (status, mut ids) = take(&service.address).await;
    ids.sort();
    sent.sort();
    assert_eq!((status, ids), (202, sent));
    assert_eq!(take(&service.address).await.0, 204);
    let health = reqwest::get(format!("{}/health", service.address)).await.unwrap();
    assert_eq!(health.status(), 200);
    // The empty answer alone may take the second that SQS gets to look at all of its servers.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    assert_eq!(figure(&service.address, r#"messaging_jobs_working{kind="file"}"#).await, 1.0);
    assert!(archive.keys("scifi").await.is_empty());
}

/// With one at work and a hundred that wait a further request got nothing, and said that there was nothing.
#[tokio::test]
async fn who_asks_while_all_places_are_taken_is_told_so() {
    let archive = Archive::deployed(&[]);
    let service =
        archive.cloud.serve("archive", &["--archive-poll", "false", "--archive-work", "3h", "--workers", "1"]);
    for n in 0..105 {
        archive.send(&format!("group-{n}"), &book("1", "Long", "scifi")).await;
    }
    let mut taken = 0;
    let refused = eventually("a refusal", async || {
        let (status, ids) = take(&service.address).await;
        taken += ids.len();
        (status != 202).then_some(status)
    })
    .await;
    assert_eq!((taken, refused), (101, 503));
    let answer = reqwest::get(format!("{}/", service.address)).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["retry-after"], "1");
    let problem: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("as may be"), "{problem}");
}

#[tokio::test]
async fn what_cant_be_filed_is_a_dead_letter_with_its_reason_and_holds_up_nobody() {
    let archive = Archive::deployed(&[]);
    let _service = archive.cloud.serve("archive", &["--archive-poll", "0.2s"]);
    let twice = r#"{"title":"t","genre":"scifi","genre":"romance"}"#;
    let cases = [
        (book("1", "Soup", "cookery"), r#"unknown genre "cookery"; there are fantasy, mystery, romance, scifi"#),
        (book("2", "Soup", &"g".repeat(9_000)), "unknown genre \"gggg"),
        ("not JSON".to_owned(), "it isn't a book as JSON"),
        ("{\"title\":\"cut".to_owned(), "it isn't a book as JSON"),
        ("{\"genre\":\"scifi\"}".to_owned(), "it has no title"),
        (twice.to_owned(), "it has the member genre twice"),
        ("[]".to_owned(), "it isn't a book as JSON"),
    ];
    let mut expected = HashMap::new();
    for (body, why) in &cases {
        expected.insert(archive.send("a", body).await, (body.clone(), *why));
    }
    archive.send("a", &book("8", "Good", "scifi")).await;
    assert_eq!(archive.told(1).await[0]["id"], "8");
    for letter in archive.receive("InputQueue-dead.fifo", cases.len()).await {
        let attributes = letter.message_attributes().unwrap();
        let text = |name: &str| attributes[name].string_value().unwrap().to_owned();
        let (body, why) = &expected[&text("DeadLetterMessageId")];
        assert_eq!(letter.body(), Some(body.as_str()));
        assert!(text("DeadLetterReason").contains(why), "{}", text("DeadLetterReason"));
        assert_eq!(text("DeadLetterReceives"), "1", "it went round");
    }
    eventually("an empty queue", async || (archive.count("InputQueue.fifo").await == 0).then_some(())).await;
}

/// The second book of a title overwrote the first.
#[tokio::test]
async fn another_book_of_the_same_title_overwrites_nothing() {
    let archive = Archive::deployed(&[]);
    let _service = archive.cloud.serve("archive", &["--archive-poll", "0.2s"]);
    let (one, two) = (book("1", "Twins", "mystery"), book("2", "Twins", "mystery"));
    for body in [&one, &two, &one, &two] {
        archive.send("a", body).await;
    }
    // The same book again has no second effect, though its message is another.
    archive.send("a", &book("3", "Last", "mystery")).await;
    let told = archive.told(3).await;
    let keys: Vec<&str> = told.iter().map(|told| told["key"].as_str().unwrap()).collect();
    assert_eq!((keys[0], keys[2], keys.len()), ("Twins.json", "Last.json", 3));
    assert!(keys[1].starts_with("Twins~") && keys[1].len() == "Twins~.json".len() + 32, "{}", keys[1]);
    assert_eq!(archive.object("mystery", "Twins.json").await, Some(one));
    assert_eq!(archive.object("mystery", keys[1]).await, Some(two));
    assert_eq!(archive.keys("mystery").await.len(), 3);
    assert_eq!(archive.count("OutputQueue.fifo").await, 0);
}

#[tokio::test]
async fn titles_may_be_anything() {
    let archive = Archive::deployed(&[]);
    let service = archive.cloud.serve("archive", &["--archive-poll", "0.2s"]);
    let long = "Long ".repeat(400);
    let titles = [
        ("Either/Or", Some("Either%2FOr.json")),
        ("../../../etc/passwd", Some("..%2F..%2F..%2Fetc%2Fpasswd.json")),
        ("..", Some("...json")),
        ("日本語 📚 Ünï", Some("日本語 📚 Ünï.json")),
        ("Tab\tline\nnul\u{0}", Some("Tab%09line%0Anul%00.json")),
        ("50 % & more? #1 +x ~", Some("50 %25 & more? #1 +x %7E.json")),
        ("C:\\books", Some("C:%5Cbooks.json")),
        (long.as_str(), None),
    ];
    for (title, _) in &titles {
        archive.send("a", &book("1", title, "fantasy")).await;
    }
    for (told, (title, key)) in archive.told(titles.len()).await.iter().zip(&titles) {
        let named = told["key"].as_str().unwrap();
        assert!(key.is_none_or(|key| key == named), "{title:?} is {named:?}");
        assert!(named.len() <= 1_024);
        assert_eq!(archive.object("fantasy", named).await, Some(book("1", title, "fantasy")), "{title:?}");
    }
    assert_eq!(archive.keys("fantasy").await.len(), titles.len());
    assert_eq!(figure(&service.address, r#"archive_books_total{how="first"}"#).await, titles.len() as f64);
}

#[tokio::test]
async fn queues_and_buckets_made_by_hand_serve_as_well() {
    let archive = Archive::bare();
    let ended = archive.cloud.run(&["serve", "archive", "--addr", "127.0.0.1:0"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("archive") && ended.stderr.contains("deploy"), "{}", ended.stderr);

    for queue in ["InputQueue.fifo", "OutputQueue.fifo"] {
        let create = archive.sqs.create_queue().queue_name(queue);
        create.attributes(QueueAttributeName::FifoQueue, "true").send().await.unwrap();
    }
    for bucket in ["scifi", "romance", "science-fiction"] {
        archive.s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    let service = archive.cloud.serve("archive", &["--archive-poll", "0.2s"]);
    for (n, (title, genre)) in
        [("A", "Scifi"), ("B", " romance"), ("C", "Science Fiction"), ("D", "poetry")].iter().enumerate()
    {
        archive.send("a", &book(&n.to_string(), title, genre)).await;
    }
    let told = archive.told(3).await;
    let buckets: Vec<&str> = told.iter().map(|told| told["bucket"].as_str().unwrap()).collect();
    assert_eq!(buckets, ["scifi", "romance", "science-fiction"]);
    // There was no dead-letter queue: the service made one, and says so.
    let dead = archive.receive("InputQueue-dead.fifo", 1).await;
    let reason = dead[0].message_attributes().unwrap()["DeadLetterReason"].string_value().unwrap().to_owned();
    assert_eq!(reason, r#"unknown genre "poetry": there is no bucket poetry"#);
    // A genre that gets its bucket is filed from then on.
    archive.s3.create_bucket().bucket("poetry").send().await.unwrap();
    archive.send("a", &book("9", "Ode", "Poetry")).await;
    assert_eq!(archive.told(1).await[0]["bucket"], "poetry");
    assert_eq!(service.signal("TERM").0.code(), Some(0));
    // A second start finds the dead-letter queue there.
    assert_eq!(archive.cloud.serve("archive", &[]).signal("TERM").0.code(), Some(0));
}

#[tokio::test]
async fn settings_name_the_genres_and_their_buckets() {
    let archive = Archive::deployed(&["BucketPrefix=acme-"]);
    archive.s3.create_bucket().bucket("tatort").send().await.unwrap();
    let mut command = archive.cloud.serve_command("archive", &["--archive-poll", "0.2s"]);
    command.env("ARCHIVE_GENRES", "Sci-Fi,crime=tatort");
    let _service = crate::helpers::Process::start(command, archive.cloud.folder.path());
    for (id, genre) in [("1", "scifi"), ("2", "Crime"), ("3", "romance")] {
        archive.send("a", &book(id, "T", genre)).await;
    }
    let told = archive.told(2).await;
    assert_eq!((&told[0]["bucket"], &told[1]["bucket"]), (&json!("acme-scifi"), &json!("tatort")));
    archive.receive("InputQueue-dead.fifo", 1).await;
    for (flag, value) in [
        ("--archive-poll", "maybe"),
        ("--archive-work", "13h"),
        ("--archive-genres", "="),
        ("--archive-genres", "scifi=.."),
    ] {
        let ended = archive.cloud.run(&["serve", "archive", "--addr", "127.0.0.1:0", flag, value]);
        assert_eq!(ended.code, Some(2), "{flag} {value}: {ended:?}");
    }
}

// The buckets stay when the stack goes, stood in the way of the next one, and nothing said what to do.
#[test]
fn buckets_that_were_kept_are_told_of_with_what_to_do() {
    let cloud = Cloud::start();
    cloud.deploy("archive");
    let ended = cloud.run(&["deploy", "--scenario", "archive", "--delete"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = cloud.run(&["deploy", "--scenario", "archive"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("a stack that was deleted may have left it"), "{}", ended.stderr);
    let ended = cloud.run(&["deploy", "--scenario", "archive", "--parameter", "BucketPrefix=acme-"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn api_and_workers_run_apart() {
    let archive = Archive::deployed(&[]);
    let api = archive.cloud.serve("archive", &["--role", "api"]);
    let sent = archive.send("a", &book("1", "One", "scifi")).await;
    assert_eq!(take(&api.address).await, (202, vec![sent]));
    assert_eq!(archive.told(1).await[0]["id"], "1");
    let worker = archive.cloud.serve("archive", &["--role", "worker"]);
    assert_eq!(take(&worker.address).await.0, 404);
    assert_eq!(reqwest::get(format!("{}/health", worker.address)).await.unwrap().status(), 200);
    archive.send("a", &book("2", "Two", "scifi")).await;
    assert_eq!(archive.told(1).await[0]["id"], "2");
    assert_eq!(figure(&worker.address, r#"archive_books_total{how="first"}"#).await, 1.0);
}

#[tokio::test]
async fn health_names_what_is_gone() {
    let archive = Archive::deployed(&[]);
    let service = archive.cloud.serve("archive", &["--archive-poll", "false"]);
    archive.sqs.delete_queue().queue_url(archive.url("OutputQueue.fifo")).send().await.unwrap();
    archive.s3.delete_bucket().bucket("romance").send().await.unwrap();
    let health = eventually("a broken health", async || {
        let answer = reqwest::get(format!("{}/health", service.address)).await.unwrap();
        (answer.status() == 503).then_some(answer)
    })
    .await;
    let health: Value = serde_json::from_slice(&health.bytes().await.unwrap()).unwrap();
    let states = health["dependencies"].as_array().unwrap().iter();
    let states: Vec<_> =
        states.map(|state| (state["name"].as_str().unwrap(), state["ok"].as_bool().unwrap())).collect();
    assert_eq!(states, [("input queue", true), ("output queue", false), ("buckets", false)]);
    assert_eq!(health["dependencies"][2]["reason"], "there is no bucket romance");
    let document = reqwest::get(format!("{}/openapi.json", service.address)).await.unwrap();
    let document: Value = serde_json::from_slice(&document.bytes().await.unwrap()).unwrap();
    let answers = document["paths"]["/"]["get"]["responses"].as_object().unwrap();
    assert!(["202", "204", "503"].iter().all(|status| answers.contains_key(*status)), "{answers:?}");
}
