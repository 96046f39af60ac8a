//! The resource types of this cloud: one file a type, and the table that lists them.
//!
//! A new type is a file that implements [`ResourceType`], and a line in [`TYPES`].

mod bucket;
mod bucket_policy;
mod bucket_settings;
mod delivery_stream;
mod managed_policy;
mod parameter;
mod queue;
mod queue_policy;
mod resource_type;
mod role;
mod role_policy;
mod schema;
mod subscription;
mod topic;
mod topic_policy;
mod work;

use template::diff::Recreation;

pub(super) use resource_type::ResourceType;
pub(super) use work::{GeneratedName, Work};

/// Every type.
static TYPES: &[&dyn ResourceType] = &[
    &bucket::Bucket,
    &bucket_policy::BucketPolicy,
    &delivery_stream::DeliveryStream,
    &managed_policy::ManagedPolicy,
    &parameter::Parameter,
    &queue::Queue,
    &queue_policy::QUEUE_INLINE_POLICY,
    &queue_policy::QUEUE_POLICY,
    &role::Role,
    &role_policy::POLICY,
    &role_policy::ROLE_POLICY,
    &subscription::Subscription,
    &topic::Topic,
    &topic_policy::TOPIC_INLINE_POLICY,
    &topic_policy::TOPIC_POLICY,
];

/// A type by its name, e.g. `AWS::SQS::Queue`.
pub(super) fn find(type_name: &str) -> Option<&'static dyn ResourceType> {
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
