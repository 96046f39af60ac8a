//! How to test in Rust what talks to AWS: a cloud for each test, in the test's own process. `cargo test --test examples` runs them.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod fanout;
mod orders;
