//! A command on a terminal of its own, with a keyboard: what stands on the screen, and what is typed.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::binary::{messaging_under, wait};

/// How long something may take to stand on the screen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs on a terminal.
pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Runs the program with these arguments, as a shell reads them, on a terminal of so many rows and columns; `then` is what the shell
    /// does when it has ended.
    pub(crate) fn run(dir: &Path, (rows, columns): (u16, u16), args: &str, then: &str) -> Self {
        // Of a pipe `script` makes a terminal with a keyboard. What follows `sh -c` and its text is that text's `$0`.
        let inside = format!("stty rows {rows} cols {columns}; trap : INT; '$0' {args}; {then}");
        let mut command = messaging_under(dir, &["sh", "-c", &format!("exec script -q -e -c \"{inside}\" /dev/null")]);
        command.env("TERM", "xterm").env("SHELL", "/bin/sh");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (keyboard, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut bytes) {
                if send.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let size = |n| NonZero::new(n).unwrap();
        Self { child, keyboard, output, screen: vt100::Parser::new(size(rows), size(columns), 0) }
    }

    /// The rows of the screen.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.screen.screen().rows(0, u16::MAX).collect()
    }

    /// Waits until the rows are as they are to be.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let started = Instant::now();
        loop {
            let rows = self.rows();
            if is_so(&rows) {
                return rows;
            }
            let left = PATIENCE.saturating_sub(started.elapsed());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("{what} doesn't come: {rows:#?}"),
            }
        }
    }

    /// Waits until a row has a text in it.
    pub(crate) fn until_shown(&mut self, text: &str) -> Vec<String> {
        self.until(text, |rows| rows.iter().any(|row| row.contains(text)))
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// What stands on the screen at the end.
    pub(crate) fn end(mut self) -> Vec<String> {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.screen.process(&bytes);
        }
        wait(&mut self.child);
        self.rows()
    }
}
