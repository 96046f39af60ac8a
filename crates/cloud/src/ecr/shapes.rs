//! The shapes of a repository's settings, and what they may be.
//!
//! Source: "CreateRepository", "PutImageTagMutability" (Amazon ECR API Reference).

use serde::{Deserialize, Serialize};

use super::error::{check_count, check_length, invalid, one_of, required};
use super::name::Registry;
use wire::AwsError;

const MUTABILITIES: &[&str] = &["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"];
const ENCRYPTIONS: &[&str] = &["AES256", "KMS", "KMS_DSSE"];
/// Filters of a repository, and characters of one.
const MAX_FILTERS: usize = 5;
const MAX_FILTER: usize = 128;
/// "ImageTagMutabilityExclusionFilter": wildcards of a filter.
const MAX_WILDCARDS: usize = 2;
/// Characters of a key's name.
const MAX_KEY: usize = 2_048;

/// A filter of tags that the mutability isn't for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Filter {
    filter_type: Option<String>,
    filter: Option<String>,
}

/// How AWS would encrypt the images.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Encryption {
    encryption_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Scanning {
    pub scan_on_push: bool,
}

/// Checks whether tags may change, and the filters of those that are excepted.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_mutability(
    mutability: &str,
    filters: Option<Vec<Filter>>,
) -> Result<(&'static str, Vec<Filter>), AwsError> {
    const MEMBER: &str = "imageTagMutabilityExclusionFilters";
    let mutability = one_of(mutability, "imageTagMutability", MUTABILITIES)?;
    let excepts = mutability.ends_with("_WITH_EXCLUSION");
    let Some(filters) = filters else {
        return if excepts {
            Err(invalid(MEMBER, format_args!("must be given with {mutability}")))
        } else {
            Ok((mutability, Vec::new()))
        };
    };
    if !excepts {
        return Err(invalid(MEMBER, format_args!("must not be given with {mutability}")));
    }
    check_count(&filters, MEMBER, MAX_FILTERS)?;
    for filter in &filters {
        one_of(required(filter.filter_type.as_deref(), "filterType")?, "filterType", &["WILDCARD"])?;
        let text = required(filter.filter.as_deref(), "filter")?;
        check_length(text, "filter", 1, MAX_FILTER)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._*-".contains(&b)) {
            return Err(invalid("filter", "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
        }
        if text.matches('*').count() > MAX_WILDCARDS {
            return Err(invalid("filter", format_args!("must have at most {MAX_WILDCARDS} wildcards")));
        }
    }
    Ok((mutability, filters))
}

/// Checks an encryption; without one it is AES256, and KMS without a key has the account's key for ECR.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_encryption(registry: &Registry<'_>, given: Option<Encryption>) -> Result<Encryption, AwsError> {
    let Some(Encryption { encryption_type, kms_key }) = given else {
        return Ok(Encryption { encryption_type: Some(ENCRYPTIONS[0].to_owned()), kms_key: None });
    };
    let kind = required(encryption_type, "encryptionConfiguration.encryptionType")?;
    let kind = one_of(&kind, "encryptionConfiguration.encryptionType", ENCRYPTIONS)?;
    if let Some(key) = &kms_key {
        check_length(key, "encryptionConfiguration.kmsKey", 1, MAX_KEY)?;
    }
    let kms_key = match (kind, kms_key) {
        ("AES256", None) => None,
        ("AES256", Some(_)) => {
            return Err(invalid("encryptionConfiguration.kmsKey", "must not be given with AES256"));
        }
        (_, Some(key)) => Some(key),
        (_, None) => Some(format!("arn:aws:kms:{}:{}:alias/aws/ecr", registry.region, registry.id)),
    };
    Ok(Encryption { encryption_type: Some(kind.to_owned()), kms_key })
}
