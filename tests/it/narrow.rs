//! Terminals of every width: no row is broken within a word, and nothing of a live view stays.
#![cfg(target_os = "linux")]

use std::path::Path;

use crate::helpers::binary::{Local, folder, run};
use crate::helpers::cloud::{config, s3};
use crate::helpers::queues::queue;
use crate::helpers::terminal::Terminal;

const ROWS: u16 = 60;

/// What stands on a terminal of so many columns when a command has ended. As soon as a row has `until` in it, it is handed
/// to `look`, and Ctrl-C is typed.
fn on_terminal(dir: &Path, columns: u16, args: &str, until: &str, look: impl FnOnce(&[String])) -> Vec<String> {
    let mut terminal = Terminal::run(dir, (ROWS, columns), args, "true");
    look(&terminal.until_shown(until));
    terminal.type_keys("\x03");
    terminal.end()
}

/// The live view was 106 columns wide and the table 89: in 80 every row took two, and old rows stayed above the ledger.
#[test]
fn a_simulation_fits_into_its_terminal_and_leaves_nothing_behind() {
    for columns in [45, 60, 80, 106, 120] {
        let dir = folder();
        let args = "simulate --count 4000 --rate 200/s --buffering-seconds 900";
        let screen = on_terminal(dir.path(), columns, args, "landed in S3", |rows| {
            let at = rows.iter().position(|row| row.starts_with("  created-consumer ")).unwrap();
            for (row, name) in rows[at + 1..].iter().zip(["├─ orders queue", "├─ payments queue", "└─ landed in S3"])
            {
                assert!(row.trim_start().starts_with(name), "{columns}: {rows:#?}");
            }
        });
        let text = screen.join("\n");
        for gone in ["publishing, consuming", "━", "^C"] {
            assert!(!text.contains(gone), "{columns}: {gone}: {screen:#?}");
        }
        assert!(text.contains("Stopping: what is in flight"), "{columns}: {screen:#?}");
        let ledger = screen.iter().position(|row| row.starts_with("The ledger")).unwrap();
        let above = screen[..ledger].join("\n");
        assert!(!above.contains("landed in S3") && !above.contains("p50"), "{columns}: {screen:#?}");
        let words: Vec<&str> = text.split_whitespace().collect();
        for word in ["us-east-1).", "us-east-1)", "--data-dir", "duplicated", "events", "payments", "way"] {
            assert!(words.iter().any(|it| it.trim_end_matches([':', ',']) == word), "{columns}: {word}: {screen:#?}");
        }
        assert!(!text.contains("lost"), "{columns}: {screen:#?}");
    }
}

/// An object took three rows of 80 columns, and its key was broken in two: now the key's middle is left out, and on a pipe nothing is.
#[tokio::test]
async fn an_object_is_a_row_of_every_terminal() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let s3 = s3(&local.endpoint);
    s3.create_bucket().bucket("landing").send().await.unwrap();
    let key = format!("landing_date=2026-01-31/{}-the-end", "created-consumer-landing-".repeat(4));
    s3.put_object().bucket("landing").key(&key).body(b"x".to_vec().into()).send().await.unwrap();
    let args = format!("objects landing --endpoint-url {}", local.endpoint);
    for columns in [45, 60, 80] {
        let rows = Terminal::run(dir.path(), (ROWS, columns), &args, "true").end();
        let rows: Vec<&String> = rows.iter().filter(|row| !row.is_empty()).collect();
        assert!(rows.len() == 2 && rows[1].starts_with("1 object in s3://landing/"), "{columns}: {rows:#?}");
        assert!(rows[0].contains("1 B") && rows[0].contains('…') && rows[0].ends_with("-end"), "{columns}: {rows:#?}");
    }
    let whole = run(dir.path(), ["objects", "landing", "--endpoint-url", &local.endpoint]);
    assert!(whole.stdout.contains(&format!("s3://landing/{key}  1 B")), "{whole:#?}");
}

/// Who only follows has nothing in flight: `Stopping: what is in flight is finished first` was said all the same.
#[tokio::test]
async fn who_only_looks_ends_without_a_word() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    queue(&aws_sdk_sqs::Client::new(&config(&local.endpoint)), "q", &[]).await;
    let args = format!("tail q --endpoint-url {}", local.endpoint);
    let screen = on_terminal(dir.path(), 80, &args, "Ctrl-C ends", |_| {});
    let text = screen.join("\n");
    assert!(!text.contains("in flight is finished") && !text.contains("^C"), "{screen:#?}");
}
