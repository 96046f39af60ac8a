//! GetSessionToken.

use serde::{Deserialize, Serialize};

use super::error::{refuse, unsigned};
use super::session::{self, NewSession, TemporaryKey};
use crate::request::Context;
use engine::config::Attributes;
use engine::roles::entity_key;
use engine::{Engine, User};
use wire::{AwsError, Text};

/// "GetSessionToken" (AWS STS API Reference): 12 hours unless told otherwise; for an account's root an hour at most.
const FOR_USER: i64 = 43_200;
const MAX_FOR_ROOT: i64 = 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSessionTokenInput<'a> {
    duration_seconds: Option<i64>,
    #[serde(borrow)]
    serial_number: Option<Text<'a>>,
    #[serde(borrow)]
    token_code: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSessionTokenOutput {
    credentials: TemporaryKey,
}

/// A temporary key of the caller, a user or an account.
pub(super) async fn get_session_token(
    cx: &Context,
    input: GetSessionTokenInput<'_>,
) -> Result<GetSessionTokenOutput, AwsError> {
    refuse(&[("SerialNumber", input.serial_number.is_some()), ("TokenCode", input.token_code.is_some())])?;
    if cx.access_key.is_none() {
        return Err(unsigned());
    }
    if cx.session.is_some() {
        return Err(AwsError::new(403, "AccessDenied", "Cannot call GetSessionToken with session credentials"));
    }
    let seconds = match cx.user {
        Some(_) => input.duration_seconds.unwrap_or(FOR_USER),
        // What is longer "defaults to one hour".
        None => input.duration_seconds.unwrap_or(MAX_FOR_ROOT).min(MAX_FOR_ROOT),
    };
    let (arn, user_id, account) = (cx.caller(), cx.caller_id().to_owned(), cx.account.to_string());
    let new = NewSession {
        arn,
        user_id,
        account,
        seconds,
        tags: Attributes::new(),
        transitive: Vec::new(),
        source_identity: None,
    };
    // A user's session has the user's tags.
    let tags = |engine: &Engine| {
        let key = entity_key("user", &cx.user.as_ref()?.arn);
        serde_json::from_slice::<User>(engine.doc(&key)?).ok().map(|user| user.tags)
    };
    let begun = session::begin(cx, |engine| Ok(NewSession { tags: tags(engine).unwrap_or_default(), ..new }));
    let (_, credentials) = begun.await?;
    Ok(GetSessionTokenOutput { credentials })
}
