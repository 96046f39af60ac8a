//! The library: a cloud for a test, within its process.

mod builder;
mod cloud;
mod error;
mod look;
mod plan;
mod running;
mod stack;
mod thread;

pub use self::builder::{Builder, Clock};
pub use self::cloud::Cloud;
pub use self::error::Error;
pub use self::look::{Attribute, Bucket, Message, Notice, Object, Queue, State};
pub use log::Durability;
