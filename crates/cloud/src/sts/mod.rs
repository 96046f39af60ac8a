//! STS: who am I, and temporary keys.
//!
//! ```text
//! caller   whose keys are these          assume_role  session_token   the operations that make sessions
//! session  what a session is, how its key and token are made and read again
//! ```

mod assume_role;
mod caller;
mod check;
pub mod session;
mod session_token;

use crate::gateway::Operation;
use crate::operations;

pub const OPERATIONS: &[Operation] = operations! {
    "AssumeRole" => assume_role::assume_role,
    "GetAccessKeyInfo" => caller::get_access_key_info,
    "GetCallerIdentity" => caller::get_caller_identity,
    "GetSessionToken" => session_token::get_session_token,
};
