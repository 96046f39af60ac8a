//! Topics: a file for each operation or small family.

pub(crate) mod archive;
pub(crate) mod attributes;
pub(crate) mod create;
pub(crate) mod data_protection;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod permission;
pub(crate) mod policy;
mod validate;
