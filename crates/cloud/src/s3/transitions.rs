//! Lifecycle rules that move objects to colder storage classes: what S3 checks of them, and what they do to an object.
//!
//! A class that objects lie in has no other effect here than on AWS: those of archives have to be restored before they are read.
//! Source: "Transitioning objects using Amazon S3 Lifecycle", "Lifecycle configuration elements" (Amazon S3 User Guide). What is
//! said of wrong ones is what users of S3 report.

use s3s::dto::*;

use super::error::{Failure, Result};
use super::expiry::{self, Filter};
use super::record::Object;
use super::time;
use engine::Millis;

/// The storage classes from warm to cold: objects move down this list, and never up.
const CLASSES: [&str; 7] =
    ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
/// The days that an object has to be old for an infrequently accessed class, and to stay in it.
const MIN_DAYS: i32 = 30;
/// The size below which objects stay where they are, unless their rule says of sizes: 128 KiB.
const LEAST: u64 = 128 * 1024;
/// The most noncurrent versions that a rule may keep ("NoncurrentVersionTransition").
const MAX_KEPT: i32 = 100;

/// Where small objects stay: for all classes, or only for those that aren't archives.
pub(super) const ALL: &str = "all_storage_classes_128K";
pub(super) const VARIES: &str = "varies_by_storage_class";

fn invalid(message: String) -> Failure {
    Failure::new(400, "InvalidArgument", message)
}

fn is_infrequent(class: &str) -> bool {
    matches!(class, "STANDARD_IA" | "ONEZONE_IA")
}

fn rank(class: &str) -> usize {
    // Reduced redundancy is as warm as the standard.
    CLASSES.iter().position(|known| *known == class).unwrap_or(0)
}

/// Refuses transitions that S3 doesn't take.
pub(super) fn check(rule: &LifecycleRule) -> Result<()> {
    let filter = format!("(prefix={})", Filter::of(rule).prefix);
    let current = rule.transitions.as_deref().unwrap_or_default();
    let (mut moves, mut dated_moves) = (Vec::new(), Vec::new());
    for transition in current {
        let class = class_of(transition.storage_class.as_ref())?;
        match (transition.days, &transition.date) {
            (Some(days), None) => moves.push((class, days)),
            (None, Some(date)) => {
                check_date(date)?;
                if dated_moves.contains(&class) {
                    return Err(twice(&filter));
                }
                dated_moves.push(class);
            }
            _ => return Err(Failure::malformed_xml()),
        }
    }
    let by_date = dated_moves.len();
    let expiration = rule.expiration.as_ref();
    let dated = expiration.is_some_and(|it| it.date.is_some());
    let aged = expiration.and_then(|it| it.days);
    let mixed = if by_date > 0 { by_date < current.len() || aged.is_some() } else { dated };
    if !current.is_empty() && mixed {
        return Err(Failure::invalid_request(format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '{filter}'"
        )));
    }
    check_days(&moves, aged, "Days", &filter)?;
    let mut moves = Vec::new();
    for transition in rule.noncurrent_version_transitions.iter().flatten() {
        let class = class_of(transition.storage_class.as_ref())?;
        moves.push((class, transition.noncurrent_days.ok_or_else(Failure::malformed_xml)?));
        if transition.newer_noncurrent_versions.is_some_and(|kept| !(1..=MAX_KEPT).contains(&kept)) {
            return Err(Failure::malformed_xml());
        }
    }
    let aged = rule.noncurrent_version_expiration.as_ref().and_then(|it| it.noncurrent_days);
    check_days(&moves, aged, "NoncurrentDays", &filter)
}

fn class_of(class: Option<&TransitionStorageClass>) -> Result<&str> {
    let known = class.map(TransitionStorageClass::as_str).filter(|class| CLASSES[1..].contains(class));
    known.ok_or_else(Failure::malformed_xml)
}

fn check_date(date: &Timestamp) -> Result<()> {
    match time::millis(date) {
        Some(at) if at % expiry::DAY == 0 => Ok(()),
        at => Err(invalid("'Date' must be at midnight GMT".into())
            .with("ArgumentName", "Date")
            .with("ArgumentValue", at.map_or_else(String::new, time::iso))),
    }
}

fn twice(filter: &str) -> Failure {
    Failure::invalid_request(format!(
        "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '{filter}'"
    ))
}

fn check_days(moves: &[(&str, i32)], expiration: Option<i32>, element: &str, filter: &str) -> Result<()> {
    for (at, (class, days)) in moves.iter().enumerate() {
        if *days < 0 {
            return Err(invalid(format!("'{element}' for Transition action must be nonnegative")));
        }
        if is_infrequent(class) && *days < MIN_DAYS {
            return Err(invalid(format!(
                "'{element}' in Transition action must be greater than or equal to {MIN_DAYS} for storageClass '{class}'"
            )));
        }
        if moves[..at].iter().any(|(other, _)| other == class) {
            return Err(twice(filter));
        }
        if expiration.is_some_and(|expiration| expiration <= *days) {
            return Err(invalid(format!(
                "'{element}' in the Expiration action for filter '{filter}' must be greater than '{element}' in the Transition \
                 action"
            )));
        }
        let early = |(other, since): &&(&str, i32)| {
            is_infrequent(other) && rank(class) > rank(other) && *days < since.saturating_add(MIN_DAYS)
        };
        if let Some((other, _)) = moves.iter().find(early) {
            return Err(invalid(format!(
                "'{element}' in the '{class}' Transition action for filter '{filter}' must be {MIN_DAYS} days more than \
                 'filter' in the '{other}' Transition action"
            )));
        }
    }
    Ok(())
}

/// Whether an object of its size moves to a class.
fn is_large_enough(filter: &Filter<'_>, object: &Object, class: &str, least: &str) -> bool {
    let free = least == VARIES && matches!(class, "GLACIER" | "DEEP_ARCHIVE");
    filter.is_of_sizes() || free || object.size >= LEAST
}

/// The class that a current object has to be in by now, if it isn't in one as cold: the coldest of those that are due.
pub(super) fn current<'a>(
    configuration: &'a BucketLifecycleConfiguration,
    least: &str,
    object: &Object,
    now: Millis,
) -> Option<&'a str> {
    let due = expiry::enabled(configuration).flat_map(|(rule, _)| {
        let filter = Filter::of(rule);
        let fits = filter.fits(object) && !object.delete_marker;
        rule.transitions.iter().flatten().filter(move |_| fits).filter_map(move |transition| {
            let class = transition.storage_class.as_ref()?.as_str();
            let at = match (transition.days, &transition.date) {
                (Some(days), _) => expiry::after(object.modified, days),
                (None, Some(date)) => time::millis(date)?,
                (None, None) => return None,
            };
            (at <= now && is_large_enough(&filter, object, class, least)).then_some(class)
        })
    });
    colder(object, due)
}

/// As [`current`], of a version that is noncurrent since `since` and before which `newer` noncurrent versions are newer.
pub(super) fn noncurrent<'a>(
    configuration: &'a BucketLifecycleConfiguration,
    least: &str,
    object: &Object,
    (since, newer): (Millis, usize),
    now: Millis,
) -> Option<&'a str> {
    let due = expiry::enabled(configuration).flat_map(|(rule, _)| {
        let filter = Filter::of(rule);
        let fits = filter.fits(object) && !object.delete_marker;
        rule.noncurrent_version_transitions.iter().flatten().filter(move |_| fits).filter_map(move |transition| {
            let class = transition.storage_class.as_ref()?.as_str();
            let kept = transition.newer_noncurrent_versions.and_then(|kept| usize::try_from(kept).ok());
            let at = expiry::after(since, transition.noncurrent_days?);
            let due = newer >= kept.unwrap_or(0) && at <= now;
            (due && is_large_enough(&filter, object, class, least)).then_some(class)
        })
    });
    colder(object, due)
}

fn colder<'a>(object: &Object, due: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let present = rank(object.storage_class.as_deref().unwrap_or("STANDARD"));
    due.filter(|class| rank(class) > present).max_by_key(|class| rank(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::expiry::tests::idle;

    fn to(class: &str, days: i32) -> Transition {
        Transition { date: None, days: Some(days), storage_class: Some(class.to_owned().into()) }
    }

    fn dated(class: &str) -> Transition {
        let date = Timestamp::parse(TimestampFormat::DateTime, "2030-01-01T00:00:00Z").unwrap();
        Transition { date: Some(date), days: None, ..to(class, 0) }
    }

    fn rule(transitions: Vec<Transition>, expiration: Option<i32>) -> LifecycleRule {
        let expiration = expiration.map(|days| LifecycleExpiration { days: Some(days), ..Default::default() });
        LifecycleRule { transitions: Some(transitions), expiration, ..idle("r", LifecycleRuleFilter::default()) }
    }

    #[test]
    fn transitions_are_checked() {
        let said = |transitions, expiration| {
            check(&rule(transitions, expiration)).map_or_else(|failure| failure.message, |()| String::new())
        };
        assert_eq!(said(vec![to("STANDARD_IA", 30), to("GLACIER", 60)], Some(90)), "");
        assert_eq!(said(vec![to("GLACIER", 0)], None), "");
        assert_eq!(said(vec![dated("GLACIER_IR"), dated("GLACIER")], None), "");
        let table = [
            (vec![to("STANDARD_IA", 29)], None, "must be greater than or equal to 30 for storageClass 'STANDARD_IA'"),
            (
                vec![to("GLACIER", 10)],
                Some(10),
                "'Days' in the Expiration action for filter '(prefix=)' must be greater",
            ),
            (vec![to("STANDARD_IA", 30), to("GLACIER", 59)], None, "must be 30 days more than"),
            (vec![to("GLACIER", 1), to("GLACIER", 2)], None, "must be different"),
            (vec![dated("GLACIER"), dated("GLACIER")], None, "must be different"),
            (vec![to("GLACIER", -1)], None, "must be nonnegative"),
            (vec![to("STANDARD", 1)], None, "not well-formed"),
            (vec![Transition { days: None, ..to("GLACIER", 1) }], None, "not well-formed"),
        ];
        for (transitions, expiration, expected) in table {
            let said = said(transitions, expiration);
            assert!(said.contains(expected), "{said} / {expected}");
        }
    }

    #[test]
    fn objects_move_down_and_small_ones_stay() {
        let rules =
            BucketLifecycleConfiguration { rules: vec![rule(vec![to("STANDARD_IA", 30), to("GLACIER", 60)], None)] };
        let object =
            |size, class: Option<&str>| Object { size, storage_class: class.map(str::to_owned), ..Object::new("k", 0) };
        let day = |days: u64| days * expiry::DAY;
        let table = [
            (object(LEAST, None), ALL, 29, None),
            (object(LEAST, None), ALL, 30, Some("STANDARD_IA")),
            (object(LEAST, None), ALL, 60, Some("GLACIER")),
            (object(LEAST, Some("GLACIER")), ALL, 60, None),
            (object(LEAST, Some("DEEP_ARCHIVE")), ALL, 60, None),
            (object(LEAST - 1, None), ALL, 60, None),
            (object(LEAST - 1, None), VARIES, 30, None),
            (object(LEAST - 1, None), VARIES, 60, Some("GLACIER")),
        ];
        for (object, least, days, expected) in table {
            assert_eq!(current(&rules, least, &object, day(days)), expected, "{object:?} {least} {days}");
        }
    }
}
