//! What became of a message, subscription by subscription: for people who ask why.

use filter::{Attribute, Body, Mismatch, Scope};

use super::change::{Sent, Value};
use super::topic::{Refusal, Subscription, Topic};
use super::{Engine, SubscriptionId};

/// What a subscription did with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It lies in the queue or in the stream's buffer.
    Delivered,
    /// The filter policy keeps it out: for each branch of the policy what failed first.
    Filtered(Vec<Mismatch>),
    /// The FIFO queue already got a message with this deduplication id.
    Duplicate,
    /// It should have got it and could not.
    Refused(Refusal),
    /// Nobody has confirmed the subscription.
    Pending,
    /// It gets what the archive holds first; this message follows from there.
    Replaying,
}

/// What each subscription that was asked did, in their order.
pub type Outcomes = Vec<(SubscriptionId, Outcome)>;

impl Engine {
    /// Adds the topic's subscriptions that are not even asked, and sorts by number.
    pub(super) fn add_unasked(&self, topic: &Topic, outcomes: &mut Outcomes) {
        let unasked = topic.subscriptions.iter().filter_map(|id| {
            let subscription = self.subscription(*id)?;
            let outcome = if !subscription.config.confirmed {
                Outcome::Pending
            } else if subscription.replaying {
                Outcome::Replaying
            } else {
                return None;
            };
            Some((*id, outcome))
        });
        outcomes.extend(unasked);
        outcomes.sort_by_key(|(id, _)| *id);
    }
}

impl Engine {
    /// What a subscription would do today with a message of its topic that it got nothing of: nobody notes that when it happens.
    pub fn explain_absence(&self, subscription: &Subscription, sent: &Sent<'_>) -> Outcome {
        if !subscription.config.confirmed {
            return Outcome::Pending;
        }
        if subscription.replaying {
            return Outcome::Replaying;
        }
        match mismatches(subscription, sent, 0) {
            mismatches if mismatches.is_empty() => Outcome::Duplicate,
            mismatches => Outcome::Filtered(mismatches),
        }
    }
}

/// What in a message doesn't meet a subscription's filter policy.
pub(super) fn mismatches(subscription: &Subscription, sent: &Sent<'_>, body: usize) -> Vec<Mismatch> {
    let Some(filter) = &subscription.filter else { return Vec::new() };
    match filter.scope() {
        Scope::MessageBody => filter.explain_body(Body::parse(sent.bodies[body]).as_ref()),
        Scope::MessageAttributes => filter.explain_attributes(text_attributes(sent)),
    }
}

/// The attributes that filter policies see: binary ones are invisible to them.
pub(super) fn text_attributes<'s>(sent: &'s Sent<'_>) -> impl Iterator<Item = Attribute<'s>> + Clone {
    sent.attributes.iter().filter_map(|attribute| match attribute.value {
        Value::Text(value) => Some(Attribute { name: attribute.name, data_type: attribute.kind, value }),
        Value::Binary(_) => None,
    })
}
