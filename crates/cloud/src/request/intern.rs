//! Strings that come again and again, shared.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

/// More distinct strings than a server meets; beyond it the cache starts anew. So few can't be made to collide to any harm.
const MAX_INTERNED: usize = 512;

/// One shared string for equal strings that come again and again: regions, accounts, hosts, access keys.
pub(crate) fn intern(text: &str) -> Arc<str> {
    thread_local! {
        static INTERNED: RefCell<FxHashSet<Arc<str>>> = RefCell::default();
    }
    INTERNED.with_borrow_mut(|interned| {
        if let Some(shared) = interned.get(text) {
            return shared.clone();
        }
        let shared: Arc<str> = text.into();
        if text.len() <= 256 {
            if interned.len() >= MAX_INTERNED {
                interned.clear();
            }
            interned.insert(shared.clone());
        }
        shared
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interning_shares() {
        assert!(Arc::ptr_eq(&intern("eu-west-1"), &intern("eu-west-1")));
    }
}
