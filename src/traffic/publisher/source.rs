//! Where a publisher's events come from: a story of its own, or lines that all publishers share.

use std::io::Read;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use crate::event::lines::{BadLine, Lines};
use crate::event::own::Own;
use crate::event::story::Story;

/// So many lines are read ahead.
const AHEAD: usize = 64;

/// Where events come from.
pub(super) enum Source {
    Story(Box<Story>),
    Lines(Arc<Feed>),
}

/// A line, what is wrong with it, or why no more can be read.
pub(super) type Line = Result<Result<Own, BadLine>, std::io::Error>;

/// Lines that a thread of their own reads: whatever they come from may keep it waiting.
pub(crate) struct Feed {
    lines: Mutex<mpsc::Receiver<Line>>,
    /// A batch waits until it is full: the lines are there.
    is_file: bool,
}

/// What there is to take.
pub(super) enum Taken {
    Line(Line),
    /// Nothing yet, and there is something to send meanwhile.
    NotYet,
    End,
}

impl Feed {
    /// Begins to read.
    pub(crate) fn start<R: Read + Send + 'static>(mut lines: Lines<R>, is_file: bool) -> Self {
        let (to, from) = mpsc::channel(AHEAD);
        // No task: the program's end waits for those, and this one may never be done.
        std::thread::spawn(move || {
            loop {
                let (line, more) = match lines.next() {
                    Ok(None) => return,
                    Ok(Some(line)) => (Ok(line), true),
                    Err(error) => (Err(error), false),
                };
                if to.blocking_send(line).is_err() || !more {
                    return;
                }
            }
        });
        Self { lines: Mutex::new(from), is_file }
    }

    /// The next line; with `hurry` only if it is there, unless it is a file's.
    pub(super) async fn take(&self, hurry: bool) -> Taken {
        if hurry && !self.is_file {
            // Whoever has the lock waits for the next line.
            let Ok(mut lines) = self.lines.try_lock() else { return Taken::NotYet };
            return match lines.try_recv() {
                Ok(line) => Taken::Line(line),
                Err(mpsc::error::TryRecvError::Empty) => Taken::NotYet,
                Err(mpsc::error::TryRecvError::Disconnected) => Taken::End,
            };
        }
        let line = self.lines.lock().await.recv().await;
        line.map_or(Taken::End, Taken::Line)
    }
}
