//! CloudFormation: stacks, change sets, and the resource types of this cloud.

pub mod template;

use super::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];
