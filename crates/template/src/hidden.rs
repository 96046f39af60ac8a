//! What is told of values in which there are secrets: parameters that are `NoEcho` stand as asterisks in them ("Parameters",
//! NoEcho: "CloudFormation returns the parameter value masked as asterisks for any calls that describe the stack or stack events").
//!
//! A text that happens to be a secret's can't be told from one that holds it, so values are evaluated a second time, with masks for
//! the secrets: what comes out differently holds one. Which places those are is kept beside the values, since they are told again later.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::evaluate::Scope;
use crate::model::Template;
use crate::parameters::MASK;
use crate::value::{is_unknown, scalar_text};

/// The values of a template's parameters with masks for the secrets.
#[derive(Debug)]
pub struct Masks {
    values: BTreeMap<String, Value>,
    /// Pays for all second evaluations together; what it doesn't suffice for is hidden as a whole.
    budget: Budget,
}

impl Masks {
    /// The masks for parameters with these values; none if no parameter is a secret.
    pub fn of(template: &Template, values: &BTreeMap<String, Value>) -> Option<Self> {
        let secret = |name: &str| template.parameters.iter().any(|p| p.no_echo && p.name == name);
        if !values.keys().any(|name| secret(name)) {
            return None;
        }
        let masked = |value: &Value| match value {
            // As many as there are: one may be selected.
            Value::Array(items) => items.iter().map(|_| Value::from(MASK)).collect(),
            _ => Value::from(MASK),
        };
        let values =
            values.iter().map(|(name, value)| (name.clone(), if secret(name) { masked(value) } else { value.clone() }));
        Some(Self { values: values.collect(), budget: Budget::default() })
    }

    /// Where the values of properties hold secrets, for [`told`]: `evaluated` is what `properties` are in `scope`.
    pub fn hidden(
        &self,
        scope: &Scope<'_>,
        properties: &Map<String, Value>,
        evaluated: &Map<String, Value>,
    ) -> Map<String, Value> {
        let scope = Scope { parameters: &self.values, budget: &self.budget, ..*scope };
        let mut hidden = Map::new();
        for (name, value) in evaluated.iter().filter(|(_, value)| !is_unknown(value)) {
            // A secret that something can't be worked out without, such as an index, hides all of it.
            let again = properties.get(name).and_then(|value| scope.value(value).ok().flatten());
            if let Some(difference) = again.map_or(Some(MASK.into()), |again| difference(value, &again)) {
                hidden.insert(name.clone(), difference);
            }
        }
        hidden
    }
}

/// The places in which a value differs from the same one with masks: an object of members and items, and at its ends the texts to be
/// told there.
fn difference(value: &Value, masked: &Value) -> Option<Value> {
    if value == masked {
        return None;
    }
    let within = match (value, masked) {
        (Value::Object(members), Value::Object(others)) => {
            let differs = |(name, member): (&String, &Value)| {
                let other = others.get(name).map_or(Some(MASK.into()), |other| difference(member, other));
                Some((name.clone(), other?))
            };
            members.iter().filter_map(differs).collect()
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let differs = |(at, (item, other))| Some((usize::to_string(&at), difference(item, other)?));
            items.iter().zip(others).enumerate().filter_map(differs).collect()
        }
        _ => Map::new(),
    };
    if within.is_empty() {
        Some(scalar_text(masked).unwrap_or_else(|| MASK.into()).into())
    } else {
        Some(within.into())
    }
}

/// Properties as they are told: with what [`Masks::hidden`] gave in the places of secrets. They may have been brought into other
/// shapes since.
pub fn told(properties: &Map<String, Value>, hidden: &Map<String, Value>) -> Map<String, Value> {
    let member = |(name, value): (&String, &Value)| {
        (name.clone(), hidden.get(name).map_or_else(|| value.clone(), |hidden| mask(value, hidden)))
    };
    properties.iter().map(member).collect()
}

fn mask(value: &Value, hidden: &Value) -> Value {
    match (value, hidden) {
        (Value::Object(members), Value::Object(hidden)) => told(members, hidden).into(),
        (Value::Array(items), Value::Object(hidden)) => {
            let item = |(at, value): (usize, &Value)| {
                hidden.get(&at.to_string()).map_or_else(|| value.clone(), |hidden| mask(value, hidden))
            };
            items.iter().enumerate().map(item).collect()
        }
        (_, Value::String(text)) => text.as_str().into(),
        // What had parts has none any more: the secret is somewhere in it.
        _ => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Pseudo, conditions};

    /// A queue's tag had the text of a `NoEcho` parameter, which the stack's events told.
    #[test]
    fn secrets_are_told_as_asterisks_wherever_they_are() {
        let text = "
            Parameters: {S: {Type: String, NoEcho: true}, L: {Type: CommaDelimitedList, NoEcho: true}, P: {Type: String},
              N: {Type: Number, NoEcho: true}}
            Conditions: {C: !Equals [!Ref S, hush]}
            Resources:
              R:
                Type: T
                Properties:
                  Plain: !Ref P
                  Same: hush
                  Bare: !Ref S
                  Number: !Ref N
                  List: !Ref L
                  Chosen: !If [C, !Ref S, no]
                  Tags: [{Key: a, Value: !Ref P}, {Key: b, Value: !Sub '${P}-${S}'}]
                  Indexed: !Select [!Ref N, [a, b]]
                  Split: !Split [u, !Sub '${S}.']
                  Deep: {a: {b: !Select [1, !Ref L], c: kept}}";
        let given = [("S", "hush"), ("L", "x,y"), ("P", "p"), ("N", "1")];
        let given = given.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let template = Template::read_given(text, &given, &Pseudo::default()).unwrap();
        let values: BTreeMap<String, Value> =
            template.parameters.iter().map(|p| (p.name.clone(), p.value(&given[&p.name]))).collect();
        let conditions = conditions::evaluate(&template, &values, &Pseudo::default()).unwrap();
        let (budget, pseudo) = (Budget::default(), Pseudo::default());
        let scope = Scope {
            template: &template,
            parameters: &values,
            conditions: &conditions,
            pseudo: &pseudo,
            known: &|_| Ok("r".into()),
            stored: &|_| None,
            budget: &budget,
        };
        let properties = &template.resources["R"].properties;
        let evaluated = scope.members(properties).unwrap();
        assert_eq!(evaluated["Indexed"], "b");
        let hidden = Masks::of(&template, &values).unwrap().hidden(&scope, properties, &evaluated);
        let expected = json!({
            "Plain": "p", "Same": "hush", "Bare": "****", "Number": "****", "List": ["****", "****"], "Chosen": "****",
            "Tags": [{"Key": "a", "Value": "p"}, {"Key": "b", "Value": "p-****"}],
            "Indexed": "****", "Split": "****", "Deep": {"a": {"b": "****", "c": "kept"}},
        });
        assert_eq!(Value::Object(told(&evaluated, &hidden)), expected);
        // In the shape of its type a value may have become another: nothing of a secret is told then either.
        let hidden = json!({"A": {"B": "****"}, "C": {"0": "****"}, "D": "****"});
        let shaped = json!({"A": "hush", "C": {"0": "hush"}, "D": ["hush"]});
        let masked = json!({"A": "****", "C": {"0": "****"}, "D": "****"});
        assert_eq!(told(shaped.as_object().unwrap(), hidden.as_object().unwrap()), *masked.as_object().unwrap());
        let open = Template::read_given("Resources: {R: {Type: T}}", &BTreeMap::new(), &pseudo).unwrap();
        assert!(Masks::of(&open, &BTreeMap::new()).is_none());
    }
}
