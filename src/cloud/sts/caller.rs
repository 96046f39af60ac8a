//! GetCallerIdentity and GetAccessKeyInfo: whose keys are these.

use serde::{Deserialize, Serialize};

use crate::cloud::gateway::{Context, DEFAULT_ACCOUNT, account_of};
use crate::cloud::wire::{AwsError, Text};

#[derive(Deserialize)]
pub struct GetCallerIdentityInput {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCallerIdentityOutput {
    arn: String,
    user_id: String,
    account: String,
}

/// Every access key is its account's root user.
pub async fn get_caller_identity(cx: &Context, _: GetCallerIdentityInput) -> Result<GetCallerIdentityOutput, AwsError> {
    if cx.access_key.is_none() {
        return Err(AwsError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    }
    let account = cx.account.to_string();
    Ok(GetCallerIdentityOutput { arn: format!("arn:aws:iam::{account}:root"), user_id: account.clone(), account })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetAccessKeyInfoInput<'a> {
    #[serde(borrow)]
    access_key_id: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetAccessKeyInfoOutput {
    account: String,
}

pub async fn get_access_key_info(
    _: &Context,
    input: GetAccessKeyInfoInput<'_>,
) -> Result<GetAccessKeyInfoOutput, AwsError> {
    let Some(key) = input.access_key_id else {
        let message = "1 validation error detected: Value null at 'accessKeyId' failed to satisfy constraint: \
                       Member must not be null";
        return Err(AwsError::bad("ValidationError", message));
    };
    Ok(GetAccessKeyInfoOutput { account: account_of(&key).unwrap_or(DEFAULT_ACCOUNT).to_owned() })
}
