//! `AWS::S3::Bucket`.

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value};

use super::bucket_xml;
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, list, object, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, text};

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

/// The configurations, in the order in which they are set: a lock needs versioning.
const CONFIGURATIONS: &[&str] = &[
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "BucketEncryption",
    "VersioningConfiguration",
    "ObjectLockConfiguration",
    "CorsConfiguration",
    "WebsiteConfiguration",
    "LifecycleConfiguration",
    "NotificationConfiguration",
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::S3::Bucket",
    fields: FIELDS,
    absent: ABSENT,
    attributes: &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"],
    identifiers: &["BucketName"],
};

/// `AWS::S3::Bucket`.
pub struct Bucket;

#[async_trait]
impl ResourceType for Bucket {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "BucketName").map_or_else(|| work.generated.within(63).to_ascii_lowercase(), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if found(work, name).await { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if !found(work, name).await {
            let locked = properties.get("ObjectLockEnabled") == Some(&Value::Bool(true));
            let headers: &[(&str, &str)] = if locked { &[("x-amz-bucket-object-lock-enabled", "true")] } else { &[] };
            work.s3(Method::PUT, name, "", headers, bucket_xml::location(&work.cx.region)).await?;
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
        match work.s3(Method::DELETE, name, "", &[], String::new()).await {
            Ok(_) => Ok(()),
            Err(error) if error.code == "NoSuchBucket" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn found(work: &Work<'_>, name: &str) -> bool {
    work.s3(Method::HEAD, name, "", &[], String::new()).await.is_ok()
}

/// Brings every configuration and the tags from the old properties to the new.
async fn configure(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    for property in CONFIGURATIONS {
        match (old.get(*property), new.get(*property)) {
            (before, Some(after)) if before != Some(after) => {
                if let Some((query, xml)) = bucket_xml::configuration(property, after) {
                    work.s3(Method::PUT, name, query, &[], xml).await?;
                }
            }
            (Some(before), None) => remove(work, name, property, before).await?,
            _ => {}
        }
    }
    let (before, after) = (work.all_tags_before(old), work.all_tags(new));
    if after.is_empty() && !before.is_empty() {
        work.s3(Method::DELETE, name, "tagging", &[], String::new()).await?;
    } else if before != after {
        work.s3(Method::PUT, name, "tagging", &[], bucket_xml::tagging(&after)).await?;
    }
    Ok(())
}

/// What a configuration becomes when its property goes: deleted; or, where it can't be, the least there is.
async fn remove(work: &Work<'_>, name: &str, property: &str, before: &Value) -> ResourceResult<()> {
    let least = match property {
        "VersioningConfiguration" => Some(serde_json::json!({"Status": "Suspended"})),
        "ObjectLockConfiguration" => Some(serde_json::json!({"ObjectLockEnabled": "Enabled"})),
        "NotificationConfiguration" => Some(serde_json::json!({})),
        _ => None,
    };
    if let Some(least) = least {
        if let Some((query, xml)) = bucket_xml::configuration(property, &least) {
            work.s3(Method::PUT, name, query, &[], xml).await?;
        }
    } else if let Some((query, _)) = bucket_xml::configuration(property, before) {
        work.s3(Method::DELETE, name, query, &[], String::new()).await?;
    }
    Ok(())
}
