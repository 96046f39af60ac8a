//! Compact JSON as serde_json writes it, but for the strings: what is to be escaped is looked for in whole blocks.
//!
//! Ten received messages are ten events in strings, all of whose quotes are escaped. serde_json spends a quarter of such a
//! request on them.

use std::cell::Cell;

use serde::de::value::Error;
use serde::{Serialize, ser};

use super::escape::string;
use crate::AwsError;

/// A longer buffer for answers isn't kept.
const MAX_KEPT: usize = 64 << 10;

/// Writes an operation's output; an operation without output answers nothing.
pub fn to_vec<T: Serialize>(output: &T) -> Result<Vec<u8>, AwsError> {
    thread_local! {
        // Ten messages would make a new vector grow five times.
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    buffer.clear();
    let written = output.serialize(Writer(&mut buffer));
    let body = if buffer == b"null" { Vec::new() } else { buffer.as_slice().to_vec() };
    if buffer.capacity() <= MAX_KEPT {
        BUFFER.set(buffer);
    }
    match written {
        Ok(()) => Ok(body),
        Err(error) => Err(AwsError::internal(format!("The answer can't be written as JSON: {error}"))),
    }
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// Writes one value.
struct Writer<'o>(&'o mut Vec<u8>);

impl Writer<'_> {
    /// serde_json knows numbers better.
    fn number<T: Serialize>(self, value: &T) -> Result<()> {
        serde_json::to_writer(self.0, value).map_err(ser::Error::custom)
    }
}

fn unsupported(what: &str) -> Error {
    ser::Error::custom(format_args!("no answer has {what}"))
}

macro_rules! numbers {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            self.number(&value)
        }
    )*};
}

impl<'o> ser::Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'o>;
    type SerializeTuple = Compound<'o>;
    type SerializeTupleStruct = ser::Impossible<(), Error>;
    type SerializeTupleVariant = ser::Impossible<(), Error>;
    type SerializeMap = Compound<'o>;
    type SerializeStruct = Compound<'o>;
    type SerializeStructVariant = ser::Impossible<(), Error>;

    numbers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_f32 f32, serialize_f64 f64,
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        string(value, self.0);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'o>> {
        Ok(Compound::begin(self.0, b'[', b']'))
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'o>> {
        self.serialize_seq(Some(length))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'o>> {
        Ok(Compound::begin(self.0, b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'o>> {
        self.serialize_map(None)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<()> {
        Err(unsupported("bytes"))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(unsupported(name))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Err(unsupported(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(unsupported(name))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(unsupported(name))
    }
}

/// A list or an object that is being written.
struct Compound<'o> {
    out: &'o mut Vec<u8>,
    /// What comes before the next member.
    before: Option<u8>,
    close: u8,
}

impl<'o> Compound<'o> {
    fn begin(out: &'o mut Vec<u8>, open: u8, close: u8) -> Self {
        out.push(open);
        Compound { out, before: None, close }
    }

    fn separate(&mut self) {
        self.out.extend(self.before.replace(b','));
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(Writer(self.out))
    }

    fn finish(self) -> Result<()> {
        self.out.push(self.close);
        Ok(())
    }
}

impl ser::SerializeSeq for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.separate();
        self.value(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeTuple for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.separate();
        let begin = self.out.len();
        self.value(key)?;
        if self.out.get(begin) != Some(&b'"') {
            return Err(unsupported("keys that are no strings"));
        }
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.value(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl ser::SerializeStruct for Compound<'_> {
    type Ok = ();
    type Error = Error;

    /// A member that has no value is left out: AWS writes no null.
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let (begin, before) = (self.out.len(), self.before);
        self.separate();
        // A member's name has nothing to escape.
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        let at = self.out.len();
        self.value(value)?;
        if self.out[at..] == *b"null" {
            self.out.truncate(begin);
            self.before = before;
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Serialize)]
    enum Kind {
        Plain,
        Held(u8),
    }

    #[derive(Debug, Serialize)]
    struct All {
        text: String,
        letter: char,
        numbers: (u8, i64, u64, f64, f32),
        on: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<Box<All>>,
        list: Vec<String>,
        map: BTreeMap<String, i32>,
        kind: Kind,
        any: serde_json::Value,
    }

    #[test]
    fn what_has_no_shape_in_an_answer_is_an_error() {
        assert!(to_vec(&Kind::Held(1)).unwrap_err().message.contains("no answer has Kind"));
        assert!(to_vec(&BTreeMap::from([(1, 2)])).is_err());
        assert_eq!(to_vec(&()).unwrap(), b"");
    }

    /// The Parameter Store's answers had `"NextToken":null`, where AWS's have nothing.
    #[test]
    fn members_without_a_value_are_left_out() {
        #[derive(Serialize)]
        struct Output {
            first: Option<u8>,
            text: &'static str,
            last: Option<&'static str>,
        }
        let written = |first, last| String::from_utf8(to_vec(&Output { first, text: "null", last }).unwrap()).unwrap();
        assert_eq!(written(None, None), r#"{"text":"null"}"#);
        assert_eq!(written(Some(1), Some("x")), r#"{"first":1,"text":"null","last":"x"}"#);
        assert_eq!(String::from_utf8(to_vec(&[None, Some(1)]).unwrap()).unwrap(), "[null,1]");
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_writes(
            texts in prop::collection::vec("([\\PC]|[\\x00-\\x1f\"\\\\\\x7f]){0,40}", 1..4),
            letter: char,
            numbers: (u8, i64, u64, f64, f32),
            on: bool,
            map in prop::collection::btree_map("[\"a-c]{0,3}", any::<i32>(), 0..3),
        ) {
            let all = |maybe| All {
                text: texts[0].clone(), letter, numbers, on, maybe, list: texts.clone(), map: map.clone(), kind: Kind::Plain,
                any: serde_json::json!({"a": [1, null, texts[0]]}),
            };
            let all = all(Some(Box::new(all(None))));
            prop_assert_eq!(String::from_utf8(to_vec(&all).unwrap()).unwrap(), serde_json::to_string(&all).unwrap());
        }
    }
}
