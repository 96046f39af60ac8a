//! DescribeLogGroups, ListLogGroups.

use serde::{Deserialize, Serialize};

use super::error::{bad_token, checks, invalid, refuse};
use super::groups::check_class;
use super::names::{check_group, group_arn, identified};
use super::place::Place;
use super::store::{self, Group};
use crate::request::Context;
use engine::Millis;
use wire::{AwsError, page};

/// "DescribeLogGroups", API Reference: 50 groups a page.
const MAX_DESCRIBED: i64 = 50;
/// "ListLogGroups", API Reference: up to 1,000 groups a page, 50 unless asked.
const MAX_LISTED: i64 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeInput {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    include_linked_accounts: Option<bool>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListInput {
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    include_linked_accounts: Option<bool>,
    data_sources: Option<Vec<serde_json::Value>>,
    field_index_names: Option<Vec<String>>,
    log_group_tags: Option<Vec<serde_json::Value>>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output<T> {
    log_groups: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    log_group_name: String,
    creation_time: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_in_days: Option<u64>,
    metric_filter_count: u64,
    arn: String,
    stored_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    log_group_class: String,
    log_group_arn: String,
    deletion_protection_enabled: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    log_group_name: String,
    log_group_arn: String,
    log_group_class: String,
}

/// Groups with all that is known of them.
pub(super) async fn describe_log_groups(cx: &Context, input: DescribeInput) -> Result<Output<Described>, AwsError> {
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    refuse(&[("includeLinkedAccounts", input.include_linked_accounts == Some(true))])?;
    let mut checks = checks();
    for (name, member) in [
        (input.log_group_name_prefix.as_deref(), "logGroupNamePrefix"),
        (input.log_group_name_pattern.as_deref().filter(|pattern| !pattern.is_empty()), "logGroupNamePattern"),
    ] {
        if name.is_some() {
            check_group(&mut checks, name, member);
        }
    }
    check_class(&mut checks, input.log_group_class.as_deref());
    let limit = input.limit.unwrap_or(MAX_DESCRIBED);
    checks.number(limit, "limit", 1..=MAX_DESCRIBED);
    if let Some(identifiers) = &input.log_group_identifiers {
        let within = (1..=50).contains(&identifiers.len());
        if !within {
            checks.fail_untold("logGroupIdentifiers", "Member must have length from 1 to 50");
        }
    }
    checks.done()?;
    let place = Place::of(cx);
    let identifiers = input.log_group_identifiers.as_ref();
    let names = identifiers.map(|all| all.iter().map(|it| identified(place, it)).collect::<Result<Vec<_>, _>>());
    let names = names.transpose()?;
    let pattern = input.log_group_name_pattern.as_deref().unwrap_or_default();
    let fits = |group: &Group| {
        group.name.contains(pattern)
            && input.log_group_class.as_deref().is_none_or(|class| is_of_class(group, class))
            && names.as_ref().is_none_or(|names| names.contains(&group.name.as_str()))
    };
    let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
    let (groups, next_token) = find(cx, prefix, input.next_token.as_deref(), limit, fits)?;
    let log_groups = cx.cloud.core.read(|engine, _| {
        let describe = |group: Group| Described {
            creation_time: group.created,
            retention_in_days: if group.class == "DELIVERY" { Some(1) } else { group.retention_days },
            metric_filter_count: 0,
            arn: format!("{}:*", group_arn(place, &group.name)),
            stored_bytes: store::size(engine, group.id),
            kms_key_id: group.kms_key,
            log_group_class: group.class,
            log_group_arn: group_arn(place, &group.name),
            deletion_protection_enabled: group.protected,
            log_group_name: group.name,
        };
        groups.into_iter().map(describe).collect()
    });
    Ok(Output { log_groups, next_token })
}

/// Groups by a pattern of their names: up to five parts between `|`, each in the name, or at its beginning after `^`.
pub(super) async fn list_log_groups(cx: &Context, input: ListInput) -> Result<Output<Listed>, AwsError> {
    refuse(&[
        ("includeLinkedAccounts", input.include_linked_accounts == Some(true)),
        ("dataSources", input.data_sources.is_some()),
        ("fieldIndexNames", input.field_index_names.is_some()),
        ("logGroupTags", input.log_group_tags.is_some()),
    ])?;
    let mut checks = checks();
    check_class(&mut checks, input.log_group_class.as_deref());
    let limit = input.limit.unwrap_or(MAX_DESCRIBED);
    checks.number(limit, "limit", 1..=MAX_LISTED);
    let parts: Vec<&str> = input.log_group_name_pattern.iter().flat_map(|pattern| pattern.split('|')).collect();
    // "ListLogGroups", API Reference: parts of 3 to 24 characters.
    let is_part = |part: &&str| {
        let text = part.strip_prefix('^').unwrap_or(part);
        (3..=24).contains(&text.len()) && super::names::group_of_name(text)
    };
    if let Some(pattern) =
        input.log_group_name_pattern.as_deref().filter(|_| parts.len() > 5 || !parts.iter().all(is_part))
    {
        let constraint = "Member must satisfy regular expression pattern: \
                          (\\^?[\\.\\-_\\/#A-Za-z0-9]{3,24})(\\|\\^?[\\.\\-_\\/#A-Za-z0-9]{3,24}){0,4}";
        checks.fail(pattern, "logGroupNamePattern", constraint);
    }
    checks.done()?;
    let has = |name: &str, part: &str| match part.strip_prefix('^') {
        Some(start) => name.starts_with(start),
        None => name.contains(part),
    };
    let fits = |group: &Group| {
        (parts.is_empty() || parts.iter().any(|part| has(&group.name, part)))
            && input.log_group_class.as_deref().is_none_or(|class| is_of_class(group, class))
    };
    let (groups, next_token) = find(cx, "", input.next_token.as_deref(), limit, fits)?;
    let place = Place::of(cx);
    let listed = |group: Group| Listed {
        log_group_arn: group_arn(place, &group.name),
        log_group_name: group.name,
        log_group_class: group.class,
    };
    Ok(Output { log_groups: groups.into_iter().map(listed).collect(), next_token })
}

/// "DescribeLogGroups", API Reference: asked for one of the two classes that cost less, both are meant.
fn is_of_class(group: &Group, class: &str) -> bool {
    const CHEAPER: [&str; 2] = ["INFREQUENT_ACCESS", "ESSENTIALS"];
    group.class == class || (CHEAPER.contains(&class) && CHEAPER.contains(&group.class.as_str()))
}

/// A page of groups, by name, and the token of the next.
fn find(
    cx: &Context,
    prefix: &str,
    token: Option<&str>,
    limit: i64,
    fits: impl Fn(&Group) -> bool,
) -> Result<(Vec<Group>, Option<String>), AwsError> {
    let after = token.map(|token| page::decode_token(token).ok_or_else(bad_token)).transpose()?;
    let size = usize::try_from(limit).unwrap_or(1);
    let found: Vec<Group> = cx.cloud.core.read(|engine, _| {
        store::groups(engine, Place::of(cx), prefix, after.as_deref()).filter(&fits).take(size + 1).collect()
    });
    Ok(page::by_key(found, size, |last| page::encode_token(&last.name)))
}
