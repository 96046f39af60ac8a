//! Endpoints of platform applications: CreatePlatformEndpoint and its family.

use serde::{Deserialize, Serialize};

use super::application;
use super::keys::{endpoint_key, endpoint_keys, is_endpoint};
use crate::request::Context;
use crate::sns::error::{invalid, invalid_attribute, null, required};
use crate::sns::quotas::ATTRIBUTE_BYTES;
use crate::sns::{arn, page};
use engine::Engine;
use engine::config::Attributes;
use wire::{AwsError, Pairs, Text};

/// API reference of CreatePlatformEndpoint, CustomUserData: 2 KB of UTF-8.
const MAX_USER_DATA: usize = 2048;

/// An endpoint's attributes.
pub(crate) fn find(engine: &Engine, arn: &str) -> Option<Attributes> {
    serde_json::from_slice(engine.doc(&endpoint_key(arn))?).ok()
}

fn validated(given: &Pairs<'_, Text<'_>>) -> Result<Attributes, AwsError> {
    let mut attributes = Attributes::new();
    for (name, value) in given.iter() {
        let bad = |what: &str| invalid_attribute(format_args!("Invalid value for attribute: {name}: {what}"));
        let value = match name.as_str() {
            "CustomUserData" if value.len() > MAX_USER_DATA => {
                return Err(bad("must be at most 2048 bytes long in UTF-8 encoding"));
            }
            "Enabled" => match value.to_ascii_lowercase() {
                lower if matches!(lower.as_str(), "true" | "false") => lower,
                _ => return Err(bad("must be 'true' or 'false'")),
            },
            "Token" if value.is_empty() => return Err(bad("cannot be empty")),
            "Token" if value.len() > ATTRIBUTE_BYTES => {
                return Err(bad(&format!("must be at most {ATTRIBUTE_BYTES} bytes long")));
            }
            "CustomUserData" | "Token" => value.as_str().to_owned(),
            _ => return Err(invalid_attribute(format_args!("Invalid attribute name: {name}"))),
        };
        attributes.insert(name.as_str().to_owned(), value);
    }
    Ok(attributes)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePlatformEndpointInput<'a> {
    #[serde(borrow)]
    platform_application_arn: Option<Text<'a>>,
    #[serde(borrow)]
    token: Option<Text<'a>>,
    #[serde(borrow)]
    custom_user_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    attributes: Pairs<'a, Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePlatformEndpointOutput {
    endpoint_arn: String,
}

pub(crate) async fn create_platform_endpoint(
    cx: &Context,
    input: CreatePlatformEndpointInput<'_>,
) -> Result<CreatePlatformEndpointOutput, AwsError> {
    let application = application::check_arn(cx, &input.platform_application_arn)?;
    let token = required(&input.token, "Token")?;
    let mut attributes = validated(&input.attributes)?;
    if let Some(data) = input.custom_user_data {
        let given = [(Text::from("CustomUserData"), data)].into_iter().collect();
        attributes.extend(validated(&given)?);
    }
    let token_given = [(Text::from("Token"), Text::from(token))].into_iter().collect();
    attributes.extend(validated(&token_given)?);
    attributes.entry("Enabled".into()).or_insert_with(|| "true".into());
    let new = format!("{}{}", endpoint_keys(application), cx.cloud.core.uuid());
    cx.cloud
        .core
        .execute(|tx| {
            application::find(tx.engine(), application).ok_or_else(application::not_found)?;
            let prefix = endpoint_keys(application);
            let same_token = tx.engine().docs(&prefix, &prefix).find_map(|(key, json)| {
                let endpoint: Attributes = serde_json::from_slice(json).ok()?;
                (endpoint.get("Token").map(String::as_str) == Some(token)).then(|| (arn_of(key), endpoint))
            });
            if let Some((endpoint_arn, existing)) = same_token {
                if existing != attributes {
                    let what = format!(
                        "Endpoint {endpoint_arn} already exists with the same Token, but different attributes."
                    );
                    return Err(invalid(format_args!("Token Reason: {what}")));
                }
                return Ok(CreatePlatformEndpointOutput { endpoint_arn });
            }
            tx.put_doc(&new, &application::json(&attributes)?);
            Ok(CreatePlatformEndpointOutput { endpoint_arn: arn_of(&new) })
        })
        .await
}

fn arn_of(key: &str) -> String {
    key.trim_start_matches("sns/endpoint/").to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EndpointInput<'a> {
    #[serde(borrow)]
    endpoint_arn: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: Option<Pairs<'a, Text<'a>>>,
}

impl EndpointInput<'_> {
    fn arn(&self, cx: &Context) -> Result<&str, AwsError> {
        let text = required(&self.endpoint_arn, "EndpointArn")?;
        let arn = arn::parse_own(text, "EndpointArn", cx)?;
        if arn.account != &*cx.account || !is_endpoint(text) { Err(invalid("EndpointArn")) } else { Ok(text) }
    }
}

fn not_found() -> AwsError {
    AwsError::new(404, "NotFound", "Endpoint does not exist")
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetEndpointAttributesOutput {
    attributes: Attributes,
}

pub(crate) async fn get_endpoint_attributes(
    cx: &Context,
    input: EndpointInput<'_>,
) -> Result<GetEndpointAttributesOutput, AwsError> {
    let arn = input.arn(cx)?;
    let attributes = cx.cloud.core.read(|engine, _| find(engine, arn)).ok_or_else(not_found)?;
    Ok(GetEndpointAttributesOutput { attributes })
}

pub(crate) async fn set_endpoint_attributes(cx: &Context, input: EndpointInput<'_>) -> Result<(), AwsError> {
    let arn = input.arn(cx)?;
    let given = input.attributes.as_ref().ok_or_else(|| null("attributes"))?;
    let given = validated(given)?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut attributes = find(tx.engine(), arn).ok_or_else(not_found)?;
            attributes.extend(given);
            tx.put_doc(&endpoint_key(arn), &application::json(&attributes)?);
            Ok(())
        })
        .await
}

/// Its subscriptions stay, as on AWS: they lead nowhere until somebody ends them.
pub(crate) async fn delete_endpoint(cx: &Context, input: EndpointInput<'_>) -> Result<(), AwsError> {
    let key = endpoint_key(input.arn(cx)?);
    cx.cloud
        .core
        .execute_freeing(|tx| {
            tx.delete_doc(&key);
            Ok(())
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListEndpointsByPlatformApplicationInput<'a> {
    #[serde(borrow)]
    platform_application_arn: Option<Text<'a>>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListEndpointsByPlatformApplicationOutput {
    endpoints: Vec<Endpoint>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    endpoint_arn: String,
    attributes: Attributes,
}

pub(crate) async fn list_endpoints_by_platform_application(
    cx: &Context,
    input: ListEndpointsByPlatformApplicationInput<'_>,
) -> Result<ListEndpointsByPlatformApplicationOutput, AwsError> {
    let application = application::check_arn(cx, &input.platform_application_arn)?;
    let after = page::after(input.next_token.as_deref())?;
    let prefix = endpoint_keys(application);
    let endpoints = cx.cloud.core.read(|engine, _| {
        application::find(engine, application).ok_or_else(application::not_found)?;
        let all = engine.docs(&prefix, after.as_deref().unwrap_or(&prefix));
        let rest = all.filter(|(key, _)| after.as_deref() != Some(*key)).take(page::SIZE + 1);
        let entry = |(key, json): (&str, &std::sync::Arc<[u8]>)| Endpoint {
            endpoint_arn: arn_of(key),
            attributes: serde_json::from_slice(json).unwrap_or_default(),
        };
        Ok::<_, AwsError>(rest.map(entry).collect())
    })?;
    let (endpoints, next_token) = page::cut(&cx.cloud.core, endpoints, |it: &Endpoint| endpoint_key(&it.endpoint_arn));
    Ok(ListEndpointsByPlatformApplicationOutput { endpoints, next_token })
}
