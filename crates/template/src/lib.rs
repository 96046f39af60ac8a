//! Templates: parsed, checked, resolved, compared. Pure: no engine, no clock, no stacks.
//!
//! ```text
//! text --parse--> tree --foreach--> tree without loops --structure--> Template
//! Template + given parameters --parameters--> values --conditions--> who exists
//! Template + values + what is known of resources --evaluate--> properties and outputs
//! Template --references--> graph (order, circles)
//! two evaluated templates --diff--> what a change set shows
//! ```

pub mod budget;
pub mod conditions;
pub mod diff;
pub mod evaluate;
pub mod foreach;
pub mod graph;
pub mod network;
pub mod parameters;
pub mod parse;
pub mod references;
pub mod structure;
pub mod summary;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is wrong with a template or its parameters, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub message: String,
    /// Whether it comes of a value that is known only after a resource exists.
    pub premature: bool,
}

pub type Result<T> = std::result::Result<T, Invalid>;

impl Invalid {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), premature: false }
    }
}

/// A template whose form has been checked; what it refers to exists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// `AWSTemplateFormatVersion`, if declared.
    pub version: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<Value>,
    /// Transforms declared at the top, e.g. `AWS::LanguageExtensions`.
    pub transforms: Vec<String>,
    /// In the order of the template, as AWS lists them.
    pub parameters: Vec<parameters::Declaration>,
    /// Map name, first key, second key, value.
    pub mappings: Map<String, Value>,
    /// Unevaluated conditions by name.
    pub conditions: Map<String, Value>,
    pub resources: BTreeMap<String, Resource>,
    pub outputs: BTreeMap<String, Output>,
}

impl Template {
    /// Text to a checked template, its loops over the defaults of its parameters.
    pub fn read(text: &str) -> Result<Self> {
        Self::read_given(text, &parameters::Texts::new())
    }

    /// Text to a checked template: parses, unrolls `Fn::ForEach` (a loop may go over a parameter's values), checks the
    /// form and every reference.
    pub fn read_given(text: &str, given: &parameters::Texts) -> Result<Self> {
        let tree = parse::parse(text)?;
        let tree = foreach::unroll(tree, given)?;
        let template = structure::check(tree)?;
        references::check(&template)?;
        Ok(template)
    }

    /// Whether the template asks for the transform `AWS::LanguageExtensions`.
    pub fn extended(&self) -> bool {
        self.transforms.iter().any(|t| t == foreach::LANGUAGE_EXTENSIONS)
    }
}

/// A resource as the template declares it, properties unevaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// E.g. `AWS::SQS::Queue`.
    pub kind: String,
    pub properties: Map<String, Value>,
    pub condition: Option<String>,
    pub depends_on: Vec<String>,
    pub metadata: Option<Value>,
    pub deletion_policy: Option<Policy>,
    pub update_replace_policy: Option<Policy>,
}

/// What becomes of a resource that leaves the stack ("DeletionPolicy attribute").
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Policy {
    Delete,
    Retain,
    /// Retained, except when the operation that creates it is rolled back.
    RetainExceptOnCreate,
}

/// An output as the template declares it, value unevaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub value: Value,
    pub description: Option<String>,
    pub condition: Option<String>,
    /// The name it is exported by, unevaluated.
    pub export: Option<Value>,
}

/// A scalar as text, the way CloudFormation joins and shows it; nothing for objects, lists and null.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The one member of an object that is a function call: `{"Ref": ..}` or `{"Fn::X": ..}`.
pub fn call(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let (name, argument) = object.iter().next()?;
    (object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"))).then_some((name, argument))
}
