//! STS: who am I, and temporary keys.
//!
//! ```text
//! caller        whose keys are these
//! assume_role   session_token   the operations that begin sessions
//! session       what a session is, how its key and token are made and read again
//! error         the errors that they share
//! ```

mod assume_role;
mod caller;
mod error;
pub(crate) mod session;
mod session_token;

use crate::operations;
use crate::request::{Operation, Service};
use wire::Names;

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "sts",
    title: "STS",
    version: Some("2011-06-15"),
    target: None,
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    names: Names::Wrapped,
    error_prefix: "",
    body_limit: 1 << 20,
    operations: OPERATIONS,
    absent: "\
    AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage \
    GetDelegatedAccessToken GetFederationToken GetWebIdentityToken",
};

const OPERATIONS: &[Operation] = operations! {
    "AssumeRole" => assume_role::assume_role,
    "GetAccessKeyInfo" => caller::get_access_key_info,
    "GetCallerIdentity" => caller::get_caller_identity,
    "GetSessionToken" => session_token::get_session_token,
};
