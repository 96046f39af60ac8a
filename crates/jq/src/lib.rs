//! A jq 1.6 engine for partition keys, written to be bounded: each step and each byte it makes is paid for out of a
//! fixed budget, so no query and no record can hang the server or fill its memory.

mod ast;
mod error;
mod eval;
mod functions;
mod syntax;
mod value;

use serde_json::Value;

/// A query, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Query(ast::Ast);

impl Query {
    /// The error says what is wrong, or what is not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ast = syntax::parse(text)?;
        ast::check_variables(&ast)?;
        Ok(Self(ast))
    }

    /// The query's first result; `None` if it has none.
    pub fn first(&self, input: &Value) -> Result<Option<Value>, String> {
        eval::first(&self.0, input)
    }
}

#[cfg(test)]
mod tests;
