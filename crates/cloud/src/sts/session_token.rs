//! GetSessionToken.

use serde::{Deserialize, Serialize};

use super::check::{Checks, refuse};
use super::session::{self, TemporaryKey};
use crate::request::Context;
use wire::{AwsError, Text};

/// "GetSessionToken" (AWS STS API Reference): 15 minutes to 36 hours, for an account's root an hour at most.
const SECONDS: (i64, i64) = (900, 129_600);
const MOST_FOR_ROOT: i64 = 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetSessionTokenInput<'a> {
    duration_seconds: Option<i64>,
    #[serde(borrow)]
    serial_number: Option<Text<'a>>,
    #[serde(borrow)]
    token_code: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetSessionTokenOutput {
    credentials: TemporaryKey,
}

/// A temporary key of the caller's account.
pub async fn get_session_token(
    cx: &Context,
    input: GetSessionTokenInput<'_>,
) -> Result<GetSessionTokenOutput, AwsError> {
    refuse(&[("SerialNumber", input.serial_number.is_some()), ("TokenCode", input.token_code.is_some())])?;
    let mut checks = Checks::default();
    checks.number(input.duration_seconds, "durationSeconds", SECONDS);
    checks.done()?;
    if cx.access_key.is_none() {
        return Err(super::caller::unsigned());
    }
    if cx.session.is_some() {
        return Err(AwsError::new(403, "AccessDenied", "Cannot call GetSessionToken with session credentials"));
    }
    // What is longer "defaults to one hour".
    let seconds = input.duration_seconds.unwrap_or(MOST_FOR_ROOT).min(MOST_FOR_ROOT);
    let arn = format!("arn:aws:iam::{}:root", cx.account);
    let credentials = session::begin(cx, arn, cx.account.to_string(), seconds).await?;
    Ok(GetSessionTokenOutput { credentials })
}
