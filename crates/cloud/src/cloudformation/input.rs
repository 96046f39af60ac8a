//! The input of CreateStack, UpdateStack and CreateChangeSet, and the rules of the API's model for it.

use std::collections::HashSet;

use serde::Deserialize;

use super::error::{check_length, constraint, invalid, missing, too_many};
use super::record::{OnFailure, Tag};
use crate::request::Context;
use crate::request::passing;
use template::Template;
use template::parameters::Given;
use wire::AwsError;

/// "AWS CloudFormation quotas": characters of a stack's name.
const MAX_NAME: usize = 128;
/// "CreateStack": tags of a stack.
const MAX_TAGS: usize = 50;
/// "CreateStack": topics that get the stack's events.
const MAX_NOTIFICATIONS: usize = 5;

/// The capability with which a caller lets transforms expand a template.
pub(super) const AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";

/// The members of the three operations that say what a stack is to be.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Deployment {
    pub stack_name: Option<String>,
    pub template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    pub template_url: Option<String>,
    pub use_previous_template: Option<bool>,
    pub parameters: Option<Vec<ParameterInput>>,
    pub capabilities: Option<Vec<String>>,
    pub resource_types: Option<Vec<String>>,
    #[serde(rename = "RoleARN")]
    pub role_arn: Option<String>,
    pub tags: Option<Vec<Tag>>,
    #[serde(rename = "NotificationARNs")]
    pub notification_arns: Option<Vec<String>>,
    pub client_request_token: Option<String>,
    pub disable_rollback: Option<bool>,
    pub on_failure: Option<String>,
    pub on_stack_failure: Option<String>,
    pub timeout_in_minutes: Option<u32>,
    pub enable_termination_protection: Option<bool>,
    pub stack_policy_body: Option<String>,
    #[serde(rename = "StackPolicyURL")]
    pub stack_policy_url: Option<String>,
    pub stack_policy_during_update_body: Option<String>,
    #[serde(rename = "StackPolicyDuringUpdateURL")]
    pub stack_policy_during_update_url: Option<String>,
    pub change_set_name: Option<String>,
    pub change_set_type: Option<String>,
    pub description: Option<String>,
    pub include_nested_stacks: Option<bool>,
    pub resources_to_import: Option<Vec<serde::de::IgnoredAny>>,
    pub import_existing_resources: Option<bool>,
    pub rollback_configuration: Option<RollbackConfigurationInput>,
    pub deployment_mode: Option<String>,
    pub disable_validation: Option<bool>,
    pub deployment_config: Option<DeploymentConfig>,
}

/// How an operation is to go. In EXPRESS mode AWS doesn't wait until resources are ready; here they are at once.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeploymentConfig {
    mode: Option<String>,
    disable_rollback: Option<bool>,
}

impl DeploymentConfig {
    /// Refuses a mode that AWS hasn't.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        match self.mode.as_deref() {
            None | Some("STANDARD" | "EXPRESS") => Ok(()),
            Some(other) => {
                Err(constraint(other, "deploymentConfig.mode", "satisfy enum value set: [STANDARD, EXPRESS]"))
            }
        }
    }
}

/// Alarms that roll an operation back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RollbackConfigurationInput {
    rollback_triggers: Option<Vec<serde::de::IgnoredAny>>,
    monitoring_time_in_minutes: Option<u32>,
}

/// A parameter's value, or that it stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ParameterInput {
    pub parameter_key: Option<String>,
    pub parameter_value: Option<String>,
    pub use_previous_value: Option<bool>,
}

/// The member that names a stack, which has to be there.
pub(super) fn stack_name(name: Option<String>) -> Result<String, AwsError> {
    let name = name.ok_or_else(|| missing("stackName"))?;
    if name.is_empty() {
        return Err(constraint("", "stackName", "have length greater than or equal to 1"));
    }
    Ok(name)
}

/// Checks the role that a stack is to be made or deleted through, though here a stack may do whatever its account may.
///
/// # Errors
/// `AccessDenied` for another account's. Where the cloud is strict `ValidationError` for one that nobody made; else the
/// operator is told of it.
pub(super) fn check_role(cx: &Context, stack: &str, role: Option<&str>) -> Result<(), AwsError> {
    let Some(role) = role else { return Ok(()) };
    if role.len() < 20 {
        // "CreateStack", RoleARN: 20 to 2048 characters.
        return Err(constraint(role, "roleARN", "have length greater than or equal to 20"));
    }
    passing::check(cx, role, 403, "AccessDenied")?;
    if cx.cloud.core.read(|engine, _| engine.strict() && engine.role(role).is_none()) {
        return Err(invalid(format!("Role {role} is invalid or cannot be assumed")));
    }
    passing::tell_if_missing(
        cx,
        &format!("the stack {stack}"),
        role,
        "cloudformation.amazonaws.com",
        "what the stack makes",
    );
    Ok(())
}

/// The name of a stack that is to be made.
pub(super) fn new_name(name: Option<String>) -> Result<String, AwsError> {
    let name = stack_name(name)?;
    if name.len() > MAX_NAME {
        return Err(constraint(&name, "stackName", "have length less than or equal to 128"));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(constraint(&name, "stackName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"));
    }
    Ok(name)
}

impl Deployment {
    /// Refuses what breaks a rule of the API's model, and what this cloud doesn't do.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        if self.resources_to_import.as_ref().is_some_and(|r| !r.is_empty()) {
            return Err(invalid("Importing resources is not supported by this cloud."));
        }
        let monitored = self.rollback_configuration.as_ref().is_some_and(|it| {
            it.rollback_triggers.as_ref().is_some_and(|triggers| !triggers.is_empty())
                || it.monitoring_time_in_minutes.is_some_and(|minutes| minutes > 0)
        });
        if monitored {
            return Err(invalid("RollbackConfiguration is not supported by this cloud: it has no alarms to watch."));
        }
        if let Some(config) = &self.deployment_config {
            config.check()?;
        }
        if let Some(mode) = &self.deployment_mode {
            return Err(invalid(format!(
                "DeploymentMode {mode} is not supported by this cloud: it looks for no drift."
            )));
        }
        if self.notification_arns.as_ref().is_some_and(|arns| arns.len() > MAX_NOTIFICATIONS) {
            return Err(too_many("notificationARNs", 5));
        }
        let tags = self.tags.iter().flatten();
        if self.tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
            return Err(too_many("tags", 50));
        }
        let texts = [
            ("roleARN", &self.role_arn, 2_048),
            ("clientRequestToken", &self.client_request_token, 128),
            ("description", &self.description, 1_024),
        ];
        for (member, text, most) in texts {
            check_length(text.as_deref(), member, most)?;
        }
        for kind in self.resource_types.iter().flatten() {
            check_length(Some(kind), "resourceTypes", 256)?;
        }
        for arn in self.notification_arns.iter().flatten() {
            check_length(Some(arn), "notificationARNs", 2_048)?;
        }
        let mut keys = HashSet::new();
        for tag in tags {
            if !keys.insert(&tag.key) {
                return Err(invalid("Tags contain duplicate keys; tag keys must be unique"));
            }
            check_length(Some(&tag.value), "tags.member.value", 256)?;
            if tag.key.to_ascii_lowercase().starts_with("aws:") {
                return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
            }
            if tag.key.is_empty() || tag.key.chars().count() > 128 {
                return Err(constraint(&tag.key, "tags.member.key", "have length between 1 and 128"));
            }
        }
        Ok(())
    }

    /// Whether the caller lets transforms expand the template.
    pub(super) fn may_expand(&self) -> bool {
        self.capabilities.iter().flatten().any(|capability| capability == AUTO_EXPAND)
    }

    /// Takes the values of the parameters.
    pub(super) fn take_parameters(&mut self) -> Result<Vec<Given>, AwsError> {
        let parameters = self.parameters.take().unwrap_or_default();
        parameters
            .into_iter()
            .map(|parameter| {
                let key = parameter.parameter_key.ok_or_else(|| missing("parameters.1.member.parameterKey"))?;
                let use_previous = parameter.use_previous_value == Some(true);
                Ok(Given { key, value: parameter.parameter_value, use_previous })
            })
            .collect()
    }

    /// Refuses a template with a resource type that `ResourceTypes` doesn't name.
    pub(super) fn check_resource_types(&self, template: &Template) -> Result<(), AwsError> {
        let Some(allowed) = &self.resource_types else { return Ok(()) };
        let fits = |kind: &str, pattern: &str| match pattern.strip_suffix("::*") {
            Some(prefix) => kind.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::")),
            None => kind == pattern,
        };
        let refused = template.resources.values().find(|r| !allowed.iter().any(|pattern| fits(&r.kind, pattern)));
        match refused {
            Some(resource) => Err(invalid(format!(
                "Resource type {} is not allowed by parameter ResourceTypes [{}]",
                resource.kind,
                allowed.join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// What is to become of the stack if the operation fails.
    pub(super) fn on_failure(&self, creating: bool) -> Result<OnFailure, AwsError> {
        let wish = self.on_failure.as_deref().or(self.on_stack_failure.as_deref());
        let config = self.deployment_config.as_ref().and_then(|config| config.disable_rollback);
        match (self.disable_rollback.or(config), wish) {
            (Some(_), Some(_)) => Err(invalid("Either DisableRollback or OnFailure can be specified, not both.")),
            (Some(true), None) | (_, Some("DO_NOTHING")) => Ok(OnFailure::Nothing),
            (_, Some("DELETE")) if creating => Ok(OnFailure::Delete),
            (_, Some("ROLLBACK") | None) => Ok(OnFailure::Rollback),
            (_, Some(other)) => {
                Err(constraint(other, "onFailure", "satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]"))
            }
        }
    }
}
