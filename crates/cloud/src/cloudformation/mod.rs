//! CloudFormation: stacks, change sets, and the resource types of this cloud.
//!
//! ```text
//! stacks  change_sets  describe_*  events  resources  templates  exports  settings     the operations
//! input   source stored the input of an operation, the texts that it names, what the Parameter Store has for them
//! public_parameters     those of AWS's that are made up
//! prepare plan          what comes of it: a stack's definition, a template with its values
//! compare stack_policy  a stack against a new definition; what an update may touch
//! early                 what is wrong with a change set before it is executed
//! run/    types/        the background work of a stack; a file a resource type
//! record  store  place  what is kept, where it lies, whose it is
//! error   page   blocking                        shared by these
//! ```

mod absent;
mod blocking;
mod change_sets;
mod compare;
mod describe_change_set;
mod describe_events;
mod describe_stacks;
mod early;
mod error;
mod events;
mod exports;
mod input;
mod page;
mod place;
mod plan;
mod prepare;
mod public_parameters;
mod record;
mod resources;
mod run;
mod settings;
mod source;
mod stack_policy;
mod stacks;
mod store;
mod stored;
mod templates;
mod types;

use crate::operations;
use crate::request::{Operation, Service};
use engine::Engine;
use wire::Names;

pub(crate) use run::resume;

/// A stack at which an operation runs, by name.
pub(crate) fn running(engine: &Engine) -> Option<String> {
    store::running_stacks(engine).into_iter().next().map(|stack| stack.name)
}

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "cloudformation",
    title: "CloudFormation",
    version: Some("2010-05-15"),
    target: None,
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 4 << 20,
    operations: OPERATIONS,
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "CancelUpdateStack" => settings::cancel_update_stack,
    "ContinueUpdateRollback" => settings::continue_update_rollback,
    "CreateChangeSet" => change_sets::create_change_set,
    "CreateStack" => stacks::create_stack,
    "DeleteChangeSet" => change_sets::delete_change_set,
    "DeleteStack" => stacks::delete_stack,
    "DescribeChangeSet" => describe_change_set::describe_change_set,
    "DescribeEvents" => describe_events::describe_events,
    "DescribeStackEvents" => events::describe_stack_events,
    "DescribeStackResource" => resources::describe_stack_resource,
    "DescribeStackResources" => resources::describe_stack_resources,
    "DescribeStacks" => describe_stacks::describe_stacks,
    "ExecuteChangeSet" => change_sets::execute_change_set,
    "GetStackPolicy" => settings::get_stack_policy,
    "GetTemplate" => templates::get_template,
    "GetTemplateSummary" => templates::get_template_summary,
    "ListChangeSets" => change_sets::list_change_sets,
    "ListExports" => exports::list_exports,
    "ListImports" => exports::list_imports,
    "ListStackResources" => resources::list_stack_resources,
    "ListStacks" => describe_stacks::list_stacks,
    "RollbackStack" => settings::rollback_stack,
    "SetStackPolicy" => settings::set_stack_policy,
    "UpdateStack" => stacks::update_stack,
    "UpdateTerminationProtection" => settings::update_termination_protection,
    "ValidateTemplate" => templates::validate_template,
};
