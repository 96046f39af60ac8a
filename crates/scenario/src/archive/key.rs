//! The names of books' objects.
//!
//! A title may be anything, a key may not: it has at most 1,024 bytes ("Naming Amazon S3 objects", user guide), a `/` in it
//! makes folders, and a list of keys is XML, which can't hold control characters. What can't stand in a key is written as `%`
//! and the two hex digits of each of its bytes in UTF-8, so that a title can be read back from its key.

use sha2::{Digest, Sha256};

/// How each key ends.
const END: &str = ".json";
/// A key has at most so many bytes.
const MAX_KEY: usize = 1_024;
/// A mark, and a digest in hex behind it.
const DIGEST: usize = 32;
/// So many bytes a title may have in a key: the rest is for the end, and for what tells another text of the same title.
const MAX_TITLE: usize = MAX_KEY - END.len() - 1 - DIGEST;

/// The name of the first book of a title: `<title>.json`.
pub(super) fn first(title: &str) -> String {
    format!("{}{END}", written(title))
}

/// The name of another text of a title, where the first name is taken: `<title>~<digest of the text>.json`. It depends on
/// nothing else, so whoever files the same text again, after a crash or a resend, comes to the same object.
pub(super) fn other(title: &str, text: &str) -> String {
    format!("{}~{}{END}", written(title), digest(text))
}

/// The title as it stands in a key. A long one is cut, and marked by its digest behind `~~`; a `~` of its own is written as
/// `%7E`, so no two titles have the same key.
fn written(title: &str) -> String {
    let mut out = String::new();
    // Where the last character begins that a digest still fits behind.
    let mut cut = 0;
    for c in title.chars() {
        if out.len() > MAX_TITLE {
            break;
        }
        if out.len() <= MAX_TITLE - 2 - DIGEST {
            cut = out.len();
        }
        // The two after `c.is_control()` can't stand in XML either.
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}' | '/' | '\\' | '%' | '~') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    if out.len() > MAX_TITLE {
        out.truncate(cut);
        out.push_str("~~");
        out.push_str(&digest(title));
    }
    out
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..DIGEST / 2])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a title back from its key.
    fn title(key: &str) -> String {
        let written = key.strip_suffix(END).unwrap();
        let mut bytes = Vec::new();
        let mut rest = written.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.extend(hex::decode(hex).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn keys_of_titles() {
        for (title, key) in [
            ("LoremIpsum", "LoremIpsum.json"),
            ("Der Proceß: 2. Teil?", "Der Proceß: 2. Teil?.json"),
            ("Either/Or", "Either%2FOr.json"),
            ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd.json"),
            ("..", "...json"),
            ("100 % ~", "100 %25 %7E.json"),
            ("a\n\u{0}\u{85}\u{ffff}b", "a%0A%00%C2%85%EF%BF%BFb.json"),
            ("日本語 📚", "日本語 📚.json"),
        ] {
            assert_eq!(first(title), key);
        }
        assert_eq!(other("LoremIpsum", "{}"), "LoremIpsum~44136fa355b3678a1146ad16f7e8649e.json");
    }

    #[test]
    fn a_long_title_is_cut_and_told_from_others() {
        for unit in ["a", "/", "é", "日", "📚"] {
            let long = unit.repeat(2_000);
            let (one, two) = (first(&long), first(&format!("{long}!")));
            assert!(one.len() <= MAX_KEY && one.len() > 950, "{}", one.len());
            assert!(one.contains("~~") && one != two);
            assert!(other(&long, "{}").len() <= MAX_KEY);
        }
        let longest = "a".repeat(MAX_TITLE);
        assert_eq!(first(&longest), format!("{longest}.json"));
        assert_eq!(other(&longest, "").len(), MAX_KEY);
    }

    proptest! {
        #[test]
        fn a_title_can_be_read_back(text in ".{0,200}") {
            let key = first(&text);
            prop_assert!(!key.contains(['/', '\\']) && !key.chars().any(char::is_control));
            prop_assert_eq!(title(&key), text);
        }

        #[test]
        fn titles_of_any_length_have_keys_of_their_own(a in "[a/~📚]{0,20}", b in "[a/~📚]{0,20}", n in 0_usize..400) {
            let (one, two) = (a.repeat(n), b.repeat(n));
            prop_assert!(first(&one).len() <= MAX_KEY && other(&one, &two).len() <= MAX_KEY);
            prop_assert_eq!(first(&one) == first(&two), one == two);
        }
    }
}
