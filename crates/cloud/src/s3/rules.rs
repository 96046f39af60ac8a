//! The rules of a notification configuration: which events of which keys go where, and what S3 checks of them.

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;
use text::arn::Arn;

/// The events there are ("Supported event types for SQS, SNS, and Lambda").
const EVENTS: [&str; 28] = [
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAcl:Put",
    "s3:LifecycleTransition",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:IntelligentTiering",
    "s3:TestEvent",
];

/// Configurations of a bucket ("Amazon S3 Event Notifications": up to 100).
const MAX_RULES: usize = 100;
/// Bytes of a configuration's id ("QueueConfiguration": at most 255 characters).
const MAX_ID: usize = 4 * 255;

/// What kind of thing gets events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    Queue,
    Topic,
    Function,
}

impl Destination {
    /// As an error names the argument.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Topic => "Topic",
            Self::Function => "CloudFunction",
        }
    }

    fn service(self) -> &'static str {
        match self {
            Self::Queue => "sqs",
            Self::Topic => "sns",
            Self::Function => "lambda",
        }
    }
}

/// One configuration: which events of which keys go where.
pub(super) struct Rule<'c> {
    pub destination: Destination,
    pub id: &'c str,
    pub arn: &'c str,
    events: &'c [Event],
    filter: Option<&'c NotificationConfigurationFilter>,
}

impl Rule<'_> {
    /// Whether an event such as `ObjectCreated:Put` of a key is wanted.
    pub(super) fn fits(&self, event: &str, key: &str) -> bool {
        let wanted = |pattern: &Event| {
            let pattern = pattern.as_ref().strip_prefix("s3:").unwrap_or_default();
            pattern == event || pattern.strip_suffix('*').is_some_and(|family| event.starts_with(family))
        };
        self.events.iter().any(wanted) && key.starts_with(self.value("prefix")) && key.ends_with(self.value("suffix"))
    }

    /// The value of a filter rule; empty fits everything.
    fn value(&self, name: &str) -> &str {
        let rules = self.filter.and_then(|filter| filter.key.as_ref()?.filter_rules.as_ref());
        let named = |rule: &&FilterRule| rule.name.as_ref().is_some_and(|n| n.as_str().eq_ignore_ascii_case(name));
        rules.and_then(|rules| rules.iter().find(named)?.value.as_deref()).unwrap_or_default()
    }

    /// The conditions on keys.
    fn filters(&self) -> impl Iterator<Item = &FilterRule> {
        self.filter.and_then(|filter| filter.key.as_ref()?.filter_rules.as_ref()).into_iter().flatten()
    }

    /// Whether an event can fit both.
    fn overlaps(&self, other: &Self) -> bool {
        let meet = |a: &Event, b: &Event| {
            let family = |event: &Event| event.as_ref().strip_suffix('*').map(str::to_owned);
            a == b
                || family(a).is_some_and(|family| b.as_ref().starts_with(&family))
                || family(b).is_some_and(|family| a.as_ref().starts_with(&family))
        };
        let (p, q) = (self.value("prefix"), other.value("prefix"));
        let (s, t) = (self.value("suffix"), other.value("suffix"));
        self.events.iter().any(|a| other.events.iter().any(|b| meet(a, b)))
            && (p.starts_with(q) || q.starts_with(p))
            && (s.ends_with(t) || t.ends_with(s))
    }
}

/// Whom a bucket tells of what happens in it: the ARN, and which events of which keys, as people read it.
pub(crate) fn told(bucket: &Bucket) -> Vec<(&str, String)> {
    let rules = bucket.notification.as_ref().map(rules).unwrap_or_default();
    let said = |rule: Rule<'_>| {
        let names: Vec<&str> =
            rule.events.iter().map(|event| event.as_ref().strip_prefix("s3:").unwrap_or(event.as_ref())).collect();
        let (prefix, suffix) = (rule.value("prefix"), rule.value("suffix"));
        let keys =
            if prefix.is_empty() && suffix.is_empty() { String::new() } else { format!(" of {prefix}*{suffix}") };
        format!("{}{keys}", names.join(", "))
    };
    rules.into_iter().map(|rule| (rule.arn, said(rule))).collect()
}

/// The rules of a configuration.
pub(super) fn rules(configuration: &NotificationConfiguration) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    for c in configuration.topic_configurations.iter().flatten() {
        rules.push(rule(Destination::Topic, &c.id, &c.topic_arn, &c.events, &c.filter));
    }
    for c in configuration.queue_configurations.iter().flatten() {
        rules.push(rule(Destination::Queue, &c.id, &c.queue_arn, &c.events, &c.filter));
    }
    for c in configuration.lambda_function_configurations.iter().flatten() {
        rules.push(rule(Destination::Function, &c.id, &c.lambda_function_arn, &c.events, &c.filter));
    }
    rules
}

fn rule<'c>(
    destination: Destination,
    id: &'c Option<String>,
    arn: &'c str,
    events: &'c [Event],
    filter: &'c Option<NotificationConfigurationFilter>,
) -> Rule<'c> {
    Rule { destination, id: id.as_deref().unwrap_or_default(), arn, events, filter: filter.as_ref() }
}

/// Checks what can be checked without looking at the destinations.
fn check_form(configuration: &NotificationConfiguration) -> Result<()> {
    let rules = rules(configuration);
    if rules.len() > MAX_RULES || rules.iter().any(|rule| rule.events.len() > EVENTS.len() || rule.id.len() > MAX_ID) {
        let message = "The notification configuration is larger than a bucket's may be";
        return Err(Failure::new(400, "InvalidArgument", message));
    }
    if rules.iter().flat_map(Rule::filters).any(|filter| filter.name.is_none() || filter.value.is_none()) {
        return Err(Failure::malformed_xml());
    }
    for rule in &rules {
        for event in rule.events {
            if !EVENTS.contains(&event.as_ref()) {
                let message = "The event is not supported for notifications";
                return Err(Failure::invalid_argument(message, "Event", event.as_ref()));
            }
        }
        check_filter(rule)?;
    }
    for rule in &rules {
        if Arn::parse(rule.arn).is_none_or(|arn| arn.service != rule.destination.service()) {
            let name = rule.destination.argument();
            return Err(Failure::invalid_argument("The ARN could not be parsed", name, rule.arn));
        }
    }
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| rule.overlaps(other)) {
            let message = "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
            return Err(Failure::new(400, "InvalidArgument", message));
        }
    }
    Ok(())
}

fn check_filter(rule: &Rule<'_>) -> Result<()> {
    let mut seen = Vec::new();
    for filter in rule.filters() {
        let name = filter.name.as_ref().map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        if name != "prefix" && name != "suffix" {
            let given = filter.name.as_ref().map_or("", |name| name.as_str());
            let message = "filter rule name must be either prefix or suffix";
            return Err(Failure::invalid_argument(message, "FilterRule.Name", given));
        }
        if filter.value.as_ref().is_some_and(|value| value.len() > 1024) {
            let message = "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation";
            let value = filter.value.clone().unwrap_or_default();
            return Err(Failure::invalid_argument(message, "FilterRule.Value", value));
        }
        if seen.contains(&name) {
            let message = format!("Cannot specify more than one {name} rule in a filter.");
            return Err(Failure::invalid_argument(message, "FilterRule.Name", name));
        }
        seen.push(name);
    }
    Ok(())
}

/// Checks what can be checked without the bucket, gives an id to every rule that has none, and writes filter names as S3 does.
///
/// # Errors
/// `NotImplemented` for EventBridge, `InvalidArgument`.
pub(super) fn prepare(configuration: &mut NotificationConfiguration, new_id: impl Fn() -> String) -> Result<()> {
    if configuration.event_bridge_configuration.is_some() {
        return Err(Failure::not_implemented("EventBridgeConfiguration"));
    }
    check_form(configuration)?;
    let tidy = |id: &mut Option<String>, filter: &mut Option<NotificationConfigurationFilter>| {
        id.get_or_insert_with(&new_id);
        let rules = filter.as_mut().and_then(|filter| filter.key.as_mut()?.filter_rules.as_mut());
        for rule in rules.into_iter().flatten() {
            let prefix = rule.name.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case("prefix"));
            rule.name = Some(FilterRuleName::from_static(if prefix { "Prefix" } else { "Suffix" }));
        }
    };
    for c in configuration.topic_configurations.iter_mut().flatten() {
        tidy(&mut c.id, &mut c.filter);
    }
    for c in configuration.queue_configurations.iter_mut().flatten() {
        tidy(&mut c.id, &mut c.filter);
    }
    for c in configuration.lambda_function_configurations.iter_mut().flatten() {
        tidy(&mut c.id, &mut c.filter);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(arn: &str, event: &str, rules: &[(&str, &str)]) -> QueueConfiguration {
        let filter_rules = rules.iter().map(|(name, value)| FilterRule {
            name: Some(FilterRuleName::from((*name).to_owned())),
            value: Some((*value).to_owned()),
        });
        QueueConfiguration {
            events: vec![Event::from(event.to_owned())],
            filter: Some(NotificationConfigurationFilter {
                key: Some(S3KeyFilter { filter_rules: Some(filter_rules.collect()) }),
            }),
            id: Some("id".into()),
            queue_arn: arn.to_owned(),
        }
    }

    fn check(queues: Vec<QueueConfiguration>) -> Option<String> {
        let configuration = NotificationConfiguration { queue_configurations: Some(queues), ..Default::default() };
        check_form(&configuration).err().map(|failure| failure.message)
    }

    #[test]
    fn forms() {
        let arn = "arn:aws:sqs:us-east-1:000000000000:q";
        assert_eq!(check(vec![queue(arn, "s3:ObjectCreated:*", &[("prefix", "a"), ("Suffix", "b")])]), None);
        let cases = [
            (vec![queue("q", "s3:ObjectCreated:*", &[])], "The ARN could not be parsed"),
            (vec![queue(arn, "s3:Nonsense", &[])], "The event is not supported for notifications"),
            (vec![queue(arn, "s3:ObjectCreated:*", &[("x", "")])], "filter rule name must be either prefix or suffix"),
            (
                vec![queue(arn, "s3:ObjectCreated:*", &[("prefix", "a")]), queue(arn, "s3:ObjectCreated:Put", &[])],
                "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
            ),
        ];
        for (queues, message) in cases {
            assert_eq!(check(queues).as_deref(), Some(message));
        }
        let apart = vec![
            queue(arn, "s3:ObjectCreated:*", &[("prefix", "a")]),
            queue(arn, "s3:ObjectCreated:*", &[("prefix", "b")]),
        ];
        assert_eq!(check(apart), None);
    }

    #[test]
    fn rules_fit_events_and_keys() {
        let queue = queue("arn:aws:sqs:r:1:q", "s3:ObjectCreated:*", &[("prefix", "a/"), ("suffix", ".json")]);
        let configuration = NotificationConfiguration { queue_configurations: Some(vec![queue]), ..Default::default() };
        let rule = &rules(&configuration)[0];
        assert!(rule.fits("ObjectCreated:Copy", "a/b.json"));
        assert!(!rule.fits("ObjectRemoved:Delete", "a/b.json"));
        assert!(!rule.fits("ObjectCreated:Put", "b/b.json"));
        assert!(!rule.fits("ObjectCreated:Put", "a/b.csv"));
    }
}
