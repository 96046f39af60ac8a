//! Terminals of every width: no row is broken within a word, and nothing of a live view stays.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::helpers::binary::{folder, messaging_under, wait};

const ROWS: u16 = 60;

/// What stands on a terminal of so many columns when a command has ended. As soon as a row has `until` in it, it is handed
/// to `look`, and Ctrl-C is typed.
fn on_terminal(dir: &Path, columns: u16, args: &str, until: &str, look: impl FnOnce(&[String])) -> Vec<String> {
    // Of a pipe `script` makes a terminal with a keyboard. What follows `sh -c` and its text is that text's `$0`.
    let inside = format!("stty rows {ROWS} cols {columns}; exec '$0' {args}");
    let mut command = messaging_under(dir, &["sh", "-c", &format!("exec script -q -e -c \"{inside}\" /dev/null")]);
    command.env("TERM", "xterm").env("SHELL", "/bin/sh");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut keyboard, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (send, received) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = output.read(&mut bytes) {
            if send.send(bytes[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut terminal = vt100::Parser::new(size(ROWS), size(columns), 0);
    let mut look = Some(look);
    let started = Instant::now();
    while let Ok(bytes) = received.recv_timeout(Duration::from_secs(60)) {
        terminal.process(&bytes);
        let rows = rows(&terminal);
        if rows.iter().any(|row| row.contains(until))
            && let Some(look) = look.take()
        {
            look(&rows);
            keyboard.write_all(b"\x03").unwrap();
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{rows:#?}");
    }
    wait(&mut child);
    assert!(look.is_none(), "{:#?}", rows(&terminal));
    rows(&terminal)
}

fn rows(terminal: &vt100::Parser) -> Vec<String> {
    terminal.screen().rows(0, u16::MAX).collect()
}

fn size(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
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
