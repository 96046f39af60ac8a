//! Parameters: what a template declares, what a caller gives, and the values that come of it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use search::Pattern;
use serde_json::Value;

use crate::budget::PatternBudget;
use crate::dynamic;
use crate::error::{Invalid, Result};
use crate::parse;
use crate::value::scalar_text;

/// What `NoEcho` parameters are shown as.
pub const MASK: &str = "****";
/// "AWS CloudFormation quotas": bytes of a parameter's value.
const MAX_VALUE: usize = 4096;

/// What a parameter's text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `String`, or a type of AWS's own such as `AWS::EC2::VPC::Id`, whose values aren't looked up here.
    Text,
    /// `Number`.
    Number,
    /// `List<Number>`.
    NumberList,
    /// `CommaDelimitedList`, `List<String>` or a list of a type of AWS's own.
    TextList,
}

/// Whether a parameter's text is its value ("Systems Manager parameter types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It is.
    Given,
    /// It is, and a parameter of the Parameter Store has to have it as its name.
    Named,
    /// It names a parameter of the Parameter Store, which has the value.
    Stored,
}

/// A parameter as the template declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The parameter's name.
    pub name: String,
    /// The type as written, e.g. `List<Number>`.
    pub type_name: String,
    /// What the type means of the value.
    pub kind: Kind,
    /// Where the value comes from.
    pub source: Source,
    /// The text if the caller gives none.
    pub default: Option<String>,
    /// The only texts allowed; any, if there are none here.
    pub allowed_values: Vec<String>,
    /// A regular expression of Java that the whole text has to match.
    pub allowed_pattern: Option<String>,
    /// In characters.
    pub min_length: Option<usize>,
    /// In characters.
    pub max_length: Option<usize>,
    /// A bound with its text, which the error repeats.
    pub min_value: Option<(f64, String)>,
    /// Likewise.
    pub max_value: Option<(f64, String)>,
    /// Whether the value is shown as [`MASK`].
    pub no_echo: bool,
    /// `Description`.
    pub description: Option<String>,
    /// `ConstraintDescription`: what the error says instead of the rule that is broken.
    pub constraint_description: Option<String>,
}

/// What a caller says of one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// The parameter's name.
    pub key: String,
    /// Its text.
    pub value: Option<String>,
    /// Whether the text stays that of the stack.
    pub use_previous: bool,
}

/// Parameter texts by name.
pub type Texts = BTreeMap<String, String>;

impl Declaration {
    /// Reads one member of the section `Parameters`.
    pub(crate) fn read(name: String, value: &Value) -> Result<Self> {
        let Some(members) = value.as_object() else {
            return Err(Invalid::new("Template format error: Any Parameters member must be an object."));
        };
        let Some(type_name) = members.get("Type").and_then(Value::as_str) else {
            return Err(Invalid::new(format!(
                "Template format error: [/Parameters/{name}] Every Parameters object must contain a Type member."
            )));
        };
        let (kind, source) = kind(type_name)?;
        let mut declaration = Self {
            kind,
            source,
            type_name: type_name.to_owned(),
            default: None,
            allowed_values: Vec::new(),
            allowed_pattern: None,
            min_length: None,
            max_length: None,
            min_value: None,
            max_value: None,
            no_echo: false,
            description: None,
            constraint_description: None,
            name,
        };
        for (member, value) in members {
            declaration.member(member, value)?;
        }
        Ok(declaration)
    }

    /// What the rules of the declaration are about: a name in the Parameter Store counts as a string.
    fn ruled(&self) -> &Kind {
        if self.source == Source::Given { &self.kind } else { &Kind::Text }
    }

    /// Reads one member of the declaration.
    fn member(&mut self, member: &str, value: &Value) -> Result<()> {
        let name = self.name.as_str();
        let scalar = || {
            scalar_text(value)
                .ok_or_else(|| Invalid::new(format!("Template format error: Every {member} member must be a string.")))
        };
        let only_on = |kind: &str| {
            Err(Invalid::new(format!(
                "Template error: Parameter '{name}' {member} must be on a parameter of type {kind}"
            )))
        };
        let number = || {
            let shown = scalar()?;
            match shown.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok((number, shown)),
                _ => Err(Invalid::new(format!("Template error: Parameter '{name}' {member} must be a number"))),
            }
        };
        match member {
            "Type" => {}
            "Default" => {
                let default = default_text(value)
                    .ok_or_else(|| Invalid::new("Template format error: Every Default member must be a string."))?;
                check_versions(name, &default)?;
                self.default = Some(default);
            }
            "AllowedValues" => {
                let items = value.as_array().map(|items| items.iter().map(scalar_text).collect::<Option<Vec<_>>>());
                self.allowed_values = items.flatten().ok_or_else(|| {
                    Invalid::new("Template format error: Every AllowedValues value must be a string.")
                })?;
            }
            "AllowedPattern" if matches!(self.ruled(), Kind::Text | Kind::TextList) => {
                let pattern = scalar()?;
                compiled(name, &pattern)?;
                self.allowed_pattern = Some(pattern);
            }
            "AllowedPattern" => return only_on("String"),
            "MinLength" | "MaxLength" if *self.ruled() != Kind::Text => return only_on("String"),
            "MinLength" => self.min_length = Some(number()?.0 as usize),
            "MaxLength" => self.max_length = Some(number()?.0 as usize),
            "MinValue" | "MaxValue" if !matches!(self.ruled(), Kind::Number | Kind::NumberList) => {
                return only_on("Number");
            }
            "MinValue" => self.min_value = Some(number()?),
            "MaxValue" => self.max_value = Some(number()?),
            "NoEcho" => self.no_echo = scalar()?.eq_ignore_ascii_case("true"),
            "Description" => self.description = Some(scalar()?),
            "ConstraintDescription" => self.constraint_description = Some(scalar()?),
            _ => return Err(Invalid::new(format!("Invalid template parameter property '{member}'"))),
        }
        Ok(())
    }

    /// Checks one value against every constraint.
    fn check(&self, value: &str, patterns: &mut PatternBudget) -> Result<()> {
        if value.len() > MAX_VALUE {
            return Err(Invalid::new(format!(
                "Parameter '{}' exceeds the maximum parameter value length of {MAX_VALUE} bytes.",
                self.name
            )));
        }
        let items: Vec<&str> = match self.ruled() {
            Kind::Text | Kind::Number => vec![value],
            Kind::NumberList | Kind::TextList => value.split(',').map(str::trim).collect(),
        };
        let pattern = self.allowed_pattern.as_ref().map(|pattern| compiled(&self.name, pattern)).transpose()?;
        let mut broken = None;
        for item in items {
            broken = self.broken(item, pattern.as_ref(), patterns)?;
            if broken.is_some() {
                break;
            }
        }
        match (broken, &self.constraint_description) {
            (None, _) => Ok(()),
            (Some(_), Some(why)) => {
                Err(Invalid::new(format!("Parameter '{}' failed to satisfy constraint: {why}", self.name)))
            }
            (Some(rule), None) => Err(Invalid::new(format!("Parameter '{}' must {rule}", self.name))),
        }
    }

    /// The rule that an item breaks, in AWS's words after "must".
    fn broken(&self, item: &str, pattern: Option<&Pattern>, patterns: &mut PatternBudget) -> Result<Option<String>> {
        if let Some(rule) = self.broken_bound(item) {
            return Ok(Some(rule));
        }
        match self.allowed_pattern.as_ref().zip(pattern) {
            Some((text, pattern)) if !patterns.is_match(pattern, item)? => Ok(Some(format!("match pattern {text}"))),
            _ => Ok(None),
        }
    }

    /// The rule on values and lengths that an item breaks.
    fn broken_bound(&self, item: &str) -> Option<String> {
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|v| v == item) {
            return Some("be one of AllowedValues".into());
        }
        if matches!(self.ruled(), Kind::Number | Kind::NumberList) {
            let Some(number) = item.parse::<f64>().ok().filter(|n| n.is_finite()) else {
                return Some("be a number.".into());
            };
            if let Some((_, shown)) = self.min_value.as_ref().filter(|(min, _)| number < *min) {
                return Some(format!("be a number not less than {shown}"));
            }
            if let Some((_, shown)) = self.max_value.as_ref().filter(|(max, _)| number > *max) {
                return Some(format!("be a number not greater than {shown}"));
            }
        }
        let length = item.chars().count();
        if let Some(min) = self.min_length.filter(|min| length < *min) {
            return Some(format!("contain at least {min} characters"));
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            return Some(format!("contain at most {max} characters"));
        }
        None
    }

    /// What `Ref` gives for the text of the parameter's value: the text, or a list of texts. What the Parameter Store has is
    /// asked for before.
    pub fn value(&self, given: &str) -> Value {
        match self.kind {
            Kind::Text | Kind::Number => Value::String(given.to_owned()),
            Kind::NumberList | Kind::TextList => given.split(',').map(str::trim).collect(),
        }
    }
}

/// Refuses a default with a dynamic reference that has no version ("Get a plaintext value from Systems Manager Parameter
/// Store": there has to be one in the section Parameters).
fn check_versions(name: &str, default: &str) -> Result<()> {
    for reference in dynamic::found(default) {
        if !dynamic::asked(reference)?.contains(':') {
            return Err(Invalid::new(format!(
                "Template error: the dynamic reference {reference} in the Default of parameter {name} must have a version"
            )));
        }
    }
    Ok(())
}

/// A default as text; null is the empty text.
fn default_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        value => scalar_text(value),
    }
}

/// What the type of a parameter means, and where its value comes from.
fn kind(type_name: &str) -> Result<(Kind, Source)> {
    if type_name == "AWS::SSM::Parameter::Name" {
        return Ok((Kind::Text, Source::Named));
    }
    let held = type_name.strip_prefix("AWS::SSM::Parameter::Value<").and_then(|rest| rest.strip_suffix('>'));
    let (value, source) = held.map_or((type_name, Source::Given), |held| (held, Source::Stored));
    let kind = match value {
        "String" => Some(Kind::Text),
        // The Parameter Store has no numbers.
        "Number" if held.is_none() => Some(Kind::Number),
        "List<Number>" if held.is_none() => Some(Kind::NumberList),
        "CommaDelimitedList" | "List<String>" => Some(Kind::TextList),
        _ if is_aws_specific(value) => Some(Kind::Text),
        _ => {
            let item = value.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>'));
            item.filter(|item| is_aws_specific(item)).map(|_| Kind::TextList)
        }
    };
    let unknown = || Invalid::new(format!("Template format error: Unrecognized parameter type: {value}"));
    kind.map(|kind| (kind, source)).ok_or_else(unknown)
}

/// The parameters of a template whose values the Parameter Store has, each with its default, as far as they can be told
/// without reading the template: loops go over their values, so these are asked for before it is read.
///
/// # Errors
/// That the text is no JSON or YAML.
pub fn stored(text: &str) -> Result<Vec<(String, Option<String>)>> {
    const TYPE: &str = "AWS::SSM::Parameter::Value<";
    if !text.contains(TYPE) {
        return Ok(Vec::new());
    }
    let tree = parse::parse(text)?;
    let declared = tree.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    let stored = declared.filter(|(_, value)| value["Type"].as_str().is_some_and(|name| name.starts_with(TYPE)));
    Ok(stored.map(|(name, value)| (name.clone(), value.get("Default").and_then(scalar_text))).collect())
}

/// "Specify existing resources at runtime with CloudFormation-supplied parameter types".
fn is_aws_specific(type_name: &str) -> bool {
    matches!(
        type_name,
        "AWS::EC2::AvailabilityZone::Name"
            | "AWS::EC2::Image::Id"
            | "AWS::EC2::Instance::Id"
            | "AWS::EC2::KeyPair::KeyName"
            | "AWS::EC2::SecurityGroup::GroupName"
            | "AWS::EC2::SecurityGroup::Id"
            | "AWS::EC2::Subnet::Id"
            | "AWS::EC2::Volume::Id"
            | "AWS::EC2::VPC::Id"
            | "AWS::Route53::HostedZone::Id"
    )
}

/// The pattern, ready to match.
fn compiled(name: &str, pattern: &str) -> Result<Pattern> {
    Pattern::java(pattern).map_err(|why| {
        Invalid::new(format!(
            "Template error: Parameter '{name}' AllowedPattern must be a valid regular expression. As Java reads it, {why}."
        ))
    })
}

/// The texts of all parameters: given, else (where asked for) the previous ones, else the defaults.
///
/// `previous` are the texts of the stack, when there is one to update.
///
/// # Errors
/// AWS's message: for a parameter that isn't declared, has no text, or breaks a rule of its declaration.
pub fn settle(declared: &[Declaration], given: &[Given], previous: Option<&Texts>) -> Result<Texts> {
    let mut by_key: BTreeMap<&str, &Given> = BTreeMap::new();
    let known: BTreeSet<&str> = declared.iter().map(|d| d.name.as_str()).collect();
    let mut unknown = Vec::new();
    for item in given {
        if !known.contains(item.key.as_str()) {
            unknown.push(item.key.as_str());
        } else if by_key.insert(&item.key, item).is_some() {
            return Err(Invalid::new(format!("Duplicate parameter key {}", item.key)));
        }
    }
    if !unknown.is_empty() {
        return Err(Invalid::new(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let (mut settled, mut patterns) = (Texts::new(), PatternBudget::default());
    let mut missing = Vec::new();
    for declaration in declared {
        let name = declaration.name.as_str();
        let value = match by_key.get(name) {
            Some(Given { use_previous: true, value: Some(_), .. }) => {
                return Err(Invalid::new(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            Some(Given { use_previous: true, .. }) => match previous.and_then(|previous| previous.get(name)) {
                Some(value) => Some(value),
                None => {
                    return Err(Invalid::new(format!(
                        "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                    )));
                }
            },
            Some(Given { value: Some(value), .. }) => Some(value),
            Some(Given { value: None, .. }) => {
                return Err(Invalid::new(format!(
                    "Invalid input for parameter key {name}. Need to specify either usePreviousValue as true or value for a parameter key"
                )));
            }
            None => declaration.default.as_ref(),
        };
        match value {
            Some(value) => {
                declaration.check(value, &mut patterns)?;
                settled.insert(name.to_owned(), value.clone());
            }
            None => missing.push(name),
        }
    }
    if missing.is_empty() {
        Ok(settled)
    } else {
        Err(Invalid::new(format!("Parameters: [{}] must have values", missing.join(", "))))
    }
}
