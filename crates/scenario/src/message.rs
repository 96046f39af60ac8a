//! What a message of SQS can hold.

use std::borrow::Cow;

/// JSON that means the same and fits a message: two characters that JSON may have and a message may not ("SendMessage",
/// MessageBody) are escaped. In JSON they can only stand in a string, where an escape means the same.
pub(crate) fn fit(json: &str) -> Cow<'_, str> {
    match json.contains(['\u{fffe}', '\u{ffff}']) {
        true => json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff").into(),
        false => json.into(),
    }
}

/// Whether a trace can be kept beside an object: metadata are headers, of 2 KB in all, and the trace of a message is its sender's.
pub(crate) fn is_metadata(trace: &str) -> bool {
    trace.len() <= 1_000 && trace.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    proptest! {
        #[test]
        fn what_fits_means_the_same(text in any::<String>()) {
            let json = serde_json::json!({ format!("\u{ffff}{text}"): format!("{text}\u{fffe}\\\u{ffff}") });
            let fitted = fit(&json.to_string()).into_owned();
            prop_assert!(!fitted.contains(['\u{fffe}', '\u{ffff}']), "{:?}", fitted);
            prop_assert_eq!(serde_json::from_str::<Value>(&fitted).unwrap(), json);
        }
    }
}
