//! CloudWatch Logs: log groups with their streams, and the events in them.
//!
//! ```text
//! names  error  place             what things are called, and how the service refuses
//! groups  settings  tags          log groups: made, deleted, changed, tagged
//! list_groups                     and listed
//! streams                         their streams
//! put_events                      events come in, from clients
//! door                            and from other services of this cloud
//! get_events  filter_events       events are read
//! pattern/                        what filter patterns match
//! position  read                  the order of events, pages of them, their tokens
//! store  chunk  sweep             the documents in which all of it lies; what is too old goes
//! ```

mod absent;
mod chunk;
mod door;
mod error;
mod filter_events;
mod get_events;
mod groups;
mod list_groups;
mod names;
mod pattern;
mod place;
mod position;
mod put_events;
mod read;
mod settings;
mod store;
mod streams;
mod sweep;
mod tags;
#[cfg(test)]
mod tests;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::{Names, Protocol};

pub(crate) use self::sweep::{next_due, sweep};
pub(crate) use door::{Unwritten, write};
pub(crate) use names::{group_of_name, stream_arn, stream_of_name};
pub(crate) use place::Place;

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Framework("InvalidParameterException"), include_str!("../../data/members/logs.tsv"));

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "logs",
    title: "CloudWatch Logs",
    version: None,
    target: Some(("Logs_20140328", Protocol::Json11)),
    namespace: "http://logs.amazonaws.com/doc/2014-03-28/",
    names: Names::Wrapped,
    error_prefix: "",
    // A batch of 1 MiB, of which JSON can make six, with the frames of 10,000 events.
    body_limit: 8 << 20,
    operations: OPERATIONS,
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "AssociateKmsKey" => settings::associate_kms_key,
    "CreateLogGroup" => groups::create_log_group,
    "CreateLogStream" => streams::create_log_stream,
    "DeleteLogGroup" => groups::delete_log_group,
    "DeleteLogStream" => streams::delete_log_stream,
    "DeleteRetentionPolicy" => settings::delete_retention_policy,
    "DescribeLogGroups" => list_groups::describe_log_groups,
    "DescribeLogStreams" => streams::describe_log_streams,
    "DisassociateKmsKey" => settings::disassociate_kms_key,
    "FilterLogEvents" => filter_events::filter_log_events,
    "GetLogEvents" => get_events::get_log_events,
    "ListLogGroups" => list_groups::list_log_groups,
    "ListTagsForResource" => tags::list_tags_for_resource,
    "ListTagsLogGroup" => tags::list_tags_log_group,
    "PutLogEvents" => put_events::put_log_events,
    "PutLogGroupDeletionProtection" => settings::put_log_group_deletion_protection,
    "PutRetentionPolicy" => settings::put_retention_policy,
    "TagLogGroup" => tags::tag_log_group,
    "TagResource" => tags::tag_resource,
    "UntagLogGroup" => tags::untag_log_group,
    "UntagResource" => tags::untag_resource,
};
