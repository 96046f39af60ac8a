//! Whether a topic's policy lets somebody do something with it.

use crate::cloud::gateway::{Context, account_in};
use crate::cloud::iam::passing;
use crate::cloud::wire::AwsError;
use crate::engine::policy::{Decision, Request};
use crate::engine::topic::Topic;

/// Checks that the context's account may do `action` (such as `SNS:Publish`) with a topic. The owner may unless the policy
/// denies it; another account needs the policy's leave.
pub fn check(cx: &Context, topic: &Topic, action: &str) -> Result<(), AwsError> {
    let arn = topic.config.arn.as_str();
    let own = account_in(arn) == Some(&*cx.account);
    // The owner's identity policies are not simulated: only an explicit Deny could stop the owner.
    if own && !topic.denies {
        return Ok(());
    }
    let request = Request {
        principal: cx.principal(),
        action,
        resource: arn,
        context: &[("AWS:SourceOwner", &cx.account), ("aws:SourceAccount", &cx.account)],
    };
    let decision = topic.policy.as_ref().map_or(Decision::ImplicitDeny, |policy| policy.decide(&request));
    let why = match decision {
        Decision::Allow => return Ok(()),
        Decision::ImplicitDeny if own => return Ok(()),
        Decision::ImplicitDeny => return Err(denied(cx, action, arn)),
        Decision::ExplicitDeny => "with an explicit deny in a resource-based policy",
    };
    Err(refusal(cx, action, arn, why))
}

/// Checks that a role that an attribute hands to SNS is of the caller's account.
///
/// # Errors
/// `AuthorizationError` ("Subscribe", "SetTopicAttributes", Amazon SNS API Reference).
pub fn check_role(cx: &Context, attribute: &str, value: &str) -> Result<(), AwsError> {
    let hands_over = attribute.ends_with("RoleArn") && !value.is_empty();
    if hands_over { passing::check(cx, value, 403, "AuthorizationError") } else { Ok(()) }
}

/// The refusal of what is another account's and nothing opens.
pub fn denied(cx: &Context, action: &str, arn: &str) -> AwsError {
    refusal(cx, action, arn, &format!("because no resource-based policy allows the {action} action"))
}

fn refusal(cx: &Context, action: &str, arn: &str, why: &str) -> AwsError {
    let user = super::principal(cx);
    let message = format!("User: {user} is not authorized to perform: {action} on resource: {arn} {why}");
    AwsError::new(403, "AuthorizationError", message)
}
