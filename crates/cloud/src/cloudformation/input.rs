//! What CreateStack, UpdateStack and CreateChangeSet are told, and what comes of it: a definition and its plan.

use http::Method;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::aside::aside;
use super::plan::{Plan, pseudo};
use super::record::{Definition, OnFailure, Stack, Tag};
use super::refused::refused;
use super::store;
use super::{objects, run};
use crate::request::passing;
use crate::request::{Context, host_of};
use template::parameters::{Given, Texts, settle};
use template::references::{Found, unresolved, walk};
use template::{Budget, KNOWN_AFTER_APPLY, MAX_BYTES, Reference, Template, summary, too_large};
use wire::AwsError;

/// "AWS CloudFormation quotas": bytes of a template in a request.
const MAX_BODY: usize = 51_200;
/// "SetStackPolicy": characters of a stack policy, which lying in S3 has no more.
const MAX_POLICY: usize = 16_384;
/// "AWS CloudFormation quotas": characters of a stack's name.
const MAX_NAME: usize = 128;
/// "CreateStack": tags of a stack.
const MAX_TAGS: usize = 50;
/// "CreateStack": topics that get the stack's events.
const MAX_NOTIFICATIONS: usize = 5;

/// The members of the three operations that say what a stack is to be.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Deployment {
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
}

/// Alarms that roll an operation back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RollbackConfigurationInput {
    rollback_triggers: Option<Vec<serde::de::IgnoredAny>>,
    monitoring_time_in_minutes: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ParameterInput {
    pub parameter_key: Option<String>,
    pub parameter_value: Option<String>,
    pub use_previous_value: Option<bool>,
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// AWS's error for a member that breaks a rule of the API's model.
pub fn constraint(value: Option<&str>, member: &str, rule: &str) -> AwsError {
    let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
    invalid(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// Refuses a text of more characters than the API's model allows.
pub fn at_most(text: Option<&str>, member: &str, most: usize) -> Result<(), AwsError> {
    match text.filter(|text| text.chars().count() > most) {
        Some(text) => Err(constraint(Some(text), member, &format!("have length less than or equal to {most}"))),
        None => Ok(()),
    }
}

/// The member that names a stack, which has to be there.
pub fn stack_name(name: Option<String>) -> Result<String, AwsError> {
    let name = name.ok_or_else(|| constraint(None, "stackName", "not be null"))?;
    if name.is_empty() {
        return Err(constraint(Some(""), "stackName", "have length greater than or equal to 1"));
    }
    Ok(name)
}

/// Checks the role that a stack is to be made or deleted through, though here a stack may do whatever its account may.
///
/// # Errors
/// `AccessDenied` for another account's. Where the cloud is strict `ValidationError` for one that nobody made; else the
/// operator is told of it.
pub fn check_role(cx: &Context, stack: &str, role: Option<&str>) -> Result<(), AwsError> {
    let Some(role) = role else { return Ok(()) };
    if role.len() < 20 {
        // "CreateStack", RoleARN: 20 to 2048 characters.
        return Err(constraint(Some(role), "roleARN", "have length greater than or equal to 20"));
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
pub fn new_name(name: Option<String>) -> Result<String, AwsError> {
    let name = stack_name(name)?;
    if name.len() > MAX_NAME {
        return Err(constraint(Some(&name), "stackName", "have length less than or equal to 128"));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(constraint(Some(&name), "stackName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"));
    }
    Ok(name)
}

/// A template's text as a request gives it: in the body, or lying in S3. `None` if it gives none.
pub async fn template_text(
    cx: &Context,
    body: Option<String>,
    url: Option<String>,
) -> Result<Option<String>, AwsError> {
    match (body, url) {
        (Some(_), Some(_)) => Err(invalid("Only one of TemplateBody or TemplateURL may be specified.")),
        (Some(body), None) if body.is_empty() => {
            Err(constraint(Some(""), "templateBody", "have length greater than or equal to 1"))
        }
        (Some(body), None) if body.len() > MAX_BODY => {
            Err(constraint(Some(&body), "templateBody", "have length less than or equal to 51200"))
        }
        (Some(body), None) => Ok(Some(body)),
        (None, Some(url)) => object_text(cx, &url, "TemplateURL").await.map(Some),
        (None, None) => Ok(None),
    }
}

/// A stack policy as a request gives it.
pub async fn policy_text(cx: &Context, body: Option<String>, url: Option<String>) -> Result<Option<String>, AwsError> {
    let text = match (body, url) {
        (Some(_), Some(_)) => return Err(invalid("You cannot specify both StackPolicyURL and StackPolicyBody")),
        (body @ Some(_), None) => body,
        (None, Some(url)) => Some(object_text(cx, &url, "StackPolicyURL").await?),
        (None, None) => None,
    };
    if let Some(text) = &text {
        at_most(Some(text), "stackPolicyBody", MAX_POLICY)?;
        run::check_policy(text)?;
    }
    Ok(text)
}

/// The text of the object that a URL names.
async fn object_text(cx: &Context, url: &str, member: &str) -> Result<String, AwsError> {
    let path = object_path(cx, url, member)?;
    let bytes = objects::request(cx, Method::GET, &path, "", &[], String::new()).await.map_err(|error| {
        invalid(format!(
            "S3 error: {}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            error.message
        ))
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(refused(too_large()));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| invalid("Template format error: unsupported structure."))
}

/// `bucket/key` of a URL: of AWS's S3 in path or virtual-hosted style, or of this server.
fn object_path(cx: &Context, url: &str, member: &str) -> Result<String, AwsError> {
    let unsupported = || invalid(format!("{member} must be a supported URL."));
    if let Some(rest) = url.strip_prefix("s3://") {
        let bucket = rest.split('/').next().unwrap_or_default();
        return Err(invalid(format!("S3 error: Domain name specified in {bucket} is not a valid S3 domain")));
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(unsupported)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').ok_or_else(unsupported)?;
    let path = percent_decode_str(path).decode_utf8().map_err(|_| unsupported())?;
    let host = host_of(authority);
    let own = host_of(cx.host.split_once("://").map_or(&cx.host, |(_, authority)| authority));
    let by_path = host == own || host == "localhost" || host.starts_with("127.") || is_s3(host);
    let path = match host.split_once(".s3").filter(|(_, rest)| rest.starts_with(['.', '-'])) {
        _ if by_path => path.into_owned(),
        Some((bucket, _)) => format!("{bucket}/{path}"),
        None => return Err(unsupported()),
    };
    let named = path.split_once('/').is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    if named { Ok(path) } else { Err(unsupported()) }
}

/// `s3.amazonaws.com`, `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com` and the like.
fn is_s3(host: &str) -> bool {
    host.strip_prefix("s3").is_some_and(|rest| rest.starts_with(['.', '-']))
}

/// A definition, its template's text, and the plan that it gives.
pub struct Prepared {
    pub text: String,
    pub definition: Definition,
    pub plan: Plan,
}

impl Deployment {
    /// Reads what a stack is to be. `stack` is the one to make or update, `update` whether it is deployed already, `key`
    /// the document that will hold the template.
    pub async fn prepare(
        &mut self,
        cx: &Context,
        stack: &Stack,
        update: bool,
        key: String,
    ) -> Result<Prepared, AwsError> {
        self.check()?;
        let given = template_text(cx, self.template_body.take(), self.template_url.take()).await?;
        let previous = self.use_previous_template == Some(true);
        let text = match given {
            Some(_) if previous => {
                return Err(invalid("Cannot specify both UsePreviousTemplate and a template."));
            }
            Some(text) => text,
            None if previous && update => {
                let text = cx.cloud.core.read(|engine, _| store::template(engine, &stack.now.template));
                text.ok_or_else(|| AwsError::internal("the stack's template is gone"))?
            }
            None if previous => return Err(invalid("Cannot specify UsePreviousTemplate when creating a stack.")),
            None => return Err(invalid("Either Template URL or Template Body must be specified.")),
        };
        check_role(cx, &stack.name, self.role_arn.as_deref())?;
        let given = self.given()?;
        if !update && given.iter().any(|g| g.use_previous) {
            return Err(invalid("Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE"));
        }
        // Loops may go over parameters, so their texts are needed to read the template and the template for their defaults.
        let early: Texts = given
            .iter()
            .filter_map(|g| {
                let previous = stack.now.parameters.get(&g.key).filter(|_| g.use_previous);
                Some((g.key.clone(), g.value.clone().or_else(|| previous.cloned())?))
            })
            .collect();
        let before = update.then(|| stack.now.parameters.clone());
        let (text, template, parameters) = aside(move || {
            let template = Template::read_given(&text, &early)?;
            super::plan::check_types(&template)?;
            let parameters = settle(&template.parameters, &given, before.as_ref())?;
            Ok((text, template, parameters))
        })
        .await?
        .map_err(refused)?;
        self.check_resource_types(&template)?;
        let capabilities = self.capabilities.take().unwrap_or_default();
        if let Some(lacking) = summary::lacking(&template, &capabilities) {
            return Err(AwsError::bad(
                "InsufficientCapabilitiesException",
                format!("Requires capabilities : [{lacking}]"),
            ));
        }
        let kept = |new: Option<Vec<String>>, old: &Vec<String>| new.unwrap_or_else(|| old.clone());
        let needed = summary::capabilities(&template).names;
        let definition = Definition {
            template: key,
            description: template.description.clone(),
            parameters,
            tags: self.tags.take().unwrap_or_else(|| stack.now.tags.clone()),
            // Of what was acknowledged, what the template asks for.
            capabilities: capabilities.into_iter().filter(|c| needed.contains(&c.as_str())).collect(),
            role: self.role_arn.take().or_else(|| stack.now.role.clone()),
            notifications: kept(self.notification_arns.take(), &stack.now.notifications),
            outputs: stack.now.outputs.clone(),
            imports: stack.now.imports.clone(),
        };
        let pseudo = pseudo(stack, &definition.notifications);
        aside(move || {
            let plan = Plan::new(&text, &definition.parameters, pseudo)?;
            rehearse(&plan)?;
            Ok(Prepared { text, definition, plan })
        })
        .await?
        .map_err(refused)
    }

    fn check(&self) -> Result<(), AwsError> {
        if self.resources_to_import.as_ref().is_some_and(|r| !r.is_empty())
            || self.import_existing_resources == Some(true)
        {
            return Err(invalid("Importing resources is not supported by this cloud."));
        }
        let monitored = self.rollback_configuration.as_ref().is_some_and(|it| {
            it.rollback_triggers.as_ref().is_some_and(|triggers| !triggers.is_empty())
                || it.monitoring_time_in_minutes.is_some_and(|minutes| minutes > 0)
        });
        if monitored {
            return Err(invalid("RollbackConfiguration is not supported by this cloud: it has no alarms to watch."));
        }
        if let Some(mode) = &self.deployment_mode {
            return Err(invalid(format!(
                "DeploymentMode {mode} is not supported by this cloud: it looks for no drift."
            )));
        }
        if self.notification_arns.as_ref().is_some_and(|arns| arns.len() > MAX_NOTIFICATIONS) {
            return Err(constraint(None, "notificationARNs", "have length less than or equal to 5"));
        }
        let tags = self.tags.iter().flatten();
        if self.tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
            return Err(constraint(None, "tags", "have length less than or equal to 50"));
        }
        let texts = [
            ("roleARN", &self.role_arn, 2_048),
            ("clientRequestToken", &self.client_request_token, 128),
            ("description", &self.description, 1_024),
        ];
        for (member, text, most) in texts {
            at_most(text.as_deref(), member, most)?;
        }
        for kind in self.resource_types.iter().flatten() {
            at_most(Some(kind), "resourceTypes", 256)?;
        }
        for arn in self.notification_arns.iter().flatten() {
            at_most(Some(arn), "notificationARNs", 2_048)?;
        }
        for tag in tags {
            at_most(Some(&tag.value), "tags.member.value", 256)?;
            if tag.key.to_ascii_lowercase().starts_with("aws:") {
                return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
            }
            if tag.key.is_empty() || tag.key.chars().count() > 128 {
                return Err(constraint(Some(&tag.key), "tags.member.key", "have length between 1 and 128"));
            }
        }
        Ok(())
    }

    fn given(&mut self) -> Result<Vec<Given>, AwsError> {
        let parameters = self.parameters.take().unwrap_or_default();
        parameters
            .into_iter()
            .map(|parameter| {
                let key = parameter
                    .parameter_key
                    .ok_or_else(|| constraint(None, "parameters.1.member.parameterKey", "not be null"))?;
                let use_previous = parameter.use_previous_value == Some(true);
                Ok(Given { key, value: parameter.parameter_value, use_previous })
            })
            .collect()
    }

    fn check_resource_types(&self, template: &Template) -> Result<(), AwsError> {
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
    pub fn on_failure(&self, creating: bool) -> Result<OnFailure, AwsError> {
        let wish = self.on_failure.as_deref().or(self.on_stack_failure.as_deref());
        match (self.disable_rollback, wish) {
            (Some(_), Some(_)) => Err(invalid("Either DisableRollback or OnFailure can be specified, not both.")),
            (Some(true), None) | (_, Some("DO_NOTHING")) => Ok(OnFailure::Nothing),
            (_, Some("DELETE")) if creating => Ok(OnFailure::Delete),
            (_, Some("ROLLBACK") | None) => Ok(OnFailure::Rollback),
            (_, Some(other)) => {
                Err(constraint(Some(other), "onFailure", "satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]"))
            }
        }
    }
}

/// Evaluates everything as far as it can be before anything exists, for the mistakes that this shows.
fn rehearse(plan: &Plan) -> template::Result<()> {
    let known = |_: Reference<'_>| Ok(KNOWN_AFTER_APPLY.into());
    let budget = Budget::default();
    let scope = plan.scope(&known, &budget);
    let resources = plan.needs.keys().flat_map(|name| plan.template.resources[name].properties.values());
    let outputs = plan.template.outputs.values().filter(|o| plan.shows(o.condition.as_ref()));
    for value in resources.chain(outputs.flat_map(|o| std::iter::once(&o.value).chain(&o.export))) {
        match scope.value(value) {
            Err(invalid) if !invalid.premature => return Err(invalid),
            _ => {}
        }
    }
    // A reference from an output to a resource that doesn't exist.
    let mut absent = std::collections::BTreeSet::new();
    for output in plan.template.outputs.values().filter(|o| plan.shows(o.condition.as_ref())) {
        walk(&output.value, Some(&plan.conditions), &mut |found| {
            let (Found::Name(name) | Found::Attribute(name, _)) = found else { return };
            if plan.template.resources.contains_key(name) && !plan.needs.contains_key(name) {
                absent.insert(name);
            }
        })?;
    }
    if absent.is_empty() { Ok(()) } else { Err(unresolved(&absent, "Outputs")) }
}
