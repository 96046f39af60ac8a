//! Where subscriptions lead, and whether they may: looked up once after each change of a declaration, not for each message.

use text::arn;

use super::policy::{Around, Decision, Policy, Principal, Request};
use super::queue::Queue;
use super::roles::Through;
use super::topic::{End, Route, Subscription, archive_arn};
use super::{Engine, Millis, QueueId, TopicId};

impl Engine {
    /// Brings a topic's routes up to date for a message at `now`.
    pub(super) fn refresh_routes(&mut self, id: TopicId, now: Millis) {
        let Some(topic) = self.topics.get(&id) else { return };
        if topic.routes_of == self.generation && !topic.timed {
            return;
        }
        let subscriptions = topic.subscriptions.iter().filter_map(|id| self.subscriptions.get(id));
        let open = subscriptions.filter(|subscription| subscription.config.confirmed && !subscription.replaying);
        let timed = open.clone().any(|subscription| self.is_timed(subscription));
        let routes = open
            .map(|subscription| Route {
                subscription: subscription.config.id,
                end: self.end_of(subscription, now),
                dead_letter: self.dead_letter(subscription, now),
            })
            .collect();
        let archive = topic.fifo.then(|| self.queue_id(&archive_arn(&topic.config.arn))).flatten();
        let generation = self.generation;
        if let Some(topic) = self.topics.get_mut(&id) {
            topic.routes = routes;
            topic.archive = archive;
            topic.routes_of = generation;
            topic.timed = timed;
        }
    }

    /// Whether a policy that a subscription's way depends on says something else as time passes.
    fn is_timed(&self, subscription: &Subscription) -> bool {
        let timed = |arn: &str| {
            let policy = self.queue_id(arn).and_then(|id| self.queue(id)?.settings.policy.as_ref());
            policy.is_some_and(Policy::is_timed)
        };
        timed(&subscription.config.endpoint)
            || subscription.dead_letter.as_deref().is_some_and(timed)
            || subscription.role.as_deref().is_some_and(|role| self.is_timed_role(role))
    }

    /// Whether SNS may send to a queue on behalf of a topic: the queue's policy says.
    pub fn may_send(&self, queue: QueueId, topic_arn: &str, now: Millis) -> Result<(), String> {
        let Some(queue) = self.queue(queue) else { return Err("the queue does not exist".to_owned()) };
        let Some(policy) = &queue.settings.policy else {
            // A queue made by hand without any policy: AWS delivers nothing. Only a strict cloud is as hard on a first try
            // within an account; the service warns. Another account's queue is closed until it is opened.
            let own = arn::account(&queue.config.arn) == arn::account(topic_arn);
            return if self.strict() || queue.settings.declared || !own {
                Err(format!("the queue {} has no policy that lets the topic send", queue.config.arn))
            } else {
                Ok(())
            };
        };
        check_policy(policy, topic_arn, queue, now)
            .map_err(|why| format!("the policy of the queue {} does not let the topic send{why}", queue.config.arn))
    }

    /// Where a subscription leads.
    pub(super) fn end_of(&self, subscription: &Subscription, now: Millis) -> End {
        let config = &subscription.config;
        let end = match config.protocol.as_str() {
            "sqs" => match self.queue_id(&config.endpoint) {
                Some(id) => self.may_send(id, &config.topic_arn, now).map(|()| End::Queue(id)),
                None => Err(format!("the queue {} does not exist", config.endpoint)),
            },
            "firehose" => match self.stream_by_arn(&config.endpoint) {
                Some(stream) => self.may_put(subscription, now).map(|()| End::Stream(stream.config.id)),
                None => Err(format!("the delivery stream {} does not exist", config.endpoint)),
            },
            _ => match config.outbox {
                Some(id) => Ok(End::Queue(id)),
                None => Err(format!("nothing delivers to the protocol {}", config.protocol)),
            },
        };
        end.unwrap_or_else(End::Refused)
    }

    /// Whether SNS may put records into a subscribed stream through the subscription's role. A stream has no policy that could
    /// let another account's role in ("How Amazon Data Firehose works with IAM").
    fn may_put(&self, subscription: &Subscription, now: Millis) -> Result<(), String> {
        let (stream, role) = (subscription.config.endpoint.as_str(), subscription.role.as_deref().unwrap_or_default());
        if arn::account(stream) != arn::account(role) {
            return Err(format!("the delivery stream {stream} is of another account than the role {role}"));
        }
        self.role_allows(&Through {
            role,
            holder: &subscription.config.owner,
            service: "sns.amazonaws.com",
            action: "firehose:PutRecord",
            resource: stream,
            around: Around::service(now, arn::region(stream), arn::account(stream)),
            source: &subscription.config.topic_arn,
        })
    }

    /// The queue that takes what a subscription can't deliver, or why there is none.
    pub fn dead_letter(&self, subscription: &Subscription, now: Millis) -> Result<QueueId, String> {
        let arn = subscription.dead_letter.as_deref().ok_or("the subscription has no dead-letter queue")?;
        let id = self.queue_id(arn).ok_or_else(|| format!("its dead-letter queue {arn} does not exist"))?;
        if arn::account(arn) != subscription.config.owner {
            return Err(format!("its dead-letter queue {arn} is another account's"));
        }
        self.may_send(id, &subscription.config.topic_arn, now).map(|()| id)
    }
}

/// Whether a queue's policy lets a topic send; else the end of a sentence that says why not.
fn check_policy(policy: &Policy, topic_arn: &str, queue: &Queue, now: Millis) -> Result<(), String> {
    let (account, queue_arn) = (arn::account(topic_arn), queue.config.arn.as_str());
    let around = Around::service(now, arn::region(queue_arn), arn::account(queue_arn));
    let request = Request {
        principal: Principal::Service("sns.amazonaws.com"),
        action: "sqs:SendMessage",
        resource: queue_arn,
        context: &[("aws:SourceArn", topic_arn), ("aws:SourceAccount", account)],
        around: Around { resource_tags: Some(&queue.config.tags), ..around },
    };
    let verdict = policy.explain(&request);
    let unknown = policy.doubt(&request);
    match (verdict.decision, verdict.statement) {
        (Decision::Allow, _) => Ok(()),
        (Decision::ExplicitDeny, Some(statement)) => Err(format!(" ({statement} denies it{unknown})")),
        _ => Err(format!(
            " (no statement allows sqs:SendMessage on it to sns.amazonaws.com with aws:SourceArn {topic_arn}{unknown})"
        )),
    }
}
