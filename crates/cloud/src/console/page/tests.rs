//! Pages of made-up views: whatever is in a view, a page is whole, and nothing in it is markup.

use std::collections::BTreeMap;

use super::html::Html;
use super::scope::Scope;
use super::shell::{Done, Shell, page, refused, sign_in};
use super::{buckets, chaos, messages, notices, overview, queue, queues, stacks, story, topics};
use crate::console::view::bucket::*;
use crate::console::view::map::*;
use crate::console::view::message::*;
use crate::console::view::overview::*;
use crate::console::view::queue::*;
use crate::console::view::stack::*;
use crate::console::view::topic::*;
use crate::core::journal::What;

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

fn scope() -> Scope {
    Scope { account: None, region: None, many: true, url: "http://127.0.0.1:4566".into() }
}

pub(super) fn shell(section: &'static str) -> Shell {
    let overview = Overview {
        now: 1_790_000_000_000,
        clock: "frozen".into(),
        durability: "process".into(),
        version: "0.1.0",
        refuses: None,
        account: "000000000000".into(),
        accounts: vec!["000000000000".into(), "111111111111".into()],
        regions: vec!["us-east-1".into(), "eu-west-1".into()],
        counts: Counts { queues: 4, topics: 1, subscriptions: 3, streams: 1, buckets: 1, stacks: 1 },
        totals: Flow {
            published: 12_345,
            queued: 24_690,
            received: 20_000,
            deleted: 19_999,
            dead_lettered: 3,
            landed: 12_000,
        },
        per_second: Flow { published: 152.4, ..Flow::default() },
        history: History { messages: 12_345, bytes: 9 << 20, most_messages: 100_000, most_bytes: 64 << 20 },
    };
    Shell { scope: scope(), overview, section, signed_in: true }
}

fn node(kind: NodeKind, id: &str, figures: Figures) -> Node {
    let name = super::scope::name_of(id).trim_start_matches("consumer:").to_owned();
    Node { id: id.to_owned(), kind, name, region: "us-east-1".into(), figures, fault: None }
}

pub(super) fn queue_figures(visible: usize) -> QueueFigures {
    QueueFigures {
        visible,
        in_flight: 12,
        delayed: 0,
        oldest_age_ms: Some(4_200),
        dead_letters_of: vec!["arn:aws:sqs:us-east-1:000000000000:payments".into()],
        queued: 12_345,
        received: 10_000,
        deleted: 9_999,
        queued_per_second: 152.4,
        received_per_second: 150.0,
        deleted_per_second: 149.5,
    }
}

fn edge(from: &str, to: &str, kind: EdgeKind, filter: Option<&str>) -> Edge {
    Edge {
        id: format!("{from}>{to}"),
        from: from.into(),
        to: to.into(),
        kind,
        figures: EdgeFigures { delivered: 12_345, filtered_out: 71, refused: 2, per_second: EdgeRates::default() },
        filter: filter.map(Into::into),
        scope: filter.map(|_| "MessageBody".into()),
        raw: true,
        what: (kind == EdgeKind::Notifies).then(|| HOSTILE.into()),
        fault: (kind == EdgeKind::Lands).then(|| "1".into()),
    }
}

pub(super) fn map() -> Map {
    let sqs = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}");
    let (topic, stream) =
        ("arn:aws:sns:us-east-1:000000000000:orders", "arn:aws:firehose:us-east-1:000000000000:deliverystream/landing");
    let (bucket, consumer) = ("arn:aws:s3:::messaging-landing-000000000000", "consumer:payments-api");
    let (orders, payments, dead, hostile) =
        (sqs("orders-api"), sqs("payments-api"), sqs("payments-dead"), sqs(HOSTILE));
    let stream_figures = StreamFigures {
        records: 900,
        bytes: 700_000,
        oldest_age_ms: Some(9_000),
        next_in_ms: Some(51_000),
        fill: 0.14,
        landed: 12_000,
        queued_per_second: 150.0,
        landed_per_second: 140.0,
    };
    let nodes = vec![
        node(NodeKind::Topic, topic, Figures::Topic(TopicFigures { published: 12_345, published_per_second: 152.4 })),
        node(NodeKind::Queue, &orders, Figures::Queue(queue_figures(120))),
        node(NodeKind::Queue, &payments, Figures::Queue(queue_figures(3))),
        node(NodeKind::Queue, &dead, Figures::Queue(queue_figures(1))),
        node(NodeKind::Queue, &hostile, Figures::Queue(queue_figures(0))),
        node(NodeKind::Stream, stream, Figures::Stream(stream_figures)),
        node(NodeKind::Bucket, bucket, Figures::Bucket(BucketFigures { landed: 12_000 })),
        node(
            NodeKind::Consumer,
            consumer,
            Figures::Consumer(ConsumerFigures { agent: "aws-sdk".into(), application: None, last_seen: 1, polls: 77 }),
        ),
    ];
    let edges = vec![
        edge(topic, &orders, EdgeKind::Subscription, Some("{\"type\":[\"order_placed\",\"order_cancelled\"]}")),
        edge(topic, &payments, EdgeKind::Subscription, Some(HOSTILE)),
        edge(topic, stream, EdgeKind::Subscription, None),
        edge(&payments, &dead, EdgeKind::Redrive, None),
        edge(stream, bucket, EdgeKind::Lands, None),
        edge(&orders, consumer, EdgeKind::Polls, None),
        edge(&payments, consumer, EdgeKind::Polls, None),
    ];
    Map { nodes, edges, more: 3 }
}

fn queue() -> QueueView {
    let hostile = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    QueueView {
        row: QueueRow {
            name: HOSTILE.into(),
            arn: format!("arn:aws:sqs:us-east-1:000000000000:{HOSTILE}"),
            url: format!("http://localhost/{HOSTILE}"),
            region: "us-east-1".into(),
            account: "000000000000".into(),
            fifo: true,
            figures: queue_figures(5),
            dead_letter_queue: None,
            max_receive_count: None,
        },
        attributes: hostile.clone(),
        tags: hostile,
        moves: Vec::new(),
        groups: vec![Group {
            group: HOSTILE.into(),
            messages: 2,
            held_by: Some(HOSTILE.into()),
            until: Some(1_790_000_020_000),
        }],
        groups_searched: 2,
        consumers: Vec::new(),
    }
}

fn messages() -> QueueMessages {
    let attribute = Attribute { kind: HOSTILE.into(), value: HOSTILE.into() };
    let lying = Lying {
        id: HOSTILE.into(),
        position: 1,
        body: format!("{{\"a\": \"{HOSTILE}\"}}"),
        cut: true,
        bytes: 300_000,
        attributes: BTreeMap::from([(HOSTILE.to_owned(), attribute)]),
        group: Some(HOSTILE.into()),
        deduplication_id: None,
        sequence_number: None,
        sent_at: 1_790_000_000_000,
        first_received_at: None,
        receives: 1,
        state: "in_flight",
        until: Some(1_790_000_025_000),
        dead_letter_source: None,
    };
    QueueMessages { queue: HOSTILE.into(), messages: vec![lying], next: Some(HOSTILE.into()), searched: 10, of: 1_000 }
}

fn story() -> Story {
    let moment = |what, object: Option<&str>| Moment {
        at: 1_790_000_000_000,
        what,
        until: Some(1_790_000_030_000),
        by: Some(HOSTILE.into()),
        to: None,
        object: object.map(Into::into),
        byte: Some(77),
    };
    let copy = Copy {
        id: HOSTILE.into(),
        to: format!("arn:aws:sqs:us-east-1:000000000000:{HOSTILE}"),
        now_in: None,
        state: CopyState::InFlight,
        until: Some(1_790_000_030_000),
        receives: 2,
        life: vec![moment(What::Received, None), moment(What::Landed, Some(HOSTILE))],
        forgotten: true,
    };
    let decision = Decision {
        subscription: HOSTILE.into(),
        protocol: HOSTILE.into(),
        endpoint: HOSTILE.into(),
        outcome: Outcome::Filtered,
        why: HOSTILE.into(),
        changed_since: true,
        copy: Some(0),
    };
    Story {
        number: 1,
        id: HOSTILE.into(),
        kind: MessageKind::Published,
        at: 1_790_000_000_000,
        by: HOSTILE.into(),
        topic: Some(format!("arn:aws:sns:us-east-1:000000000000:{HOSTILE}")),
        subject: Some(HOSTILE.into()),
        group: None,
        deduplication_id: None,
        trace: None,
        body: HOSTILE.into(),
        cut: true,
        bytes: 1 << 20,
        attributes: BTreeMap::new(),
        decisions: vec![decision],
        copies: vec![copy],
    }
}

fn object() -> ObjectView {
    ObjectView {
        bucket: HOSTILE.into(),
        row: ObjectRow { key: format!("a/{HOSTILE}"), size: 1, modified: 1, etag: HOSTILE.into() },
        content_type: Some(HOSTILE.into()),
        content_encoding: None,
        version: None,
        metadata: BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]),
        opened: Some("gzip"),
        lines: Some(vec![HOSTILE.into(), "{\"a\":1}".into()]),
        cut: true,
        presigned: format!("http://localhost/{HOSTILE}"),
    }
}

fn stack() -> StackView {
    let row = StackRow {
        name: HOSTILE.into(),
        id: HOSTILE.into(),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        status: "CREATE_COMPLETE".into(),
        reason: Some(HOSTILE.into()),
        created: 1,
        updated: None,
    };
    let resource = ResourceRow {
        logical_id: HOSTILE.into(),
        physical_id: HOSTILE.into(),
        kind: HOSTILE.into(),
        status: "CREATE_FAILED".into(),
        reason: Some(HOSTILE.into()),
        page: Some("/queues/q".into()),
    };
    StackView {
        row,
        parameters: BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]),
        outputs: BTreeMap::new(),
        resources: vec![resource],
        events: Vec::new(),
        template: HOSTILE.into(),
    }
}

fn topic() -> TopicView {
    let figures = TopicFigures { published: 1, published_per_second: 0.0 };
    let row = TopicRow {
        name: HOSTILE.into(),
        arn: format!("arn:aws:sns:us-east-1:000000000000:{HOSTILE}"),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        fifo: true,
        subscriptions: 1,
        figures,
    };
    let subscription = SubscriptionRow {
        arn: HOSTILE.into(),
        protocol: HOSTILE.into(),
        endpoint: HOSTILE.into(),
        confirmed: false,
        missing: false,
        raw: false,
        filter: Some(HOSTILE.into()),
        scope: Some(HOSTILE.into()),
        dead_letter_queue: None,
        figures: EdgeFigures::default(),
    };
    let tags = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    TopicView { row, attributes: tags.clone(), tags, subscribers: vec![subscription] }
}

fn tried() -> topics::Try {
    let condition = Condition { key: HOSTILE.into(), rule: HOSTILE.into(), matches: false, why: Some(HOSTILE.into()) };
    let result = Some(Ok(Tried { matches: false, conditions: vec![condition] }));
    let [policy, scope, body, attributes] = [(); 4].map(|()| HOSTILE.to_owned());
    topics::Try { policy, scope, body, attributes, result }
}

/// Every page that has something of strangers in it.
fn pages() -> Vec<String> {
    let (scope, wanted) =
        (scope(), queue::Wanted { text: HOSTILE, path: HOSTILE, state: "", raw: false, whole: false });
    let done = Done { failed: true, told: Html::of("{}", &[&HOSTILE]), cli: Some(HOSTILE.into()) };
    let rules = serde_json::json!({"rules": [{"number": 1, "rule": {"resource": HOSTILE}, "holds": true}]});
    let mut pages: Vec<String> = [
        overview::page(&shell(""), &map()),
        queue::page(&scope, &queue(), &messages(), &wanted, 1_790_000_000_000),
        queues::page(&scope, &Queues { queues: vec![queue().row], next: Some(HOSTILE.into()), of: 2 }, HOSTILE),
        queues::page(&scope, &Queues { queues: Vec::new(), next: None, of: 0 }, HOSTILE),
        notices::page(&[(1, HOSTILE.into())]),
        story::page(&scope, &story(), 1_790_000_000_000),
        buckets::object(&scope, &object()),
        stacks::one(&scope, &stack()),
        topics::one(&scope, &topic(), &tried()),
        messages::page(&scope, Err(HOSTILE.into()), &[("text", HOSTILE)]),
        chaos::page(&scope, &shell("").overview, &rules),
    ]
    .iter()
    .map(|main| page(&shell("/queues"), HOSTILE, Some(&done), main))
    .collect();
    pages.push(sign_in(Some(HOSTILE)));
    pages.push(refused(HOSTILE));
    pages
}

#[test]
fn nothing_that_strangers_write_is_markup() {
    for page in pages() {
        assert!(!page.contains("<script>") && !page.contains("\"'&") && !page.contains("alert(1)</"), "{page}");
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
        // What the rules for content forbid isn't even tried.
        assert!(!page.contains(" style=") && !page.contains(" onclick=") && !page.contains("javascript:"), "{page}");
    }
}
