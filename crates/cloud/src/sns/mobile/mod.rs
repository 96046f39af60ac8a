//! Mobile push: platform applications and their endpoints. Messages to them are recorded, not sent.

pub(super) mod application;
pub(super) mod endpoint;
pub(super) mod keys;
