//! Subscriptions: a file for each operation or small family.

pub(crate) mod attributes;
pub(crate) mod confirm;
mod confirmation;
mod ended;
mod endpoint;
pub(crate) mod list;
pub(crate) mod subscribe;
mod token;
pub(crate) mod unsubscribe;
mod validate;
