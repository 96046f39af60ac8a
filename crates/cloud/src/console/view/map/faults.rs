//! Which rules of chaos strike where on the map: at the edge where something fails, waits or comes again, or at the box that is asked.

use serde_json::Value as Json;

use super::{Edge, EdgeKind, Node, NodeKind};
use crate::console::Viewer;
use crate::console::view::name_of;
use text::arn;
use text::glob::Glob;

/// What consumers ask a queue for.
const TAKING: [&str; 5] = [
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
];

/// Notes at edges and boxes the first rule that is in force there.
pub(super) fn note(viewer: &Viewer, nodes: &mut [Node], edges: &mut [Edge]) {
    let account = viewer.is_signed.then_some(&*viewer.cx.account);
    let page = viewer.cx.cloud.chaos.page(viewer.cx.cloud.core.now(), account);
    for rule in page["rules"].as_array().into_iter().flatten().filter(|rule| rule["holds"] == true) {
        let (number, rule) = (rule["number"].to_string(), Rule::of(&rule["rule"]));
        for edge in edges.iter_mut().filter(|edge| edge.fault.is_none()) {
            edge.fault = rule.strikes(edge).then(|| number.clone());
        }
        for node in nodes.iter_mut().filter(|node| node.fault.is_none()) {
            node.fault = rule.asks(node.kind, &node.id, &node.region).then(|| number.clone());
        }
    }
}

/// A rule as it was given.
struct Rule<'r> {
    given: &'r Json,
    resource: Glob,
}

impl<'r> Rule<'r> {
    fn of(given: &'r Json) -> Self {
        Self { given, resource: Glob::parse_stars(given["resource"].as_str().unwrap_or("*")) }
    }

    fn has(&self, effect: &str) -> bool {
        !self.given[effect].is_null()
    }

    /// Whether it is for a service in a region.
    fn is_for(&self, service: &str, region: &str) -> bool {
        let says = |field: &str, found: &str| self.given[field].as_str().is_none_or(|wanted| wanted == found);
        says("service", service) && says("region", region)
    }

    fn means(&self, arn: &str) -> bool {
        self.resource.matches(arn) || self.resource.matches(name_of(arn))
    }

    /// Whether an operation may be one of these.
    fn is_any_of(&self, operations: &[&str]) -> bool {
        self.given["operation"].as_str().is_none_or(|operation| operations.contains(&operation))
    }

    /// Whether requests fail or wait by it, and nothing else happens.
    fn answers(&self) -> bool {
        !["duplicate", "reorder", "delay", "endpoint"].into_iter().any(|effect| self.has(effect))
    }

    fn strikes(&self, edge: &Edge) -> bool {
        let region = arn::region(&edge.from);
        match edge.kind {
            EdgeKind::Polls => {
                let struck = self.has("duplicate") || self.has("reorder") || self.answers() && self.is_any_of(&TAKING);
                struck && self.is_for("sqs", region) && self.means(&edge.from)
            }
            EdgeKind::Lands if self.has("delay") => self.is_for("firehose", region) && self.means(&edge.from),
            // To a rule a landing is a PutObject of the stream into the bucket.
            EdgeKind::Lands => {
                let means = self.means(&edge.from) || self.means(&edge.to);
                self.answers() && self.is_any_of(&["PutObject"]) && self.is_for("s3", region) && means
            }
            EdgeKind::Subscription => {
                let url = edge.to.strip_prefix("endpoint:").filter(|url| url.starts_with("http"));
                let means = url.is_some_and(|url| self.means(&edge.from) || self.resource.matches(url));
                self.has("endpoint") && means && self.is_for("sns", region)
            }
            EdgeKind::Redrive | EdgeKind::Notifies => false,
        }
    }

    /// Whether it strikes what clients ask of a box, beside what its edges show.
    fn asks(&self, kind: NodeKind, id: &str, region: &str) -> bool {
        let (service, shown): (_, &[&str]) = match kind {
            NodeKind::Topic => ("sns", &[]),
            NodeKind::Queue => ("sqs", &TAKING),
            NodeKind::Stream => ("firehose", &[]),
            NodeKind::Bucket => ("s3", &[]),
            NodeKind::Endpoint | NodeKind::Consumer | NodeKind::Missing => return false,
        };
        let is_shown = self.given["operation"].as_str().is_some_and(|operation| shown.contains(&operation));
        self.answers() && !is_shown && self.is_for(service, region) && self.means(id)
    }
}
