//! What the legs of a fan-out are to get: every event, or those that the filter policy of their subscription lets through.

use filter::{Body, FilterPolicy, Scope};

use crate::aws::{CallError, ErrorKind, Target};
use crate::event::envelope::{Attribute, Event};

/// A filter policy of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    policy: FilterPolicy,
    /// As its owner wrote it.
    pub text: String,
}

impl Filter {
    /// The policy `text` on attributes or bodies, as the attribute FilterPolicyScope says. An error is SNS's text.
    pub(crate) fn parse(text: &str, scope: Option<&str>) -> Result<Self, String> {
        let scope = match scope {
            Some("MessageBody") => Scope::MessageBody,
            _ => Scope::MessageAttributes,
        };
        let policy = FilterPolicy::parse(text, scope).map_err(|error| error.message)?;
        Ok(Self { policy, text: text.to_owned() })
    }

    /// Whether it reads the bodies of messages.
    pub(crate) fn scans_bodies(&self) -> bool {
        self.policy.scope() == Scope::MessageBody
    }

    /// Whether an event is delivered.
    pub(crate) fn lets_through(&self, event: &Event) -> bool {
        if self.scans_bodies() {
            return Body::parse(&event.to_json()).is_some_and(|body| self.policy.matches_body(&body));
        }
        let attributes = event.attributes();
        let seen = attributes.iter().map(|it: &Attribute| filter::Attribute {
            name: &it.name,
            data_type: &it.data_type,
            value: &it.value,
        });
        self.policy.matches_attributes(seen)
    }
}

/// What feeds a leg.
#[derive(Debug, Clone)]
pub(crate) enum Fed {
    /// No subscription does.
    Nothing,
    Everything,
    Filtered(Filter),
    /// Nobody can say: the reason.
    Unknown(String),
}

impl Fed {
    /// The filter to expect events by.
    pub(crate) fn into_filter(self) -> Option<Filter> {
        match self {
            Self::Filtered(filter) => Some(filter),
            Self::Nothing | Self::Everything | Self::Unknown(_) => None,
        }
    }
}

/// What the subscriptions of a topic feed: for each of the `endpoints`, which are the last parts of ARNs.
///
/// # Errors
/// The calls', but for a denial: then nobody can say.
pub(crate) async fn look(target: &Target, topic_arn: &str, endpoints: &[String]) -> Result<Vec<Fed>, CallError> {
    let client = target.sns();
    let mut fed = vec![Fed::Nothing; endpoints.len()];
    let mut pages = client.list_subscriptions_by_topic().topic_arn(topic_arn).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = match item.map_err(CallError::from) {
            Ok(item) => item,
            Err(error) if error.kind == ErrorKind::Denied => {
                return Ok(vec![Fed::Unknown(error.to_string()); endpoints.len()]);
            }
            Err(error) => return Err(error),
        };
        let is_fed = |end: &String| item.endpoint().is_some_and(|endpoint| endpoint.ends_with(end.as_str()));
        let Some(leg) = endpoints.iter().position(is_fed) else { continue };
        let arn = item.subscription_arn().unwrap_or_default();
        // One that nobody confirmed gets nothing.
        if !arn.starts_with("arn:") {
            continue;
        }
        let answer = client.get_subscription_attributes().subscription_arn(arn).send().await.map_err(CallError::from);
        fed[leg] = match answer {
            Ok(answer) => {
                let attribute = |name| answer.attributes().and_then(|all| all.get(name)).map(String::as_str);
                match attribute("FilterPolicy").map(|text| Filter::parse(text, attribute("FilterPolicyScope"))) {
                    None => Fed::Everything,
                    Some(Ok(filter)) => Fed::Filtered(filter),
                    Some(Err(why)) => Fed::Unknown(why),
                }
            }
            Err(error) if error.kind == ErrorKind::Denied => Fed::Unknown(error.to_string()),
            Err(error) => return Err(error),
        };
    }
    Ok(fed)
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
        ] {
            let filter = Filter::parse(text, scope).unwrap();
            assert!(filter.lets_through(&order) && !filter.lets_through(&payment), "{text}");
        }
        assert!(Filter::parse("[", None).is_err());
    }
}
