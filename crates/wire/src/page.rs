//! Pages of listings, and the tokens that lead to the next page.
//!
//! A token tells either how many entries came before ([`by_count`]) or which entry was the last ([`by_key`]).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A page of all entries, and the token of the next page: the number of entries before it. `None` if `token` isn't such a one.
pub fn by_count<T>(entries: Vec<T>, token: Option<&str>, size: usize) -> Option<(Vec<T>, Option<String>)> {
    let start: usize = token.map_or(Ok(0), str::parse).ok()?;
    let end = start.saturating_add(size);
    let next = (entries.len() > end).then(|| end.to_string());
    Some((entries.into_iter().skip(start).take(size).collect(), next))
}

/// A page of the entries behind the page before, and the token of the next page if there is one. `entries` need hold only the
/// first `size` + 1 of them; `token` makes a token of the page's last entry.
pub fn by_key<T>(mut entries: Vec<T>, size: usize, token: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let more = entries.len() > size;
    entries.truncate(size);
    let next = entries.last().filter(|_| more).map(token);
    (entries, next)
}

/// A text as a token, which clients are not to read: base64.
pub fn encode_token(text: &str) -> String {
    BASE64.encode(text)
}

/// The text in a token; `None` if [`encode_token`] made no such token.
pub fn decode_token(token: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_count() {
        let page = |token, size| by_count(vec![1, 2, 3], token, size);
        assert_eq!(page(None, 2), Some((vec![1, 2], Some("2".into()))));
        assert_eq!(page(Some("2"), 2), Some((vec![3], None)));
        assert_eq!(page(None, 3), Some((vec![1, 2, 3], None)));
        assert_eq!(page(Some("18446744073709551615"), 2), Some((vec![], None)));
        assert_eq!((page(Some("-1"), 2), page(Some(""), 2)), (None, None));
    }

    #[test]
    fn tokens_that_name_the_last_entry() {
        let page = |count: i32, size| by_key((0..count).collect(), size, |last| encode_token(&last.to_string()));
        let (entries, token) = page(101, 100);
        assert_eq!((entries.len(), token.and_then(|token| decode_token(&token))), (100, Some("99".into())));
        assert_eq!(page(100, 100).1, None);
        assert_eq!(page(0, 100), (vec![], None));
        assert_eq!((decode_token("?"), decode_token("/w==")), (None, None));
    }
}
