//! What a leg is called.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::api::Api;

/// The name of a leg: `orders`, `payments` and `S3` of the built-in fan-out, of any other system the queue's or the stream's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LegName(Arc<str>);

/// What landed, where there is one stream and the template is built like our own.
pub(crate) const S3: &str = "S3";
/// How files call the latencies of that.
const LANDING: &str = "landing";

impl LegName {
    /// A leg of this name.
    pub(crate) fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name of what landed, as [`S3`] says.
    pub(crate) fn landing() -> Self {
        Self::new(S3)
    }

    /// As reports say it.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// A queue's latencies, as files call them.
    pub(crate) fn queue_tag(&self) -> String {
        format!("{}.e2e", self.0)
    }

    /// The latencies of what a stream landed, as files call them.
    pub(crate) fn landing_tag(&self) -> String {
        match self.name() {
            S3 => LANDING.to_owned(),
            name => format!("{name}.{LANDING}"),
        }
    }
}

impl From<Api> for LegName {
    fn from(api: Api) -> Self {
        Self::new(api.name())
    }
}

impl fmt::Display for LegName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
