//! Every function, its values and its errors.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::parse::parse;

fn pseudo() -> Pseudo {
    Pseudo {
        region: "us-east-1".into(),
        account: "111122223333".into(),
        stack_name: "demo".into(),
        stack_id: "arn:stack".into(),
        notification_arns: vec!["a".into(), "b".into()],
    }
}

fn evaluate(value: &Value) -> Result<Option<Value>> {
    let text = "Transform: AWS::LanguageExtensions\nMappings: {M: {us-east-1: {Ami: east, Size: 2, All: [a, b]}}}\nResources: {Q: {Type: X}, U: {Type: X}}";
    let template = Template::read(text).unwrap();
    let parameters = BTreeMap::from([("Env".to_owned(), json!("dev")), ("L".to_owned(), json!(["x", "y"]))]);
    let conditions = BTreeMap::from([("Prod".to_owned(), true), ("Dev".to_owned(), false)]);
    let known = |reference: Reference<'_>| match reference {
        Reference::Resource("Q") => Ok(json!("q-url")),
        Reference::Attribute("Q", name) => Ok(json!(format!("q-{name}"))),
        Reference::Export("e") => Ok(json!("exported")),
        Reference::Export(name) => Err(Invalid::new(format!("No export named {name} found."))),
        _ => Ok(unknown()),
    };
    Scope {
        template: &template,
        parameters: &parameters,
        conditions: &conditions,
        pseudo: &pseudo(),
        known: &known,
        stored: &|_| None,
        budget: &Budget::default(),
    }
    .value(value)
}

fn yaml(text: &str) -> Value {
    parse(&format!("V: {text}")).unwrap()["V"].clone()
}

#[test]
fn functions() {
    let cases = [
        ("!Ref Env", json!("dev")),
        ("!Ref Q", json!("q-url")),
        ("!Ref AWS::Partition", json!("aws")),
        ("!GetAtt Q.Arn", json!("q-Arn")),
        ("!Sub '${Env}-${Q}-${Q.Arn}-${!Env}-${AWS::Region}'", json!("dev-q-url-q-Arn-${Env}-us-east-1")),
        ("!Sub ['${A} ${Env}', {A: !Ref Q}]", json!("q-url dev")),
        ("!Join ['-', [a, 1, true, !Ref 'AWS::NoValue']]", json!("a-1-true")),
        ("!Join ['', []]", json!("")),
        ("!Join ['|', !Ref L]", json!("x|y")),
        ("!Split ['-', a-b--c]", json!(["a", "b", "", "c"])),
        ("!Select [1, [a, b]]", json!("b")),
        ("!Select ['0', !Ref L]", json!("x")),
        ("!Select [0, !Ref 'AWS::NotificationARNs']", json!("a")),
        ("!If [Prod, a, b]", json!("a")),
        ("[a, !If [Dev, b, !Ref 'AWS::NoValue'], c]", json!(["a", "c"])),
        ("{A: !Ref 'AWS::NoValue', B: 1}", json!({"B": 1})),
        ("!FindInMap [M, !Ref 'AWS::Region', Ami]", json!("east")),
        ("!FindInMap [M, us-east-1, Size]", json!("2")),
        ("!FindInMap [M, us-east-1, All]", json!(["a", "b"])),
        ("!FindInMap [M, eu, X, {DefaultValue: d}]", json!("d")),
        ("!Base64 hello", json!("aGVsbG8=")),
        ("!ImportValue e", json!("exported")),
        ("!Length [1, 2]", json!(2)),
        ("{'Fn::ToJsonString': {a: !Ref Env}}", json!("{\"a\":\"dev\"}")),
        ("!Select [0, !GetAZs '']", json!("us-east-1a")),
        ("!Ref U", unknown()),
        ("!Sub 'x-${U}'", unknown()),
        ("!Join ['-', [a, !GetAtt U.Arn]]", unknown()),
        ("!Select [0, [a, !Ref U]]", json!("a")),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(&yaml(text)).unwrap(), Some(expected), "{text}");
    }
    assert_eq!(evaluate(&yaml("!Ref AWS::NoValue")).unwrap(), None);
}

#[test]
fn errors() {
    let cases = [
        ("!FindInMap [M, C, Suffix]", "Template error: Unable to get mapping for M::C::Suffix"),
        (
            "!Select [3, [a]]",
            "Transform AWS::LanguageExtensions failed with: Fn::Select cannot select nonexistent value at index 3",
        ),
        (
            "!Select [x, [a]]",
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
        ),
        ("!ImportValue z", "No export named z found."),
        ("!Not [a, b]", "Template error: Fn::Not requires a list argument with one element"),
        ("!Sub '{{resolve:${Env}}}'", "Template error: the dynamic reference {{resolve:dev}} is not supported here"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(&yaml(text)).unwrap_err().message, expected, "{text}");
    }
    let early = evaluate(&yaml("!Join ['_', !Split ['-', !GetAtt U.Name]]")).unwrap_err();
    assert!(early.premature && early.message.contains("every Fn::Join object requires"));
}

proptest! {
    #[test]
    fn never_panics(function in 0..18usize, arguments in prop::collection::vec("[a-zM0-9./:${}-]{0,12}", 0..4)) {
        let names = ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Split", "Fn::Select", "Fn::FindInMap",
            "Fn::Base64", "Fn::Cidr", "Fn::GetAZs", "Fn::ImportValue", "Fn::Length", "Fn::ToJsonString",
            "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Fn::If"];
        let list: Value = arguments.iter().map(String::as_str).collect();
        let _ = evaluate(&json!({names[function]: list}));
        let _ = evaluate(&json!({names[function]: arguments.first()}));
    }
}
