//! The one owner of the engine and the log, and the source of time and ids.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Milliseconds since the Unix epoch.
pub type Millis = u64;
