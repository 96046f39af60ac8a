//! When a failed delivery is tried again ("Amazon SNS message delivery retries").

use serde_json::Value;

use engine::Millis;

/// An effective delivery policy, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RetryPolicy {
    retries: u64,
    no_delay: u64,
    min_delay: u64,
    max_delay: u64,
    /// Milliseconds.
    min: Millis,
    max: Millis,
    backoff: String,
    pub per_second: Option<u64>,
    pub content_type: String,
}

impl RetryPolicy {
    /// Reads the attribute `EffectiveDeliveryPolicy` of a subscription.
    pub(super) fn of(effective: &Value) -> Self {
        let healthy = &effective["healthyRetryPolicy"];
        let number = |name: &str, default| healthy[name].as_u64().unwrap_or(default);
        Self {
            retries: number("numRetries", 3),
            no_delay: number("numNoDelayRetries", 0),
            min_delay: number("numMinDelayRetries", 0),
            max_delay: number("numMaxDelayRetries", 0),
            min: number("minDelayTarget", 20) * 1000,
            max: number("maxDelayTarget", 20) * 1000,
            backoff: healthy["backoffFunction"].as_str().unwrap_or("linear").to_owned(),
            per_second: effective["throttlePolicy"]["maxReceivesPerSecond"].as_u64(),
            content_type: effective["requestPolicy"]["headerContentType"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// How long to wait before the retry `number`, counted from 1; none when there is none.
    pub(super) fn delay(&self, number: u64) -> Option<Millis> {
        if number == 0 || number > self.retries {
            return None;
        }
        let before_backoff = self.no_delay + self.min_delay;
        let backoffs = self.retries.saturating_sub(before_backoff + self.max_delay);
        Some(match number {
            _ if number <= self.no_delay => 0,
            _ if number <= before_backoff => self.min,
            _ if number > before_backoff + backoffs => self.max,
            _ => self.back_off(number - before_backoff, backoffs),
        })
    }

    /// The delay of a step between the least and the most delay. AWS shows the functions only as curves: they begin and
    /// end at the same points, and each lies below the one before.
    fn back_off(&self, step: u64, steps: u64) -> Millis {
        if steps < 2 {
            return self.min;
        }
        let part = (step - 1) as f64 / (steps - 1) as f64;
        let part = match self.backoff.as_str() {
            "arithmetic" => part.powi(2),
            "geometric" => part.powi(3),
            "exponential" => ((part * 10.0).exp2() - 1.0) / 1023.0,
            _ => part,
        };
        self.min + ((self.max.saturating_sub(self.min)) as f64 * part) as Millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_phases_of_retries() {
        let policy = RetryPolicy::of(&json!({ "healthyRetryPolicy": {
            "minDelayTarget": 1, "maxDelayTarget": 5, "numRetries": 9, "numNoDelayRetries": 1, "numMinDelayRetries": 1,
            "numMaxDelayRetries": 2, "backoffFunction": "linear",
        }}));
        let delays: Vec<_> = (1..=10).map(|number| policy.delay(number)).collect();
        let seconds = [0, 1000, 1000, 2000, 3000, 4000, 5000, 5000, 5000];
        assert_eq!(delays, seconds.into_iter().map(Some).chain([None]).collect::<Vec<_>>());
    }

    #[test]
    fn by_default_three_times_after_20_seconds() {
        let policy = RetryPolicy::of(&Value::Null);
        assert_eq!([1, 2, 3, 4].map(|n| policy.delay(n)), [Some(20_000), Some(20_000), Some(20_000), None]);
    }
}
