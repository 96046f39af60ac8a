//! What an operation on a stack tells the operator of its resources: which of their properties have no effect here, what was
//! left out, and for what placeholders stand.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloudformation::types::Conformed;

/// What there is to tell of the resources that an operation makes or changes.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By type.
    stored: BTreeMap<String, BTreeSet<String>>,
    /// By logical id.
    left_out: BTreeMap<String, BTreeSet<String>>,
    /// By logical id: the type, and what it doesn't do.
    placeholders: BTreeMap<String, (String, String)>,
}

impl Told {
    /// Notes what there is to tell of a resource. `stands_in` is what it doesn't do, if it is a placeholder.
    pub(super) fn note(&mut self, logical_id: &str, kind: &str, conformed: &Conformed, stands_in: Option<String>) {
        if !conformed.stored.is_empty() {
            self.stored.entry(kind.to_owned()).or_default().extend(conformed.stored.iter().cloned());
        }
        if !conformed.left_out.is_empty() {
            self.left_out.insert(logical_id.to_owned(), conformed.left_out.clone());
        }
        if let Some(what) = stands_in {
            self.placeholders.insert(logical_id.to_owned(), (kind.to_owned(), what));
        }
    }

    /// What the event of a resource that is complete says of it.
    pub(super) fn remark(&self, logical_id: &str) -> Option<String> {
        if let Some((kind, what)) = self.placeholders.get(logical_id) {
            return Some(format!("placeholder for {kind}: {what}"));
        }
        let left_out = self.left_out.get(logical_id)?;
        Some(format!("left out, since this cloud does not simulate it: {}", join(left_out)))
    }

    /// The notices of the stack.
    pub(super) fn notices(&self) -> Vec<String> {
        let stored = self.stored.iter().map(|(kind, names)| format!("{kind} {}", join(names)));
        let stored: Vec<String> = stored.collect();
        let stored = (!stored.is_empty()).then(|| format!("stored, without effect here: {}", stored.join("; ")));
        let left_out = self
            .left_out
            .iter()
            .map(|(name, paths)| format!("{name} is without what this cloud does not simulate: {}", join(paths)));
        let placeholders =
            self.placeholders.iter().map(|(name, (kind, what))| format!("{name} is a placeholder for {kind}: {what}"));
        stored.into_iter().chain(left_out).chain(placeholders).collect()
    }
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
