//! Inline policies of roles, users and groups.

use serde::{Deserialize, Serialize};

use super::holder::{Holder, Names};
use super::members::{document, encoded, name, page, required, size};
use super::store::{NO_SUCH_ENTITY, change, reduce};
use crate::request::Context;
use engine::policy::Kind;
use wire::AwsError;

/// "IAM and AWS STS quotas": characters of a policy's name.
const MAX_NAME: usize = 128;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InlineInput {
    role_name: Option<String>,
    user_name: Option<String>,
    group_name: Option<String>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl InlineInput {
    fn holder<T: Holder>(&mut self) -> Result<String, AwsError> {
        let names = Names { role: self.role_name.take(), user: self.user_name.take(), group: self.group_name.take() };
        required(T::choose(names), T::MEMBER)
    }
}

pub(super) async fn put<T: Holder>(cx: &Context, mut input: InlineInput) -> Result<(), AwsError> {
    let holder_name = input.holder::<T>()?;
    let policy = name(input.policy_name, "policyName", MAX_NAME)?;
    let document = document(input.policy_document, "policyDocument", Kind::Identity)?;
    change(cx, &holder_name, |_, holder: &mut T| {
        holder.check_change()?;
        let inline = holder.inline();
        let others = inline.iter().filter(|(name, _)| **name != policy);
        if others.map(|(_, text)| size(text)).sum::<usize>() + size(&document) > T::MAX_INLINE {
            let (max, kind) = (T::MAX_INLINE, T::KIND);
            let message = format!("Maximum policy size of {max} bytes exceeded for {kind} {holder_name}");
            return Err(AwsError::new(409, "LimitExceeded", message));
        }
        inline.insert(policy, document);
        Ok(())
    })
    .await?;
    Ok(())
}

fn absent<T: Holder>(policy: &str) -> AwsError {
    AwsError::new(404, NO_SUCH_ENTITY, format!("The {} policy with name {policy} cannot be found.", T::KIND))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InlineOutput {
    role_name: Option<String>,
    user_name: Option<String>,
    group_name: Option<String>,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn get<T: Holder>(cx: &Context, mut input: InlineInput) -> Result<InlineOutput, AwsError> {
    let holder_name = input.holder::<T>()?;
    let policy_name = required(input.policy_name, "policyName")?;
    let mut holder = cx.cloud.core.read(|engine, _| T::find(engine, cx, &holder_name))?;
    let document = holder.inline().get(&policy_name).ok_or_else(|| absent::<T>(&policy_name))?;
    let policy_document = encoded(document);
    let Names { role, user, group } = holder.named();
    Ok(InlineOutput { role_name: role, user_name: user, group_name: group, policy_name, policy_document })
}

pub(super) async fn delete<T: Holder>(cx: &Context, mut input: InlineInput) -> Result<(), AwsError> {
    let holder_name = input.holder::<T>()?;
    let policy = required(input.policy_name, "policyName")?;
    reduce(cx, &holder_name, |_, holder: &mut T| {
        holder.check_change()?;
        holder.inline().remove(&policy).map(drop).ok_or_else(|| absent::<T>(&policy))
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInlineOutput {
    policy_names: Vec<String>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list<T: Holder>(cx: &Context, mut input: InlineInput) -> Result<ListInlineOutput, AwsError> {
    let holder_name = input.holder::<T>()?;
    let mut holder = cx.cloud.core.read(|engine, _| T::find(engine, cx, &holder_name))?;
    let names = std::mem::take(holder.inline()).into_keys().collect();
    let (policy_names, marker) = page(names, input.marker.as_deref(), input.max_items)?;
    Ok(ListInlineOutput { policy_names, is_truncated: marker.is_some(), marker })
}
