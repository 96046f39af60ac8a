//! What Java's own `Pattern.compile(..).matcher(..).matches()` says of these patterns and texts (OpenJDK 17).

use crate::java::{Unmatched, occurs};
use crate::{MAX_BYTES, Pattern, Steps, TooDear};

/// So many steps as a template's parameters have.
const STEPS: u64 = 10_000_000;

/// Patterns, each with texts that match and texts that don't.
#[rustfmt::skip]
const MATCHES: &[(&str, &[&str], &[&str])] = &[
    (r"^[\w+=,.@-]{1,64}$", &["my-role"], &["a b", "", "é"]),
    (".{1,1024}", &["a"], &["", "a\u{A}"]),
    (r"[\w.-]{1,900}", &["a.b-c"], &["a/b"]),
    ("^(?!aws)[a-z-]+$", &["abc", "xaws"], &["aws-x", "awsx"]),
    ("^[a-z-]+(?<!-)$", &["abc"], &["abc-", "-"]),
    (r"^(?=.*\d)(?=.*[a-z])(?=.*[A-Z]).{8,}$", &["aB345678"], &["ab345678", "aB34567"]),
    (r"^\w+$", &["abc_1"], &["é", "ß"]),
    (r"\p{Alpha}+", &["abc"], &["é", "a1"]),
    (r"\p{L}+", &["abcé", "Σ"], &["a1"]),
    (r"\pL\pN", &["a1"], &["11", "a"]),
    (r"\P{L}+", &["1-"], &["a"]),
    (r"[\p{L}&&[^\p{Lu}]]+", &["abc"], &["aBc"]),
    (r"\p{IsAlphabetic}+", &["aΣ"], &["1"]),
    (r"\p{IsLatin}+", &["aé"], &["Σ"]),
    (r"\p{InGreek}+", &["Σα"], &["a"]),
    (r"\p{sc=Greek}", &["Σ"], &["a"]),
    (r"\p{gc=Lu}", &["A"], &["a"]),
    (r"\p{Lu}\p{Ll}*", &["Abc"], &["abc"]),
    (r"\p{Punct}+", &["!-/~"], &["a", "«"]),
    (r"\p{javaUpperCase}+", &["AÉ"], &["a"]),
    (r"\p{XDigit}{4}", &["0aFf"], &["0aFg"]),
    (r"\Qa.b\E+", &["a.b", "a.bb"], &["axb"]),
    (r"\Q[x]\E", &["[x]"], &["x"]),
    (r"a\Q1\E", &["a1"], &["a"]),
    ("(a|b)*+c", &["ababc"], &["abab"]),
    ("a*+a", &[], &["aaa", "a"]),
    ("a++b", &["aab"], &["b"]),
    ("(?>a|ab)c", &["ac"], &["abc"]),
    ("a?+a", &["aa"], &["a"]),
    ("(a+)+b", &["aaab"], &["b"]),
    (r"(a)\1", &["aa"], &["ab"]),
    (r"(?<x>a|b)\k<x>", &["aa", "bb"], &["ab"]),
    (r"(a)|b\1", &["a"], &["b", "ba"]),
    (r"\2(a)", &[], &["a"]),
    ("(?i)abc", &["ABC", "aBc"], &["abd"]),
    ("(?i)é", &["é"], &["É"]),
    ("(?iu)é", &["É"], &["e"]),
    ("(?iu)[à-ü]", &["É"], &["e"]),
    ("(?i:a)b", &["Ab"], &["AB"]),
    ("a(?i)b(?-i)c", &["aBc"], &["aBC", "Abc"]),
    ("(?s).", &["\u{A}"], &["ab"]),
    (".", &["a"], &["\u{A}", "\u{D}", "\u{85}", "\u{2028}"]),
    ("(?d).", &["\u{D}"], &["\u{A}"]),
    (r"(?m)^a$\n^b$", &["a\u{A}b"], &["ab"]),
    ("(?x) a b # c", &["ab"], &["a b"]),
    ("a$", &["a"], &["a\u{A}"]),
    (r"a\Z\n", &["a\u{A}"], &["a"]),
    (r"a\z", &["a"], &["a\u{A}"]),
    (r"\Aa\G", &[], &["a", ""]),
    (r"\Ga", &["a"], &["b"]),
    (r"\bfoo\b.*", &["foo bar"], &["foobar"]),
    (r".*\Bo", &["foo"], &["o"]),
    (r"\bé\b", &["é"], &[]),
    ("[a-z&&[def]]", &["d"], &["a"]),
    ("[a-z&&[^bc]]+", &["ad"], &["ab"]),
    ("[a-z&&[^m-p]]", &["a"], &["n"]),
    ("[a-d[m-p]]", &["n"], &["e"]),
    ("[^a-d[m-p]]", &["e"], &["a", "n"]),
    ("[^a&&b]", &["a", "c"], &[]),
    ("[]a]", &["]", "a"], &[]),
    (r"[a\]]", &["]", "a"], &[]),
    ("[a-]", &["-", "a"], &["b"]),
    ("[-a]", &["-"], &["b"]),
    ("[a-c-e]", &["-", "b", "e"], &["d"]),
    (r"[\w-.]", &["-", ".", "a"], &["/"]),
    ("[a&b]", &["&", "a"], &["c"]),
    ("[^^]", &["a"], &["^"]),
    (r"[\d\s]+", &["1 2"], &["a"]),
    (r"[\\/]", &[r"\", "/"], &[]),
    ("[#-&]", &["$"], &["'"]),
    (r"\h\H\v\V", &[" a\u{A}b"], &["a a\u{A}"]),
    (r"\R", &["\u{D}\u{A}", "\u{A}", "\u{2028}"], &["a"]),
    (r"\R\n", &["\u{A}\u{A}", "\u{D}\u{A}"], &[]),
    (r"\x41\u0042\x{43}\0104", &["ABCD"], &["ABC"]),
    (r"\uD83D\uDE00", &["😀"], &["a"]),
    (r"\t\n\r\f\a\e", &["\u{9}\u{A}\u{D}\u{C}\u{7}\u{1B}"], &["t"]),
    (r"\cA", &["\u{1}"], &["A"]),
    (r"\e", &["\u{1B}"], &["e"]),
    (r"\/\-\_\:\@", &["/-_:@"], &["x"]),
    ("a{2}", &["aa"], &["a", "aaa"]),
    ("a{2,}", &["aa", "aaa"], &["a"]),
    ("a{1,3}?b", &["aab"], &["aaaab"]),
    ("a{0}", &[""], &["a"]),
    ("(a{0,2}){2}", &["aaaa", ""], &["aaaaa"]),
    ("(|a)+", &["", "aaa"], &[]),
    ("(a?)*b", &["aab", "b"], &["c"]),
    ("(?:a|b|)c", &["c", "ac"], &["dc"]),
    ("|[a-z]+", &["", "abc"], &["1"]),
    ("a||b", &["", "a", "b"], &["c"]),
    ("]", &["]"], &["["]),
    ("}", &["}"], &["{"]),
    ("a{2}{3}", &["aa"], &["aaaaaa"]),
    ("(^a)", &["a"], &["b"]),
    ("^*a", &["a"], &[]),
    ("$?a", &["a"], &[]),
    ("(?=a)*a", &["a"], &["b"]),
    ("(?<=a)b", &[], &["b", "ab"]),
    ("a(?<=a)b", &["ab"], &["b"]),
    ("ab(?<=ab)c", &["abc"], &["c"]),
    ("x(?<!a)b", &["xb"], &["ab"]),
    (".*(?<=[a-c]{1,2})", &["xb"], &["xd"]),
    ("(?<=a+)b|ab(?<=a*b)", &["ab"], &["b"]),
    (r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$", &["10.0.0.1"], &["10.0.0"]),
    (r"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\/(1[6-9]|2[0-8]))$", &["10.0.0.0/16"], &["10.0.0.0/29", "256.0.0.0/16"]),
    (r"arn:aws(-cn|-us-gov)?:iam::\d{12}:role/[\w+=,.@/-]+", &["arn:aws:iam::123456789012:role/x"], &["arn:aws:iam::1:role/x"]),
    ("^$|^[a-z0-9.-]{3,63}$", &["", "abc"], &["ab"]),
    ("(?!.*--)[a-z][a-z0-9-]{0,62}", &["a-b"], &["a--b"]),
    (r"^(?=^.{1,255}$)([\w-]+\.)+[a-z]{2,}$", &["a.example.com"], &["a"]),
    (r"[^\s@]+@[^\s@]+\.[^\s@]+", &["a@b.c"], &["a@b"]),
    (r"^(?:(?!\.\.).)*$", &["a.b"], &["a..b"]),
    (r"\p{L1}+", &["é"], &["Σ"]),
    (r"\p{ASCII}*", &["abc"], &["é"]),
    (r"(?U)\w+", &["é1"], &["-"]),
    (r"(?U)\p{Graph}\p{Print}", &["éé", "a "], &[" a"]),
    (r"(?U)\d", &["٣"], &["a"]),
    (r"\d", &["3"], &["٣"]),
    (r"\p{IsDigit}", &["٣"], &["a"]),
    (r"\p{Space}", &[" "], &["\u{A0}"]),
    (r"\p{javaWhitespace}", &[" "], &["\u{A0}"]),
    ("(?i)[a-c]+", &["AbC"], &["d"]),
    (r"(?i)\p{Lower}", &["A", "a"], &["1"]),
    ("(?i)[^a]", &["b"], &["A", "a"]),
    (r"(?i)(a)\1", &["aA"], &["ab"]),
    (r"\Q\E", &[""], &["a"]),
    ("(?:)", &[""], &["a"]),
    ("(?-i)a", &["a"], &["A"]),
    ("(?ims)^.$", &["\u{A}", "a"], &[]),
    (r"\(\)\[\]\{\}\*\+\?\.\^\$\|\\", &[r"()[]{}*+?.^$|\"], &["x"]),
];

/// What Java refuses as well.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    "*a",
    "a**",
    "(a",
    "a)",
    "[a",
    "[]",
    "[a-",
    "[z-a]",
    "a{",
    "a{x}",
    "a{2",
    "a{,2}",
    "a{3,2}",
    "a{99999999999}",
    "{a}",
    r"\y",
    r"\i",
    r"[\b]",
    r"[\1]",
    r"\k<x>",
    r"\k",
    "(?<1a>b)",
    "(?<a>b)(?<a>c)",
    "(?z)a",
    "(?P<x>a)",
    "(?'x'a)",
    "(?",
    "(?#c)a",
    r"\p{Foo}",
    r"\p{IsFoo}",
    r"\p{}",
    r"\p",
    r"\x4",
    r"\u12",
    r"\x{110000}",
    r"\0",
    r"\08",
    r"\c",
    r"\",
    "(?<=(ab)*)c",
    r"(?<=\1)(a)",
    "[a&&]b]c[",
    "[&&&]",
    "(?i",
    "(?<x",
    "a++b)",
    "x{1,2",
];

fn matches(pattern: &str, text: &str) -> Result<bool, TooDear> {
    let text: Vec<char> = text.chars().collect();
    Pattern::java(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}")).is_match(&text, &mut Steps::new(STEPS))
}

#[test]
fn patterns_match_as_java_matches_them() {
    for (pattern, yes, no) in MATCHES {
        for (texts, expected) in [(yes, true), (no, false)] {
            for text in *texts {
                assert_eq!(matches(pattern, text).unwrap(), expected, "{pattern:?} {text:?}");
            }
        }
    }
}

#[test]
fn what_java_refuses_is_refused() {
    for pattern in REFUSED {
        assert!(Pattern::java(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let why = Pattern::java(r"\N{DIGIT ONE}").unwrap_err();
    assert!(why.contains(r"\N") && why.contains("not supported here"), "{why}");
}

/// A pattern of nested repetitions and a text that just fails it would hold a core for ever.
#[test]
fn a_search_without_end_is_given_up() {
    let text = "a".repeat(4_000) + "!";
    for pattern in [
        r"(a+)+",
        r"(a*)*b",
        r"(a|aa)+$",
        r"(?=(a+)+$)a*!b",
        r"(?<=a{0,9}a{0,9})(a?){4000}a{4000}",
        r"(.*)*\1x",
        r"(?>(a+)+$)x",
    ] {
        assert_eq!(matches(pattern, &text), Err(TooDear), "{pattern}");
    }
}

/// These compiled to megabytes once, or were refused for it.
#[test]
fn a_repetition_costs_what_its_text_does() {
    let text = "b".repeat(4_000);
    assert!(matches(r"[ab]*a[ab]{8000}|[ab]*", &text).unwrap());
    assert!(matches(r".{1,4096}", &text).unwrap());
    assert!(matches(r"(\w{1,1000}){1,1000}", &text).unwrap());
    assert!(matches(r"(?:[a-z0-9-]{1,63}\.?)*", &text).unwrap());
    assert!(matches(r"(b{1,50}){80,2147483647}", &text).unwrap());
}

#[test]
fn long_and_deep_patterns_are_refused() {
    for pattern in
        ["a".repeat(MAX_BYTES + 1), "(".repeat(5_000) + &")".repeat(5_000), "[".repeat(10_000), "(?=".repeat(4_000)]
    {
        assert!(Pattern::java(&pattern).is_err());
    }
    assert!(Pattern::java(&format!("(?i){}", r"\pL".repeat(5_000))).is_ok());
}

proptest::proptest! {
    #[test]
    fn never_panics(pattern in r"([a-c(){}\[\]|*+?^$.\\&<>=!:0-9QEpLbBkRxuU,-]|\(\?|\[\^|&&){0,30}", text in "[a-c1\r\n é-]{0,12}") {
        if let Ok(pattern) = Pattern::java(&pattern) {
            let text: Vec<char> = text.chars().collect();
            let _ = pattern.is_match(&text, &mut Steps::new(STEPS));
        }
    }
}

#[test]
fn a_pattern_may_match_a_part() {
    for (pattern, text, expected) in [
        ("[0-9]", "a1b", true),
        ("^[0-9]+$", "a1b", false),
        ("^(?!x).*$", "abc", true),
        (r"(a)\1", "xaay", true),
        ("(?x) b # no end", "abc", true),
        ("b$", "ab\n", true),
        ("", "", true),
    ] {
        assert_eq!(occurs(pattern, text), Ok(expected), "{pattern} in {text}");
    }
    assert_eq!(occurs("(x+x+)+y", &"x".repeat(200)), Err(Unmatched::TooDear));
    assert!(matches!(occurs("(", ""), Err(Unmatched::Wrong(_))));
}
