//! The minute after DeleteQueue in which a queue's name can't be used again; only where the cloud is strict.

use crate::core::transaction::Transaction;
use engine::limits;
use wire::AwsError;

use super::error;

fn key(arn: &str) -> String {
    format!("sqs/deleted/{arn}")
}

/// Remembers when a queue was deleted.
pub(super) fn start(tx: &mut Transaction<'_>, arn: &str) {
    if tx.engine().strict() {
        let now = tx.now.to_le_bytes();
        tx.put_doc(&key(arn), &now);
    }
}

/// # Errors
/// `QueueDeletedRecently` within 60 seconds of the deletion.
pub(super) fn check(tx: &mut Transaction<'_>, arn: &str) -> Result<(), AwsError> {
    let key = key(arn);
    let Some(deleted) = tx.engine().doc(&key).and_then(|at| Some(u64::from_le_bytes((&**at).try_into().ok()?))) else {
        return Ok(());
    };
    // A deletion that is still to come was dated by a clock that has been set back since.
    if tx.engine().strict() && deleted <= tx.now && tx.now < deleted + limits::QUEUE_COOL_DOWN {
        return Err(error::deleted_recently());
    }
    tx.delete_doc(&key);
    Ok(())
}
