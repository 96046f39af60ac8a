//! What names stand for: what the query has defined around a place, then the functions that all queries have.

use std::collections::HashMap;

use crate::ast::Ast;
use crate::functions;

/// What a name was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Variable(String),
    /// A function, or a parameter of one: its name and how many arguments it takes.
    Function(String, usize),
    Label(String),
}

/// What is defined at a place, the innermost last. A run has an environment of the same entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    names: Vec<Name>,
}

impl Scope {
    pub(super) fn push(&mut self, name: Name) {
        self.names.push(name);
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Forgets all but the outermost.
    pub(super) fn truncate(&mut self, len: usize) {
        self.names.truncate(len);
    }

    /// How many definitions out a name stands.
    pub(super) fn distance(&self, wanted: &Name) -> Option<usize> {
        self.names.iter().rev().position(|name| name == wanted)
    }
}

/// The functions written in jq that all queries have.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    numbers: HashMap<(String, usize), usize>,
}

impl Globals {
    pub(super) fn add(&mut self, name: &str, arguments: usize, number: usize) {
        self.numbers.insert((name.to_owned(), arguments), number);
    }

    fn find(&self, name: &str, arguments: usize) -> Option<usize> {
        self.numbers.get(&(name.to_owned(), arguments)).copied()
    }
}

/// The call of a function.
pub(super) fn call(scope: &Scope, globals: &Globals, name: &str, arguments: Vec<Ast>) -> Result<Ast, String> {
    let count = arguments.len();
    if let Some(distance) = scope.distance(&Name::Function(name.to_owned(), count)) {
        return Ok(Ast::Call(distance, arguments));
    }
    if let Some(number) = globals.find(name, count) {
        return Ok(Ast::Global(number, arguments));
    }
    let mut given = arguments.into_iter();
    let mut next = || given.next().map(Box::new);
    match (name, count) {
        ("empty", 0) => return Ok(Ast::Empty),
        ("path", 1) => return next().map(Ast::Path).ok_or_else(String::new),
        ("getpath", 1) => return next().map(Ast::GetPath).ok_or_else(String::new),
        ("range", 2) => return next().zip(next()).map(|(from, upto)| Ast::Range(from, upto)).ok_or_else(String::new),
        _ => {}
    }
    if let Some(native) = functions::native(name, count) {
        return Ok(Ast::Native(native, given.collect()));
    }
    if functions::REFUSED.contains(&(name, count)) {
        return Err(format!("{name}/{count} is not supported in the jq query"));
    }
    Err(format!("{name}/{count} is not defined"))
}
