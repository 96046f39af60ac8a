//! Requests against small models, and the models themselves against the operations.

use regex::Regex;

use super::pattern::portable;
use super::{Members, Words};
use crate::services::SERVICES;
use wire::json::Json;
use wire::payload::Source;
use wire::{Form, Names, Payload};

const TABLE: &str = "operation\tPut\tInput\n\
    structure\tInput\tName!:Name\tOwn:Own\tTags:Tags\tKeys:Keys\tLabels:Labels\tKind:Kind\tLimit:Limit\tSize:Size\tOn:On\tData:Data\tSecret:Secret\tAt:At\n\
    text\tName\t1\t4\t-\t[\\w.]+\n\
    list\tTags\t-\t2\tTag\n\
    structure\tTag\tKey!:Name\n\
    list\tKeys\t1\t3\tName\n\
    map\tLabels\t-\t2\tName\tName\n\
    enum\tKind\tONE\tTWO\n\
    integer\tLimit\t1\t10\n\
    long\tSize\t-\t-\n\
    boolean\tOn\n\
    blob\tData\t-\t3\n\
    text\tSecret\t-\t3\t!\t\n\
    timestamp\tAt\n\
    text\tOwn\t1\t3\t-\t[a-z]*\tLetters.\n";

static MODEL: Members = Members::new(Words::Framework("ValidationException"), TABLE);
static REGISTRY: Members = Members::new(Words::Registry("InvalidParameterException"), TABLE);

fn payload(source: Source<'_>) -> Payload<'_> {
    Payload { operation: "Put", source, names: Names::Wrapped, namespace: "" }
}

/// What is wrong with a body, behind the code; nothing if nothing is.
fn wrong_by(model: &'static Members, body: &str) -> String {
    let mut scratch = Vec::new();
    let checked = model.check(&payload(Source::Json(Json::new(body.as_bytes(), &mut scratch))));
    checked.map_or_else(|error| format!("{}: {}", error.code, error.message), |()| String::new())
}

fn wrong(body: &str) -> String {
    wrong_by(&MODEL, body)
}

fn wrong_in_form(form: &str) -> String {
    let form = Form::parse(&[form.as_bytes()]).unwrap();
    let checked = MODEL.check(&payload(Source::Form(form)));
    checked.map_or_else(|error| format!("{}: {}", error.code, error.message), |()| String::new())
}

#[test]
fn what_the_model_allows_passes() {
    let body = r#"{"Name":"a.b","Tags":[{"Key":"k"}],"Keys":["a"],"Labels":{"a":"b"},"Kind":"TWO","Limit":10,"Size":9999999999,
        "On":true,"Data":"YWJj","Secret":"abc","At":1.5,"Unknown":{"a":[1]}}"#;
    assert_eq!(wrong(body), "");
    let form = "Name=ab&Tags.member.1.Key=k&Keys.member.1=a&Labels.entry.1.key=a&Labels.entry.1.value=b&Kind=ONE&Limit=1&On=true&X=1";
    assert_eq!(wrong_in_form(form), "");
    // Scattered parameters are read again, and what was wrong is told once.
    assert_eq!(wrong_in_form("Tags.member.1.Key=k&Name=ab&Tags.member.2.Key=l"), "");
}

/// Each constraint of each shape was checked by hand before, in some operations and not in others: now the model is.
#[test]
fn what_breaks_a_constraint_is_told_in_the_frameworks_words() {
    let cases = [
        ("{}", "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        (r#"{"Name":null}"#, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        (
            r#"{"Name":"a-b"}"#,
            r"Value 'a-b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w.]+",
        ),
        (
            r#"{"Name":"abcde"}"#,
            "Value 'abcde' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4",
        ),
        (
            r#"{"Name":"a","Tags":[{"Key":"a"},{}]}"#,
            "Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null",
        ),
        (
            r#"{"Name":"a","Keys":[]}"#,
            "Value '[]' at 'keys' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            r#"{"Name":"a","Tags":[{"Key":"a"},{"Key":"a"},{"Key":"a"}]}"#,
            "Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2",
        ),
        (
            r#"{"Name":"a","Keys":["a",""]}"#,
            r"Value '[a, ]' at 'keys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 4, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\w.]+]",
        ),
        (
            r#"{"Name":"a","Labels":{"-":"a"}}"#,
            r"Value '{-=a}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 4, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\w.]+]",
        ),
        (
            r#"{"Name":"a","Kind":"one"}"#,
            "Value 'one' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [ONE, TWO]",
        ),
        (
            r#"{"Name":"a","Limit":0}"#,
            "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            r#"{"Name":"a","Data":"YWJjZA=="}"#,
            "Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 3",
        ),
        (
            r#"{"Name":"a","Secret":"abcd"}"#,
            "Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 3",
        ),
    ];
    for (body, told) in cases {
        assert_eq!(wrong(body), format!("ValidationException: 1 validation error detected: {told}"), "{body}");
    }
    let both = wrong(r#"{"Limit":11,"Keys":["a","b","c","d"]}"#);
    assert!(both.starts_with("ValidationException: 3 validation errors detected: Value '11' at 'limit'"), "{both}");
    // What a service says itself comes when its framework is content.
    assert_eq!(
        wrong(r#"{"Name":"a","Own":"A"}"#),
        "ValidationException: The specified value for own is invalid. Letters."
    );
    assert!(
        wrong(r#"{"Name":"a","Own":"ABCD"}"#)
            .contains("at 'own' failed to satisfy constraint: Member must have length")
    );
    let told = wrong_by(&REGISTRY, r#"{"Name":"a-b"}"#);
    let expected =
        r"Invalid parameter at 'name' failed to satisfy constraint: 'must satisfy regular expression '[\w.]+''";
    assert_eq!(told, format!("InvalidParameterException: {expected}"));
    let told = wrong_in_form("Name=a&Tags.member.1.Key=&Limit=11");
    assert!(
        told.starts_with("ValidationException: 3 validation errors detected: Value '' at 'tags.1.member.key'"),
        "{told}"
    );
}

#[test]
fn what_has_another_type_is_the_protocols_error() {
    let cases = [
        (r#"{"Name":1}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"Name":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"Name":[]}"#, "Start of list found where not expected"),
        (r#"{"Name":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"Limit":"x"}"#, "STRING_VALUE can not be converted to an Integer"),
        (r#"{"Limit":4294967296}"#, "NUMBER_VALUE can not be converted to an Integer"),
        (r#"{"Size":1.5}"#, "NUMBER_VALUE can not be converted to a Long"),
        (r#"{"On":"x"}"#, "STRING_VALUE can not be converted to a Boolean"),
        (r#"{"At":"x"}"#, "Unexpected value type in payload"),
        (r#"{"Tags":"x"}"#, "Unexpected value type in payload"),
        (r#"{"Tags":[[]]}"#, "Start of list found where not expected"),
        ("[]", "Start of list found where not expected"),
    ];
    for (body, told) in cases {
        assert_eq!(wrong(body), format!("SerializationException: {told}"), "{body}");
    }
    for form in ["Limit=x", "On=perhaps", "Tags=x", "Name.x=1"] {
        assert!(wrong_in_form(form).starts_with("MalformedInput: "), "{form}: {}", wrong_in_form(form));
    }
}

/// Java's classes know ASCII only, and a slash may be escaped.
#[test]
fn patterns_are_read_as_java_reads_them() {
    assert_eq!(portable(r"^[\w\-]+\/\d$"), r"^[a-zA-Z0-9_\-]+/[0-9]$");
    assert_eq!(portable(r"[\s\S]*"), r"[ \t\n\x0B\f\r[^ \t\n\x0B\f\r]]*");
}

/// A table that isn't of these operations checks nothing, and nobody would notice.
#[test]
fn every_operation_stands_in_its_services_model() {
    for service in SERVICES.iter() {
        let Some(members) = service.members else { continue };
        let (mut found, inner) = members.shapes().names();
        found.sort_unstable();
        let operations: Vec<&str> = service.operations.iter().map(|operation| operation.name).collect();
        assert_eq!(found, operations, "{}: run crates/cloud/data/renew-members", service.id);
        for name in inner {
            assert!(members.shapes().named(name).is_some(), "{}: no shape {name}", service.id);
        }
        for pattern in members.shapes().patterns() {
            let around = pattern.text().contains("(?!") || pattern.text().contains("(?<!");
            assert!(around || Regex::new(&portable(pattern.text())).is_ok(), "{}: {}", service.id, pattern.text());
        }
    }
}
