//! Platform applications: CreatePlatformApplication and its family.

use serde::{Deserialize, Serialize};

use super::keys::{application_key, endpoint_keys};
use crate::request::Context;
use crate::sns::error::{invalid, invalid_attribute, not_null, null, required};
use crate::sns::quotas::ATTRIBUTE_BYTES;
use crate::sns::{access, arn, page};
use engine::Engine;
use engine::config::Attributes;
use wire::{AwsError, Pairs, Text};

/// API reference of CreatePlatformApplication, Platform.
const PLATFORMS: [&str; 10] =
    ["ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "GCM", "MACOS", "MPNS", "WNS"];
const NAMES: [&str; 13] = [
    "PlatformCredential",
    "PlatformPrincipal",
    "EventEndpointCreated",
    "EventEndpointDeleted",
    "EventEndpointUpdated",
    "EventDeliveryFailure",
    "SuccessFeedbackRoleArn",
    "FailureFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
    "ApplePlatformTeamID",
    "ApplePlatformBundleID",
    "Enabled",
    "AppleCertificateExpirationDate",
];
/// What AWS takes and never gives back.
const SECRETS: [&str; 2] = ["PlatformCredential", "PlatformPrincipal"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePlatformApplicationInput<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    platform: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: Option<Pairs<'a, Text<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePlatformApplicationOutput {
    platform_application_arn: String,
}

pub(crate) async fn create_platform_application(
    cx: &Context,
    input: CreatePlatformApplicationInput<'_>,
) -> Result<CreatePlatformApplicationOutput, AwsError> {
    let name = not_null(&input.name, "name")?;
    let platform = not_null(&input.platform, "platform")?;
    let given = input.attributes.ok_or_else(|| null("attributes"))?;
    check_name(name)?;
    if !PLATFORMS.contains(&platform) {
        return Err(invalid(format_args!("Platform Reason: {platform} is not supported")));
    }
    let mut attributes = validated(cx, &given)?;
    check_credentials(platform, &attributes)?;
    attributes.entry("Enabled".into()).or_insert_with(|| "true".into());
    let arn = arn::make(cx, &format!("app/{platform}/{name}"));
    cx.cloud
        .core
        .execute(|tx| {
            let key = application_key(&arn);
            if tx.engine().doc(&key).is_none() {
                tx.put_doc(&key, &json(&attributes)?);
            }
            Ok(CreatePlatformApplicationOutput { platform_application_arn: arn })
        })
        .await
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let reason = if name.is_empty() {
        "cannot be empty"
    } else if name.chars().count() > 256 {
        "must be at most 256 characters long"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
    } else {
        return Ok(());
    };
    Err(invalid(format_args!("{name} Reason: {reason}")))
}

fn validated(cx: &Context, given: &Pairs<'_, Text<'_>>) -> Result<Attributes, AwsError> {
    let mut attributes = Attributes::new();
    for (name, value) in given.iter() {
        if !NAMES.contains(&name.as_str()) {
            return Err(invalid_attribute(format_args!("Invalid attribute name: {name}")));
        }
        if value.len() > ATTRIBUTE_BYTES {
            let what =
                format_args!("Invalid value for attribute: {name}: must be at most {ATTRIBUTE_BYTES} bytes long");
            return Err(invalid_attribute(what));
        }
        access::check_role(cx, name, value)?;
        attributes.insert(name.as_str().to_owned(), value.as_str().to_owned());
    }
    Ok(attributes)
}

/// Firebase has a key alone, the others a name and a secret.
fn check_credentials(platform: &str, attributes: &Attributes) -> Result<(), AwsError> {
    let [credential, principal] = SECRETS.map(|name| attributes.contains_key(name));
    match (credential, principal) {
        (false, true) => Err(invalid_attribute("PlatformPrincipal attribute provided without PlatformCredential")),
        (true, false) if platform != "GCM" => {
            Err(invalid_attribute("PlatformCredential attribute provided without PlatformPrincipal"))
        }
        (false, false) => Err(invalid_attribute("PlatformCredential attribute is required")),
        _ => Ok(()),
    }
}

/// An application's attributes.
pub(crate) fn find(engine: &Engine, arn: &str) -> Option<Attributes> {
    serde_json::from_slice(engine.doc(&application_key(arn))?).ok()
}

/// What a client that names no application gets.
pub(crate) fn not_found() -> AwsError {
    AwsError::new(404, "NotFound", "PlatformApplication does not exist")
}

pub(crate) fn json(attributes: &Attributes) -> Result<Vec<u8>, AwsError> {
    serde_json::to_vec(attributes).map_err(|error| AwsError::internal(error.to_string()))
}

/// Checks the ARN of an application.
pub(crate) fn check_arn<'t>(cx: &Context, text: &'t Option<Text<'_>>) -> Result<&'t str, AwsError> {
    let text = required(text, "PlatformApplicationArn")?;
    let arn = arn::parse_own(text, "PlatformApplicationArn", cx)?;
    if arn.account != &*cx.account || !arn.resource.starts_with("app/") {
        return Err(invalid("PlatformApplicationArn"));
    }
    Ok(text)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ApplicationInput<'a> {
    #[serde(borrow)]
    platform_application_arn: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetPlatformApplicationAttributesOutput {
    attributes: Attributes,
}

pub(crate) async fn get_platform_application_attributes(
    cx: &Context,
    input: ApplicationInput<'_>,
) -> Result<GetPlatformApplicationAttributesOutput, AwsError> {
    let arn = check_arn(cx, &input.platform_application_arn)?;
    let attributes = cx.cloud.core.read(|engine, _| find(engine, arn)).ok_or_else(not_found)?;
    Ok(GetPlatformApplicationAttributesOutput { attributes: shown(attributes) })
}

fn shown(mut attributes: Attributes) -> Attributes {
    attributes.retain(|name, _| !SECRETS.contains(&name.as_str()));
    attributes
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetPlatformApplicationAttributesInput<'a> {
    #[serde(borrow)]
    platform_application_arn: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: Option<Pairs<'a, Text<'a>>>,
}

pub(crate) async fn set_platform_application_attributes(
    cx: &Context,
    input: SetPlatformApplicationAttributesInput<'_>,
) -> Result<(), AwsError> {
    let arn = check_arn(cx, &input.platform_application_arn)?;
    let given = input.attributes.ok_or_else(|| null("attributes"))?;
    let given = validated(cx, &given)?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut attributes = find(tx.engine(), arn).ok_or_else(not_found)?;
            attributes.extend(given);
            tx.put_doc(&application_key(arn), &json(&attributes)?);
            Ok(())
        })
        .await
}

pub(crate) async fn delete_platform_application(cx: &Context, input: ApplicationInput<'_>) -> Result<(), AwsError> {
    let arn = check_arn(cx, &input.platform_application_arn)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let prefix = endpoint_keys(arn);
            let endpoints: Vec<String> = tx.engine().docs(&prefix, &prefix).map(|(key, _)| key.to_owned()).collect();
            endpoints.iter().for_each(|key| tx.delete_doc(key));
            tx.delete_doc(&application_key(arn));
            Ok(())
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPlatformApplicationsInput<'a> {
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPlatformApplicationsOutput {
    platform_applications: Vec<Application>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    platform_application_arn: String,
    attributes: Attributes,
}

pub(crate) async fn list_platform_applications(
    cx: &Context,
    input: ListPlatformApplicationsInput<'_>,
) -> Result<ListPlatformApplicationsOutput, AwsError> {
    let after = page::after(input.next_token.as_deref())?;
    let prefix = application_key(&arn::make(cx, "app/"));
    let applications = cx.cloud.core.read(|engine, _| {
        let all = engine.docs(&prefix, after.as_deref().unwrap_or(&prefix));
        all.filter(|(key, _)| after.as_deref() != Some(*key))
            .take(page::SIZE + 1)
            .map(|(key, json)| Application {
                platform_application_arn: key.trim_start_matches("sns/application/").to_owned(),
                attributes: shown(serde_json::from_slice(json).unwrap_or_default()),
            })
            .collect()
    });
    let (platform_applications, next_token) =
        page::cut(&cx.cloud.core, applications, |it: &Application| application_key(&it.platform_application_arn));
    Ok(ListPlatformApplicationsOutput { platform_applications, next_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_credentials() {
        assert!(check_name("a.b-C_9").is_ok());
        assert_eq!(check_name("").unwrap_err().message, "Invalid parameter:  Reason: cannot be empty");
        assert!(
            check_name("@name").unwrap_err().message.starts_with("Invalid parameter: @name Reason: must contain only")
        );
        assert!(check_name(&"a".repeat(257)).unwrap_err().message.ends_with("at most 256 characters long"));
        let with =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect::<Attributes>();
        assert!(check_credentials("ADM", &with(&SECRETS)).is_ok());
        assert!(check_credentials("GCM", &with(&["PlatformCredential"])).is_ok());
        assert!(check_credentials("ADM", &with(&["PlatformCredential"])).is_err());
        assert!(check_credentials("GCM", &with(&["PlatformPrincipal"])).is_err());
    }
}
