//! What queries give, what is refused, and that nothing runs away.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const RECORD: &str =
    r#"{"id":"c-7","n":3,"type":{"device":"mobile"},"at":1565382027,"list":[1,2,3],"flag":false,"none":null}"#;

fn run(query: &str) -> Result<Option<Value>, String> {
    Query::parse(query)?.first(&serde_json::from_str(RECORD).unwrap())
}

#[test]
fn values() {
    let cases = [
        (".id", json!("c-7")),
        (".type.device", json!("mobile")),
        (r#".type["device"]"#, json!("mobile")),
        (r#"."id""#, json!("c-7")),
        (".missing.deeper", json!(null)),
        (".list[0]", json!(1)),
        (".list[-1]", json!(3)),
        (".list[1:]", json!([2, 3])),
        (".id[:1]", json!("c")),
        ("[.list[] | . * 2]", json!([2, 4, 6])),
        ("{id, d: .type.device, x: .n}", json!({"id": "c-7", "d": "mobile", "x": 3})),
        (
            r#"{customer_id:.id,year:.at|strftime("%Y"),month:.at| strftime("%m")}"#,
            json!({"customer_id": "c-7", "year": "2019", "month": "08"}),
        ),
        (r#"{("k" + .id): (.n + 1)}"#, json!({"kc-7": 4})),
        (r#"{a: (if .n > 2 then "big" elif .n then "x" else "small" end)}"#, json!({"a": "big"})),
        (r#".none // .flag // "d""#, json!("d")),
        (r#""id=\(.id) n=\(.n)""#, json!("id=c-7 n=3")),
        (r#"@base64 "x\(.id)""#, json!("xYy03")),
        (".id | @uri", json!("c-7")),
        (".list | add, length", json!(6)),
        ("[.list | length, (map(. + 1) | add)]", json!([3, 9])),
        ("[.list[] | select(. >= 2)]", json!([2, 3])),
        (".n as $n | .list | map(. + $n)", json!([4, 5, 6])),
        ("reduce .list[] as $x (0; . + $x)", json!(6)),
        (r#".id | split("-") | .[1] | tonumber"#, json!(7)),
        (r#"try error("no") catch ."#, json!("no")),
        (r#"(.id | .x)? // "caught""#, json!("caught")),
        ("[.flag, .n] | any, all", json!(true)),
        (".flag | not", json!(true)),
        (r#".id | test("^C"; "i")"#, json!(true)),
        (r#""EC2 State change" | gsub(" "; "_")"#, json!("EC2_State_change")),
        (r#""aXbXc" | sub("x"; "-"; "i"), gsub("x"; "-")"#, json!("a-bXc")),
        (r#""aXbXc" | gsub("x"; "-")"#, json!("aXbXc")),
        (r#""2019-08" | sub("(?<y>[0-9]+)-(?<m>[0-9]+)(?<d>-[0-9]+)?"; "\(.m)/\(.y)\(.d)")"#, json!("08/2019null")),
        (r#"[.at, .n] | map(tostring | sub("^(?<a>.)"; .a + "."; "g"))"#, json!(["1.565382027", "3."])),
        (r#".at | todate | fromdate"#, json!(1565382027)),
        (r#""2019-08-09" | strptime("%Y-%m-%d") | mktime | strftime("%j")"#, json!("221")),
        ("[limit(2; .list[])]", json!([1, 2])),
        ("first(range(5; 10))", json!(5)),
        ("1 as $x | 2 as $y | [$x, $y, 7 % 4, -.n, 1 / 2]", json!([1, 2, 3, -3, 0.5])),
        ("[..] | length", json!(12)),
        ("1e1 # a comment", json!(10.0)),
        (".list - [2]", json!([1, 3])),
        (r#"[.[]|scalars|tostring] | sort | join(",")"#, json!("1565382027,3,c-7,false,null")),
    ];
    for (query, value) in cases {
        assert_eq!(run(query), Ok(Some(value)), "{query}");
    }
    assert_eq!(run("empty"), Ok(None));
}

#[test]
fn errors() {
    let cases = [
        (".id.x", "Cannot index string with \"x\""),
        (".n[]", "Cannot iterate over number (3)"),
        ("1 + \"a\"", "number (1) and string (\"a\") cannot be added"),
        ("1 / 0", "number (1) and number (0) cannot be divided because the divisor is zero"),
        (r#"{a: 1 + 1}"#, "syntax error, unexpected '+' at character 7"),
        (".a | ", "syntax error, unexpected end of the query"),
        ("def f: 1; f", "def is not supported in the jq query"),
        (".a |= 1", "assignment is not supported in the jq query"),
        ("$x", "$x is not defined"),
        ("$ENV", "$ENV is not supported in the jq query"),
        ("now", "now/0 is not a function of jq that is supported here"),
        ("{a", "syntax error, unexpected end of the query"),
        (r#".n | gsub("a"; "b")"#, "number (3) cannot be matched, as it is not a string"),
        (r#".id | gsub(""; "b")"#, "gsub with a pattern that matches no character never ends in jq 1.6"),
        (r#".id | sub("c"; 1)"#, "string (\"c-7\") and number (1) cannot be added"),
        (r#".id | sub("c"; "x", "y")"#, "several replacements for one match are not supported here"),
        (r#".id | sub("("; "x")"#, "( (at offset 0) is not a valid regex"),
    ];
    for (query, message) in cases {
        assert_eq!(run(query).unwrap_err(), message, "{query}");
    }
}

#[test]
fn no_query_runs_away() {
    let doubling = format!("\"xxxxxxxxxxxxxxxx\"{}", "|.+.".repeat(99));
    let nesting = format!("1{}|length", "|[.,.]".repeat(99));
    let product = format!("[{}1]", "(1,1)|".repeat(60));
    let matching = format!("\"b\"{}|test(\"[ab]*a[ab]{{2000}}|[ab]*\")", "|.+.".repeat(14));
    let replacing = format!("\"b\"{}|gsub(\"b\"; \"bb\")", "|.+.".repeat(14));
    let queries = [
        matching.as_str(),
        &replacing,
        &doubling,
        &nesting,
        &product,
        "[range(1e18)]",
        "[range(1e18)?]",
        "reduce range(1e9) as $x (0; .)",
        "try ([range(1e9)]) catch 1",
        "[range(20000)] as $a | $a - $a | length",
        "[range(20000)] as $a | $a | contains($a)",
    ];
    for query in queries {
        assert_eq!(run(query).unwrap_err(), "the jq query takes too many steps", "{query}");
    }
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-", ""), ("if 1 then ", " else 2 end"), ("try ", ""), ("\"\\(", ")\"")]
    {
        let deep = format!("{}1{}", open.repeat(2000), close.repeat(2000));
        assert!(Query::parse(&deep).is_err(), "{open}");
    }
    for link in ["|.", ",.", "+1", ".a", "[0]", "?", " // 1", " or 1", " as $x|."] {
        let long = format!(".{}", link.repeat(300));
        let _ = run(&long);
    }
    assert!(Query::parse(&format!(".{}", ".a".repeat(3000))).is_err());
}

proptest! {
    #[test]
    fn no_query_panics(query in "[.|,\\[\\](){}a-c\"\\\\$@:?/+*%<=>0-9 -]{0,24}") {
        let _ = run(&query);
    }

    #[test]
    fn no_text_panics(query in ".{0,24}") {
        let _ = run(&query);
    }
}
