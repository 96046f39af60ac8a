//! Tests of loops.

use serde_json::json;

use super::*;
use crate::parse::parse;

fn unrolled(text: &str) -> Result<Value> {
    let tree = parse(&format!("Transform: AWS::LanguageExtensions\n{text}")).unwrap();
    let given = BTreeMap::from([("Names".to_owned(), "a-1, b".to_owned())]);
    unroll(&tree, &given, &Pseudo::default(), false).map(|unrolled| unrolled.tree)
}

const NAMES: &str = "Parameters: {Names: {Type: CommaDelimitedList}, Secret: {Type: CommaDelimitedList, NoEcho: true, Default: a}, Text: {Type: String, Default: 'a,b'}}\n";

/// A value that stands in a property.
fn property(value: &str) -> Result<Value> {
    let text = format!("{NAMES}Resources: {{R: {{Type: X, Properties: {{P: {value}}}}}}}");
    unrolled(&text).map(|mut tree| tree["Resources"]["R"]["Properties"]["P"].take())
}

fn refused(text: &str) -> String {
    let message = unrolled(&format!("{NAMES}{text}")).unwrap_err().message;
    message.strip_prefix("Transform AWS::LanguageExtensions failed with: ").unwrap_or(&message).to_owned()
}

#[test]
fn loops_are_unrolled() {
    let found = unrolled(&format!(
        "{NAMES}Resources:\n  Fn::ForEach::Topics:\n    - Name\n    - !Ref Names\n    - 'T&{{Name}}':\n        Type: X\n        Properties: {{N: !Ref Name, S: !Sub '${{Name}}-x', D: !Ref Other}}\n  Z: {{Type: Y}}",
    ))
    .unwrap();
    let topic = |n: &str| json!({"Type": "X", "Properties": {"N": n, "S": {"Fn::Sub": format!("{n}-x")}, "D": {"Ref": "Other"}}});
    assert_eq!(found["Resources"], json!({"Ta1": topic("a-1"), "Tb": topic("b"), "Z": {"Type": "Y"}}));
}

#[test]
fn nested_loops() {
    let found = unrolled(
        "Outputs:\n  Fn::ForEach::A:\n    - X\n    - [1, true]\n    - Fn::ForEach::B:\n        - Y\n        - [p, q]\n        - 'O${X}${Y}': {Value: !Ref Y}",
    )
    .unwrap();
    let keys: Vec<&String> = found["Outputs"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["O1p", "O1q", "Otruep", "Otrueq"]);
}

/// `${X}` was replaced wherever it stood, as AWS's page reads; AWS leaves it alone but in keys, `Fn::Sub` and `Ref`.
#[test]
fn a_variable_stands_in_keys_in_subs_and_in_refs() {
    let cases = [
        ("'${X}'", json!("${X}")),
        ("!Sub 'a${X}&{X}${!X}${ X }'", json!({"Fn::Sub": "ab-1&{X}${!X}b-1"})),
        ("!Sub ['${X}${Y}', {Y: !Ref X}]", json!({"Fn::Sub": ["b-1${Y}", {"Y": "b-1"}]})),
        ("!Sub ['${X}', {X: own}]", json!({"Fn::Sub": ["${X}", {"X": "own"}]})),
        ("!Sub '${A${X}}'", json!({"Fn::Sub": "${A${X}}"})),
        ("!Ref X", json!("b-1")),
        ("!Ref 'T${X}'", json!({"Ref": "T${X}"})),
        ("{Ref: !Sub 'T${X}'}", json!({"Ref": {"Fn::Sub": "Tb-1"}})),
        ("!GetAtt [!Sub 'T${X}', !Ref X]", json!({"Fn::GetAtt": [{"Fn::Sub": "Tb-1"}, "b-1"]})),
        ("!GetAtt 'T${X}.Arn'", json!({"Fn::GetAtt": ["Tb-1", "Arn"]})),
        ("[{'K${X}': '&{X}'}]", json!([{"K${X}": "&{X}"}])),
    ];
    for (value, expected) in cases {
        let found = property(&format!("{{'Fn::ForEach::L': [X, [b-1], {{'K${{X}}': {value}}}]}}"));
        assert_eq!(found.unwrap(), json!({"Kb-1": expected}), "{value}");
    }
}

#[test]
fn collections() {
    let cases = [
        ("[]", json!({})),
        ("!Ref Names", json!({"Ka1": 1, "Kb": 1})),
        ("!Split ['|', 'x|y']", json!({"Kx": 1, "Ky": 1})),
        ("!If [C, [x], [y]]", json!({"Kx": 1})),
        ("[!If [D, x, y], z]", json!({"Ky": 1, "Kz": 1})),
    ];
    for (collection, expected) in cases {
        let text = format!(
            "{NAMES}Conditions: {{C: !Equals [a, a], 'Fn::ForEach::N': [X, [D], {{'${{X}}': !Equals [!Ref X, a]}}]}}\n\
             Resources: {{R: {{P: {{'Fn::ForEach::L': [X, {collection}, {{'K&{{X}}': 1}}]}}}}}}"
        );
        assert_eq!(unrolled(&text).unwrap()["Resources"]["R"]["P"], expected, "{collection}");
    }
    let none = "Could not find a collection or could not be resolved for Fn::ForEach";
    for (collection, expected) in [
        ("text", "Fn::ForEach layout is incorrect"),
        ("!Ref Text", none),
        ("!Ref Secret", none),
        ("!Ref Nobody", none),
        ("[a, !Ref Nobody]", none),
        ("!GetAtt R.List", none),
        ("{A: b}", none),
        ("[[a]]", none),
    ] {
        assert_eq!(
            refused(&format!("Resources: {{'Fn::ForEach::L': [X, {collection}, {{'K${{X}}': {{}}}}]}}")),
            expected
        );
    }
    let tree =
        parse("Parameters: {L: {Type: CommaDelimitedList}}\nResources: {'Fn::ForEach::L1': [X, !Ref L, {'K${X}': 1}]}");
    let (tree, none) = (tree.unwrap(), BTreeMap::new());
    let lacking = unroll(&tree, &none, &Pseudo::default(), false).err().map(|error| error.message);
    assert_eq!(lacking.as_deref(), Some("Parameters: [L] must have values"));
    let sketch = unroll(&tree, &none, &Pseudo::default(), true).unwrap();
    assert_eq!((&sketch.tree["Resources"], sketch.complete), (&json!({"KX": 1}), false));
}

#[test]
fn malformed_loops() {
    let layout = "Fn::ForEach layout is incorrect";
    let cases = [
        ("Resources: {'Fn::ForEach::L': []}", layout),
        ("Resources: {'Fn::ForEach::L': ['', [a], {'K${X}': 1}]}", layout),
        ("Resources: {'Fn::ForEach::L': [[X], [a], {'K${X}': 1}]}", layout),
        ("Resources: {'Fn::ForEach::L': [X, [a], 1]}", layout),
        ("Resources: {'Fn::ForEach::L': [X, [a-b], {'K${X}': 1}]}", "OutputKey 'Ka-b' should be alphanumeric"),
        ("Outputs: {'Fn::ForEach::L': [X, [a], {'K${X}${Y}': 1}]}", "OutputKey 'Ka${Y}' should be alphanumeric"),
        ("Resources: {'Fn::ForEach::L': [X, [1, 2], {Same: 1}]}", "Fn::ForEach produces the key Same more than once"),
        (
            "Resources: {'Fn::ForEach::L': [X, [1], {'K${X}': 1}], K1: 1}",
            "Fn::ForEach produces the key K1 more than once",
        ),
        ("Resources: {L: {}, 'Fn::ForEach::L': [X, [1], {'K${X}': 1}]}", "the name of Fn::ForEach::L is taken"),
        (
            "Resources: {'Fn::ForEach::L': [Names, [1], {'K${Names}': 1}]}",
            "the identifier Names of Fn::ForEach::L is a parameter's name",
        ),
        (
            "Resources: {'Fn::ForEach::L': [X, [1], {'Fn::ForEach::M': [X, [1], {'K${X}': 1}]}]}",
            "the identifier X of Fn::ForEach::M is that of a loop around it",
        ),
        (
            "Resources: {'Fn::ForEach::L': [X, [1], {'Fn::ForEach::L': [Y, [1], {'K${X}${Y}': 1}]}]}",
            "Fn::ForEach::L is within a loop of the same name",
        ),
        (
            "Resources: {'Fn::ForEach::L': [M, [1], {'K${M}': 1}], 'Fn::ForEach::M': [X, [a], {'K${X}': 1}]}",
            "M is a loop's name and an identifier",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected, "{text}");
    }
}

/// Seven loops whose values were sixty times the next one's variable took two gigabytes, from 2 KB of template.
#[test]
fn what_a_variable_brings_is_not_looked_at_again() {
    let once = property("{'Fn::ForEach::A': [X, ['${Y}'], {'Fn::ForEach::B': [Y, [b], {'K${X}&{Y}${A&{Y}}$': 1}]}]}");
    assert_eq!(once.unwrap(), json!({"K${Y}b${Ab}$": 1}));
    let mut body = "{'K${V0}': x}".to_owned();
    for level in (0..12).rev() {
        body = format!(
            "{{'Fn::ForEach::L{level}': [V{level}, ['{}'], {body}]}}",
            format!("${{V{}}}", level + 1).repeat(60)
        );
    }
    let found = property(&body).unwrap();
    assert_eq!(found.as_object().unwrap().keys().next().map(String::len), Some(1 + 60 * 5));
}

/// A name that refers to a long value many times made half a gigabyte of 16 KB.
#[test]
fn values_that_are_referred_to_are_paid_for() {
    let items: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let many = vec!["!Ref V"; 500].join(", ");
    let text = format!(
        "{{'Fn::ForEach::A': [V, ['{}'], {{'Fn::ForEach::B': [Y, [{}], {{'K${{Y}}': [{many}]}}]}}]}}",
        "v".repeat(10_000),
        items.join(", ")
    );
    assert_eq!(property(&text).unwrap_err(), too_large());
}

/// 28 KB of which nothing comes, in two loops of 150 rounds each, took a core for 40 seconds; and so did the rounds of a loop
/// without a body over a parameter's list.
#[test]
fn what_is_read_is_paid_for_also_if_nothing_comes_of_it() {
    let list = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let dear = |body: &str, items: usize| {
        let inner = format!("{{'Fn::ForEach::C': [Z, [{}], {body}]}}", list(items));
        let middle = format!("{{'Fn::ForEach::B': [X, ['-'], {inner}]}}");
        let error = property(&format!("{{'Fn::ForEach::A': [Y, [{}], {middle}]}}", list(items))).unwrap_err();
        assert_eq!(error, too_large());
    };
    dear(&format!("{{'K${{Y}}a${{Z}}{}': 1}}", "&{X}".repeat(7_000)), 150);
    dear(&format!("{{'K${{Y}}a${{Z}}': !Sub '{}'}}", "${X}".repeat(7_000)), 150);
    dear(&format!("{{'K${{Y}}a${{Z}}': !Sub '{}'}}", "${".repeat(7_000)), 150);
    dear(&format!("{{'K${{Y}}a${{Z}}': '{}'}}", "${".repeat(7_000)), 150);
    dear("{}", 1_500);
    dear("{'Fn::ForEach::D': [W, !Ref Names, {}]}", 1_000);
    let named = format!("{{'Fn::ForEach::A': [{}, [a], {{K: v}}]}}", "x".repeat(256));
    assert!(property(&named).unwrap_err().message.ends_with("is not supported by this cloud"));
}

#[test]
fn what_loops_make_is_bounded() {
    let mut body = "{K: v}".to_owned();
    for level in 0..8 {
        let items: Vec<String> = (0..20).map(|i| format!("{level}x{i}")).collect();
        body = format!("{{'Fn::ForEach::L{level}': [V{level}, [{}], {body}]}}", items.join(", "));
    }
    assert!(property(&body).is_err());
    let wide: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let list = wide.join(", ");
    let huge = format!(
        "{{'Fn::ForEach::A': [X, [{list}], {{'Fn::ForEach::B': [Y, [{list}], {{'K${{X}}a${{Y}}': '{}'}}]}}]}}",
        "v".repeat(200)
    );
    assert_eq!(property(&huge).unwrap_err(), too_large());
}
