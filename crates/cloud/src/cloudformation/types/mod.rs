//! The resource types of this cloud: one file a type, and the table that lists them.
//!
//! A new type is a file that implements [`ResourceType`], and a line in [`TYPES`]. Where the operator wants it, placeholders
//! stand for the resources of every other type.

mod access_key;
mod bucket;
mod bucket_kept;
mod bucket_policy;
mod bucket_read;
mod bucket_settings;
mod bucket_stored;
mod catalogue;
mod cdk_metadata;
mod delivery_stream;
mod group;
mod group_members;
mod holder;
mod inline_policy;
mod instance_profile;
mod key;
mod key_alias;
mod log_group;
mod log_stream;
mod made_up;
mod managed_policy;
mod oidc_provider;
mod parameter;
mod placeholder;
mod queue;
mod queue_policy;
mod refusal;
mod repository;
mod resource_type;
mod role;
mod schema;
#[cfg(test)]
mod schema_tests;
mod service_role;
mod subscription;
mod topic;
mod topic_policy;
mod user;
mod work;

use template::diff::Recreation;

pub(super) use placeholder::foreign_attribute;
pub(super) use refusal::refusal;
pub(super) use resource_type::ResourceType;
pub(super) use schema::Conformed;
pub(super) use work::{GeneratedName, Work};

/// Every type.
static TYPES: &[&dyn ResourceType] = &[
    &access_key::AccessKey,
    &bucket::Bucket,
    &bucket_policy::BucketPolicy,
    &cdk_metadata::CdkMetadata,
    &delivery_stream::DeliveryStream,
    &log_group::LogGroup,
    &log_stream::LogStream,
    &group::Group,
    &group_members::GroupMembers,
    &inline_policy::GROUP_POLICY,
    &inline_policy::POLICY,
    &inline_policy::ROLE_POLICY,
    &inline_policy::USER_POLICY,
    &instance_profile::InstanceProfile,
    &key::Key,
    &key_alias::KeyAlias,
    &managed_policy::ManagedPolicy,
    &oidc_provider::OidcProvider,
    &parameter::Parameter,
    &queue::Queue,
    &queue_policy::QUEUE_INLINE_POLICY,
    &queue_policy::QUEUE_POLICY,
    &repository::Repository,
    &role::Role,
    &service_role::ServiceRole,
    &subscription::Subscription,
    &topic::Topic,
    &topic_policy::TOPIC_INLINE_POLICY,
    &topic_policy::TOPIC_POLICY,
    &user::User,
];

/// A type by its name, e.g. `AWS::SQS::Queue`: one that is simulated, else placeholders, where its resources can be replaced by
/// some.
pub(super) fn find(type_name: &str) -> Option<&'static dyn ResourceType> {
    let placeholders = || placeholder::find(type_name).map(|found| found as &dyn ResourceType);
    simulated(type_name).or_else(placeholders)
}

/// A type that is simulated by its name.
pub(super) fn simulated(type_name: &str) -> Option<&'static dyn ResourceType> {
    TYPES.iter().copied().find(|resource_type| resource_type.schema().type_name == type_name)
}

/// What a change of a property does to a resource of a type.
pub(super) fn recreation(type_name: &str, property: &str) -> Recreation {
    find(type_name).map_or(Recreation::Never, |found| found.schema().recreation(property))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name() {
        for listed in TYPES {
            let name = listed.schema().type_name;
            assert!(find(name).is_some_and(|found| std::ptr::eq(found.schema(), listed.schema())), "{name}");
        }
    }
}
