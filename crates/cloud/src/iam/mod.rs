//! IAM as far as this cloud has identities: roles with their policies, and managed policies.
//!
//! The documents are the engine's ([`Role`], [`ManagedPolicy`]): deliveries are allowed or refused by them.

mod absent;
mod attached;
mod inline;
mod members;
mod policies;
mod roles;
mod store;
mod tags;

use crate::operations;
use crate::request::{Operation, Service};
use wire::Names;

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "iam",
    title: "IAM",
    version: Some("2010-05-08"),
    target: None,
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 1 << 20,
    operations: OPERATIONS,
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "AttachRolePolicy" => attached::attach_role_policy,
    "CreatePolicy" => policies::create_policy,
    "CreatePolicyVersion" => policies::create_policy_version,
    "CreateRole" => roles::create_role,
    "DeletePolicy" => policies::delete_policy,
    "DeleteRole" => roles::delete_role,
    "DeleteRolePermissionsBoundary" => roles::delete_role_permissions_boundary,
    "DeleteRolePolicy" => inline::delete_role_policy,
    "DetachRolePolicy" => attached::detach_role_policy,
    "GetPolicy" => policies::get_policy,
    "GetPolicyVersion" => policies::get_policy_version,
    "GetRole" => roles::get_role,
    "GetRolePolicy" => inline::get_role_policy,
    "ListAttachedRolePolicies" => attached::list_attached_role_policies,
    "ListPolicies" => policies::list_policies,
    "ListPolicyVersions" => policies::list_policy_versions,
    "ListRolePolicies" => inline::list_role_policies,
    "ListRoleTags" => tags::list_role_tags,
    "ListRoles" => roles::list_roles,
    "PutRolePermissionsBoundary" => roles::put_role_permissions_boundary,
    "PutRolePolicy" => inline::put_role_policy,
    "TagRole" => tags::tag_role,
    "UntagRole" => tags::untag_role,
    "UpdateAssumeRolePolicy" => roles::update_assume_role_policy,
    "UpdateRole" => roles::update_role,
    "UpdateRoleDescription" => roles::update_role_description,
};
