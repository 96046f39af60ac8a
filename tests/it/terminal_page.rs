//! `messaging top` on a terminal of its own and off one, and `messaging tail`.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::helpers::binary::{Local, folder, messaging, run, signal, wait};
use crate::helpers::cloud::config;
use crate::helpers::queues::{attribute, queue, send};
use crate::helpers::terminal::Terminal;

/// What the shell does behind the command: the terminal is as it was if keys are echoed and read by lines again, which is told in one
/// line of `stty`.
const THEN: &str = "echo code=$?; stty -a | grep -c ' icanon iexten echo '; echo end";

/// Keys choose, filter, look into a queue and end; the terminal is given back after q and after Ctrl-C, and nothing was received.
#[tokio::test]
async fn top_is_a_page_with_keys_and_gives_the_terminal_back() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "full", &[]).await;
    queue(&sqs, "empty", &[]).await;
    for n in 0..3 {
        send(&sqs, &url, &format!("body number {n}")).await;
    }
    let args = format!("top --endpoint-url {}", local.endpoint);
    let mut terminal = Terminal::run(dir.path(), (20, 80), &args, THEN);
    let rows = terminal.until_shown("Enter look into");
    assert!(rows[1].starts_with("queue") && rows[2].starts_with("full"), "the fullest is first: {rows:#?}");
    terminal.type_keys("\r");
    let rows = terminal.until_shown("body number 2");
    assert!(rows.iter().any(|row| row.contains("never received")), "{rows:#?}");
    terminal.type_keys("\x1b");
    terminal.until_shown("Enter look into");
    terminal.type_keys("/emp");
    terminal.until("the filter", |rows| rows[0] == "/emp_" && rows[2].starts_with("empty"));
    terminal.type_keys("\r");
    terminal.until_shown("Enter look into");
    send(&sqs, &url, "later").await;
    terminal.type_keys("\x1b");
    // It looks again by itself.
    terminal.until("the new figure", |rows| rows.iter().any(|row| row.starts_with("full") && row.contains(" 4 ")));
    terminal.type_keys("q");
    let rows = terminal.end();
    assert_eq!(rows[..3], ["code=0", "1", "end"], "{rows:#?}");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "4");

    let mut terminal = Terminal::run(dir.path(), (20, 60), &args, THEN);
    let rows = terminal.until_shown("full");
    assert!(rows.iter().all(|row| row.chars().count() <= 60), "{rows:#?}");
    terminal.type_keys("\x03");
    let rows = terminal.end();
    let text = rows.join("\n");
    assert!(text.contains("code=0\n1\nend") && !text.contains("queue "), "{rows:#?}");
}

/// Off a terminal there are lines, and records for programs.
#[tokio::test]
async fn off_a_terminal_top_prints_lines() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    send(&sqs, &url, "x").await;
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    let table = ask(&["top", "--once"]);
    assert!(table.code == Some(0) && table.stdout.lines().any(|line| line.starts_with("q ")), "{table:#?}");
    let record: Value = serde_json::from_str(&ask(&["top", "--once", "--json"]).stdout).unwrap();
    assert_eq!((&record["queues"][0]["name"], &record["queues"][0]["visible"]), (&"q".into(), &1.into()), "{record:#}");
    // Without --once it looks again and again, until it is told to stop.
    let mut again = messaging(dir.path());
    again.args(["top", "--json", "--every", "50ms", "--endpoint-url", &local.endpoint]).stdin(Stdio::null());
    let mut again = again.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let looks = BufReader::new(again.stdout.take().unwrap()).lines().take(3).count();
    assert_eq!(looks, 3);
    signal(&again, "TERM");
    assert_eq!(wait(&mut again).code(), Some(0));
}
