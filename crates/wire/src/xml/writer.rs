//! XML, element by element, straight into bytes.

use std::fmt::Display;
use std::io::Write;

use super::escape::escape;

/// A document that is being written. What is opened is the caller's to close.
#[derive(Debug, Default)]
pub struct Writer {
    pub(super) out: Vec<u8>,
}

impl Writer {
    /// An empty document with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// Adds text that is XML already.
    pub fn raw(&mut self, xml: &str) {
        self.out.extend_from_slice(xml.as_bytes());
    }

    /// Begins an element.
    pub fn open(&mut self, name: &str) {
        self.out.push(b'<');
        self.raw(name);
        self.out.push(b'>');
    }

    /// Ends an element.
    pub fn close(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.out.push(b'>');
    }

    /// Adds text, escaped.
    pub fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// Adds an element that holds a text.
    pub fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// Adds what needs no escaping: a number, a boolean.
    pub(super) fn display(&mut self, value: impl Display) {
        let _ = write!(self.out, "{value}");
    }

    /// The document.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }
}
