//! What templates take from the Parameter Store: the values of parameters of type `AWS::SSM::Parameter::Value<..>`, and of dynamic
//! references (`{{resolve:ssm:name:version}}`).

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::json;

use super::blocking::run_blocking;
use super::error::invalid;
use super::public_parameters::{image, is_public};
use crate::request::Context;
use template::dynamic::{self, MAX_REFERENCES};
use template::parameters::{self, Declaration, Source, Texts};
use wire::AwsError;

/// What the Parameter Store has under a name.
enum Found {
    Text(String),
    /// A value that is made up for one of AWS's public parameters.
    MadeUp(String),
    /// A SecureString, which CloudFormation reads in no parameter and by no `ssm` reference.
    Secret,
}

/// Looks a parameter up, by `name`, `name:version` or ARN.
///
/// # Errors
/// Only what isn't about this parameter: that this server can't answer now.
async fn look(cx: &Context, name: &str) -> Result<Option<Found>, AwsError> {
    let parameter = match cx.call("ssm", "GetParameter", json!({"Name": name})).await {
        Ok(answer) => answer["Parameter"].clone(),
        Err(error) if error.status >= 500 => return Err(error),
        Err(_) if cx.cloud.placeholders => return Ok(image(name).map(Found::MadeUp)),
        Err(_) => return Ok(None),
    };
    let secret = parameter["Type"] == "SecureString";
    Ok(match parameter["Value"].as_str() {
        Some(_) if secret => Some(Found::Secret),
        Some(text) => Some(Found::Text(text.to_owned())),
        None => None,
    })
}

/// The values that the Parameter Store has for a template's parameters, as far as they can be told before the template is read.
/// `texts` are what the parameters were given.
pub(super) async fn early(cx: &Context, text: &str, texts: &Texts) -> Result<Texts, AwsError> {
    let mut values = Texts::new();
    let text = text.to_owned();
    let named = run_blocking(move || parameters::stored(&text).unwrap_or_default()).await?;
    for (name, default) in named {
        let Some(key) = texts.get(&name).or(default.as_ref()) else { continue };
        if let Some(Found::Text(value) | Found::MadeUp(value)) = look(cx, key).await? {
            values.insert(name, value);
        }
    }
    Ok(values)
}

/// Tells the operator of a value that is made up.
fn tell(cx: &Context, key: &str, value: &str) {
    cx.cloud
        .notice(&format!("{key} is a public parameter of AWS's, which this cloud doesn't have: {value} is made up"));
}

/// Why parameters have no value.
fn absence(absent: &[&str]) -> AwsError {
    let public: Vec<&str> = absent.iter().copied().filter(|name| is_public(name)).collect();
    if public.is_empty() {
        let names = absent.join(",");
        return invalid(format!("Unable to fetch parameters [{names}] from parameter store for this account."));
    }
    let names = public.join(",");
    invalid(format!(
        "AWS's public parameters [{names}] are not supported by this cloud; `messaging local --placeholders` makes up the ids \
         of images"
    ))
}

/// The values of the parameters that the Parameter Store has, by name. `texts` are what the parameters were given.
///
/// # Errors
/// `ValidationError` as AWS words it: for names that it doesn't have, and for secrets.
pub(super) async fn settle(cx: &Context, declared: &[Declaration], texts: &Texts) -> Result<Texts, AwsError> {
    let (mut values, mut absent, mut secret) = (Texts::new(), Vec::new(), Vec::new());
    for declaration in declared.iter().filter(|declaration| declaration.source != Source::Given) {
        let Some(key) = texts.get(&declaration.name) else { continue };
        match look(cx, key).await? {
            None => absent.push(key.as_str()),
            Some(_) if declaration.source == Source::Named => {}
            Some(Found::Secret) => secret.push(key.as_str()),
            Some(Found::Text(value)) => drop(values.insert(declaration.name.clone(), value)),
            Some(Found::MadeUp(value)) => {
                tell(cx, key, &value);
                values.insert(declaration.name.clone(), value);
            }
        }
    }
    if !absent.is_empty() {
        return Err(absence(&absent));
    }
    if !secret.is_empty() {
        let names = secret.join(",");
        return Err(invalid(format!(
            "Parameters [{names}] referenced by template have types not supported by CloudFormation."
        )));
    }
    Ok(values)
}

/// The values of dynamic references by their texts; or why one has none, in AWS's words.
pub(super) async fn resolve(cx: &Context, references: &BTreeSet<String>) -> Result<Result<Texts, String>, AwsError> {
    if references.len() > MAX_REFERENCES {
        let count = references.len();
        return Ok(Err(format!(
            "{count} dynamic references are more than the {MAX_REFERENCES} that a template may have"
        )));
    }
    let mut values = Texts::new();
    for reference in references {
        let key = match dynamic::asked(reference) {
            Ok(key) => key,
            Err(malformed) => return Ok(Err(malformed.message)),
        };
        match look(cx, key).await? {
            Some(Found::Text(value)) => drop(values.insert(reference.clone(), value)),
            Some(Found::MadeUp(value)) => {
                tell(cx, key, &value);
                values.insert(reference.clone(), value);
            }
            Some(Found::Secret) => {
                return Ok(Err(format!("Non-secure ssm prefix was used for secure parameter: [{key}]")));
            }
            None => return Ok(Err(format!("Parameters: [ssm:{key}] cannot be found."))),
        }
    }
    Ok(Ok(values))
}

/// The values of those dynamic references that have one.
pub(super) async fn resolve_some(cx: &Context, references: &BTreeSet<String>) -> Result<Texts, AwsError> {
    let mut values = Texts::new();
    for reference in references.iter().take(MAX_REFERENCES) {
        if let Ok(found) = resolve(cx, &BTreeSet::from([reference.clone()])).await? {
            values.extend(found);
        }
    }
    Ok(values)
}

/// Notes the dynamic references that an evaluation meets. None has a value for it.
#[derive(Default)]
pub(super) struct Met(RefCell<BTreeSet<String>>);

impl Met {
    /// Notes one.
    pub(super) fn note(&self, reference: &str) -> Option<String> {
        self.0.borrow_mut().insert(reference.to_owned());
        None
    }

    /// All that were noted.
    pub(super) fn all(self) -> BTreeSet<String> {
        self.0.into_inner()
    }
}
