//! `AWS::IAM::Policy`, and `AWS::IAM::RolePolicy`, `UserPolicy` and `GroupPolicy`: inline policies of roles, users and groups
//! that are declared elsewhere.

use async_trait::async_trait;
use serde_json::Value;

use super::holder::{GROUPS, Holders, ROLES, USERS, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceError, ResourceResult, Work, text};

const FIELDS: &[Field] = &[
    strings("Groups"),
    any("PolicyDocument").required(),
    string("PolicyName").required(),
    strings("Roles"),
    strings("Users"),
];

/// The properties of a policy of one holder.
const fn fields_of(member: &'static str) -> [Field; 3] {
    [any("PolicyDocument"), string("PolicyName").required().replaces(), string(member).required().replaces()]
}

/// One of these types.
pub(super) struct InlinePolicy {
    schema: &'static Schema,
}

/// `AWS::IAM::Policy`.
pub(super) static POLICY: InlinePolicy = InlinePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::Policy",
        fields: FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["Id"],
    },
};

/// `AWS::IAM::RolePolicy`.
pub(super) static ROLE_POLICY: InlinePolicy = InlinePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::RolePolicy",
        fields: &fields_of(ROLES.member),
        absent: &[],
        attributes: &["Id"],
        identifiers: &["PolicyName", "RoleName"],
    },
};

/// `AWS::IAM::UserPolicy`.
pub(super) static USER_POLICY: InlinePolicy = InlinePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::UserPolicy",
        fields: &fields_of(USERS.member),
        absent: &[],
        attributes: &["Id"],
        identifiers: &["PolicyName", "UserName"],
    },
};

/// `AWS::IAM::GroupPolicy`.
pub(super) static GROUP_POLICY: InlinePolicy = InlinePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::GroupPolicy",
        fields: &fields_of(GROUPS.member),
        absent: &[],
        attributes: &["Id"],
        identifiers: &["PolicyName", "GroupName"],
    },
};

#[async_trait]
impl ResourceType for InlinePolicy {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The id: `policy|holder` for a policy of one holder, else generated.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        let one = [ROLES, USERS, GROUPS].into_iter().find_map(|holders| text(properties, holders.member));
        match one {
            Some(holder) => format!("{}|{holder}", policy_name(properties)),
            None => work.generated.within(128),
        }
    }

    async fn create(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<Created> {
        put(work, properties).await?;
        Ok(Created::new(id, [("Id", id.into())]))
    }

    async fn update(&self, work: &Work<'_>, _id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        put(work, new).await?;
        let kept = holders(new);
        for (kind, holder) in holders(old) {
            if !kept.contains(&(kind, holder)) || policy_name(old) != policy_name(new) {
                kind.delete_policy(work, holder, policy_name(old)).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, _id: &str, properties: &Properties) -> ResourceResult<()> {
        for (kind, holder) in holders(properties) {
            kind.delete_policy(work, holder, policy_name(properties)).await?;
        }
        Ok(())
    }
}

/// Whose policy it is.
fn holders(properties: &Properties) -> Vec<(Holders, &str)> {
    let of = |kind: Holders| texts(properties, kind.list).into_iter().chain(text(properties, kind.member));
    [ROLES, USERS, GROUPS].into_iter().flat_map(|kind| of(kind).map(move |holder| (kind, holder))).collect()
}

fn policy_name(properties: &Properties) -> &str {
    text(properties, "PolicyName").unwrap_or_default()
}

async fn put(work: &Work<'_>, properties: &Properties) -> ResourceResult<()> {
    let document: Option<&Value> = properties.get("PolicyDocument");
    let Some(document) = document else { return Ok(()) };
    let holders = holders(properties);
    if holders.is_empty() {
        return Err(ResourceError::new("At least one of [Groups,Roles,Users] must be non-empty.".to_owned()));
    }
    for (kind, holder) in holders {
        kind.put_policy(work, holder, policy_name(properties), document).await?;
    }
    Ok(())
}
