//! SMS: attributes of an account in a region, and phones that don't want texts.

use serde::{Deserialize, Serialize};

use super::error::{invalid, null, required};
use super::page;
use super::tags::Empty;
use crate::request::Context;
use engine::Engine;
use engine::config::Attributes;
use wire::{AwsError, Pairs, Text};

/// The document that holds the attributes.
fn key(cx: &Context) -> String {
    format!("sns/sms/{}/{}", cx.region, cx.account)
}

/// The documents that hold opted-out numbers.
fn opted_out_key(cx: &Context, number: &str) -> String {
    format!("sns/opted-out/{}/{}/{number}", cx.region, cx.account)
}

fn attributes(cx: &Context, engine: &Engine) -> Attributes {
    let set = engine.doc(&key(cx)).and_then(|json| serde_json::from_slice(json).ok());
    let mut attributes: Attributes = set.unwrap_or_default();
    // "Setting SMS messaging preferences": 1 USD a month until the account asks for more.
    attributes.entry("MonthlySpendLimit".into()).or_insert_with(|| "1".into());
    attributes
}

#[derive(Deserialize)]
pub(super) struct SetSmsAttributesInput<'a> {
    #[serde(borrow)]
    attributes: Option<Pairs<'a, Text<'a>>>,
}

pub(super) async fn set_sms_attributes(cx: &Context, input: SetSmsAttributesInput<'_>) -> Result<Empty, AwsError> {
    let given = input.attributes.ok_or_else(|| null("attributes"))?;
    for (name, value) in given.iter() {
        check_attribute(name, value).map_err(|message| AwsError::bad("InvalidParameter", message))?;
    }
    cx.cloud
        .core
        .execute(|tx| {
            let mut all = attributes(cx, tx.engine());
            all.extend(given.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned())));
            let json = serde_json::to_vec(&all).map_err(|error| AwsError::internal(error.to_string()))?;
            tx.put_doc(&key(cx), &json);
            Ok(Empty {})
        })
        .await
}

/// API reference of SetSMSAttributes.
fn check_attribute(name: &str, value: &str) -> Result<(), String> {
    let valid = match name {
        "MonthlySpendLimit" => value.parse::<u32>().is_ok(),
        "DeliveryStatusIAMRole" => value.is_empty() || (value.starts_with("arn:") && value.contains(":role/")),
        "DeliveryStatusSuccessSamplingRate" => value.parse::<u8>().is_ok_and(|rate| rate <= 100),
        "DefaultSenderID" => {
            value.is_empty()
                || (value.len() <= 11
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && value.bytes().any(|byte| byte.is_ascii_alphabetic()))
        }
        "DefaultSMSType" => matches!(value, "Promotional" | "Transactional"),
        "UsageReportS3Bucket" => value.len() <= 63,
        _ => return Err(format!("{name} is not a valid attribute")),
    };
    if valid { Ok(()) } else { Err(format!("{name} is invalid")) }
}

#[derive(Deserialize)]
pub(super) struct GetSmsAttributesInput<'a> {
    #[serde(borrow, default)]
    attributes: Vec<Text<'a>>,
}

#[derive(Serialize)]
pub(super) struct GetSmsAttributesOutput {
    attributes: Attributes,
}

pub(super) async fn get_sms_attributes(
    cx: &Context,
    input: GetSmsAttributesInput<'_>,
) -> Result<GetSmsAttributesOutput, AwsError> {
    let mut attributes = cx.cloud.core.read(|engine, _| attributes(cx, engine));
    if !input.attributes.is_empty() {
        attributes.retain(|name, _| input.attributes.iter().any(|wanted| wanted == name.as_str()));
    }
    Ok(GetSmsAttributesOutput { attributes })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneNumberInput<'a> {
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
}

impl PhoneNumberInput<'_> {
    fn number(&self) -> Result<&str, AwsError> {
        let number = required(&self.phone_number, "PhoneNumber")?;
        if !is_phone_number(number) {
            let reason = "input incorrectly formatted";
            return Err(invalid(format_args!("PhoneNumber Reason: {reason}")));
        }
        Ok(number)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckIfPhoneNumberIsOptedOutOutput {
    is_opted_out: bool,
}

pub(super) async fn check_if_phone_number_is_opted_out(
    cx: &Context,
    input: PhoneNumberInput<'_>,
) -> Result<CheckIfPhoneNumberIsOptedOutOutput, AwsError> {
    let key = opted_out_key(cx, input.number()?);
    let is_opted_out = cx.cloud.core.read(|engine, _| engine.doc(&key).is_some());
    Ok(CheckIfPhoneNumberIsOptedOutOutput { is_opted_out })
}

pub(super) async fn opt_in_phone_number(cx: &Context, input: PhoneNumberInput<'_>) -> Result<Empty, AwsError> {
    let key = opted_out_key(cx, input.number()?);
    cx.cloud
        .core
        .execute(|tx| {
            tx.delete_doc(&key);
            Ok(Empty {})
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListPhoneNumbersOptedOutInput<'a> {
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListPhoneNumbersOptedOutOutput {
    phone_numbers: Vec<String>,
    next_token: Option<String>,
}

/// Phones that answered STOP; none does here, so the list is what a data folder was given.
pub(super) async fn list_phone_numbers_opted_out(
    cx: &Context,
    input: ListPhoneNumbersOptedOutInput<'_>,
) -> Result<ListPhoneNumbersOptedOutOutput, AwsError> {
    let after = page::after(input.next_token.as_deref())?;
    let prefix = opted_out_key(cx, "");
    let numbers = cx.cloud.core.read(|engine, _| {
        let numbers = engine.docs(&prefix, &prefix).map(|(key, _)| &key[prefix.len()..]);
        let rest = numbers.filter(|number| after.as_deref().is_none_or(|after| *number > after));
        rest.take(page::SIZE + 1).map(str::to_owned).collect()
    });
    let (phone_numbers, next_token) = page::cut(&cx.cloud.core, numbers, |number: &String| number.clone());
    Ok(ListPhoneNumbersOptedOutOutput { phone_numbers, next_token })
}

/// E.164, in which single hyphens, dots and slashes may stand between digits.
pub(super) fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let mut last_was_digit = false;
    let mut count = 0;
    for byte in digits.bytes() {
        match byte {
            b'0' if count == 0 => return false,
            b'0'..=b'9' => count += 1,
            b'-' | b'.' | b'/' if last_was_digit => {}
            _ => return false,
        }
        last_was_digit = byte.is_ascii_digit();
    }
    last_was_digit && (2..=15).contains(&count)
}

/// Refuses a text to a phone that doesn't want any.
pub(super) fn check_not_opted_out(cx: &Context, engine: &Engine, number: &str) -> Result<(), AwsError> {
    if engine.doc(&opted_out_key(cx, number)).is_some() {
        return Err(invalid(format_args!("PhoneNumber Reason: {number} is opted out")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_checked() {
        let cases = [
            ("DefaultSenderID", "LSTest", Ok(())),
            ("DefaultSenderID", "aaaaaaaaaaaa", Err("DefaultSenderID is invalid")),
            ("DefaultSenderID", "123456789", Err("DefaultSenderID is invalid")),
            ("DefaultSMSType", "Promotional", Ok(())),
            ("DefaultSMSType", "invalid", Err("DefaultSMSType is invalid")),
            ("DeliveryStatusSuccessSamplingRate", "101", Err("DeliveryStatusSuccessSamplingRate is invalid")),
            ("Nonsense", "x", Err("Nonsense is not a valid attribute")),
        ];
        for (name, value, expected) in cases {
            assert_eq!(check_attribute(name, value), expected.map_err(str::to_owned), "{name} {value}");
        }
    }

    #[test]
    fn phone_numbers() {
        for good in ["+1231231210", "15551234567", "+1-555-1234"] {
            assert!(is_phone_number(good), "{good}");
        }
        for bad in ["", "+", "+0123", "NAA+15551234567", "+15551234567.", "/+15551234567", "+1234567890123456", "1"] {
            assert!(!is_phone_number(bad), "{bad}");
        }
    }
}
