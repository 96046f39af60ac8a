//! StartDeliveryStreamEncryption and StopDeliveryStreamEncryption.

use std::borrow::Cow;

use serde::Deserialize;

use super::empty::Empty;
use super::error::{constrained, invalid, missing};
use super::stream::{self, Encryption, check_name};
use crate::request::Context;
use engine::Change;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EncryptionInput {
    #[serde(rename = "KeyARN")]
    key_arn: Option<String>,
    key_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StartInput {
    delivery_stream_name: Option<String>,
    delivery_stream_encryption_configuration_input: Option<EncryptionInput>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StopInput {
    delivery_stream_name: Option<String>,
}

/// Checks a key: AWS's own takes no ARN, a customer's needs one.
///
/// # Errors
/// `ValidationException` and `InvalidArgumentException`.
pub(super) fn check_key(input: EncryptionInput) -> Result<Encryption, AwsError> {
    let key_type = input.key_type.ok_or_else(|| missing("deliveryStreamEncryptionConfigurationInput.keyType"))?;
    match (key_type.as_str(), &input.key_arn) {
        ("AWS_OWNED_CMK", None) | ("CUSTOMER_MANAGED_CMK", Some(_)) => {}
        ("AWS_OWNED_CMK", Some(_)) => return Err(invalid("KeyARN must not be given for KeyType AWS_OWNED_CMK")),
        ("CUSTOMER_MANAGED_CMK", None) => return Err(invalid("KeyARN is needed for KeyType CUSTOMER_MANAGED_CMK")),
        (other, _) => {
            let set = "Member must satisfy enum value set: [CUSTOMER_MANAGED_CMK, AWS_OWNED_CMK]";
            return Err(constrained(other, "deliveryStreamEncryptionConfigurationInput.keyType", set));
        }
    }
    Ok(Encryption { key_arn: input.key_arn, key_type })
}

/// Switches encryption on. It is stored and told; the data itself lies as the rest of the data folder does.
pub(super) async fn start(cx: &Context, input: StartInput) -> Result<Empty, AwsError> {
    let input_key = input.delivery_stream_encryption_configuration_input;
    let encryption = match input_key {
        Some(key) => check_key(key)?,
        None => Encryption { key_arn: None, key_type: "AWS_OWNED_CMK".to_owned() },
    };
    set_encryption(cx, input.delivery_stream_name.as_deref(), Some(encryption)).await
}

/// Switches encryption off.
pub(super) async fn stop(cx: &Context, input: StopInput) -> Result<Empty, AwsError> {
    set_encryption(cx, input.delivery_stream_name.as_deref(), None).await
}

async fn set_encryption(cx: &Context, name: Option<&str>, encryption: Option<Encryption>) -> Result<Empty, AwsError> {
    let name = check_name(name)?;
    cx.cloud
        .core
        .execute(|tx| {
            let (id, mut document) = stream::find(cx, tx.engine(), name)?;
            document.encryption = encryption;
            tx.declare(&Change::Stream(Cow::Owned(document.config(id)?)))?;
            Ok(Empty {})
        })
        .await
}
