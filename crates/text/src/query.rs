//! Query strings of URLs: their parameters, and what `+` and `%41` in them stand for.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The parameters of a query string as (name, value), still encoded, in order. One without `=` has an empty value; nothing
/// between two `&` is no parameter.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The bytes that a name or a value stands for: `+` is a space, `%41` is the byte 0x41. A `%` without two digits is itself.
pub fn decode(part: &str) -> Cow<'_, [u8]> {
    match part.contains('+') {
        true => Cow::Owned(percent_decode_str(&part.replace('+', " ")).collect()),
        false => percent_decode_str(part).into(),
    }
}

/// The text that a name or a value stands for; `None` if its bytes aren't UTF-8.
pub fn decode_utf8(part: &str) -> Option<Cow<'_, str>> {
    match decode(part) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The text that a name or a value stands for; bytes that aren't UTF-8 become U+FFFD.
pub fn decode_lossy(part: &str) -> Cow<'_, str> {
    match decode(part) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let found: Vec<_> = pairs("a=1&&b&c=x=y&=z").collect();
        assert_eq!(found, [("a", "1"), ("b", ""), ("c", "x=y"), ("", "z")]);
        assert_eq!(pairs("").count(), 0);
    }

    #[test]
    fn decoding() {
        for (part, text) in
            [("", ""), ("plain", "plain"), ("a+b%2B%c3%A9", "a b+\u{e9}"), ("100%", "100%"), ("%zz", "%zz")]
        {
            assert_eq!(decode_utf8(part).as_deref(), Some(text), "{part}");
            assert_eq!(decode_lossy(part), text, "{part}");
            assert_eq!(&*decode(part), text.as_bytes(), "{part}");
        }
        assert_eq!(&*decode("%ff+"), b"\xff ");
        assert_eq!((decode_utf8("%ff"), decode_utf8("%ff+")), (None, None));
        assert_eq!(decode_lossy("%ff+"), "\u{fffd} ");
        assert!(matches!(decode("plain"), Cow::Borrowed(_)));
    }
}
