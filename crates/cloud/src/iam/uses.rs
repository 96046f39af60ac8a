//! Who uses a managed policy, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::groups::Group;
use super::holder::Holder;
use super::managed;
use super::members::{VALIDATION_ERROR, page, path_prefix, required};
use super::store::all;
use crate::request::Context;
use engine::{Engine, Role, User};
use wire::{AwsError, check};

/// How often a policy is used in an account.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Uses {
    pub attached: usize,
    pub boundary: usize,
}

/// How often each policy is used in an account, by its ARN.
pub(super) fn uses(engine: &Engine, account: &str) -> BTreeMap<String, Uses> {
    let mut uses = BTreeMap::new();
    count_uses::<Role>(engine, account, &mut uses);
    count_uses::<User>(engine, account, &mut uses);
    count_uses::<Group>(engine, account, &mut uses);
    uses
}

fn count_uses<T: Holder>(engine: &Engine, account: &str, uses: &mut BTreeMap<String, Uses>) {
    for mut holder in all::<T>(engine, account) {
        if let Some(arn) = holder.boundary() {
            uses.entry(arn.to_owned()).or_default().boundary += 1;
        }
        for arn in holder.attached().drain(..) {
            uses.entry(arn).or_default().attached += 1;
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EntitiesInput {
    policy_arn: Option<String>,
    path_prefix: Option<String>,
    entity_filter: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListEntitiesOutput {
    policy_groups: Vec<PolicyGroup>,
    policy_users: Vec<PolicyUser>,
    policy_roles: Vec<PolicyRole>,
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyGroup {
    group_name: String,
    group_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyUser {
    user_name: String,
    user_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyRole {
    role_name: String,
    role_id: String,
}

/// What is asked of the users of a policy.
struct Asked<'a> {
    arn: &'a str,
    path_prefix: &'a str,
    usage: managed::Usage,
}

impl Asked<'_> {
    /// Names and ids of those of a kind.
    fn among<T: Holder>(&self, engine: &Engine, account: &str) -> Vec<(&'static str, String, String)> {
        let uses = |holder: &mut T| {
            let attached = self.usage.attached && holder.attached().iter().any(|it| it == self.arn);
            let bounds = self.usage.boundary && holder.boundary() == Some(self.arn);
            (attached || bounds) && holder.path().starts_with(self.path_prefix)
        };
        let used = all::<T>(engine, account).into_iter().filter_map(|mut holder| uses(&mut holder).then_some(holder));
        used.map(|holder| (T::KIND, holder.name().to_owned(), holder.id().to_owned())).collect()
    }
}

/// To whom a policy is attached ("ListEntitiesForPolicy").
pub(super) async fn list_entities(cx: &Context, input: EntitiesInput) -> Result<ListEntitiesOutput, AwsError> {
    const FILTERS: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
    let arn = required(input.policy_arn, "policyArn")?;
    let prefix = path_prefix(input.path_prefix)?;
    let kind = input.entity_filter.as_deref();
    if let Some(kind) = kind.filter(|kind| !FILTERS.contains(kind)) {
        let constraint = format!("Member must satisfy enum value set: [{}]", FILTERS.join(", "));
        return Err(check::failed(VALIDATION_ERROR, kind, "entityFilter", constraint));
    }
    let usage = managed::usage_filter(input.policy_usage_filter.as_deref())?;
    let asked = Asked { arn: &arn, path_prefix: &prefix, usage };
    let found = cx.cloud.core.read(|engine, _| {
        managed::find(engine, cx, &arn, "ListEntitiesForPolicy")?;
        let mut found = asked.among::<Group>(engine, &cx.account);
        found.extend(asked.among::<User>(engine, &cx.account));
        found.extend(asked.among::<Role>(engine, &cx.account));
        found.retain(|(it, ..)| kind.is_none_or(|kind| kind.eq_ignore_ascii_case(it)));
        Ok::<_, AwsError>(found)
    })?;
    let (found, marker) = page(found, input.marker.as_deref(), input.max_items)?;
    let mut output = ListEntitiesOutput { is_truncated: marker.is_some(), marker, ..Default::default() };
    for (kind, name, id) in found {
        match kind {
            "group" => output.policy_groups.push(PolicyGroup { group_name: name, group_id: id }),
            "user" => output.policy_users.push(PolicyUser { user_name: name, user_id: id }),
            _ => output.policy_roles.push(PolicyRole { role_name: name, role_id: id }),
        }
    }
    Ok(output)
}
