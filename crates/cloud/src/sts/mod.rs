//! STS: who am I, and temporary keys.
//!
//! ```text
//! caller        whose keys are these
//! assume_role   session_token   the operations that begin sessions
//! session       what a session is, how its key and token are made and read again
//! tags          the tags of a session
//! error         the errors that they share
//! ```
//!
//! In what order a request is checked:
//!
//! | what | source |
//! |---|---|
//! | its members, against AWS's model, all that is wrong at once | recorded on AWS: a bad session name goes before an ARN that is none |
//! | the session's tags among each other, and against those that are handed on | their texts are recorded; that they come here is by analogy |
//! | the role's ARN | recorded: `.. is invalid` for a role of which nobody looked whether it is there |
//! | whether the role lets the caller in; one that isn't there lets nobody in | recorded: AccessDenied for both |
//! | how long the session is to be | "AssumeRole", DurationSeconds; by analogy last |

mod assume_role;
mod caller;
mod error;
pub(crate) mod session;
mod session_token;
mod tags;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::Names;

/// What its model says of requests.
static MEMBERS: Members = Members::new(Words::Framework("ValidationError"), include_str!("../../data/members/sts.tsv"));

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
    members: Some(&MEMBERS),
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
