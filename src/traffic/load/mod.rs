//! When events are published: as fast as the answers come, or each at a moment of its own.
//!
//! With a rate or a profile every event has an intended moment, fixed before the run starts. A publisher that falls behind doesn't
//! shift the moments that follow, and latency is measured from the intended moment: a stall is seen by every event that it
//! delays (coordinated omission is not hidden).
//!
//! [`mod@parse`] reads what the user writes, [`points`] a file; [`profile`] and [`curve`] know when each event is due.

mod curve;
mod named;
mod parse;
mod points;
mod profile;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::named::NAMED;
pub(crate) use self::parse::{parse, rate};
use self::profile::Profile;
use crate::units::{count, duration, plural, rate as shown_rate};

/// When events are published.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Load {
    /// As the user gave it.
    text: String,
    /// None: as fast as the answers come.
    profile: Option<Arc<Profile>>,
    /// So many times as fast it goes by: its moments are a faster clock's.
    speed: u32,
}

/// What a user asks for: a load, or a file that says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Load(Load),
    /// Points of time and rate, perhaps again and again.
    File {
        path: PathBuf,
        repeats: bool,
    },
}

impl Asked {
    /// The load; reads the file if it is one.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn open(&self) -> Result<Load, String> {
        match self {
            Self::Load(load) => Ok(load.clone()),
            Self::File { path, repeats } => {
                let (profile, points) = points::read(path, *repeats)?;
                let again = if *repeats { ", again and again" } else { "" };
                Ok(Load::of(format!("{} ({}{again})", path.display(), plural(points, "point")), profile))
            }
        }
    }
}

impl Load {
    /// As fast as the answers come.
    pub(crate) fn max() -> Self {
        Self { text: "as fast as possible".into(), profile: None, speed: 1 }
    }

    /// So many events a second, for ever.
    pub(crate) fn rate(per_second: f64) -> Self {
        Self::of(as_given(per_second), Profile::steady(per_second))
    }

    /// One event in so long, for ever.
    pub(crate) fn every(interval: Duration) -> Self {
        Self::of(format!("one every {}", duration(interval)), Profile::steady(1.0 / interval.as_secs_f64()))
    }

    fn of(text: String, profile: Profile) -> Self {
        Self { text, profile: Some(Arc::new(profile)), speed: 1 }
    }

    /// The same by a clock that runs so many times as fast as the wall's: a day of it takes less than a day.
    pub(crate) fn at_speed(self, speed: u32) -> Self {
        match self.profile {
            Some(_) if speed > 1 => Self { text: format!("{}, {speed} times as fast", self.text), speed, ..self },
            _ => self,
        }
    }

    /// Whether each event has a moment, whatever becomes of those before.
    pub(crate) fn is_open(&self) -> bool {
        self.profile.is_some()
    }

    /// The most events a second; infinite when unlimited.
    pub(crate) fn peak(&self) -> f64 {
        self.profile.as_ref().map_or(f64::INFINITY, |profile| profile.peak() * f64::from(self.speed))
    }

    /// How many events it has; none without an end.
    pub(crate) fn events(&self) -> Option<u64> {
        self.profile.as_ref()?.events()
    }

    /// How many times as fast it goes by.
    pub(crate) fn speed(&self) -> u32 {
        self.speed
    }

    /// How long it takes; none without an end.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        self.profile.as_ref()?.lasts().map(|lasts| lasts / self.speed)
    }

    /// For how long so many events keep it busy that were published within `published_for`, the time until the next one would be due
    /// included: two events at one a minute are two minutes of it, and what a profile ends with may be a pause.
    pub(crate) fn span(&self, events: u64, published_for: Duration) -> Duration {
        /// What came late at the begin and in time at the end took a little less than it should.
        const NEARLY: f64 = 0.98;
        let (Some(first), Some(last)) = (self.moment(0), events.checked_sub(1).and_then(|last| self.moment(last)))
        else {
            return published_for;
        };
        let until_next = self.moment(events).unwrap_or(last).saturating_sub(last);
        let cut_short = published_for.saturating_add(until_next);
        let (Some(lasts), Some(all)) = (self.lasts(), self.events()) else { return cut_short };
        let between = self.moment(all.saturating_sub(1)).unwrap_or(lasts).saturating_sub(first);
        let is_whole = events >= all || (between > Duration::ZERO && published_for >= between.mul_f64(NEARLY));
        if is_whole { published_for.max(lasts) } else { cut_short }
    }

    /// When event number `n` is due, since the start; none if it is when the one before was answered.
    pub(crate) fn moment(&self, n: u64) -> Option<Duration> {
        Some(self.profile.as_ref()?.moment(n) / self.speed)
    }

    /// How many events are due before `t`.
    pub(crate) fn due_before(&self, t: Duration) -> u64 {
        self.profile.as_ref().map_or(0, |profile| profile.expected(t.saturating_mul(self.speed)).ceil() as u64)
    }

    /// How many events a second it means to have until `t`, or until its end; none when unlimited.
    pub(crate) fn mean_until(&self, t: Duration) -> Option<f64> {
        let t = self.lasts().map_or(t, |lasts| lasts.min(t));
        Some(self.profile.as_ref()?.expected(t.saturating_mul(self.speed)) / t.as_secs_f64())
            .filter(|rate| rate.is_finite())
    }

    /// How many events a second it means to have at `t`; none when unlimited.
    pub(crate) fn rate_at(&self, t: Duration) -> Option<f64> {
        const AROUND: Duration = Duration::from_millis(50);
        let profile = self.profile.as_ref()?;
        let (from, to) = (t.saturating_sub(AROUND), t + AROUND);
        let expected = |t: Duration| profile.expected(t.saturating_mul(self.speed));
        Some((expected(to) - expected(from)) / (to - from).as_secs_f64())
    }

    /// What a profile comes to, in words; nothing of a steady rate.
    pub(crate) fn summary(&self) -> Option<String> {
        let (events, lasts) = (self.events()?, self.lasts()?);
        let peak = shown_rate(self.peak());
        Some(format!("{} in {}, {peak} at most", plural(events, "event"), duration(lasts)))
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A rate in the unit that makes it a whole number, as a user gives it: 200 an hour isn't 0.0556 a second.
fn as_given(per_second: f64) -> String {
    let near = |n: f64| n.round() >= 1.0 && (n - n.round()).abs() < n * 1e-9;
    if per_second > 1.0 && !near(per_second) && near(per_second * 100.0) {
        return format!("{}/s", (per_second * 100.0).round() / 100.0);
    }
    let units = [(1.0, "s"), (60.0, "m"), (3600.0, "h")].map(|(factor, unit)| (per_second * factor, unit));
    let whole = units.into_iter().find(|(n, _)| near(*n));
    let whole = whole.map(|(n, unit)| format!("{}/{unit}", count(n.round() as u64)));
    whole.unwrap_or_else(|| shown_rate(per_second))
}

#[cfg(test)]
mod tests;
