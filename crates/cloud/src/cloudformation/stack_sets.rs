//! Stack sets, of which no account here has one: deleting one that isn't there is no error, a list of them is empty, and whoever
//! asks after one hears that there is none.

use serde::{Deserialize, Serialize};

use super::error::{constraint, missing};
use crate::request::Context;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StackSetInput {
    stack_set_name: Option<String>,
}

/// The set that is meant, which has to be named.
fn named(input: StackSetInput) -> Result<String, AwsError> {
    match input.stack_set_name {
        None => Err(missing("stackSetName")),
        Some(name) if name.is_empty() => {
            Err(constraint("", "stackSetName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"))
        }
        Some(name) => Ok(name),
    }
}

/// An answer without members.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// DeleteStackSet, which is idempotent (recorded on AWS).
pub(super) async fn delete_stack_set(_: &Context, input: StackSetInput) -> Result<Nothing, AwsError> {
    named(input).map(|_| Nothing {})
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStackSetsOutput {
    summaries: Vec<Nothing>,
}

/// ListStackSets.
pub(super) async fn list_stack_sets(_: &Context, _: StackSetInput) -> Result<ListStackSetsOutput, AwsError> {
    Ok(ListStackSetsOutput { summaries: Vec::new() })
}

/// DescribeStackSet and the other operations on one ("StackSetNotFoundException", AWS CloudFormation API Reference: status 404).
pub(super) async fn of_stack_set(_: &Context, input: StackSetInput) -> Result<Nothing, AwsError> {
    let name = named(input)?;
    Err(AwsError::new(404, "StackSetNotFoundException", format!("StackSet {name} not found")))
}
