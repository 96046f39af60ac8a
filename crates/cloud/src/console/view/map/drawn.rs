//! Draws the map: the nodes that a viewer sees, and the edges between them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::{BucketFigures, ConsumerFigures, Edge, EdgeFigures, EdgeKind, EdgeRates, Figures, Map, Node, NodeKind};
use crate::console::Viewer;
use crate::console::view::queue::{consumer, consumer_name};
use crate::console::view::stream::bucket_of;
use crate::console::view::topic::scope_of;
use crate::console::view::{SLICE, figures, name_of};
use crate::console::watch::Watch;
use crate::core::Cloud;
use crate::core::journal::Journal;
use crate::sns;
use engine::topic::Subscription;
use engine::{Engine, Millis, QueueId, StreamId, TopicId};
use text::arn;

/// Nodes of the map, and subscriptions that are drawn of a topic.
const NODES: usize = 500;
const EDGES: usize = 500;

/// The topology of what a viewer sees.
pub(crate) fn map(viewer: &Viewer) -> Map {
    let core = &viewer.cx.cloud.core;
    let mut all: Vec<(f64, u64, NodeKind, u32)> = core.read(|engine, _| {
        let queues = engine.queues("").filter(|it| !it.config.hidden && viewer.sees(&it.config.arn));
        let queues = queues.map(|it| (NodeKind::Queue, it.config.id.0));
        let topics = engine.topics("").filter(|it| viewer.sees(&it.config.arn));
        let topics = topics.map(|it| (NodeKind::Topic, it.config.id.0));
        let streams = engine.streams("").filter(|it| viewer.sees(&it.config.arn));
        let streams = streams.map(|it| (NodeKind::Stream, it.config.id.0));
        queues.chain(topics).chain(streams).map(|(kind, number)| (0.0, 0, kind, number)).collect()
    });
    let found = all.len();
    if found > NODES {
        core.look(|_, journal, _| {
            for (_, total, _, number) in &mut all {
                let count = journal.counts.get(*number);
                *total = count.came + count.received;
            }
        });
        for (rate, _, _, number) in &mut all {
            let of = viewer.watch.rate(*number);
            *rate = of.came + of.received;
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.3.cmp(&b.3)));
        all.truncate(NODES);
    }
    let mut drawn = Drawn::default();
    for slice in all.chunks(SLICE) {
        core.look(|engine, journal, now| {
            let mut look = Look { watch: &viewer.watch, engine, journal, now };
            slice.iter().for_each(|(_, _, kind, number)| look.draw(*kind, *number, &mut drawn));
        });
    }
    drawn.polls(&viewer.cx.cloud, viewer);
    let there: HashSet<String> = drawn.nodes.iter().map(|node| node.id.clone()).collect();
    drawn.edges.retain(|edge| there.contains(&edge.from) && there.contains(&edge.to));
    faults(viewer, &mut drawn.edges);
    drawn.name_sources();
    Map { nodes: drawn.nodes, edges: drawn.edges, more: found.saturating_sub(NODES) }
}

/// What has been drawn up to now.
#[derive(Default)]
struct Drawn {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    queues: HashMap<u32, String>,
}

/// One look at the cloud.
struct Look<'l> {
    watch: &'l Watch,
    engine: &'l mut Engine,
    journal: &'l Journal,
    now: Millis,
}

impl Look<'_> {
    fn draw(&mut self, kind: NodeKind, number: u32, drawn: &mut Drawn) {
        let Some(node) = self.node(kind, number) else { return };
        match kind {
            NodeKind::Queue => {
                drawn.queues.insert(number, node.id.clone());
                drawn.edges.extend(self.redrive(QueueId(number)));
            }
            NodeKind::Topic => {
                let subscriptions = self.engine.subscriptions_of(TopicId(number)).take(EDGES);
                let edges = subscriptions.map(|it| edge(it, self.journal, self.watch));
                for (edge, outside) in edges.collect::<Vec<_>>() {
                    drawn.nodes.extend(outside);
                    drawn.edges.push(edge);
                }
            }
            _ => {
                let stream = self.engine.stream(StreamId(number));
                if let Some(bucket) = stream.and_then(|stream| bucket_of(&stream.config.document)) {
                    let landed = self.journal.counts.get(number).gone;
                    let id = format!("arn:aws:s3:::{bucket}");
                    drawn.edges.push(lands(&node.id, &id, landed, self.watch.rate(number).gone));
                    match drawn.nodes.iter_mut().find(|node| node.id == id) {
                        Some(Node { figures: Figures::Bucket(figures), .. }) => figures.landed += landed,
                        _ => drawn.nodes.push(Node {
                            id,
                            kind: NodeKind::Bucket,
                            name: bucket,
                            region: node.region.clone(),
                            figures: Figures::Bucket(BucketFigures { landed }),
                        }),
                    }
                }
            }
        }
        drawn.nodes.push(node);
    }

    fn node(&mut self, kind: NodeKind, number: u32) -> Option<Node> {
        let (arn, figures) = match kind {
            NodeKind::Queue => {
                let queue = self.engine.queue_mut(QueueId(number)).filter(|queue| !queue.config.hidden)?;
                let arn = queue.config.arn.clone();
                (arn, Figures::Queue(figures::of_queue(queue, &self.journal.counts, self.watch, self.now)))
            }
            NodeKind::Topic => {
                let topic = self.engine.topic(TopicId(number))?;
                let figures = figures::of_topic(topic, &self.journal.counts, self.watch);
                (topic.config.arn.clone(), Figures::Topic(figures))
            }
            _ => {
                let stream = self.engine.stream(StreamId(number))?;
                let figures = figures::of_stream(stream, &self.journal.counts, self.watch, self.now);
                (stream.config.arn.clone(), Figures::Stream(figures))
            }
        };
        let (name, region) = (name_of(&arn).to_owned(), arn::region(&arn).to_owned());
        Some(Node { id: arn, kind, name, region, figures })
    }

    fn redrive(&self, id: QueueId) -> Option<Edge> {
        let queue = self.engine.queue(id)?;
        let target = &queue.settings.redrive.as_ref()?.target;
        let (from, moved, rate) = (&queue.config.arn, self.journal.counts.get(id.0).moved, self.watch.rate(id.0).moved);
        let edge = plain(from, target, EdgeKind::Redrive, moved, rate);
        Some(edge)
    }
}

/// An edge without a filter.
fn plain(from: &str, to: &str, kind: EdgeKind, delivered: u64, per_second: f64) -> Edge {
    let per_second = EdgeRates { delivered: per_second, ..EdgeRates::default() };
    Edge {
        id: format!("{from}>{to}"),
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
        figures: EdgeFigures { delivered, per_second, ..EdgeFigures::default() },
        filter: None,
        scope: None,
        raw: false,
        fault: None,
    }
}

fn lands(stream: &str, bucket: &str, landed: u64, per_second: f64) -> Edge {
    plain(stream, bucket, EdgeKind::Lands, landed, per_second)
}

/// A subscription's edge, and the node of an endpoint that isn't in this cloud.
fn edge(it: &Subscription, journal: &Journal, watch: &Watch) -> (Edge, Option<Node>) {
    let outside = !matches!(it.config.protocol.as_str(), "sqs" | "firehose");
    let endpoint = sns::redacted(&it.config.endpoint);
    let to = if outside { format!("endpoint:{endpoint}") } else { endpoint.clone() };
    let node = outside.then(|| Node {
        id: to.clone(),
        kind: NodeKind::Endpoint,
        name: endpoint,
        region: arn::region(&it.config.topic_arn).to_owned(),
        figures: Figures::None {},
    });
    let filter = it.config.attributes.get("FilterPolicy").cloned();
    let edge = Edge {
        id: it.config.arn.clone(),
        from: it.config.topic_arn.clone(),
        to,
        kind: EdgeKind::Subscription,
        figures: figures::of_subscription(it, &journal.counts, watch),
        scope: filter.as_ref().map(|_| scope_of(it).to_owned()),
        filter,
        raw: it.raw,
        fault: None,
    };
    (edge, node)
}

impl Drawn {
    /// Says of each dead-letter queue whose dead letters it takes.
    fn name_sources(&mut self) {
        let at: HashMap<String, usize> = self.nodes.iter().enumerate().map(|(at, it)| (it.id.clone(), at)).collect();
        for edge in self.edges.iter().filter(|edge| edge.kind == EdgeKind::Redrive) {
            let node = at.get(&edge.to).and_then(|at| self.nodes.get_mut(*at));
            if let Some(Node { figures: Figures::Queue(figures), .. }) = node
                && figures.dead_letters_of.len() < figures::SOURCES
            {
                figures.dead_letters_of.push(edge.from.clone());
            }
        }
    }

    /// Draws who polls the queues that are there.
    fn polls(&mut self, cloud: &Cloud, viewer: &Viewer) {
        let mut consumers: BTreeMap<String, ConsumerFigures> = BTreeMap::new();
        for polls in cloud.consumers.all() {
            let Some(queue) = self.queues.get(&polls.queue.0) else { continue };
            let figures = consumer(&polls);
            let id = format!("consumer:{}", consumer_name(&figures));
            let rate = viewer.watch.rate(polls.queue.0).received;
            let edge = plain(queue, &id, EdgeKind::Polls, 0, rate);
            if !self.edges.iter().any(|it| it.id == edge.id) {
                self.edges.push(edge);
            }
            let known = consumers.entry(id).or_insert_with(|| ConsumerFigures { polls: 0, ..figures.clone() });
            known.polls += figures.polls;
            known.last_seen = known.last_seen.max(figures.last_seen);
        }
        self.nodes.dedup_by(|a, b| a.id == b.id);
        self.nodes.extend(consumers.into_iter().map(|(id, figures)| Node {
            name: id["consumer:".len()..].to_owned(),
            id,
            kind: NodeKind::Consumer,
            region: String::new(),
            figures: Figures::Consumer(figures),
        }));
    }
}

/// Notes which rules of chaos strike where.
fn faults(viewer: &Viewer, edges: &mut [Edge]) {
    let account = viewer.is_signed.then_some(&*viewer.cx.account);
    let page = viewer.cx.cloud.chaos.page(viewer.cx.cloud.core.now(), account);
    for rule in page["rules"].as_array().into_iter().flatten() {
        if rule["holds"] != true {
            continue;
        }
        let (given, number) = (&rule["rule"], &rule["number"]);
        let resource = given["resource"].as_str().unwrap_or("*");
        let glob = text::glob::Glob::parse_stars(resource);
        let is_for = |arn: &str| {
            let region = given["region"].as_str().is_none_or(|region| region == arn::region(arn));
            let service = given["service"].as_str();
            let service = service.is_none_or(|it| arn.split(':').nth(2).is_some_and(|own| own == it));
            region && service && (glob.matches(arn) || glob.matches(name_of(arn)))
        };
        for edge in edges.iter_mut().filter(|edge| edge.fault.is_none()) {
            if is_for(&edge.to) || is_for(&edge.from) {
                edge.fault = Some(number.to_string());
            }
        }
    }
}

/// What of the map moved, for an event.
pub(crate) struct Moved {
    /// The field of the event, the ARN whose account may see it, and what it is.
    pub parts: Vec<(&'static str, String, Json)>,
    /// Those that change by time alone.
    pub timed: Vec<u32>,
}

/// The figures of what moved.
pub(crate) fn moved(cloud: &Cloud, watch: &Watch, numbers: &[u32]) -> Moved {
    let mut all = Moved { parts: Vec::new(), timed: Vec::new() };
    for slice in numbers.chunks(SLICE) {
        cloud.core.look(|engine, journal, now| {
            let mut look = Look { watch, engine, journal, now };
            slice.iter().for_each(|number| look.tell(*number, &mut all));
        });
    }
    all
}

impl Look<'_> {
    fn tell(&mut self, number: u32, all: &mut Moved) {
        let kinds = [NodeKind::Queue, NodeKind::Topic, NodeKind::Stream];
        if let Some(node) = kinds.into_iter().find_map(|kind| self.node(kind, number)) {
            let is_timed = match &node.figures {
                Figures::Queue(figures) => figures.in_flight + figures.delayed > 0,
                Figures::Stream(figures) => figures.records > 0,
                _ => false,
            };
            all.timed.extend(is_timed.then_some(number));
            let told = json!({"id": node.id, "kind": node.kind, "figures": node.figures});
            all.parts.push(("nodes", node.id, told));
            let redrive = self.redrive(QueueId(number));
            let edges = redrive.into_iter().chain(self.lands(number));
            all.parts.extend(edges.map(|edge| ("edges", edge.from.clone(), told_edge(&edge.id, &edge.figures))));
            // What a topic gets and a subscription doesn't is filtered out.
            let of_topic = self.engine.subscriptions_of(TopicId(number)).take(EDGES);
            all.parts.extend(of_topic.map(|it| {
                let figures = figures::of_subscription(it, &self.journal.counts, self.watch);
                ("edges", it.config.topic_arn.clone(), told_edge(&it.config.arn, &figures))
            }));
        }
    }

    fn lands(&self, number: u32) -> Option<Edge> {
        let stream = self.engine.stream(StreamId(number))?;
        let id = format!("arn:aws:s3:::{}", bucket_of(&stream.config.document)?);
        let landed = self.journal.counts.get(number).gone;
        Some(lands(&stream.config.arn, &id, landed, self.watch.rate(number).gone))
    }
}

fn told_edge(id: &str, figures: &EdgeFigures) -> Json {
    json!({"id": id, "delivered": figures.delivered, "filtered_out": figures.filtered_out,
        "refused": figures.refused, "per_second": figures.per_second})
}
