//! `messaging local --log-requests`, and how the address may be given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};
use std::thread::JoinHandle;

use crate::helpers::binary::{folder, messaging, run, signal, wait};

/// A server whose whole output is read.
struct Logged {
    address: String,
    child: Child,
    output: JoinHandle<String>,
}

impl Logged {
    fn start(folder: &std::path::Path, args: &[&str]) -> Self {
        let mut command = messaging(folder);
        command.args(["local", "--durability", "memory"]).args(args).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let address = ready.strip_prefix("Ready on http://").unwrap().split(',').next().unwrap().to_owned();
        let output = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        Self { address, child, output }
    }

    /// Sends a request and reads its answer to the end.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn form(&self, body: &str, more: &str) -> String {
        self.send(&format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn json(&self, target: &str, body: &str) -> String {
        self.send(&format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: {target}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Stops it; all lines that it printed after it was ready, without their times.
    fn end(mut self) -> Vec<String> {
        signal(&self.child, "TERM");
        assert!(wait(&mut self.child).success());
        let text = self.output.join().unwrap();
        let without_times = |line: &str| {
            let mut words: Vec<&str> = line.split(' ').collect();
            assert!(words[0].ends_with('Z') && words[0].len() == 24, "{line}");
            words.remove(0);
            if let Some(at) = words.iter().position(|word| *word == "ms") {
                words[at - 1].parse::<f64>().unwrap();
                words.drain(at - 1..=at);
            }
            words.join(" ")
        };
        text.lines().map(without_times).collect()
    }
}

const SCOPE: &str = "Authorization: AWS4-HMAC-SHA256 Credential=111111111111/20260101/eu-west-1/sns/aws4_request, \
                     SignedHeaders=host, Signature=0\r\n";

/// The server was silent: nobody could tell whether an app talked to it.
#[test]
fn every_request_is_a_line() {
    let folder = folder();
    let server = Logged::start(folder.path(), &["--port", "0", "--log-requests"]);
    server.json("AmazonSQS.CreateQueue", r#"{"QueueName":"api-orders"}"#);
    server
        .json("AmazonSQS.SendMessage", r#"{"QueueUrl":"http://localhost/000000000000/api-orders","MessageBody":"x"}"#);
    for _ in 0..2 {
        server.json("AmazonSQS.ReceiveMessage", r#"{"QueueUrl":"http://localhost/000000000000/api-orders"}"#);
    }
    server.json("AmazonSQS.SendMessage", r#"{"QueueUrl":"http://localhost/000000000000/none","MessageBody":"x"}"#);
    server.json("AmazonSQS.Dance", "{}");
    server.json("DynamoDB_20120810.ListTables", "{}");
    server.form("Action=CreateTopic&Version=2010-03-31&Name=t", SCOPE);
    server.send("PUT /bucket HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    server.send("PUT /bucket/a/key HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
    server.send("GET /key HTTP/1.1\r\nHost: bucket.localhost\r\nConnection: close\r\n\r\n");
    server.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    server.send("POST /_messaging/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    server.send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    server.send("no request\r\n\r\n");
    server.json("AmazonSQS.CreateQueue", "{\"QueueName\":\"\\u001b[31mred\\nGET\"}");
    // What is no request is told when its connection ends, by then the next may be answered.
    let (none, lines): (Vec<_>, Vec<_>) = server.end().into_iter().partition(|line| line.starts_with("no request"));
    assert_eq!(none, ["no request from 127.0.0.1: invalid URI"]);
    let expected = [
        "sqs CreateQueue api-orders 200",
        "sqs SendMessage api-orders 200",
        "sqs ReceiveMessage api-orders 200 1 message",
        "sqs ReceiveMessage api-orders 200 0 messages",
        "sqs SendMessage none 400 QueueDoesNotExist",
        "sqs Dance 400 UnknownOperationException",
        "POST / 400 UnknownOperationException",
        "sns CreateTopic t 200 111111111111 eu-west-1",
        "s3 CreateBucket bucket 200",
        "s3 PutObject bucket/a/key 200",
        "s3 GetObject bucket/key 404 NoSuchKey",
        "POST /_messaging/reset 200",
        "GET / 403",
        "sqs CreateQueue \\u{1b}[31mred\\nGET 400 InvalidParameterValueException",
    ];
    assert_eq!(lines, expected, "{lines:#?}");
}

/// What lets somebody in, or is nobody's business, is in no line.
#[test]
fn no_line_has_a_secret() {
    let folder = folder();
    let server = Logged::start(folder.path(), &["--port", "0", "--log-requests"]);
    let topic = "arn:aws:sns:us-east-1:000000000000:t";
    server.send(
        "GET /bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSECRET%2F20260101%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=SECRET\
         &X-Amz-Security-Token=SECRET HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    server.form(&format!("Action=ConfirmSubscription&Version=2010-03-31&TopicArn={topic}&Token=SECRET"), "");
    server.form("Action=CreateLoginProfile&Version=2010-05-08&UserName=u&Password=SECRET", "");
    server.form("Action=SendMessage&Version=2012-11-05&QueueUrl=http://me:SECRET@localhost&MessageBody=SECRET", "");
    server.json("AmazonSSM.PutParameter", r#"{"Name":"/p","Value":"SECRET","Type":"SecureString"}"#);
    server.json("AmazonSQS.DeleteMessage", r#"{"QueueUrl":"q","ReceiptHandle":"SECRET"}"#);
    server.send("GET /SECRET\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let lines = server.end();
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("SECRET")), "{lines:#?}");
}

/// A terminal that stood still would have held up every request.
#[test]
fn an_output_that_nobody_reads_holds_up_neither_requests_nor_the_end() {
    let folder = folder();
    let mut command = messaging(folder.path());
    command.args(["local", "--durability", "memory", "--port", "0", "--log-requests"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut ready = String::new();
    stdout.read_line(&mut ready).unwrap();
    let address = ready.strip_prefix("Ready on http://").unwrap().split(',').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("HEAD /bucket/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(300));
    // More than a pipe holds: each is a line of 300 bytes and more.
    for _ in 0..500 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut some = [0; 4_096];
            let bytes = stream.read(&mut some).unwrap();
            assert!(bytes > 0, "it hung up");
            answer.extend_from_slice(&some[..bytes]);
        }
    }
    signal(&child, "TERM");
    assert!(wait(&mut child).success());
    drop(stdout);
}

#[test]
fn without_the_flag_nothing_is_printed() {
    let folder = folder();
    let server = Logged::start(folder.path(), &["--addr", "0"]);
    server.json("AmazonSQS.CreateQueue", r#"{"QueueName":"api-orders"}"#);
    assert!(server.end().is_empty());
}

#[test]
fn a_port_that_is_taken_and_an_address_that_is_not_ours_are_refused_by_name() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let local = |args: &[&str]| run(folder.path(), [&["local", "--durability", "memory"], args].concat());
    for args in [["--port", &port], ["--addr", &port], ["--addr", &format!(":{port}")]] {
        let ended = local(&args);
        assert_eq!(ended.code, Some(1), "{args:?} {}", ended.stderr);
        assert!(ended.stderr.contains(&format!("Can't listen on 127.0.0.1:{port}")), "{}", ended.stderr);
    }
    let ended = local(&["--addr", "192.0.2.1:0", "--open-to-all"]);
    assert!(ended.stderr.contains("Can't listen on 192.0.2.1:0"), "{}", ended.stderr);
    for args in [["--port", "99999"], ["--addr", "99999"], ["--addr", "no host"]] {
        assert_eq!(local(&args).code, Some(2), "{args:?}");
    }
}
