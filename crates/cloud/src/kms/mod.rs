//! Key Management Service, as a shell: keys and aliases with their settings, which tools make and look at. No key has any material:
//! nothing is encrypted, decrypted or signed.
//!
//! ```text
//! create  describe  deletion            keys
//! state  rotation  policies  tags       what is kept of one, without an effect
//! aliases                               names for keys
//! spec                                  what kinds of keys there are
//! store                                 what is kept, and where it lies
//! name                                  how a request names a key
//! error  absent                         the errors that they share; what isn't here
//! ```

mod absent;
mod aliases;
mod create;
mod deletion;
mod describe;
mod error;
mod name;
mod policies;
mod rotation;
mod spec;
mod state;
mod store;
mod tags;
#[cfg(test)]
mod tests;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::{Names, Protocol};

pub(crate) use deletion::sweep;

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Framework("ValidationException"), include_str!("../../data/members/kms.tsv"));

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "kms",
    title: "Key Management Service",
    version: None,
    target: Some(("TrentService", Protocol::Json11)),
    namespace: "https://trent.amazonaws.com/doc/2014-11-01/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 1 << 20,
    operations: OPERATIONS,
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "CancelKeyDeletion" => deletion::cancel_key_deletion,
    "CreateAlias" => aliases::create_alias,
    "CreateKey" => create::create_key,
    "DeleteAlias" => aliases::delete_alias,
    "DescribeKey" => describe::describe_key,
    "DisableKey" => state::disable_key,
    "DisableKeyRotation" => rotation::disable_key_rotation,
    "EnableKey" => state::enable_key,
    "EnableKeyRotation" => rotation::enable_key_rotation,
    "GetKeyPolicy" => policies::get_key_policy,
    "GetKeyRotationStatus" => rotation::get_key_rotation_status,
    "ListAliases" => aliases::list_aliases,
    "ListKeyPolicies" => policies::list_key_policies,
    "ListKeys" => describe::list_keys,
    "ListResourceTags" => tags::list_resource_tags,
    "PutKeyPolicy" => policies::put_key_policy,
    "ScheduleKeyDeletion" => deletion::schedule_key_deletion,
    "TagResource" => tags::tag_resource,
    "UntagResource" => tags::untag_resource,
    "UpdateAlias" => aliases::update_alias,
    "UpdateKeyDescription" => state::update_key_description,
};
