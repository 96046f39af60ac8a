//! `AWS::S3::Bucket`.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::bucket_settings::{self, SETTINGS, SettingChange};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, list, object, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, text};
use crate::s3::{Buckets, SettingName};

const ENCRYPTION_RULE: Shape = Shape::Object(&[
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
/// Transitions are absent: objects don't change their storage class by themselves here.
const LIFECYCLE_RULE: Shape = Shape::Object(&[
    object("AbortIncompleteMultipartUpload", &[integer("DaysAfterInitiation").required()]),
    string("ExpirationDate"),
    integer("ExpirationInDays"),
    boolean("ExpiredObjectDeleteMarker"),
    string("Id"),
    object("NoncurrentVersionExpiration", &[integer("NewerNoncurrentVersions"), integer("NoncurrentDays").required()]),
    integer("NoncurrentVersionExpirationInDays"),
    string("ObjectSizeGreaterThan"),
    string("ObjectSizeLessThan"),
    string("Prefix"),
    string("Status").required(),
    list("TagFilters", &Shape::Object(&[string("Key").required(), string("Value").required()])),
]);
const RETENTION: &[Field] = &[integer("Days"), string("Mode"), integer("Years")];

const FIELDS: &[Field] = &[
    object("BucketEncryption", &[list("ServerSideEncryptionConfiguration", &ENCRYPTION_RULE).required()]),
    string("BucketName").replaces(),
    object("CorsConfiguration", &[list("CorsRules", &CORS_RULE).required()]),
    object("LifecycleConfiguration", &[list("Rules", &LIFECYCLE_RULE).required()]),
    object(
        "NotificationConfiguration",
        &[list("QueueConfigurations", &QUEUE_NOTIFICATION), list("TopicConfigurations", &TOPIC_NOTIFICATION)],
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

/// Properties that AWS has and this cloud doesn't.
const ABSENT: &[&str] = &[
    "AbacStatus",
    "AccelerateConfiguration",
    "AccessControl",
    "AnalyticsConfigurations",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "LoggingConfiguration",
    "MetadataConfiguration",
    "MetadataTableConfiguration",
    "MetricsConfigurations",
    "ReplicationConfiguration",
];

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
        match property.change(old.get(property.name), new.get(property.name))? {
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
