//! What clients of the tasks do, and whether what they get is right.
//!
//! ```text
//! plan      what they ask for
//!   files     the files that they send
//! client    a client of the API
//! everyday  some tasks on an idle system, then a flood, and beside it tenants with a single task
//!   dead      messages that no worker can read, to be found in the dead-letter queue
//! large     one large text, measured
//! ```

mod client;
mod dead;
mod everyday;
mod files;
mod large;
mod plan;

use crate::tasks::SIZE;
use crate::tasks::size::{NEEDED, Size};
use crate::{Error, Ledger, Traffic};

/// Makes the traffic.
pub(super) async fn run(traffic: Traffic) -> Result<Ledger, Error> {
    match traffic.settings.parse::<Size>(SIZE, NEEDED)? {
        Some(size) => large::run(&traffic, size).await,
        None => everyday::run(traffic).await,
    }
}
