//! `AWS::KinesisFirehose::DeliveryStream`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, list, object, string};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, tag_changes, tag_list, text};

const BUFFERING: Field = object("BufferingHints", &[integer("IntervalInSeconds"), integer("SizeInMBs")]);
const LOGGING: Field =
    object("CloudWatchLoggingOptions", &[boolean("Enabled"), string("LogGroupName"), string("LogStreamName")]);
const ENCRYPTION: Field = object(
    "EncryptionConfiguration",
    &[object("KMSEncryptionConfig", &[string("AWSKMSKeyARN").required()]), string("NoEncryptionConfig")],
);
const PROCESSING: Field = object(
    "ProcessingConfiguration",
    &[
        boolean("Enabled"),
        list(
            "Processors",
            &Shape::Object(&[
                list(
                    "Parameters",
                    &Shape::Object(&[string("ParameterName").required(), string("ParameterValue").required()]),
                ),
                string("Type").required(),
            ]),
        ),
    ],
);
const S3: &[Field] = &[
    string("BucketARN").required(),
    BUFFERING,
    LOGGING,
    string("CompressionFormat"),
    ENCRYPTION,
    string("ErrorOutputPrefix"),
    string("Prefix"),
    string("RoleARN").required(),
];
const EXTENDED_S3: &[Field] = &[
    string("BucketARN").required(),
    BUFFERING,
    LOGGING,
    string("CompressionFormat"),
    string("CustomTimeZone"),
    object(
        "DynamicPartitioningConfiguration",
        &[boolean("Enabled"), object("RetryOptions", &[integer("DurationInSeconds")])],
    ),
    ENCRYPTION,
    string("ErrorOutputPrefix"),
    string("FileExtension"),
    string("Prefix"),
    PROCESSING,
    string("RoleARN").required(),
    object("S3BackupConfiguration", S3),
    string("S3BackupMode"),
];

const FIELDS: &[Field] = &[
    object("DeliveryStreamEncryptionConfigurationInput", &[string("KeyARN"), string("KeyType").required()]),
    string("DeliveryStreamName").replaces(),
    string("DeliveryStreamType").replaces(),
    object("ExtendedS3DestinationConfiguration", EXTENDED_S3),
    object("S3DestinationConfiguration", S3),
    TAGS,
];

/// Properties that AWS has and this cloud doesn't.
const ABSENT: &[&str] = &[
    "AmazonOpenSearchServerlessDestinationConfiguration",
    "AmazonopensearchserviceDestinationConfiguration",
    "DatabaseSourceConfiguration",
    "DirectPutSourceConfiguration",
    "ElasticsearchDestinationConfiguration",
    "HttpEndpointDestinationConfiguration",
    "IcebergDestinationConfiguration",
    "KinesisStreamSourceConfiguration",
    "MSKSourceConfiguration",
    "RedshiftDestinationConfiguration",
    "SnowflakeDestinationConfiguration",
    "SplunkDestinationConfiguration",
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::KinesisFirehose::DeliveryStream",
    fields: FIELDS,
    absent: ABSENT,
    attributes: &["Arn"],
    identifiers: &["DeliveryStreamName"],
};

/// `AWS::KinesisFirehose::DeliveryStream`.
pub(super) struct DeliveryStream;

#[async_trait]
impl ResourceType for DeliveryStream {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "DeliveryStreamName").map_or_else(|| work.generated.within(64), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if describe(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let arn = work.arn("firehose", &format!("deliverystream/{name}"));
        if describe(work, name).await.is_err() {
            let mut input = Map::from_iter([("DeliveryStreamName".to_owned(), name.into())]);
            for property in ["DeliveryStreamType", "DeliveryStreamEncryptionConfigurationInput", EXTENDED, PLAIN] {
                if let Some(value) = properties.get(property) {
                    input.insert(property.to_owned(), value.clone());
                }
            }
            let tags = work.all_tags(properties);
            if !tags.is_empty() {
                input.insert("Tags".into(), tag_list(&tags));
            }
            work.call("firehose", "CreateDeliveryStream", input.into()).await?;
        }
        for _ in 0..POLLS {
            match describe(work, name).await?["DeliveryStreamStatus"].as_str() {
                Some("CREATING") => pause(work).await,
                Some("CREATING_FAILED") => {
                    return Err(ResourceError::new(format!("the delivery stream {name} could not be created")));
                }
                _ => break,
            }
        }
        Ok(Created::new(name, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        for (property, update) in [(EXTENDED, "ExtendedS3DestinationUpdate"), (PLAIN, "S3DestinationUpdate")] {
            let Some(Value::Object(wanted)) = new.get(property) else { continue };
            if old.get(property) == new.get(property) {
                continue;
            }
            let mut change = defaults(property);
            for (member, value) in wanted {
                // The update's member for it has another name.
                let member = if member == "S3BackupConfiguration" { "S3BackupUpdate" } else { member };
                change.insert(member.to_owned(), value.clone());
            }
            let now = describe(work, name).await?;
            let input = json!({
                "DeliveryStreamName": name,
                "CurrentDeliveryStreamVersionId": now["VersionId"],
                "DestinationId": now["Destinations"][0]["DestinationId"],
                update: change,
            });
            work.call("firehose", "UpdateDestination", input).await?;
        }
        const ENCRYPTION_INPUT: &str = "DeliveryStreamEncryptionConfigurationInput";
        match (old.get(ENCRYPTION_INPUT), new.get(ENCRYPTION_INPUT)) {
            (before, Some(after)) if before != Some(after) => {
                let input = json!({"DeliveryStreamName": name, ENCRYPTION_INPUT: after});
                work.call("firehose", "StartDeliveryStreamEncryption", input).await?;
            }
            (Some(_), None) => {
                let input = json!({"DeliveryStreamName": name});
                work.call("firehose", "StopDeliveryStreamEncryption", input).await?;
            }
            _ => {}
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            let input = json!({"DeliveryStreamName": name, "TagKeys": gone});
            work.call("firehose", "UntagDeliveryStream", input).await?;
        }
        if !set.is_empty() {
            let input = json!({"DeliveryStreamName": name, "Tags": tag_list(&set)});
            work.call("firehose", "TagDeliveryStream", input).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        let gone = &["ResourceNotFoundException"];
        work.call_unless_gone("firehose", "DeleteDeliveryStream", json!({"DeliveryStreamName": name}), gone).await?;
        for _ in 0..POLLS {
            match describe(work, name).await {
                Ok(found) if found["DeliveryStreamStatus"] == "DELETING" => pause(work).await,
                _ => return Ok(()),
            }
        }
        Err(ResourceError::new(format!("the delivery stream {name} is still being deleted")))
    }
}

/// What an update says for a member that the template no longer has: UpdateDestination keeps what it isn't told.
fn defaults(destination: &str) -> Map<String, Value> {
    let mut defaults = json!({
        "Prefix": "",
        "ErrorOutputPrefix": "",
        "CompressionFormat": "UNCOMPRESSED",
        "BufferingHints": {"IntervalInSeconds": 300, "SizeInMBs": 5},
        "CloudWatchLoggingOptions": {"Enabled": false},
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    });
    if destination == EXTENDED {
        defaults["ProcessingConfiguration"] = json!({"Enabled": false});
        defaults["FileExtension"] = "".into();
        defaults["CustomTimeZone"] = "UTC".into();
        defaults["S3BackupMode"] = "Disabled".into();
    }
    match defaults {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

const EXTENDED: &str = "ExtendedS3DestinationConfiguration";
const PLAIN: &str = "S3DestinationConfiguration";
/// How often a stream's state is asked for while it is made or deleted.
const POLL_MILLIS: u64 = 20;
/// And how many times.
const POLLS: usize = 1_500;

async fn describe(work: &Work<'_>, name: &str) -> Result<Value, wire::AwsError> {
    let found = work.call("firehose", "DescribeDeliveryStream", json!({"DeliveryStreamName": name})).await?;
    Ok(found["DeliveryStreamDescription"].clone())
}

async fn pause(work: &Work<'_>) {
    let core = &work.cx.cloud.core;
    core.clock().sleep_until(core.now() + POLL_MILLIS).await;
}
