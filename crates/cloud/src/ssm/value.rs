//! What a parameter's value may be: its type, its tier, its pattern.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::error::{VALIDATION, invalid};
use crate::turns::aside;
use engine::Millis;
use search::java::{self, Unmatched};
use wire::{AwsError, check};

/// "Managing parameter tiers": characters of a value of the standard and of the advanced tier.
const MAX_STANDARD: usize = 4_096;
const MAX_ADVANCED: usize = 8_192;
/// Values that are held against patterns at the same time.
static SEARCHES: Semaphore = Semaphore::const_new(2);

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        match text {
            "String" => Ok(Self::String),
            "StringList" => Ok(Self::StringList),
            "SecureString" => Ok(Self::SecureString),
            _ => {
                let constraint = "Member must satisfy enum value set: [SecureString, StringList, String]";
                Err(check::failed(VALIDATION, text, "type", constraint))
            }
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// The tier of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tier {
    Standard,
    Advanced,
}

impl Tier {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    /// The tier of a value: as asked for, else the one that the parameter has. Intelligent-Tiering takes the smaller one that
    /// suffices.
    ///
    /// # Errors
    /// `ValidationException`: a tier that is none, that is too small for the value, or smaller than the parameter's.
    pub(super) fn of(asked: Option<&str>, before: Option<Tier>, value: &str) -> Result<Self, AwsError> {
        let length = value.chars().count();
        let tier = match asked {
            Some("Standard") if before == Some(Self::Advanced) => {
                return Err(invalid(
                    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
                     tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a \
                     standard parameter.",
                ));
            }
            Some("Standard") => Self::Standard,
            Some("Advanced") => Self::Advanced,
            Some("Intelligent-Tiering") if length > MAX_STANDARD => Self::Advanced,
            Some("Intelligent-Tiering") | None => before.unwrap_or(Self::Standard),
            Some(other) => {
                let constraint = "Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]";
                return Err(check::failed(VALIDATION, other, "tier", constraint));
            }
        };
        match tier {
            Self::Standard if length > MAX_STANDARD => Err(invalid(format!(
                "Standard tier parameters support a maximum parameter value of {MAX_STANDARD} characters. To create a larger \
                 parameter value, upgrade the parameter to use the advanced-parameter tier."
            ))),
            Self::Advanced if length > MAX_ADVANCED => Err(invalid(format!(
                "Advanced tier parameters support a maximum parameter value of {MAX_ADVANCED} characters."
            ))),
            tier => Ok(tier),
        }
    }
}

/// Checks a value against the pattern that its parameter has, which is to match a part of it: `^` and `$` make that the whole
/// ("PutParameter", AllowedPattern). It is read as Java reads it.
///
/// # Errors
/// `InvalidAllowedPatternException`, `ParameterPatternMismatchException`.
pub(super) async fn check_pattern(allowed: &str, value: &str) -> Result<(), AwsError> {
    let refused =
        |why: &str| AwsError::bad("InvalidAllowedPatternException", format!("The AllowedPattern {allowed} {why}"));
    // A search may take a good part of a second, in which its thread serves nobody.
    let permit = SEARCHES.acquire().await;
    let (pattern, text) = (allowed.to_owned(), value.to_owned());
    let search = aside(move || {
        let _permit = permit;
        java::occurs(&pattern, &text)
    });
    match search.await.map_err(|error| AwsError::internal(error.to_string()))? {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = format!("Parameter value, cannot be validated against allowedPattern: {allowed}");
            Err(AwsError::bad("ParameterPatternMismatchException", message))
        }
        Err(Unmatched::Wrong(why)) => Err(refused(&format!("can't be used: as Java reads it, {why}."))),
        Err(Unmatched::TooDear) => Err(refused(
            "and this value take more steps to be matched than this cloud takes. Simplify the pattern, repetitions within \
             repetitions first.",
        )),
    }
}

/// What a SecureString looks like to whoever doesn't ask for its decryption. Nothing is encrypted here: it is a digest of what names
/// this version, which says nothing of its value.
pub(super) fn sealed(name: &str, version: u64, modified: Millis) -> String {
    BASE64.encode(Sha256::digest(format!("{name}:{version}:{modified}")))
}
