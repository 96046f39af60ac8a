//! A clock that was set back: what a queue remembers of times that are still to come.

use super::{Queue, State};
use crate::{Millis, limits};

/// A clock that goes back by no more than this changes nothing: deadlines are late by no more than that.
const SMALL: Millis = 60_000;

impl Queue {
    /// Repairs what a clock that was set back leaves: a message that waits for longer than any setting allows is visible at once,
    /// and one that was sent in the future counts as sent now. Otherwise they would be hidden, or kept, for as long as the clock
    /// was set back.
    ///
    /// This follows from the time alone, as a deadline that passes does, so the log doesn't hold it.
    pub(super) fn follow_clock(&mut self, now: Millis) {
        if self.latest <= now.saturating_add(SMALL) {
            return;
        }
        self.latest = now;
        let most = |state| if state == State::Delayed { limits::MAX_DELAY } else { limits::MAX_VISIBILITY };
        let too_far = |at: Millis, state| at > now.saturating_add(most(state));
        let hidden = self
            .timers
            .iter()
            .filter(|(at, position)| self.entries.get(*position).is_some_and(|entry| too_far(*at, entry.state)));
        let hidden: Vec<_> = hidden.map(|(_, position)| *position).collect();
        hidden.into_iter().for_each(|position| self.set_state(position, State::Back, now));
        let future: Vec<_> = self.messages().filter(|(_, entry)| entry.sent_at > now).map(|(at, _)| at).collect();
        for position in future {
            if let Some(entry) = self.entries.get_mut(position) {
                entry.sent_at = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::QueueConfig;
    use crate::queue::{Entry, Receive};
    use crate::{Position, QueueId};

    const DAY: Millis = 24 * 3_600_000;
    /// When the clock is right.
    const NOW: Millis = 400 * DAY;

    fn queue() -> Queue {
        let arn = "arn:aws:sqs:us-east-1:000000000000:q".to_owned();
        let (attributes, tags) = (Default::default(), Default::default());
        Queue::new(QueueConfig { id: QueueId(1), arn, attributes, tags, created: 0, modified: 0, hidden: false })
    }

    fn send(queue: &mut Queue, position: Position, at: Millis, delay: Millis) {
        let (state, visible_at) = if delay > 0 { (State::Delayed, at + delay) } else { (State::Fresh, 0) };
        queue.add(position, Entry { seq: position, sent_at: at, visible_at, state, ..Entry::default() }, None);
    }

    /// A clock that was a day ahead and is set right hid what was in flight or delayed for a day.
    #[test]
    fn what_was_hidden_by_a_clock_ahead_is_back_when_it_is_set_right() {
        let mut queue = queue();
        for (position, delay) in [(0, 0), (1, 0), (2, 5_000)] {
            send(&mut queue, position, NOW + DAY, delay);
        }
        queue.receive_one(0, NOW + DAY, NOW + DAY + 30_000);
        assert_eq!(queue.depth(NOW + DAY).visible, 1);
        assert_eq!(queue.depth(NOW).visible, 3);
        // Its deadline alone was made by the clock ahead.
        queue.receive_one(1, NOW, NOW + 30_000);
        queue.set_visible_at(1, NOW + DAY + 30_000);
        assert_eq!(queue.depth(NOW).in_flight, 0);
        // What is right stays as it is, also for as long as a setting allows.
        queue.receive_one(1, NOW, NOW + limits::MAX_VISIBILITY);
        send(&mut queue, 3, NOW, limits::MAX_DELAY);
        for now in [NOW, NOW - SMALL, NOW + 1] {
            let depth = queue.depth(now);
            assert_eq!((depth.in_flight, depth.delayed), (1, 1), "at {now}");
        }
    }

    /// A message from the future stood before those whose retention had ended, and kept them.
    #[test]
    fn a_message_from_the_future_grows_old_from_now_on() {
        let mut queue = queue();
        send(&mut queue, 0, NOW + 300 * DAY, 0);
        send(&mut queue, 1, NOW, 0);
        assert_eq!(queue.depth(NOW).visible, 2, "nothing is lost");
        assert_eq!(queue.expired(NOW + limits::RETENTION, 10), [0, 1]);
        let receive = Receive { max: 10, visibility: None, attempt: None };
        assert_eq!(queue.decide_receive(receive, NOW).picked.len(), 2);
    }
}
