//! What of a template can be worked out before it is read: the values of its parameters, its mappings, and which conditions
//! hold. A transform knows no more when it runs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::conditions;
use crate::error::{Invalid, Result};
use crate::evaluate::{Reference, Scope};
use crate::extensions::LANGUAGE_EXTENSIONS;
use crate::model::Template;
use crate::parameters::{Declaration, Texts};
use crate::pseudo::Pseudo;

/// What is declared beside the resources, with its values.
pub(crate) struct Declared {
    template: Template,
    parameters: BTreeMap<String, Value>,
    /// Nothing if the conditions can't be evaluated; what is wrong with them is told when the template is read.
    conditions: BTreeMap<String, bool>,
}

impl Declared {
    /// Reads it. `given` are texts of parameters, which go before the template's defaults; `conditions` the section, its loops
    /// unrolled.
    pub(crate) fn read(tree: &Value, given: &Texts, pseudo: &Pseudo, conditions: Option<&Value>) -> Result<Self> {
        let section = |name: &str| tree.get(name).and_then(Value::as_object);
        let mut parameters = BTreeMap::new();
        let mut declarations = Vec::new();
        for (name, declared) in section("Parameters").into_iter().flatten() {
            let declaration = Declaration::read(name.clone(), declared)?;
            if let Some(text) = given.get(name).or(declaration.default.as_ref()) {
                parameters.insert(name.clone(), declaration.value(text));
            }
            declarations.push(declaration);
        }
        let template = Template {
            transforms: vec![LANGUAGE_EXTENSIONS.to_owned()],
            parameters: declarations,
            mappings: section("Mappings").cloned().unwrap_or_default(),
            conditions: conditions.and_then(Value::as_object).cloned().unwrap_or_default(),
            ..Template::default()
        };
        let conditions = conditions::evaluate(&template, &parameters, pseudo).unwrap_or_default();
        Ok(Self { template, parameters, conditions })
    }

    /// Whether a parameter is declared that has no value.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.declaration(name).is_some() && !self.parameters.contains_key(name)
    }

    /// A parameter's declaration.
    pub(crate) fn declaration(&self, name: &str) -> Option<&Declaration> {
        self.template.parameters.iter().find(|declaration| declaration.name == name)
    }

    /// Works with the scope in which values are evaluated: no resource has one.
    pub(crate) fn within<R>(&self, pseudo: &Pseudo, budget: &Budget, work: impl FnOnce(&Scope<'_>) -> R) -> R {
        let known = |_: Reference<'_>| Err(Invalid::new("Template error: a transform knows no resource"));
        work(&Scope {
            template: &self.template,
            parameters: &self.parameters,
            conditions: &self.conditions,
            pseudo,
            known: &known,
            stored: &|_| None,
            budget,
        })
    }
}

/// The section's members, if it is an object.
pub(crate) fn members_of<'a>(tree: &'a mut Value, section: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let section = tree.get_mut(section).and_then(Value::as_object_mut);
    section.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}
