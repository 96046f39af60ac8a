//! A scenario that runs in this process: its face served on a port, its work beside it.

use std::net::SocketAddr;

use futures::stream::{FuturesUnordered, StreamExt};
use scenario::{Clients, Error, Outputs, Scenario, System};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::aws::{Target, TargetKind};
use crate::deploy::Template;
use crate::exit::Failure;
use crate::stack;

/// A service that runs until it is stopped or fails.
pub(super) struct Running {
    /// Where its face listens.
    pub address: SocketAddr,
    /// Cancelled when it is to stop, and when something of it failed.
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Listens, opens what is to be served there, and begins to serve it.
    pub(super) async fn start(
        address: SocketAddr,
        open: impl AsyncFnOnce(SocketAddr, CancellationToken) -> Result<System, Failure>,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::new(format!("Can't listen on {address}"))
                .why(error)
                .help("Stop what listens there, or choose another address with --addr; port 0 is a free one.")
        })?;
        let address = listener.local_addr().map_err(|error| Failure::new("Can't tell where it listens").why(error))?;
        let stop = CancellationToken::new();
        let system = open(address, stop.clone()).await?;
        let ending = stop.clone();
        let serving = service::http::serve(system.face, listener, stop.clone());
        let task = tokio::spawn(async move {
            let mut work: FuturesUnordered<_> = system.work.into_iter().map(tokio::spawn).collect();
            let working = async {
                let mut outcome = Ok(());
                while let Some(ended) = work.next().await {
                    let ended = ended.unwrap_or_else(|error| Err(Error::failed("A part of the service ended", error)));
                    if ended.is_err() {
                        ending.cancel();
                        outcome = outcome.and(ended);
                    }
                }
                outcome
            };
            let (outcome, ()) = tokio::join!(working, serving);
            outcome
        });
        Ok(Self { address, stop, task })
    }

    /// Resolves when something of it has failed.
    pub(super) async fn failed(&self) {
        self.stop.cancelled().await;
    }

    /// Stops it: what is under way ends or goes back.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        let ended = self.task.await;
        ended.map_err(|error| Failure::new("The service ended").why(error))?.map_err(failure)
    }
}

/// A scenario's error as the command line shows it.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Usage { what, help } => Failure::usage(what).help(help),
        Error::Failed { what, why } => Failure::new(what).why(why),
    }
}

/// Clients of a target.
pub(super) fn clients(target: &Target) -> Clients {
    Clients {
        sqs: target.sqs(),
        sns: target.sns(),
        s3: target.s3(),
        dynamodb: target.dynamodb(),
        region: target.region.clone(),
        is_aws: target.kind == TargetKind::Aws,
    }
}

/// The stack's name unless somebody gives one.
pub(super) fn stack_name(given: Option<&str>, scenario: &str) -> String {
    given.map_or_else(|| format!("messaging-{scenario}"), str::to_owned)
}

/// A scenario's template.
pub(super) fn template(scenario: &dyn Scenario) -> Template {
    Template::new(scenario.template(), format!("the template of {}", scenario.name()))
}

/// What the stack of a scenario tells, or else what is found by its usual name.
pub(super) async fn outputs(
    scenario: &dyn Scenario,
    target: &Target,
    clients: &Clients,
    stack: &str,
) -> Result<Outputs, Failure> {
    let found = stack::describe(target, stack).await;
    let found = found.map_err(|error| error.failure(target, &format!("look the stack {stack} up")))?;
    if let Some(stack) = found {
        return Ok(stack.outputs);
    }
    let found = scenario.find_by_name(clients).await.map_err(failure)?;
    if found.is_empty() {
        let named = match stack == stack_name(None, scenario.name()) {
            true => String::new(),
            false => format!(" --stack {stack}"),
        };
        return Err(Failure::usage(format!("There is no stack {stack} on {}", target.describe())).help(format!(
            "Deploy it with `messaging deploy --scenario {}{named}`, or name another with --stack.",
            scenario.name()
        )));
    }
    Ok(found)
}
