//! AssumeRole.

use std::ops::RangeInclusive;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::{VALIDATION_ERROR, invalid, refuse, unsigned};
use super::session::{self, NewSession, TemporaryKey};
use crate::request::Context;
use engine::Engine;
use engine::policy::{Around, Decision, Kind, Policy, Request};
use text::arn::{self, Arn};
use wire::check::Checks;
use wire::{AwsError, Text};

/// "AssumeRole" (AWS STS API Reference): 15 minutes to 12 hours, and no more than the role's own maximum.
const SECONDS: RangeInclusive<i64> = 900..=43_200;
/// An hour, unless told otherwise; and at most, when a role's session assumes another role.
const HOUR: i64 = 3_600;
/// Lengths: "AssumeRole", request parameters.
const ARN: RangeInclusive<usize> = 20..=2048;
const NAME: RangeInclusive<usize> = 2..=64;
const EXTERNAL_ID: RangeInclusive<usize> = 2..=1224;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleInput<'a> {
    #[serde(borrow)]
    role_arn: Option<Text<'a>>,
    #[serde(borrow)]
    role_session_name: Option<Text<'a>>,
    duration_seconds: Option<i64>,
    #[serde(borrow)]
    external_id: Option<Text<'a>>,
    policy: Option<IgnoredAny>,
    policy_arns: Option<IgnoredAny>,
    provided_contexts: Option<IgnoredAny>,
    serial_number: Option<IgnoredAny>,
    source_identity: Option<IgnoredAny>,
    tags: Option<IgnoredAny>,
    token_code: Option<IgnoredAny>,
    transitive_tag_keys: Option<IgnoredAny>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleOutput {
    credentials: TemporaryKey,
    assumed_role_user: AssumedRoleUser,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

/// A temporary key of a role, if the role trusts the caller.
pub(super) async fn assume_role(cx: &Context, input: AssumeRoleInput<'_>) -> Result<AssumeRoleOutput, AwsError> {
    refuse(&[
        ("Policy", input.policy.is_some()),
        ("PolicyArns", input.policy_arns.is_some()),
        ("ProvidedContexts", input.provided_contexts.is_some()),
        ("SerialNumber", input.serial_number.is_some()),
        ("SourceIdentity", input.source_identity.is_some()),
        ("Tags", input.tags.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("TransitiveTagKeys", input.transitive_tag_keys.is_some()),
    ])?;
    let mut checks = Checks::new(VALIDATION_ERROR);
    // An ARN's characters are judged below: AWS's pattern takes nearly all.
    let arn = input.role_arn.as_deref();
    checks.text(arn, "roleArn", ARN, &everything(arn), "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085]+");
    let name = input.role_session_name.as_deref();
    checks.text(name, "roleSessionName", NAME, "+=,.@-", "[\\w+=,.@-]*");
    if let Some(external) = input.external_id.as_deref() {
        checks.text(Some(external), "externalId", EXTERNAL_ID, "+=,.@:/-", "[\\w+=,.@:\\/-]*");
    }
    if let Some(seconds) = input.duration_seconds {
        checks.number(seconds, "durationSeconds", SECONDS);
    }
    checks.done()?;
    let (arn, name) = (arn.unwrap_or_default(), name.unwrap_or_default());
    if cx.access_key.is_none() {
        return Err(unsigned());
    }
    if !is_role(arn) {
        return Err(invalid(format!("{arn} is invalid")));
    }
    let external = input.external_id.as_deref();
    let seconds = input.duration_seconds.unwrap_or(HOUR);
    let (session, credentials) = session::begin(cx, |engine| decide(cx, engine, arn, name, external, seconds)).await?;
    let assumed_role_user = AssumedRoleUser { assumed_role_id: session.user_id, arn: session.arn };
    Ok(AssumeRoleOutput { credentials, assumed_role_user })
}

/// The session of a role, if the role trusts the caller for so long.
fn decide(
    cx: &Context,
    engine: &Engine,
    role_arn: &str,
    name: &str,
    external: Option<&str>,
    seconds: i64,
) -> Result<NewSession, AwsError> {
    let role = trusted(cx, engine, role_arn, name, external).ok_or_else(|| {
        let caller = cx.caller();
        let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}");
        AwsError::new(403, "AccessDenied", message)
    })?;
    if seconds > HOUR && cx.session.as_ref().is_some_and(|session| session.of_role()) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > i64::from(role.max_session_seconds) {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    let account = arn::account(role_arn).to_owned();
    Ok(NewSession {
        arn: format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name),
        user_id: format!("{}:{name}", role.id),
        account,
        seconds,
    })
}

/// All characters of a text that may stand in an ARN.
fn everything(text: Option<&str>) -> String {
    text.unwrap_or_default().chars().filter(|c| matches!(c, ' '..='~' | '\t' | '\n' | '\r' | '\u{85}')).collect()
}

fn is_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| {
        (arn.service, arn.region) == ("iam", "")
            && text::arn::is_account(arn.account)
            && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
    })
}

/// The role, if there is one and its trust policy lets the caller in.
fn trusted(cx: &Context, engine: &Engine, arn: &str, name: &str, external: Option<&str>) -> Option<engine::Role> {
    let role = engine.role(arn)?;
    let mut context = vec![("sts:RoleSessionName", name)];
    context.extend(external.map(|id| ("sts:ExternalId", id)));
    let around = Around {
        resource_tags: Some(&role.tags),
        // What isn't given; a source identity and tags can't be.
        absent: &["sts:ExternalId", "sts:SourceIdentity", "sts:TransitiveTagKeys"],
        ..cx.around(arn::account(arn))
    };
    let request =
        Request { principal: cx.principal(), action: "sts:AssumeRole", resource: arn, context: &context, around };
    let trust = Policy::parse(&role.trust, Kind::Trust).ok()?;
    if trust.decide(&request) != Decision::Allow {
        cx.tell_doubt(Some(&trust), &request);
        return None;
    }
    Some(role)
}
