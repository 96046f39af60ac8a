//! What `/metrics` shows, in the text format of OpenMetrics, which Prometheus reads.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// The content type of what [`Metrics::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the histograms' buckets, in seconds: from a request's millisecond to a job of hours.
const BUCKETS: [f64; 18] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0, 43_200.0,
];

/// A request's labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    /// The route, as `/task/{token}`, never the path: a client would choose how many series there are.
    route: String,
    status: u16,
}

/// A route's labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// A job's labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobEnd {
    kind: String,
    outcome: String,
}

/// The kind of job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobKind {
    kind: String,
}

/// All figures of a service. Clones count into the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<Request, Counter>,
    request_time: Family<Route, Histogram>,
    jobs: Family<JobEnd, Counter>,
    execution: Family<JobKind, Histogram>,
    lead: Family<JobKind, Histogram>,
    working: Family<JobKind, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let new = Self {
            registry: Arc::default(),
            requests: Family::default(),
            request_time: Family::new_with_constructor(histogram),
            jobs: Family::default(),
            execution: Family::new_with_constructor(histogram),
            lead: Family::new_with_constructor(histogram),
            working: Family::default(),
        };
        new.register("http_requests", "Requests answered", new.requests.clone());
        new.register(
            "http_request_duration_seconds",
            "From a request's head to its answer's",
            new.request_time.clone(),
        );
        new.register("messaging_jobs", "Jobs that ended, by how", new.jobs.clone());
        new.register("messaging_job_execution_seconds", "How long a job was worked on", new.execution.clone());
        new.register("messaging_job_lead_seconds", "From a job's request to its end", new.lead.clone());
        new.register("messaging_jobs_working", "Jobs that are being worked on", new.working.clone());
        new
    }
}

impl Metrics {
    /// Adds a figure of a scenario's own. A counter's name gets `_total` by itself.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.registry.lock().register(name, help, metric);
    }

    /// A request was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.request_time
            .get_or_create(&Route { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&Request { method, route, status }).inc();
    }

    /// A job of a kind begins.
    pub fn job_begins(&self, kind: &str) {
        self.working.get_or_create(&JobKind { kind: kind.to_owned() }).inc();
    }

    /// A job that had begun ended, as `done`, `retry`, `dead` or `given_back`. `lead` is from its request to now.
    pub fn job_ends(&self, kind: &str, outcome: &str, execution: Duration, lead: Duration) {
        let job = JobKind { kind: kind.to_owned() };
        self.working.get_or_create(&job).dec();
        self.execution.get_or_create(&job).observe(execution.as_secs_f64());
        self.lead.get_or_create(&job).observe(lead.as_secs_f64());
        self.jobs.get_or_create(&JobEnd { kind: kind.to_owned(), outcome: outcome.to_owned() }).inc();
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // A String takes everything.
        _ = text::encode(&mut out, &self.registry.lock());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_labels() {
        let metrics = Metrics::default();
        metrics.request("GET", "/health", 200, Duration::from_millis(2));
        metrics.job_begins("sum-even");
        metrics.job_ends("sum-even", "done", Duration::from_millis(30), Duration::from_millis(70));
        let text = metrics.text();
        for line in [
            r#"http_requests_total{method="GET",route="/health",status="200"} 1"#,
            r#"messaging_jobs_total{kind="sum-even",outcome="done"} 1"#,
            r#"messaging_job_execution_seconds_bucket{le="0.05",kind="sum-even"} 1"#,
            r#"messaging_job_lead_seconds_sum{kind="sum-even"} 0.07"#,
            r#"messaging_jobs_working{kind="sum-even"} 0"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
