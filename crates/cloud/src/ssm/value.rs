//! What a parameter's value may be: its type, its tier, its pattern.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{VALIDATION, invalid};
use text::pattern::{self, Pattern};
use wire::{AwsError, check};

/// "Managing parameter tiers": characters of a value of the standard and of the advanced tier.
const MAX_STANDARD: usize = 4_096;
const MAX_ADVANCED: usize = 8_192;
/// "PutParameter": characters of a pattern.
const MAX_PATTERN: usize = 1_024;
/// What reading a pattern and matching a value with it may cost, in the steps of [`text::pattern`]. It is our own bound.
const MAX_STEPS: u64 = 1_000_000_000;

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

/// Checks a value against the pattern that its parameter has.
///
/// # Errors
/// `InvalidAllowedPatternException`, `ParameterPatternMismatchException`.
pub(super) fn check_pattern(allowed: &str, value: &str) -> Result<(), AwsError> {
    if allowed.chars().count() > MAX_PATTERN {
        let constraint = format_args!("Member must have length less than or equal to {MAX_PATTERN}");
        return Err(check::failed_untold(VALIDATION, "allowedPattern", constraint));
    }
    let refused =
        |why: &str| AwsError::bad("InvalidAllowedPatternException", format!("The AllowedPattern {allowed} {why}"));
    let mut left = MAX_STEPS;
    let mut pay = |steps: u64| {
        left = left.checked_sub(steps).ok_or_else(|| refused("costs too much to be matched."))?;
        Ok::<_, AwsError>(())
    };
    let reading = pattern::reading(allowed, false);
    let compiled = Pattern::compile(&mut RegexBuilder::new(allowed), reading, &mut pay)?;
    let compiled = compiled.ok_or_else(|| refused("is not a valid regular expression."))?;
    pay(compiled.matching(value))?;
    if compiled.is_match(value) {
        return Ok(());
    }
    let message = format!("Parameter value, cannot be validated against allowedPattern: {allowed}");
    Err(AwsError::bad("ParameterPatternMismatchException", message))
}

/// What a SecureString looks like to whoever doesn't ask for its decryption. Nothing is encrypted here: it is a digest, which nobody
/// can take for the value.
pub(super) fn sealed(value: &str) -> String {
    BASE64.encode(Sha256::digest(value))
}
