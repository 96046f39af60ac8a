//! Mends JSON whose strings have raw control characters.
//!
//! Some producers write a text's line breaks into the JSON as they are. JSON doesn't allow that (RFC 8259, section 7), though
//! what they mean is plain: the same text with `\n`.

/// The same JSON with the control characters in its strings escaped, and how many there were. Everything else is kept as it
/// is: what is wrong in another way stays wrong.
pub(super) fn repair(json: &str) -> (String, usize) {
    let mut out = String::with_capacity(json.len() + 64);
    let (mut in_string, mut escaped, mut mended) = (false, false, 0);
    for c in json.chars() {
        if in_string && c < ' ' && !escaped {
            mended += 1;
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            }
            continue;
        }
        match c {
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && c == '\\' && !escaped;
        out.push(c);
    }
    (out, mended)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn line_breaks_within_strings_are_mended_and_those_between_kept() {
        let json = "{\n  \"a\": \"one\ntwo\r\n\\\"three\\\\\",\t\"b\": 1\n}";
        let (mended, n) = repair(json);
        assert_eq!(n, 3);
        assert_eq!(serde_json::from_str::<Value>(&mended).unwrap(), json!({ "a": "one\ntwo\r\n\"three\\", "b": 1 }));
    }

    #[test]
    fn what_is_right_stays_as_it_is() {
        for json in [r#"{"a":"\n\u0000\\","b":[1,"x"]}"#, "{}", "", "\"", "{\"a\": \"\\", "no JSON"] {
            assert_eq!(repair(json), (json.to_owned(), 0));
        }
    }

    proptest! {
        #[test]
        fn any_text_with_raw_control_characters_comes_through(text in ".*", control in "[\\x00-\\x1f]{0,9}") {
            let text = format!("{control}{text}{control}");
            // As the sloppy producer does it: quotes and backslashes escaped, the rest as it is.
            let raw = text.replace('\\', "\\\\").replace('"', "\\\"");
            let (mended, _) = repair(&format!("{{\"summary\":\"{raw}\"}}"));
            prop_assert_eq!(serde_json::from_str::<Value>(&mended).unwrap(), json!({ "summary": text }));
        }
    }
}
