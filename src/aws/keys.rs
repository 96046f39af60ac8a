//! Keys of objects as S3 lists them with `encoding-type=url`: there are keys that XML can't hold.

use percent_encoding::percent_decode_str;

/// The key behind its encoded form: a form's, in which a plus is a space (ListObjectsV2, "encoding-type").
pub(crate) fn decode(encoded: &str) -> String {
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_back() {
        assert_eq!(decode("a+b%2Bc/d%C3%BC%1B%0A"), "a b+c/dü\u{1b}\n");
    }
}
