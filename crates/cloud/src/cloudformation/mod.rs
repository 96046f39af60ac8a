//! CloudFormation: stacks, change sets, and the resource types of this cloud.
//!
//! ```text
//! stacks  change_sets  describe_*  events  resources  templates  exports  settings     the operations
//! stack_sets            those on what nobody has here
//! input   source stored the input of an operation, the texts that it names, what the Parameter Store has for them
//! public_parameters     those of AWS's that are made up
//! include               the files that the transform AWS::Include puts into a template
//! prepare plan named    what comes of it: a stack's definition, a template with its values, and who goes before whom
//! compare stack_policy  a stack against a new definition; what an update may touch
//! early                 what is wrong with a change set before it is executed
//! run/    types/        the background work of a stack; a file a resource type
//! record  store  place  what is kept, where it lies, whose it is
//! error   page   blocking                        shared by these
//! ```
//!
//! In what order a request is checked:
//!
//! | what | source |
//! |---|---|
//! | its members, against AWS's model | "Common errors", ValidationError; all services with AWS's query protocol |
//! | whether the stack or change set is there, or its name is taken | the errors of each operation; by analogy before the template |
//! | the template's form, what it refers to, the types of its resources; the parameters against their rules | recorded: of a new stack no change set comes |
//! | the capabilities that IAM resources want | recorded for templates that are right |
//! | the section Rules, and what every value would be | "CloudFormation template Rules syntax": before anything is made |
//! | the capability that transforms want | "CreateStack", Capabilities; by analogy after what the transforms make |
//! | whether the stack's status lets it be changed, and whether anything changes | recorded: `No updates are to be performed.` comes last |

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
mod include;
mod input;
mod named;
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
mod stack_sets;
mod stacks;
mod store;
mod stored;
mod templates;
mod types;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use engine::Engine;
use wire::Names;

pub(crate) use run::{go_on, resume};

/// A stack at which an operation runs, by name.
pub(crate) fn running(engine: &Engine) -> Option<String> {
    store::running_stacks(engine).into_iter().next().map(|stack| stack.name)
}

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Framework("ValidationError"), include_str!("../../data/members/cloudformation.tsv"));

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
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "CancelUpdateStack" => settings::cancel_update_stack,
    "ContinueUpdateRollback" => settings::continue_update_rollback,
    "CreateChangeSet" => change_sets::create_change_set,
    "CreateStack" => stacks::create_stack,
    "DeleteChangeSet" => change_sets::delete_change_set,
    "DeleteStack" => stacks::delete_stack,
    "DeleteStackSet" => stack_sets::delete_stack_set,
    "DescribeChangeSet" => describe_change_set::describe_change_set,
    "DescribeEvents" => describe_events::describe_events,
    "DescribeStackEvents" => events::describe_stack_events,
    "DescribeStackInstance" => stack_sets::of_stack_set,
    "DescribeStackResource" => resources::describe_stack_resource,
    "DescribeStackResources" => resources::describe_stack_resources,
    "DescribeStackSet" => stack_sets::of_stack_set,
    "DescribeStackSetOperation" => stack_sets::of_stack_set,
    "DescribeStacks" => describe_stacks::describe_stacks,
    "ExecuteChangeSet" => change_sets::execute_change_set,
    "GetStackPolicy" => settings::get_stack_policy,
    "GetTemplate" => templates::get_template,
    "GetTemplateSummary" => templates::get_template_summary,
    "ListChangeSets" => change_sets::list_change_sets,
    "ListExports" => exports::list_exports,
    "ListImports" => exports::list_imports,
    "ListStackInstances" => stack_sets::of_stack_set,
    "ListStackResources" => resources::list_stack_resources,
    "ListStackSetOperationResults" => stack_sets::of_stack_set,
    "ListStackSetOperations" => stack_sets::of_stack_set,
    "ListStackSets" => stack_sets::list_stack_sets,
    "ListStacks" => describe_stacks::list_stacks,
    "RollbackStack" => settings::rollback_stack,
    "SetStackPolicy" => settings::set_stack_policy,
    "UpdateStack" => stacks::update_stack,
    "UpdateTerminationProtection" => settings::update_termination_protection,
    "ValidateTemplate" => templates::validate_template,
};
