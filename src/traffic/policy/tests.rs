//! The ledger's judgement against the engine's rules, where it judges; and the examples of AWS's documentation.

use filter::{Body, FilterPolicy, Scope};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::*;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const WORDS: [&str; 8] = ["order", "Order", "order.placed", "payment", "10.0.0.7", "10.1.0.0", "", "7"];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(&WORDS[..]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!(0), json!(7), json!(7.5), json!(-3), json!(100), json!(300.0), json!(1e6)])
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![4 => word().prop_map(Value::String), 3 => number(), 1 => any::<bool>().prop_map(Value::Bool), 1 => Just(Value::Null)]
}

fn condition() -> impl Strategy<Value = Value> {
    let bound = || (prop::sample::select(vec![">", ">="]), number(), prop::sample::select(vec!["<", "<="]), number());
    prop_oneof![
        4 => scalar(),
        1 => prop::collection::vec(word(), 1..3).prop_map(|words| json!({"anything-but": words})),
        1 => prop::collection::vec(number(), 1..3).prop_map(|numbers| json!({"anything-but": numbers})),
        1 => word().prop_map(|word| json!({"anything-but": {"prefix": word}})),
        1 => word().prop_map(|word| json!({"anything-but": {"suffix": word}})),
        1 => word().prop_map(|word| json!({"prefix": word})),
        1 => word().prop_map(|word| json!({"suffix": word})),
        1 => word().prop_map(|word| json!({"equals-ignore-case": word})),
        2 => any::<bool>().prop_map(|there| json!({"exists": there})),
        1 => number().prop_map(|number| json!({"numeric": ["=", number]})),
        2 => bound().prop_map(|(from, low, to, high)| json!({"numeric": [from, low, to, high]})),
        1 => Just(json!({"cidr": "10.0.0.0/24"})),
        1 => Just(json!({"wildcard": "ord*"})),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(&KEYS[..]).prop_map(str::to_owned)
}

fn flat() -> impl Strategy<Value = Map<String, Value>> {
    let rule = prop::collection::vec(condition(), 1..3).prop_map(Value::Array);
    prop::collection::vec((key(), rule), 1..3).prop_map(Map::from_iter)
}

fn policy() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => flat().prop_map(Value::Object),
        1 => (flat(), flat()).prop_map(|(one, other)| json!({"$or": [one, other]})),
        1 => (flat(), flat(), flat()).prop_map(|(mut all, one, other)| {
            all.insert("$or".into(), json!([one, other]));
            Value::Object(all)
        }),
        1 => (flat(), flat(), flat()).prop_map(|(all, one, other)| {
            let or = ("$or".to_owned(), json!([one, other]));
            Value::Object(std::iter::once(or).chain(all).collect())
        }),
    ]
}

fn nested_policy() -> impl Strategy<Value = Value> {
    prop_oneof![
        policy(),
        (flat(), flat()).prop_map(|(mut outer, inner)| {
            outer.insert("a".into(), Value::Object(inner));
            Value::Object(outer)
        }),
        (flat(), policy()).prop_map(|(mut outer, inner)| {
            outer.insert("a".into(), inner);
            Value::Object(outer)
        }),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let leaf = || prop_oneof![3 => scalar(), 1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::Array)];
    let inner = move || prop::collection::vec((key(), leaf()), 0..4).prop_map(Map::from_iter);
    let value = prop_oneof![
        4 => leaf(),
        1 => inner().prop_map(Value::Object),
        1 => prop::collection::vec(inner().prop_map(Value::Object), 0..3).prop_map(Value::Array),
    ];
    prop::collection::vec((key(), value), 0..4).prop_map(|members| Value::Object(Map::from_iter(members)))
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let value = prop_oneof![
        4 => word().prop_filter("SNS takes no empty value", |word| !word.is_empty()).prop_map(|word| ("String", word)),
        3 => number().prop_map(|number| ("Number", number.to_string())),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(|all| ("String.Array", Value::Array(all).to_string())),
    ];
    prop::collection::btree_map(key(), value, 0..4).prop_map(|all| {
        let attribute = |(name, (data_type, value)): (String, (&'static str, String))| Attribute {
            name: name.into(),
            data_type: data_type.into(),
            value,
        };
        all.into_iter().map(attribute).collect()
    })
}

/// Holds both against each other on generated messages: how many were judged, and how many there were.
fn hold<M: std::fmt::Debug>(
    policies: impl Strategy<Value = Value>,
    messages: impl Strategy<Value = M>,
    scope: Scope,
    ours: impl Fn(&Policy, &M) -> Judged,
    theirs: impl Fn(&FilterPolicy, &M) -> bool,
) -> (u64, u64) {
    let counts = std::cell::Cell::new((0, 0));
    let mut runner = TestRunner::new(Config { cases: 6_000, failure_persistence: None, ..Config::default() });
    runner
        .run(&(policies, messages), |(policy, message)| {
            let text = policy.to_string();
            let Ok(engine) = FilterPolicy::parse(&text, scope) else { return Ok(()) };
            let policy = Policy::parse(&text, scope == Scope::MessageBody).unwrap();
            let (judged, all) = counts.get();
            let ours = ours(&policy, &message);
            counts.set((judged + u64::from(ours != Judged::Unsure), all + 1));
            if ours != Judged::Unsure {
                prop_assert_eq!(ours, Judged::of(theirs(&engine, &message)), "{} on {:?}", text, message);
            }
            Ok(())
        })
        .unwrap();
    counts.get()
}

#[test]
fn the_engine_agrees_wherever_the_ledger_judges_attributes() {
    let theirs = |policy: &FilterPolicy, attributes: &Vec<Attribute>| {
        policy.matches_attributes(attributes.iter().map(|it| filter::Attribute {
            name: &it.name,
            data_type: &it.data_type,
            value: &it.value,
        }))
    };
    let ours = |policy: &Policy, attributes: &Vec<Attribute>| policy.judge_attributes(attributes);
    let (judged, all) = hold(policy(), attributes(), Scope::MessageAttributes, ours, theirs);
    assert!(judged * 10 > all * 7 && all > 3_000, "{judged} of {all}");
}

#[test]
fn the_engine_agrees_wherever_the_ledger_judges_bodies() {
    let theirs = |policy: &FilterPolicy, body: &Value| {
        Body::parse(&body.to_string()).is_some_and(|body| policy.matches_body(&body))
    };
    let ours = |policy: &Policy, body: &Value| policy.judge_body(&body.to_string());
    let (judged, all) = hold(nested_policy(), body(), Scope::MessageBody, ours, theirs);
    assert!(judged * 10 > all * 6 && all > 3_000, "{judged} of {all}");
}

/// "String value matching", "Numeric value matching", "Key matching", "AND/OR logic" in the developer guide of SNS.
#[test]
fn what_the_documentation_shows_is_judged_as_it_says() {
    use Judged::{Passes, Stopped, Unsure};
    for (policy, body, judged) in [
        (json!({"k": ["x", "y"]}), json!({"k": "y"}), Passes),
        (json!({"k": ["x"]}), json!({"k": ["y", "x"]}), Passes),
        (json!({"k": [{"anything-but": ["x"]}]}), json!({"k": ["x", "y"]}), Passes),
        (json!({"k": [{"anything-but": ["x"]}]}), json!({}), Stopped),
        (json!({"k": [{"anything-but": {"prefix": "or"}}]}), json!({"k": "order"}), Stopped),
        (json!({"k": [{"numeric": ["=", 301.5]}]}), json!({"k": 3.015e2}), Passes),
        (json!({"k": [{"numeric": [">", 0, "<=", 150]}]}), json!({"k": 150}), Passes),
        (json!({"k": [{"anything-but": [100, 500]}]}), json!({"k": 100.1}), Passes),
        (json!({"k": [{"exists": false}]}), json!({"other": 1}), Passes),
        (json!({"k": [{"exists": true}]}), json!({"k": "x"}), Passes),
        (json!({"k": [{"cidr": "10.0.0.0/24"}]}), json!({"k": "10.0.1.0"}), Stopped),
        (json!({"k": [{"equals-ignore-case": "TENNIS"}]}), json!({"k": "tennis"}), Passes),
        (json!({"d": {"items": {"sku": ["s"]}}}), json!({"d": {"items": [{"sku": "t"}, {"sku": "s"}]}}), Passes),
        (json!({"a": ["1"], "$or": [{"b": ["2"]}, {"c": ["3"]}]}), json!({"a": "1", "c": "3"}), Passes),
        (json!({"a": ["1"], "$or": [{"b": ["2"]}, {"c": ["3"]}]}), json!({"a": "1", "c": "4"}), Stopped),
        // A message without any key, and a key that is said twice, weren't judged.
        (json!({"k": [{"exists": false}]}), json!({}), Stopped),
        (json!({"d": {"k": [{"exists": false}]}}), json!({}), Stopped),
        (json!({"k": [{"exists": false}]}), json!({"d": {}}), Unsure),
        (json!({"a": ["1"], "$or": [{"a": ["2"]}, {"c": ["3"]}]}), json!({"a": "2"}), Passes),
        (json!({"a": ["1"], "$or": [{"a": ["2"]}, {"c": ["3"]}]}), json!({"a": "1"}), Stopped),
        (json!({"$or": [{"a": ["2"]}, {"c": ["3"]}], "a": ["1"]}), json!({"a": "2", "c": "3"}), Stopped),
        (json!({"d": {"$or": [{"a": ["1"]}, {"b": ["2"]}]}}), json!({"d": {"b": "2"}}), Passes),
        (json!({"a": ["1"], "$or": [{"a": {"b": ["2"]}}, {"c": ["3"]}]}), json!({"a": "1", "c": "3"}), Unsure),
        // It lacks this, and says so.
        (json!({"k": [{"wildcard": "o*"}]}), json!({"k": "order"}), Unsure),
        (json!({"k": [{"newer": 1}]}), json!({"k": "order"}), Unsure),
        (json!({"$or": [{"prefix": ["x"]}, {"b": ["y"]}]}), json!({"b": "y"}), Unsure),
    ] {
        let found = Policy::parse(&policy.to_string(), true).unwrap().judge_body(&body.to_string());
        assert_eq!(found, judged, "{policy} on {body}");
    }
    assert!(Policy::parse("[]", true).is_err());
}
