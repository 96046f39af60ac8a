//! Where a publisher's events come from: a story of its own, or lines that all publishers share.

use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc};

use super::Plan;
use crate::event::envelope::{Event, Place};
use crate::event::lines::{BadLine, Lines};
use crate::event::own::Own;
use crate::event::story::Story;
use crate::traffic::shape::Shaper;

/// So many lines are read ahead.
const AHEAD: usize = 64;

/// Where events come from.
pub(super) enum Source {
    Story(Box<Teller>),
    Lines(Arc<Feed>),
}

/// Tells one publisher's story, in the shape that the plan asks for.
pub(super) struct Teller {
    story: Story,
    shaper: Shaper,
    run: String,
    next: Place,
    last: Option<Event>,
    repeats: bool,
}

impl Teller {
    /// The story of publisher number `publisher`.
    pub(super) fn new(plan: &Plan, publisher: u32) -> Self {
        let story = Story::new(plan.seed, publisher, &plan.kinds);
        Self {
            story: match plan.shape.mix {
                Some(mix) => story.mixed(mix),
                None => story,
            },
            shaper: Shaper::new(&plan.shape, plan.seed, publisher),
            run: plan.run.clone(),
            next: Place { publisher, sequence: 0 },
            last: None,
            repeats: plan.shape.duplicates > 0.0,
        }
    }

    /// The next event, or the last one again; `time` is when it is published.
    pub(super) fn next_event(&mut self, time: Timestamp) -> Event {
        // None is published three times.
        if let Some(mut last) = self.last.take()
            && self.shaper.repeats()
        {
            last.again = true;
            return last;
        }
        let mut event = Event::new(self.story.next_event(), &self.run, self.next, time);
        self.next.sequence += 1;
        self.shaper.apply(&mut event);
        // Nobody could tell whether what nobody handles came twice.
        if self.repeats && !event.poison {
            self.last = Some(event.clone());
        }
        event
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::load::Load;
    use crate::traffic::shape::Shape;

    #[test]
    fn an_event_comes_again_as_it_was_and_the_story_goes_on_behind_it() {
        let plan = |duplicates| Plan {
            topics: Vec::new(),
            run: "r".into(),
            seed: 1,
            kinds: Vec::new(),
            shape: Shape { duplicates, ..Shape::default() },
            load: Load::max(),
            count: None,
            lasting: None,
            batch: 1,
            publishers: 1,
            trace: false,
            patience: std::time::Duration::ZERO,
        };
        let told = |duplicates: f64| {
            let mut teller = Teller::new(&plan(duplicates), 0);
            (0..100).map(|_| teller.next_event(Timestamp::UNIX_EPOCH)).collect::<Vec<_>>()
        };
        let (once, twice) = (told(0.0), told(1.0));
        assert!(once.iter().all(|event| !event.again));
        for (pair, event) in twice.chunks(2).zip(&once) {
            assert_eq!((pair[0].to_json(), pair[1].to_json()), (event.to_json(), event.to_json()));
            assert!(!pair[0].again && pair[1].again);
        }
        assert!((3..20).contains(&told(0.1).iter().filter(|event| event.again).count()));
    }
}
