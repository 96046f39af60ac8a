//! CloudFormation: stacks, change sets, and the resource types of this cloud.

pub mod objects;
pub mod record;
pub mod store;
pub mod template;
pub mod types;

use super::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];
