//! Elastic Container Registry, as a shell: repositories with their settings, which tools make and look at, and no images.
//!
//! ```text
//! create  describe  delete              repositories
//! settings  policies  tags              what is kept of one, without an effect
//! images                                the operations on images, of which there are none
//! lifecycle                             what a lifecycle policy may say
//! shapes                                what the settings may be
//! store                                 what is kept, and where it lies
//! name                                  what a repository may be called, and whose registry is meant
//! error  absent                         the errors that they share; what isn't here
//! ```

mod absent;
mod create;
mod delete;
mod describe;
mod error;
mod images;
mod lifecycle;
mod name;
mod policies;
mod settings;
mod shapes;
mod store;
mod tags;
#[cfg(test)]
mod tests;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::{Names, Protocol};

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Registry("InvalidParameterException"), include_str!("../../data/members/ecr.tsv"));

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "ecr",
    title: "Elastic Container Registry",
    version: None,
    target: Some(("AmazonEC2ContainerRegistry_V20150921", Protocol::Json11)),
    namespace: "http://ecr.amazonaws.com/doc/2015-09-21/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 1 << 20,
    operations: OPERATIONS,
    members: Some(&MEMBERS),
    absent: absent::ABSENT,
};

const OPERATIONS: &[Operation] = operations! {
    "BatchDeleteImage" => images::batch_delete_image,
    "CreateRepository" => create::create_repository,
    "DeleteLifecyclePolicy" => policies::delete_lifecycle_policy,
    "DeleteRepository" => delete::delete_repository,
    "DeleteRepositoryPolicy" => policies::delete_repository_policy,
    "DescribeImages" => images::describe_images,
    "DescribeRepositories" => describe::describe_repositories,
    "GetLifecyclePolicy" => policies::get_lifecycle_policy,
    "GetRepositoryPolicy" => policies::get_repository_policy,
    "ListImages" => images::list_images,
    "ListTagsForResource" => tags::list_tags_for_resource,
    "PutImageScanningConfiguration" => settings::put_image_scanning_configuration,
    "PutImageTagMutability" => settings::put_image_tag_mutability,
    "PutLifecyclePolicy" => policies::put_lifecycle_policy,
    "SetRepositoryPolicy" => policies::set_repository_policy,
    "TagResource" => tags::tag_resource,
    "UntagResource" => tags::untag_resource,
};
