//! How many requests a second each caller may make: a bucket of tokens for each, which holds a second's worth.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many callers are remembered. Beyond, those are forgotten whose buckets are full again.
const MAX_CALLERS: usize = 10_000;

/// The buckets.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Requests a second; none is any number.
    rate: Option<f64>,
    callers: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    when: Instant,
}

impl Throttle {
    pub(super) fn new(rate: Option<f64>) -> Self {
        Self { rate, callers: Mutex::default() }
    }

    /// Whether a caller may make a request now.
    pub(super) fn allows(&self, caller: &str) -> bool {
        let Some(rate) = self.rate else { return true };
        let now = Instant::now();
        let filled = |bucket: &Bucket| (bucket.left + (now - bucket.when).as_secs_f64() * rate).min(rate);
        let mut callers = self.callers.lock();
        if callers.len() >= MAX_CALLERS && !callers.contains_key(caller) {
            callers.retain(|_, bucket| filled(bucket) < rate);
            if callers.len() >= MAX_CALLERS {
                // As many busy callers as that: each begins anew, which only lets more through.
                callers.clear();
            }
        }
        let left = callers.get(caller).map_or(rate, filled);
        let allowed = left >= 1.0;
        let left = if allowed { left - 1.0 } else { left };
        callers.insert(caller.to_owned(), Bucket { left, when: now });
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_caller_has_a_rate_of_its_own() {
        let throttle = Throttle::new(Some(3.0));
        let of = |caller: &str, n: usize| (0..n).filter(|_| throttle.allows(caller)).count();
        assert_eq!((of("a", 10), of("b", 2)), (3, 2));
        tokio::time::advance(Duration::from_millis(400)).await;
        assert_eq!((of("a", 10), of("b", 10)), (1, 2));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(of("a", 10), 3);
        assert!((0..100).all(|_| Throttle::new(None).allows("a")));
    }

    #[tokio::test(start_paused = true)]
    async fn callers_without_end_take_no_memory_without_end() {
        let throttle = Throttle::new(Some(2.0));
        for n in 0..MAX_CALLERS * 3 {
            assert!(throttle.allows(&n.to_string()));
        }
        assert!(throttle.callers.lock().len() <= MAX_CALLERS);
    }
}
