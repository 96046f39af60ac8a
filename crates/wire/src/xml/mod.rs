//! A serde serializer that writes query-protocol XML straight into bytes.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display};
use std::io::Write;

use serde::ser::{self, Impossible, Serialize, Serializer};

use crate::types::TIMESTAMP;
use crate::{AwsError, Names};

/// Writes the answer of an operation: `<XResponse><XResult>..</XResult><ResponseMetadata>..`.
///
/// An operation whose output is `()` has no result element.
pub fn response<T: Serialize>(
    operation: &'static str,
    namespace: &str,
    names: Names,
    request_id: &str,
    output: &T,
) -> Result<Vec<u8>, AwsError> {
    let mut writer = Writer { out: Vec::with_capacity(512), names, operation };
    if names == Names::Flat {
        writer.raw("<?xml version=\"1.0\"?>");
    }
    for part in ["<", operation, "Response xmlns=\"", namespace, "\">"] {
        writer.raw(part);
    }
    output
        .serialize(Root { writer: &mut writer })
        .map_err(|error| AwsError::internal(format!("The answer can't be written as XML: {error}")))?;
    for part in ["<ResponseMetadata><RequestId>", request_id, "</RequestId></ResponseMetadata></", operation] {
        writer.raw(part);
    }
    writer.raw("Response>");
    Ok(writer.out)
}

/// Appends text with XML's special characters escaped.
///
/// A carriage return and what XML 1.0 has no place for are written as character references, as AWS does.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    // Most texts are ids, and need nothing. Looked at to the end, the processor takes many bytes at once.
    let doubtful = |byte: u8| (byte < 0x20) | matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF);
    if !bytes.iter().fold(false, |doubt, byte| doubt | doubtful(*byte)) {
        return out.extend_from_slice(bytes);
    }
    let mut done = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let replacement: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\t' | b'\n' => continue,
            0..0x20 => b"",
            // The first byte of U+FFFE and U+FFFF, which XML has no place for either.
            0xEF if matches!(bytes.get(at..at + 3), Some([0xEF, 0xBF, 0xBE | 0xBF])) => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[done..at]);
        done = at + 1;
        if !replacement.is_empty() {
            out.extend_from_slice(replacement);
        } else if *byte == 0xEF {
            let low = bytes.get(at + 2).copied().unwrap_or(0xBF);
            out.extend_from_slice(if low == 0xBE { b"&#xFFFE;" } else { b"&#xFFFF;" });
            done = at + 3;
        } else {
            let _ = write!(out, "&#x{byte:X};");
        }
    }
    out.extend_from_slice(&bytes[done..]);
}

struct Writer {
    out: Vec<u8>,
    names: Names,
    operation: &'static str,
}

impl Writer {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn open(&mut self, name: &str) {
        self.out.push(b'<');
        self.raw(name);
        self.out.push(b'>');
    }

    fn close(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.out.push(b'>');
    }

    fn element(&mut self, name: &'static str) -> Element<'_> {
        Element { writer: self, name, timestamp: false }
    }
}

#[derive(Debug)]
struct Error(String);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Error(message.to_string())
    }
}

fn unsupported<T>(what: &str) -> Result<T, Error> {
    Err(Error(format!("{what} has no form in the query protocol")))
}

/// An operation's whole output: a structure within its result element, or nothing.
struct Root<'w> {
    writer: &'w mut Writer,
}

/// One value as the element `name`.
struct Element<'w> {
    writer: &'w mut Writer,
    name: &'static str,
    timestamp: bool,
}

impl Element<'_> {
    fn text(self, text: &str) -> Result<(), Error> {
        self.writer.open(self.name);
        escape(text, &mut self.writer.out);
        self.writer.close(self.name);
        Ok(())
    }

    fn display(self, value: impl Display) -> Result<(), Error> {
        self.writer.open(self.name);
        let _ = write!(self.writer.out, "{value}");
        self.writer.close(self.name);
        Ok(())
    }
}

/// An open structure: writes its fields, then the end tag.
struct Fields<'w> {
    writer: &'w mut Writer,
    name: &'static str,
    /// The end tag's suffix, for the result element.
    suffix: &'static str,
}

/// An open list.
struct Items<'w> {
    writer: &'w mut Writer,
    field: &'static str,
}

/// An open map; keys are written as they come, values follow.
struct Entries<'w> {
    writer: &'w mut Writer,
    field: &'static str,
}

macro_rules! displayed {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.display(value)
        }
    )*};
}

impl<'w> Serializer for Element<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Entries<'w>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Impossible<(), Error>;

    displayed! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f32 f32,
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !self.timestamp {
            return self.display(value);
        }
        self.text(&text::time::iso_millis((value * 1000.0).round() as u64))
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        unsupported("a byte slice (use Blob)")
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.text("")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(Element { timestamp: name == TIMESTAMP, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        unsupported("an enum with data")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, Error> {
        if self.writer.names == Names::Wrapped {
            self.writer.open(self.name);
        }
        Ok(Items { writer: self.writer, field: self.name })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'w>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        unsupported("a tuple structure")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unsupported("an enum with data")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'w>, Error> {
        if self.writer.names == Names::Wrapped {
            self.writer.open(self.name);
        }
        Ok(Entries { writer: self.writer, field: self.name })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'w>, Error> {
        self.writer.open(self.name);
        Ok(Fields { writer: self.writer, name: self.name, suffix: "" })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unsupported("an enum with data")
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self.writer.element(key))
    }

    fn end(self) -> Result<(), Error> {
        self.writer.raw("</");
        self.writer.raw(self.name);
        self.writer.raw(self.suffix);
        self.writer.out.push(b'>');
        Ok(())
    }
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = match self.writer.names {
            Names::Wrapped => "member",
            Names::Flat => self.writer.names.item(self.field, self.writer.operation),
        };
        value.serialize(self.writer.element(name))
    }

    fn finish(self) {
        if self.writer.names == Names::Wrapped {
            self.writer.close(self.field);
        }
    }
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl Entries<'_> {
    fn entry(&self) -> &'static str {
        match self.writer.names {
            Names::Wrapped => "entry",
            Names::Flat => self.writer.names.item(self.field, self.writer.operation),
        }
    }
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let entry = self.entry();
        self.writer.open(entry);
        let name = self.writer.names.entry(self.field).0;
        key.serialize(self.writer.element(name))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = self.writer.names.entry(self.field).1;
        value.serialize(self.writer.element(name))?;
        let entry = self.entry();
        self.writer.close(entry);
        Ok(())
    }

    fn end(self) -> Result<(), Error> {
        if self.writer.names == Names::Wrapped {
            self.writer.close(self.field);
        }
        Ok(())
    }
}

macro_rules! no_output {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, _: $type) -> Result<(), Error> {
            unsupported("an output that is no structure")
        }
    )*};
}

impl<'w> Serializer for Root<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Impossible<(), Error>;

    no_output! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f32 f32,
        serialize_f64 f64, serialize_char char, serialize_str &str, serialize_bytes &[u8],
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Error> {
        ser::SerializeStruct::end(self.serialize_struct(name, 0)?)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        unsupported("an output that is no structure")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'w>, Error> {
        let name = self.writer.operation;
        for part in ["<", name, "Result>"] {
            self.writer.raw(part);
        }
        Ok(Fields { writer: self.writer, name, suffix: "Result" })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unsupported("an output that is no structure")
    }
}
