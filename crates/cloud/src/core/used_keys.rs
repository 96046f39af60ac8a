//! When users' access keys were used last, since the server started.

use std::collections::HashMap;
use std::sync::Arc;

use engine::Millis;
use parking_lot::Mutex;

/// A use of an access key.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// When.
    pub at: Millis,
    /// The service's id, `s3`.
    pub service: &'static str,
    pub region: Arc<str>,
}

/// The last use of each key that users have; no others come in, so it grows no further than they.
#[derive(Default)]
pub(crate) struct UsedKeys(Mutex<HashMap<Arc<str>, Use>>);

impl UsedKeys {
    /// Notes a use.
    pub(crate) fn note(&self, key: &Arc<str>, used: Use) {
        self.0.lock().insert(key.clone(), used);
    }

    /// The last use of a key.
    pub(crate) fn last(&self, key: &str) -> Option<Use> {
        self.0.lock().get(key).cloned()
    }

    /// All keys are gone.
    pub(crate) fn forget_all(&self) {
        self.0.lock().clear();
    }

    /// A key is gone.
    pub(crate) fn forget(&self, key: &str) {
        self.0.lock().remove(key);
    }
}
