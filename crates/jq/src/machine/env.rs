//! What names stand for while a filter runs: a list that grows at its head, and that many may share.

use std::rc::Rc;

use crate::ast::{Ast, Definition};
use crate::value::Val;

/// The innermost entry, if there is one.
#[derive(Clone, Default)]
pub(super) struct Env<'q>(Option<Rc<Entry<'q>>>);

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Meaning<'q> {
    Value(Val),
    Function(&'q Definition),
    /// What was given for a parameter: a filter, and the names around it.
    Filter(&'q Ast, Env<'q>),
    Label(usize),
}

struct Entry<'q> {
    meaning: Meaning<'q>,
    outer: Env<'q>,
}

impl<'q> Env<'q> {
    /// With one more entry.
    pub(super) fn with(self, meaning: Meaning<'q>) -> Self {
        Self(Some(Rc::new(Entry { meaning, outer: self })))
    }

    /// From an entry on outwards, so many entries out.
    pub(super) fn at(&self, distance: usize) -> Self {
        let mut env = self;
        for _ in 0..distance {
            match &env.0 {
                Some(entry) => env = &entry.outer,
                None => break,
            }
        }
        env.clone()
    }

    /// What the innermost entry means.
    pub(super) fn meaning(&self) -> Option<&Meaning<'q>> {
        self.0.as_ref().map(|entry| &entry.meaning)
    }
}

impl<'q> Entry<'q> {
    /// Moves what the entry holds of others.
    fn release(&mut self, into: &mut Vec<Rc<Entry<'q>>>) {
        into.extend(self.outer.0.take());
        if let Meaning::Filter(_, env) = &mut self.meaning {
            into.extend(env.0.take());
        }
    }
}

// A long list is freed without recursion.
impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut freed = Vec::new();
        self.release(&mut freed);
        while let Some(entry) = freed.pop() {
            if let Ok(mut entry) = Rc::try_unwrap(entry) {
                entry.release(&mut freed);
            }
        }
    }
}
