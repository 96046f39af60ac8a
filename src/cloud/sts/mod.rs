//! STS: who am I.

mod caller;

use crate::cloud::gateway::Operation;
use crate::operations;

pub const OPERATIONS: &[Operation] = operations! {
    "GetAccessKeyInfo" => caller::get_access_key_info,
    "GetCallerIdentity" => caller::get_caller_identity,
};
