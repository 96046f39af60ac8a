//! The proof that each check of the ledger can fail: a short story with one thing wrong, and the fault that must come of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counts::{Counts, Fault};
use crate::ledger::{Id, Ledger, Message, Receive};
use crate::routes::{EVENTS, RECORDS, Route, SENT};

/// A ledger and a clock to tell a story with; times are in milliseconds.
struct Story {
    ledger: Ledger,
    origin: Instant,
}

impl Story {
    fn at(&self, millis: u64) -> Instant {
        self.origin + Duration::from_millis(millis)
    }

    /// An event of unknown fate.
    fn maybe(&mut self, route: &'static Route) -> Id {
        self.ledger.sends(route, 30, None).0
    }

    fn sent(&mut self, route: &'static Route) -> Id {
        let id = self.maybe(route);
        self.ledger.acknowledged(id);
        id
    }

    fn in_group(&mut self, number: u32) -> Id {
        let (id, _) = self.ledger.sends(&SENT, 30, Some((6, number)));
        self.ledger.acknowledged(id);
        id
    }

    /// A message comes to a consumer who hides it for a second.
    fn comes(&mut self, id: Id, queue: usize, asked: u64, message: &str, count: u32) {
        let body = self.ledger.body_of(id);
        self.says(&body, queue, asked, message, count);
    }

    fn says(&mut self, body: &str, queue: usize, asked: u64, message: &str, count: u32) {
        let (asked, answered) = (self.at(asked), self.at(asked + 10));
        let receive = Receive { queue, asked, answered, visibility: Duration::from_secs(1) };
        self.ledger.received(receive, &[Message { body, id: message, handle: "h", count }]);
    }

    fn goes(&mut self, id: Id, queue: usize, at: u64) {
        self.ledger.deletes(id, queue);
        let now = self.at(at);
        self.ledger.deleted(id, queue, now);
    }

    fn lands(&mut self, id: Id, stream: usize) {
        let line = self.ledger.body_of(id);
        self.ledger.landed(stream, line.trim_end());
    }

    /// An event that comes to all queues but those before `from`, is deleted there, and lands.
    fn whole(&mut self, id: Id, from: usize) {
        for queue in from..3 {
            self.comes(id, queue, 0, "m", 1);
            self.goes(id, queue, 20);
        }
        self.lands(id, 0);
    }
}

type Tale = fn(&mut Story);

/// What must come of each story; nothing of the first.
const TALES: &[(Option<Fault>, Tale)] = &[
    (None, |story| {
        let (known, unknown, _nowhere) = (story.sent(&EVENTS), story.maybe(&EVENTS), story.maybe(&EVENTS));
        story.whole(known, 0);
        story.whole(unknown, 0);
        let [first, second] = [story.in_group(0), story.in_group(1)];
        story.comes(first, 6, 0, "a", 1);
        story.comes(first, 6, 1_100, "a", 2);
        story.goes(first, 6, 1_200);
        story.comes(second, 6, 1_300, "b", 1);
        story.goes(second, 6, 1_400);
        story.ledger.check_depth(6, 0);
    }),
    (Some(Fault::Lost), |story| {
        let id = story.sent(&EVENTS);
        story.whole(id, 1);
    }),
    (Some(Fault::Half), |story| {
        let id = story.maybe(&EVENTS);
        story.whole(id, 1);
    }),
    (Some(Fault::Half), |story| {
        let id = story.maybe(&EVENTS);
        story.lands(id, 0);
    }),
    (Some(Fault::Doubled), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 1);
        story.comes(id, 0, 0, "n", 1);
    }),
    (Some(Fault::Deduplication), |story| {
        let id = story.in_group(0);
        story.comes(id, 6, 0, "m", 1);
        story.comes(id, 6, 0, "n", 1);
    }),
    (Some(Fault::Order), |story| {
        let [_first, second] = [story.in_group(0), story.in_group(1)];
        story.comes(second, 6, 0, "b", 1);
    }),
    (Some(Fault::Resurrected), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 1);
        story.goes(id, 0, 20);
        story.comes(id, 0, 2_000, "m", 2);
    }),
    (Some(Fault::Hidden), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 1);
        story.comes(id, 0, 900, "m", 2);
    }),
    (Some(Fault::Hidden), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 1);
        let (asked, now) = (story.at(20), story.at(30));
        story.ledger.hides(id, 0, asked, Duration::from_secs(60), now);
        story.comes(id, 0, 2_000, "m", 2);
    }),
    (Some(Fault::CountBack), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 2);
        story.comes(id, 0, 2_000, "m", 2);
    }),
    (Some(Fault::Damaged), |story| {
        let id = story.sent(&EVENTS);
        story.says(&format!("{id} other\n"), 0, 0, "m", 1);
    }),
    (Some(Fault::Phantom), |story| story.says("7 never\n", 0, 0, "m", 1)),
    (Some(Fault::Phantom), |story| {
        let id = story.maybe(&EVENTS);
        story.ledger.refused(id, "it can't");
        story.comes(id, 0, 0, "m", 1);
    }),
    (Some(Fault::Depth), |story| {
        story.sent(&EVENTS);
        story.ledger.check_depth(0, 0);
    }),
    (Some(Fault::Depth), |story| {
        let id = story.sent(&EVENTS);
        story.comes(id, 0, 0, "m", 1);
        story.goes(id, 0, 20);
        story.ledger.check_depth(0, 1);
    }),
    (Some(Fault::RecordsLost), |story| {
        story.sent(&RECORDS);
    }),
    (Some(Fault::RecordsTwice), |story| {
        let id = story.sent(&RECORDS);
        story.lands(id, 1);
        story.lands(id, 1);
    }),
];

/// Tells every story; fails at the first that is not told apart.
pub(crate) fn check() -> Result<(), String> {
    for (number, (expected, tale)) in TALES.iter().enumerate() {
        let counts = Arc::new(Counts::default());
        let mut story = Story { ledger: Ledger::new(counts.clone()), origin: Instant::now() };
        tale(&mut story);
        story.ledger.close();
        let told = match expected {
            Some(fault) => counts.faults(*fault) > 0,
            None => counts.wrong() == 0,
        };
        if !told {
            return Err(format!("the check is broken that story {number} tries: {expected:?}"));
        }
    }
    Ok(())
}
