//! When a bucket's lifecycle rules make an object, a version or an upload expire.
//!
//! Source: "Lifecycle configuration elements" and "Expiring objects" (Amazon S3 User Guide).

use s3s::dto::{BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, Tag};

use super::record::{Object, Upload};
use super::time;
use engine::Millis;

/// A day, in milliseconds.
pub(super) const DAY: Millis = 24 * 60 * 60 * 1_000;
/// The last midnight that dates can show: the end of the year 9999.
const LAST: Millis = 253_402_128_000_000;

/// When something expires, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due<'a> {
    pub at: Millis,
    /// The id of the rule.
    pub rule: &'a str,
}

/// What a rule applies to.
pub(super) struct Filter<'a> {
    pub prefix: &'a str,
    tags: Vec<&'a Tag>,
    /// In bytes, exclusive.
    larger: Option<i64>,
    /// In bytes, exclusive.
    smaller: Option<i64>,
}

impl<'a> Filter<'a> {
    /// That of a rule.
    pub(super) fn of(rule: &'a LifecycleRule) -> Self {
        let filter = rule.filter.as_ref();
        let and = filter.and_then(|filter| filter.and.as_ref());
        let prefix = filter.and_then(|f| f.prefix.as_deref()).or(and.and_then(|and| and.prefix.as_deref()));
        let one = filter.and_then(|filter| filter.tag.as_ref());
        Self {
            prefix: prefix.or(rule.prefix.as_deref()).unwrap_or_default(),
            tags: one.into_iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten()).collect(),
            larger: filter
                .and_then(|f| f.object_size_greater_than)
                .or(and.and_then(|and| and.object_size_greater_than)),
            smaller: filter.and_then(|f| f.object_size_less_than).or(and.and_then(|and| and.object_size_less_than)),
        }
    }

    /// Whether it says of sizes.
    pub(super) fn is_of_sizes(&self) -> bool {
        self.larger.is_some() || self.smaller.is_some()
    }

    /// Whether it applies to a version or a delete marker.
    pub(super) fn fits(&self, object: &Object) -> bool {
        let size = i64::try_from(object.size).unwrap_or(i64::MAX);
        let sized = self.is_of_sizes();
        object.key.starts_with(self.prefix)
            && !(object.delete_marker && sized)
            && self.larger.is_none_or(|least| size > least)
            && self.smaller.is_none_or(|most| size < most)
            && self.tags.iter().all(|tag| {
                let has = |(key, value): &(String, String)| {
                    Some(key) == tag.key.as_ref() && Some(value) == tag.value.as_ref()
                };
                object.tags.iter().any(has)
            })
    }
}

/// The moment so many days after `from`, rounded up to midnight UTC.
pub(super) fn after(from: Millis, days: i32) -> Millis {
    let days = Millis::try_from(days).unwrap_or_default();
    ((from + days * DAY).div_ceil(DAY) * DAY).min(LAST)
}

/// The rules that are obeyed, with their ids.
pub(super) fn enabled(configuration: &BucketLifecycleConfiguration) -> impl Iterator<Item = (&LifecycleRule, &str)> {
    let rules = configuration.rules.iter().filter(|rule| rule.status.as_str() == ExpirationStatus::ENABLED);
    rules.map(|rule| (rule, rule.id.as_deref().unwrap_or_default()))
}

/// When a current version expires: the earliest of the rules counts. Of a delete marker: when it is old enough to go,
/// if it is the last of its key.
pub(super) fn current<'a>(configuration: &'a BucketLifecycleConfiguration, object: &Object) -> Option<Due<'a>> {
    let due = enabled(configuration).filter_map(|(rule, id)| {
        let expiration = rule.expiration.as_ref().filter(|_| Filter::of(rule).fits(object))?;
        let at = match (expiration.days, &expiration.date) {
            (Some(days), _) => after(object.modified, days),
            (None, Some(date)) => time::millis(date)?,
            (None, None) if object.delete_marker => {
                expiration.expired_object_delete_marker.filter(|on| *on).map(|_| object.modified)?
            }
            (None, None) => return None,
        };
        Some(Due { at, rule: id })
    });
    due.min_by_key(|due| due.at)
}

/// When a version expires that is noncurrent since `since`, and before which `newer` noncurrent versions are newer.
pub(super) fn noncurrent(
    configuration: &BucketLifecycleConfiguration,
    object: &Object,
    since: Millis,
    newer: usize,
) -> Option<Millis> {
    let due = enabled(configuration).filter_map(|(rule, _)| {
        let expiration = rule.noncurrent_version_expiration.as_ref().filter(|_| Filter::of(rule).fits(object))?;
        let kept = expiration.newer_noncurrent_versions.and_then(|kept| usize::try_from(kept).ok());
        (newer >= kept.unwrap_or(0)).then_some(after(since, expiration.noncurrent_days?))
    });
    due.min()
}

/// When an upload that isn't completed is aborted.
pub(super) fn upload<'a>(configuration: &'a BucketLifecycleConfiguration, upload: &Upload) -> Option<Due<'a>> {
    let due = enabled(configuration).filter_map(|(rule, id)| {
        let days = rule.abort_incomplete_multipart_upload.as_ref()?.days_after_initiation?;
        let fits = upload.key.starts_with(Filter::of(rule).prefix);
        fits.then_some(Due { at: after(upload.initiated, days), rule: id })
    });
    due.min_by_key(|due| due.at)
}

#[cfg(test)]
pub(super) mod tests {
    use s3s::dto::{LifecycleExpiration, LifecycleRuleAndOperator, LifecycleRuleFilter};

    use super::*;

    /// 2014-01-15T10:30:00Z, of AWS's own example.
    const CREATED: Millis = 1_389_781_800_000;

    /// A rule that does nothing yet.
    pub(crate) fn idle(id: &str, filter: LifecycleRuleFilter) -> LifecycleRule {
        LifecycleRule {
            abort_incomplete_multipart_upload: None,
            expiration: None,
            filter: Some(filter),
            id: Some(id.into()),
            noncurrent_version_expiration: None,
            noncurrent_version_transitions: None,
            prefix: None,
            status: ExpirationStatus::from_static(ExpirationStatus::ENABLED),
            transitions: None,
        }
    }

    fn rule(id: &str, filter: LifecycleRuleFilter, days: i32) -> LifecycleRule {
        let expiration = LifecycleExpiration { days: Some(days), ..Default::default() };
        LifecycleRule { expiration: Some(expiration), ..idle(id, filter) }
    }

    fn object(key: &str, size: u64, tags: &[(&str, &str)]) -> Object {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Object { size, tags, ..Object::new(key, CREATED) }
    }

    #[test]
    fn days_end_at_the_next_midnight() {
        // "Lifecycle rules: Based on an object's age": created 1/15/2014 10:30 AM UTC, 3 days, 1/19/2014 00:00 UTC.
        assert_eq!(time::iso(after(CREATED, 3)), "2014-01-19T00:00:00.000Z");
        assert_eq!(time::iso(after(CREATED, i32::MAX)), "9999-12-30T00:00:00.000Z");
    }

    #[test]
    fn the_earliest_rule_that_fits_counts() {
        let tag = |key: &str| Tag { key: Some(key.into()), value: Some("1".into()) };
        let and = LifecycleRuleAndOperator {
            prefix: Some("a/".into()),
            tags: Some(vec![tag("x"), tag("y")]),
            ..Default::default()
        };
        let mut off = rule("off", LifecycleRuleFilter::default(), 1);
        off.status = ExpirationStatus::from_static(ExpirationStatus::DISABLED);
        let configuration = BucketLifecycleConfiguration {
            rules: vec![
                off,
                rule("prefix", LifecycleRuleFilter { prefix: Some("a/".into()), ..Default::default() }, 5),
                rule("tags", LifecycleRuleFilter { and: Some(and), ..Default::default() }, 3),
                rule("large", LifecycleRuleFilter { object_size_greater_than: Some(10), ..Default::default() }, 4),
                rule("small", LifecycleRuleFilter { object_size_less_than: Some(2), ..Default::default() }, 2),
            ],
        };
        let cases: [(Object, Option<&str>); 6] = [
            (object("b", 5, &[]), None),
            (object("a/b", 5, &[]), Some("prefix")),
            (object("a/b", 5, &[("x", "1")]), Some("prefix")),
            (object("a/b", 5, &[("y", "1"), ("x", "1")]), Some("tags")),
            (object("a/b", 11, &[]), Some("large")),
            (object("b", 1, &[]), Some("small")),
        ];
        for (object, expected) in cases {
            assert_eq!(current(&configuration, &object).map(|due| due.rule), expected, "{object:?}");
        }
    }
}
