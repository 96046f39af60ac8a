//! Whatever clients, templates and servers name: a terminal that it is printed on obeys none of it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};

use aws_sdk_sns::types::MessageAttributeValue;
use messaging::escape::is_harmful;

use crate::helpers::binary::{folder, messaging, run, signal, wait};
use crate::helpers::cloud::{config, eventually, s3};

/// A colour, C1's introducer, a character that turns text around, a zero-width space, a line separator, a line break.
const HARM: &str = "\u{1b}[31m\u{9b}8m\u{202e}\u{200b}\u{2028}\nwarning: forged";
/// The same without what XML can't hold.
const XML_HARM: &str = "\u{9b}8m\u{202e}\u{200b}\u{2028}\nwarning: forged";

/// `messaging local --explain` with all that it prints in files.
struct Explaining {
    endpoint: String,
    child: Child,
}

impl Explaining {
    async fn start(dir: &Path) -> Self {
        let file = |name| Stdio::from(File::create(dir.join(name)).unwrap());
        let mut command = messaging(dir);
        command.args(["local", "--addr", "127.0.0.1:0", "--data-dir", "data", "--explain"]);
        let child = command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let ready = async || {
            let text = std::fs::read_to_string(dir.join("stdout")).unwrap();
            let line = text.lines().find(|line| line.starts_with("Ready on "))?.to_owned();
            Some(line["Ready on ".len()..].split(',').next()?.to_owned())
        };
        let endpoint = eventually(ready).await.expect("it starts");
        Self { endpoint, child }
    }

    /// Ends it; all that it printed, by file.
    fn end(mut self, dir: &Path) -> [String; 2] {
        signal(&self.child, "TERM");
        wait(&mut self.child);
        ["stdout", "stderr"].map(|name| String::from_utf8(std::fs::read(dir.join(name)).unwrap()).unwrap())
    }
}

impl Drop for Explaining {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn harmless(text: &str) -> bool {
    !text.contains(|c| c != '\n' && is_harmful(c)) && !text.lines().any(|line| line.starts_with("warning: forged"))
}

/// An ESC in a queue policy's condition key went raw to stderr and to --explain; so did C1 and bidi from filter policies,
/// attribute values and keys.
#[tokio::test]
async fn names_from_clients_reach_no_terminal_raw() {
    let dir = folder();
    let server = Explaining::start(dir.path()).await;
    let config = config(&server.endpoint);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let topic = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    let subscribe = async |name: &str, policy: Option<String>, filter: Option<String>| {
        let queue = sqs.create_queue().queue_name(name);
        let queue = match policy {
            Some(policy) => queue.attributes("Policy".into(), policy),
            None => queue,
        };
        queue.send().await.unwrap();
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
        let subscribe = match filter {
            Some(filter) => subscribe.attributes("FilterPolicy", filter),
            None => subscribe,
        };
        subscribe.send().await.unwrap();
    };
    let statement = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Sid": HARM, "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"StringEquals": {format!("aws:{HARM}x"): HARM}},
    }]});
    subscribe("closed", Some(statement.to_string()), None).await;
    subscribe("filtered", None, Some(serde_json::json!({"kind": [HARM]}).to_string())).await;
    let kind = MessageAttributeValue::builder().data_type("String").string_value(XML_HARM).build().unwrap();
    sns.publish().topic_arn(&topic).message("m").message_attributes("kind", kind).send().await.unwrap();
    // Refusals name what was sent.
    let s3 = s3(&server.endpoint);
    s3.create_bucket().bucket("bucket").send().await.unwrap();
    _ = s3.put_object().bucket("bucket").key(XML_HARM).send().await;
    let explained = async || {
        let text = std::fs::read_to_string(dir.path().join("stdout")).unwrap();
        (text.contains("filtered out") && text.contains("NOT DELIVERED")).then_some(())
    };
    eventually(explained).await.expect("both are told of");
    for text in server.end(dir.path()) {
        assert!(harmless(&text), "{text:?}");
    }
    let told = std::fs::read_to_string(dir.path().join("stdout")).unwrap();
    assert!(told.contains("\\u{9b}8m\\u{202e}\\u{200b}\\u{2028}\\nwarning: forged"), "{told}");
}

/// Outputs and events come from a template and a server, and are printed by `deploy`, with and without --json.
#[tokio::test]
async fn what_a_template_and_events_hold_reaches_no_terminal_raw() {
    let dir = folder();
    let server = Explaining::start(dir.path()).await;
    let harm = serde_json::to_string(XML_HARM).unwrap();
    let template = format!(
        r#"{{"Resources": {{"Q": {{"Type": "AWS::SQS::Queue", "Properties": {{"QueueName": "q"}}}}}},
             "Outputs": {{"Harm": {{"Value": {harm}}}, "OrdersQueueUrl": {{"Value": {{"Ref": "Q"}}}}}}}}"#
    );
    std::fs::write(dir.path().join("t.json"), template).unwrap();
    let deployed = run(dir.path(), ["deploy", "--template", "t.json", "--endpoint-url", &server.endpoint]);
    assert_eq!(deployed.code, Some(0), "{deployed:#?}");
    assert!(deployed.stdout.contains("\\u{202e}"), "{deployed:#?}");
    let sqs = aws_sdk_sqs::Client::new(&config(&server.endpoint));
    let queue = sqs.get_queue_url().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let event = serde_json::json!({"specversion": "1.0", "id": HARM, "source": "/", "type": HARM, "data": {"a": HARM}});
    let mut printed = vec![deployed.stdout, deployed.stderr];
    for args in [&[][..], &["--json"]] {
        sqs.send_message().queue_url(&queue).message_body(event.to_string()).send().await.unwrap();
        sqs.send_message().queue_url(&queue).message_body(format!("no event {XML_HARM}")).send().await.unwrap();
        let consume = ["consume", "--api", "orders", "--count", "2", "--endpoint-url", &server.endpoint];
        let consumed = run(dir.path(), [&consume[..], args].concat());
        assert_eq!(consumed.code, Some(0), "{consumed:#?}");
        printed.extend([consumed.stdout, consumed.stderr]);
    }
    for text in printed {
        assert!(harmless(&text), "{text:?}");
    }
}
