//! How a stack runs: from the status it has to the one that ends its operation, a document at a time.
//!
//! Every step reads where the stack stands and writes what it did, so a run that a restart interrupted goes on where it was.
//! A creation chooses the new resource's name, which nobody has, and writes it before it makes the resource; after a restart
//! what has that name is known to be the stack's.
//!
//! A new resource costs five transactions of the log or more: its first event, its name, the call of its service (some types
//! need several), the event that tells its physical id, and its last event. One transaction could not span them: the service
//! commits its own, and after a crash between any two of them the run has to know how far it came.
//!
//! ```text
//! CREATE_IN_PROGRESS --create--> CREATE_COMPLETE
//!                    `-failed--> ROLLBACK_IN_PROGRESS --delete--> ROLLBACK_COMPLETE (or the stack is deleted)
//! UPDATE_IN_PROGRESS --update--> UPDATE_COMPLETE_CLEANUP_IN_PROGRESS --delete what is left over--> UPDATE_COMPLETE
//!                    `-failed--> UPDATE_ROLLBACK_IN_PROGRESS --restore--> .._CLEANUP_IN_PROGRESS --> UPDATE_ROLLBACK_COMPLETE
//! DELETE_IN_PROGRESS --delete--> DELETE_COMPLETE
//! ```
//!
//! ```text
//! apply    creations and updates          resource   one resource of these
//! delete   deletions and clean-ups        restore    updates taken back
//! state    what a run reads and writes    event      what it tells      notify   .. and to which topics
//! failure  where failures lead            outputs    a stack's outputs
//! told     what has no effect here
//! ```

mod apply;
mod delete;
mod event;
mod failure;
mod moved;
mod notify;
mod outputs;
mod resource;
mod restore;
mod state;
mod told;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;

use super::place::Place;
use super::record::{Stack, Status};
use super::store;
use crate::core::Cloud;
use crate::core::notices::{of_stack, of_stack_at_once};
use crate::request::{Context, RequestIds, Services, intern};
use state::Run;
use wire::AwsError;

pub(super) use event::set_status;
pub(super) use state::Planned;

/// Bytes of the reason for which a stack can't go on.
const MAX_REASON: usize = 1_024;
/// How long a stack waits for a log that takes no writes.
const PAUSE: Duration = Duration::from_secs(1);

/// Goes on with every stack at which something ran when the server stopped.
pub(crate) async fn resume(cloud: Arc<Cloud>, services: &'static Services) {
    moved::follow(&cloud).await;
    go_on_from(cloud, services).await;
}

/// The same after a state was loaded: when this returns, its stacks have followed to this server, and they go on in the background.
pub(crate) async fn go_on(cloud: Arc<Cloud>, services: &'static Services) {
    moved::follow(&cloud).await;
    tokio::spawn(go_on_from(cloud, services));
}

async fn go_on_from(cloud: Arc<Cloud>, services: &'static Services) {
    let stacks = cloud.core.read(|engine, _| store::running_stacks(engine));
    let ids = RequestIds::default();
    for stack in stacks {
        of_stack_at_once(&stack.name, || cloud.notice(&format!("it goes on from {}", stack.status)));
        let place = (&*stack.account, &*stack.region);
        let cx = Context::unasked(&cloud, place, intern(&stack.host), services);
        let cx = Context { service: Some(&super::SERVICE), request_id: ids.next(), ..cx };
        run(cx, stack.uuid, None).await;
    }
}

/// Runs a stack's operation in the background. `planned` is what the definition comes to, of who has worked it out.
pub(super) fn start(cx: &Context, uuid: &str, planned: Option<Planned>) {
    let cx = Context { service: Some(&super::SERVICE), ..cx.clone() };
    tokio::spawn(run(cx, uuid.to_owned(), planned));
}

async fn run(cx: Context, uuid: String, planned: Option<Planned>) {
    let place = Place::of(&cx);
    let (told, stored, deletes) = (Mutex::default(), Mutex::default(), AtomicBool::default());
    let run = Run { cx, place, uuid, planned: Mutex::new(planned), told, stored, deletes };
    if let Some(stack) = run.stack() {
        of_stack(&stack.name, to_rest(&run)).await;
    }
    run.cx.cloud.stack_rests.notify_waiters();
}

async fn to_rest(run: &Run) {
    let cloud = &run.cx.cloud;
    while let Some(stack) = run.stack().filter(|stack| stack.status.running()) {
        let status = stack.status;
        // A fault of this server in one stack is that stack's failure, and nobody else's.
        let step = AssertUnwindSafe(run.step(stack)).catch_unwind().await;
        let Err(mut error) = step.unwrap_or_else(|_| Err(AwsError::internal("Internal Failure"))) else { continue };
        if error.status != 503 {
            cloud.notice(&format!("its operation failed in {status}: {}", error.message));
            match run.stop(status, &error.message).await {
                Ok(()) => continue,
                Err(worse) if worse.status == 503 => error = worse,
                Err(worse) => return cloud.notice(&format!("it stays in {status}: {}", worse.message)),
            }
        }
        cloud.notice(&format!("its operation waits in {status}: {}", error.message));
        tokio::time::sleep(PAUSE).await;
    }
}

impl Run {
    /// Does what the stack's status asks for.
    async fn step(&self, stack: Stack) -> Result<(), AwsError> {
        self.deletes.store(stack.status == Status::DeleteInProgress, Ordering::Relaxed);
        match stack.status {
            Status::CreateInProgress | Status::UpdateInProgress => self.apply(stack).await,
            Status::RollbackInProgress => self.roll_back_creation(stack).await,
            Status::UpdateCleanup | Status::UpdateRollbackCleanup => self.clean_up(stack).await,
            Status::UpdateRollbackInProgress => self.restore(stack).await,
            Status::DeleteInProgress => self.delete(stack).await,
            _ => Ok(()),
        }
    }

    /// Stops an operation that a fault of this server keeps from going on, if the stack still has the status in which it came.
    async fn stop(&self, status: Status, reason: &str) -> Result<(), AwsError> {
        self.change_stack(|tx, stack| {
            if stack.status == status {
                stack.cancelled = false;
                let reason = &reason[..reason.floor_char_boundary(MAX_REASON)];
                set_status(tx, &self.cx, stack, failure::after_fault(stack), Some(reason));
            }
        })
        .await
    }
}
