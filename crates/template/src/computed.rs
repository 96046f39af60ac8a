//! What may be computed where CloudFormation otherwise wants a literal: the policies of a resource, and, by the transform
//! `AWS::LanguageExtensions`, the name that a `Ref` or a `Fn::GetAtt` is given. It is worked out as soon as the conditions are
//! known, since the order of the resources hangs on it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::check;
use crate::error::{Invalid, Result};
use crate::evaluate::{Reference, Scope};
use crate::model::Template;
use crate::pseudo::Pseudo;
use crate::structure::policy;
use crate::value::function_call;

impl Template {
    /// Puts the names that `Ref` and `Fn::GetAtt` compute in their place, and the policies that resources compute; then checks
    /// that what is named exists.
    ///
    /// # Errors
    /// AWS's message: for a name that depends on a resource, or that nothing has; for a policy that is none.
    pub fn settle_names(
        &mut self,
        parameters: &BTreeMap<String, Value>,
        conditions: &BTreeMap<String, bool>,
        pseudo: &Pseudo,
    ) -> Result<()> {
        let extended = self.is_extended();
        if !extended && self.resources.values().all(|resource| resource.computed_policies.is_empty()) {
            return Ok(());
        }
        let known = |_: Reference<'_>| {
            Err(Invalid::new("Template error: the name of a resource, and its policies, can't depend on a resource"))
        };
        let (mut resources, mut outputs) = (self.resources.clone(), self.outputs.clone());
        let budget = Budget::default();
        let scope =
            Scope { template: self, parameters, conditions, pseudo, known: &known, stored: &|_| None, budget: &budget };
        for (name, resource) in &mut resources {
            if extended {
                settle_members(&scope, &mut resource.properties)?;
                resource.metadata.as_mut().map_or(Ok(()), |metadata| settle(&scope, metadata))?;
            }
            for (attribute, value) in std::mem::take(&mut resource.computed_policies) {
                let policy = policy(name, &attribute, &scope.required(&value)?)?;
                match attribute.as_str() {
                    "DeletionPolicy" => resource.deletion_policy = Some(policy),
                    _ => resource.update_replace_policy = Some(policy),
                }
            }
        }
        for output in outputs.values_mut().filter(|_| extended) {
            settle(&scope, &mut output.value)?;
            output.export.as_mut().map_or(Ok(()), |export| settle(&scope, export))?;
        }
        (self.resources, self.outputs) = (resources, outputs);
        check::check(self)
    }
}

fn settle_members(scope: &Scope<'_>, members: &mut Map<String, Value>) -> Result<()> {
    members.values_mut().try_for_each(|member| settle(scope, member))
}

/// Puts computed names in their place, anywhere inside a value.
fn settle(scope: &Scope<'_>, value: &mut Value) -> Result<()> {
    let named = match function_call(value) {
        Some(("Ref", argument @ Value::Object(_))) => Some(("Ref", scope.name(argument)?)),
        Some(("Fn::GetAtt", argument @ Value::Object(_))) => Some(("Fn::GetAtt", scope.name(argument)?)),
        _ => None,
    };
    if let Some((function, name)) = named {
        *value = Value::Object(Map::from_iter([(function.to_owned(), name.into())]));
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| settle(scope, item)),
        Value::Object(members) => {
            let only = members.len() == 1;
            if let (true, Some(Value::Array(halves))) = (only, members.get_mut("Fn::GetAtt"))
                && let Some(resource @ Value::Object(_)) = halves.first_mut()
            {
                *resource = scope.name(resource)?.into();
            }
            settle_members(scope, members)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conditions;
    use crate::graph;
    use crate::model::Policy;
    use crate::parameters::Texts;

    fn settled(text: &str) -> Result<(Template, graph::Needs)> {
        let text = format!(
            "Transform: AWS::LanguageExtensions\nParameters: {{I: {{Type: String, Default: A}}, Keep: {{Type: String, Default: Retain}}, L: {{Type: CommaDelimitedList, Default: 'A,B'}}}}\nMappings: {{M: {{us-east-1: {{Names: [A, B], One: TA}}}}}}\nConditions: {{C: !Equals [!Ref I, A]}}\n{text}"
        );
        let pseudo = Pseudo { region: "us-east-1".into(), ..Pseudo::default() };
        let mut template = Template::read_given(&text, &Texts::new(), &pseudo)?;
        let parameters = template.parameters.iter().map(|p| (p.name.clone(), p.value(p.default.as_ref().unwrap())));
        let parameters: BTreeMap<String, Value> = parameters.collect();
        let conditions = conditions::evaluate(&template, &parameters, &pseudo)?;
        template.settle_names(&parameters, &conditions, &pseudo)?;
        let needs = graph::needs(&template, &conditions)?;
        Ok((template, needs))
    }

    /// `!GetAtt [!Sub 'T${I}', TopicArn]` in a loop was refused; and what was computed didn't count for the order.
    #[test]
    fn names_may_be_computed() {
        let cases = [
            ("!GetAtt [!Sub 'T${I}', TopicArn]", json!({"Fn::GetAtt": ["TA", "TopicArn"]})),
            ("!GetAtt [!Sub 'T${I}', !Ref Keep]", json!({"Fn::GetAtt": ["TA", {"Ref": "Keep"}]})),
            ("{Fn::GetAtt: !Sub 'T${I}.TopicArn'}", json!({"Fn::GetAtt": "TA.TopicArn"})),
            ("{Ref: !Sub 'T${I}'}", json!({"Ref": "TA"})),
            ("{Ref: !If [C, TA, TB]}", json!({"Ref": "TA"})),
            (
                "!Join [',', [{Ref: !FindInMap [M, !Ref 'AWS::Region', One]}]]",
                json!({"Fn::Join": [",", [{"Ref": "TA"}]]}),
            ),
            ("{Ref: !Select [0, [TA, TB]]}", json!({"Ref": "TA"})),
            (
                "!Sub ['${X}', {X: !GetAtt [!Join ['', [T, A]], Arn]}]",
                json!({"Fn::Sub": ["${X}", {"X": {"Fn::GetAtt": ["TA", "Arn"]}}]}),
            ),
        ];
        for (value, expected) in cases {
            let text = format!("Resources: {{TA: {{Type: X}}, TB: {{Type: X, Properties: {{P: {value}}}}}}}");
            let (template, needs) = settled(&text).unwrap_or_else(|invalid| panic!("{value}: {}", invalid.message));
            assert_eq!(template.resources["TB"].properties["P"], expected, "{value}");
            assert!(needs["TB"].contains("TA"), "{value}");
        }
        let absent = settled("Resources: {TA: {Type: X, Properties: {P: {Ref: !Sub 'Z${I}'}}}}").unwrap_err().message;
        assert!(absent.contains("Unresolved resource dependencies [ZA]"), "{absent}");
        let late = settled("Resources: {TA: {Type: X}, TB: {Type: X, Properties: {P: {Ref: !GetAtt TA.X}}}}");
        assert!(late.unwrap_err().message.contains("can't depend on a resource"));
    }

    #[test]
    fn names_may_not_be_computed_without_the_transform() {
        let template =
            |value: &str| format!("Resources: {{TA: {{Type: X}}, TB: {{Type: X, Properties: {{P: {value}}}}}}}");
        let refused = Template::read(&template("!GetAtt [!Sub 'TA', Arn]")).unwrap_err().message;
        assert!(refused.starts_with("Template error: every Fn::GetAtt object requires two non-empty"), "{refused}");
        let refused = Template::read(&template("{Ref: !Sub 'TA'}")).unwrap_err().message;
        assert_eq!(refused, "Template error: All References must be of type string");
    }

    #[test]
    fn policies_may_be_computed() {
        let policies = [
            ("!Ref Keep", Policy::Retain),
            ("!If [C, Delete, Retain]", Policy::Delete),
            ("!Sub '${Keep}ExceptOnCreate'", Policy::RetainExceptOnCreate),
        ];
        for (value, expected) in policies {
            let (template, _) = settled(&format!("Resources: {{R: {{Type: X, DeletionPolicy: {value}}}}}")).unwrap();
            assert_eq!(template.resources["R"].deletion_policy, Some(expected), "{value}");
        }
        let (template, _) = settled("Resources: {R: {Type: X, UpdateReplacePolicy: !Ref Keep}}").unwrap();
        assert_eq!(template.resources["R"].update_replace_policy, Some(Policy::Retain));
        let wrong = settled("Resources: {R: {Type: X, DeletionPolicy: !Ref I}}").unwrap_err().message;
        assert_eq!(wrong, "Template format error: Unrecognized DeletionPolicy A for resource R");
        let plain = "Mappings: {M: {us-east-1: {Keep: Retain}}}\nResources: {R: {Type: X, DeletionPolicy: !FindInMap [M, !Ref 'AWS::Region', Keep]}}";
        let (mut template, none) = (Template::read(plain).unwrap(), BTreeMap::new());
        let pseudo = Pseudo { region: "us-east-1".into(), ..Pseudo::default() };
        template.settle_names(&none, &BTreeMap::new(), &pseudo).unwrap();
        assert_eq!(template.resources["R"].deletion_policy, Some(Policy::Retain), "without the transform as well");
    }

    /// A loop over anything but a list of texts or a parameter was refused.
    #[test]
    fn a_loop_goes_over_whatever_gives_a_list() {
        let collections = [
            "[A, B]",
            "[!Ref I, B]",
            "!Ref L",
            "!FindInMap [M, !Ref 'AWS::Region', Names]",
            "!Split [',', 'A,B']",
            "!FindInMap [M, nowhere, Names, {DefaultValue: [A, B]}]",
        ];
        for collection in collections {
            let text = format!(
                "Resources: {{'Fn::ForEach::X': [N, {collection}, {{'T${{N}}': {{Type: X}}}}]}}\nOutputs: {{'Fn::ForEach::O': [N, {collection}, {{'O${{N}}': {{Value: !GetAtt [!Sub 'T${{N}}', Arn]}}}}]}}"
            );
            let (template, _) = settled(&text).unwrap_or_else(|invalid| panic!("{collection}: {}", invalid.message));
            assert_eq!(template.resources.keys().collect::<Vec<_>>(), ["TA", "TB"], "{collection}");
            assert_eq!(template.outputs["OB"].value, json!({"Fn::GetAtt": ["TB", "Arn"]}));
        }
    }
}
