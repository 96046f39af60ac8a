//! How a rate goes over one piece of a profile: how many events that makes, and when each of them is due.
//!
//! Times are seconds since the piece began, rates events a second. Every answer is computed from its question alone, so nothing
//! adds up over a long run.

use std::f64::consts::TAU;

/// The rate over one piece of a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Curve {
    /// From one rate to another, in a straight line over the whole piece.
    Line { from: f64, to: f64 },
    /// Around `mean`, up first.
    Sine { mean: f64, amplitude: f64, period: f64 },
    /// `rate` for the first `on` seconds of every `every`, and `base` for the rest.
    Burst { rate: f64, on: f64, every: f64, base: f64 },
}

impl Curve {
    /// The same rate all the time.
    pub(super) fn steady(rate: f64) -> Self {
        Self::Line { from: rate, to: rate }
    }

    /// The highest rate.
    pub(super) fn peak(self) -> f64 {
        match self {
            Self::Line { from, to } => from.max(to),
            Self::Sine { mean, amplitude, .. } => mean + amplitude,
            Self::Burst { rate, base, .. } => rate.max(base),
        }
    }

    /// The rate at `t` of a piece that takes `length`.
    pub(super) fn rate(self, t: f64, length: f64) -> f64 {
        match self {
            Self::Line { from, to } => from + (to - from) * (t / length),
            Self::Sine { mean, amplitude, period } => mean + amplitude * (TAU * t / period).sin(),
            Self::Burst { rate, on, every, base } => {
                if t % every < on {
                    rate
                } else {
                    base
                }
            }
        }
    }

    /// How many events there are until `t`: the integral of the rate.
    pub(super) fn count(self, t: f64, length: f64) -> f64 {
        match self {
            Self::Line { from, to } => t * (from + (to - from) * (t / length) / 2.0),
            Self::Sine { mean, amplitude, period } => {
                mean * t + amplitude * period / TAU * (1.0 - (TAU * t / period).cos())
            }
            Self::Burst { rate, on, every, base } => {
                let (cycles, t) = divide(t, every);
                cycles * whole(rate * on + base * (every - on)) + rate * t.min(on) + base * (t - on).max(0.0)
            }
        }
    }

    /// When `count` exceeds `n`: the inverse of the integral. Where the rate is zero the moment is at the end of that.
    pub(super) fn moment(self, n: f64, length: f64) -> f64 {
        match self {
            Self::Line { from, to } => {
                // The root of from t + slope t^2 / 2 = n that is exact for small slopes too.
                let slope = (to - from) / length;
                let root = (from * from + 2.0 * slope * n).max(0.0).sqrt();
                if n == 0.0 { 0.0 } else { 2.0 * n / (from + root) }
            }
            Self::Sine { mean, period, .. } => {
                let (cycles, rest) = divide(n, mean * period);
                cycles * period
                    + search(|t| self.count(t, length) - rest, |t| self.rate(t, length), rest / mean, period)
            }
            Self::Burst { rate, on, every, base } => {
                let (cycles, rest) = divide(n, whole(rate * on + base * (every - on)));
                let in_burst = rest < rate * on || base == 0.0;
                cycles * every + if in_burst { (rest / rate).min(on) } else { on + (rest - rate * on) / base }
            }
        }
    }
}

/// A count as the whole number that it is but for rounding: 100/m for a minute are 100, not a little more.
pub(super) fn whole(count: f64) -> f64 {
    let near = count.round();
    if (count - near).abs() <= near.max(1.0) * 1e-12 { near } else { count }
}

/// How often `part` goes into `n`, and what remains. A part that is whole but for rounding is one: who begins with a pause
/// begins with it.
pub(super) fn divide(n: f64, part: f64) -> (f64, f64) {
    let rest = n % part;
    let times = ((n - rest) / part).round();
    if part - rest <= n * 1e-15 { (times + 1.0, 0.0) } else { (times, rest) }
}

/// Where a function that rises is zero, between 0 and `end`: by Newton's steps, and by halves where those lead away.
fn search(value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64, guess: f64, end: f64) -> f64 {
    let (mut low, mut high, mut t) = (0.0, end, guess.clamp(0.0, end));
    // By halves alone so many would do.
    for _ in 0..64 {
        let above = value(t);
        if above > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let step = t - above / slope(t);
        let next = if step > low && step < high { step } else { (low + high) / 2.0 };
        if (next - t).abs() <= end * 1e-14 {
            return next;
        }
        t = next;
    }
    t
}
