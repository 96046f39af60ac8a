//! Mobile push: platform applications and their endpoints. Messages to them are recorded, not sent.

pub mod application;
pub mod endpoint;
pub mod keys;
