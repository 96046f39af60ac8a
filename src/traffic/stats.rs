//! Latencies, requests and rates of a run, in constant memory however long it is.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies from 1 µs to an hour, three digits exact.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(pub(super) Histogram<u64>);

/// What a report says of latencies, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        let hour = Duration::from_secs(3600).as_micros() as u64;
        Self(Histogram::new_with_bounds(1, hour, 3).expect("the bounds are constants, and good ones"))
    }
}

impl Latencies {
    /// Adds a latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        self.record_n(latency, 1);
    }

    /// Adds the same latency so many times.
    pub(crate) fn record_n(&mut self, latency: Duration, n: u64) {
        self.0.saturating_record_n(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1), n);
    }

    /// Adds what others are.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// What came since it was as `before`; none if nothing did.
    pub(crate) fn since(&self, before: &Self) -> Option<Self> {
        if self.0.len() == before.0.len() {
            return None;
        }
        let mut new = self.0.clone();
        // What was counted stays counted.
        new.subtract(&before.0).ok()?;
        Some(Self(new))
    }

    /// The longest.
    pub(crate) fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }

    /// The latency that a share `q` of all doesn't exceed.
    pub(crate) fn quantile(&self, q: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(q))
    }

    /// Quantiles ever closer to all: a share of all, and the milliseconds that it doesn't exceed. The last is the longest.
    pub(crate) fn curve(&self) -> Vec<(f64, f64)> {
        shares(self.0.len()).map(|q| (q, self.0.value_at_quantile(q) as f64 / 1e3)).collect()
    }

    /// How many there are up to each of some limits, which rise; how many in all, and how many seconds together.
    pub(crate) fn up_to(&self, limits: &[Duration]) -> (Vec<u64>, u64, f64) {
        let (mut counts, mut sum_us) = (vec![0; limits.len()], 0.0);
        for value in self.0.iter_recorded() {
            let (us, n) = (value.value_iterated_to(), value.count_since_last_iteration());
            sum_us += us as f64 * n as f64;
            let first = limits.partition_point(|limit| limit.as_micros() < u128::from(us));
            counts.iter_mut().skip(first).for_each(|count| *count += n);
        }
        (counts, self.0.len(), sum_us / 1e6)
    }

    /// The quantiles; none when nothing was recorded.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let ms = |us: u64| us as f64 / 1e3;
        (!self.0.is_empty()).then(|| Summary {
            p50_ms: ms(self.0.value_at_quantile(0.50)),
            p90_ms: ms(self.0.value_at_quantile(0.90)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            max_ms: ms(self.0.max()),
        })
    }
}

/// Shares ever closer to all of `all`, eight from one nine to the next, until less than one of them is left; the last is of the longest.
pub(crate) fn shares(all: u64) -> impl Iterator<Item = f64> {
    let shares = (0..).map(|n| 1.0 - 10_f64.powf(f64::from(n) / -8.0));
    shares.take_while(move |q| (1.0 - q) * all as f64 >= 1.0).chain((all > 0).then(|| 1.0 - 0.5 / all as f64))
}

/// How the requests of one side went, those included that the SDK sends again by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// Attempts that failed, in whole or in part.
    pub failed_requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Of the failed, those that the service may have done all the same: no answer came.
    pub lost_answers: u64,
}

impl Requests {
    /// Counts an attempt that failed; with `answer_lost` the service may have done it all the same.
    pub(crate) fn count_failure(&mut self, answer_lost: bool) {
        self.failed_requests += 1;
        self.lost_answers += u64::from(answer_lost);
    }
}

/// A rate over the last few seconds, for live views.
#[derive(Debug)]
pub(crate) struct RecentRate {
    at: tokio::time::Instant,
    total: u64,
    rate: f64,
}

impl Default for RecentRate {
    fn default() -> Self {
        Self { at: tokio::time::Instant::now(), total: 0, rate: 0.0 }
    }
}

impl RecentRate {
    /// The smoothed rate per second, now that `total` have happened since the start.
    pub(crate) fn update(&mut self, total: u64) -> f64 {
        let elapsed = self.at.elapsed().as_secs_f64();
        if elapsed >= 0.2 {
            let now = total.saturating_sub(self.total) as f64 / elapsed;
            self.rate = if self.rate == 0.0 { now } else { 0.6 * self.rate + 0.4 * now };
            self.at = tokio::time::Instant::now();
            self.total = total;
        }
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_at_the_longest() {
        let mut latencies = Latencies::default();
        assert!(latencies.curve().is_empty());
        latencies.record(Duration::from_millis(3));
        assert_eq!(latencies.curve().len(), 2);
        for ms in 1..=1_000 {
            latencies.record(Duration::from_millis(ms));
        }
        let curve = latencies.curve();
        assert!(curve.is_sorted() && (20..=30).contains(&curve.len()), "{curve:?}");
        assert!((curve.last().unwrap().1 - 1_000.0).abs() < 1.0 && curve[0].0 == 0.0, "{curve:?}");
    }

    #[test]
    fn latencies_are_counted_up_to_limits() {
        let mut latencies = Latencies::default();
        [1, 5, 20, 20, 5_000].iter().for_each(|ms| latencies.record(Duration::from_millis(*ms)));
        let limits = [5, 25, 100].map(|ms| Duration::from_millis(ms) + Duration::from_micros(50));
        let (counts, all, sum) = latencies.up_to(&limits);
        assert_eq!((counts, all), (vec![2, 4, 4], 5));
        assert!((sum - 5.046).abs() < 0.01, "{sum}");
    }

    #[test]
    fn a_summary_tells_the_quantiles() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.summary(), None);
        for ms in 1..=100 {
            latencies.record(Duration::from_millis(ms));
        }
        latencies.record(Duration::from_secs(100_000));
        let summary = latencies.summary().unwrap();
        assert!((summary.p50_ms - 51.0).abs() < 0.1, "{summary:?}");
        assert!((summary.max_ms - 3_600_000.0).abs() < 10_000.0, "saturates: {summary:?}");
    }
}
