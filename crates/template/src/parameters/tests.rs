//! Declarations, rules and who decides a value.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn declared(value: Value) -> Declaration {
    Declaration::read("P".into(), &value).unwrap()
}

fn give(value: &str) -> Vec<Given> {
    vec![Given { key: "P".into(), value: Some(value.into()), use_previous: false }]
}

#[test]
fn constraints() {
    let cases = [
        (json!({"Type": "String", "AllowedValues": ["a", 1, true]}), "1", None),
        (json!({"Type": "String", "AllowedValues": ["a"]}), "b", Some("Parameter 'P' must be one of AllowedValues")),
        (json!({"Type": "String", "AllowedPattern": "|[a-z]+"}), "", None),
        (json!({"Type": "String", "AllowedPattern": "[a-z]+"}), "ab1", Some("Parameter 'P' must match pattern [a-z]+")),
        (json!({"Type": "String", "MinLength": 3}), "ab", Some("Parameter 'P' must contain at least 3 characters")),
        (json!({"Type": "String", "MaxLength": "1"}), "ab", Some("Parameter 'P' must contain at most 1 characters")),
        (json!({"Type": "Number"}), "x", Some("Parameter 'P' must be a number.")),
        (json!({"Type": "Number", "MinValue": 1}), "0", Some("Parameter 'P' must be a number not less than 1")),
        (json!({"Type": "Number", "MaxValue": 1}), "2.5", Some("Parameter 'P' must be a number not greater than 1")),
        (json!({"Type": "List<Number>", "MaxValue": 5}), "2, 3", None),
        (
            json!({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}),
            "a, b",
            Some("Parameter 'P' must be one of AllowedValues"),
        ),
        (
            json!({"Type": "String", "AllowedValues": ["a"], "ConstraintDescription": "only a"}),
            "b",
            Some("Parameter 'P' failed to satisfy constraint: only a"),
        ),
    ];
    for (declaration, value, expected) in cases {
        let found = settle(&[declared(declaration.clone())], &give(value), None).err().map(|e| e.message);
        assert_eq!(found.as_deref(), expected, "{declaration} {value}");
    }
}

#[test]
fn who_decides_a_value() {
    let p = [declared(json!({"Type": "String", "Default": "d"}))];
    let previous = Texts::from([("P".to_owned(), "old".to_owned())]);
    let again = [Given { key: "P".into(), value: None, use_previous: true }];
    assert_eq!(settle(&p, &[], Some(&previous)).unwrap()["P"], "d");
    assert_eq!(settle(&p, &again, Some(&previous)).unwrap()["P"], "old");
    assert_eq!(settle(&p, &give("new"), Some(&previous)).unwrap()["P"], "new");
    assert_eq!(settle(&p, &give(""), None).unwrap()["P"], "");
    let bare = [declared(json!({"Type": "String"}))];
    assert_eq!(settle(&bare, &[], None).unwrap_err().message, "Parameters: [P] must have values");
    assert_eq!(settle(&[], &give("x"), None).unwrap_err().message, "Parameters: [P] do not exist in the template");
}

#[test]
fn lists_are_split_and_trimmed() {
    assert_eq!(declared(json!({"Type": "CommaDelimitedList"})).value("a, b,c"), json!(["a", "b", "c"]));
}

#[test]
fn malformed_declarations() {
    let cases = [
        (json!({}), "Template format error: [/Parameters/P] Every Parameters object must contain a Type member."),
        (json!({"Type": "Strin"}), "Template format error: Unrecognized parameter type: Strin"),
        (json!({"Type": "String", "Foo": 1}), "Invalid template parameter property 'Foo'"),
        (
            json!({"Type": "Number", "MinLength": 1}),
            "Template error: Parameter 'P' MinLength must be on a parameter of type String",
        ),
        (
            json!({"Type": "AWS::SSM::Parameter::Value<Number>"}),
            "Template format error: Unrecognized parameter type: Number",
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(Declaration::read("P".into(), &value).unwrap_err().message, expected);
    }
}

proptest! {
    #[test]
    fn never_panics(pattern in ".{0,30}", value in ".{0,30}", min in "-?[0-9.e]{0,20}") {
        let json = json!({"Type": "String", "AllowedPattern": pattern, "MinLength": min});
        if let Ok(declaration) = Declaration::read("P".into(), &json) {
            let _ = settle(&[declaration], &give(&value), None);
        }
    }
}
