//! What the legs of a system are to get: every event of a topic, or those that the filter policy of their subscription lets through.

use super::policy::{Judged, Policy};
use crate::event::envelope::{Attribute, Event};

/// A filter policy of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    policy: Policy,
    /// As its owner wrote it.
    pub text: String,
}

impl Filter {
    /// The policy `text` on attributes or bodies, as the attribute FilterPolicyScope says.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(text: &str, scope: Option<&str>) -> Result<Self, String> {
        let policy = Policy::parse(text, scope == Some("MessageBody"))?;
        Ok(Self { policy, text: text.to_owned() })
    }

    /// Whether it reads the bodies of messages.
    pub(crate) fn scans_bodies(&self) -> bool {
        self.policy.of_bodies
    }

    /// Whether a message of these attributes, if they are known, and this body is to be delivered.
    fn judge_message(&self, attributes: Option<&[Attribute]>, body: &str) -> Judged {
        match (self.scans_bodies(), attributes) {
            (true, _) => self.policy.judge_body(body),
            (false, Some(attributes)) => self.policy.judge_attributes(attributes),
            (false, None) => Judged::Unsure,
        }
    }

    /// The names of attributes or members that it looks for.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.policy.keys()
    }

    /// Whether an event is to be delivered.
    pub(crate) fn judge(&self, event: &Event) -> Judged {
        match self.scans_bodies() {
            true => self.policy.judge_body(&event.to_json()),
            false => self.policy.judge_attributes(&event.attributes()),
        }
    }
}

/// What a topic feeds a leg with.
#[derive(Debug, Clone)]
pub(crate) enum Fed {
    /// It has no subscription for it.
    Nothing,
    Everything,
    Filtered(Filter),
    /// Nobody can say: the reason.
    Unknown(String),
}

impl Fed {
    /// By the attributes of a subscription.
    pub(crate) fn by(policy: Option<&str>, scope: Option<&str>) -> Self {
        match policy.map(|text| Filter::parse(text, scope)) {
            None => Self::Everything,
            Some(Ok(filter)) => Self::Filtered(filter),
            Some(Err(why)) => Self::Unknown(why),
        }
    }

    /// Whether an event of the topic is to come.
    pub(super) fn judge(&self, event: &Event) -> Judged {
        match self {
            Self::Nothing => Judged::Stopped,
            Self::Everything => Judged::Passes,
            Self::Filtered(filter) => filter.judge(event),
            Self::Unknown(_) => Judged::Unsure,
        }
    }

    /// Whether a message of the topic is to come, of these attributes, if they are known, and this body.
    pub(super) fn judge_message(&self, attributes: Option<&[Attribute]>, body: &str) -> Judged {
        match self {
            Self::Nothing => Judged::Stopped,
            Self::Everything => Judged::Passes,
            Self::Filtered(filter) => filter.judge_message(attributes, body),
            Self::Unknown(_) => Judged::Unsure,
        }
    }

    /// Whether SNS reads bodies for it.
    pub(super) fn scans_bodies(&self) -> bool {
        matches!(self, Self::Filtered(filter) if filter.scans_bodies())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::event::EventKind;
    use crate::event::envelope::Place;
    use crate::event::story::Story;

    #[test]
    fn a_policy_sees_attributes_or_the_body() {
        let event = |kind| {
            let mut story = Story::new(5, 0, &[kind]);
            Event::new(story.next_event(), "r", Place { publisher: 0, sequence: 0 }, Timestamp::UNIX_EPOCH)
        };
        let (order, payment) = (event(EventKind::Order), event(EventKind::Payment));
        for (text, scope) in [
            (r#"{"kind": ["order"]}"#, None),
            (r#"{"event_type": [{"prefix": "order."}], "amount": [{"numeric": [">", 0]}]}"#, Some("MessageAttributes")),
            (r#"{"type": ["order.placed"]}"#, Some("MessageBody")),
            (r#"{"data": {"items": {"quantity": [{"numeric": [">=", 1]}]}}}"#, Some("MessageBody")),
        ] {
            let filter = Filter::parse(text, scope).unwrap();
            let judged = (filter.judge(&order), filter.judge(&payment));
            assert_eq!(judged, (Judged::Passes, Judged::Stopped), "{text}");
        }
        assert!(Filter::parse("[", None).is_err());
    }
}
