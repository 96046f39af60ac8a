//! iam

use crate::cloud::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];
