//! What a data folder keeps of its cloud's clock, where that isn't the wall's: how it ran, and the last time that it may have shown.

use std::time::Duration;

use super::Core;
use super::clock::Clock;
use super::cloud::Cloud;
use engine::{Engine, Millis};
use wire::AwsError;

/// The document.
pub(crate) const CLOCK: &str = "clock";
/// A clock that runs is kept ahead of itself, by so much of the wall clock: a crash comes without a word.
const AHEAD: Duration = Duration::from_secs(3);

/// What the document holds: `<mode> <milliseconds>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// How the clock ran, as `--clock` has it.
    pub mode: String,
    /// No answer told a later time.
    pub last: Millis,
}

impl Kept {
    /// What the folder keeps, if its clock wasn't the wall's.
    pub(crate) fn of(engine: &Engine) -> Option<Self> {
        let text = std::str::from_utf8(engine.doc(CLOCK)?).ok()?;
        let (mode, last) = text.split_once(' ')?;
        Some(Self { mode: mode.to_owned(), last: last.parse().ok()? })
    }
}

impl Core {
    /// Keeps that the clock may come to show `last`, unless it is the wall's, of which nothing is kept.
    pub(crate) async fn keep_time(&self, last: Millis) -> Result<(), AwsError> {
        let clock = self.clock();
        let document = match clock {
            Clock::System => None,
            // A test's, which it sets as it likes.
            Clock::Frozen(frozen) if frozen.is_for_clients() => None,
            _ => Some(format!("{} {last}", clock.mode())),
        };
        let kept = self.read(|engine, _| engine.doc(CLOCK).map(|kept| kept.to_vec()));
        if kept.as_deref() == document.as_ref().map(String::as_bytes) {
            return Ok(());
        }
        self.execute_freeing(|tx| {
            match &document {
                Some(document) => tx.put_doc(CLOCK, document.as_bytes()),
                None => tx.delete_doc(CLOCK),
            }
            Ok(())
        })
        .await
    }

    /// Keeps a time that the clock doesn't show before it is kept anew, which is when a third of [`AHEAD`] has gone by.
    pub(crate) async fn keep_time_ahead(&self) -> Result<(), AwsError> {
        let ahead = AHEAD.as_millis() as Millis * Millis::from(self.clock().factor().unwrap_or(0));
        let far = |kept: &Kept, now: Millis| {
            let left = kept.last.saturating_sub(now);
            left <= ahead && left > ahead / 3 * 2 && kept.mode == self.clock().mode()
        };
        if self.read(|engine, now| Kept::of(engine).is_some_and(|kept| far(&kept, now))) {
            return Ok(());
        }
        self.keep_time(self.now().saturating_add(ahead)).await
    }
}

impl Cloud {
    /// Tells the operator where the folder's clock goes on otherwise than it went.
    pub(crate) fn tell_clock(&self) {
        let Some(kept) = self.core.read(|engine, _| Kept::of(engine)) else { return };
        let clock = self.core.clock();
        let (was, now) = (&kept.mode, text::time::iso_millis(self.core.now()));
        match clock {
            Clock::Running(running) if running.is_ahead() => self.notice(&format!(
                "this folder's clock was {was} and is ahead of the wall clock: it goes on from {now}, as fast as that"
            )),
            _ if clock.mode() == *was => {}
            _ => self.notice(&format!("this folder's clock was {was}; it goes on from {now} as {}", clock.mode())),
        }
    }
}
