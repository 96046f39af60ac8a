//! What the IAM types of roles, users and groups have in common: policies, boundaries, tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schema::{Field, Properties, Shape, json as any, list, string};
use super::work::{ResourceResult, Work, attribute, tag_changes, tag_list, text};

/// `Policies`: inline policies.
pub(super) const POLICIES: Field =
    list("Policies", &Shape::Object(&[any("PolicyDocument").required(), string("PolicyName").required()]));

/// Roles, users or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holders {
    /// How the names of operations call one.
    pub word: &'static str,
    /// The parameter that names one.
    pub member: &'static str,
    /// The property that lists several.
    pub list: &'static str,
}

pub(super) const ROLES: Holders = Holders { word: "Role", member: "RoleName", list: "Roles" };
pub(super) const USERS: Holders = Holders { word: "User", member: "UserName", list: "Users" };
pub(super) const GROUPS: Holders = Holders { word: "Group", member: "GroupName", list: "Groups" };

/// What isn't there any more is as good as taken away.
pub(super) const GONE: &[&str] = &["NoSuchEntity"];

/// The texts in a list.
pub(super) fn texts<'p>(properties: &'p Properties, name: &str) -> Vec<&'p str> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Inline policies by name, as texts.
fn inline(properties: &Properties) -> BTreeMap<&str, Value> {
    let policies = properties.get("Policies").and_then(Value::as_array).into_iter().flatten();
    policies.filter_map(|p| Some((p["PolicyName"].as_str()?, attribute(&p["PolicyDocument"])))).collect()
}

impl Holders {
    pub(super) async fn put_policy(
        self,
        work: &Work<'_>,
        holder: &str,
        policy: &str,
        document: &Value,
    ) -> ResourceResult<()> {
        let input = json!({self.member: holder, "PolicyName": policy, "PolicyDocument": attribute(document)});
        work.call("iam", &format!("Put{}Policy", self.word), input).await?;
        Ok(())
    }

    pub(super) async fn delete_policy(self, work: &Work<'_>, holder: &str, policy: &str) -> ResourceResult<()> {
        let input = json!({self.member: holder, "PolicyName": policy});
        work.call_unless_gone("iam", &format!("Delete{}Policy", self.word), input, GONE).await
    }

    pub(super) async fn attach(self, work: &Work<'_>, holder: &str, arn: &str) -> ResourceResult<()> {
        let input = json!({self.member: holder, "PolicyArn": arn});
        work.call("iam", &format!("Attach{}Policy", self.word), input).await?;
        Ok(())
    }

    pub(super) async fn detach(self, work: &Work<'_>, holder: &str, arn: &str) -> ResourceResult<()> {
        let input = json!({self.member: holder, "PolicyArn": arn});
        work.call_unless_gone("iam", &format!("Detach{}Policy", self.word), input, GONE).await
    }

    /// Inline and attached policies: from the old ones to the new.
    pub(super) async fn change_policies(
        self,
        work: &Work<'_>,
        holder: &str,
        old: &Properties,
        new: &Properties,
    ) -> ResourceResult<()> {
        let (before, after) = (inline(old), inline(new));
        for (name, document) in after.iter().filter(|(name, document)| before.get(*name) != Some(document)) {
            self.put_policy(work, holder, name, document).await?;
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.delete_policy(work, holder, name).await?;
        }
        let (before, after) = (texts(old, "ManagedPolicyArns"), texts(new, "ManagedPolicyArns"));
        for arn in after.iter().filter(|arn| !before.contains(arn)) {
            self.attach(work, holder, arn).await?;
        }
        for arn in before.iter().filter(|arn| !after.contains(arn)) {
            self.detach(work, holder, arn).await?;
        }
        Ok(())
    }

    /// The permissions boundary: from the old one to the new.
    pub(super) async fn change_boundary(
        self,
        work: &Work<'_>,
        holder: &str,
        old: &Properties,
        new: &Properties,
    ) -> ResourceResult<()> {
        const BOUNDARY: &str = "PermissionsBoundary";
        match text(new, BOUNDARY) {
            after if text(old, BOUNDARY) == after => {}
            Some(arn) => {
                let input = json!({self.member: holder, BOUNDARY: arn});
                work.call("iam", &format!("Put{}PermissionsBoundary", self.word), input).await?;
            }
            None => {
                let operation = format!("Delete{}PermissionsBoundary", self.word);
                work.call("iam", &operation, json!({self.member: holder})).await?;
            }
        }
        Ok(())
    }

    /// The tags, those of the stack among them: from the old ones to the new.
    pub(super) async fn change_tags(
        self,
        work: &Work<'_>,
        holder: &str,
        old: &Properties,
        new: &Properties,
    ) -> ResourceResult<()> {
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            let input = json!({self.member: holder, "TagKeys": gone});
            work.call("iam", &format!("Untag{}", self.word), input).await?;
        }
        if !set.is_empty() {
            let input = json!({self.member: holder, "Tags": tag_list(&set)});
            work.call("iam", &format!("Tag{}", self.word), input).await?;
        }
        Ok(())
    }
}
