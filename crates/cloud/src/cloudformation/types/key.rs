//! `AWS::KMS::Key`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, TAGS, boolean, integer, json as any, string};
use super::work::{Created, ResourceError, ResourceResult, Work, attribute, tag_changes, text};
use text::uuid;

const FIELDS: &[Field] = &[
    boolean("BypassPolicyLockoutSafetyCheck").stored(),
    string("Description"),
    boolean("Enabled").stored(),
    boolean("EnableKeyRotation").stored(),
    any("KeyPolicy").stored(),
    string("KeySpec"),
    string("KeyUsage"),
    boolean("MultiRegion").stored(),
    string("Origin"),
    integer("PendingWindowInDays"),
    integer("RotationPeriodInDays").stored(),
    TAGS,
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::KMS::Key",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn", "KeyId"],
    identifiers: &["KeyId"],
};

/// "AWS::KMS::Key" (CloudFormation template reference): a change of these is refused.
const FIXED: &[&str] = &["KeySpec", "KeyUsage", "MultiRegion", "Origin"];

/// `AWS::KMS::Key`.
pub(super) struct Key;

#[async_trait]
impl ResourceType for Key {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    /// The key's id, without what an id of several Regions begins with.
    fn choose_name(&self, work: &Work<'_>, _properties: &Properties) -> String {
        let fold = |text: &str| text.bytes().fold(0, |sum: u64, byte| uuid::mix(sum ^ u64::from(byte)));
        let random = fold(work.generated.random);
        uuid::format(uuid::from_halves(random, fold(work.stack_id) ^ fold(work.generated.logical_id) ^ random))
    }

    fn physical_id(&self, _work: &Work<'_>, name: &str, properties: &Properties) -> String {
        id_of(name, properties)
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let id = id_of(name, properties);
        let mut input = json!({"KeyId": name, "Tags": tags(&work.first_tags(properties))});
        for property in ["Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin"] {
            if let Some(value) = properties.get(property) {
                input[property] = value.clone();
            }
        }
        if let Some(policy) = properties.get("KeyPolicy") {
            input["Policy"] = attribute(policy);
        }
        match work.call("kms", "CreateKey", input).await {
            // The id is the stack's own: it was made before a restart, of the same properties. It may be disabled already.
            Err(error) if error.code == "AlreadyExistsException" => {
                work.call("kms", "EnableKey", json!({"KeyId": id})).await?;
            }
            result => drop(result?),
        }
        set_rotation(work, &id, &Map::new(), properties).await?;
        set_enabled(work, &id, &Map::new(), properties).await?;
        let arn = work.arn("kms", &format!("key/{id}"));
        Ok(Created::new(id.clone(), [("Arn", arn.into()), ("KeyId", id.into())]))
    }

    async fn update(&self, work: &Work<'_>, id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if let Some(fixed) = FIXED.iter().find(|property| old.get(**property) != new.get(**property)) {
            return Err(ResourceError::new(format!("the property {fixed} of the key {id} can't be changed")));
        }
        if old.get("Description") != new.get("Description") {
            let description = text(new, "Description").unwrap_or_default();
            work.call("kms", "UpdateKeyDescription", json!({"KeyId": id, "Description": description})).await?;
        }
        // A policy that went from the template stays with its key: no operation takes one away.
        if let Some(policy) = new.get("KeyPolicy").filter(|policy| old.get("KeyPolicy") != Some(policy)) {
            work.call("kms", "PutKeyPolicy", json!({"KeyId": id, "Policy": attribute(policy)})).await?;
        }
        // The rotation of a key that is disabled can't be changed.
        if is_enabled(new) {
            set_enabled(work, id, old, new).await?;
            set_rotation(work, id, old, new).await?;
        } else {
            set_rotation(work, id, old, new).await?;
            set_enabled(work, id, old, new).await?;
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            work.call("kms", "UntagResource", json!({"KeyId": id, "TagKeys": gone})).await?;
        }
        if !set.is_empty() {
            work.call("kms", "TagResource", json!({"KeyId": id, "Tags": tags(&set)})).await?;
        }
        Ok(())
    }

    /// A key is deleted when its time to wait is over.
    async fn delete(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<()> {
        let mut input = json!({"KeyId": id});
        if let Some(days) = properties.get("PendingWindowInDays") {
            input["PendingWindowInDays"] = days.clone();
        }
        // One that is to be deleted already is as good as deleted.
        let gone = &["NotFoundException", "KMSInvalidStateException"];
        work.call_unless_gone("kms", "ScheduleKeyDeletion", input, gone).await
    }
}

fn id_of(name: &str, properties: &Properties) -> String {
    match properties.get("MultiRegion") {
        Some(Value::Bool(true)) => format!("mrk-{}", name.replace('-', "")),
        _ => name.to_owned(),
    }
}

fn tags(tags: &Map<String, Value>) -> Value {
    tags.iter().map(|(key, value)| json!({"TagKey": key, "TagValue": value})).collect()
}

fn is_enabled(properties: &Properties) -> bool {
    properties.get("Enabled") != Some(&Value::Bool(false))
}

async fn set_enabled(work: &Work<'_>, id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    if is_enabled(old) != is_enabled(new) {
        let operation = if is_enabled(new) { "EnableKey" } else { "DisableKey" };
        work.call("kms", operation, json!({"KeyId": id})).await?;
    }
    Ok(())
}

async fn set_rotation(work: &Work<'_>, id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let of = |properties: &Properties| {
        let on = properties.get("EnableKeyRotation") == Some(&Value::Bool(true));
        on.then(|| properties.get("RotationPeriodInDays").cloned())
    };
    match (of(old), of(new)) {
        (before, after) if before == after => {}
        (_, Some(days)) => {
            let mut input = json!({"KeyId": id});
            if let Some(days) = days {
                input["RotationPeriodInDays"] = days;
            }
            work.call("kms", "EnableKeyRotation", input).await?;
        }
        (_, None) => _ = work.call("kms", "DisableKeyRotation", json!({"KeyId": id})).await?,
    }
    Ok(())
}
