//! What several tests need: clouds, programs and requests to run them with. Tests import these and never each other.

pub(crate) mod accounts;
pub(crate) mod api;
pub(crate) mod binary;
pub(crate) mod cloud;
pub(crate) mod elsewhere;
pub(crate) mod folders;
pub(crate) mod proxy;
pub(crate) mod queues;
pub(crate) mod raw;
pub(crate) mod signed;
pub(crate) mod stacks;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod topics;
