//! `AWS::S3::Bucket`.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::bucket_settings::{self, SETTINGS, SettingChange};
use super::bucket_stored as stored;
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, list, object, refused, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, text};
use crate::s3::{Buckets, Setting, SettingName};
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
    object("NoncurrentVersionTransition", NONCURRENT_TRANSITION),
    list("NoncurrentVersionTransitions", &Shape::Object(NONCURRENT_TRANSITION)),
    string("ObjectSizeGreaterThan"),
    string("ObjectSizeLessThan"),
    string("Prefix"),
    string("Status").required(),
    list("TagFilters", &Shape::Object(&[string("Key").required(), string("Value").required()])),
    object("Transition", TRANSITION),
    list("Transitions", &Shape::Object(TRANSITION)),
]);
const TRANSITION: &[Field] =
    &[string("StorageClass").required(), string("TransitionDate"), integer("TransitionInDays")];
const NONCURRENT_TRANSITION: &[Field] =
    &[integer("NewerNoncurrentVersions"), string("StorageClass").required(), integer("TransitionInDays").required()];
const RETENTION: &[Field] = &[integer("Days"), refused("DefaultEventHold"), string("Mode"), integer("Years")];

const FIELDS: &[Field] = &[
    stored::ABAC,
    stored::ACCELERATION,
    string("AccessControl"),
    stored::ANALYTICS_CONFIGURATIONS,
    object("BucketEncryption", &[list("ServerSideEncryptionConfiguration", &ENCRYPTION_RULE).required()]),
    string("BucketName").replaces(),
    object("CorsConfiguration", &[list("CorsRules", &CORS_RULE).required()]),
    stored::TIERING_CONFIGURATIONS,
    stored::INVENTORY_CONFIGURATIONS,
    object(
        "LifecycleConfiguration",
        &[list("Rules", &LIFECYCLE_RULE).required(), string("TransitionDefaultMinimumObjectSize")],
    ),
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
    stored::REPLICATION,
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

/// Other names than the template's.
const ABSENT: &[&str] = &["BucketNamePrefix", "BucketNamespace"];

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
    // A public list has to be gone before its bucket has none, and comes when it may have some.
    let (was, list) = (list_of(old)?, list_of(new)?);
    if was != list && list == PRIVATE {
        buckets.put(name, Setting::Acl(list)).await?;
    }
    for property in SETTINGS {
        if property.name == AFTER_LIST && was != list && list != PRIVATE {
            buckets.put(name, Setting::Acl(list)).await?;
        }
        let (before, after) = (whole(old, property.name, name), whole(new, property.name, name));
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

/// The list that says what is so without any.
const PRIVATE: &str = "private";
/// The setting before which the list is put: it comes after those that say whether there may be one.
const AFTER_LIST: &str = "BucketEncryption";
/// The lists by their names in templates, and in S3.
const LISTS: [(&str, &str); 8] = [
    ("AuthenticatedRead", "authenticated-read"),
    ("AwsExecRead", "aws-exec-read"),
    ("BucketOwnerFullControl", PRIVATE),
    ("BucketOwnerRead", "bucket-owner-read"),
    ("LogDeliveryWrite", "log-delivery-write"),
    ("Private", PRIVATE),
    ("PublicRead", "public-read"),
    ("PublicReadWrite", "public-read-write"),
];

/// S3's name of the access control list that the properties want.
fn list_of(properties: &Properties) -> ResourceResult<&'static str> {
    let Some(given) = text(properties, "AccessControl") else { return Ok(PRIVATE) };
    match LISTS.iter().find(|(name, _)| *name == given) {
        Some((_, list)) => Ok(list),
        None => Err(AwsError::bad("InvalidRequest", format!("AccessControl {given} is no canned ACL")).into()),
    }
}

/// Refuses an access control list where S3 does: lists are off unless the template gives objects another owner
/// ("Controlling ownership of objects and disabling ACLs for your bucket"). `Private` and `BucketOwnerFullControl` say what is
/// so in any case.
fn check_access_control(properties: &Properties) -> ResourceResult<()> {
    let refuse = |code: &'static str, message: &str| Err(AwsError::bad(code, message).into());
    let list = list_of(properties)?;
    if list == PRIVATE {
        return Ok(());
    }
    let owner =
        properties.get("OwnershipControls").and_then(|controls| controls["Rules"][0]["ObjectOwnership"].as_str());
    if matches!(owner, None | Some("BucketOwnerEnforced")) {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return refuse("InvalidBucketAclWithObjectOwnership", message);
    }
    let block = properties.get("PublicAccessBlockConfiguration");
    let blocked = block.is_none_or(|block| block["BlockPublicAcls"] == true);
    if blocked && matches!(list, "authenticated-read" | "public-read" | "public-read-write") {
        let message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
        return refuse("InvalidBucketAclWithBlockPublicAccessError", message);
    }
    Ok(())
}

/// A property as S3 wants it: logs that have no destination go to the bucket itself ("AWS::S3::Bucket LoggingConfiguration").
fn whole(properties: &Properties, name: &str, bucket: &str) -> Option<Value> {
    let mut value = properties.get(name)?.clone();
    if name == "LoggingConfiguration"
        && let Some(logging) = value.as_object_mut()
    {
        logging.entry("DestinationBucketName").or_insert_with(|| bucket.into());
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
}
