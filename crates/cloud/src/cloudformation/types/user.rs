//! `AWS::IAM::User`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, POLICIES, USERS, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, TAGS, boolean, object, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, tag_list, text};
use wire::AwsError;

const FIELDS: &[Field] = &[
    strings("Groups"),
    object("LoginProfile", &[string("Password").required(), boolean("PasswordResetRequired")]),
    strings("ManagedPolicyArns"),
    string("Path"),
    string("PermissionsBoundary"),
    POLICIES,
    TAGS,
    string("UserName").replaces(),
];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::User",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn"],
    identifiers: &["UserName"],
};

/// `AWS::IAM::User`.
pub(super) struct User;

#[async_trait]
impl ResourceType for User {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "UserName").map_or_else(|| work.generated.within(64), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if get(work, name).await.is_err() {
            let mut input = json!({"UserName": name, "Tags": tag_list(&work.all_tags(properties))});
            for property in ["Path", "PermissionsBoundary"] {
                if let Some(value) = properties.get(property) {
                    input[property] = value.clone();
                }
            }
            work.call("iam", "CreateUser", input).await?;
        }
        let nothing = Map::new();
        change_login(work, name, &nothing, properties).await?;
        change_groups(work, name, &nothing, properties).await?;
        USERS.change_policies(work, name, &nothing, properties).await?;
        Ok(Created { physical_id: name.to_owned(), attributes: attributes(&get(work, name).await?) })
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if old.get("Path") != new.get("Path") {
            let path = text(new, "Path").unwrap_or("/");
            work.call("iam", "UpdateUser", json!({"UserName": name, "NewPath": path})).await?;
        }
        change_login(work, name, old, new).await?;
        change_groups(work, name, old, new).await?;
        USERS.change_boundary(work, name, old, new).await?;
        USERS.change_policies(work, name, old, new).await?;
        USERS.change_tags(work, name, old, new).await
    }

    async fn refreshed(&self, work: &Work<'_>, name: &str, _: &Properties) -> ResourceResult<Map<String, Value>> {
        Ok(attributes(&get(work, name).await?))
    }

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        let nothing = Map::new();
        change_login(work, name, properties, &nothing).await?;
        change_groups(work, name, properties, &nothing).await?;
        USERS.change_policies(work, name, properties, &nothing).await?;
        work.call_unless_gone("iam", "DeleteUser", json!({"UserName": name}), GONE).await
    }
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetUser", json!({"UserName": name})).await
}

fn attributes(shown: &Value) -> Map<String, Value> {
    [("Arn".to_owned(), shown["User"]["Arn"].clone())].into_iter().collect()
}

/// The password: from the old one, if any, to the new.
async fn change_login(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let (before, after) = (old.get("LoginProfile"), new.get("LoginProfile"));
    if before == after {
        return Ok(());
    }
    let Some(login) = after else {
        return work.call_unless_gone("iam", "DeleteLoginProfile", json!({"UserName": name}), GONE).await;
    };
    let there = work.call("iam", "GetLoginProfile", json!({"UserName": name})).await.is_ok();
    let operation = if there { "UpdateLoginProfile" } else { "CreateLoginProfile" };
    let input = json!({
        "UserName": name,
        "Password": login["Password"],
        "PasswordResetRequired": login["PasswordResetRequired"].as_bool().unwrap_or(false),
    });
    work.call("iam", operation, input).await?;
    Ok(())
}

/// The groups: from the old ones to the new.
async fn change_groups(work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let (before, after) = (texts(old, "Groups"), texts(new, "Groups"));
    for group in after.iter().filter(|group| !before.contains(group)) {
        work.call("iam", "AddUserToGroup", json!({"GroupName": group, "UserName": name})).await?;
    }
    for group in before.iter().filter(|group| !after.contains(group)) {
        let input = json!({"GroupName": group, "UserName": name});
        work.call_unless_gone("iam", "RemoveUserFromGroup", input, GONE).await?;
    }
    Ok(())
}
