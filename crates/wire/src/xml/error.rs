//! Why an answer can't be written.

use std::fmt::{self, Display};

use serde::ser;

#[derive(Debug)]
pub(super) struct Error(String);

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

pub(super) fn unsupported<T>(what: &str) -> Result<T, Error> {
    Err(Error(format!("{what} has no form in the query protocol")))
}
