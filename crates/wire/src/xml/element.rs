//! An answer's values as elements, by serde.

use std::fmt::Display;

use serde::ser::{self, Impossible, Serialize, Serializer};

use super::error::{Error, unsupported};
use super::writer::Writer;
use crate::Names;
use crate::types::TIMESTAMP;

/// An answer that is being written.
pub(super) struct Answer {
    pub xml: Writer,
    pub names: Names,
    pub operation: &'static str,
}

impl Answer {
    fn element(&mut self, name: &'static str) -> Element<'_> {
        Element { answer: self, name, timestamp: false }
    }
}

/// One value as the element `name`.
pub(super) struct Element<'w> {
    answer: &'w mut Answer,
    name: &'static str,
    /// A number is a time, in seconds.
    timestamp: bool,
}

impl Element<'_> {
    fn text(self, text: &str) -> Result<(), Error> {
        self.answer.xml.element(self.name, text);
        Ok(())
    }

    fn display(self, value: impl Display) -> Result<(), Error> {
        self.answer.xml.open(self.name);
        self.answer.xml.display(value);
        self.answer.xml.close(self.name);
        Ok(())
    }
}

/// An open structure: writes its fields, then the end tag.
pub(super) struct Fields<'w> {
    pub answer: &'w mut Answer,
    pub name: &'static str,
    /// The end tag's suffix, for the result element.
    pub suffix: &'static str,
}

/// An open list.
pub(super) struct Items<'w> {
    answer: &'w mut Answer,
    field: &'static str,
}

/// An open map; keys are written as they come, values follow.
pub(super) struct Entries<'w> {
    answer: &'w mut Answer,
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
        if self.answer.names == Names::Wrapped {
            self.answer.xml.open(self.name);
        }
        Ok(Items { answer: self.answer, field: self.name })
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
        if self.answer.names == Names::Wrapped {
            self.answer.xml.open(self.name);
        }
        Ok(Entries { answer: self.answer, field: self.name })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'w>, Error> {
        self.answer.xml.open(self.name);
        Ok(Fields { answer: self.answer, name: self.name, suffix: "" })
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
        value.serialize(self.answer.element(key))
    }

    fn end(self) -> Result<(), Error> {
        // SQS writes a result that holds nothing as one tag (recorded on AWS).
        let empty = || [self.name, self.suffix, ">"].concat();
        if self.suffix == "Result"
            && self.answer.names == Names::Flat
            && self.answer.xml.out.ends_with(empty().as_bytes())
        {
            self.answer.xml.out.pop();
            self.answer.xml.raw("/>");
            return Ok(());
        }
        self.answer.xml.raw("</");
        self.answer.xml.raw(self.name);
        self.answer.xml.raw(self.suffix);
        self.answer.xml.raw(">");
        Ok(())
    }
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = match self.answer.names {
            Names::Wrapped => "member",
            Names::Flat => self.answer.names.item(self.field, self.answer.operation),
        };
        value.serialize(self.answer.element(name))
    }

    fn finish(self) {
        if self.answer.names == Names::Wrapped {
            self.answer.xml.close(self.field);
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
        match self.answer.names {
            Names::Wrapped => "entry",
            Names::Flat => self.answer.names.item(self.field, self.answer.operation),
        }
    }
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let entry = self.entry();
        self.answer.xml.open(entry);
        let name = self.answer.names.entry(self.field).0;
        key.serialize(self.answer.element(name))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = self.answer.names.entry(self.field).1;
        value.serialize(self.answer.element(name))?;
        let entry = self.entry();
        self.answer.xml.close(entry);
        Ok(())
    }

    fn end(self) -> Result<(), Error> {
        if self.answer.names == Names::Wrapped {
            self.answer.xml.close(self.field);
        }
        Ok(())
    }
}
