//! Draws the map: the nodes that a viewer sees, and the edges between them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::{
    BucketFigures, ConsumerFigures, Edge, EdgeFigures, EdgeKind, EdgeRates, Figures, Map, Node, NodeKind, faults,
};
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
    let mut all: Vec<(f64, u64, NodeKind, u32)> = Vec::new();
    let mut note = |kind, arn: &str, number| {
        all.extend(viewer.sees(arn).then_some((0.0, 0, kind, number)));
        true
    };
    core.each_queue("", |it, _| it.config.hidden || note(NodeKind::Queue, &it.config.arn, it.config.id.0));
    core.each_topic("", |it| note(NodeKind::Topic, &it.config.arn, it.config.id.0));
    core.each_stream("", |it| note(NodeKind::Stream, &it.config.arn, it.config.id.0));
    let found = all.len();
    if found > NODES {
        for slice in all.chunks_mut(SLICE) {
            core.look(|_, journal, _| {
                for (_, total, _, number) in slice {
                    let count = journal.counts.get(*number);
                    *total = count.came + count.received;
                }
            });
        }
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
    drawn.notifications(viewer);
    let there: HashSet<String> = drawn.nodes.iter().map(|node| node.id.clone()).collect();
    let lost: Vec<Node> = core.read(|engine, _| drawn.lost(engine, &there).collect());
    let there: HashSet<String> = lost.iter().map(|node| node.id.clone()).chain(there).collect();
    drawn.nodes.extend(lost);
    drawn.edges.retain(|edge| there.contains(&edge.from) && there.contains(&edge.to));
    faults::note(viewer, &mut drawn.nodes, &mut drawn.edges);
    drawn.name_sources();
    Map { nodes: drawn.nodes, edges: drawn.edges, more: found.saturating_sub(NODES) }
}

/// What has been drawn up to now.
#[derive(Default)]
pub(super) struct Drawn {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
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
                    drawn.bucket(bucket, &node.region, landed);
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
        Some(Node { id: arn, kind, name, region, figures, fault: None })
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
pub(super) fn plain(from: &str, to: &str, kind: EdgeKind, delivered: u64, per_second: f64) -> Edge {
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
        what: None,
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
        fault: None,
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
        what: None,
        fault: None,
    };
    (edge, node)
}

impl Drawn {
    /// A bucket, in which so many records of another stream landed.
    pub(super) fn bucket(&mut self, name: String, region: &str, landed: u64) {
        let id = format!("arn:aws:s3:::{name}");
        match self.nodes.iter_mut().find(|node| node.id == id) {
            Some(Node { figures: Figures::Bucket(figures), .. }) => figures.landed += landed,
            _ => self.nodes.push(Node {
                id,
                kind: NodeKind::Bucket,
                name,
                region: region.to_owned(),
                figures: Figures::Bucket(BucketFigures { landed }),
                fault: None,
            }),
        }
    }

    /// What edges lead to and is not there at all: who wrote a wrong name looks for just that.
    fn lost<'d>(&'d self, engine: &'d Engine, there: &'d HashSet<String>) -> impl Iterator<Item = Node> + 'd {
        let is_lost = |arn: &str| match arn.split(':').nth(2) {
            Some("sqs") => engine.queue_id(arn).is_none(),
            Some("sns") => engine.topic_by_arn(arn).is_none(),
            Some("firehose") => engine.stream_by_arn(arn).is_none(),
            Some("lambda") => true,
            _ => false,
        };
        let mut seen = HashSet::new();
        let ends = self.edges.iter().filter(|edge| there.contains(&edge.from) && !there.contains(&edge.to));
        ends.filter(move |edge| is_lost(&edge.to) && seen.insert(edge.to.as_str())).map(|edge| Node {
            id: edge.to.clone(),
            kind: NodeKind::Missing,
            name: name_of(&edge.to).to_owned(),
            region: arn::region(&edge.to).to_owned(),
            figures: Figures::None {},
            fault: None,
        })
    }

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
            fault: None,
        }));
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
