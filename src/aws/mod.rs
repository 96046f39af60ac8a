//! Clients for a target, and what their errors mean.
//!
//! `local` never reads profiles, SSO, IMDS or real credentials: it signs with fixed test keys and talks to one address.
//! `aws` is the SDK's own chain. Nothing reaches AWS unless the target says so. No request waits for an answer without a
//! limit ([`timeouts`]), no answer is read without one ([`bounded`]), and no attempt of the SDK goes unseen ([`attempts`]).

pub(crate) mod attempts;
mod bounded;
mod connect;
mod error;
mod flags;
mod gap;
pub(crate) mod keys;
mod page;
mod place;
pub(crate) mod queue;
mod region;
mod speaks;
mod state;
mod target;

pub(crate) use self::error::{CallError, ErrorKind};
pub(crate) use self::flags::{TargetArgs, TargetKind, local_region};
pub(crate) use self::page::{NoPage, PageMethod};
pub(crate) use self::target::Target;
