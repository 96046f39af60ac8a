//! Lifecycle configurations: kept and validated; [`sweep`](super::sweep) does what they say.
//!
//! Source: "PutBucketLifecycleConfiguration" (Amazon S3 API reference); "Lifecycle configuration elements" (User Guide).

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::{Bucket, Object};
use super::{expiry, time, transitions};

const MAX_RULES: usize = 1_000;
/// In characters.
const MAX_ID: usize = 255;
/// Bytes, as of a key.
const MAX_PREFIX: usize = 1_024;
/// The most noncurrent versions that a rule may keep ("NoncurrentVersionExpiration").
const MAX_KEPT: i32 = 100;

/// The lifecycle configuration of a bucket.
///
/// # Errors
/// `NoSuchLifecycleConfiguration` without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketLifecycleConfigurationOutput> {
    let least = least_of(&bucket).to_owned();
    let lifecycle = bucket.lifecycle.ok_or_else(|| {
        Failure::new(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
            .with("BucketName", bucket.name)
    })?;
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules),
        transition_default_minimum_object_size: Some(least.into()),
    })
}

/// Checks a configuration, and makes ids for the rules that have none, as S3 does.
///
/// # Errors
/// Those of [`check`].
pub(super) fn prepare(configuration: &mut BucketLifecycleConfiguration, new_id: impl Fn() -> String) -> Result<()> {
    check(configuration)?;
    for rule in &mut configuration.rules {
        rule.id.get_or_insert_with(|| BASE64_STANDARD.encode(new_id()));
    }
    Ok(())
}

/// Where small objects stay, as a request says; the default is that of September 2024.
///
/// # Errors
/// `InvalidRequest` for what S3 doesn't know.
pub(super) fn least_to_move(given: Option<&TransitionDefaultMinimumObjectSize>) -> Result<String> {
    match given.map(TransitionDefaultMinimumObjectSize::as_str) {
        None => Ok(transitions::ALL.to_owned()),
        Some(known @ (transitions::ALL | transitions::VARIES)) => Ok(known.to_owned()),
        Some(other) => {
            Err(Failure::invalid_request(format!("Invalid TransitionDefaultMinimumObjectSize found: {other}")))
        }
    }
}

/// Where a bucket's small objects stay.
pub(super) fn least_of(bucket: &Bucket) -> &str {
    bucket.least_to_move.as_deref().unwrap_or(transitions::ALL)
}

/// What `x-amz-expiration` says of a current object.
pub(super) fn expiration(bucket: &Bucket, object: &Object) -> Option<String> {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let due = expiry::current(bucket.lifecycle.as_ref()?, object)?;
    let rule = utf8_percent_encode(due.rule, PLAIN);
    Some(format!("expiry-date=\"{}\", rule-id=\"{rule}\"", time::http_date(due.at)))
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidArgument", message)
}

/// Refuses what AWS refuses.
fn check(configuration: &BucketLifecycleConfiguration) -> Result<()> {
    let rules = &configuration.rules;
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(Failure::malformed_xml());
    }
    let mut ids = HashSet::new();
    for rule in rules {
        if let Some(id) = &rule.id {
            if id.chars().count() > MAX_ID {
                return Err(invalid(format!("ID length should not exceed allowed limit of {MAX_ID}")));
            }
            if !ids.insert(id) {
                return Err(invalid("Rule ID must be unique. Found same ID for more than one rule"));
            }
        }
        check_rule(rule)?;
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> Result<()> {
    if !matches!(rule.status.as_str(), ExpirationStatus::ENABLED | ExpirationStatus::DISABLED) {
        return Err(Failure::malformed_xml());
    }
    if rule.filter.is_some() == rule.prefix.is_some() {
        return Err(Failure::malformed_xml());
    }
    let filter = rule.filter.as_ref();
    let of_both = filter.and_then(|filter| filter.and.as_ref()).and_then(|and| and.prefix.as_ref());
    let prefixes = [rule.prefix.as_ref(), filter.and_then(|filter| filter.prefix.as_ref()), of_both];
    if prefixes.into_iter().flatten().any(|prefix| prefix.len() > MAX_PREFIX) {
        return Err(Failure::invalid_request(format!("The maximum size of a prefix is {MAX_PREFIX}.")));
    }
    let (tagged, sized) = rule.filter.as_ref().map_or(Ok((false, false)), check_filter)?;
    transitions::check(rule)?;
    let moves =
        rule.transitions.iter().flatten().count() + rule.noncurrent_version_transitions.iter().flatten().count();
    let abort = rule.abort_incomplete_multipart_upload.as_ref();
    if rule.expiration.is_none() && rule.noncurrent_version_expiration.is_none() && abort.is_none() && moves == 0 {
        return Err(Failure::invalid_request("At least one action needs to be specified in a rule"));
    }
    if let Some(expiration) = &rule.expiration {
        check_expiration(expiration)?;
        if expiration.expired_object_delete_marker.is_some() && tagged {
            return Err(Failure::invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags."));
        }
    }
    if let Some(noncurrent) = &rule.noncurrent_version_expiration {
        let days = noncurrent.noncurrent_days.ok_or_else(Failure::malformed_xml)?;
        positive(days, "NoncurrentDays", "NoncurrentVersionExpiration")?;
        if noncurrent.newer_noncurrent_versions.is_some_and(|kept| !(1..=MAX_KEPT).contains(&kept)) {
            return Err(Failure::malformed_xml());
        }
    }
    if let Some(abort) = abort {
        let days = abort.days_after_initiation.ok_or_else(Failure::malformed_xml)?;
        positive(days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")?;
        for (with, what) in [(tagged, "Tags"), (sized, "Object Size")] {
            if with {
                let message = format!("AbortIncompleteMultipartUpload cannot be specified with {what}.");
                return Err(Failure::invalid_request(message));
            }
        }
    }
    Ok(())
}

/// Whether a filter has tags, and sizes. It is one condition, or several within `And`.
fn check_filter(filter: &LifecycleRuleFilter) -> Result<(bool, bool)> {
    let LifecycleRuleFilter { and, object_size_greater_than: larger, object_size_less_than: smaller, prefix, tag } =
        filter;
    let conditions = [and.is_some(), larger.is_some(), smaller.is_some(), prefix.is_some(), tag.is_some()];
    if conditions.into_iter().filter(|there| *there).count() > 1 {
        return Err(Failure::malformed_xml());
    }
    let within = and.as_ref();
    let tags = within.and_then(|and| and.tags.as_deref()).unwrap_or_default();
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(&tag.key)) {
        return Err(Failure::invalid_request("Duplicate Tag Keys are not allowed."));
    }
    let sizes = within.map_or((*larger, *smaller), |and| (and.object_size_greater_than, and.object_size_less_than));
    if let (Some(larger), Some(smaller)) = sizes
        && smaller <= larger
    {
        let message = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.";
        return Err(Failure::invalid_request(message));
    }
    let tagged = tag.is_some() || within.is_some_and(|and| and.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
    let sized = larger.is_some()
        || smaller.is_some()
        || within.is_some_and(|and| and.object_size_greater_than.is_some() || and.object_size_less_than.is_some());
    Ok((tagged, sized))
}

fn check_expiration(expiration: &LifecycleExpiration) -> Result<()> {
    let LifecycleExpiration { date, days, expired_object_delete_marker: markers } = expiration;
    match (date, days, markers) {
        (None, Some(days), None) => positive(*days, "Days", "Expiration"),
        (Some(date), None, None) => match time::millis(date) {
            Some(at) if at % expiry::DAY == 0 => Ok(()),
            at => Err(invalid("'Date' must be at midnight GMT")
                .with("ArgumentName", "Date")
                .with("ArgumentValue", at.map_or_else(String::new, time::iso))),
        },
        (None, None, Some(_)) => Ok(()),
        _ => Err(Failure::malformed_xml()),
    }
}

fn positive(days: i32, element: &str, action: &str) -> Result<()> {
    if days > 0 { Ok(()) } else { Err(invalid(format!("'{element}' for {action} action must be a positive integer"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(change: impl FnOnce(&mut LifecycleRule)) -> LifecycleRule {
        let mut rule = LifecycleRule {
            abort_incomplete_multipart_upload: None,
            expiration: Some(LifecycleExpiration { days: Some(1), ..Default::default() }),
            filter: Some(LifecycleRuleFilter::default()),
            id: Some("r".into()),
            noncurrent_version_expiration: None,
            noncurrent_version_transitions: None,
            prefix: None,
            status: ExpirationStatus::from_static(ExpirationStatus::ENABLED),
            transitions: None,
        };
        change(&mut rule);
        rule
    }

    fn code(rules: Vec<LifecycleRule>) -> String {
        check(&BucketLifecycleConfiguration { rules }).map_or_else(|failure| failure.code.into_owned(), |()| "".into())
    }

    #[test]
    fn rules_are_checked() {
        let tag = || Tag { key: Some("k".into()), value: Some("v".into()) };
        let abort = |days| Some(AbortIncompleteMultipartUpload { days_after_initiation: Some(days) });
        let date = |text: &str| Timestamp::parse(s3s::dto::TimestampFormat::DateTime, text).unwrap();
        type Case<'a> = (&'a str, Box<dyn FnOnce(&mut LifecycleRule) + 'a>);
        let cases: Vec<Case<'_>> = vec![
            ("", Box::new(|_| {})),
            ("InvalidArgument", Box::new(|r| r.id = Some("x".repeat(256)))),
            ("MalformedXML", Box::new(|r| r.status = ExpirationStatus::from_static("enabled"))),
            ("MalformedXML", Box::new(|r| r.filter = None)),
            ("MalformedXML", Box::new(|r| r.prefix = Some("p".into()))),
            ("InvalidRequest", Box::new(|r| r.expiration = None)),
            ("InvalidArgument", Box::new(|r| r.expiration.as_mut().unwrap().days = Some(0))),
            ("MalformedXML", Box::new(|r| r.expiration.as_mut().unwrap().expired_object_delete_marker = Some(true))),
            ("MalformedXML", Box::new(|r| r.expiration = Some(LifecycleExpiration::default()))),
            (
                "InvalidArgument",
                Box::new(|r| {
                    let date = Some(date("2024-01-01T01:00:00Z"));
                    r.expiration = Some(LifecycleExpiration { date, ..Default::default() });
                }),
            ),
            (
                "",
                Box::new(|r| {
                    let date = Some(date("2024-01-01T00:00:00Z"));
                    r.expiration = Some(LifecycleExpiration { date, ..Default::default() });
                }),
            ),
            ("InvalidArgument", Box::new(|r| r.abort_incomplete_multipart_upload = abort(0))),
            (
                "InvalidRequest",
                Box::new(|r| {
                    r.abort_incomplete_multipart_upload = abort(1);
                    r.filter.as_mut().unwrap().tag = Some(tag());
                }),
            ),
            (
                "MalformedXML",
                Box::new(|r| {
                    r.filter =
                        Some(LifecycleRuleFilter { tag: Some(tag()), prefix: Some("p".into()), ..Default::default() });
                }),
            ),
            ("MalformedXML", Box::new(|r| r.transitions = Some(vec![Transition::default()]))),
            (
                "InvalidRequest",
                Box::new(|r| {
                    let and = LifecycleRuleAndOperator { tags: Some(vec![tag(), tag()]), ..Default::default() };
                    r.filter = Some(LifecycleRuleFilter { and: Some(and), ..Default::default() });
                }),
            ),
        ];
        for (at, (expected, change)) in cases.into_iter().enumerate() {
            assert_eq!(code(vec![rule(change)]), expected, "case {at}");
        }
        assert_eq!(code(vec![]), "MalformedXML");
        assert_eq!(code(vec![rule(|_| {}), rule(|_| {})]), "InvalidArgument");
    }
}
