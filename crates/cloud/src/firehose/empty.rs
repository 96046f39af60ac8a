//! What operations answer that have nothing to tell.

use serde::Serialize;

/// `{}`.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}
