//! The fast way to read a body, and the sure one.

use std::cell::Cell;

use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::DeserializeSeed;
use simd_json::{Buffers, Tape};

use super::strict::{from_slice, look};
use crate::AwsError;

/// Deeper than this is left to serde_json, which bounds its recursion at the same depth.
const MAX_DEPTH: usize = 128;
/// The buffers for a longer body aren't kept.
const MAX_KEPT: usize = 64 << 10;

/// A request's body.
///
/// simd_json reads it, in a third of serde_json's time for an event in a string, all of whose quotes are escaped. Whatever
/// it doesn't like, and what nests deeply, is read again by serde_json, whose word counts.
#[derive(Debug)]
pub struct Json<'b> {
    body: &'b [u8],
    quick: Mutex<Quick<'b>>,
}

/// How far simd_json has come.
#[derive(Debug)]
enum Quick<'b> {
    /// It has a copy of the body, which it decodes in place.
    Copy(&'b mut [u8]),
    /// It has read the copy, for who looked.
    Read(Tape<'b>),
    /// It has done its part, or doesn't like the body.
    Over,
}

impl<'b> Json<'b> {
    /// `scratch` takes a copy of the body, which what is read borrows from.
    pub fn new(body: &'b [u8], scratch: &'b mut Vec<u8>) -> Self {
        scratch.clear();
        scratch.extend_from_slice(body);
        Json { body, quick: Mutex::new(Quick::Copy(scratch)) }
    }

    /// Reads an operation's input; no body at all is an empty object.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, AwsError> {
        let read = match std::mem::replace(&mut *self.quick.lock(), Quick::Over) {
            Quick::Copy(copy) => tape(copy).and_then(|tape| tape.deserialize().ok()),
            Quick::Read(tape) => tape.deserialize().ok(),
            Quick::Over => None,
        };
        read.map_or_else(|| from_slice(self.body), Ok)
    }

    /// Looks at the body, before it is read. `seed` is asked for again where that has to be done the sure way.
    pub(crate) fn look<'a, S: DeserializeSeed<'a>>(&'a self, seed: impl Fn() -> S) -> Result<S::Value, AwsError> {
        let mut quick = self.quick.lock();
        if let Quick::Copy(copy) = std::mem::replace(&mut *quick, Quick::Over) {
            *quick = tape(copy).map_or(Quick::Over, Quick::Read);
        }
        if let Quick::Read(tape) = &*quick {
            let looked = seed().deserialize(&mut simd_json::Deserializer::from_tape(Tape(tape.0.clone())));
            if let Ok(looked) = looked {
                return Ok(looked);
            }
        }
        look(self.body, seed())
    }
}

/// What stands in a body, if simd_json likes it.
fn tape(body: &mut [u8]) -> Option<Tape<'_>> {
    thread_local! {
        static BUFFERS: Cell<Option<Buffers>> = const { Cell::new(None) };
    }
    let opening = body.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    // An object and not a list, which serde would take for a structure's members.
    if body.first() != Some(&b'{') || opening > MAX_DEPTH {
        return None;
    }
    let mut buffers = BUFFERS.take().unwrap_or_default();
    let length = body.len();
    let tape = simd_json::to_tape_with_buffers(body, &mut buffers).ok();
    if length <= MAX_KEPT {
        BUFFERS.set(Some(buffers));
    }
    tape
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Blob, Pairs, Text};

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    #[allow(dead_code)]
    struct Input<'a> {
        #[serde(borrow)]
        body: Option<Text<'a>>,
        delay: Option<i32>,
        long: Option<u64>,
        double: Option<f64>,
        data: Option<Blob>,
        #[serde(borrow)]
        names: Option<Vec<Text<'a>>>,
        #[serde(borrow)]
        attributes: Option<Pairs<'a>>,
        on: Option<bool>,
        any: Option<serde_json::Value>,
    }

    fn quickly<'a, T: Deserialize<'a>>(body: &'a mut [u8]) -> Option<T> {
        tape(body)?.deserialize().ok()
    }

    /// Both ways come to the same, but for `-0`, an integer to simd_json and a fraction to serde_json, and for the last digit
    /// of long fractions, where simd_json is right.
    fn agree(body: &[u8]) {
        if memchr::memmem::find(body, b"-0").is_some() {
            return;
        }
        let mut scratch = body.to_vec();
        if let Some(quick) = quickly::<Input>(&mut scratch) {
            let sure = from_slice::<Input>(body);
            let sure = sure.unwrap_or_else(|error| panic!("{:?}: {error:?}", String::from_utf8_lossy(body)));
            assert_eq!(format!("{quick:?}"), format!("{sure:?}"), "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn the_quick_way_is_taken_and_right() {
        let body =
            br#"{"Body":"\"a\" \\ \u00e9\ud83d\ude00","Delay":-5,"Names":["x","\n"],"Unknown":{"a":[1]},"On":true}"#;
        assert!(quickly::<Input>(&mut body.to_vec()).is_some());
        agree(body);
    }

    /// A body is read as it is, whether it was looked at before or not, and a look sees what is read.
    #[test]
    fn a_look_changes_nothing() {
        for body in [r#"{"Body":"\"a\"","Names":["x"]}"#, r#"{"Body":5}"#, r#"{"Double":1e400}"#, "[]", "", "{"] {
            let read = |looks: usize| {
                let mut scratch = Vec::new();
                let json = Json::new(body.as_bytes(), &mut scratch);
                let seed = || std::marker::PhantomData::<serde_json::Value>;
                let looked: Vec<_> = (0..looks).map(|_| json.look(seed)).collect();
                (format!("{:?}", json.read::<Input>()), looked)
            };
            let (never, _) = read(0);
            let (twice, looked) = read(2);
            assert_eq!(never, twice, "{body}");
            let sure = look(body.as_bytes(), std::marker::PhantomData::<serde_json::Value>);
            assert_eq!(looked, [sure.clone(), sure], "{body}");
        }
    }

    #[test]
    fn what_one_of_the_two_refuses_is_refused() {
        for body in [
            "{\"Body\":\"a\nb\"}",
            "{\"Body\":\"\u{7f}\"}",
            r#"{"Body":"\ud83d"}"#,
            r#"{"Body":"\ude00\ud83d"}"#,
            r#"{"Body":"\ud83d\u0041"}"#,
            r#"{"Body":"\x"}"#,
            r#"{"Delay":01}"#,
            r#"{"Delay":1e2}"#,
            r#"{"Long":18446744073709551616}"#,
            r#"{"Double":1e400}"#,
            r#"{"Double":0.1e-7,"Any":[1.5,123456789012345678901234567890]}"#,
            r#"{"Delay":1,"Delay":2}"#,
            r#"{"On":true}x"#,
            r#"{"On":true,}"#,
            "{\"On\":true}\0",
            "",
            " ",
        ] {
            agree(body.as_bytes());
        }
        let deep = |depth: usize| format!("{{\"Any\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        agree(deep(100).as_bytes());
        let body = deep(100_000);
        assert!(Json::new(body.as_bytes(), &mut Vec::new()).read::<Input>().is_err());
    }

    /// A member's value, right or wrong.
    fn value() -> impl Strategy<Value = String> {
        let text = r#"([a-z<&/ é€😀]|\\["\\/bfnrt]|\\u00[0-7][0-9a-fA-F]|\\u[0-9a-f]{4}|\\ud83d\\ude0[0-9]){0,12}"#;
        let text = text.prop_map(|text| format!("\"{text}\""));
        prop_oneof![
            6 => text.clone(),
            1 => "(-?[0-9]{1,20}|-?[0-9]{1,6}\\.[0-9]{1,6}|[0-9]{1,3}[eE][+-]?[0-9])",
            1 => "(true|false|null|\\[\\]|\\{\\})",
            1 => prop::collection::vec(text.clone(), 0..4).prop_map(|texts| format!("[{}]", texts.join(","))),
            1 => (text.clone(), text).prop_map(|(key, value)| format!("{{{key}:{value}}}")),
        ]
    }

    proptest! {
        #[test]
        fn both_ways_agree(
            members in prop::collection::vec(("(Body|Delay|Long|Double|Data|Names|Attributes|On|Any|Unknown)", value()), 0..5),
            space in "[ \t\r\n]{0,2}",
        ) {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{space}{value}{space}")).collect();
            agree(format!("{{{}}}{space}", members.join(",")).as_bytes());
        }

        #[test]
        fn both_ways_agree_on_damage(at in 0usize..60, byte: u8) {
            let mut body = br#"{"Body":"\"a\":\u00e9 \\","Delay":-5,"Names":["x","\n"],"On":true}"#.to_vec();
            body[at] = byte;
            agree(&body);
            body.truncate(at);
            agree(&body);
        }
    }
}
