//! The traffic of the scenario's clients: three tenants submit jobs, follow them by their status, and fetch the results. Some
//! requests are wrong on purpose, some payloads ask the processor to fail, once or for ever.
//!
//! ```text
//! plan     which requests there are
//! client   a tenant's requests over HTTP
//! submit   makes the requests
//! follow   asks for each job's status until it has ended, and looks at its result
//! proof    what the cloud says afterwards: dead letters, what is left in the queue
//! again    looks at everything once more when all have ended
//! ```

mod again;
mod client;
mod follow;
mod plan;
mod proof;
mod submit;

use std::sync::Arc;

use tokio::sync::mpsc;

use self::client::Client;
use self::follow::Followed;
use self::submit::Submitted;
use super::{options, output};
use crate::ledger::{Ledger, Leg};
use crate::{Error, Traffic};

/// What the parts of a run share.
struct Run {
    traffic: Traffic,
    /// A client for each tenant.
    clients: Vec<Client>,
    bucket: String,
    queue: String,
    dead_letters: String,
    /// Whether a failed job's status isn't told: that it is a dead letter is its end.
    literal: bool,
}

impl Run {
    fn new(traffic: Traffic) -> Result<Self, Error> {
        let output = |name: &str| {
            traffic.outputs.get(name).cloned().ok_or_else(|| {
                Error::usage(format!("The stack has no output {name}"), "Deploy the scenario's own template.")
            })
        };
        let (bucket, queue, dead_letters) =
            (output(output::BUCKET)?, output(output::QUEUE)?, output(output::DEAD_LETTERS)?);
        let clients = plan::TENANTS.iter().map(|name| Client::new(&traffic, name)).collect::<Result<_, _>>()?;
        let literal = traffic.settings.is_on(options::LITERAL)?;
        Ok(Self { traffic, clients, bucket, queue, dead_letters, literal })
    }
}

/// Runs it.
pub(super) async fn run(traffic: Traffic) -> Result<Ledger, Error> {
    // Signing a key may take a second of a processor.
    let run = tokio::task::spawn_blocking(move || Run::new(traffic)).await;
    let run = Arc::new(run.unwrap_or_else(|error| Err(Error::failed("Can't begin", error)))?);
    let before = again::objects(&run).await;
    // A job is a few hundred bytes here, and the count is the user's.
    let (tx, rx) = mpsc::unbounded_channel();
    let (submitted, mut followed) = tokio::join!(submit::all(&run, tx), follow::all(&run, rx));
    proof::settle_untold(&run, &mut followed).await;
    let mut ledger = Ledger::default();
    ledger.legs.push(leg(&submitted, &followed));
    ledger.tenants = followed.tenants.clone();
    proof::add(&run, &submitted, followed, before, &mut ledger).await;
    Ok(ledger)
}

/// The way from a request to its result.
fn leg(submitted: &Submitted, followed: &Followed) -> Leg {
    let mut leg = Leg::new("job");
    leg.asked = submitted.asked;
    leg.refused = submitted.refused;
    leg.done = followed.done;
    leg.lost = followed.open.len() as u64;
    leg.dead = followed.dead.len() as u64;
    leg.dead_expected = submitted.poison;
    leg.failed = submitted.unexpected.len() as u64 + followed.unexpected.len() as u64;
    leg.lead = followed.lead.clone();
    leg.execution = followed.execution.clone();
    for name in submitted.unexpected.iter().chain(&followed.unexpected).chain(&followed.open) {
        leg.name_one(name.clone());
    }
    leg
}
