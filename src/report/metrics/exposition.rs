//! Figures in Prometheus's text format. Source: "Exposition formats" (Prometheus).

use std::fmt::Write as _;
use std::time::Duration;

use crate::traffic::stats::Latencies;

/// The bounds of a histogram's buckets, in milliseconds: those that messaging clients are advised to have ("Semantic conventions for
/// messaging client metrics", OpenTelemetry).
const BOUNDS_MS: [u64; 14] = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];

/// Labels of a figure, each a name and a value.
pub(crate) type Labels<'a> = &'a [(&'a str, &'a str)];

/// Figures, as they are written.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// The text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// What only grows; its name ends in `_total`.
    pub(super) fn counter<'a>(&mut self, name: &str, help: &str, all: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        self.head(name, "counter", help);
        for (labels, value) in all {
            self.line(name, labels, None, value);
        }
    }

    /// What rises and falls.
    pub(super) fn gauge<'a>(&mut self, name: &str, help: &str, all: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        self.head(name, "gauge", help);
        for (labels, value) in all {
            self.line(name, labels, None, value);
        }
    }

    /// How long something took, in seconds.
    pub(super) fn histogram<'a>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (Labels<'a>, &'a Latencies)>,
    ) {
        self.head(name, "histogram", help);
        let (bucket, sum, count) = (format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count"));
        for (labels, latencies) in all {
            let (counts, of_all, seconds) = latencies.up_to(&BOUNDS_MS.map(Duration::from_millis));
            for (bound, n) in BOUNDS_MS.iter().zip(counts) {
                self.line(&bucket, labels, Some(&(*bound as f64 / 1e3).to_string()), n);
            }
            self.line(&bucket, labels, Some("+Inf"), of_all);
            self.line(&sum, labels, None, seconds);
            self.line(&count, labels, None, of_all);
        }
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a String can't fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: Labels<'_>, bound: Option<&str>, value: impl std::fmt::Display) {
        let labels = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

/// A label's value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_prometheus_reads_them() {
        let mut latencies = Latencies::default();
        [3, 30, 60_000].iter().for_each(|ms| latencies.record(Duration::from_millis(*ms)));
        let mut out = Exposition::default();
        out.counter("sent_total", "What was sent.", [(&[("topic", "a\"b\\c\nd")][..], 7)]);
        out.gauge("rate", "How fast.", [(&[][..], 1.5)]);
        out.histogram("took_seconds", "How long.", [(&[("leg", "x")][..], &latencies)]);
        let text = out.finish();
        for line in [
            "# TYPE sent_total counter",
            r#"sent_total{topic="a\"b\\c\nd"} 7"#,
            "rate 1.5",
            "# TYPE took_seconds histogram",
            r#"took_seconds_bucket{leg="x",le="0.005"} 1"#,
            r#"took_seconds_bucket{leg="x",le="0.05"} 2"#,
            r#"took_seconds_bucket{leg="x",le="10"} 2"#,
            r#"took_seconds_bucket{leg="x",le="+Inf"} 3"#,
            r#"took_seconds_count{leg="x"} 3"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }
}
