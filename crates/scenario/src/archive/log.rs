//! What is told of each book: a line when the work on it ends, and figures.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use serde_json::{Value, json};
use service::metrics::Metrics;
use service::record::{Record, Tell};
use worker::{Event, Job, Listener, Verdict};

use super::book::Book;

/// The kind of the jobs.
const KIND: &str = "file";
/// So many characters of a key are shown to people.
const SHOWN: usize = 80;

/// How a book came to its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As the first of its title.
    First,
    /// Another text has the title's name: it has one of its own.
    SameTitle,
    /// The same text lay there already.
    Again,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::SameTitle => "same_title",
            Self::Again => "again",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Filed {
    how: &'static str,
}

/// What is told of books. Clones tell the same.
#[derive(Clone)]
pub(super) struct Log(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    tell: Tell,
    filed: Family<Filed, Counter>,
    mended: Counter,
    extended: Counter,
    /// Where the books lie whose work is just ending, by their messages' ids.
    places: Mutex<HashMap<String, Value>>,
}

impl Log {
    pub(super) fn new(metrics: &Metrics, tell: Tell) -> Self {
        let (filed, mended, extended) = (Family::default(), Counter::default(), Counter::default());
        metrics.register("archive_books", "Books that lie in their buckets, by how they came there", filed.clone());
        metrics.register("archive_mended", "Books whose texts had raw control characters", mended.clone());
        metrics.register("messaging_visibility_extensions", "Messages kept for longer", extended.clone());
        let places = Mutex::default();
        Self(Arc::new(Inner { metrics: metrics.clone(), tell, filed, mended, extended, places }))
    }

    /// A book lies in its bucket, and the output queue has been told.
    pub(super) fn filed(&self, job: &Job, book: &Book, bucket: &str, key: &str, how: How) {
        self.0.filed.get_or_create(&Filed { how: how.name() }).inc();
        if book.mended > 0 {
            self.0.mended.inc();
        }
        let place = json!({
            "book": book.id,
            "bucket": bucket,
            "key": key,
            "how": how.name(),
            "mended": book.mended,
        });
        self.0.places.lock().insert(job.id.clone(), place);
    }

    /// What the worker tells.
    pub(super) fn listener(&self) -> Listener {
        let log = self.clone();
        Arc::new(move |event| log.hear(event))
    }

    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Started { .. } => self.0.metrics.job_begins(KIND),
            Event::Ended { job, verdict, execution, lead } => self.ended(job, verdict, execution, lead),
            Event::Extended { n } => {
                self.0.extended.inc_by(n as u64);
            }
            Event::LeaseLost { job, why } => self.trouble(&format!("Message {} is not ours any more: {why}", job.id)),
            Event::NotDeleted { job, why } => self.trouble(&format!("Message {} comes again: {why}", job.id)),
            Event::Trouble { why, .. } => self.trouble(why),
            _ => {}
        }
    }

    fn trouble(&self, why: &str) {
        self.0.tell.tell(Record::new("trouble", why, json!({ "why": why })));
    }

    fn ended(&self, job: &Job, verdict: &Verdict, execution: Duration, lead: Duration) {
        let place = self.0.places.lock().remove(&job.id).unwrap_or_default();
        let (outcome, why) = match verdict {
            Verdict::Done => ("done", None),
            Verdict::Dead { why } => ("dead", Some(why)),
            Verdict::Retry { why, .. } | Verdict::Leave { why } => ("retry", Some(why)),
            Verdict::GiveBack => ("given_back", None),
        };
        self.0.metrics.job_ends(KIND, outcome, execution, lead);
        let text = match (outcome, why) {
            ("done", _) => {
                let key: String = place["key"].as_str().unwrap_or_default().chars().take(SHOWN).collect();
                format!("filed {} into {}", Value::from(key), place["bucket"].as_str().unwrap_or_default())
            }
            ("dead", Some(why)) => format!("message {} goes to the dead-letter queue: {why}", job.id),
            (_, Some(why)) => format!("message {} comes again: {why}", job.id),
            (_, None) => format!("message {} is given back", job.id),
        };
        let (execution, lead) = (execution.as_secs_f64(), lead.as_secs_f64());
        let text = format!("{text} (worked {:.1} ms, sent {:.1} ms ago)", execution * 1_000.0, lead * 1_000.0);
        let mut json = json!({
            "id": job.id,
            "kind": KIND,
            "outcome": outcome,
            "attempts": job.receives,
            "group": job.group,
            "trace": job.trace,
            "execution_seconds": execution,
            "lead_seconds": lead,
            "why": why,
        });
        if let (Value::Object(json), Value::Object(place)) = (&mut json, place) {
            json.extend(place);
        }
        self.0.tell.tell(Record::new("job", text, json));
    }
}
