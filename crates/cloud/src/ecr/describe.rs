//! DescribeRepositories.

use serde::{Deserialize, Serialize};

use super::create::{RepositoryView, view};
use super::error::{bad_token, check_count, invalid};
use super::name::{Registry, check_in};
use super::store::{self, Repository};
use crate::request::Context;
use wire::{AwsError, page};

/// "DescribeRepositories": results of a page, unless another number is asked for, and the most that can be; names of a request.
const PAGE: usize = 100;
const MAX_PAGE: i64 = 1_000;
const MAX_NAMES: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeInput {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    repositories: Vec<RepositoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// How many results a page has.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn page_size(wanted: Option<i64>) -> Result<usize, AwsError> {
    match wanted {
        None => Ok(PAGE),
        Some(size @ 1..=MAX_PAGE) => Ok(usize::try_from(size).unwrap_or(PAGE)),
        Some(_) => Err(invalid("maxResults", format_args!("must be between 1 and {MAX_PAGE}"))),
    }
}

/// The registry's repositories by name, or those that are named.
pub(super) async fn describe_repositories(cx: &Context, input: DescribeInput) -> Result<DescribeOutput, AwsError> {
    let names: Vec<&str> = input.repository_names.iter().flatten().map(String::as_str).collect();
    if input.repository_names.is_some() {
        check_count(&names, "repositoryNames", MAX_NAMES)?;
    }
    names.iter().try_for_each(|name| check_in("repositoryNames", name))?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "DescribeRepositories", &names)?;
    let size = page_size(input.max_results)?;
    if !names.is_empty() {
        for (member, given) in [("nextToken", input.next_token.is_some()), ("maxResults", input.max_results.is_some())]
        {
            if given {
                return Err(invalid(member, "must not be given with repositoryNames"));
            }
        }
        let once = names.iter().enumerate().filter(|(at, name)| !names[..*at].contains(name));
        let found = cx.cloud.core.read(|engine, _| {
            once.map(|(_, name)| store::find(engine, &registry, name)).collect::<Result<Vec<_>, _>>()
        });
        let repositories = found?.into_iter().map(|it| view(&registry, it)).collect();
        return Ok(DescribeOutput { repositories, next_token: None });
    }
    let after = input.next_token.map(|token| page::decode_token(&token).ok_or_else(bad_token)).transpose()?;
    if let Some(after) = &after {
        check_in("nextToken", after).map_err(|_| bad_token())?;
    }
    let found = store::page(cx, &registry, after.as_deref(), size + 1);
    let (found, next_token) = page::by_key(found, size, |last: &Repository| page::encode_token(&last.name));
    Ok(DescribeOutput { repositories: found.into_iter().map(|it| view(&registry, it)).collect(), next_token })
}
