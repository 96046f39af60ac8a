//! GetCallerIdentity and GetAccessKeyInfo: whose keys are these.

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION_ERROR, unsigned};
use super::session::account_of_key;
use crate::request::{Context, DEFAULT_ACCOUNT, account_of, user_key};
use wire::{AwsError, Text, check};

#[derive(Deserialize)]
pub(super) struct GetCallerIdentityInput {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetCallerIdentityOutput {
    arn: String,
    user_id: String,
    account: String,
}

/// Every access key is its account's root user, but for those of sessions and of users.
pub(super) async fn get_caller_identity(
    cx: &Context,
    _: GetCallerIdentityInput,
) -> Result<GetCallerIdentityOutput, AwsError> {
    if cx.access_key.is_none() {
        return Err(unsigned());
    }
    let account = cx.account.to_string();
    Ok(GetCallerIdentityOutput { arn: cx.caller(), user_id: cx.caller_id().to_owned(), account })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAccessKeyInfoInput<'a> {
    #[serde(borrow)]
    access_key_id: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAccessKeyInfoOutput {
    account: String,
}

pub(super) async fn get_access_key_info(
    cx: &Context,
    input: GetAccessKeyInfoInput<'_>,
) -> Result<GetAccessKeyInfoOutput, AwsError> {
    let key = input.access_key_id.ok_or_else(|| check::null(VALIDATION_ERROR, "accessKeyId"))?;
    let of_user = || user_key(&cx.cloud, &key).map(|key| key.account);
    let account = account_of_key(&key).or_else(of_user).or_else(|| account_of(&key).map(str::to_owned));
    Ok(GetAccessKeyInfoOutput { account: account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()) })
}
