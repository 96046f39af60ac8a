//! How AWS writes things, and how they are read: what every crate needs and none owns. Nothing here knows a service.
//!
//! - [`arn`]: names of resources, taken apart.
//! - [`time`]: times, in each of AWS's formats.
//! - [`query`]: query strings of URLs.
//! - [`glob`]: patterns with `*` and `?`.
//! - [`host`]: hosts of requests, and which of them are this machine.
//! - [`regions`]: the names of AWS's regions.
//! - [`tags`]: what tags are made of.
//! - [`uuid`]: UUIDs that follow from numbers.

pub mod arn;
pub mod glob;
pub mod host;
pub mod query;
pub mod regions;
pub mod tags;
pub mod time;
pub mod uuid;
