//! What the services of all scenarios share. It knows no scenario, and nothing of the embedded cloud.
//!
//! ```text
//! http/     one face for every API: routes, documentation, health, metrics, problem documents, limits, a graceful stop
//! database/ an SQLite file or PostgreSQL: its address, its opening, whether it is there
//! metrics   what `/metrics` shows: requests and jobs
//! record    what a service says while it runs: a line for people, an object for programs
//! objects/  objects in a bucket, of any size in bounded memory
//! auth/     who calls: bearer tokens, and the keys that sign them
//! alarms/   alarms over figures, told to a topic
//! emf       figures for CloudWatch in the lines of the log
//! clock     the wall clock
//! ```

pub mod alarms;
pub mod auth;
pub mod clock;
pub mod database;
pub mod emf;
pub mod http;
pub mod metrics;
pub mod objects;
pub mod record;
