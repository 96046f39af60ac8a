//! A serde deserializer over query-protocol parameters: `X.member.N`, `X.N`, `X.entry.N.key`, `X.N.Name`.
//!
//! Names are paths. A level is a run of parameters that share a path so far; the next segment of each says to which
//! field, index or entry it belongs. Clients write the parameters of one value side by side and count upwards, so one
//! pass is enough; where one doesn't, the parameters are sorted by path and read again. Unknown parameters are
//! ignored, as AWS does.

mod path;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::form::{Form, Param};
use crate::{AwsError, Names};
use path::{by_path, is_index, number};

/// Reads an operation's input from a form.
pub(crate) fn from_form<'a, T: Deserialize<'a>>(form: &'a Form, names: Names) -> Result<T, AwsError> {
    look(form, names, || PhantomData)
}

/// Reads a form by a seed, or by a second one where its parameters have to be sorted.
pub(crate) fn look<'a, S: DeserializeSeed<'a>>(
    form: &'a Form,
    names: Names,
    seed: impl Fn() -> S,
) -> Result<S::Value, AwsError> {
    let reader = Reader { form, names, sorted: false };
    if let Ok(input) = seed().deserialize(reader.root(form.params())) {
        return Ok(input);
    }
    // Also another error may come of a value whose parameters are scattered: only sorted ones tell.
    let mut params = form.params().to_vec();
    params.sort_by(|a, b| by_path(form.key(*a), form.key(*b)));
    let error = match seed().deserialize(Reader { sorted: true, ..reader }.root(&params)) {
        Ok(input) => return Ok(input),
        Err(error) => error,
    };
    Err(match (error, names) {
        (Error::Malformed(message), Names::Wrapped) => AwsError::bad("MalformedInput", message),
        (Error::Malformed(message), Names::Flat) => {
            AwsError::bad("InvalidParameterValueException", message).query_code("InvalidParameterValue")
        }
        (Error::Scattered, _) => AwsError::bad("MalformedInput", "The parameters' names contradict each other."),
    })
}

#[derive(Debug)]
enum Error {
    /// A value's parameters don't stand together, or an index comes before a smaller one.
    Scattered,
    Malformed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Scattered => f.write_str("scattered parameters"),
            Error::Malformed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::Malformed(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    form: &'a Form,
    names: Names,
    sorted: bool,
}

impl<'a> Reader<'a> {
    fn root<'p>(self, params: &'p [Param]) -> Level<'a, 'p> {
        Level { reader: self, params, at: 0 }
    }
}

/// Parameters whose names agree up to byte `at`, where the next segment begins.
#[derive(Clone, Copy)]
struct Level<'a, 'p> {
    reader: Reader<'a>,
    params: &'p [Param],
    at: usize,
}

/// The parameters of one value: their names agree up to byte `end`, where a path ends or a dot follows.
#[derive(Clone, Copy)]
struct Value<'a, 'p> {
    reader: Reader<'a>,
    params: &'p [Param],
    end: usize,
}

impl<'a, 'p> Level<'a, 'p> {
    /// Splits the first value off: its segment and its parameters.
    fn next(&mut self) -> Option<(&'a str, Value<'a, 'p>)> {
        let form = self.reader.form;
        while let [first, rest @ ..] = self.params {
            // A path that ends above this level (`X=` beside `X.member.1=`) is no part of it.
            let Some(path) = form.key(*first).get(self.at..) else {
                self.params = rest;
                continue;
            };
            let segment = &path[..path.bytes().position(|byte| byte == b'.').unwrap_or(path.len())];
            let end = self.at + segment.len();
            // As bytes: where a segment begins and ends there is a dot or an end, so no character is cut.
            let same = |param: &Param| {
                let key = form.key_bytes(*param);
                matches!(key.get(end), None | Some(b'.')) && key.get(self.at..end) == Some(segment.as_bytes())
            };
            let count = 1 + rest.iter().position(|param| !same(param)).unwrap_or(rest.len());
            let (params, rest) = self.params.split_at(count);
            self.params = rest;
            return Some((segment, Value { reader: self.reader, params, end }));
        }
        None
    }

    fn peek(mut self) -> Option<(&'a str, Value<'a, 'p>)> {
        self.next()
    }
}

impl<'a, 'p> Value<'a, 'p> {
    fn text(&self) -> Option<&'a str> {
        let form = self.reader.form;
        self.params.iter().find(|param| param.key_len() == self.end).map(|param| form.value(*param))
    }

    fn scalar(&self) -> Result<&'a str, Error> {
        self.text().ok_or_else(|| match self.params {
            [] => Error::Malformed("A value is missing".into()),
            _ => Error::Malformed("Start of structure or map found where not expected.".into()),
        })
    }

    fn inside(&self) -> Level<'a, 'p> {
        Level { reader: self.reader, params: self.params, at: self.end + 1 }
    }

    /// The level of a list's or map's indices, below `member` or `entry` where it is so wrapped.
    fn indices(&self) -> Level<'a, 'p> {
        match self.inside().peek() {
            Some(("member" | "entry", wrapper)) => wrapper.inside(),
            _ => self.inside(),
        }
    }

    /// Refuses a text where something else is wanted. SQS's oldest clients have their own ways.
    fn no_text(&self, wanted: &str) -> Result<(), Error> {
        let alone = self.inside().peek().is_none() && self.text().is_some_and(|text| !text.is_empty());
        match (self.reader.names, alone) {
            (Names::Wrapped, true) => Err(Error::Malformed(format!("Unexpected value where {wanted} was expected"))),
            _ => Ok(()),
        }
    }

    fn path(&self) -> &'a str {
        self.params.first().map_or("", |param| &self.reader.form.key(*param)[..self.end])
    }

    fn parse<T: std::str::FromStr>(&self, what: &str) -> Result<T, Error> {
        let text = self.scalar()?;
        text.trim().parse().map_err(|_| match self.reader.names {
            Names::Flat => Error::Malformed(format!(
                "Value {text} for parameter {} is invalid. Reason: Must be {what}.",
                self.path()
            )),
            Names::Wrapped => Error::Malformed(format!("{text} at {} is not {what}", self.path())),
        })
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.parse::<$type>("an integer")?)
        }
    )*};
}

impl<'a> Deserializer<'a> for Value<'a, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.scalar()?)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.scalar()?;
        match text {
            _ if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            _ if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => visitor.visit_bool(self.parse("a boolean")?),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.parse("a number")?)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.scalar()?.into_deserializer())
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.no_text("a structure")?;
        visitor.visit_map(Fields { level: self.inside(), fields, seen: 0, value: None })
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.no_text("a list")?;
        let level = self.indices();
        let alone = match level.peek() {
            // `AttributeName=All` instead of `AttributeName.1=All`, which SQS's oldest clients send.
            None if self.text().is_some_and(|text| !text.is_empty()) => Some(self),
            _ => None,
        };
        visitor.visit_seq(Items { level, last: None, alone })
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.no_text("a map")?;
        let level = self.indices();
        let alone = match level.peek() {
            // `Attribute.Name=..&Attribute.Value=..` without an index.
            Some((segment, _)) if KEYS.contains(&segment) => Some(self),
            _ => None,
        };
        visitor.visit_map(Entries { items: Items { level, last: None, alone }, value: None })
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier i128 u128
    }
}

/// The whole request: a structure.
impl<'a> Deserializer<'a> for Level<'a, '_> {
    type Error = Error;

    /// Inputs are plain structures: what `#[serde(flatten)]` asks for can't be told from a list or a map.
    fn deserialize_any<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::Malformed("this operation's input can't be read from a form".into()))
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { level: self, fields, seen: 0, value: None })
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any i128 u128
    }
}

/// A structure's fields.
struct Fields<'a, 'p> {
    level: Level<'a, 'p>,
    fields: &'static [&'static str],
    /// One bit for each of the first 64 fields: already given.
    seen: u64,
    value: Option<Value<'a, 'p>>,
}

impl<'a> MapAccess<'a> for Fields<'a, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some((segment, value)) = self.level.next() {
            let Some(index) = self.level.reader.names.field(segment, self.fields) else { continue };
            let bit = 1u64.checked_shl(index as u32).unwrap_or(0);
            if self.seen & bit != 0 {
                if self.level.reader.sorted {
                    continue;
                }
                return Err(Error::Scattered);
            }
            self.seen |= bit;
            self.value = Some(value);
            return seed.deserialize(BorrowedStrDeserializer::new(self.fields[index])).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Error::Scattered),
        }
    }
}

/// A list's elements, by their indices.
struct Items<'a, 'p> {
    level: Level<'a, 'p>,
    last: Option<u32>,
    /// The list or map itself is its only element.
    alone: Option<Value<'a, 'p>>,
}

impl<'a, 'p> Items<'a, 'p> {
    fn next(&mut self) -> Result<Option<Value<'a, 'p>>, Error> {
        if let Some(alone) = self.alone.take() {
            self.level.params = &[];
            return Ok(Some(alone));
        }
        while let Some((segment, value)) = self.level.next() {
            if !is_index(segment) {
                continue;
            }
            let Some(index) = number(segment) else {
                return Err(Error::Malformed(format!("Index {segment} is too large")));
            };
            if self.last.is_some_and(|last| last >= index) {
                if self.level.reader.sorted {
                    continue;
                }
                return Err(Error::Scattered);
            }
            self.last = Some(index);
            return Ok(Some(value));
        }
        Ok(None)
    }
}

impl<'a> SeqAccess<'a> for Items<'a, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        match self.next()? {
            Some(value) => seed.deserialize(value).map(Some),
            None => Ok(None),
        }
    }
}

/// What services call an entry's key and value.
const KEYS: [&str; 4] = ["key", "Key", "Name", "name"];
const VALUES: [&str; 2] = ["value", "Value"];

/// A map's entries.
struct Entries<'a, 'p> {
    items: Items<'a, 'p>,
    value: Option<Value<'a, 'p>>,
}

impl<'a> MapAccess<'a> for Entries<'a, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(entry) = self.items.next()? else { return Ok(None) };
        let mut level = entry.inside();
        let (mut key, mut value) = (None, None);
        while let Some((segment, part)) = level.next() {
            let place = match segment {
                _ if KEYS.contains(&segment) => &mut key,
                _ if VALUES.contains(&segment) => &mut value,
                _ => continue,
            };
            if place.is_none() {
                *place = Some(part);
            } else if !entry.reader.sorted {
                return Err(Error::Scattered);
            }
        }
        let Some(key) = key else {
            return Err(Error::Malformed(format!("{} has no key", entry.path())));
        };
        // A value that wasn't given is an empty structure, whose missing members the operation reports.
        self.value = Some(value.unwrap_or(Value { params: &[], ..key }));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Error::Scattered),
        }
    }
}
