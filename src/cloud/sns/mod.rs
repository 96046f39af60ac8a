//! SNS: topics, subscriptions, publishing, and delivery to whatever is no queue and no stream.

pub mod arn;
pub mod envelope;
pub mod signing;

use crate::cloud::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];

/// What SNS keeps in memory only.
#[derive(Default)]
pub struct Sns {
    pub signer: signing::Signer,
}
