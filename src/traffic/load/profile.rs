//! A rate over time, and the moments of its events: pieces one after the other, once or again and again.
//!
//! Event `n` is due when the integral of the rate exceeds `n`. So the first is due as soon as there is a rate at all, and
//! until any moment as many were due as the integral says, within one.

use std::time::Duration;

use super::curve::{Curve, divide, whole};

/// No profile takes longer before it ends or repeats.
pub(super) const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// A moment so far away never comes.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// A rate over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Profile {
    pieces: Vec<Piece>,
    /// How long the pieces take together; none if the last never ends.
    lasts: Option<Duration>,
    /// How many events they make together.
    events: f64,
    repeats: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Piece {
    curve: Curve,
    starts: Duration,
    /// In seconds; infinite if it never ends.
    length: f64,
    /// How many events the pieces before it make.
    before: f64,
}

impl Profile {
    /// The same rate for ever.
    pub(super) fn steady(rate: f64) -> Self {
        let curve = Curve::steady(rate);
        let piece = Piece { curve, starts: Duration::ZERO, length: f64::INFINITY, before: 0.0 };
        Self { pieces: vec![piece], lasts: None, events: f64::INFINITY, repeats: false }
    }

    /// Pieces one after the other, each for so long; with `repeats` from the start again, for ever.
    ///
    /// # Errors
    /// Why that is no profile.
    pub(super) fn new(pieces: &[(Curve, Duration)], repeats: bool) -> Result<Self, String> {
        let (mut placed, mut starts, mut before) = (Vec::with_capacity(pieces.len()), Duration::ZERO, 0.0);
        for (curve, lasts) in pieces {
            let length = lasts.as_secs_f64();
            placed.push(Piece { curve: *curve, starts, length, before });
            before = whole(before + curve.count(length, length));
            starts = starts.saturating_add(*lasts);
        }
        if starts > LONGEST {
            return Err("it takes longer than 366 days: let a shorter one repeat with @loop".into());
        }
        if before <= 0.0 {
            return Err("it never has an event: its rate is zero all the time".into());
        }
        Ok(Self { pieces: placed, lasts: Some(starts), events: before, repeats })
    }

    /// For how long there are events; none if for ever.
    pub(super) fn lasts(&self) -> Option<Duration> {
        self.lasts.filter(|_| !self.repeats)
    }

    /// How many events there are; none if there is no end of them.
    pub(super) fn events(&self) -> Option<u64> {
        self.lasts().map(|_| self.events.ceil() as u64)
    }

    /// The highest rate.
    pub(super) fn peak(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.curve.peak()).fold(0.0, f64::max)
    }

    /// When event number `n` is due, since the start.
    pub(super) fn moment(&self, n: u64) -> Duration {
        let (rounds, n) = match self.repeats {
            true => divide(n as f64, self.events),
            false if n as f64 >= self.events => return NEVER,
            false => (0.0, n as f64),
        };
        // The last that begins with no more events than that: pieces without a rate are passed over.
        let at = self.pieces.partition_point(|piece| piece.before <= n).saturating_sub(1);
        let piece = &self.pieces[at];
        let within = piece.curve.moment(n - piece.before, piece.length).clamp(0.0, piece.length);
        let within = Duration::try_from_secs_f64(within).unwrap_or(NEVER);
        let round = self.lasts.unwrap_or_default().as_nanos().saturating_mul(rounds as u128);
        let round = u64::try_from(round).map_or(NEVER, Duration::from_nanos);
        round.saturating_add(piece.starts).saturating_add(within).min(NEVER)
    }

    /// How many events are due before `t`, by the integral of the rate: a part of one counts as that.
    pub(super) fn expected(&self, t: Duration) -> f64 {
        let Some(lasts) = self.lasts else { return self.in_round(t) };
        if !self.repeats {
            return self.in_round(t.min(lasts));
        }
        let rounds = t.as_nanos() / lasts.as_nanos();
        let within = Duration::from_nanos((t.as_nanos() % lasts.as_nanos()) as u64);
        whole(rounds as f64 * self.events + self.in_round(within))
    }

    /// The rate at so many seconds of the first round.
    #[cfg(test)]
    pub(super) fn rate(&self, t: f64) -> f64 {
        let at = self.pieces.partition_point(|piece| piece.starts.as_secs_f64() <= t).saturating_sub(1);
        self.pieces[at].curve.rate(t - self.pieces[at].starts.as_secs_f64(), self.pieces[at].length)
    }

    fn in_round(&self, t: Duration) -> f64 {
        let at = self.pieces.partition_point(|piece| piece.starts <= t).saturating_sub(1);
        let piece = &self.pieces[at];
        let within = (t - piece.starts).as_secs_f64().min(piece.length);
        whole(piece.before + piece.curve.count(within, piece.length))
    }
}
