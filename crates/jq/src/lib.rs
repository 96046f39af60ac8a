//! The language jq, version 1.6, as far as extracting keys from records needs it.
//!
//! Supported are paths, slices, operators, `if`, `try`, `reduce`, variables, strings with `\(..)`, five `@formats`, and the
//! functions that `functions::KNOWN` lists. Not supported, and refused by name when a query is read: definitions (`def`),
//! assignment (`|=` and the like), `foreach`, `label`, modules, `$ENV`, and all other functions. Messages are jq's where jq
//! has one.
//!
//! The engine is our own because it is bounded: each step and each byte that it makes is paid for out of a fixed budget, so no
//! query and no record can hang the server or fill its memory. How long and how deep a query may be is bounded as well.
//!
//! ```text
//! syntax/     the query's text to a tree        ast     the tree
//! eval/       runs the tree and pays for it     error   why a run ends early
//! functions/  functions of input and argument   value   how JSON values are ordered, named, counted and added
//! ```

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
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it, or what of it is not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ast = syntax::parse(text)?;
        ast::check_variables(&ast)?;
        Ok(Self(ast))
    }

    /// Runs the query on an input, as far as its first result; `None` if it has none.
    ///
    /// # Errors
    /// The error that the query ends with, or that it takes too many steps.
    pub fn first(&self, input: &Value) -> Result<Option<Value>, String> {
        eval::first(&self.0, input)
    }
}

#[cfg(test)]
mod tests;
