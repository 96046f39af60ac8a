//! How often S3 told queues and topics of what happened in a bucket. Buckets have no numbers as queues have.

use rustc_hash::FxHashMap;

/// Ways from a bucket that are counted.
const MOST: usize = 1_000;

/// What was told, and what could not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub sent: u64,
    pub refused: u64,
}

/// By bucket and by the ARN that was told.
#[derive(Debug, Default)]
pub(crate) struct Notified(FxHashMap<(String, String), Told>);

impl Notified {
    /// Counts one.
    pub(in crate::core) fn note(&mut self, bucket: &str, to: &str, sent: bool) {
        let key = (bucket.to_owned(), to.to_owned());
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return;
        }
        let told = self.0.entry(key).or_default();
        told.sent += u64::from(sent);
        told.refused += u64::from(!sent);
    }

    /// What was counted.
    pub(crate) fn get(&self, bucket: &str, to: &str) -> Told {
        self.0.get(&(bucket.to_owned(), to.to_owned())).copied().unwrap_or_default()
    }
}
