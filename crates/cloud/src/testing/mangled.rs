//! What tests send to decoders: valid input, mangled.

use proptest::prelude::*;

/// One of `valid` with up to four places overwritten, removed, doubled or cut off; now and then something else altogether.
pub(crate) fn mangled(valid: &'static [&'static str]) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..4u8, "\\PC{0,3}|[\\[\\]{}\":,0-9eE+.\\-\\\\]{1,3}|\u{0}");
    let edited = (prop::sample::select(valid), prop::collection::vec(edit, 0..5)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, how, with) in edits {
            let at = place.index(chars.len() + 1);
            let end = (at + 1).min(chars.len());
            match how {
                0 => drop(chars.splice(at..end, with.chars())),
                1 => drop(chars.drain(at..end)),
                2 => {
                    let tail = chars[at..].to_vec();
                    chars.extend(tail);
                }
                _ => chars.truncate(at),
            }
        }
        chars.into_iter().collect()
    });
    prop_oneof![9 => edited, 1 => "(?s).{0,80}"]
}
