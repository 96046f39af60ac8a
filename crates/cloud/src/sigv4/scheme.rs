//! The ways in which a request can be signed.

/// Where a request carries its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The `Authorization` header.
    Header,
    /// The query string.
    Query,
    /// The fields of a form.
    Form,
}
