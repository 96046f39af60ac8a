//! The figures of each part: for `/metrics`, the scenario's page, the alarms, and CloudWatch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use service::alarms::Alarm;
use service::emf::{self, Unit};
use service::metrics::Metrics;
use service::record::Tell;

use super::alarms::{ERRORS, NAMESPACE, PART, THROTTLES};

/// Upper bounds of the durations' buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// A part of the system, as the published one has functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The API as a whole.
    Api,
    /// Decides who may call.
    Authorizer,
    /// Works on a job.
    Processor,
    /// Writes a job's result.
    Simulator,
    /// Answers how far a job is.
    Status,
}

impl Part {
    pub(super) const ALL: [Self; 5] = [Self::Api, Self::Authorizer, Self::Processor, Self::Simulator, Self::Status];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Authorizer => "authorizer",
            Self::Processor => "processor",
            Self::Simulator => "simulator",
            Self::Status => "status",
        }
    }
}

/// How a call of a part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It did its work, which may be a refusal.
    Well,
    /// It couldn't do its work.
    Failed,
    /// It was asked too much, or what it needs was.
    Throttled,
}

/// What a message goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Sent,
    Received,
    Deleted,
    DeadLettered,
}

impl Moved {
    pub(super) const ALL: [Self; 4] = [Self::Sent, Self::Received, Self::Deleted, Self::DeadLettered];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Deleted => "deleted",
            Self::DeadLettered => "dead_lettered",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    way: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Access {
    operation: &'static str,
    outcome: &'static str,
}

/// What the table is asked.
pub(super) const OPERATIONS: [&str; 3] = ["add", "get", "end"];

/// All figures. Clones count into the same.
#[derive(Clone)]
pub(super) struct Figures(Arc<Inner>);

struct Inner {
    invocations: Family<Of, Counter>,
    errors: Family<Of, Counter>,
    throttles: Family<Of, Counter>,
    durations: Family<Of, Histogram>,
    /// Sums of durations in microseconds, by part: the histograms' can't be read.
    spent: [AtomicU64; Part::ALL.len()],
    messages: Family<Way, Counter>,
    table: Family<Access, Counter>,
    /// Requests answered by the class of their status, 1xx to 5xx.
    statuses: [AtomicU64; 5],
    tell: Tell,
}

impl Figures {
    /// None yet; each has a zero, so that whoever watches one sees that it is there.
    pub(super) fn new(metrics: &Metrics, tell: Tell) -> Self {
        let inner = Inner {
            invocations: Family::default(),
            errors: Family::default(),
            throttles: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            spent: Default::default(),
            messages: Family::default(),
            table: Family::default(),
            statuses: Default::default(),
            tell,
        };
        for part in Part::ALL {
            let of = Of { part: part.name() };
            for family in [&inner.invocations, &inner.errors, &inner.throttles] {
                _ = family.get_or_create(&of);
            }
            _ = inner.durations.get_or_create(&of);
        }
        for way in Moved::ALL {
            _ = inner.messages.get_or_create(&Way { way: way.name() });
        }
        for (operation, outcome) in OPERATIONS.into_iter().flat_map(|it| [(it, "done"), (it, "failed")]) {
            _ = inner.table.get_or_create(&Access { operation, outcome });
        }
        metrics.register("jobs_part_invocations", "Calls of a part", inner.invocations.clone());
        metrics.register("jobs_part_errors", "Calls that the part couldn't do", inner.errors.clone());
        metrics.register("jobs_part_throttles", "Calls that were too many", inner.throttles.clone());
        metrics.register("jobs_part_duration_seconds", "How long a call takes", inner.durations.clone());
        metrics.register("jobs_queue_messages", "Messages of the queue", inner.messages.clone());
        metrics.register("jobs_table_operations", "Requests to the tracking table", inner.table.clone());
        Self(Arc::new(inner))
    }

    /// A part was called. `id` is the request's or the job's.
    pub(super) fn called(&self, part: Part, call: Call, took: Duration, id: &str, trace: &str) {
        let of = Of { part: part.name() };
        self.0.invocations.get_or_create(&of).inc();
        self.0.durations.get_or_create(&of).observe(took.as_secs_f64());
        self.0.spent[part as usize].fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        match call {
            Call::Well => {}
            Call::Failed => _ = self.0.errors.get_or_create(&of).inc(),
            Call::Throttled => _ = self.0.throttles.get_or_create(&of).inc(),
        }
        let one_if = |is: bool| f64::from(u8::from(is));
        let figures = [
            ("Invocations", Unit::Count, 1.0),
            (ERRORS, Unit::Count, one_if(call == Call::Failed)),
            (THROTTLES, Unit::Count, one_if(call == Call::Throttled)),
            ("Duration", Unit::Milliseconds, took.as_secs_f64() * 1e3),
        ];
        self.0.tell.tell(emf::record(NAMESPACE, (PART, part.name()), &figures, &[("id", id), ("trace", trace)]));
    }

    /// Messages went on.
    pub(super) fn moved(&self, way: Moved, n: u64) {
        self.0.messages.get_or_create(&Way { way: way.name() }).inc_by(n);
    }

    /// The table was asked.
    pub(super) fn asked(&self, operation: &'static str, well: bool) {
        let outcome = if well { "done" } else { "failed" };
        self.0.table.get_or_create(&Access { operation, outcome }).inc();
    }

    /// A request was answered.
    pub(super) fn answered(&self, status: u16) {
        if let Some(class) = usize::from(status / 100).checked_sub(1).and_then(|class| self.0.statuses.get(class)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Invocations, errors and throttles of a part, and its mean duration in milliseconds.
    pub(super) fn part(&self, part: Part) -> (u64, u64, u64, f64) {
        let of = Of { part: part.name() };
        let [invocations, errors, throttles] =
            [&self.0.invocations, &self.0.errors, &self.0.throttles].map(|family| family.get_or_create(&of).get());
        let spent = self.0.spent[part as usize].load(Ordering::Relaxed) as f64 / 1e3;
        (invocations, errors, throttles, spent / invocations.max(1) as f64)
    }

    /// How many messages went a way.
    pub(super) fn messages(&self, way: Moved) -> u64 {
        self.0.messages.get_or_create(&Way { way: way.name() }).get()
    }

    /// How often the table was asked, and how often that failed.
    pub(super) fn table(&self, operation: &'static str) -> (u64, u64) {
        let of = |outcome| self.0.table.get_or_create(&Access { operation, outcome }).get();
        (of("done"), of("failed"))
    }

    /// Requests answered by the class of their status, 1xx to 5xx.
    pub(super) fn statuses(&self) -> [u64; 5] {
        std::array::from_fn(|class| self.0.statuses[class].load(Ordering::Relaxed))
    }

    /// What an alarm's metric has come to since the start.
    pub(super) fn total(&self, alarm: &Alarm) -> u64 {
        let family = if alarm.metric == THROTTLES { &self.0.throttles } else { &self.0.errors };
        Part::ALL
            .iter()
            .filter(|part| alarm.dimension.is_none_or(|(_, name)| name == part.name()))
            .map(|part| family.get_or_create(&Of { part: part.name() }).get())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::jobs::alarms::ALARMS;

    #[test]
    fn every_alarm_watches_a_metric_that_exists() {
        // A published system had an alarm on a metric that nothing ever wrote: it could never ring.
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = told.clone();
        let metrics = Metrics::default();
        let figures = Figures::new(&metrics, Tell::new(move |record| hears.lock().push(record.json)));
        for alarm in ALARMS {
            assert_eq!(figures.total(alarm), 0, "{}", alarm.name);
        }
        for part in Part::ALL {
            figures.called(part, Call::Failed, Duration::from_millis(3), "r", "t");
            figures.called(part, Call::Throttled, Duration::from_millis(1), "r", "t");
        }
        for alarm in ALARMS {
            let sum = if alarm.dimension.is_none() { 5 } else { 1 };
            assert_eq!(figures.total(alarm), sum, "{}", alarm.name);
            let is_written = told.lock().iter().any(|line| {
                line.get(alarm.metric).is_some()
                    && alarm.dimension.is_none_or(|(name, value)| line[name] == value)
                    && line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == NAMESPACE
            });
            assert!(is_written, "{}", alarm.name);
        }
        assert_eq!(figures.part(Part::Status), (2, 1, 1, 2.0));
        assert!(metrics.text().contains(r#"jobs_part_errors_total{part="simulator"} 1"#));
    }
}
