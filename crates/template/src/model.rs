//! A template as the rest of the crate works with it: its form checked, its values unevaluated.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::extensions::{LANGUAGE_EXTENSIONS, SERVERLESS};
use crate::parameters::Declaration;

/// A template whose form has been checked; what it refers to exists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// `AWSTemplateFormatVersion`, if declared.
    pub version: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `Metadata`, any value.
    pub metadata: Option<Value>,
    /// Transforms declared at the top, e.g. `AWS::LanguageExtensions`.
    pub transforms: Vec<String>,
    /// What the parameters' values have to be, in the order of the template.
    pub rules: Vec<Rule>,
    /// In the order of the template, as AWS lists them.
    pub parameters: Vec<Declaration>,
    /// Map name, first key, second key, value.
    pub mappings: Map<String, Value>,
    /// Unevaluated conditions by name.
    pub conditions: Map<String, Value>,
    /// By logical id.
    pub resources: BTreeMap<String, Resource>,
    /// By name.
    pub outputs: BTreeMap<String, Output>,
}

impl Template {
    /// Whether the template asks for the transform `AWS::LanguageExtensions`.
    pub(crate) fn is_extended(&self) -> bool {
        self.transforms.iter().any(|t| t == LANGUAGE_EXTENSIONS)
    }

    /// Whether the template asks for the transform of the Serverless Application Model.
    pub fn is_serverless(&self) -> bool {
        self.transforms.iter().any(|t| t == SERVERLESS)
    }
}

/// A resource as the template declares it, properties unevaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// `Type`, e.g. `AWS::SQS::Queue`.
    pub kind: String,
    /// By name.
    pub properties: Map<String, Value>,
    /// The name of the condition under which the resource exists.
    pub condition: Option<String>,
    /// Logical ids of resources that have to be made before.
    pub depends_on: Vec<String>,
    /// `Metadata`, any value.
    pub metadata: Option<Value>,
    /// What becomes of the resource when it leaves the stack; deleted, if not declared.
    pub deletion_policy: Option<Policy>,
    /// What becomes of it when another takes its place; deleted, if not declared.
    pub update_replace_policy: Option<Policy>,
    /// AWS's complaints of what only some types may have, CreationPolicy for one: they hold if this type isn't one of those.
    pub unsupported: Vec<String>,
    /// Policies whose values are still to be computed, by attribute.
    pub computed_policies: Map<String, Value>,
}

/// A rule that the parameters' values have to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// `RuleCondition`: when the rule counts; always, if not declared.
    pub condition: Option<Value>,
    /// `Assertions`, at least one.
    pub assertions: Vec<Assertion>,
}

/// What a rule demands.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// `Assert`, unevaluated.
    pub assert: Value,
    /// `AssertDescription`: what the error says.
    pub description: Option<String>,
}

/// What becomes of a resource that leaves the stack ("DeletionPolicy attribute").
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Policy {
    /// It is deleted.
    Delete,
    /// It stays, outside the stack.
    Retain,
    /// It stays, except when the operation that creates it is rolled back.
    RetainExceptOnCreate,
}

/// An output as the template declares it, value unevaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// `Value`.
    pub value: Value,
    /// `Description`.
    pub description: Option<String>,
    /// The name of the condition under which the output exists.
    pub condition: Option<String>,
    /// The name it is exported by, unevaluated.
    pub export: Option<Value>,
}
