//! `POST /_messaging/reset`: the cloud is empty again, as a test wants it. One transaction, so that nobody sees half of it.

use std::sync::Arc;
use std::time::Duration;

use crate::core::{Cloud, TOO_LARGE};
use crate::state::KEPT;
use crate::{cloudformation, s3, state};
use engine::Change;
use wire::AwsError;

/// Bytes of a parameter's name that are quoted.
const LONGEST: usize = 100;
/// How often, and for how long, it is looked whether stacks have come to rest.
const LOOKS: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Takes all that clients made, in all accounts: whatever is declared, every document but [`KEPT`], and the rules of chaos. It asks
/// neither policies nor Object Lock nor termination protection. `query` is the request's.
///
/// A stack whose operation runs is waited for: what it is just making would be there afterwards.
///
/// # Errors
/// 400 for a query: whoever names an account, say, would lose more than he meant. 409 when a stack doesn't come to rest. 413 when
/// there is more than one transaction can take away.
pub(super) async fn reset(cloud: &Arc<Cloud>, query: &str) -> Result<(), AwsError> {
    if !query.is_empty() {
        let name = query.split(['=', '&']).next().unwrap_or_default();
        let name = name[..name.floor_char_boundary(LONGEST)].escape_debug();
        let message = format!("Nothing was reset: a reset takes no parameter, as {name}. It empties all accounts.");
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    empty(cloud).await
}

/// As [`reset`], which is the request for it.
///
/// # Errors
/// 409 and 413, as [`reset`].
pub(crate) async fn empty(cloud: &Arc<Cloud>) -> Result<(), AwsError> {
    let mut busy = String::new();
    for _ in 0..LOOKS {
        match attempt(cloud).await? {
            Ok(()) => return Ok(()),
            Err(name) => busy = name,
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = format!("Nothing was reset: the operation on the stack {busy} still runs.");
    Err(AwsError::new(409, "OperationInProgress", message))
}

/// The inner error is the name of a stack that isn't at rest.
async fn attempt(cloud: &Arc<Cloud>) -> Result<Result<(), String>, AwsError> {
    let done = cloud.core.execute_freeing(|tx| {
        let engine = tx.engine();
        if let Some(name) = cloudformation::running(engine) {
            return Ok(Err(name));
        }
        let (blobs, seqs) = s3::all_bytes(engine).map_err(AwsError::from)?;
        let mut contents = engine.contents();
        contents.documents.retain(|key| !KEPT.contains(&key.as_str()));
        contents.gone().for_each(|change| tx.apply(&change));
        if !seqs.is_empty() {
            tx.apply(&Change::LetGo { seqs });
        }
        Ok(Ok((contents.queues, blobs)))
    });
    let (queues, blobs) = match done.await.map_err(too_much)? {
        Ok(gone) => gone,
        Err(busy) => return Ok(Err(busy)),
    };
    state::changed(cloud, queues, blobs).await;
    Ok(Ok(()))
}

fn too_much(error: AwsError) -> AwsError {
    if error.status != TOO_LARGE {
        return error;
    }
    let message = format!(
        "Nothing was reset: {} Delete the largest buckets first, or stop the server and remove its data folder.",
        error.message
    );
    AwsError { message, ..error }
}
