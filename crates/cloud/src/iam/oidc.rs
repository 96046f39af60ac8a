//! OpenID Connect providers, as trust policies name them. Their tokens aren't taken here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::members::{self, MAX_ARN, Tag, at_most, exceeded, invalid, required, tag_list};
use super::store::{Entity, NO_SUCH_ENTITY, all, change, count, drop_entity, put, reduce};
use super::tags::{Tagged, TagsInput};
use crate::request::Context;
use engine::roles::entity_key;
use engine::{Engine, Millis};
use wire::{AwsError, Timestamp};

/// "IAM and AWS STS quotas": OpenID Connect providers of an account.
const MAX_PROVIDERS: usize = 100;
/// "IAM and AWS STS quotas": client ids of a provider.
const MAX_CLIENTS: usize = 100;
/// "CreateOpenIDConnectProvider": characters of a URL and of a client id, thumbprints and their hexadecimal digits.
const MAX_TEXT: usize = 255;
const MAX_THUMBPRINTS: usize = 5;
const THUMBPRINT: usize = 40;

/// A provider, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Provider {
    /// `arn:aws:iam::<account>:oidc-provider/<url>`.
    arn: String,
    /// Without `https://`.
    url: String,
    clients: Vec<String>,
    thumbprints: Vec<String>,
    tags: BTreeMap<String, String>,
    created: Millis,
}

impl Entity for Provider {
    const KIND: &'static str = "oidc-provider";
    const MEMBER: &'static str = "openIDConnectProviderArn";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.url
    }

    fn absent(arn: &str) -> String {
        format!("OpenIDConnect Provider not found for arn {arn}")
    }

    fn taken(url: &str) -> String {
        format!("Provider with url https://{url} already exists.")
    }

    fn find(engine: &Engine, cx: &Context, arn: &str) -> Result<Self, AwsError> {
        let own = arn.starts_with(&format!("arn:aws:iam::{}:oidc-provider/", cx.account));
        let found = engine.doc(&entity_key(Self::KIND, arn)).filter(|_| own);
        let found = found.and_then(|bytes| serde_json::from_slice(bytes).ok());
        found.ok_or_else(|| AwsError::new(404, NO_SUCH_ENTITY, Self::absent(arn)))
    }
}

impl Tagged for Provider {
    fn choose(input: &mut TagsInput) -> Option<String> {
        input.provider_arn.take()
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ProviderInput {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Option<String>,
    url: Option<String>,
    #[serde(rename = "ClientIDList")]
    clients: Option<Vec<String>>,
    #[serde(rename = "ClientID")]
    client: Option<String>,
    thumbprint_list: Option<Vec<String>>,
    tags: Option<Vec<Tag>>,
}

impl ProviderInput {
    fn arn(&mut self) -> Result<String, AwsError> {
        required(
            at_most(self.arn.take(), Provider::MEMBER, MAX_ARN).ok().filter(|arn| !arn.is_empty()),
            Provider::MEMBER,
        )
    }
}

/// Host and path of a provider's URL.
fn url(value: Option<String>) -> Result<String, AwsError> {
    let url = at_most(Some(required(value, "url")?), "url", MAX_TEXT)?;
    let rest = url.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    match rest.filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#\"\\".contains(&b)))
    {
        Some(rest) => Ok(rest.to_owned()),
        None => Err(invalid("Invalid Open ID Connect Provider URL")),
    }
}

fn clients(list: Vec<String>) -> Result<Vec<String>, AwsError> {
    if list.len() > MAX_CLIENTS {
        return Err(exceeded("ClientIdsPerOpenIdConnectProvider", MAX_CLIENTS));
    }
    if list.iter().any(|id| id.is_empty() || id.chars().count() > MAX_TEXT) {
        return Err(invalid(format!("A client ID has 1 to {MAX_TEXT} characters.")));
    }
    Ok(list)
}

fn thumbprints(list: Vec<String>) -> Result<Vec<String>, AwsError> {
    if list.len() > MAX_THUMBPRINTS {
        return Err(AwsError::bad("InvalidInput", "Thumbprint list must contain fewer than 5 entries."));
    }
    if list.iter().any(|it| it.len() != THUMBPRINT || !it.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(invalid(format!("A thumbprint has {THUMBPRINT} hexadecimal digits.")));
    }
    Ok(list)
}

#[derive(Debug, Serialize)]
pub(super) struct CreateProviderOutput {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: String,
    #[serde(rename = "Tags")]
    tags: Option<Vec<Tag>>,
}

pub(super) async fn create(cx: &Context, input: ProviderInput) -> Result<CreateProviderOutput, AwsError> {
    let url = url(input.url)?;
    let new = Provider {
        arn: format!("arn:aws:iam::{}:oidc-provider/{url}", cx.account),
        url,
        clients: clients(input.clients.unwrap_or_default())?,
        thumbprints: thumbprints(input.thumbprint_list.unwrap_or_default())?,
        tags: members::tags(input.tags)?,
        created: cx.cloud.core.now(),
    };
    let core = &cx.cloud.core;
    core.execute(|tx| {
        if Provider::find(tx.engine(), cx, &new.arn).is_ok() {
            return Err(AwsError::new(409, "EntityAlreadyExists", Provider::taken(&new.url)));
        }
        if count::<Provider>(tx.engine(), &cx.account) >= MAX_PROVIDERS {
            return Err(exceeded("OpenIdConnectProvidersPerAccount", MAX_PROVIDERS));
        }
        put(tx, &new);
        let tags = tag_list(new.tags);
        Ok(CreateProviderOutput { arn: new.arn, tags: (!tags.is_empty()).then_some(tags) })
    })
    .await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetProviderOutput {
    url: String,
    #[serde(rename = "ClientIDList")]
    clients: Vec<String>,
    thumbprint_list: Vec<String>,
    create_date: Timestamp,
    tags: Option<Vec<Tag>>,
}

pub(super) async fn get(cx: &Context, mut input: ProviderInput) -> Result<GetProviderOutput, AwsError> {
    let arn = input.arn()?;
    let found = cx.cloud.core.read(|engine, _| Provider::find(engine, cx, &arn))?;
    let tags = tag_list(found.tags);
    Ok(GetProviderOutput {
        url: found.url,
        clients: found.clients,
        thumbprint_list: found.thumbprints,
        create_date: Timestamp(found.created),
        tags: (!tags.is_empty()).then_some(tags),
    })
}

/// Deleting one that isn't there succeeds ("DeleteOpenIDConnectProvider").
pub(super) async fn delete(cx: &Context, mut input: ProviderInput) -> Result<(), AwsError> {
    let arn = input.arn()?;
    let core = &cx.cloud.core;
    core.execute_freeing(|tx| {
        if let Ok(found) = Provider::find(tx.engine(), cx, &arn) {
            drop_entity(tx, &found);
        }
        Ok(())
    })
    .await
}

#[derive(Debug, Serialize)]
pub(super) struct ListProvidersOutput {
    #[serde(rename = "OpenIDConnectProviderList")]
    providers: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    arn: String,
}

pub(super) async fn list(cx: &Context, _: ProviderInput) -> Result<ListProvidersOutput, AwsError> {
    let found = cx.cloud.core.read(|engine, _| all::<Provider>(engine, &cx.account));
    Ok(ListProvidersOutput { providers: found.into_iter().map(|it| Entry { arn: it.arn }).collect() })
}

pub(super) async fn add_client(cx: &Context, mut input: ProviderInput) -> Result<(), AwsError> {
    let arn = input.arn()?;
    let client = required(input.client, "clientID")?;
    change(cx, &arn, |_, provider: &mut Provider| {
        if !provider.clients.contains(&client) {
            provider.clients.push(client);
            provider.clients = clients(std::mem::take(&mut provider.clients))?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Removing one that isn't there succeeds ("RemoveClientIDFromOpenIDConnectProvider").
pub(super) async fn remove_client(cx: &Context, mut input: ProviderInput) -> Result<(), AwsError> {
    let arn = input.arn()?;
    let client = required(input.client, "clientID")?;
    reduce(cx, &arn, |_, provider: &mut Provider| {
        provider.clients.retain(|it| *it != client);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn update_thumbprints(cx: &Context, mut input: ProviderInput) -> Result<(), AwsError> {
    let arn = input.arn()?;
    let list = thumbprints(required(input.thumbprint_list, "thumbprintList")?)?;
    change(cx, &arn, |_, provider: &mut Provider| {
        provider.thumbprints = list;
        Ok(())
    })
    .await?;
    Ok(())
}
