//! Latencies over time in a file: HdrHistogram's interval log, which other programs draw and add up.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use crate::traffic::stats::Latencies;

/// How long an interval is.
const INTERVAL: Duration = Duration::from_secs(1);
/// What is counted is microseconds; the log's own column of maxima has milliseconds.
const PER_MS: f64 = 1_000.0;

/// A log that is being written: an interval a second, each with a line for every leg that something happened on.
pub(crate) struct HistogramLog<W: Write = BufWriter<File>> {
    to: W,
    /// As the legs were when the last interval ended.
    before: BTreeMap<String, Latencies>,
    /// When that was, since the start.
    ended: Duration,
    /// The first thing that went wrong; nothing is written after it.
    failed: Option<String>,
}

impl HistogramLog {
    /// Begins a log in a new file, or in the place of an old one.
    ///
    /// # Errors
    /// Why the file can't be written.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("can't write {}: {error}", path.display()))?;
        Ok(Self::new(BufWriter::new(file)))
    }
}

impl<W: Write> HistogramLog<W> {
    fn new(to: W) -> Self {
        Self { to, before: BTreeMap::new(), ended: Duration::ZERO, failed: None }
    }

    /// Writes the head of a run's log, which starts at a moment.
    pub(crate) fn start(mut self, run: &str, at: SystemTime) -> Self {
        let comments = [
            "[Histogram log format version 1.3]".to_owned(),
            format!("[messaging, run {run}: latencies in microseconds, maxima in milliseconds]"),
        ];
        let mut head = IntervalLogWriterBuilder::new();
        comments.iter().for_each(|comment| _ = head.add_comment(comment));
        head.with_start_time(at).with_base_time(at).with_max_value_divisor(PER_MS);
        let begun = head.begin_log_with(&mut self.to, &mut V2DeflateSerializer::new()).map(drop);
        self.note(begun.map_err(|error| error.to_string()));
        self
    }

    /// Writes an interval if one is over, `now` since the start. Nobody waits for the file while `legs` looks.
    pub(crate) fn tick(&mut self, now: Duration, legs: impl FnOnce() -> Vec<(String, Latencies)>) {
        if now.saturating_sub(self.ended) >= INTERVAL {
            self.end_interval(now, legs());
        }
    }

    /// Writes the last interval, however short it is.
    ///
    /// # Errors
    /// What went wrong with the file, now or before.
    pub(crate) fn finish(mut self, now: Duration, legs: Vec<(String, Latencies)>) -> Result<W, String> {
        self.end_interval(now, legs);
        let flushed = self.to.flush();
        self.note(flushed.map_err(|error| error.to_string()));
        self.failed.map_or(Ok(self.to), Err)
    }

    fn end_interval(&mut self, now: Duration, legs: Vec<(String, Latencies)>) {
        let (start, length) = (self.ended, now.saturating_sub(self.ended));
        self.ended = now;
        for (name, latencies) in legs {
            let new = latencies.since(self.before.get(&name).unwrap_or(&Latencies::default()));
            let Some(new) = new else { continue };
            let max = new.max().as_micros() as f64 / PER_MS;
            let (start, length) = (start.as_secs_f64(), length.as_secs_f64());
            let written = writeln!(self.to, "Tag={name},{start:.3},{length:.3},{max:.3},{}", new.pack());
            self.note(written.map_err(|error| error.to_string()));
            self.before.insert(name, latencies);
        }
    }

    fn note(&mut self, written: Result<(), String>) {
        if let Err(why) = written {
            self.failed.get_or_insert(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;

    fn legs(latencies: &Latencies) -> Vec<(String, Latencies)> {
        vec![("orders.e2e".to_owned(), latencies.clone())]
    }

    #[test]
    fn a_log_has_an_interval_a_second_and_together_they_are_the_run() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (mut log, mut latencies) = (HistogramLog::new(Vec::new()).start("0a1b", at), Latencies::default());
        for (ms, n) in [(400, 1), (1_000, 2), (1_500, 3), (2_100, 4), (3_200, 0)] {
            latencies.record_n(Duration::from_millis(10 * n.max(1)), n);
            log.tick(Duration::from_millis(ms), || legs(&latencies));
        }
        latencies.record(Duration::from_secs(1));
        let text = log.finish(Duration::from_millis(3_300), legs(&latencies)).unwrap();
        assert!(text.starts_with(b"#[Histogram log format version 1.3]\n#[messaging, run 0a1b: "));
        let (mut sum, mut intervals) = (Latencies::default(), Vec::new());
        for entry in IntervalLogIterator::new(&text) {
            match entry.unwrap() {
                LogEntry::StartTime(at) | LogEntry::BaseTime(at) => assert_eq!(at.as_secs(), 1_800_000_000),
                LogEntry::Interval(interval) => {
                    assert_eq!(interval.tag().unwrap().as_str(), "orders.e2e");
                    let of = Latencies::unpack(interval.encoded_histogram()).unwrap();
                    assert!((of.max().as_secs_f64() * 1e3 - interval.max()).abs() < 0.01);
                    intervals.push((interval.start_timestamp().as_millis(), interval.duration().as_millis()));
                    sum.add(&of);
                }
            }
        }
        assert_eq!(intervals, [(0, 1_000), (1_000, 1_100), (3_200, 100)]);
        assert_eq!(sum.summary(), latencies.summary());
    }

    /// A full disk isn't told of once for every line.
    #[test]
    fn the_first_thing_that_goes_wrong_is_told_at_the_end() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::Error::other("not flushed"))
            }
        }
        let (mut log, mut latencies) =
            (HistogramLog::new(Full).start("r", SystemTime::UNIX_EPOCH), Latencies::default());
        latencies.record(Duration::from_millis(1));
        log.tick(Duration::from_secs(1), || legs(&latencies));
        assert_eq!(log.finish(Duration::from_secs(2), legs(&latencies)).err().as_deref(), Some("full"));
    }
}
