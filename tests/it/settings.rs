//! Where a wrong setting stands is said: which region, which address, which file.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::helpers::binary::{Local, folder, messaging, run};

/// A server that gives every request this answer; its address.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 16_384]);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// SNS said only that a parameter is invalid.
#[test]
fn an_arn_or_a_url_of_another_region_is_told_the_targets() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    for args in [
        ["publish", "--topic-arn", "arn:aws:sns:eu-west-1:000000000000:t"],
        ["consume", "--orders-url", "https://sqs.eu-west-1.amazonaws.com/000000000000/q"],
    ] {
        let refused = run(dir.path(), [&args[..], &["--endpoint-url", &local.endpoint]].concat());
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        // Lines are broken at 80 columns, and continued behind a bar.
        let said = refused.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["eu-west-1", "the target's region is us-east-1", "--region eu-west-1", args[1]] {
            assert!(said.contains(words), "{words}: {refused:#?}");
        }
    }
    let account = ["publish", "--count", "1", "--topic-arn", "arn:aws:sns:us-east-1:123456789012:t"];
    let refused = run(dir.path(), [&account[..], &["--endpoint-url", &local.endpoint]].concat());
    assert!(refused.stderr.contains("the account 123456789012"), "{refused:#?}");
}

/// An `https` address of a plain server was said to answer nothing.
#[test]
fn a_scheme_that_a_server_does_not_speak_is_named() {
    let dir = folder();
    let address = answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let refused = run(dir.path(), ["publish", "--count", "1", "--endpoint-url", &format!("https://{address}")]);
    assert!(refused.code == Some(2) && refused.stderr.contains("speaks http, not https"), "{refused:#?}");
}

/// Of another program's port it was told: HTTP 501: Error.
#[test]
fn a_port_of_another_program_is_no_aws_endpoint() {
    let dir = folder();
    for answer in [
        "HTTP/1.1 501 Unsupported method\r\ncontent-length: 29\r\nconnection: close\r\n\r\n<!DOCTYPE HTML><html>no</html>",
        "HTTP/1.1 200 OK\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<html>hello</html>",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<html>hello</html>",
    ] {
        let address = answering(answer);
        let refused = run(dir.path(), ["publish", "--count", "1", "--endpoint-url", &format!("http://{address}")]);
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        assert!(refused.stderr.contains("it is no AWS endpoint"), "{answer}: {refused:#?}");
    }
}

/// A wrong value in `.env` was reported as that of a flag that nobody had typed.
#[test]
fn a_wrong_setting_is_told_where_it_stands() {
    let dir = folder();
    for (text, says) in [
        ("# x\nMESSAGING_TARGET=awz\n", "MESSAGING_TARGET in .env line 2"),
        ("AWS_REGION=us-east1\n", "AWS_REGION in .env line 1"),
    ] {
        std::fs::write(dir.path().join(".env"), text).unwrap();
        let refused = run(dir.path(), ["publish", "--count", "1"]);
        assert!(refused.code == Some(2) && refused.stderr.contains(says), "{refused:#?}");
        assert!(!refused.stderr.contains("--target"), "{refused:#?}");
    }
    std::fs::remove_file(dir.path().join(".env")).unwrap();
    let output = messaging(dir.path()).args(["publish"]).env("AWS_ENDPOINT_URL", "localhost:1").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("the environment variable AWS_ENDPOINT_URL"), "{text}");
    // A usage line named the flag because its variable was set.
    let mut typed = messaging(dir.path());
    typed.args(["publish", "--every", "1s", "--rate", "1/s"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let text = String::from_utf8(typed.output().unwrap().stderr).unwrap();
    assert!(text.contains("Usage:") && !text.contains("--endpoint-url"), "{text}");
}
