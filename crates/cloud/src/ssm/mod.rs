//! Systems Manager's Parameter Store: named values with versions, labels and tags.
//!
//! ```text
//! put  get  by_path  describe  history  delete  labels  tags     the operations
//! filter                  which parameters a listing shows
//! store                   what is kept of a parameter, and where it lies
//! value                   what a value may be: its type, its tier, its pattern
//! name                    what a parameter may be called, and how a request names one
//! error  absent           the errors that they share; what isn't here
//! ```

mod absent;
mod by_path;
mod delete;
mod describe;
mod error;
mod filter;
mod get;
mod history;
mod labels;
mod name;
mod put;
mod store;
mod tags;
#[cfg(test)]
mod tests;
mod value;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::{Names, Protocol};

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Framework("ValidationException"), include_str!("../../data/members/ssm.tsv"));

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "ssm",
    title: "Systems Manager",
    version: None,
    target: Some(("AmazonSSM", Protocol::Json11)),
    namespace: "http://ssm.amazonaws.com/doc/2014-11-06/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 1 << 20,
    operations: OPERATIONS,
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "AddTagsToResource" => tags::add_tags_to_resource,
    "DeleteParameter" => delete::delete_parameter,
    "DeleteParameters" => delete::delete_parameters,
    "DescribeParameters" => describe::describe_parameters,
    "GetParameter" => get::get_parameter,
    "GetParameterHistory" => history::get_parameter_history,
    "GetParameters" => get::get_parameters,
    "GetParametersByPath" => by_path::get_parameters_by_path,
    "LabelParameterVersion" => labels::label_parameter_version,
    "ListTagsForResource" => tags::list_tags_for_resource,
    "PutParameter" => put::put_parameter,
    "RemoveTagsFromResource" => tags::remove_tags_from_resource,
    "UnlabelParameterVersion" => labels::unlabel_parameter_version,
};
