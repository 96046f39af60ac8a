//! CloudFormation: stacks, change sets, and the resource types of this cloud.

mod compare;
mod describe_stacks;
mod events;
mod input;
pub mod objects;
pub mod plan;
pub mod record;
mod resources;
pub mod run;
mod stacks;
pub mod store;
pub mod template;
pub mod types;

use super::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];
