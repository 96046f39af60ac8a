//! Topics: a file for each operation or small family.

pub mod archive;
pub mod attributes;
pub mod create;
pub mod data_protection;
pub mod delete;
pub mod list;
pub mod permission;
pub mod policy;
mod validate;
