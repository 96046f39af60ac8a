//! PutParameter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION, absent, invalid, required};
use super::name::check_new;
use super::store::{self, Parameter, Version};
use super::tags::{self, Tag};
use super::value::{Kind, Tier, check_pattern};
use crate::core::transaction::Transaction;
use crate::request::Context;
use wire::{AwsError, check};

/// "AWS Systems Manager endpoints and quotas": standard parameters of an account and Region. AWS has 100,000 advanced ones beside
/// them; here both count together.
const MAX_PARAMETERS: usize = 10_000;
/// "AWS Systems Manager endpoints and quotas": versions of a parameter that are kept.
const MAX_VERSIONS: usize = 100;
/// The key that a SecureString has unless it is told one.
const DEFAULT_KEY: &str = "alias/aws/ssm";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PutInput {
    name: Option<String>,
    description: Option<String>,
    value: Option<String>,
    r#type: Option<String>,
    key_id: Option<String>,
    overwrite: Option<bool>,
    allowed_pattern: Option<String>,
    tags: Option<Vec<Tag>>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutOutput {
    version: u64,
    tier: &'static str,
}

/// A put that is right in itself.
struct Wanted {
    name: String,
    value: String,
    kind: Option<Kind>,
    description: Option<String>,
    pattern: Option<String>,
    tier: Option<String>,
    key_id: Option<String>,
    tags: BTreeMap<String, String>,
    overwrite: bool,
}

impl PutInput {
    fn check(self, cx: &Context) -> Result<Wanted, AwsError> {
        let name = check_new(&required(self.name, "name")?)?.to_owned();
        let value = required(self.value, "value")?;
        // "PutParameter", Value: nothing in double brackets.
        if value.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
            return Err(invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value."));
        }
        let mut checks = check::Checks::new(VALIDATION);
        if value.is_empty() {
            checks.fail("", "value", "Member must have length greater than or equal to 1");
        }
        checks.done()?;
        match self.data_type.as_deref() {
            None | Some("text") => {}
            Some(known @ ("aws:ec2:image" | "aws:ssm:integration")) => {
                return Err(absent(&format!("The data type {known} is not simulated here: use text.")));
            }
            Some(other) => {
                let message =
                    format!("The following data type is not supported: {other} (Data type names are all lowercase.)");
                return Err(invalid(message));
            }
        }
        if self.policies.as_deref().is_some_and(|policies| !matches!(policies.trim(), "" | "{}" | "[]" | "[{}]")) {
            return Err(absent(
                "Policies of parameters are not simulated here: nothing expires, and nobody is notified.",
            ));
        }
        let overwrite = self.overwrite == Some(true);
        if overwrite && self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            return Err(invalid(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
                 overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
            ));
        }
        Ok(Wanted {
            name,
            value,
            kind: self.r#type.as_deref().map(Kind::parse).transpose()?,
            description: self.description,
            pattern: self.allowed_pattern,
            tier: self.tier,
            key_id: self.key_id,
            tags: tags::check(cx, self.tags.unwrap_or_default())?,
            overwrite,
        })
    }
}

/// Makes a parameter, or a new version of one. What a new version isn't told stays as it was.
pub(super) async fn put_parameter(cx: &Context, input: PutInput) -> Result<PutOutput, AwsError> {
    let wanted = input.check(cx)?;
    // What costs time is done before the lock, with what the request alone says; the pattern that a parameter has already, within it.
    if let Some(pattern) = wanted.pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
        check_pattern(pattern, &wanted.value).await?;
    }
    let core = &cx.cloud.core;
    let inherited = core.read(|engine, _| store::by_name(cx, engine, &wanted.name)?.now.pattern);
    if let Some(pattern) = inherited.as_deref().filter(|_| wanted.pattern.is_none()) {
        check_pattern(pattern, &wanted.value).await?;
    }
    core.execute(|tx| match store::by_name(cx, tx.engine(), &wanted.name) {
        Some(_) if !wanted.overwrite => Err(AwsError::bad(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )),
        Some(before) => add_version(tx, cx, before, wanted),
        None => create(tx, cx, wanted),
    })
    .await
}

/// The key of a value of this type.
fn key_id(kind: Kind, asked: Option<String>, before: Option<String>) -> Result<Option<String>, AwsError> {
    match (kind, asked) {
        (Kind::SecureString, asked) => Ok(Some(asked.or(before).unwrap_or_else(|| DEFAULT_KEY.into()))),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(invalid("KeyId can be specified for parameters of type SecureString only.")),
    }
}

fn create(tx: &mut Transaction<'_>, cx: &Context, wanted: Wanted) -> Result<PutOutput, AwsError> {
    let kind = wanted.kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
    let tier = Tier::of(wanted.tier.as_deref(), None, &wanted.value)?;
    let key_id = key_id(kind, wanted.key_id, None)?;
    if store::count(cx, tx.engine()) >= MAX_PARAMETERS {
        let message =
            format!("You have reached the maximum number of {MAX_PARAMETERS} parameters of this account and Region.");
        return Err(AwsError::bad("ParameterLimitExceeded", message));
    }
    let now = Version {
        number: 1,
        value: wanted.value,
        description: wanted.description.filter(|text| !text.is_empty()),
        pattern: wanted.pattern.filter(|text| !text.is_empty()),
        tier,
        key_id,
        modified: tx.now,
        by: cx.caller(),
    };
    store::put(tx, cx, &Parameter { name: wanted.name, kind, now, labels: BTreeMap::new(), tags: wanted.tags })?;
    Ok(PutOutput { version: 1, tier: tier.as_str() })
}

fn add_version(
    tx: &mut Transaction<'_>,
    cx: &Context,
    mut parameter: Parameter,
    wanted: Wanted,
) -> Result<PutOutput, AwsError> {
    if wanted.kind.is_some_and(|kind| kind != parameter.kind) {
        let message = "Parameter Store does not support changing a parameter type in a hierarchy. You must create a new, unique \
                       parameter.";
        return Err(AwsError::bad("HierarchyTypeMismatchException", message));
    }
    let tier = Tier::of(wanted.tier.as_deref(), Some(parameter.now.tier), &wanted.value)?;
    let key_id = key_id(parameter.kind, wanted.key_id, parameter.now.key_id.clone())?;
    let (versions, oldest) = store::extent(cx, tx.engine(), &parameter);
    if versions >= MAX_VERSIONS {
        // "Working with parameter versions": a label keeps the oldest version, and then there is no room for another.
        if parameter.labels.values().any(|number| *number == oldest) {
            let message = format!(
                "You attempted to create a new version of {} by calling the PutParameter API with the overwrite flag. Version \
                 {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the label to \
                 another version of the parameter, and try again.",
                parameter.name
            );
            return Err(AwsError::bad("ParameterMaxVersionLimitExceeded", message));
        }
    }
    let before = parameter.now;
    let dropped = (versions >= MAX_VERSIONS).then_some(oldest);
    parameter.now = Version {
        number: before.number + 1,
        value: wanted.value,
        description: wanted.description.or_else(|| before.description.clone()).filter(|text| !text.is_empty()),
        pattern: wanted.pattern.or_else(|| before.pattern.clone()).filter(|text| !text.is_empty()),
        tier,
        key_id,
        modified: tx.now,
        by: cx.caller(),
    };
    store::put_version(tx, cx, &parameter, &before, dropped)?;
    Ok(PutOutput { version: parameter.now.number, tier: tier.as_str() })
}
