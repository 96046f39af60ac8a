//! Managed policies that are attached to roles, users and groups.

use serde::{Deserialize, Serialize};

use super::holder::{Holder, Names};
use super::managed;
use super::members::{page, path_prefix, required};
use super::store::{NO_SUCH_ENTITY, change, reduce};
use crate::request::Context;
use engine::Engine;
use text::arn::Arn;
use wire::AwsError;

/// "IAM and AWS STS quotas": managed policies attached to a role, a user or a group.
const MAX_ATTACHED: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttachedInput {
    role_name: Option<String>,
    user_name: Option<String>,
    group_name: Option<String>,
    policy_arn: Option<String>,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl AttachedInput {
    fn holder<T: Holder>(&mut self) -> Result<String, AwsError> {
        let names = Names { role: self.role_name.take(), user: self.user_name.take(), group: self.group_name.take() };
        required(T::choose(names), T::MEMBER)
    }
}

/// Checks that the caller's account may attach a policy: one of its own, or of AWS's for everybody. One of AWS's that isn't
/// in the list may be newer than the list.
fn check_attachable(engine: &Engine, cx: &Context, arn: &str) -> Result<(), AwsError> {
    if Arn::parse(arn).is_none_or(|it| it.service != "iam" || !it.resource.starts_with("policy/")) {
        return Err(AwsError::bad("InvalidInput", format!("ARN {arn} is not valid.")));
    }
    if managed::is_of_aws(cx, arn) {
        if arn.contains(":policy/aws-service-role/") {
            let message = "Cannot attach a Service Role Policy to a Customer Role.";
            return Err(AwsError::bad("PolicyNotAttachable", message));
        }
        return Ok(());
    }
    managed::own(engine, cx, arn, "AttachRolePolicy")
        .map(drop)
        .map_err(|_| AwsError::new(404, NO_SUCH_ENTITY, format!("Policy {arn} does not exist or is not attachable.")))
}

pub(super) async fn attach<T: Holder>(cx: &Context, mut input: AttachedInput) -> Result<(), AwsError> {
    let name = input.holder::<T>()?;
    let arn = required(input.policy_arn, "policyArn")?;
    let holder = change(cx, &name, |engine, holder: &mut T| {
        holder.check_change()?;
        check_attachable(engine, cx, &arn)?;
        let attached = holder.attached();
        if attached.contains(&arn) {
            return Ok(());
        }
        if attached.len() >= MAX_ATTACHED {
            let message = format!("Cannot exceed quota for {}: {MAX_ATTACHED}", T::ATTACHED_QUOTA);
            return Err(AwsError::new(409, "LimitExceeded", message));
        }
        attached.push(arn.clone());
        Ok(())
    })
    .await?;
    managed::tell_if_unknown(cx, holder.arn(), &arn);
    Ok(())
}

pub(super) async fn detach<T: Holder>(cx: &Context, mut input: AttachedInput) -> Result<(), AwsError> {
    let name = input.holder::<T>()?;
    let arn = required(input.policy_arn, "policyArn")?;
    reduce(cx, &name, |_, holder: &mut T| {
        holder.check_change()?;
        let attached = holder.attached();
        let before = attached.len();
        attached.retain(|attached| *attached != arn);
        if attached.len() == before {
            return Err(AwsError::new(404, NO_SUCH_ENTITY, format!("Policy {arn} was not found.")));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAttachedOutput {
    attached_policies: Vec<Attached>,
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_name: String,
    policy_arn: String,
}

pub(super) async fn list<T: Holder>(cx: &Context, mut input: AttachedInput) -> Result<ListAttachedOutput, AwsError> {
    let name = input.holder::<T>()?;
    let prefix = path_prefix(input.path_prefix)?;
    let mut holder = cx.cloud.core.read(|engine, _| T::find(engine, cx, &name))?;
    let place = |arn: &str| arn.split_once(":policy").map(|(_, place)| place.to_owned()).unwrap_or_default();
    holder.attached().retain(|arn| place(arn).starts_with(&prefix));
    let (arns, marker) = page(std::mem::take(holder.attached()), input.marker.as_deref(), input.max_items)?;
    let attached =
        |arn: String| Attached { policy_name: arn.rsplit('/').next().unwrap_or_default().to_owned(), policy_arn: arn };
    Ok(ListAttachedOutput {
        attached_policies: arns.into_iter().map(attached).collect(),
        is_truncated: marker.is_some(),
        marker,
    })
}
