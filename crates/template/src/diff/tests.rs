//! What a change set says, case by case.

use serde_json::json;

use super::*;
use crate::budget::Budget;
use crate::conditions;
use crate::parameters::{Given, settle};
use crate::pseudo::Pseudo;

type Given2 = (&'static str, &'static str);

fn values(template: &Template, given: &[Given2]) -> BTreeMap<String, Value> {
    let given: Vec<Given> =
        given.iter().map(|(k, v)| Given { key: (*k).into(), value: Some((*v).into()), use_previous: false }).collect();
    let texts = settle(&template.parameters, &given, None).unwrap();
    template.parameters.iter().map(|p| (p.name.clone(), p.value(&texts[&p.name]))).collect()
}

/// Deploys one template in thought (ids are `arn:<TopicName>`), then compares with another.
fn compare(old: (&str, &[Given2]), new: (&str, &[Given2])) -> Changes {
    let pseudo = Pseudo { region: "us-east-1".into(), stack_name: "s".into(), ..Pseudo::default() };
    let wrap = |resources: &str| Template::read(resources).unwrap();
    let (old_template, new_template) = (wrap(old.0), wrap(new.0));
    let (old_values, new_values) = (values(&old_template, old.1), values(&new_template, new.1));
    let old_conditions = conditions::evaluate(&old_template, &old_values, &pseudo).unwrap();
    let new_conditions = conditions::evaluate(&new_template, &new_values, &pseudo).unwrap();
    let mut made: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let needs = graph::needs(&old_template, &old_conditions).unwrap();
    for name in graph::order(&needs).unwrap().concat() {
        let evaluated = {
            let known = |reference: Reference<'_>| Ok(live(&made, reference));
            let scope = Scope {
                template: &old_template,
                parameters: &old_values,
                conditions: &old_conditions,
                pseudo: &pseudo,
                known: &known,
                stored: &|_| None,
                budget: &Budget::default(),
            };
            scope.members(&old_template.resources[&name].properties).unwrap()
        };
        made.insert(name, evaluated);
    }
    let hidden = Map::new();
    let resources = made
        .iter()
        .map(|(name, properties)| {
            let deployed = Deployed {
                kind: &old_template.resources[name].kind,
                physical_id: name,
                properties,
                hidden: &hidden,
                metadata: None,
                deletion_policy: None,
                update_replace_policy: None,
            };
            (name.as_str(), deployed)
        })
        .collect();
    let before = Before { template: &old_template, parameters: &old_values, resources };
    let known = |reference: Reference<'_>| Ok(live(&made, reference));
    let scope = Scope {
        template: &new_template,
        parameters: &new_values,
        conditions: &new_conditions,
        pseudo: &pseudo,
        known: &known,
        stored: &|_| None,
        budget: &Budget::default(),
    };
    let rules = |_: &str, name: &str| if name == "Name" { Recreation::Always } else { Recreation::Never };
    changes(&before, &scope, None, &rules).unwrap()
}

fn live(made: &BTreeMap<String, Map<String, Value>>, reference: Reference<'_>) -> Value {
    match reference {
        Reference::Resource(name) => {
            made.get(name).map_or(KNOWN_AFTER_APPLY.into(), |m| format!("arn:{}", m["Name"].as_str().unwrap()).into())
        }
        Reference::Attribute(name, attribute) => {
            made.get(name).and_then(|m| m.get(attribute)).cloned().unwrap_or(KNOWN_AFTER_APPLY.into())
        }
        Reference::Export(_) => Value::Null,
    }
}

/// `Source/Evaluation/Cause` of each detail.
fn details(change: &Change) -> Vec<String> {
    change
        .details
        .iter()
        .map(|d| {
            let certain = if d.certain { "Static" } else { "Dynamic" };
            let only = if d.with_values_only { "*" } else { "" };
            format!("{}{only}/{certain}/{}", d.source, d.causing_entity.as_deref().unwrap_or("-"))
        })
        .collect()
}

#[test]
fn why_a_property_changes() {
    let parameter = "Parameters: {P: {Type: String}}\nResources: {A: {Type: T, Properties: {D: ";
    let plain = "Resources: {A: {Type: T, Properties: {D: ";
    let end = "}}}";
    let cases: [(String, &[Given2], String, &[Given2], &[&str]); 6] = [
        (format!("{plain}x{end}"), &[], format!("{plain}y{end}"), &[], &["DirectModification/Static/-"]),
        (format!("{plain}5{end}"), &[], format!("{plain}'5'{end}"), &[], &[]),
        (
            format!("{parameter}!Ref P{end}"),
            &[("P", "1")],
            format!("{parameter}!Ref P{end}"),
            &[("P", "2")],
            &["ParameterReference/Static/P", "DirectModification/Dynamic/-"],
        ),
        (
            format!("{plain}x{end}"),
            &[],
            format!("{parameter}!Sub 'a ${{P}}'{end}"),
            &[("P", "2")],
            &["DirectModification/Dynamic/-", "ParameterReference/Static/P"],
        ),
        (
            format!("{parameter}!Ref P{end}"),
            &[("P", "1")],
            format!("{parameter}!Sub '${{P}}2'{end}"),
            &[("P", "1")],
            &["DirectModification/Static/-"],
        ),
        (
            format!("Mappings: {{M: {{K: {{V: a}}}}}}\n{plain}!FindInMap [M, K, V]{end}"),
            &[],
            format!("Mappings: {{M: {{K: {{V: b}}}}}}\n{plain}!FindInMap [M, K, V]{end}"),
            &[],
            &["DirectModification/Static/-"],
        ),
    ];
    for (old, old_given, new, new_given, expected) in cases {
        let found = compare((&old, old_given), (&new, new_given)).changes;
        assert_eq!(found.first().map(details).unwrap_or_default(), expected, "{old} -> {new}");
    }
}

#[test]
fn what_hangs_on_a_replaced_resource() {
    let template = |name: &str| {
        format!(
            "Resources:\n  A: {{Type: T, Properties: {{Name: {name}}}}}\n  B: {{Type: T, Properties: {{Name: b, D: !Ref A}}}}"
        )
    };
    let found = compare((&template("a"), &[]), (&template("c"), &[])).changes;
    assert_eq!(found[0].replacement, Some(Replacement::True));
    assert_eq!(found[0].policy_action.as_deref(), Some("ReplaceAndDelete"));
    assert_eq!(found[1].replacement, Some(Replacement::False));
    assert_eq!(details(&found[1]), ["DirectModification*/Dynamic/-", "ResourceReference/Static/A"]);
    assert_eq!(found[1].after, Some(json!({"Properties": {"Name": "b", "D": KNOWN_AFTER_APPLY}})));
    assert!(!found[1].tentative);
}

#[test]
fn what_hangs_on_a_modified_resource() {
    let template = |display: &str, link: &str| {
        format!(
            "Resources:\n  A: {{Type: T, Properties: {{Name: a, D: {display}}}}}\n  B: {{Type: T, Properties: {{Name: b, D: {link}}}}}"
        )
    };
    let by_attribute = compare((&template("x", "!GetAtt A.D"), &[]), (&template("y", "!GetAtt A.D"), &[])).changes;
    assert_eq!(details(&by_attribute[1]), ["ResourceAttribute/Dynamic/A.D"]);
    assert!(by_attribute[1].tentative);
    let by_reference = compare((&template("x", "!Ref A"), &[]), (&template("y", "!Ref A"), &[])).changes;
    assert_eq!(by_reference.len(), 1);
}

#[test]
fn adding_and_removing() {
    let found = compare(
        ("Resources: {A: {Type: T, Properties: {Name: a}}}", &[]),
        (
            "Resources: {B: {Type: T, Properties: {Name: b}}, C: {Type: T, Properties: {D: !Join ['_', !Split ['-', !GetAtt B.N]]}}}",
            &[],
        ),
    );
    let summary: Vec<_> =
        found.changes.iter().map(|c| (c.action, c.logical_id.as_str(), c.policy_action.as_deref())).collect();
    assert_eq!(summary, [(Action::Remove, "A", Some("Delete")), (Action::Add, "B", None), (Action::Add, "C", None)]);
    assert_eq!(found.warnings[0].0, "C");
}
