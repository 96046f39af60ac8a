//! What queries give, what is refused, and that nothing runs away. That they give what jq gives is held by `tests/oracle`.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const RECORD: &str =
    r#"{"id":"c-7","n":3,"type":{"device":"mobile"},"at":1565382027,"list":[1,2,3],"flag":false,"none":null}"#;

fn run(query: &str) -> Result<Option<serde_json::Value>, String> {
    Query::parse(query)?.first(&Input::parse(RECORD.as_bytes()).unwrap(), &mut Allowance::new(usize::MAX))
}

/// Each part of a record, and each record, had a budget of its own: a few megabytes of records kept a processor busy for hours.
#[test]
fn many_runs_share_an_allowance_and_short_ones_never_lack_it() {
    let input = Input::parse(RECORD.as_bytes()).unwrap();
    let (long, short) = (Query::parse("[range(1e9)]").unwrap(), Query::parse("[range(1e2)] | length").unwrap());
    let mut allowance = Allowance::new(1_000_000);
    for _ in 0..100 {
        assert!(long.first(&input, &mut allowance).is_err());
    }
    assert!((1_000_000..3_000_000).contains(&allowance.spent()), "{}", allowance.spent());
    assert_eq!(short.first(&input, &mut allowance), Ok(Some(json!(100))));
}

#[test]
fn values() {
    let cases = [
        (".id", json!("c-7")),
        (".type.device", json!("mobile")),
        (".missing.deeper", json!(null)),
        ("{id, d: .type.device, x: .n}", json!({"id": "c-7", "d": "mobile", "x": 3})),
        (
            r#"{customer_id:.id,year:.at|strftime("%Y"),month:.at| strftime("%m")}"#,
            json!({"customer_id": "c-7", "year": "2019", "month": "08"}),
        ),
        ("def twice(f): f | f; .n | twice(. * .)", json!(81)),
        (".type.device |= ascii_upcase | .type", json!({"device": "MOBILE"})),
        (r#".id | capture("(?<letter>[a-z])-(?<number>\\d+)")"#, json!({"letter": "c", "number": "7"})),
        ("[foreach .list[] as $x (0; . + $x)]", json!([1, 3, 6])),
        ("[label $out | .list[] | if . > 2 then break $out else . end]", json!([1, 2])),
        (". as {type: {device: $d}, $n} | [$d, $n]", json!(["mobile", 3])),
        ("[paths(type == \"number\")] | length", json!(5)),
        (r#"[.at, .n] | map(tostring | sub("^(?<a>.)"; .a + "."))"#, json!(["1.565382027", "3."])),
        ("1e17, 1", json!(1e17)),
    ];
    for (query, value) in cases {
        assert_eq!(run(query), Ok(Some(value)), "{query}");
    }
    assert_eq!(run("empty"), Ok(None));
    assert_eq!(run("error(null)"), Ok(None));
}

#[test]
fn errors() {
    let cases = [
        (".id.x", "Cannot index string with string \"x\""),
        (".n[]", "Cannot iterate over number (3)"),
        ("1 + \"a\"", "number (1) and string (\"a\") cannot be added"),
        (r#"{a: 1 + 1}"#, "syntax error, unexpected '+' at character 7"),
        (".a | ", "syntax error, unexpected end of the query"),
        ("$x", "$x is not defined"),
        ("toarray", "toarray/0 is not defined"),
        ("{a", "syntax error, unexpected end of the query"),
        (r#".id | sub("("; "x")"#, "Regex failure: end pattern with unmatched parenthesis"),
        ("error({a: 1})", "(not a string): {\"a\":1}"),
    ];
    for (query, message) in cases {
        assert_eq!(run(query).unwrap_err(), message, "{query}");
    }
}

/// What reads or writes outside of the query and its input: the page lists it, and so do we.
#[test]
fn what_is_refused_is_named_and_stands_on_the_page() {
    let page = include_str!("../../../docs/jq.md");
    for (name, arguments) in functions::REFUSED {
        let filters = vec!["."; arguments].join(";");
        let call = if arguments == 0 { name.to_owned() } else { format!("{name}({filters})") };
        assert_eq!(run(&call).unwrap_err(), format!("{name}/{arguments} is not supported in the jq query"));
        assert!(page.contains(&format!("`{name}/{arguments}`")), "{name}/{arguments} is not on docs/jq.md");
    }
    for query in ["$ENV", "import \"a\" as a; 1", "include \"a\"; 1", "module {}; 1"] {
        assert!(run(query).unwrap_err().contains("is not supported in the jq query"), "{query}");
    }
    for pattern in ["(?<n>a)\\\\g<n>", "(?~a)", "(a)?(?(1)b)", "\\\\y"] {
        let why = run(&format!(".id | test(\"{pattern}\")")).unwrap_err();
        assert!(why.contains("not supported here"), "{why}");
    }
    // Whatever else `builtins` names is there.
    let builtins = run("builtins").unwrap().unwrap();
    for name in builtins.as_array().unwrap() {
        let (name, arguments) = name.as_str().unwrap().split_once('/').unwrap();
        let count = arguments.parse().unwrap();
        let filters = vec!["."; count].join(";");
        let call = if count == 0 { name.to_owned() } else { format!("{name}({filters})") };
        let refused = functions::REFUSED.contains(&(name, count));
        assert_eq!(Query::parse(&call).is_err(), refused, "{call}");
    }
}

#[test]
fn no_query_runs_away() {
    let doubling = format!("\"xxxxxxxxxxxxxxxx\"{}", "|.+.".repeat(99));
    let nesting = format!("1{}|tojson|length", "|[.,.]".repeat(99));
    let product = format!("[{}1]", "(1,1)|".repeat(60));
    let matching = format!("\"b\"{}|test(\"(([ab]*)*)*c\")", "|.+.".repeat(14));
    let replacing = format!("\"b\"{}|gsub(\"b\"; \"bb\")", "|.+.".repeat(16));
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
        "def f: f; f",
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f(g): f(g | g); f(.)",
        "def f(g): f(g, g) | g; f(.)",
        "\"x\" * 1e9",
        "\"x\" * 1e9 | @sh",
        "\"abab\" | gsub(\"\"; \"-\")",
        "[recurse(.)]",
        "repeat(1) | empty",
        "until(false; .)",
        "[while(true; .)]",
        "reduce range(100000) as $i (0; [.])",
        "reduce range(100000) as $i (null; {a: .})",
        "null | .[100000000] = 1",
        "[limit(1e9; repeat(1))]",
        "\"ab\" | indices(\"\")",
        "[range(1e4)] | [combinations(3)]",
        "[.] | until(false; [.[0], .])",
        "label $x | def f: (1, f); f | empty",
        "[range(3000)] | map(tojson * 1000) | add",
        "try error(\"x\") catch (def f: f; f)",
        "path(def f: .a | f; f)",
        "null | setpath([range(100000)]; 1)",
    ];
    for query in queries {
        let ended = run(query);
        assert_eq!(ended, Err("the jq query takes too many steps".into()), "{query}");
    }
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("-", ""),
        ("if 1 then ", " else 2 end"),
        ("try ", ""),
        ("\"\\(", ")\""),
        ("{a:", "}"),
        ("def f: ", "; 1"),
        ("reduce 1 as $x (", ";1)"),
        (". as [", "$x] | 1"),
        ("f(", ")"),
        ("1 as $x | ", ""),
        ("1 + ", ""),
        ("1 // ", ""),
    ] {
        for count in [50, 2000] {
            let deep = format!("{}1{}", open.repeat(count), close.repeat(count));
            let _ = run(&deep);
        }
        let deep = format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        assert!(Query::parse(&deep).is_err(), "{open}");
    }
    for link in
        ["|.", ",.", "+1", ".a", "[0]", "?", " // 1", " or 1", " as $x|.", "|.a=1", "[1:]", "|try error catch ."]
    {
        for count in [300, 2_000] {
            let long = format!(".{}", link.repeat(count));
            let _ = run(&long);
        }
    }
    assert!(Query::parse(&format!(".{}", ".a".repeat(3000))).is_err());
}

proptest! {
    #[test]
    fn no_query_panics(query in "([.|,\\[\\](){}a-c\"\\\\$@:?/+*%<=>0-9 -]|def f:|reduce|as |if |then|else|end|try|catch|label|\\(\\?<){0,24}") {
        let _ = run(&query);
    }

    #[test]
    fn no_text_panics(query in ".{0,24}") {
        let _ = run(&query);
    }

    #[test]
    fn no_pattern_panics(pattern in "([a-c(){}|*+?^$.<>=!:0-9QEpxkgKRXGbBdw,-]|\\(\\?|\\[\\^?|\\]|\\\\\\\\){0,20}", flags in "[gixnpsl]{0,3}") {
        let _ = run(&format!(".id | [match(\"{pattern}\"; \"{flags}\")]"));
    }

    #[test]
    fn no_date_panics(format in "(%[_0^#-]{0,2}[0-9]{0,3}[A-Za-z%]|[a-z0-9 :-]){0,8}", seconds in -1e18..1e18_f64) {
        let _ = run(&format!("{seconds} | strftime(\"{format}\") | strptime(\"{format}\") | mktime"));
        let _ = run(&format!("\"2015-03-05T23:51:47Z\" | strptime(\"{format}\")"));
        let _ = run(&format!("[{seconds},{seconds},{seconds},{seconds},{seconds},{seconds},{seconds},{seconds}] | mktime, strftime(\"{format}\")"));
    }
}
