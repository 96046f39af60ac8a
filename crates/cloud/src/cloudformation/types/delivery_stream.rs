//! `AWS::KinesisFirehose::DeliveryStream`.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{
    Conformed, Field, Properties, Schema, Shape, TAGS, boolean, integer, json as any, list, object, string,
};
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
    // Firehose says what of it can't be had.
    any("DataFormatConversionConfiguration"),
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
    object("DeliveryStreamEncryptionConfigurationInput", &[string("KeyARN"), string("KeyType").required()]).stored(),
    string("DeliveryStreamName").replaces(),
    string("DeliveryStreamType").replaces(),
    object("DirectPutSourceConfiguration", &[integer("ThroughputHintInMBs")]).stored(),
    object("ExtendedS3DestinationConfiguration", EXTENDED_S3),
    object("S3DestinationConfiguration", S3),
    TAGS,
];

/// Other destinations than S3, other sources than puts.
const ABSENT: &[&str] = &[
    "AmazonOpenSearchServerlessDestinationConfiguration",
    "AmazonopensearchserviceDestinationConfiguration",
    "DatabaseSourceConfiguration",
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

    fn conform(&self, properties: &Properties, leave_out: bool) -> Result<Conformed, String> {
        let mut conformed = SCHEMA.conform(properties, leave_out)?;
        if leave_out {
            simplify(&mut conformed);
        }
        Ok(conformed)
    }

    fn stands_in(&self, properties: &Properties) -> Option<String> {
        is_placeholder(properties).then(|| "its destination is not simulated, and there is no such stream".to_owned())
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "DeliveryStreamName").map_or_else(|| work.generated.within(64), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if describe(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let arn = work.arn("firehose", &format!("deliverystream/{name}"));
        if is_placeholder(properties) && work.cx.cloud.placeholders {
            return Ok(Created::new(name, [("Arn", arn.into())]));
        }
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
                Some("CREATING") => tokio::time::sleep(POLL).await,
                Some("CREATING_FAILED") => {
                    return Err(ResourceError::new(format!("the delivery stream {name} could not be created")));
                }
                _ => break,
            }
        }
        Ok(Created::new(name, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        match (is_placeholder(old), is_placeholder(new)) {
            (_, true) if work.cx.cloud.placeholders => return self.delete(work, name, old).await,
            (true, false) => return self.create(work, name, new).await.map(drop),
            _ => {}
        }
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
                Ok(found) if found["DeliveryStreamStatus"] == "DELETING" => tokio::time::sleep(POLL).await,
                _ => return Ok(()),
            }
        }
        Err(ResourceError::new(format!("the delivery stream {name} is still being deleted")))
    }
}

/// Whether a stream is without a destination of this cloud's. It is made with placeholders only.
fn is_placeholder(properties: &Properties) -> bool {
    !properties.contains_key(EXTENDED) && !properties.contains_key(PLAIN)
}

/// Leaves out what Firehose would refuse as not simulated, so that records land as they come.
fn simplify(conformed: &mut Conformed) {
    const TYPE: &str = "DeliveryStreamType";
    let mut gone = Vec::new();
    if conformed.properties.get(TYPE).is_some_and(|kind| kind != "DirectPut") {
        conformed.properties.remove(TYPE);
        gone.push(TYPE.to_owned());
    }
    if let Some(Value::Object(destination)) = conformed.properties.get_mut(EXTENDED) {
        const CONVERSION: &str = "DataFormatConversionConfiguration";
        if destination.get(CONVERSION).is_some_and(|it| !is_false(&it["Enabled"])) {
            destination.remove(CONVERSION);
            gone.push(format!("{EXTENDED}.{CONVERSION}"));
        }
        if destination.get("S3BackupMode").is_some_and(|mode| mode != "Disabled") {
            for member in ["S3BackupConfiguration", "S3BackupMode"] {
                if destination.remove(member).is_some() {
                    gone.push(format!("{EXTENDED}.{member}"));
                }
            }
        }
        let processors = destination.get_mut("ProcessingConfiguration").and_then(|it| it["Processors"].as_array_mut());
        if processors.is_some_and(|all| all.extract_if(.., |it| it["Type"] == "Lambda").count() != 0) {
            gone.push(format!("{EXTENDED}.ProcessingConfiguration.Processors of Type Lambda"));
        }
    }
    conformed.left_out.extend(gone);
}

fn is_false(value: &Value) -> bool {
    value == &Value::Bool(false) || value == "false"
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
const POLL: Duration = Duration::from_millis(20);
/// And how many times.
const POLLS: usize = 1_500;

async fn describe(work: &Work<'_>, name: &str) -> Result<Value, wire::AwsError> {
    let found = work.call("firehose", "DescribeDeliveryStream", json!({"DeliveryStreamName": name})).await?;
    Ok(found["DeliveryStreamDescription"].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_firehose_refuses_is_left_out_where_that_is_wanted() {
        let given = json!({
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": "k", "RoleARN": "r"},
            EXTENDED: {
                "BucketARN": "b",
                "RoleARN": "r",
                "DataFormatConversionConfiguration": {"SchemaConfiguration": {}},
                "S3BackupMode": "Enabled",
                "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Lambda"}, {"Type": "AppendDelimiterToRecord"}]},
            },
        });
        let conformed = DeliveryStream.conform(given.as_object().unwrap(), true).unwrap();
        assert_eq!(
            Value::Object(conformed.properties),
            json!({EXTENDED: {
                "BucketARN": "b",
                "RoleARN": "r",
                "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "AppendDelimiterToRecord"}]},
            }})
        );
        assert_eq!(conformed.left_out.len(), 5, "{:?}", conformed.left_out);
        let refused = DeliveryStream.conform(given.as_object().unwrap(), false).unwrap_err();
        assert!(refused.contains("#/KinesisStreamSourceConfiguration: AWS has this property"), "{refused}");
    }

    #[test]
    fn a_stream_to_elsewhere_is_a_placeholder() {
        let given = json!({"SplunkDestinationConfiguration": {}});
        let conformed = DeliveryStream.conform(given.as_object().unwrap(), true).unwrap();
        assert!(DeliveryStream.stands_in(&conformed.properties).is_some());
    }
}
