//! Pages of 100 entries, and the tokens that lead to the next.

use super::error::invalid;
use crate::core::Core;
use wire::{AwsError, page};

/// API reference of ListTopics and ListSubscriptions: 100 entries a call.
pub(super) const SIZE: usize = 100;

/// The key of the last entry of the page before.
pub(super) fn after(token: Option<&str>) -> Result<Option<String>, AwsError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let text = page::decode_token(token);
    let key = text.as_deref().and_then(|text| text.split_once('\n')).map(|(_, key)| key.to_owned());
    key.map(Some).ok_or_else(|| invalid("NextToken"))
}

/// The page's entries of what it and one more hold, and the token of the next page.
pub(super) fn cut<T>(core: &Core, entries: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    cut_at(core, SIZE, entries, key)
}

/// As [`cut`], with pages of another size.
pub(super) fn cut_at<T>(
    core: &Core,
    size: usize,
    entries: Vec<T>,
    key: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    page::by_key(entries, size, |last| token(core, &key(last)))
}

/// A token of the page behind a key; no two are the same.
pub(super) fn token(core: &Core, key: &str) -> String {
    page::encode_token(&format!("{}\n{key}", core.uuid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::Clock;
    use log::{MemoryDisk, Options};

    #[test]
    fn the_token_names_the_last_entry() {
        let disk = std::sync::Arc::new(MemoryDisk::default());
        let (core, _) = Core::open(disk, Options::default(), Clock::manual(1), false, 7).unwrap();
        let (page, token) = cut(&core, (0..101).collect(), |n: &i32| n.to_string());
        assert_eq!((page.len(), after(token.as_deref()).unwrap().as_deref()), (100, Some("99")));
        assert_ne!(token, cut(&core, (0..101).collect(), |n: &i32| n.to_string()).1);
        assert_eq!(cut(&core, (0..100).collect(), |n: &i32| n.to_string()).1, None);
        assert!(after(Some("?")).is_err());
    }
}
