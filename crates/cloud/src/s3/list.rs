//! Walks keys in order: with a prefix, grouped by a delimiter, from a marker on, a page at a time.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{CommonPrefix, EncodingType};

use super::error::{Failure, Result};
use super::s3s::call::Call;

/// The most entries of one page ("ListObjectsV2").
pub(super) const MAX_PAGE: i32 = 1000;

/// Which keys a request lists.
pub(super) struct Listing<'a> {
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    /// Keys up to and including this one are skipped, and a common prefix that it lies in.
    pub after: &'a str,
    pub max: usize,
    /// A key ends at its first NUL; what follows the NUL only orders it.
    pub nul_ends: bool,
}

/// One step of a walk.
pub(super) struct Step<T> {
    pub key: String,
    /// None is a key that isn't listed: a delete marker.
    pub entry: Option<T>,
}

/// A page of a listing.
pub(super) struct Page<T> {
    pub entries: Vec<T>,
    pub prefixes: Vec<String>,
    pub truncated: bool,
    /// The last key or common prefix of the page: the next one goes on after it.
    pub last: Option<Last>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Last {
    Key(String),
    Prefix(String),
}

impl Last {
    /// The key or the prefix.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Key(text) | Self::Prefix(text) => text,
        }
    }
}

impl Listing<'_> {
    /// Collects a page. `next(from, beyond)` finds the first key with the prefix that is not before `from`; with `beyond`, the
    /// first one after it.
    ///
    /// A common prefix costs one step, however many keys it hides.
    pub(super) fn walk<T>(&self, mut next: impl FnMut(&str, bool) -> Result<Option<Step<T>>>) -> Result<Page<T>> {
        let mut page = Page { entries: Vec::new(), prefixes: Vec::new(), truncated: false, last: None };
        if self.max == 0 {
            return Ok(page);
        }
        let (mut from, mut beyond) = match self.group(self.after) {
            Some(group) => (past(group), false),
            None => (self.prefix.max(self.after).to_owned(), !self.after.is_empty() && self.after >= self.prefix),
        };
        while let Some(step) = next(&from, beyond)? {
            (from, beyond) = (step.key.clone(), true);
            let Some(entry) = step.entry else { continue };
            if page.entries.len() + page.prefixes.len() == self.max {
                page.truncated = true;
                break;
            }
            match self.group(&step.key) {
                Some(group) => {
                    page.prefixes.push(group.to_owned());
                    page.last = Some(Last::Prefix(group.to_owned()));
                    (from, beyond) = (past(group), false);
                }
                None => {
                    page.entries.push(entry);
                    page.last = Some(Last::Key(step.key));
                }
            }
        }
        Ok(page)
    }

    /// The common prefix that hides a key, delimiter included.
    fn group<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter?;
        let key = if self.nul_ends { key.split('\0').next()? } else { key };
        let rest = key.strip_prefix(self.prefix)?;
        let at = rest.find(delimiter)?;
        key.get(..self.prefix.len() + at + delimiter.len())
    }
}

/// The least string that is greater than every one with this prefix, near enough: keys end before U+10FFFF.
fn past(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

/// The page size that a client asks for, at most 1000.
pub(super) fn page_size(name: &str, asked: Option<i32>) -> Result<i32> {
    let asked = asked.unwrap_or(MAX_PAGE);
    if asked < 0 {
        let message = format!("Argument {name} must be an integer between 0 and 2147483647");
        return Err(Failure::invalid_argument(message, name, asked.to_string()));
    }
    Ok(asked.min(MAX_PAGE))
}

/// How keys are written into a listing.
#[derive(Clone, Copy)]
pub(super) struct Encoding(bool);

impl Encoding {
    /// The encoding that a request asks for.
    ///
    /// # Errors
    /// `InvalidArgument` for any but `url`.
    pub(super) fn of(call: &Call) -> Result<Self> {
        match call.query("encoding-type") {
            None => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(other) => {
                Err(Failure::invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", other))
            }
        }
    }

    /// The encoding as the answer names it.
    pub(super) fn shown(self) -> Option<EncodingType> {
        self.0.then(|| EncodingType::from_static(EncodingType::URL))
    }

    /// A key as the answer writes it.
    pub(super) fn write(self, key: &str) -> String {
        const PLAIN: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');
        if self.0 { utf8_percent_encode(key, PLAIN).to_string().replace(' ', "+") } else { key.to_owned() }
    }

    /// Common prefixes as the answer writes them; none if there are none.
    pub(super) fn prefixes(self, prefixes: Vec<String>) -> Option<Vec<CommonPrefix>> {
        let written: Vec<_> =
            prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(self.write(&prefix)) }).collect();
        (!written.is_empty()).then_some(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["a/x/1", "a/x/2", "a/y", "a/z", "b", "c/d"];

    fn walk(prefix: &str, delimiter: Option<&str>, after: &str, max: usize) -> (Vec<String>, Vec<String>, bool) {
        let mut steps = 0;
        let page = Listing { prefix, delimiter, after, max, nul_ends: false }
            .walk(|from, beyond| {
                steps += 1;
                let found = KEYS.iter().find(|key| if beyond { **key > from } else { **key >= from });
                let found = found.filter(|key| key.starts_with(prefix));
                Ok(found.map(|key| Step { key: key.to_string(), entry: (*key != "a/z").then(|| key.to_string()) }))
            })
            .unwrap();
        assert!(steps <= KEYS.len() + 1);
        (page.entries, page.prefixes, page.truncated)
    }

    #[test]
    fn pages() {
        let cases: [(&str, Option<&str>, &str, usize, &[&str], &[&str], bool); 11] = [
            ("", None, "", 9, &["a/x/1", "a/x/2", "a/y", "b", "c/d"], &[], false),
            ("", None, "", 2, &["a/x/1", "a/x/2"], &[], true),
            ("", None, "a/y", 9, &["b", "c/d"], &[], false),
            ("", Some("/"), "", 9, &["b"], &["a/", "c/"], false),
            ("", Some("/"), "", 1, &[], &["a/"], true),
            ("", Some("/"), "a/", 9, &["b"], &["c/"], false),
            ("", Some("/"), "a/x/1", 9, &["b"], &["c/"], false),
            ("a/", Some("/"), "", 9, &["a/y"], &["a/x/"], false),
            ("a/", Some("/"), "a/x/", 1, &["a/y"], &[], false),
            ("a/", None, "zzz", 9, &[], &[], false),
            ("", None, "", 0, &[], &[], false),
        ];
        for (prefix, delimiter, after, max, entries, prefixes, truncated) in cases {
            let got = walk(prefix, delimiter, after, max);
            let expected = (
                entries.iter().map(|s| s.to_string()).collect(),
                prefixes.iter().map(|s| s.to_string()).collect(),
                truncated,
            );
            assert_eq!(got, expected, "{prefix:?} {delimiter:?} {after:?} {max}");
        }
    }

    #[test]
    fn url_encoding_is_the_one_of_forms() {
        assert_eq!(Encoding(true).write("a b/\u{e9}+%"), "a+b/%C3%A9%2B%25");
        assert_eq!(Encoding(false).write("a b"), "a b");
    }
}
