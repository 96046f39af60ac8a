//! GetTemplate, GetTemplateSummary and ValidateTemplate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blocking::run_blocking;
use super::change_sets::{ChangeSetInput, find};
use super::error::{constraint, invalid, invalid_template, no_stack_with_id};
use super::place::Place;
use super::record::{Definition, Status};
use super::source::template_text;
use super::{plan, types};
use super::{store, stored};
use crate::request::Context;
use template::parameters::{Declaration, Texts};
use template::{Pseudo, Template, summary};
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetTemplateInput {
    stack_name: Option<String>,
    change_set_name: Option<String>,
    template_stage: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTemplateOutput {
    template_body: String,
    stages_available: [&'static str; 2],
}

/// GetTemplate.
pub(super) async fn get_template(cx: &Context, input: GetTemplateInput) -> Result<GetTemplateOutput, AwsError> {
    let is_processed = match input.template_stage.as_deref() {
        None | Some("Original") => false,
        Some("Processed") => true,
        Some(other) => {
            return Err(constraint(other, "templateStage", "satisfy enum value set: [Processed, Original]"));
        }
    };
    let place = Place::of(cx);
    let (text, definition) = cx.cloud.core.read(|engine, _| {
        let definition = match (&input.stack_name, input.change_set_name) {
            (None, Some(name)) if !name.starts_with("arn:") => {
                return Err(invalid("StackName is a required parameter."));
            }
            (stack_name, Some(name)) => {
                let named = ChangeSetInput {
                    stack_name: stack_name.clone(),
                    change_set_name: Some(name),
                    ..ChangeSetInput::default()
                };
                find(engine, &place, &named)?.1.definition
            }
            (Some(name), None) => store::find_stack(engine, &place, name)?.ok_or_else(|| no_stack_with_id(name))?.now,
            (None, None) => return Err(invalid("StackName is required if ChangeSetName is not specified.")),
        };
        let text = if is_processed { store::template } else { store::original };
        Ok((text(engine, &definition.template).unwrap_or_default(), definition))
    })?;
    let template_body = match is_processed {
        true => {
            let here = plan::pseudo_here(cx);
            run_blocking(move || processed(&text, &definition, &here).unwrap_or(text)).await?
        }
        false => text,
    };
    Ok(GetTemplateOutput { template_body, stages_available: ["Original", "Processed"] })
}

/// The template with its transforms done; `None` if it has none.
fn processed(text: &str, definition: &Definition, here: &Pseudo) -> Option<String> {
    let tree = template::parse(text).ok()?;
    tree.get("Transform")?;
    let mut tree = template::processed(tree, &definition.texts(), here).ok()?;
    for section in ["Transform", "Globals"] {
        tree.as_object_mut()?.shift_remove(section);
    }
    serde_json::to_string(&tree).ok()
}

/// The input of GetTemplateSummary and ValidateTemplate.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TemplateInput {
    template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    template_url: Option<String>,
    stack_name: Option<String>,
    stack_set_name: Option<String>,
    template_summary_config: Option<TemplateSummaryConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TemplateSummaryConfig {
    treat_unrecognized_resource_types_as_warnings: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ParameterDeclaration {
    parameter_key: String,
    default_value: Option<String>,
    parameter_type: String,
    no_echo: bool,
    description: Option<String>,
    parameter_constraints: Constraints,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Constraints {
    allowed_values: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct IdentifierSummary {
    resource_type: String,
    logical_resource_ids: Vec<String>,
    resource_identifiers: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTemplateSummaryOutput {
    parameters: Vec<ParameterDeclaration>,
    description: Option<String>,
    capabilities: Option<Vec<&'static str>>,
    capabilities_reason: Option<String>,
    resource_types: Vec<String>,
    version: Option<String>,
    metadata: Option<String>,
    declared_transforms: Option<Vec<String>>,
    resource_identifier_summaries: Vec<IdentifierSummary>,
    warnings: Option<Warnings>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Warnings {
    unrecognized_resource_types: Vec<String>,
}

fn declaration(parameter: Declaration) -> ParameterDeclaration {
    ParameterDeclaration {
        parameter_key: parameter.name,
        default_value: parameter.default,
        parameter_type: parameter.type_name,
        no_echo: parameter.no_echo,
        description: parameter.description,
        parameter_constraints: Constraints {
            allowed_values: Some(parameter.allowed_values).filter(|values| !values.is_empty()),
        },
    }
}

/// Metadata the way AWS gives them here: JSON in single quotes.
fn quoted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(&name.as_str().into()), quoted(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        scalar => scalar.to_string(),
    }
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Reads a template for which no parameters are given.
async fn read(cx: &Context, text: String) -> Result<Template, AwsError> {
    let here = plan::pseudo_here(cx);
    let values = stored::early(cx, &text, &Texts::new()).await?;
    run_blocking(move || Template::read_undecided(&text, &values, &here)).await?.map_err(invalid_template)
}

/// GetTemplateSummary.
pub(super) async fn get_template_summary(
    cx: &Context,
    input: TemplateInput,
) -> Result<GetTemplateSummaryOutput, AwsError> {
    if input.stack_set_name.is_some() {
        return Err(invalid("StackSetName is not supported by this cloud: it has no stack sets."));
    }
    let given = template_text(cx, input.template_body, input.template_url).await?;
    let text = match (given, input.stack_name) {
        (Some(text), _) => text,
        (None, Some(name)) => {
            let place = Place::of(cx);
            cx.cloud.core.read(|engine, _| {
                let stack = store::find_stack(engine, &place, &name)?.ok_or_else(|| no_stack_with_id(&name))?;
                if stack.status == Status::ReviewInProgress {
                    return Err(invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."));
                }
                Ok::<_, AwsError>(store::template(engine, &stack.now.template).unwrap_or_default())
            })?
        }
        (None, None) => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let template = read(cx, text).await?;
    let warned = input.template_summary_config.is_some_and(|it| it.treat_unrecognized_resource_types_as_warnings);
    if !warned {
        plan::check_types(&template, cx.cloud.placeholders).map_err(invalid_template)?;
    }
    let unknown = plan::unknown_types(&template, cx.cloud.placeholders);
    let warnings = (warned && !unknown.is_empty()).then_some(Warnings { unrecognized_resource_types: unknown });
    let capabilities = summary::capabilities(&template);
    let kinds = summary::types(&template);
    let identifiers = kinds.iter().map(|(kind, names)| IdentifierSummary {
        resource_type: (*kind).to_owned(),
        logical_resource_ids: names.iter().map(|name| (*name).to_owned()).collect(),
        resource_identifiers: types::find(kind)
            .map_or(&[][..], |found| found.schema().identifiers)
            .iter()
            .map(|i| (*i).to_owned())
            .collect(),
    });
    Ok(GetTemplateSummaryOutput {
        resource_identifier_summaries: identifiers.collect(),
        resource_types: kinds.keys().map(|kind| (*kind).to_owned()).collect(),
        parameters: template.parameters.into_iter().map(declaration).collect(),
        description: template.description,
        capabilities: some(capabilities.names),
        capabilities_reason: capabilities.reason,
        version: template.version,
        metadata: template.metadata.as_ref().map(quoted),
        declared_transforms: some(template.transforms),
        warnings,
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TemplateParameter {
    parameter_key: String,
    default_value: Option<String>,
    no_echo: bool,
    description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ValidateTemplateOutput {
    parameters: Vec<TemplateParameter>,
    description: Option<String>,
    capabilities: Option<Vec<&'static str>>,
    capabilities_reason: Option<String>,
    declared_transforms: Option<Vec<String>>,
}

/// ValidateTemplate.
pub(super) async fn validate_template(cx: &Context, input: TemplateInput) -> Result<ValidateTemplateOutput, AwsError> {
    let text = template_text(cx, input.template_body, input.template_url).await?;
    let text = text.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let template = read(cx, text).await?;
    plan::check_types(&template, cx.cloud.placeholders).map_err(invalid_template)?;
    let capabilities = summary::capabilities(&template);
    let parameters = template.parameters.into_iter().map(|parameter| TemplateParameter {
        parameter_key: parameter.name,
        default_value: parameter.default,
        no_echo: parameter.no_echo,
        description: parameter.description,
    });
    Ok(ValidateTemplateOutput {
        parameters: parameters.collect(),
        description: template.description,
        capabilities: some(capabilities.names),
        capabilities_reason: capabilities.reason,
        declared_transforms: some(template.transforms),
    })
}
