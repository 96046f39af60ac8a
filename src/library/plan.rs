//! What a builder that was found good comes to.

use std::net::SocketAddr;

use ::cloud::{ChaosRules, Options};

use super::stack::Template;

/// A builder that was found good.
pub(super) struct Plan {
    pub options: Options,
    pub address: SocketAddr,
    pub region: String,
    pub start: Start,
}

/// What makes of an empty cloud the one that was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    pub template: Option<Template>,
    pub chaos: Option<ChaosRules>,
}
