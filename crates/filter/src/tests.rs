//! Policies as a whole: what is refused, and what matches.

use proptest::prelude::*;

use super::*;

fn policy(json: &str, scope: Scope) -> FilterPolicy {
    FilterPolicy::parse(json, scope).unwrap_or_else(|e| panic!("{json}: {e}"))
}

fn refused(json: &str) -> String {
    FilterPolicy::parse(json, Scope::MessageBody).expect_err(json).message
}

/// Whether a body matches a policy on bodies.
fn body(json: &str, text: &str) -> bool {
    let policy = policy(json, Scope::MessageBody);
    let body = Body::parse(text);
    let matched = body.as_ref().is_some_and(|body| policy.matches_body(body));
    assert_eq!(matched, policy.explain_body(body.as_ref()).is_empty(), "{json} {text}: the explanation disagrees");
    matched
}

fn attributes(json: &str, list: &[(&str, &str, &str)]) -> bool {
    let policy = policy(json, Scope::MessageAttributes);
    let list = list.iter().map(|(name, data_type, value)| Attribute { name, data_type, value });
    let matched = policy.matches_attributes(list.clone());
    assert_eq!(matched, policy.explain_attributes(list).is_empty(), "{json}: the explanation disagrees");
    matched
}

#[test]
fn refuses_with_message_and_place() {
    let cases = [
        (r#"{"size": [["m"]]}"#, "Match value must be String, number, true, false, or null", 11),
        (r#"{"size": [{"is": true}]}"#, "Unrecognized match type is", 20),
        (r#"{"size": [{"suffix": "v", "prefix": "v"}]}"#, "Only one key allowed in match expression", 34),
        (r#"{"size": []}"#, "Empty arrays are not allowed", 11),
        (r#"{"size": {}}"#, "Empty objects are not allowed", 11),
        (r#"{"size": [{}]}"#, "Match expression name not found", 12),
        (r#"{"size": [{"suffix": 100}]}"#, "suffix match pattern must be a string", 23),
        (r#"{"size": [{"suffix": null}]}"#, "suffix match pattern must be a string", 24),
        (r#"{"size": [{"suffix": []}]}"#, "suffix match pattern must be a string", 21),
        (r#"{"size": {"suffix": "m"}}"#, "\"suffix\" must be an object or an array", 20),
        (r#"{"size": "m"}"#, "\"size\" must be an object or an array", 10),
        (r#"{"size": [{"cidr": ["x"]}]}"#, "prefix match pattern must be a string", 19),
        (r#"{"size": [{"exists": null}]}"#, "exists match pattern must be either true or false.", 24),
        (r#"{"size": [{"exists": "yes"}]}"#, "exists match pattern must be either true or false.", 21),
        (r#"{"size": [{"wildcard": "a**"}]}"#, "Consecutive wildcard characters at pos 2", 27),
        (r#"{"size": [{"numeric": 1}]}"#, "Value of numeric must be an array.", 22),
        (r#"{"size": [{"numeric": [1]}]}"#, "Invalid member in numeric match: 1", 23),
        (r#"{"size": [{"numeric": ["!", 1]}]}"#, "Unrecognized numeric range operator: !", 27),
        (r#"{"size": [{"numeric": ["=", "1"]}]}"#, "Value of equals must be numeric", 27),
        (r#"{"size": [{"numeric": ["<", 1, ">", 2]}]}"#, "Too many elements in numeric expression", 29),
        (r#"{"size": [{"numeric": [">", 1, "=", 2]}]}"#, "Bad numeric range operator: =", 31),
        (r#"{"size": [{"numeric": [">", 3, "<", 2]}]}"#, "Bottom must be less than top", 34),
        (
            r#"{"size": [{"anything-but": true}]}"#,
            "Value of anything-but must be an array or single string/number value.",
            30,
        ),
        (r#"{"size": [{"anything-but": {"prefix": ""}}]}"#, "Null prefix/suffix not allowed", 38),
        (r#"{"size": [{"anything-but": {"cidr": "x"}}]}"#, "Unsupported anything-but pattern: cidr", 35),
        (r#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship.", 19),
        (r#"{"$or": {"a": [1]}}"#, "It must be an Array followed with $or.", 9),
        (
            r#"{"$or": [{"a": [1]}, {"prefix": [1]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
            30,
        ),
        (r#"["a"]"#, "Filter is not an object", 2),
    ];
    for (json, message, column) in cases {
        let source = serde_json::from_str::<serde_json::Value>(json).unwrap().to_string();
        let place = format!("\n at [Source: (String)\"{source}\"; line: 1, column: {column}]");
        assert_eq!(refused(json), format!("{message}{place}"), "{json}");
    }
    assert_eq!(refused(r#"{"size": [{"cidr": "office"}]}"#), "Malformed CIDR, one '/' required");
    let mixed = refused(r#"{"size": [{"anything-but": ["a", true]}]}"#);
    assert_eq!(mixed.matches("\n at [Source").count(), 2, "{mixed}");
    assert!(refused("{x").starts_with("failed to parse JSON. Unexpected character ('x' (code 120))"));
}

#[test]
fn long_sources_are_cut_in_the_message() {
    let message = refused(&format!(r#"{{"{}": [[1]]}}"#, "k".repeat(600)));
    assert!(message.contains("kkk\"[truncated 110 chars]; line: 1, column: 607]"), "{message}");
}

#[test]
fn limits() {
    let list = |n: usize| (0..n).map(|i| format!("\"v{i}\"")).collect::<Vec<_>>().join(",");
    let keys = |n: usize| (0..n).map(|i| format!("\"k{i}\":[1]")).collect::<Vec<_>>().join(",");
    let complex = "Filter policy is too complex";
    let many = "Filter policy can not have more than 5 keys";
    // "Filter policy constraints in Amazon SNS": values multiply, and nested ones once for each level.
    let cases = [
        (format!("{{\"k\":[{}]}}", list(150)), None),
        (format!("{{\"k\":[{}]}}", list(151)), Some(complex)),
        (format!("{{\"a\":[{}],\"b\":[{}]}}", list(100), list(51)), Some(complex)),
        (format!("{{{}}}", keys(5)), None),
        (format!("{{{}}}", keys(6)), Some(many)),
        (format!("{{{}}}", keys(9999)), Some(many)),
        (format!("{{\"a\":{{{}}}}}", keys(7)), None),
        (format!("{{\"a\":{{{}}}}}", keys(8)), Some(complex)),
        (format!("{{\"a\":{{\"b\":[{}]}}}}", list(75)), None),
        (format!("{{\"a\":{{\"b\":[{}]}}}}", list(76)), Some(complex)),
        (format!("{{\"x\":{{{}}}}}", vec![r#""$or":[{"a":[1]},{"b":[1]}]"#; 3000].join(",")), None),
        (format!("{{\"x\":[\"{}\"]}}", "v".repeat(256 * 1024)), Some("Filter policy is too large")),
    ];
    for (json, error) in cases {
        let got = FilterPolicy::parse(&json, Scope::MessageBody).err().map(|e| e.message);
        assert_eq!(got.as_deref(), error, "{json:.80}");
    }
    assert_eq!(
        FilterPolicy::parse(r#"{"a":{"b":[1]}}"#, Scope::MessageAttributes).unwrap_err().message,
        "Filter policy scope MessageAttributes does not support nested filter policy"
    );
}

#[test]
fn operators_on_one_value() {
    // (value list of the policy, what matches, what does not): "Amazon SNS subscription filter policies".
    let cases: &[(&str, &[&str], &[&str])] = &[
        (r#""a", "b""#, &[r#""a""#, r#""b""#, r#"["x", "a"]"#], &[r#""A""#, "1", "null", "[]", "{}"]),
        ("100", &["100", "100.0", "1e2", "[1, 100]"], &[r#""100""#, "101"]),
        ("true, null", &["true", "null"], &["false", r#""true""#]),
        (r#"{"prefix": "bas"}"#, &[r#""baseball""#], &[r#""Bas""#, r#""ba""#]),
        (r#"{"prefix": {"equals-ignore-case": "BaS"}}"#, &[r#""bAseball""#], &[r#""ba""#]),
        (r#"{"suffix": "ball"}"#, &[r#""baseball""#], &[r#""balls""#]),
        (r#"{"suffix": {"equals-ignore-case": "BALL"}}"#, &[r#""baseBall""#], &[r#""balls""#]),
        (r#"{"equals-ignore-case": "TENNIS"}"#, &[r#""tennis""#, r#""Tennis""#], &[r#""tennis2""#]),
        (r#"{"wildcard": "*ball"}"#, &[r#""baseball""#, r#""ball""#], &[r#""rugby""#, "1"]),
        (r#"{"wildcard": "a\\*b"}"#, &[r#""a*b""#], &[r#""axb""#]),
        (r#"{"anything-but": "a"}"#, &[r#""b""#, "1", "null", r#"["a", "b"]"#], &[r#""a""#, r#"["a"]"#, "[]"]),
        (r#"{"anything-but": ["a", "b"]}"#, &[r#""c""#], &[r#""a""#, r#""b""#]),
        (r#"{"anything-but": [100, 500]}"#, &["101", "100.1", "[100, 50]"], &["100", "500.0"]),
        (r#"{"anything-but": {"prefix": "order-"}}"#, &[r#""data""#, "1"], &[r#""order-x""#]),
        (r#"{"anything-but": {"suffix": ["x", "y"]}}"#, &[r#""z""#], &[r#""ax""#, r#""ay""#]),
        (r#"{"anything-but": {"wildcard": "*b*"}}"#, &[r#""rugy""#], &[r#""rugby""#]),
        (r#"{"anything-but": {"equals-ignore-case": ["T"]}}"#, &[r#""x""#], &[r#""t""#, r#""T""#]),
        (r#"{"numeric": ["=", 301.5]}"#, &["301.5", "3.015e2"], &["301", r#""301.5""#]),
        (r#"{"numeric": ["<", 0]}"#, &["-1"], &["0", "1"]),
        (r#"{"numeric": [">", 0, "<=", 150]}"#, &["0.1", "150"], &["0", "150.1"]),
        (r#"{"exists": true}"#, &["1", "null", r#""""#], &["[]", "{}"]),
        (r#"{"exists": false}"#, &[r#"{"x": 1}"#], &["1", "null", "[]", "{}"]),
        (r#"{"cidr": "10.0.0.0/24"}"#, &[r#""10.0.0.255""#], &[r#""10.0.0.256""#, r#""10.1.0.0""#]),
        (r#""::1""#, &[r#""::1""#, r#""0:0:0:0:0:0:0:1""#], &[r#""::2""#]),
    ];
    for (list, hits, misses) in cases {
        let json = format!("{{\"k\":[{list}]}}");
        for value in *hits {
            assert!(body(&json, &format!("{{\"k\":{value}}}")), "{list} should match {value}");
        }
        for value in *misses {
            assert!(!body(&json, &format!("{{\"k\":{value}}}")), "{list} should not match {value}");
        }
    }
}

#[test]
fn bodies() {
    let nested = r#"{"o": {"key": [{"prefix": "auto-"}, "x"], "gone": [{"exists": false}]}}"#;
    let or = r#"{"s": ["a"], "$or": [{"m": ["p"]}, {"t": ["q"], "n": ["r"]}]}"#;
    // Both keys must be met in one element: "array consistency", Event Ruler.
    let same = r#"{"list": {"a": [1], "b": [2]}}"#;
    let cases = [
        (nested, r#"{"o": {"key": "auto-1"}}"#, true),
        (nested, r#"{"o": {"key": "x", "gone": 1}}"#, false),
        (nested, r#"{"key": "x"}"#, false),
        (nested, "not json", false),
        (nested, r#""x""#, false),
        (r#"{"a.b.c": [1]}"#, r#"{"a": {"b": {"c": 1}}}"#, true),
        (r#"{"a.b.c": [1]}"#, r#"{"a.b": {"c": 1}}"#, true),
        (r#"{"a.b.c": [1]}"#, r#"{"a": {"b.c": 1}}"#, true),
        (r#"{"a": {"b": [1]}}"#, r#"{"a.b": 1}"#, true),
        (r#"{"a": {"b": [1]}}"#, r#"{"a": [[{"b": 0}], {"b": [2, 1]}]}"#, true),
        (or, r#"{"s": "a", "m": "p"}"#, true),
        (or, r#"{"s": "a", "t": "q", "n": "r"}"#, true),
        (or, r#"{"s": "a", "t": "q"}"#, false),
        (or, r#"{"m": "p"}"#, false),
        (same, r#"{"list": [{"a": 1, "b": 2}]}"#, true),
        (same, r#"{"list": [{"a": 1}, {"b": 2}]}"#, false),
        (same, r#"{"list": [{"a": 1, "b": 0}, {"a": 1, "b": [1, 2]}]}"#, true),
        (r#"{"a": [1], "a": [2]}"#, r#"{"a": 2}"#, true),
        ("{}", "{}", true),
        // A set without any key met what wants a key's absence: "Key matching" says that it doesn't.
        (r#"{"a": [{"exists": false}]}"#, r#"{"b": 1}"#, true),
        (r#"{"a": [{"exists": false}]}"#, r#"{"a": [], "b": 1}"#, true),
        (r#"{"a": [{"exists": false}]}"#, "{}", false),
        (r#"{"a": [1, {"exists": false}]}"#, "{}", false),
        (r#"{"a": {"b": [{"exists": false}]}}"#, r#"{"c": {"d": []}}"#, false),
        (r#"{"$or": [{"a": [1]}, {"b": [{"exists": false}]}]}"#, "{}", false),
    ];
    for (json, text, matched) in cases {
        assert_eq!(body(json, text), matched, "{json} on {text}");
    }
}

#[test]
fn attribute_types() {
    type Attributes<'a> = &'a [(&'a str, &'a str, &'a str)];
    let cases: &[(&str, Attributes<'_>, bool)] = &[
        (r#"{"t": ["a"]}"#, &[("x", "String", "a"), ("t", "String", "a")], true),
        (r#"{"t": ["a"]}"#, &[("t", "Binary", "a")], false),
        (r#"{"t": ["a"]}"#, &[], false),
        (r#"{"t": ["a"], "u": [1]}"#, &[("t", "String", "a")], false),
        (r#"{"t": [1]}"#, &[("t", "Number", "1.0")], true),
        (r#"{"t": [1]}"#, &[("t", "String", "1")], false),
        (r#"{"t": ["a", true]}"#, &[("t", "String.Array", r#"["b", "a"]"#)], true),
        (r#"{"t": [true]}"#, &[("t", "String.Array", "[false, true]")], true),
        (r#"{"t": ["a"]}"#, &[("t", "String.Array", "a")], false),
        (r#"{"t": [{"anything-but": ["rugby"]}]}"#, &[("t", "String.Array", r#"["rugby", "x"]"#)], true),
        (r#"{"t": [{"exists": true}]}"#, &[("t", "Number", "9")], true),
        (r#"{"t": [{"exists": false}]}"#, &[("t", "Number", "9")], false),
        (r#"{"t": [{"exists": false}]}"#, &[("u", "Number", "9")], true),
        (r#"{"t": [{"exists": false}]}"#, &[], false),
        (r#"{"t": ["x", {"exists": false}]}"#, &[], false),
        (r#"{"t": [{"exists": false}]}"#, &[("u", "Binary", "eA==")], false),
        (r#"{"t": [{"exists": false}]}"#, &[("u", "String.Array", "[]")], true),
        (r#"{"$or": [{"t": [1]}, {"u": [2]}]}"#, &[("u", "Number", "2")], true),
        // "Filter policy constraints in Amazon SNS": quotes and backslashes are escaped twice in the policy.
        (r#"{"t": ["a\\\"b"]}"#, &[("t", "String", "a\"b")], true),
        (r#"{"t": ["a\"b"]}"#, &[("t", "String", "a\"b")], false),
        ("{}", &[], true),
    ];
    for (json, list, matched) in cases {
        assert_eq!(attributes(json, list), *matched, "{json} on {list:?}");
    }
}

#[test]
fn a_policy_matches_in_its_own_scope_only() {
    let on_body = policy(r#"{"a":[1]}"#, Scope::MessageBody);
    assert!(!on_body.matches_attributes([Attribute { name: "a", data_type: "Number", value: "1" }].into_iter()));
}

#[test]
fn explains() {
    let on_body = policy(r#"{"a":{"b":["x", {"prefix":"y"}]}}"#, Scope::MessageBody);
    let explain = |text| on_body.explain_body(Body::parse(text).as_ref())[0].to_string();
    assert_eq!(explain(r#"{"a":{"b":["p",7]}}"#), r#"a.b is "p", 7, the policy wants ["x",{"prefix":"y"}]"#);
    assert_eq!(explain("{}"), r#"a.b is absent, the policy wants ["x",{"prefix":"y"}]"#);
    assert_eq!(explain("text"), r#"the body is not a JSON object, the policy wants a.b ["x",{"prefix":"y"}]"#);
    let both = policy(r#"{"l":{"a":[1],"b":[2]}}"#, Scope::MessageBody);
    let body = Body::parse(r#"{"l":[{"a":1},{"b":2}]}"#);
    assert_eq!(both.explain_body(body.as_ref())[0].found, Found::OtherElement);
}

#[test]
fn hostile_bodies_are_cheap() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(120), "}".repeat(120));
    assert!(!body(&format!(r#"{{"{}":[2]}}"#, vec!["a"; 60_000].join(".")), &deep));
    let wide = format!("{{\"l\":[{}]}}", vec![r#"{"a":1,"c":3}"#; 20_000].join(","));
    assert!(!body(r#"{"l":{"a":[1],"b":[2],"c":[3]}}"#, &wide));
}

proptest! {
    #[test]
    fn no_input_panics(text in "[\\[\\]{},:\"a$or10.*\\\\ éprefix-]{0,60}", value in ".{0,40}") {
        let scope = if text.len() % 2 == 0 { Scope::MessageBody } else { Scope::MessageAttributes };
        if let Ok(policy) = FilterPolicy::parse(&text, scope) {
            let _ = policy.explain_body(Body::parse(&value).as_ref());
            let _ = policy.explain_attributes([Attribute { name: "a", data_type: "String.Array", value: &value }].into_iter());
        }
    }

    #[test]
    fn operators_do_not_panic(
        operator in prop::sample::select(vec!["prefix", "suffix", "numeric", "anything-but", "exists", "cidr", "wildcard", "equals-ignore-case", "$or"]),
        argument in prop::sample::select(vec!["1", "\"\"", "[]", "{}", "[\"<\"]", "[\">\",1,\"<\"]", "{\"prefix\":[1]}", "null", "\"\\\\\"", "\"/\"", "[{}]"]),
    ) {
        let _ = FilterPolicy::parse(&format!("{{\"k\":[{{\"{operator}\":{argument}}}]}}"), Scope::MessageBody);
        let _ = FilterPolicy::parse(&format!("{{\"{operator}\":{argument}}}"), Scope::MessageBody);
    }
}
