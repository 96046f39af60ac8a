//! Subscriptions: a file for each operation or small family.

pub mod attributes;
pub mod confirm;
mod confirmation;
mod ended;
mod endpoint;
pub mod list;
pub mod subscribe;
mod token;
pub mod unsubscribe;
mod validate;
