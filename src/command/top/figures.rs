//! What `messaging top` shows: of the embedded cloud's map, or of AWS's operations where there is none.

use serde::Serialize;
use serde_json::Value;

use crate::aws::{NoPage, Target};
use crate::command::gather::{self, Scope};
use crate::config::Env;
use crate::exit::Failure;

/// A look.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    /// The busiest first.
    pub queues: Vec<Queue>,
    pub streams: Vec<Stream>,
    pub topics: Vec<Topic>,
    /// So many more there are, which aren't shown: the busiest are.
    pub more: u64,
    /// Whether rates and ages are told: by the embedded cloud alone.
    pub tells_rates: bool,
}

/// A queue.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Queue {
    pub name: String,
    pub arn: String,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub oldest_age_ms: Option<u64>,
    /// Messages that come and that are deleted, a second.
    pub in_per_second: Option<f64>,
    pub out_per_second: Option<f64>,
    /// Some queue's dead letters go there.
    pub holds_dead_letters: bool,
}

/// A delivery stream.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Stream {
    pub name: String,
    pub records: Option<u64>,
    pub bytes: Option<u64>,
    /// How much of its size the buffer holds, 0 to 1.
    pub fill: Option<f64>,
    pub next_in_ms: Option<u64>,
    pub in_per_second: Option<f64>,
}

/// A topic.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Topic {
    pub name: String,
    pub published: Option<u64>,
    pub published_per_second: Option<f64>,
}

impl Queue {
    /// All of its messages.
    pub(super) fn total(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }

    /// What goes through it in a second.
    fn rate(&self) -> f64 {
        self.in_per_second.unwrap_or_default() + self.out_per_second.unwrap_or_default()
    }
}

/// Where figures come from.
pub(super) enum Source {
    Map,
    Operations(Scope),
}

impl Source {
    /// The map, if the target has one; else its operations.
    pub(super) async fn find(target: &Target, env: &Env) -> Result<(Self, Figures), Failure> {
        match map(target).await? {
            Some(figures) => Ok((Self::Map, figures)),
            None => {
                let source = Self::Operations(Scope::find(target, env, STACK, true).await?);
                let figures = source.look(target, env).await?;
                Ok((source, figures))
            }
        }
    }

    /// Looks.
    pub(super) async fn look(&self, target: &Target, env: &Env) -> Result<Figures, Failure> {
        match self {
            Self::Map => match map(target).await? {
                Some(figures) => Ok(figures),
                // Another server was started at that address.
                None => Ok(of_status(Scope::find(target, env, STACK, true).await?.look(target).await?)),
            },
            Self::Operations(scope) => Ok(of_status(scope.look(target).await?)),
        }
    }
}

/// The stack whose topics and streams are shown where only operations tell of them.
const STACK: &str = "messaging";

/// The figures of the embedded cloud's map; none where there is no map.
async fn map(target: &Target) -> Result<Option<Figures>, Failure> {
    match target.api("/map", &[("region", &target.region)]).await {
        Ok(map) => Ok(Some(of_map(&map))),
        Err(NoPage::NotThere) => Ok(None),
        Err(NoPage::Failed(error)) => Err(error.failure_after_answers(target, "look at the cloud")),
    }
}

fn of_map(map: &Value) -> Figures {
    let mut figures =
        Figures { tells_rates: true, more: map["more"].as_u64().unwrap_or_default(), ..Figures::default() };
    for node in map["nodes"].as_array().into_iter().flatten() {
        let (name, told) = (node["name"].as_str().unwrap_or_default().to_owned(), &node["figures"]);
        let number = |field: &str| told[field].as_u64();
        let rate = |field: &str| told[field].as_f64();
        match node["kind"].as_str() {
            Some("queue") => figures.queues.push(Queue {
                name,
                arn: node["id"].as_str().unwrap_or_default().to_owned(),
                visible: number("visible").unwrap_or_default(),
                in_flight: number("in_flight").unwrap_or_default(),
                delayed: number("delayed").unwrap_or_default(),
                oldest_age_ms: number("oldest_age_ms"),
                in_per_second: rate("queued_per_second"),
                out_per_second: rate("deleted_per_second"),
                holds_dead_letters: told["dead_letters_of"].as_array().is_some_and(|of| !of.is_empty()),
            }),
            Some("stream") => figures.streams.push(Stream {
                name,
                records: number("records"),
                bytes: number("bytes"),
                fill: rate("fill"),
                next_in_ms: number("next_in_ms"),
                in_per_second: rate("queued_per_second"),
            }),
            Some("topic") => figures.topics.push(Topic {
                name,
                published: number("published"),
                published_per_second: rate("published_per_second"),
            }),
            _ => {}
        }
    }
    figures.sort();
    figures
}

fn of_status(status: gather::Status) -> Figures {
    let dead: Vec<String> = status.queues.iter().filter_map(|queue| queue.dead_letter_queue.clone()).collect();
    let queues = status.queues.into_iter().map(|queue| Queue {
        holds_dead_letters: dead.contains(&queue.arn),
        name: queue.name,
        arn: queue.arn,
        visible: queue.visible,
        in_flight: queue.in_flight,
        delayed: queue.delayed,
        oldest_age_ms: queue.oldest_age_ms,
        ..Queue::default()
    });
    let streams = status.streams.into_iter().map(|stream| Stream {
        name: stream.name,
        records: stream.records,
        bytes: stream.bytes,
        ..Stream::default()
    });
    let topics = status.topics.into_iter().map(|topic| {
        let name = topic.arn.rsplit(':').next().unwrap_or_default().to_owned();
        Topic { name, ..Topic::default() }
    });
    let mut figures = Figures {
        queues: queues.collect(),
        streams: streams.collect(),
        topics: topics.collect(),
        // It isn't told how many more there are: at least one.
        more: status.more_queues.into(),
        tells_rates: false,
    };
    figures.sort();
    figures
}

impl Figures {
    /// The busiest first; among those at rest the fullest, and then by name, so that rows don't jump about.
    fn sort(&mut self) {
        self.queues.sort_by(|a, b| {
            let rates = b.rate().total_cmp(&a.rate());
            rates.then_with(|| b.total().cmp(&a.total())).then_with(|| a.arn.cmp(&b.arn))
        });
        let rate = |rate: Option<f64>| rate.unwrap_or_default();
        self.streams
            .sort_by(|a, b| rate(b.in_per_second).total_cmp(&rate(a.in_per_second)).then_with(|| a.name.cmp(&b.name)));
        self.topics.sort_by(|a, b| {
            rate(b.published_per_second).total_cmp(&rate(a.published_per_second)).then_with(|| a.name.cmp(&b.name))
        });
    }

    /// Those whose name has a text in it; capitals are as small letters.
    pub(super) fn named(&self, text: &str) -> Self {
        let text = text.to_lowercase();
        let has = |name: &str| name.to_lowercase().contains(&text);
        Self {
            queues: self.queues.iter().filter(|it| has(&it.name)).cloned().collect(),
            streams: self.streams.iter().filter(|it| has(&it.name)).cloned().collect(),
            topics: self.topics.iter().filter(|it| has(&it.name)).cloned().collect(),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_busiest_queue_is_first_and_what_a_map_leaves_out_is_no_reason_to_fail() {
        let queue = |name: &str, rate: f64, visible: u64| {
            json!({"id": format!("arn:aws:sqs:r:0:{name}"), "kind": "queue", "name": name,
                "figures": {"visible": visible, "queued_per_second": rate, "dead_letters_of": []}})
        };
        let map = json!({"more": 3, "nodes": [queue("idle", 0.0, 1), queue("full", 0.0, 9), queue("busy", 2.5, 0),
            {"kind": "stream"}, {"kind": "bucket", "name": "b"}, 7]});
        let figures = of_map(&map);
        let names: Vec<_> = figures.queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!((names, figures.more, figures.streams.len()), (vec!["busy", "full", "idle"], 3, 1));
        assert_eq!(figures.named("FU").queues.len(), 1);
        assert!(of_map(&json!(null)).queues.is_empty());
    }
}
