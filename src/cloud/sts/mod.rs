//! STS: who am I, and temporary keys.
//!
//! ```text
//! caller   whose keys are these          assume_role  session_token   the operations that make sessions
//! session  what a session is, how its key and token are made and read again
//! absent   operations that this cloud doesn't have
//! ```

mod absent;
mod assume_role;
mod caller;
mod check;
pub mod session;
mod session_token;

use crate::cloud::gateway::Operation;
use crate::operations;

pub const OPERATIONS: &[Operation] = operations! {
    "AssumeRole" => assume_role::assume_role,
    "AssumeRoleWithSAML" => absent::assume_role_with_saml,
    "AssumeRoleWithWebIdentity" => absent::assume_role_with_web_identity,
    "AssumeRoot" => absent::assume_root,
    "DecodeAuthorizationMessage" => absent::decode_authorization_message,
    "GetAccessKeyInfo" => caller::get_access_key_info,
    "GetCallerIdentity" => caller::get_caller_identity,
    "GetDelegatedAccessToken" => absent::get_delegated_access_token,
    "GetFederationToken" => absent::get_federation_token,
    "GetSessionToken" => session_token::get_session_token,
    "GetWebIdentityToken" => absent::get_web_identity_token,
};
