//! The scenarios end to end: the real binary, over real ports, with clients that are none of its own.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod archive;
mod every;
mod fanout;
mod foreign;
mod helpers;
mod jobs;
mod tasks;
mod workflows;
