//! Servers and files that mean harm to the client's side: it says what it waits for, and writes only what is its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::binary::{folder, messaging, run};

/// Every command was silent for more than 45 s against a server that accepts and never answers.
#[test]
fn a_server_that_accepts_and_never_answers_is_told_of() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let queue = format!("{endpoint}/000000000000/q");
    let commands: [&[&str]; 4] = [
        &["deploy"],
        &["publish", "--topic-arn", "arn:aws:sns:us-east-1:000000000000:t", "--rate", "max"],
        &["consume", "--api", "orders", "--orders-url", &queue],
        &["simulate"],
    ];
    let mut children = commands.map(|args| {
        let mut command = messaging(dir.path());
        command.args(args).args(["--endpoint-url", &endpoint]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for (child, args) in children.iter_mut().zip(commands) {
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut told = Vec::new();
        let found = lines.inspect(|line| told.push(line.clone())).any(|line| line.contains("no answer within 9 s"));
        assert!(found, "{args:?}: {told:#?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(listener);
}

/// A region went into the SDK, which told of an invalid field.
#[test]
fn a_region_from_anywhere_is_a_name() {
    let dir = folder();
    for (name, value) in [("AWS_REGION", "../x"), ("AWS_DEFAULT_REGION", "a b")] {
        let ended = messaging(dir.path()).args(["simulate", "--count", "1"]).env(name, value).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{name}");
        let text = String::from_utf8(ended.stderr).unwrap();
        assert!(text.contains("a region like us-east-1"), "{text}");
    }
}

/// A terminal obeys what stands in a cloned folder's `.env`, unless that is escaped wherever it is shown.
#[test]
fn what_stands_in_an_env_file_is_escaped() {
    let dir = folder();
    let write = |text: &str| std::fs::write(dir.path().join(".env"), text).unwrap();
    for text in [
        "MESSAGING_TARGET='\x1b]0;x\x07'\n",
        "AWS_REGION='\u{9b}31m'\n",
        "TOPIC_ARN='\x1b[31m\u{202e}'\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n",
        "MESSAGING_STACK='\x1b[31m'\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n",
    ] {
        write(text);
        let ended = run(dir.path(), ["publish", "--count", "1"]);
        assert_ne!(ended.code, Some(0));
        let harmful = |text: &str| text.contains(|c| c != '\n' && messaging::ui::escape::is_harmful(c));
        assert!(!harmful(&ended.stderr) && !harmful(&ended.stdout), "{text:?}: {ended:#?}");
    }
}
