//! IAM: roles, users and groups with their policies, managed policies, and what refers to them.
//!
//! The engine knows roles and managed policies ([`Role`], [`ManagedPolicy`]): deliveries are allowed or refused by them.
//!
//! ```text
//! roles  service_roles  service_linked  users  groups     who there is
//! access_keys  login_profiles                             what users prove themselves with
//! instance_profiles  profile  oidc                        what refers to roles, or is referred to by them
//! policies  versions  managed  uses                       managed policies, AWS's too, and who uses them
//! holder  inline  attached  boundary  tags                what several of these have
//! members  store  absent                                  what all share
//! ```
//!
//! In what order a request is checked:
//!
//! | what | source |
//! |---|---|
//! | its members, against AWS's model | "Common errors", ValidationError; all services with AWS's query protocol |
//! | names, paths, and whether documents are policies | by analogy with that: they are known before anything is looked up |
//! | whether what is named is there, or the name is taken | the errors of each operation (NoSuchEntity, EntityAlreadyExists) |
//! | whether it may be changed at all, then what hangs on it | "UnmodifiableEntity", "DeleteConflict" |
//! | quotas | "IAM and AWS STS quotas", LimitExceeded; by analogy last |

mod absent;
mod access_keys;
mod attached;
mod boundary;
mod groups;
mod holder;
mod inline;
mod instance_profiles;
mod login_profiles;
mod managed;
mod members;
mod oidc;
mod policies;
mod profile;
mod roles;
mod service_linked;
mod service_roles;
mod store;
mod tags;
mod users;
mod uses;
mod versions;

use self::groups::Group;
use self::oidc::Provider;
use self::profile::InstanceProfile;
use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use engine::{ManagedPolicy, Role, User};
use wire::Names;

/// What its model says of requests.
static MEMBERS: Members = Members::new(Words::Framework("ValidationError"), include_str!("../../data/members/iam.tsv"));

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
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "AddClientIDToOpenIDConnectProvider" => oidc::add_client,
    "AddRoleToInstanceProfile" => instance_profiles::add_role,
    "AddUserToGroup" => groups::add_user_to_group,
    "AttachGroupPolicy" => attached::attach::<Group>,
    "AttachRolePolicy" => attached::attach::<Role>,
    "AttachUserPolicy" => attached::attach::<User>,
    "CreateAccessKey" => access_keys::create_access_key,
    "CreateGroup" => groups::create_group,
    "CreateInstanceProfile" => instance_profiles::create,
    "CreateLoginProfile" => login_profiles::create,
    "CreateOpenIDConnectProvider" => oidc::create,
    "CreatePolicy" => policies::create_policy,
    "CreatePolicyVersion" => versions::create_policy_version,
    "CreateRole" => roles::create_role,
    "CreateServiceLinkedRole" => service_roles::create,
    "CreateUser" => users::create_user,
    "DeleteAccessKey" => access_keys::delete_access_key,
    "DeleteGroup" => groups::delete_group,
    "DeleteGroupPolicy" => inline::delete::<Group>,
    "DeleteInstanceProfile" => instance_profiles::delete,
    "DeleteLoginProfile" => login_profiles::delete,
    "DeleteOpenIDConnectProvider" => oidc::delete,
    "DeletePolicy" => policies::delete_policy,
    "DeletePolicyVersion" => versions::delete_policy_version,
    "DeleteRole" => roles::delete_role,
    "DeleteRolePermissionsBoundary" => boundary::delete::<Role>,
    "DeleteRolePolicy" => inline::delete::<Role>,
    "DeleteServiceLinkedRole" => service_roles::delete,
    "DeleteUser" => users::delete_user,
    "DeleteUserPermissionsBoundary" => boundary::delete::<User>,
    "DeleteUserPolicy" => inline::delete::<User>,
    "DetachGroupPolicy" => attached::detach::<Group>,
    "DetachRolePolicy" => attached::detach::<Role>,
    "DetachUserPolicy" => attached::detach::<User>,
    "GetAccessKeyLastUsed" => access_keys::get_access_key_last_used,
    "GetGroup" => groups::get_group,
    "GetGroupPolicy" => inline::get::<Group>,
    "GetInstanceProfile" => instance_profiles::get,
    "GetLoginProfile" => login_profiles::get,
    "GetOpenIDConnectProvider" => oidc::get,
    "GetPolicy" => policies::get_policy,
    "GetPolicyVersion" => versions::get_policy_version,
    "GetRole" => roles::get_role,
    "GetRolePolicy" => inline::get::<Role>,
    "GetServiceLinkedRoleDeletionStatus" => service_roles::deletion_status,
    "GetUser" => users::get_user,
    "GetUserPolicy" => inline::get::<User>,
    "ListAccessKeys" => access_keys::list_access_keys,
    "ListAttachedGroupPolicies" => attached::list::<Group>,
    "ListAttachedRolePolicies" => attached::list::<Role>,
    "ListAttachedUserPolicies" => attached::list::<User>,
    "ListEntitiesForPolicy" => uses::list_entities,
    "ListGroupPolicies" => inline::list::<Group>,
    "ListGroups" => groups::list_groups,
    "ListGroupsForUser" => groups::list_groups_for_user,
    "ListInstanceProfileTags" => tags::list::<InstanceProfile>,
    "ListInstanceProfiles" => instance_profiles::list,
    "ListInstanceProfilesForRole" => instance_profiles::list_for_role,
    "ListOpenIDConnectProviderTags" => tags::list::<Provider>,
    "ListOpenIDConnectProviders" => oidc::list,
    "ListPolicies" => policies::list_policies,
    "ListPolicyTags" => tags::list::<ManagedPolicy>,
    "ListPolicyVersions" => versions::list_policy_versions,
    "ListRolePolicies" => inline::list::<Role>,
    "ListRoleTags" => tags::list::<Role>,
    "ListRoles" => roles::list_roles,
    "ListUserPolicies" => inline::list::<User>,
    "ListUserTags" => tags::list::<User>,
    "ListUsers" => users::list_users,
    "PutGroupPolicy" => inline::put::<Group>,
    "PutRolePermissionsBoundary" => boundary::put::<Role>,
    "PutRolePolicy" => inline::put::<Role>,
    "PutUserPermissionsBoundary" => boundary::put::<User>,
    "PutUserPolicy" => inline::put::<User>,
    "RemoveClientIDFromOpenIDConnectProvider" => oidc::remove_client,
    "RemoveRoleFromInstanceProfile" => instance_profiles::remove_role,
    "RemoveUserFromGroup" => groups::remove_user_from_group,
    "SetDefaultPolicyVersion" => versions::set_default_policy_version,
    "TagInstanceProfile" => tags::tag::<InstanceProfile>,
    "TagOpenIDConnectProvider" => tags::tag::<Provider>,
    "TagPolicy" => tags::tag::<ManagedPolicy>,
    "TagRole" => tags::tag::<Role>,
    "TagUser" => tags::tag::<User>,
    "UntagInstanceProfile" => tags::untag::<InstanceProfile>,
    "UntagOpenIDConnectProvider" => tags::untag::<Provider>,
    "UntagPolicy" => tags::untag::<ManagedPolicy>,
    "UntagRole" => tags::untag::<Role>,
    "UntagUser" => tags::untag::<User>,
    "UpdateAccessKey" => access_keys::update_access_key,
    "UpdateAssumeRolePolicy" => roles::update_assume_role_policy,
    "UpdateGroup" => groups::update_group,
    "UpdateLoginProfile" => login_profiles::update,
    "UpdateOpenIDConnectProviderThumbprint" => oidc::update_thumbprints,
    "UpdateRole" => roles::update_role,
    "UpdateRoleDescription" => roles::update_role_description,
    "UpdateUser" => users::update_user,
};
