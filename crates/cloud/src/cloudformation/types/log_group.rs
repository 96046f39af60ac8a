//! `AWS::Logs::LogGroup`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, integer, json as any, list, string};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, tag_changes, text};

const FIELDS: &[Field] = &[
    any("DataProtectionPolicy").stored(),
    boolean("DeletionProtectionEnabled"),
    list("FieldIndexPolicies", &Shape::Json).stored(),
    string("KmsKeyId"),
    string("LogGroupClass"),
    string("LogGroupName").replaces(),
    integer("RetentionInDays"),
    TAGS,
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::Logs::LogGroup",
    fields: FIELDS,
    absent: &["BearerTokenAuthenticationEnabled", "ResourcePolicyDocument"],
    attributes: &["Arn"],
    identifiers: &["LogGroupName"],
};

/// `AWS::Logs::LogGroup`.
pub(super) struct LogGroup;

#[async_trait]
impl ResourceType for LogGroup {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "LogGroupName").map_or_else(|| work.generated.within(512), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if find(work, name).await?.is_some() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if find(work, name).await?.is_none() {
            let mut input = Map::from_iter([("logGroupName".to_owned(), name.into())]);
            for (property, member) in [
                ("KmsKeyId", "kmsKeyId"),
                ("LogGroupClass", "logGroupClass"),
                ("DeletionProtectionEnabled", "deletionProtectionEnabled"),
            ] {
                if let Some(value) = properties.get(property) {
                    input.insert(member.to_owned(), value.clone());
                }
            }
            let tags = work.first_tags(properties);
            if !tags.is_empty() {
                input.insert("tags".into(), tags.into());
            }
            work.call("logs", "CreateLogGroup", input.into()).await?;
        }
        set_retention(work, name, properties).await?;
        // With the `:*` that policies need ("AWS::Logs::LogGroup", Return values).
        Ok(Created::new(name, [("Arn", format!("{}:*", arn(work, name)).into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let changed = |property: &str| old.get(property) != new.get(property);
        let class = find(work, name).await?.map(|group| group["logGroupClass"].clone());
        if class.is_some_and(|class| class != text(new, "LogGroupClass").unwrap_or("STANDARD")) {
            // "CreateLogGroup", API Reference: the class can't be changed.
            return Err(ResourceError::new(format!("the class of the log group {name} can't be changed")));
        }
        if changed("RetentionInDays") {
            set_retention(work, name, new).await?;
        }
        if changed("KmsKeyId") {
            match new.get("KmsKeyId") {
                Some(key) => {
                    let input = json!({"logGroupName": name, "kmsKeyId": key});
                    work.call("logs", "AssociateKmsKey", input).await?;
                }
                None => _ = work.call("logs", "DisassociateKmsKey", json!({"logGroupName": name})).await?,
            }
        }
        if changed("DeletionProtectionEnabled") {
            let enabled = new.get("DeletionProtectionEnabled").cloned().unwrap_or(Value::Bool(false));
            let input = json!({"logGroupIdentifier": name, "deletionProtectionEnabled": enabled});
            work.call("logs", "PutLogGroupDeletionProtection", input).await?;
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            let input = json!({"resourceArn": arn(work, name), "tagKeys": gone});
            work.call("logs", "UntagResource", input).await?;
        }
        if !set.is_empty() {
            work.call("logs", "TagResource", json!({"resourceArn": arn(work, name), "tags": set})).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        let gone = &["ResourceNotFoundException"];
        work.call_unless_gone("logs", "DeleteLogGroup", json!({"logGroupName": name}), gone).await
    }
}

/// The group's ARN as tagging wants it.
fn arn(work: &Work<'_>, name: &str) -> String {
    work.arn("logs", &format!("log-group:{name}"))
}

/// The group of a name, if there is one. A name that can't be one is for the creation to refuse.
async fn find(work: &Work<'_>, name: &str) -> ResourceResult<Option<Value>> {
    let found = work.call("logs", "DescribeLogGroups", json!({"logGroupNamePrefix": name, "limit": 1})).await;
    let groups = found.map_or(Value::Null, |found| found["logGroups"].clone());
    Ok(groups.get(0).filter(|group| group["logGroupName"] == name).cloned())
}

async fn set_retention(work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
    match properties.get("RetentionInDays") {
        Some(days) => {
            work.call("logs", "PutRetentionPolicy", json!({"logGroupName": name, "retentionInDays": days})).await?;
        }
        None => _ = work.call("logs", "DeleteRetentionPolicy", json!({"logGroupName": name})).await?,
    }
    Ok(())
}
