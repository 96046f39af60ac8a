//! The properties of `AWS::S3::Bucket` that are settings of the bucket, in S3's shapes.

use serde_json::{Map, Value, json};

use super::bucket_kept as kept;
use super::bucket_read::{Malformed, Result, date, list, number, object, required, tag, text, texts};
use crate::s3::{Failure, Setting, SettingName, dto};
use wire::AwsError;

/// A property that is a setting of the bucket.
pub(super) struct SettingProperty {
    /// E.g. `CorsConfiguration`.
    pub name: &'static str,
    read: fn(&Value) -> Result<Setting>,
    gone: Gone,
}

/// What happens to a setting when its property goes.
enum Gone {
    /// The bucket loses it.
    Cleared(SettingName),
    /// A bucket can't be without it: it becomes as little as possible, here as the property would declare it.
    Least(fn() -> Value),
}

/// What a bucket is to be set to, or which of its settings it is to lose.
pub(super) enum SettingChange {
    Put(Setting),
    Clear(SettingName),
}

/// In the order in which they are set: a lock needs versioning.
pub(super) static SETTINGS: &[SettingProperty] = &[
    SettingProperty { name: "OwnershipControls", read: ownership, gone: Gone::Cleared(SettingName::Ownership) },
    SettingProperty {
        name: "PublicAccessBlockConfiguration",
        read: public_access,
        gone: Gone::Cleared(SettingName::PublicAccess),
    },
    SettingProperty { name: "BucketEncryption", read: encryption, gone: Gone::Cleared(SettingName::Encryption) },
    SettingProperty {
        name: "VersioningConfiguration",
        read: versioning,
        gone: Gone::Least(|| json!({"Status": "Suspended"})),
    },
    SettingProperty {
        name: "ObjectLockConfiguration",
        read: object_lock,
        gone: Gone::Least(|| json!({"ObjectLockEnabled": "Enabled"})),
    },
    SettingProperty { name: "CorsConfiguration", read: cors, gone: Gone::Cleared(SettingName::Cors) },
    SettingProperty { name: "WebsiteConfiguration", read: website, gone: Gone::Cleared(SettingName::Website) },
    SettingProperty { name: "LifecycleConfiguration", read: lifecycle, gone: Gone::Cleared(SettingName::Lifecycle) },
    SettingProperty { name: "NotificationConfiguration", read: notification, gone: Gone::Least(|| json!({})) },
    SettingProperty {
        name: "AccelerateConfiguration",
        read: kept::acceleration,
        gone: Gone::Least(|| json!({"AccelerationStatus": "Suspended"})),
    },
    SettingProperty { name: "LoggingConfiguration", read: kept::logging, gone: Gone::Least(|| Value::Null) },
    SettingProperty {
        name: "ReplicationConfiguration",
        read: kept::replication,
        gone: Gone::Cleared(SettingName::Replication),
    },
    SettingProperty { name: "AnalyticsConfigurations", read: kept::analytics, gone: Gone::Least(|| json!([])) },
    SettingProperty { name: "InventoryConfigurations", read: kept::inventory, gone: Gone::Least(|| json!([])) },
    SettingProperty { name: "MetricsConfigurations", read: kept::metrics, gone: Gone::Least(|| json!([])) },
    SettingProperty { name: "IntelligentTieringConfigurations", read: kept::tiering, gone: Gone::Least(|| json!([])) },
];

impl SettingProperty {
    /// What brings the setting from the property's old value to its new one, if they differ.
    ///
    /// # Errors
    /// S3's `MalformedXML` for a value that S3 couldn't read.
    pub(super) fn change(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> std::result::Result<Option<SettingChange>, AwsError> {
        let put = |value: &Value| match (self.read)(value) {
            Ok(setting) => Ok(Some(SettingChange::Put(setting))),
            Err(Malformed) => Err(Failure::malformed_xml().into()),
        };
        match (old, new, &self.gone) {
            (old, Some(new), _) if old != Some(new) => put(new),
            (Some(_), None, Gone::Cleared(name)) => Ok(Some(SettingChange::Clear(*name))),
            (Some(_), None, Gone::Least(value)) => put(&value()),
            _ => Ok(None),
        }
    }
}

/// The tags of a bucket, by key.
pub(super) fn tags(tags: &Map<String, Value>) -> Setting {
    let tag = |(key, value): (&String, &Value)| dto::Tag {
        key: Some(key.clone()),
        value: Some(value.as_str().unwrap_or_default().to_owned()),
    };
    Setting::Tags(dto::Tagging { tag_set: tags.iter().map(tag).collect() })
}

fn ownership(value: &Value) -> Result<Setting> {
    let rule = |rule: &Value| Ok(dto::OwnershipControlsRule { object_ownership: required(rule, "ObjectOwnership")? });
    let rules = list(value, "Rules", rule)?.ok_or(Malformed)?;
    Ok(Setting::Ownership(dto::OwnershipControls { rules }))
}

fn public_access(value: &Value) -> Result<Setting> {
    Ok(Setting::PublicAccess(dto::PublicAccessBlockConfiguration {
        block_public_acls: value["BlockPublicAcls"].as_bool(),
        block_public_policy: value["BlockPublicPolicy"].as_bool(),
        ignore_public_acls: value["IgnorePublicAcls"].as_bool(),
        restrict_public_buckets: value["RestrictPublicBuckets"].as_bool(),
    }))
}

fn encryption(value: &Value) -> Result<Setting> {
    let by_default = |default: &Value| {
        Ok(dto::ServerSideEncryptionByDefault {
            kms_master_key_id: text(default, "KMSMasterKeyID"),
            sse_algorithm: required(default, "SSEAlgorithm")?,
        })
    };
    let rule = |rule: &Value| {
        Ok(dto::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: object(rule, "ServerSideEncryptionByDefault", by_default)?,
            bucket_key_enabled: rule["BucketKeyEnabled"].as_bool(),
        })
    };
    let rules = list(value, "ServerSideEncryptionConfiguration", rule)?.ok_or(Malformed)?;
    Ok(Setting::Encryption(dto::ServerSideEncryptionConfiguration { rules }))
}

fn versioning(value: &Value) -> Result<Setting> {
    Ok(Setting::Versioning(dto::VersioningConfiguration { status: text(value, "Status"), ..Default::default() }))
}

fn object_lock(value: &Value) -> Result<Setting> {
    let retention = |retention: &Value| {
        Ok(dto::DefaultRetention {
            days: number(retention, "Days")?,
            mode: text(retention, "Mode"),
            years: number(retention, "Years")?,
        })
    };
    let rule =
        |rule: &Value| Ok(dto::ObjectLockRule { default_retention: object(rule, "DefaultRetention", retention)? });
    Ok(Setting::ObjectLock(dto::ObjectLockConfiguration {
        object_lock_enabled: text(value, "ObjectLockEnabled"),
        rule: object(value, "Rule", rule)?,
    }))
}

fn cors(value: &Value) -> Result<Setting> {
    let rule = |rule: &Value| {
        Ok(dto::CORSRule {
            allowed_headers: texts(rule, "AllowedHeaders")?,
            allowed_methods: texts(rule, "AllowedMethods")?.ok_or(Malformed)?,
            allowed_origins: texts(rule, "AllowedOrigins")?.ok_or(Malformed)?,
            expose_headers: texts(rule, "ExposedHeaders")?,
            id: text(rule, "Id"),
            max_age_seconds: number(rule, "MaxAge")?,
        })
    };
    let cors_rules = list(value, "CorsRules", rule)?.ok_or(Malformed)?;
    Ok(Setting::Cors(dto::CORSConfiguration { cors_rules }))
}

fn website(value: &Value) -> Result<Setting> {
    let redirect_all = |redirect: &Value| {
        Ok(dto::RedirectAllRequestsTo {
            host_name: required(redirect, "HostName")?,
            protocol: text(redirect, "Protocol"),
        })
    };
    let routing_rules = value["RoutingRules"].as_array();
    Ok(Setting::Website(dto::WebsiteConfiguration {
        error_document: text(value, "ErrorDocument").map(|key| dto::ErrorDocument { key }),
        index_document: text(value, "IndexDocument").map(|suffix| dto::IndexDocument { suffix }),
        redirect_all_requests_to: object(value, "RedirectAllRequestsTo", redirect_all)?,
        routing_rules: routing_rules.map(|rules| rules.iter().map(routing_rule).collect()).transpose()?,
    }))
}

fn routing_rule(rule: &Value) -> Result<dto::RoutingRule> {
    let condition = |condition: &Value| {
        Ok(dto::Condition {
            http_error_code_returned_equals: text(condition, "HttpErrorCodeReturnedEquals"),
            key_prefix_equals: text(condition, "KeyPrefixEquals"),
        })
    };
    let redirect = |redirect: &Value| {
        Ok(dto::Redirect {
            host_name: text(redirect, "HostName"),
            http_redirect_code: text(redirect, "HttpRedirectCode"),
            protocol: text(redirect, "Protocol"),
            replace_key_prefix_with: text(redirect, "ReplaceKeyPrefixWith"),
            replace_key_with: text(redirect, "ReplaceKeyWith"),
        })
    };
    Ok(dto::RoutingRule {
        condition: object(rule, "RoutingRuleCondition", condition)?,
        redirect: object(rule, "RedirectRule", redirect)?.ok_or(Malformed)?,
    })
}

fn lifecycle(value: &Value) -> Result<Setting> {
    let rules = list(value, "Rules", lifecycle_rule)?.ok_or(Malformed)?;
    let configuration = dto::BucketLifecycleConfiguration { rules };
    Ok(match text(value, "TransitionDefaultMinimumObjectSize") {
        None => Setting::Lifecycle(configuration),
        Some(least) => Setting::LifecycleAnd(configuration, least),
    })
}

/// What moves objects to another storage class: one, as it was said at first, and those of a list.
fn moves<T>(rule: &Value, [one, several]: [&str; 2], read: fn(&Value) -> Result<T>) -> Result<Option<Vec<T>>> {
    let mut all: Vec<T> = object(rule, one, read)?.into_iter().collect();
    all.extend(list(rule, several, read)?.into_iter().flatten());
    Ok(Some(all).filter(|all| !all.is_empty()))
}

fn transition(given: &Value) -> Result<dto::Transition> {
    Ok(dto::Transition {
        date: date(given, "TransitionDate")?,
        days: number(given, "TransitionInDays")?,
        storage_class: text(given, "StorageClass"),
    })
}

fn later(given: &Value) -> Result<dto::NoncurrentVersionTransition> {
    Ok(dto::NoncurrentVersionTransition {
        newer_noncurrent_versions: number(given, "NewerNoncurrentVersions")?,
        noncurrent_days: number(given, "TransitionInDays")?,
        storage_class: text(given, "StorageClass"),
    })
}

fn lifecycle_rule(rule: &Value) -> Result<dto::LifecycleRule> {
    let abort = |abort: &Value| {
        Ok(dto::AbortIncompleteMultipartUpload { days_after_initiation: number(abort, "DaysAfterInitiation")? })
    };
    let noncurrent = |noncurrent: &Value| {
        Ok(dto::NoncurrentVersionExpiration {
            newer_noncurrent_versions: number(noncurrent, "NewerNoncurrentVersions")?,
            noncurrent_days: number(noncurrent, "NoncurrentDays")?,
        })
    };
    let expiration = dto::LifecycleExpiration {
        date: date(rule, "ExpirationDate")?,
        days: number(rule, "ExpirationInDays")?,
        expired_object_delete_marker: rule["ExpiredObjectDeleteMarker"].as_bool(),
    };
    // The older way to say the same, which takes precedence.
    let noncurrent_days = number(rule, "NoncurrentVersionExpirationInDays")?
        .map(|days| dto::NoncurrentVersionExpiration { noncurrent_days: Some(days), ..Default::default() });
    Ok(dto::LifecycleRule {
        abort_incomplete_multipart_upload: object(rule, "AbortIncompleteMultipartUpload", abort)?,
        expiration: Some(expiration).filter(|expiration| *expiration != dto::LifecycleExpiration::default()),
        filter: Some(lifecycle_filter(rule)?),
        id: text(rule, "Id"),
        noncurrent_version_expiration: match noncurrent_days {
            Some(expiration) => Some(expiration),
            None => object(rule, "NoncurrentVersionExpiration", noncurrent)?,
        },
        noncurrent_version_transitions: moves(
            rule,
            ["NoncurrentVersionTransition", "NoncurrentVersionTransitions"],
            later,
        )?,
        prefix: None,
        status: required(rule, "Status")?,
        transitions: moves(rule, ["Transition", "Transitions"], transition)?,
    })
}

/// One condition stands alone, several within `And`; without any, the rule is for every object.
fn lifecycle_filter(rule: &Value) -> Result<dto::LifecycleRuleFilter> {
    let all = dto::LifecycleRuleAndOperator {
        object_size_greater_than: number(rule, "ObjectSizeGreaterThan")?,
        object_size_less_than: number(rule, "ObjectSizeLessThan")?,
        prefix: text(rule, "Prefix"),
        tags: list(rule, "TagFilters", tag)?,
    };
    let conditions = usize::from(all.object_size_greater_than.is_some())
        + usize::from(all.object_size_less_than.is_some())
        + usize::from(all.prefix.is_some())
        + all.tags.as_ref().map_or(0, Vec::len);
    Ok(match conditions {
        0 => dto::LifecycleRuleFilter { prefix: Some(String::new()), ..Default::default() },
        1 => dto::LifecycleRuleFilter {
            and: None,
            object_size_greater_than: all.object_size_greater_than,
            object_size_less_than: all.object_size_less_than,
            prefix: all.prefix,
            tag: all.tags.and_then(|mut tags| tags.pop()),
        },
        _ => dto::LifecycleRuleFilter { and: Some(all), ..Default::default() },
    })
}

fn notification(value: &Value) -> Result<Setting> {
    let queue = |given: &Value| {
        Ok(dto::QueueConfiguration {
            events: vec![required(given, "Event")?],
            filter: object(given, "Filter", notification_filter)?,
            id: None,
            queue_arn: required(given, "Queue")?,
        })
    };
    let topic = |given: &Value| {
        Ok(dto::TopicConfiguration {
            events: vec![required(given, "Event")?],
            filter: object(given, "Filter", notification_filter)?,
            id: None,
            topic_arn: required(given, "Topic")?,
        })
    };
    Ok(Setting::Notification {
        configuration: dto::NotificationConfiguration {
            queue_configurations: list(value, "QueueConfigurations", queue)?,
            topic_configurations: list(value, "TopicConfigurations", topic)?,
            ..Default::default()
        },
        skip_validation: false,
    })
}

fn notification_filter(filter: &Value) -> Result<dto::NotificationConfigurationFilter> {
    let rule = |rule: &Value| Ok(dto::FilterRule { name: text(rule, "Name"), value: text(rule, "Value") });
    let filter_rules = list(&filter["S3Key"], "Rules", rule)?;
    Ok(dto::NotificationConfigurationFilter { key: Some(dto::S3KeyFilter { filter_rules }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_take_s3s_form() {
        let Ok(Setting::Ownership(controls)) =
            ownership(&json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}))
        else {
            panic!("no ownership controls");
        };
        assert_eq!(controls.rules[0].object_ownership.as_str(), "BucketOwnerEnforced");
        let given = json!({"QueueConfigurations": [
            {"Event": "s3:ObjectCreated:*", "Queue": "q", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "a"}]}}}
        ]});
        let Ok(Setting::Notification { configuration, .. }) = notification(&given) else { panic!("no notification") };
        assert_eq!(
            json!(configuration.queue_configurations),
            json!([{
                "events": ["s3:ObjectCreated:*"],
                "filter": {"key": {"filter_rules": [{"name": "prefix", "value": "a"}]}},
                "id": null,
                "queue_arn": "q",
            }])
        );
        let given = json!({"CorsRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["<a>"], "MaxAge": 5}]});
        let Ok(Setting::Cors(cors)) = cors(&given) else { panic!("no CORS") };
        assert_eq!(
            json!(cors.cors_rules),
            json!([{
                "allowed_headers": null,
                "allowed_methods": ["GET", "PUT"],
                "allowed_origins": ["<a>"],
                "expose_headers": null,
                "id": null,
                "max_age_seconds": 5,
            }])
        );
    }

    #[test]
    fn lifecycle_rules_take_s3s_form() {
        let given = json!({"Rules": [
            {"Status": "Enabled", "ExpirationInDays": 1},
            {"Status": "Enabled", "Id": "x", "Prefix": "a/", "NoncurrentVersionExpirationInDays": 2,
             "TagFilters": [{"Key": "k", "Value": "v"}],
             "Transition": {"StorageClass": "STANDARD_IA", "TransitionInDays": 30},
             "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": "60"}],
             "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "TransitionInDays": 7}]},
        ]});
        let Ok(Setting::Lifecycle(lifecycle)) = lifecycle(&given) else { panic!("no lifecycle") };
        let rules = json!(lifecycle.rules);
        for (path, expected) in [
            ("/0/expiration/days", json!(1)),
            ("/0/filter/prefix", json!("")),
            ("/0/noncurrent_version_expiration", Value::Null),
            ("/0/transitions", Value::Null),
            ("/1/transitions/0/storage_class", json!("STANDARD_IA")),
            ("/1/transitions/0/days", json!(30)),
            ("/1/transitions/1/storage_class", json!("GLACIER")),
            ("/1/noncurrent_version_transitions/0/noncurrent_days", json!(7)),
            ("/1/expiration", Value::Null),
            ("/1/filter/and/prefix", json!("a/")),
            ("/1/filter/and/tags", json!([{"key": "k", "value": "v"}])),
            ("/1/noncurrent_version_expiration/noncurrent_days", json!(2)),
        ] {
            assert_eq!(rules.pointer(path), Some(&expected), "{path}");
        }
    }

    #[test]
    fn what_s3_could_not_read_is_malformed() {
        for (read, value) in [
            (cors as fn(&Value) -> Result<Setting>, json!({"CorsRules": []})),
            (cors, json!({"CorsRules": [{"AllowedMethods": [], "AllowedOrigins": ["*"]}]})),
            (lifecycle, json!({"Rules": [{"Status": "Enabled", "ExpirationInDays": 3_000_000_000_u32}]})),
            (lifecycle, json!({"Rules": [{"Status": "Enabled", "ObjectSizeLessThan": "many"}]})),
            (lifecycle, json!({"Rules": [{"Status": "Enabled", "ExpirationDate": "soon"}]})),
            (ownership, json!({"Rules": [{}]})),
        ] {
            assert!(read(&value).is_err(), "{value}");
        }
    }
}
