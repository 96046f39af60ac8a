//! Filter patterns ("Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail"): what an
//! event's message has to be like.
//!
//! ```text
//! terms    words of a text
//! json     conditions on the members of a JSON document: json/parse reads them
//! ```
//!
//! Patterns of fields between blanks, `[ip, user, ..]`, are refused by name.

mod json;
mod parse;
mod terms;

use regex::{Regex, RegexBuilder};

use super::error::{invalid, refuse};
use wire::AwsError;

/// Bytes that a compiled regular expression may take.
const REGEX_BYTES: usize = 1 << 20;
/// "Supported regular expressions (regex) syntax": what may stand in one beside letters and digits. Others as their codes.
const REGEX_MARKS: &str = "_#=@/;,-:\"'^$?[]{}|\\*+. ";

/// A pattern, ready to match.
pub(super) struct Pattern(Kind);

enum Kind {
    /// Every event.
    All,
    /// A text's words.
    Terms(terms::Terms),
    /// A JSON document's members.
    Json(json::Condition),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `InvalidParameterException`, and `NotImplemented` for one of fields between blanks.
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(Kind::All));
        }
        if let Some(inner) = text.strip_prefix('{') {
            let Some(inner) = inner.strip_suffix('}') else {
                return Err(invalid("If a filter pattern starts with '{' it must end with '}'"));
            };
            return parse::condition(inner).map(|condition| Self(Kind::Json(condition))).map_err(refused);
        }
        refuse(&[("A filter pattern of space-delimited fields ([a, b])", text.starts_with('['))])?;
        terms::Terms::parse(text).map(|terms| Self(Kind::Terms(terms))).map_err(refused)
    }

    /// Whether an event's message is like it.
    pub(super) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::All => true,
            Kind::Terms(terms) => terms.matches(message),
            Kind::Json(condition) => serde_json::from_str(message).is_ok_and(|json| condition.matches(&json)),
        }
    }
}

fn refused(reason: String) -> AwsError {
    invalid(format!("Invalid filter pattern: {reason}"))
}

/// Compiles a regular expression, which stood between `%`.
fn regex(text: &str) -> Result<Regex, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || REGEX_MARKS.contains(c);
    if text.is_empty() || !text.chars().all(fits) {
        return Err(format!("Invalid character(s) in term '%{text}%'"));
    }
    RegexBuilder::new(text)
        .size_limit(REGEX_BYTES)
        .build()
        .map_err(|_| format!("'%{text}%' is not a regular expression"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}")).matches(message)
    }

    /// "Filter and Pattern Syntax", "Matching Terms in Log Events" and "OR Pattern Matching".
    #[test]
    fn terms_must_all_be_there_or_one_of_the_optional_and_none_of_the_excluded() {
        let messages = ["ERROR WARN message", "ERROR message", "WARN message", "[ERROR] a \"quoted\" word"];
        let table: [(&str, &[usize]); 15] = [
            ("", &[0, 1, 2, 3]),
            ("ERROR", &[0, 1, 3]),
            ("error", &[]),
            ("?ERROR ?WARN", &[0, 1, 2, 3]),
            ("ERROR WARN", &[0]),
            ("ERROR -WARN", &[1, 3]),
            ("\"ERROR\" - \"WARN\"", &[1, 3]),
            ("-ERROR", &[2]),
            ("\"ERROR message\"", &[1]),
            ("\"[ERROR]\"", &[3]),
            ("\"a \\\"quoted\\\"\"", &[3]),
            ("ROR", &[0, 1, 3]),
            ("%^WARN%", &[2]),
            ("%ERR.R [^W]%", &[1]),
            ("-%m[aeiou]ss% ERROR", &[3]),
        ];
        for (pattern, expected) in table {
            let found: Vec<usize> = (0..messages.len()).filter(|at| matches(pattern, messages[*at])).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }

    /// "Matching Terms in JSON Log Events", its examples among them.
    #[test]
    fn conditions_on_json() {
        let message = r#"{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
            "objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"latency":503.5,
            "user":{"id":1,"email":"John.Stiles@example.com"},"a.b":{"c d":"x"},"text":"400","coordinates":[[0,1,2],[4,5,6]]}"#;
        let table = [
            (r#"{ $.eventType = "UpdateTrail" }"#, true),
            (r"{ $.eventType = UpdateTrail }", true),
            (r"{ $.eventType = Update* }", true),
            (r#"{ $.eventType = "*Trail" }"#, true),
            (r"{ $.eventType = Trail }", false),
            (r"{ $.eventType != *Trail }", false),
            (r"{ $.eventType = %^Up[a-z]+Trail$% }", true),
            (r"{ $.eventType != %^Up% }", false),
            (r"{ $.sourceIPAddress != 123.123.* }", true),
            (r#"{ $.arrayKey[0] = "value" }"#, true),
            (r#"{ $.arrayKey[*] = "another value" }"#, true),
            (r"{ $.arrayKey = value }", false),
            (r"{ $.arrayKey != value }", false),
            (r"{ $.objectList[1].id = 2 }", true),
            (r"{ $.objectList[*].id = 3 }", false),
            (r"{ $.coordinates[1][0] = 4 }", true),
            (r"{ $.SomeObject IS NULL }", true),
            (r"{ $.eventType IS NULL }", false),
            (r"{ $.SomeOtherObject NOT EXISTS }", true),
            (r"{ $.SomeObject NOT EXISTS }", false),
            (r"{ $.ThisFlag IS TRUE }", true),
            (r"{ $.ThisFlag IS FALSE }", false),
            (r"{ $.ThisFlag = true }", true),
            (r"{ $.latency = * }", true),
            (r"{ $.missing = * }", false),
            (r"{ $.missing != x }", false),
            (r"{ $.latency >= 500 }", true),
            (r"{ $.latency < 10e3 && $.latency > +1000 }", false),
            (r"{ $.latency = 503.50 }", true),
            (r"{ $.latency != 500 }", true),
            (r"{ $.text = 400 }", true),
            (r"{ $.text > 300 }", false),
            (r#"{ $.["a.b"].['c d'] = x }"#, true),
            (r#"{ ($.user.id = 1) && ($.user.email = "John.Stiles@example.com") }"#, true),
            (r"{ ($.user.id = 2 && $.user.id = 1) || $.arrayKey[1] = nonmatch }", false),
            (r"{ $.user.id = 1 || $.user.id = 2 && $.user.id = 3 }", true),
            (r"{ ($.user.id = 1 || $.user.id = 2) && $.user.id = 3 }", false),
        ];
        for (pattern, expected) in table {
            assert_eq!(matches(pattern, message), expected, "{pattern}");
        }
        assert!(!matches("{ $.a = 1 }", "no JSON"));
        assert!(!matches("{ $.a NOT EXISTS }", "no JSON"));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_reason() {
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(400), ")".repeat(400));
        for (pattern, reason) in [
            ("{ $.a = 1", "must end with '}'"),
            ("{ }", "Invalid filter pattern"),
            ("{ a = 1 }", "Invalid filter pattern"),
            ("{ $ = 1 }", "Invalid filter pattern"),
            ("{ $.a == }", "Invalid filter pattern"),
            ("{ $.a }", "Invalid filter pattern"),
            ("{ $.a = 1 && }", "Invalid filter pattern"),
            ("{ $.a = 1 $.b = 2 }", "Invalid filter pattern"),
            ("{ ($.a = 1 }", "Invalid filter pattern"),
            ("{ $.a > x }", "Invalid filter pattern"),
            ("{ $.a[x] = 1 }", "Invalid filter pattern"),
            ("{ $.a = \"x }", "Invalid filter pattern"),
            ("{ $.a = %(% }", "Invalid character(s) in term"),
            (&deep, "Invalid filter pattern"),
            ("a@b", "Invalid character(s) in term 'a@b'"),
            ("\"\"", "Invalid character(s) in term '\"\"'"),
            ("\"open", "Invalid filter pattern"),
            ("%[%", "is not a regular expression"),
            ("-", "Invalid filter pattern"),
            ("[a, b]", "space-delimited"),
        ] {
            let error = Pattern::parse(pattern).err().unwrap_or_else(|| panic!("{pattern} was taken"));
            assert!(error.message.contains(reason), "{pattern}: {}", error.message);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_and_no_message_panics(
            pattern in crate::testing::mangled::mangled(&[
                r#"{ ($.a.b[0] = "x*" && $.["c"] >= 1.5e3) || $.d NOT EXISTS || $.e IS TRUE }"#, "?a -\"b c\" %d+%",
            ]),
            message in "\\PC{0,20}",
        ) {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.matches(&message);
                pattern.matches(r#"{"a":{"b":["xyz"]},"c":1500}"#);
            }
        }
    }
}
