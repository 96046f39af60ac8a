//! `AWS::S3::Bucket`.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::bucket_settings::{self, SETTINGS, SettingChange};
use super::bucket_stored as stored;
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, list, object, refused, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, text};
use crate::s3::{Buckets, SettingName};
use wire::AwsError;

const ENCRYPTION_RULE: Shape = Shape::Object(&[
    stored::BLOCKED_ENCRYPTION,
    boolean("BucketKeyEnabled"),
    object("ServerSideEncryptionByDefault", &[string("KMSMasterKeyID"), string("SSEAlgorithm").required()]),
]);
const CORS_RULE: Shape = Shape::Object(&[
    strings("AllowedHeaders"),
    strings("AllowedMethods").required(),
    strings("AllowedOrigins").required(),
    strings("ExposedHeaders"),
    string("Id"),
    integer("MaxAge"),
]);
const ROUTING_RULE: Shape = Shape::Object(&[
    object(
        "RedirectRule",
        &[
            string("HostName"),
            string("HttpRedirectCode"),
            string("Protocol"),
            string("ReplaceKeyPrefixWith"),
            string("ReplaceKeyWith"),
        ],
    )
    .required(),
    object("RoutingRuleCondition", &[string("HttpErrorCodeReturnedEquals"), string("KeyPrefixEquals")]),
]);
const FILTER: Field = object(
    "Filter",
    &[object(
        "S3Key",
        &[list("Rules", &Shape::Object(&[string("Name").required(), string("Value").required()])).required()],
    )
    .required()],
);
const QUEUE_NOTIFICATION: Shape = Shape::Object(&[string("Event").required(), FILTER, string("Queue").required()]);
const TOPIC_NOTIFICATION: Shape = Shape::Object(&[string("Event").required(), FILTER, string("Topic").required()]);
const LIFECYCLE_RULE: Shape = Shape::Object(&[
    object("AbortIncompleteMultipartUpload", &[integer("DaysAfterInitiation").required()]),
    string("ExpirationDate"),
    integer("ExpirationInDays"),
    boolean("ExpiredObjectDeleteMarker"),
    string("Id"),
    object("NoncurrentVersionExpiration", &[integer("NewerNoncurrentVersions"), integer("NoncurrentDays").required()]),
    integer("NoncurrentVersionExpirationInDays"),
    stored::NONCURRENT_MOVE,
    stored::NONCURRENT_MOVES,
    string("ObjectSizeGreaterThan"),
    string("ObjectSizeLessThan"),
    string("Prefix"),
    string("Status").required(),
    list("TagFilters", &Shape::Object(&[string("Key").required(), string("Value").required()])),
    stored::MOVE,
    stored::MOVES_LIST,
]);
const RETENTION: &[Field] = &[integer("Days"), refused("DefaultEventHold"), string("Mode"), integer("Years")];

const FIELDS: &[Field] = &[
    stored::ABAC,
    stored::ACCELERATION,
    stored::ACCESS_CONTROL,
    stored::ANALYTICS_CONFIGURATIONS,
    object("BucketEncryption", &[list("ServerSideEncryptionConfiguration", &ENCRYPTION_RULE).required()]),
    string("BucketName").replaces(),
    object("CorsConfiguration", &[list("CorsRules", &CORS_RULE).required()]),
    stored::TIERING_CONFIGURATIONS,
    stored::INVENTORY_CONFIGURATIONS,
    object("LifecycleConfiguration", &[list("Rules", &LIFECYCLE_RULE).required(), stored::LEAST_TO_MOVE]),
    stored::LOGGING,
    stored::METADATA,
    stored::METADATA_TABLE,
    stored::METRICS_CONFIGURATIONS,
    object(
        "NotificationConfiguration",
        &[
            stored::EVENT_BRIDGE,
            refused("LambdaConfigurations"),
            list("QueueConfigurations", &QUEUE_NOTIFICATION),
            list("TopicConfigurations", &TOPIC_NOTIFICATION),
        ],
    ),
    object(
        "ObjectLockConfiguration",
        &[string("ObjectLockEnabled"), object("Rule", &[object("DefaultRetention", RETENTION)])],
    ),
    boolean("ObjectLockEnabled").replaces(),
    object("OwnershipControls", &[list("Rules", &Shape::Object(&[string("ObjectOwnership")])).required()]),
    object(
        "PublicAccessBlockConfiguration",
        &[
            boolean("BlockPublicAcls"),
            boolean("BlockPublicPolicy"),
            boolean("IgnorePublicAcls"),
            boolean("RestrictPublicBuckets"),
        ],
    ),
    TAGS,
    object("VersioningConfiguration", &[string("Status").required()]),
    object(
        "WebsiteConfiguration",
        &[
            string("ErrorDocument"),
            string("IndexDocument"),
            object("RedirectAllRequestsTo", &[string("HostName").required(), string("Protocol")]),
            list("RoutingRules", &ROUTING_RULE),
        ],
    ),
];

/// Other names than the template's; copies in other buckets.
const ABSENT: &[&str] = &["BucketNamePrefix", "BucketNamespace", "ReplicationConfiguration"];

static SCHEMA: Schema = Schema {
    type_name: "AWS::S3::Bucket",
    fields: FIELDS,
    absent: ABSENT,
    attributes: &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"],
    identifiers: &["BucketName"],
};

/// `AWS::S3::Bucket`.
pub(super) struct Bucket;

#[async_trait]
impl ResourceType for Bucket {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "BucketName").map_or_else(|| work.generated.within(63).to_ascii_lowercase(), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if Buckets::of(work.cx).has(name) { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        check_access_control(properties)?;
        let buckets = Buckets::of(work.cx);
        if !buckets.has(name) {
            let object_lock = properties.get("ObjectLockEnabled") == Some(&Value::Bool(true));
            buckets.create(name, object_lock).await?;
        }
        configure(work, name, &Map::new(), properties).await?;
        let region = &work.cx.region;
        Ok(Created::new(
            name,
            [
                ("Arn", format!("arn:aws:s3:::{name}").into()),
                ("DomainName", format!("{name}.s3.amazonaws.com").into()),
                ("DualStackDomainName", format!("{name}.s3.dualstack.{region}.amazonaws.com").into()),
                ("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com").into()),
                ("WebsiteURL", format!("http://{name}.s3-website-{region}.amazonaws.com").into()),
            ],
        ))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        check_access_control(new)?;
        configure(work, name, old, new).await
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        match Buckets::of(work.cx).delete(name).await {
            Err(error) if error.code != "NoSuchBucket" => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Brings every setting and the tags from the old properties to the new.
async fn configure(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let buckets = Buckets::of(work.cx);
    for property in SETTINGS {
        let (before, after) = (effective(old, property.name), effective(new, property.name));
        match property.change(before.as_ref(), after.as_ref())? {
            Some(SettingChange::Put(setting)) => buckets.put(name, setting).await?,
            Some(SettingChange::Clear(setting)) => buckets.clear(name, setting).await?,
            None => {}
        }
    }
    let (before, after) = (work.all_tags_before(old), work.all_tags(new));
    if after.is_empty() && !before.is_empty() {
        buckets.clear(name, SettingName::Tags).await?;
    } else if before != after {
        buckets.put(name, bucket_settings::tags(&after)).await?;
    }
    Ok(())
}

/// Refuses an access control list where S3 does: lists are off unless the template gives objects another owner
/// ("Controlling ownership of objects and disabling ACLs for your bucket"). `Private` and `BucketOwnerFullControl` say what is
/// so in any case.
fn check_access_control(properties: &Properties) -> ResourceResult<()> {
    const LISTS: &[&str] =
        &["AuthenticatedRead", "AwsExecRead", "BucketOwnerRead", "LogDeliveryWrite", "PublicRead", "PublicReadWrite"];
    let refuse = |code: &'static str, message: String| Err(AwsError::bad(code, message).into());
    let list = match text(properties, "AccessControl") {
        None | Some("Private" | "BucketOwnerFullControl") => return Ok(()),
        Some(list) if LISTS.contains(&list) => list,
        Some(other) => return refuse("InvalidRequest", format!("AccessControl {other} is no canned ACL")),
    };
    let owner =
        properties.get("OwnershipControls").and_then(|controls| controls["Rules"][0]["ObjectOwnership"].as_str());
    if matches!(owner, None | Some("BucketOwnerEnforced")) {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return refuse("InvalidBucketAclWithObjectOwnership", message.to_owned());
    }
    let block = properties.get("PublicAccessBlockConfiguration");
    let blocked = block.is_none_or(|block| block["BlockPublicAcls"] == true);
    if blocked && matches!(list, "AuthenticatedRead" | "PublicRead" | "PublicReadWrite") {
        let message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
        return refuse("InvalidBucketAclWithBlockPublicAccessError", message.to_owned());
    }
    Ok(())
}

/// A property without the parts that have no effect here, where S3 wouldn't take what is left: lifecycle rules that do no more
/// than move objects to another storage class.
fn effective(properties: &Properties, name: &str) -> Option<Value> {
    const ACTIONS: [&str; 6] = [
        "AbortIncompleteMultipartUpload",
        "ExpirationDate",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionExpirationInDays",
    ];
    let mut value = properties.get(name)?.clone();
    if name == "LifecycleConfiguration"
        && let Some(rules) = value["Rules"].as_array_mut()
    {
        let has = |rule: &Value, members: &[&str]| members.iter().any(|member| rule.get(member).is_some());
        let before = rules.len();
        rules.retain(|rule| has(rule, &ACTIONS) || !has(rule, &stored::MOVES));
        if rules.is_empty() && before != 0 {
            return None;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn properties(value: Value) -> Properties {
        value.as_object().unwrap().clone()
    }

    /// `AccessControl: Private`, which says what is so in any case, took a stack down.
    #[test]
    fn access_control_lists_are_refused_where_s3_refuses_them() {
        let writer = json!({"Rules": [{"ObjectOwnership": "ObjectWriter"}]});
        let open = json!({"BlockPublicAcls": false});
        for (given, code) in [
            (json!({}), None),
            (json!({"AccessControl": "Private"}), None),
            (json!({"AccessControl": "BucketOwnerFullControl"}), None),
            (json!({"AccessControl": "LogDeliveryWrite"}), Some("InvalidBucketAclWithObjectOwnership")),
            (json!({"AccessControl": "PublicRead"}), Some("InvalidBucketAclWithObjectOwnership")),
            (json!({"AccessControl": "LogDeliveryWrite", "OwnershipControls": writer}), None),
            (
                json!({"AccessControl": "PublicRead", "OwnershipControls": writer}),
                Some("InvalidBucketAclWithBlockPublicAccessError"),
            ),
            (
                json!({"AccessControl": "PublicRead", "OwnershipControls": writer, "PublicAccessBlockConfiguration": open}),
                None,
            ),
            (json!({"AccessControl": "private"}), Some("InvalidRequest")),
        ] {
            let found = check_access_control(&properties(given.clone())).err().map(|error| error.reason);
            match code {
                None => assert_eq!(found, None, "{given}"),
                Some(code) => assert!(found.as_ref().is_some_and(|reason| reason.contains(code)), "{given}: {found:?}"),
            }
        }
    }

    #[test]
    fn rules_that_only_move_objects_are_kept_from_s3() {
        let lifecycle = |rules: Value| properties(json!({"LifecycleConfiguration": {"Rules": rules}}));
        let left = |rules| effective(&lifecycle(rules), "LifecycleConfiguration");
        let moves = json!({"Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 1}]});
        let expires = json!({"Status": "Enabled", "ExpirationInDays": 3, "Transition": {"StorageClass": "GLACIER"}});
        assert_eq!(left(json!([moves])), None);
        assert_eq!(left(json!([moves, expires])), Some(json!({"Rules": [expires]})));
        // S3 says what is wrong with these.
        assert_eq!(left(json!([])), Some(json!({"Rules": []})));
        assert_eq!(left(json!([{"Status": "Enabled"}])), Some(json!({"Rules": [{"Status": "Enabled"}]})));
    }
}
