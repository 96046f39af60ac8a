//! What a change set would do, in lines: each resource, and the properties that change, before and after.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{ChangeAction, PolicyAction, Replacement, RequiresRecreation, ResourceChange};
use console::Style;
use serde_json::Value;

use crate::ui::{self, paint};

/// What AWS says in the place of a value that only the deployment brings (DescribeChangeSet, IncludePropertyValues).
const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The changes: a line a resource, and below it a line a property.
pub(super) fn lines(changes: &[ResourceChange]) -> Vec<String> {
    if changes.is_empty() {
        return vec!["It would change, but the change set names no resource: outputs or parameters only.".into()];
    }
    let longest = |of: fn(&ResourceChange) -> Option<&str>| {
        changes.iter().filter_map(of).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let width = longest(ResourceChange::logical_resource_id);
    changes
        .iter()
        .flat_map(|change| {
            let properties = properties(change).into_iter().map(|text| format!("            {text}"));
            std::iter::once(head(change, width)).chain(properties).collect::<Vec<_>>()
        })
        .collect()
}

fn head(change: &ResourceChange, width: usize) -> String {
    let (sign, style) = match change.action() {
        Some(ChangeAction::Add) => ("+ add   ", Style::new().green()),
        Some(ChangeAction::Remove) => ("- remove", Style::new().red()),
        Some(ChangeAction::Modify) => ("~ modify", Style::new().yellow()),
        Some(ChangeAction::Import) => ("+ import", Style::new().green()),
        _ => ("? change", Style::new()),
    };
    let replacement = match change.replacement() {
        Some(Replacement::True) => ", replaced",
        Some(Replacement::Conditional) => ", perhaps replaced",
        _ => "",
    };
    let policy = match change.policy_action() {
        Some(PolicyAction::Retain) => ", stays without the stack",
        Some(PolicyAction::ReplaceAndRetain) => ": the old one stays without the stack",
        Some(PolicyAction::ReplaceAndDelete) => ": the old one is deleted",
        Some(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => ", with a snapshot of the old one",
        _ => "",
    };
    format!(
        "{}  {:<width$}  {}{}",
        paint(&style, sign),
        change.logical_resource_id().unwrap_or_default(),
        change.resource_type().unwrap_or_default(),
        paint(&Style::new().yellow(), format!("{replacement}{policy}")),
    )
}

/// The properties that change; of a new resource all that it has.
fn properties(change: &ResourceChange) -> Vec<String> {
    let context = |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let (before, after) = (context(change.before_context()), context(change.after_context()));
    if change.action() == Some(&ChangeAction::Add) {
        let Some(properties) = after["Properties"].as_object() else { return Vec::new() };
        return properties.iter().map(|(name, value)| format!("{name}: {}", shown(Some(value)))).collect();
    }
    if change.action() == Some(&ChangeAction::Remove) {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    if !before.is_null() && !after.is_null() {
        compare(String::new(), Some(&before), Some(&after), &mut found);
    }
    let mut effects = BTreeMap::new();
    for target in change.details().iter().filter_map(|detail| detail.target()) {
        let attribute = target.attribute().map_or("Properties", |attribute| attribute.as_str());
        let top = target.name().map_or_else(|| attribute.to_owned(), |name| format!("{attribute}.{name}"));
        let value = |text: Option<&str>| text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
        let (before, after) = (value(target.before_value()), value(target.after_value()));
        let is_known = found.keys().any(|path| is_within(path, &top));
        if !is_known && (before.is_some() || after.is_some()) {
            let path = target.path().map_or_else(|| top.clone(), |path| path.trim_matches('/').replace('/', "."));
            compare(path, before.as_ref(), after.as_ref(), &mut found);
        } else if !is_known {
            found.insert(top.clone(), "changes".to_owned());
        }
        match target.requires_recreation() {
            Some(RequiresRecreation::Always) => _ = effects.insert(top, "replaces it"),
            Some(RequiresRecreation::Conditionally) => _ = effects.entry(top).or_insert("may replace it"),
            _ => {}
        }
    }
    let line = |(path, text): (String, String)| {
        let effect = effects.iter().find(|(top, _)| is_within(&path, top));
        let effect = effect.map(|(_, effect)| format!(" ({effect})")).unwrap_or_default();
        format!("{} {text}{}", path.strip_prefix("Properties.").unwrap_or(&path), paint(&Style::new().yellow(), effect))
    };
    found.into_iter().map(line).collect()
}

/// Whether a path is `top`, or a part of it.
fn is_within(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Notes where two values differ, by the paths of their smallest parts.
fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut BTreeMap<String, String>) {
    if before == after {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
                compare(below(name), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (n, (old, new)) in old.iter().zip(new).enumerate() {
                compare(below(&n.to_string()), Some(old), Some(new), found);
            }
        }
        _ if shown(before) == shown(after) => {}
        _ => _ = found.insert(path, format!("{} → {}", shown(before), shown(after))),
    }
}

/// A value in a line.
fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None => "none".into(),
        Some(Value::String(text)) if text == LATER => "(known after the deployment)".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    ui::short(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceAttribute, ResourceChangeDetail, ResourceTargetDefinition};

    use super::*;

    fn text(change: ResourceChange) -> String {
        console::strip_ansi_codes(&lines(&[change]).join("\n")).into_owned()
    }

    fn stream() -> aws_sdk_cloudformation::types::builders::ResourceChangeBuilder {
        ResourceChange::builder()
            .action(ChangeAction::Modify)
            .logical_resource_id("DeliveryStream")
            .resource_type("AWS::KinesisFirehose::DeliveryStream")
    }

    fn target(name: &str) -> aws_sdk_cloudformation::types::builders::ResourceTargetDefinitionBuilder {
        ResourceTargetDefinition::builder().attribute(ResourceAttribute::Properties).name(name)
    }

    /// "~ modify DeliveryStream" was all that a dry run said.
    #[test]
    fn the_smallest_parts_that_change_are_shown_before_and_after() {
        let context = |seconds: &str| {
            format!(
                r#"{{"Properties":{{"Name":"s","Destination":{{"BufferingHints":{{"IntervalInSeconds":"{seconds}","SizeInMBs":"5"}}}}}}}}"#
            )
        };
        let change = stream().before_context(context("60")).after_context(context("5")).build();
        let shown = text(change);
        assert!(shown.starts_with("~ modify  DeliveryStream  AWS::KinesisFirehose::DeliveryStream\n"), "{shown}");
        assert!(shown.ends_with("  Destination.BufferingHints.IntervalInSeconds 60 → 5"), "{shown}");
    }

    /// A cloud may tell values in the details only, or none at all.
    #[test]
    fn details_tell_what_contexts_do_not() {
        let detail = |target| ResourceChangeDetail::builder().target(target).build();
        let name = target("Name").path("/Properties/Name").before_value("a").after_value(LATER);
        let name = name.requires_recreation(RequiresRecreation::Always).build();
        let change = stream()
            .replacement(Replacement::True)
            .policy_action(PolicyAction::ReplaceAndDelete)
            .details(detail(name))
            .details(detail(target("Other").build()))
            .build();
        let shown = text(change);
        for words in [
            ", replaced: the old one is deleted",
            "Name a → (known after the deployment) (replaces it)",
            "Other changes",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }

    #[test]
    fn a_new_resource_shows_its_properties() {
        let change = ResourceChange::builder()
            .action(ChangeAction::Add)
            .logical_resource_id("Q")
            .resource_type("AWS::SQS::Queue")
            .after_context(r#"{"Properties":{"QueueName":"q","RedrivePolicy":{"maxReceiveCount":5}}}"#)
            .build();
        assert!(text(change).contains("RedrivePolicy: {\"maxReceiveCount\":5}"));
    }
}
