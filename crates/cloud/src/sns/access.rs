//! Whether a topic's policy lets somebody do something with it.

use crate::request::Context;
use crate::request::passing;
use engine::policy::{Around, Decision, Request};
use engine::topic::Topic;
use text::arn;
use wire::AwsError;

/// Checks that the context's account may do `action` (such as `SNS:Publish`) with a topic. The owner may unless the policy
/// denies it; another account needs the policy's leave.
pub(super) fn check(cx: &Context, topic: &Topic, action: &str) -> Result<(), AwsError> {
    check_with(cx, topic, action, &[])
}

/// The same for a subscription: with its protocol and its endpoint ("Example policies for Amazon SNS").
pub(super) fn check_subscribe(cx: &Context, topic: &Topic, protocol: &str, endpoint: &str) -> Result<(), AwsError> {
    check_with(cx, topic, "SNS:Subscribe", &[("sns:Protocol", protocol), ("sns:Endpoint", endpoint)])
}

fn check_with(cx: &Context, topic: &Topic, action: &str, more: &[(&str, &str)]) -> Result<(), AwsError> {
    let arn = topic.config.arn.as_str();
    let owner = arn::account(arn);
    let own = owner == &*cx.account;
    // The owner's identity policies are not simulated: only an explicit Deny could stop the owner.
    if own && !topic.denies {
        return Ok(());
    }
    let context: Vec<_> = more.iter().copied().chain([("AWS:SourceOwner", &*cx.account)]).collect();
    let around = Around {
        resource_tags: Some(&topic.config.tags),
        absent: &["sns:Endpoint", "sns:Protocol"],
        ..cx.around(owner)
    };
    let request = Request { principal: cx.principal(), action, resource: arn, context: &context, around };
    let decision = topic.policy.as_ref().map_or(Decision::ImplicitDeny, |policy| policy.decide(&request));
    if decision != Decision::Allow && !(own && decision == Decision::ImplicitDeny) {
        cx.tell_doubt(topic.policy.as_ref(), &request);
    }
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
pub(super) fn check_role(cx: &Context, attribute: &str, value: &str) -> Result<(), AwsError> {
    let hands_over = attribute.ends_with("RoleArn") && !value.is_empty();
    if hands_over { passing::check(cx, value, 403, "AuthorizationError") } else { Ok(()) }
}

/// The refusal of what is another account's and nothing opens.
pub(super) fn denied(cx: &Context, action: &str, arn: &str) -> AwsError {
    refusal(cx, action, arn, &format!("because no resource-based policy allows the {action} action"))
}

fn refusal(cx: &Context, action: &str, arn: &str, why: &str) -> AwsError {
    let user = caller(cx);
    let message = format!("User: {user} is not authorized to perform: {action} on resource: {arn} {why}");
    AwsError::new(403, "AuthorizationError", message)
}

/// The user that AWS shows as the one who asked. For an account's own key it's the same for each.
pub(super) fn caller(cx: &Context) -> String {
    match (&cx.session, &cx.user) {
        (None, None) => format!("arn:aws:iam::{}:user/local-user", cx.account),
        _ => cx.caller(),
    }
}
