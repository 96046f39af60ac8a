//! `AWS::ECR::Repository`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, boolean, json as any, list, object, string};
use super::work::{Created, ResourceResult, Work, already_exists, attribute, tag_changes, tag_list, text};

const FIELDS: &[Field] = &[
    // Whether it is emptied makes no difference: no repository has an image.
    boolean("EmptyOnDelete"),
    object("EncryptionConfiguration", &[string("EncryptionType").required(), string("KmsKey")]).replaces().stored(),
    object("ImageScanningConfiguration", &[boolean("ScanOnPush")]).stored(),
    string("ImageTagMutability").stored(),
    list(
        "ImageTagMutabilityExclusionFilters",
        &Shape::Object(&[
            string("ImageTagMutabilityExclusionFilterType").required(),
            string("ImageTagMutabilityExclusionFilterValue").required(),
        ]),
    )
    .stored(),
    object("LifecyclePolicy", &[string("LifecyclePolicyText"), string("RegistryId")]).stored(),
    string("RepositoryName").replaces(),
    any("RepositoryPolicyText").stored(),
    TAGS,
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::ECR::Repository",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn", "RepositoryUri"],
    identifiers: &["RepositoryName"],
};

/// What no repository can be called is none either.
const GONE: &[&str] = &["RepositoryNotFoundException", "InvalidParameterException"];

/// `AWS::ECR::Repository`.
pub(super) struct Repository;

#[async_trait]
impl ResourceType for Repository {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        let generated = || work.generated.within(256).to_ascii_lowercase();
        text(properties, "RepositoryName").map_or_else(generated, str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        match find(work, name).await {
            Some(_) => Err(already_exists(SCHEMA.type_name, name)),
            None => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let mut input = mutability(properties);
        input.insert("repositoryName".into(), name.into());
        input.insert("tags".into(), tag_list(&work.first_tags(properties)));
        input.insert("imageScanningConfiguration".into(), scanning(properties));
        if let Some(given) = properties.get("EncryptionConfiguration") {
            let encryption = json!({"encryptionType": given["EncryptionType"], "kmsKey": given["KmsKey"]});
            input.insert("encryptionConfiguration".into(), encryption);
        }
        match work.call("ecr", "CreateRepository", input.into()).await {
            // The name is the stack's own: it was made before a restart, of the same properties.
            Err(error) if error.code == "RepositoryAlreadyExistsException" => {}
            result => drop(result?),
        }
        let none = Map::new();
        set_lifecycle(work, name, &none, properties).await?;
        set_policy(work, name, &none, properties).await?;
        let uri = format!("{}.dkr.ecr.{}.amazonaws.com/{name}", work.cx.account, work.cx.region);
        Ok(Created::new(name, [("Arn", arn(work, name).into()), ("RepositoryUri", uri.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if mutability(old) != mutability(new) {
            let mut input = mutability(new);
            input.insert("repositoryName".into(), name.into());
            work.call("ecr", "PutImageTagMutability", input.into()).await?;
        }
        if scanning(old) != scanning(new) {
            let input = json!({"repositoryName": name, "imageScanningConfiguration": scanning(new)});
            work.call("ecr", "PutImageScanningConfiguration", input).await?;
        }
        set_lifecycle(work, name, old, new).await?;
        set_policy(work, name, old, new).await?;
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            work.call("ecr", "UntagResource", json!({"resourceArn": arn(work, name), "tagKeys": gone})).await?;
        }
        if !set.is_empty() {
            let input = json!({"resourceArn": arn(work, name), "tags": tag_list(&set)});
            work.call("ecr", "TagResource", input).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        let force = properties.get("EmptyOnDelete").cloned().unwrap_or(Value::Bool(false));
        let input = json!({"repositoryName": name, "force": force});
        work.call_unless_gone("ecr", "DeleteRepository", input, GONE).await
    }
}

fn arn(work: &Work<'_>, name: &str) -> String {
    work.arn("ecr", &format!("repository/{name}"))
}

/// The repository of a name, if there is one. A name that can't be one is for the creation to refuse.
async fn find(work: &Work<'_>, name: &str) -> Option<Value> {
    work.call("ecr", "DescribeRepositories", json!({"repositoryNames": [name]})).await.ok()
}

/// Whether tags may change, as the operations take it.
fn mutability(properties: &Properties) -> Map<String, Value> {
    let mut input = Map::new();
    input.insert("imageTagMutability".into(), text(properties, "ImageTagMutability").unwrap_or("MUTABLE").into());
    if let Some(filters) = properties.get("ImageTagMutabilityExclusionFilters").and_then(Value::as_array) {
        let filters = filters.iter().map(|given| {
            json!({
                "filterType": given["ImageTagMutabilityExclusionFilterType"],
                "filter": given["ImageTagMutabilityExclusionFilterValue"],
            })
        });
        input.insert("imageTagMutabilityExclusionFilters".into(), filters.collect());
    }
    input
}

fn scanning(properties: &Properties) -> Value {
    let given = properties.get("ImageScanningConfiguration").and_then(|given| given.get("ScanOnPush"));
    json!({"scanOnPush": given.cloned().unwrap_or(Value::Bool(false))})
}

async fn set_lifecycle(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let of = |properties: &Properties| properties.get("LifecyclePolicy").cloned().unwrap_or_default();
    let (before, after) = (of(old), of(new));
    if before == after {
        return Ok(());
    }
    let mut input = json!({"repositoryName": name});
    if let Some(registry) = after.get("RegistryId") {
        input["registryId"] = registry.clone();
    }
    let Some(policy) = after.get("LifecyclePolicyText") else {
        let gone = &["LifecyclePolicyNotFoundException"];
        return work.call_unless_gone("ecr", "DeleteLifecyclePolicy", input, gone).await;
    };
    input["lifecyclePolicyText"] = policy.clone();
    work.call("ecr", "PutLifecyclePolicy", input).await?;
    Ok(())
}

async fn set_policy(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let (before, after) = (old.get("RepositoryPolicyText"), new.get("RepositoryPolicyText"));
    if before == after {
        return Ok(());
    }
    let Some(policy) = after else {
        let gone = &["RepositoryPolicyNotFoundException"];
        return work.call_unless_gone("ecr", "DeleteRepositoryPolicy", json!({"repositoryName": name}), gone).await;
    };
    work.call("ecr", "SetRepositoryPolicy", json!({"repositoryName": name, "policyText": attribute(policy)})).await?;
    Ok(())
}
