//! Roles that are handed to a service: whose they may be, and what is said of one that nobody made.

use super::Context;
use text::arn;
use wire::AwsError;

/// What AWS's services say of another account's role ("Grant a user permissions to pass a role to an AWS service", IAM User
/// Guide: a role can't be passed across accounts).
const FOREIGN: &str = "Cross-account pass role is not allowed.";

/// Checks that a role is of the caller's account.
///
/// # Errors
/// `code` with `status`: each service has its own for this.
pub(crate) fn check(cx: &Context, role: &str, status: u16, code: &'static str) -> Result<(), AwsError> {
    if arn::account(role) == &*cx.account { Ok(()) } else { Err(AwsError::new(status, code, FOREIGN)) }
}

/// Tells the operator that `what` names a role that was never created, though the cloud goes on as if it were.
///
/// `service` has to be trusted by it, and `needs` says what it has to allow, e.g. `s3:PutObject on arn:aws:s3:::b/*`.
pub(crate) fn tell_if_missing(cx: &Context, what: &str, role: &str, service: &str, needs: &str) {
    let lenient = cx.cloud.core.read(|engine, _| !engine.strict() && engine.role(role).is_none());
    if lenient {
        cx.cloud.notice(&format!(
            "{what} names the role {role}, which was never created: this cloud goes on as if it were, AWS would refuse. Create \
             a role that trusts {service} and allows {needs}; with --strict it is missed here as well"
        ));
    }
}

/// Tells the operator of streams and subscriptions that deliver through a role that was just deleted.
pub(crate) fn tell_if_used(cx: &Context, role: &str) {
    let users: Vec<String> = cx.cloud.core.read(|engine, _| {
        if engine.strict() {
            return Vec::new();
        }
        let streams = engine.streams("").filter(|stream| stream.settings.role == role).map(|stream| &stream.config);
        let subscriptions = engine.subscriptions().filter(|it| it.role.as_deref() == Some(role));
        streams.map(|it| it.arn.clone()).chain(subscriptions.map(|it| it.config.arn.clone())).collect()
    });
    if !users.is_empty() {
        let users = users.join(", ");
        cx.cloud.notice(&format!(
            "the role {role} was deleted, and is named by {users}: this cloud goes on as if it were there, AWS would refuse"
        ));
    }
}
