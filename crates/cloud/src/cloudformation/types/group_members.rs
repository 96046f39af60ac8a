//! `AWS::IAM::UserToGroupAddition`.

use async_trait::async_trait;
use serde_json::json;

use super::holder::{GONE, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string, strings};
use super::work::{Created, ResourceResult, Work, text};

const FIELDS: &[Field] = &[string("GroupName").required(), strings("Users").required()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::UserToGroupAddition",
    fields: FIELDS,
    absent: &[],
    attributes: &["Id"],
    identifiers: &["Id"],
};

/// `AWS::IAM::UserToGroupAddition`.
pub(super) struct GroupMembers;

#[async_trait]
impl ResourceType for GroupMembers {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, _properties: &Properties) -> String {
        work.generated.within(128)
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        for member in members(properties) {
            add(work, member).await?;
        }
        Ok(Created::new(name, [("Id", name.into())]))
    }

    async fn update(&self, work: &Work<'_>, _id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let (before, after) = (members(old), members(new));
        for member in after.iter().filter(|member| !before.contains(member)) {
            add(work, *member).await?;
        }
        for member in before.iter().filter(|member| !after.contains(member)) {
            remove(work, *member).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, _id: &str, properties: &Properties) -> ResourceResult<()> {
        for member in members(properties) {
            remove(work, member).await?;
        }
        Ok(())
    }
}

/// The group with each of the users.
fn members(properties: &Properties) -> Vec<(&str, &str)> {
    let group = text(properties, "GroupName").unwrap_or_default();
    texts(properties, "Users").into_iter().map(|user| (group, user)).collect()
}

async fn add(work: &Work<'_>, (group, user): (&str, &str)) -> ResourceResult<()> {
    work.call("iam", "AddUserToGroup", json!({"GroupName": group, "UserName": user})).await?;
    Ok(())
}

async fn remove(work: &Work<'_>, (group, user): (&str, &str)) -> ResourceResult<()> {
    let input = json!({"GroupName": group, "UserName": user});
    work.call_unless_gone("iam", "RemoveUserFromGroup", input, GONE).await
}
