//! Making and deleting service-linked roles.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::members::{description, invalid, required};
use super::roles::{MAX_NAME, MAX_ROLES, RoleOutput, output};
use super::service_linked::{PATH, ServiceRole};
use super::store::{Entity, NO_SUCH_ENTITY, add, by_name, drop_entity, put_doc, unique_id};
use crate::request::{Context, passing};
use engine::roles::entity_key;
use engine::{Engine, Role};
use wire::AwsError;

/// How many of an account's deletions are known afterwards.
const MAX_TASKS: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ServiceRoleInput {
    #[serde(rename = "AWSServiceName")]
    service: Option<String>,
    custom_suffix: Option<String>,
    description: Option<String>,
    role_name: Option<String>,
    deletion_task_id: Option<String>,
}

fn invalid_input(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidInput", message.into())
}

pub(super) async fn create(cx: &Context, input: ServiceRoleInput) -> Result<RoleOutput, AwsError> {
    let principal = required(input.service, "aWSServiceName")?;
    let description = description(input.description)?;
    let Some(service) = ServiceRole::of(&principal) else {
        let message = format!("The service-linked role of {principal} isn't known to this cloud.");
        return Err(AwsError::new(501, "NotImplemented", message));
    };
    let suffix = input.custom_suffix.as_deref().filter(|suffix| !suffix.is_empty());
    if suffix.is_some() && !service.several {
        return Err(invalid_input(format!("Custom suffix is not allowed for {principal}")));
    }
    let name = service.name(suffix);
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if name.len() > MAX_NAME || !name.chars().all(fits) {
        return Err(invalid(format!("The specified value for customSuffix is invalid: {name} is no role's name.")));
    }
    let path = format!("{PATH}{principal}/");
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"},
    ]});
    let new = Role {
        arn: format!("arn:aws:iam::{}:role{path}{name}", cx.account),
        id: unique_id(cx, "AROA"),
        path,
        trust: trust.to_string(),
        inline: Default::default(),
        attached: vec![service.policy_arn()],
        description,
        max_session_seconds: 3_600,
        permissions_boundary: None,
        tags: Default::default(),
        created: cx.cloud.core.now(),
        name,
    };
    let core = &cx.cloud.core;
    core.execute(|tx| {
        if by_name::<Role>(tx.engine(), &cx.account, &new.name).is_some() {
            let name = &new.name;
            return Err(invalid_input(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        add(tx, &cx.account, &new, ("RolesPerAccount", MAX_ROLES))
    })
    .await?;
    Ok(output(new))
}

/// The ids of an account's last deletions.
fn tasks(engine: &Engine, account: &str) -> Vec<String> {
    engine.doc(&tasks_key(account)).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

fn tasks_key(account: &str) -> String {
    entity_key("deletions", account)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeletionOutput {
    deletion_task_id: String,
}

/// Deletes at once what AWS deletes in a while.
pub(super) async fn delete(cx: &Context, input: ServiceRoleInput) -> Result<DeletionOutput, AwsError> {
    let name = required(input.role_name, Role::MEMBER)?;
    let uuid = cx.cloud.core.uuid();
    let (arn, deletion_task_id) = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let role = Role::find(tx.engine(), cx, &name)?;
            if !role.path.starts_with(PATH) {
                return Err(invalid_input(format!("The role {name} is not a service-linked role.")));
            }
            drop_entity(tx, &role);
            let task = format!("task{}{}/{uuid}", role.path, role.name);
            let mut tasks = tasks(tx.engine(), &cx.account);
            tasks.push(task.clone());
            let surplus = tasks.len().saturating_sub(MAX_TASKS);
            tasks.drain(..surplus);
            put_doc(tx, &tasks_key(&cx.account), &tasks);
            Ok((role.arn, task))
        })
        .await?;
    passing::tell_if_used(cx, &arn);
    Ok(DeletionOutput { deletion_task_id })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatusOutput {
    status: &'static str,
}

pub(super) async fn deletion_status(cx: &Context, input: ServiceRoleInput) -> Result<StatusOutput, AwsError> {
    let task = required(input.deletion_task_id, "deletionTaskId")?;
    if cx.cloud.core.read(|engine, _| tasks(engine, &cx.account).contains(&task)) {
        return Ok(StatusOutput { status: "SUCCEEDED" });
    }
    Err(AwsError::new(404, NO_SUCH_ENTITY, format!("Deletion task {task} cannot be found.")))
}
