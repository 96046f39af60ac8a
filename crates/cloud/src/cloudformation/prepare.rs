//! What comes of an operation's input: the definition of a stack, its template's text, and the plan that they give.

use std::collections::BTreeSet;

use super::blocking::run_blocking;
use super::error::{invalid, invalid_template};
use super::include::{Whole, include};
use super::input::{AUTO_EXPAND, Deployment, check_role};
use super::plan::{self, Plan, pseudo};
use super::record::{Definition, Stack};
use super::source::template_text;
use super::{store, stored};
use crate::request::Context;
use template::parameters::{Given, Texts, settle};
use template::references::{Found, walk};
use template::{Budget, Invalid, KNOWN_AFTER_APPLY, Reference, Template, rules, summary};
use wire::AwsError;

/// A definition, its template's text, and the plan that it gives.
pub(super) struct Prepared {
    pub text: String,
    /// The text as it was written, where files are included in the other.
    pub original: Option<String>,
    pub definition: Definition,
    pub plan: Plan,
}

/// Works out what a stack is to be. `stack` is the one to create or update, `update` whether it is deployed already, `key` the
/// document that will hold the template. What the definition holds is taken out of the input.
///
/// # Errors
/// AWS's, for what is wrong with the input, the template or its parameters as far as nothing has to exist to see it.
pub(super) async fn prepare(
    cx: &Context,
    input: &mut Deployment,
    stack: &Stack,
    update: bool,
    key: String,
) -> Result<Prepared, AwsError> {
    input.check()?;
    let text = take_text(cx, input, stack, update).await?;
    check_role(cx, &stack.name, input.role_arn.as_deref())?;
    let given = input.take_parameters()?;
    if !update && given.iter().any(|g| g.use_previous) {
        return Err(invalid("Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE"));
    }
    let mut early = early_parameters(&given, stack);
    let values = stored::early(cx, &text, &early).await?;
    early.extend(values);
    let before = update.then(|| stack.now.parameters.clone());
    let here = pseudo(stack, input.notification_arns.as_ref().unwrap_or(&stack.now.notifications));
    let placeholders = cx.cloud.placeholders;
    let Whole { text, original } = include(cx, text, early.clone(), here.clone()).await?;
    let (text, template, parameters) = run_blocking(move || {
        let template = Template::read_given(&text, &early, &here)?;
        plan::check_types(&template, placeholders)?;
        let parameters = settle(&template.parameters, &given, before.as_ref())?;
        Ok((text, template, parameters))
    })
    .await?
    .map_err(invalid_template)?;
    let resolved = stored::settle(cx, &template.parameters, &parameters).await?;
    input.check_resource_types(&template)?;
    // An update without any word on them keeps the stack's.
    let capabilities = input.capabilities.take().filter(|given| !given.is_empty());
    let (capabilities, kept) =
        (capabilities.clone().unwrap_or_default(), capabilities.unwrap_or_else(|| stack.now.capabilities.clone()));
    if let Some(lacking) = summary::lacking(&template, &capabilities) {
        return Err(AwsError::bad("InsufficientCapabilitiesException", format!("Requires capabilities : [{lacking}]")));
    }
    let definition = Definition {
        template: key,
        description: template.description.clone(),
        parameters,
        resolved,
        dynamic: Texts::new(),
        tags: input.tags.take().unwrap_or_else(|| stack.now.tags.clone()),
        capabilities: kept,
        role: input.role_arn.take().or_else(|| stack.now.role.clone()),
        notifications: input.notification_arns.take().unwrap_or_else(|| stack.now.notifications.clone()),
        outputs: stack.now.outputs.clone(),
        imports: stack.now.imports.clone(),
    };
    let pseudo = pseudo(stack, &definition.notifications);
    run_blocking(move || {
        let texts = definition.texts();
        let plan = match template.transforms.is_empty() {
            // Only transforms make another template of another parameter's text.
            true => Plan::of(template, &texts, pseudo, placeholders)?,
            false => Plan::new(&text, &texts, pseudo, placeholders)?,
        };
        rules::check(&plan.template, &plan.values, &plan.pseudo)?;
        rehearse(&plan)?;
        Ok(Prepared { text, original, definition, plan })
    })
    .await?
    .map_err(invalid_template)
}

/// Refuses a template with transforms whose caller, of CreateStack or UpdateStack, didn't say that it may be expanded. A change
/// set shows what comes of it, so it needs no such word ("CreateChangeSet", Capabilities).
pub(super) fn check_expansion(template: &Template, may_expand: bool) -> Result<(), AwsError> {
    if may_expand || template.transforms.is_empty() {
        return Ok(());
    }
    Err(AwsError::bad("InsufficientCapabilitiesException", format!("Requires capabilities : [{AUTO_EXPAND}]")))
}

/// The template's text: given, or the one that the stack has.
async fn take_text(cx: &Context, input: &mut Deployment, stack: &Stack, update: bool) -> Result<String, AwsError> {
    let given = template_text(cx, input.template_body.take(), input.template_url.take()).await?;
    let previous = input.use_previous_template == Some(true);
    match given {
        Some(_) if previous => Err(invalid("Cannot specify both UsePreviousTemplate and a template.")),
        Some(text) => Ok(text),
        None if previous && update => {
            let text = cx.cloud.core.read(|engine, _| store::original(engine, &stack.now.template));
            text.ok_or_else(|| AwsError::internal("the stack's template is gone"))
        }
        None if previous => Err(invalid("Cannot specify UsePreviousTemplate when creating a stack.")),
        None => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

/// The parameters' texts as far as they are known without the template. Loops may go over parameters, so their texts are
/// needed to read the template, and the template for their defaults.
fn early_parameters(given: &[Given], stack: &Stack) -> Texts {
    let text = |given: &Given| {
        let previous = stack.now.parameters.get(&given.key).filter(|_| given.use_previous);
        Some((given.key.clone(), given.value.clone().or_else(|| previous.cloned())?))
    };
    given.iter().filter_map(text).collect()
}

/// Evaluates everything as far as it can be before anything exists, for the mistakes that this shows.
fn rehearse(plan: &Plan) -> template::Result<()> {
    let known = |_: Reference<'_>| Ok(KNOWN_AFTER_APPLY.into());
    let budget = Budget::default();
    let scope = plan.scope(&known, &|_| None, &budget);
    let resources = plan.needs.keys().map(|name| &plan.template.resources[name]);
    let resources = resources.flat_map(|resource| resource.properties.values().chain(&resource.metadata));
    let outputs = plan.template.outputs.values().filter(|o| plan.shows(o.condition.as_ref()));
    for value in resources.chain(outputs.flat_map(|o| std::iter::once(&o.value).chain(&o.export))) {
        match scope.value(value) {
            Err(invalid) if !invalid.premature => return Err(invalid),
            _ => {}
        }
    }
    // A reference from an output to a resource that doesn't exist.
    let mut absent = BTreeSet::new();
    for output in plan.template.outputs.values().filter(|o| plan.shows(o.condition.as_ref())) {
        walk(&output.value, Some(&plan.conditions), &mut |found| {
            let (Found::Name(name) | Found::Attribute(name, _)) = found else { return };
            if plan.template.resources.contains_key(name) && !plan.needs.contains_key(name) {
                absent.insert(name);
            }
        })?;
    }
    if absent.is_empty() {
        return Ok(());
    }
    // AWS's words without the "Template format error: " that a name has that is nowhere.
    let absent: Vec<&str> = absent.into_iter().collect();
    Err(Invalid::new(format!(
        "Unresolved resource dependencies [{}] in the Outputs block of the template",
        absent.join(", ")
    )))
}
