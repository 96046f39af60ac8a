//! `AWS::IAM::ManagedPolicy`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, GROUPS, Holders, ROLES, USERS, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, attribute, text};
use wire::AwsError;

/// "IAM and AWS STS quotas": versions of a managed policy.
const MAX_VERSIONS: usize = 5;

const FIELDS: &[Field] = &[
    string("Description").replaces(),
    strings("Groups"),
    string("ManagedPolicyName").replaces(),
    string("Path").replaces(),
    any("PolicyDocument").required(),
    strings("Roles"),
    strings("Users"),
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::ManagedPolicy",
    fields: FIELDS,
    absent: &[],
    attributes: &[
        "AttachmentCount",
        "CreateDate",
        "DefaultVersionId",
        "IsAttachable",
        "PermissionsBoundaryUsageCount",
        "PolicyArn",
        "PolicyId",
        "UpdateDate",
    ],
    identifiers: &["PolicyArn"],
};

/// `AWS::IAM::ManagedPolicy`.
pub(super) struct ManagedPolicy;

#[async_trait]
impl ResourceType for ManagedPolicy {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "ManagedPolicyName").map_or_else(|| work.generated.within(128), str::to_owned)
    }

    fn physical_id(&self, work: &Work<'_>, name: &str, properties: &Properties) -> String {
        policy_arn(work, name, properties)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        let arn = policy_arn(work, name, properties);
        if get(work, &arn).await.is_ok() { Err(already_exists(SCHEMA.type_name, &arn)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let arn = policy_arn(work, name, properties);
        if get(work, &arn).await.is_err() {
            let mut input = json!({
                "PolicyName": name,
                "Path": text(properties, "Path").unwrap_or("/"),
                "PolicyDocument": attribute(&properties["PolicyDocument"]),
            });
            if let Some(description) = properties.get("Description") {
                input["Description"] = description.clone();
            }
            work.call("iam", "CreatePolicy", input).await?;
        }
        attach(work, &arn, &[], &holders(properties)).await?;
        Ok(Created { attributes: attributes(&get(work, &arn).await?), physical_id: arn })
    }

    async fn update(&self, work: &Work<'_>, arn: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if old.get("PolicyDocument") != new.get("PolicyDocument") {
            let versions = versions(work, arn).await?;
            // The oldest makes room for the new one.
            if versions.len() >= MAX_VERSIONS
                && let Some(oldest) = versions.iter().rev().find(|version| version["IsDefaultVersion"] != true)
            {
                let input = json!({"PolicyArn": arn, "VersionId": oldest["VersionId"]});
                work.call_unless_gone("iam", "DeletePolicyVersion", input, GONE).await?;
            }
            let document = attribute(&new["PolicyDocument"]);
            let input = json!({"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true});
            work.call("iam", "CreatePolicyVersion", input).await?;
        }
        attach(work, arn, &holders(old), &holders(new)).await
    }

    async fn refreshed(&self, work: &Work<'_>, arn: &str, _: &Properties) -> ResourceResult<Map<String, Value>> {
        Ok(attributes(&get(work, arn).await?))
    }

    async fn delete(&self, work: &Work<'_>, arn: &str, properties: &Properties) -> ResourceResult<()> {
        attach(work, arn, &holders(properties), &[]).await?;
        for version in versions(work, arn).await.unwrap_or_default() {
            if version["IsDefaultVersion"] != true {
                let input = json!({"PolicyArn": arn, "VersionId": version["VersionId"]});
                work.call_unless_gone("iam", "DeletePolicyVersion", input, GONE).await?;
            }
        }
        work.call_unless_gone("iam", "DeletePolicy", json!({"PolicyArn": arn}), GONE).await
    }
}

/// Those to whom it is to be attached.
fn holders(properties: &Properties) -> Vec<(Holders, &str)> {
    let of = |kind: Holders| texts(properties, kind.list).into_iter().map(move |holder| (kind, holder));
    [ROLES, USERS, GROUPS].into_iter().flat_map(of).collect()
}

async fn attach(work: &Work<'_>, arn: &str, old: &[(Holders, &str)], new: &[(Holders, &str)]) -> ResourceResult<()> {
    for (kind, holder) in new.iter().filter(|holder| !old.contains(holder)) {
        kind.attach(work, holder, arn).await?;
    }
    for (kind, holder) in old.iter().filter(|holder| !new.contains(holder)) {
        kind.detach(work, holder, arn).await?;
    }
    Ok(())
}

/// Its versions, the newest first.
async fn versions(work: &Work<'_>, arn: &str) -> Result<Vec<Value>, AwsError> {
    let listed = work.call("iam", "ListPolicyVersions", json!({"PolicyArn": arn})).await?;
    Ok(listed["Versions"].as_array().cloned().unwrap_or_default())
}

/// What `Fn::GetAtt` gives of a policy as GetPolicy shows it.
fn attributes(shown: &Value) -> Map<String, Value> {
    let policy = &shown["Policy"];
    let names = SCHEMA.attributes.iter().filter(|name| **name != "PolicyArn");
    let found = names.map(|name| ((*name).to_owned(), policy[*name].clone()));
    found.chain([("PolicyArn".to_owned(), policy["Arn"].clone())]).collect()
}

async fn get(work: &Work<'_>, arn: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetPolicy", json!({"PolicyArn": arn})).await
}

/// The ARN of a policy of a name.
fn policy_arn(work: &Work<'_>, name: &str, properties: &Properties) -> String {
    format!("arn:aws:iam::{}:policy{}{name}", work.cx.account, text(properties, "Path").unwrap_or("/"))
}
