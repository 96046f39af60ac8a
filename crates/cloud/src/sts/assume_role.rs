//! AssumeRole.

use std::ops::RangeInclusive;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::{VALIDATION_ERROR, invalid, refuse, unsigned};
use super::session::{self, NewSession, TemporaryKey};
use super::tags::{SessionTags, Tag};
use crate::request::{Context, SessionFacts};
use engine::Engine;
use engine::policy::{Around, Decision, Kind, Policy, Request};
use text::arn::{self, Arn};
use wire::check::Checks;
use wire::{AwsError, Text};

/// An hour, unless told otherwise; and at most, when a role's session assumes another role.
const HOUR: i64 = 3_600;
/// "AssumeRole" (AWS STS API Reference), RoleArn.
const ARN: RangeInclusive<usize> = 20..=2048;

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
    #[serde(borrow)]
    source_identity: Option<Text<'a>>,
    tags: Option<Vec<Tag>>,
    token_code: Option<IgnoredAny>,
    transitive_tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleOutput {
    credentials: TemporaryKey,
    assumed_role_user: AssumedRoleUser,
    packed_policy_size: Option<usize>,
    source_identity: Option<String>,
}

/// What is asked for.
struct Wish<'a> {
    arn: &'a str,
    /// The session's.
    name: &'a str,
    external: Option<&'a str>,
    seconds: i64,
    tags: SessionTags,
    source_identity: Option<String>,
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
        ("TokenCode", input.token_code.is_some()),
    ])?;
    // The model lets an ARN have characters beyond ASCII, and no role has them.
    let mut checks = Checks::new(VALIDATION_ERROR);
    let arn = input.role_arn.as_deref();
    checks.text(arn, "roleArn", ARN, &everything(arn), "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085]+");
    checks.done()?;
    let name = input.role_session_name.as_deref();
    let mut tags = SessionTags::read(input.tags.unwrap_or_default(), input.transitive_tag_keys.unwrap_or_default())?;
    let (arn, name) = (arn.unwrap_or_default(), name.unwrap_or_default());
    if cx.access_key.is_none() {
        return Err(unsigned());
    }
    if !is_role(arn) {
        return Err(invalid(format!("{arn} is invalid")));
    }
    let packed_policy_size = tags.packed();
    let caller = cx.session.as_ref().and_then(|session| session.facts.as_ref());
    tags.inherit(caller)?;
    let wish = Wish {
        arn,
        name,
        external: input.external_id.as_deref(),
        seconds: input.duration_seconds.unwrap_or(HOUR),
        tags,
        source_identity: source_identity(input.source_identity.as_deref(), caller)?,
    };
    let (session, credentials) = session::begin(cx, |engine| decide(cx, engine, wish)).await?;
    let source_identity = session.facts.and_then(|facts| facts.source_identity);
    let assumed_role_user = AssumedRoleUser { assumed_role_id: session.user_id, arn: session.arn };
    Ok(AssumeRoleOutput { credentials, assumed_role_user, packed_policy_size, source_identity })
}

/// Who begins the session, in their own words: once said it stays, from session to session ("Monitor and control actions taken with
/// assumed roles", IAM User Guide).
fn source_identity(given: Option<&str>, caller: Option<&SessionFacts>) -> Result<Option<String>, AwsError> {
    let inherited = caller.and_then(|facts| facts.source_identity.as_deref());
    match (given, inherited) {
        (Some(given), Some(inherited)) if given != inherited => {
            Err(AwsError::new(403, "AccessDenied", "The source identity of the calling session can't be changed."))
        }
        (given, inherited) => Ok(given.or(inherited).map(str::to_owned)),
    }
}

/// The session of a role, if the role trusts the caller for so long.
fn decide(cx: &Context, engine: &Engine, wish: Wish<'_>) -> Result<NewSession, AwsError> {
    let role = trusted(cx, engine, &wish)?;
    if wish.seconds > HOUR && cx.session.as_ref().is_some_and(|session| session.of_role()) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if wish.seconds > i64::from(role.max_session_seconds) {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    let (account, name) = (arn::account(wish.arn).to_owned(), wish.name);
    let (tags, transitive) = wish.tags.over(role.tags);
    Ok(NewSession {
        arn: format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name),
        user_id: format!("{}:{name}", role.id),
        account,
        seconds: wish.seconds,
        tags,
        transitive,
        source_identity: wish.source_identity,
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

/// The role, if there is one and its trust policy lets the caller in; with tags it has to allow `sts:TagSession` besides, with a
/// source identity `sts:SetSourceIdentity`.
fn trusted(cx: &Context, engine: &Engine, wish: &Wish<'_>) -> Result<engine::Role, AwsError> {
    let denied = |action: &str| {
        let (caller, arn) = (cx.caller(), wish.arn);
        let message = format!("User: {caller} is not authorized to perform: {action} on resource: {arn}");
        AwsError::new(403, "AccessDenied", message)
    };
    let role = engine.role(wish.arn).ok_or_else(|| denied("sts:AssumeRole"))?;
    let of_tags = wish.tags.context();
    let mut context = vec![("sts:RoleSessionName", wish.name)];
    context.extend(wish.external.map(|id| ("sts:ExternalId", id)));
    context.extend(wish.source_identity.as_deref().map(|identity| ("sts:SourceIdentity", identity)));
    context.extend(of_tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let around = Around {
        resource_tags: Some(&role.tags),
        // What isn't given.
        absent: &["sts:ExternalId", "sts:SourceIdentity", "sts:TransitiveTagKeys", "aws:TagKeys", "aws:RequestTag/"],
        ..cx.around(arn::account(wish.arn))
    };
    let trust = Policy::parse(&role.trust, Kind::Trust).map_err(|_| denied("sts:AssumeRole"))?;
    let wanted = [
        ("sts:AssumeRole", true),
        ("sts:TagSession", wish.tags.any()),
        ("sts:SetSourceIdentity", wish.source_identity.is_some()),
    ];
    for (action, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        let request = Request { principal: cx.principal(), action, resource: wish.arn, context: &context, around };
        if trust.decide(&request) != Decision::Allow {
            cx.tell_doubt(Some(&trust), &request);
            return Err(denied(action));
        }
    }
    Ok(role)
}
