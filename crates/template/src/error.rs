//! What is wrong with a template.

/// What is wrong with a template or its parameters, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// AWS's message.
    pub message: String,
    /// Whether it comes of a value that is known only after a resource exists.
    pub premature: bool,
}

/// A result, or what is wrong with the template.
pub type Result<T> = std::result::Result<T, Invalid>;

impl Invalid {
    /// A mistake that is one whatever the resources turn out to be.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), premature: false }
    }
}
