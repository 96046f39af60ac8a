//! The SMS sandbox: phones that an account adds and verifies with a password that is sent to them. No account is in the
//! sandbox here, so the list restricts nothing. The texts are the API reference's.

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION_ERROR, invalid, not_null};
use super::tags::Empty;
use super::{outbox, page};
use crate::core::transaction::Transaction;
use crate::notification::SENDER;
use crate::request::Context;
use engine::Notification;
use wire::check::Checks;
use wire::{AwsError, Text};

/// "CreateSMSSandboxPhoneNumber" (Amazon SNS API Reference).
const LANGUAGES: [&str; 13] = [
    "en-US", "en-GB", "es-419", "es-ES", "de-DE", "fr-CA", "fr-FR", "it-IT", "ja-JP", "pt-BR", "kr-KR", "zh-CN",
    "zh-TW",
];
/// "SMS sandbox" (Amazon SNS Developer Guide): up to 10 verified numbers.
const MAX_PHONES: usize = 10;
/// Numbers on a page: "ListSMSSandboxPhoneNumbers", and "ListOriginationNumbers".
const MAX_RESULTS: i64 = 100;
const MAX_ORIGINATIONS: i64 = 30;

/// A phone, as its document holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Phone {
    password: String,
    verified: bool,
}

fn key(cx: &Context, number: &str) -> String {
    format!("sns/sandbox/{}/{}/{number}", cx.region, cx.account)
}

fn read(tx: &Transaction<'_>, key: &str) -> Option<Phone> {
    serde_json::from_slice(tx.engine().doc(key)?).ok()
}

fn not_found() -> AwsError {
    let message = "Can't perform the action on the specified resource. Make sure that the resource exists.";
    AwsError::new(404, "ResourceNotFound", message)
}

/// At most 20 characters of `^(\+[0-9]{8,}|[0-9]{0,9})$`.
fn number<'i>(given: &'i Option<Text<'_>>) -> Result<&'i str, AwsError> {
    let number = not_null(given, "phoneNumber")?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let valid = match number.strip_prefix('+') {
        Some(rest) => rest.len() >= 8 && number.len() <= 20 && digits(rest),
        None => number.len() <= 9 && digits(number),
    };
    if !valid || number.is_empty() {
        return Err(invalid("PhoneNumber Reason: input incorrectly formatted"));
    }
    Ok(number)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput<'a> {
    #[serde(borrow)]
    language_code: Option<Text<'a>>,
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
}

/// Adds a phone, which gets a password: it stands in the outbox.
pub(super) async fn create_sms_sandbox_phone_number(cx: &Context, input: CreateInput<'_>) -> Result<Empty, AwsError> {
    let number = number(&input.phone_number)?;
    if input.language_code.as_deref().is_some_and(|code| !LANGUAGES.contains(&code)) {
        return Err(invalid("LanguageCode"));
    }
    let random = u64::from_str_radix(&cx.cloud.core.uuid().replace('-', "")[20..], 16).unwrap_or_default();
    let password = format!("{:06}", random % 1_000_000);
    let text = format!("Your verification code is {password}");
    let (own, prefix) = (key(cx, number), key(cx, ""));
    cx.cloud
        .core
        .execute(|tx| {
            let before = read(tx, &own);
            if before.is_none() && tx.engine().docs(&prefix, &prefix).take(MAX_PHONES).count() == MAX_PHONES {
                return Err(AwsError::bad(
                    "UserError",
                    format!("The SMS sandbox holds {MAX_PHONES} phone numbers at most"),
                ));
            }
            save(tx, &own, &Phone { password, verified: before.is_some_and(|phone| phone.verified) })
        })
        .await?;
    outbox::record_for_phone(cx, number, Notification { sender: SENDER, body: &text, ..Notification::default() })
        .await?;
    Ok(Empty {})
}

fn save(tx: &mut Transaction<'_>, key: &str, phone: &Phone) -> Result<(), AwsError> {
    let json = serde_json::to_vec(phone).map_err(|error| AwsError::internal(error.to_string()))?;
    tx.put_doc(key, &json);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VerifyInput<'a> {
    #[serde(borrow)]
    one_time_password: Option<Text<'a>>,
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
}

/// Verifies a phone with its password.
pub(super) async fn verify_sms_sandbox_phone_number(cx: &Context, input: VerifyInput<'_>) -> Result<Empty, AwsError> {
    let number = number(&input.phone_number)?;
    let password = not_null(&input.one_time_password, "oneTimePassword")?;
    if !(5..=8).contains(&password.len()) || !password.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("OneTimePassword"));
    }
    let own = key(cx, number);
    cx.cloud
        .core
        .execute(|tx| {
            let phone = read(tx, &own).ok_or_else(not_found)?;
            if phone.password != password {
                let message = "Indicates that the one-time password (OTP) used for verification is invalid.";
                return Err(AwsError::bad("VerificationException", message));
            }
            save(tx, &own, &Phone { verified: true, ..phone })?;
            Ok(Empty {})
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteInput<'a> {
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
}

/// Takes a phone away.
pub(super) async fn delete_sms_sandbox_phone_number(cx: &Context, input: DeleteInput<'_>) -> Result<Empty, AwsError> {
    let own = key(cx, number(&input.phone_number)?);
    cx.cloud
        .core
        .execute(|tx| {
            read(tx, &own).ok_or_else(not_found)?;
            tx.delete_doc(&own);
            Ok(Empty {})
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput<'a> {
    max_results: Option<i64>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    phone_numbers: Vec<Entry>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    phone_number: String,
    status: &'static str,
}

fn max_results(given: Option<i64>, max: i64) -> Result<usize, AwsError> {
    let results = given.unwrap_or(max);
    let mut checks = Checks::new(VALIDATION_ERROR);
    checks.number(results, "maxResults", 1..=max);
    checks.done()?;
    Ok(results as usize)
}

/// Lists the phones, verified or not.
pub(super) async fn list_sms_sandbox_phone_numbers(cx: &Context, input: ListInput<'_>) -> Result<ListOutput, AwsError> {
    let max = max_results(input.max_results, MAX_RESULTS)?;
    let after = page::after(input.next_token.as_deref())?;
    let prefix = key(cx, "");
    let entries = cx.cloud.core.read(|engine, _| {
        let phones = engine.docs(&prefix, &prefix).map(|(key, json)| (&key[prefix.len()..], json));
        let rest = phones.filter(|(number, _)| after.as_deref().is_none_or(|after| *number > after));
        let entry = |(number, json): (&str, &std::sync::Arc<[u8]>)| {
            let verified = serde_json::from_slice::<Phone>(json).is_ok_and(|phone| phone.verified);
            Entry { phone_number: number.to_owned(), status: if verified { "Verified" } else { "Pending" } }
        };
        rest.take(max + 1).map(entry).collect()
    });
    let (phone_numbers, next_token) =
        page::cut_at(&cx.cloud.core, max, entries, |entry: &Entry| entry.phone_number.clone());
    Ok(ListOutput { phone_numbers, next_token })
}

/// There are no origination numbers here.
pub(super) async fn list_origination_numbers(_: &Context, input: ListInput<'_>) -> Result<ListOutput, AwsError> {
    max_results(input.max_results, MAX_ORIGINATIONS)?;
    page::after(input.next_token.as_deref())?;
    Ok(ListOutput { phone_numbers: Vec::new(), next_token: None })
}

#[derive(Deserialize)]
pub(super) struct GetSmsSandboxAccountStatusInput {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSmsSandboxAccountStatusOutput {
    is_in_sandbox: bool,
}

/// No account is in the sandbox: every number gets its text, which goes nowhere.
pub(super) async fn get_sms_sandbox_account_status(
    _: &Context,
    _: GetSmsSandboxAccountStatusInput,
) -> Result<GetSmsSandboxAccountStatusOutput, AwsError> {
    Ok(GetSmsSandboxAccountStatusOutput { is_in_sandbox: false })
}
