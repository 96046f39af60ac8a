//! The statuses that failed operations lead to.

use crate::cloudformation::record::{OnFailure, Stack, Status};

/// What a failed creation or update leads to, as the client has wished.
pub(super) fn after_failure(stack: &Stack) -> Status {
    match (stack.status, stack.on_failure) {
        (Status::CreateInProgress, OnFailure::Nothing) => Status::CreateFailed,
        (Status::CreateInProgress, _) => Status::RollbackInProgress,
        (_, OnFailure::Nothing) => Status::UpdateFailed,
        _ => Status::UpdateRollbackInProgress,
    }
}

/// The status of a stack whose operation can't go on for a fault of this server: from it the stack can be deleted, or taken
/// back.
pub(super) fn after_fault(stack: &Stack) -> Status {
    match stack.status {
        Status::RollbackInProgress => Status::RollbackFailed,
        Status::UpdateCleanup => Status::UpdateComplete,
        Status::UpdateRollbackInProgress => Status::UpdateRollbackFailed,
        Status::UpdateRollbackCleanup => Status::UpdateRollbackComplete,
        Status::DeleteInProgress => Status::DeleteFailed,
        _ => after_failure(stack),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudformation::record::Definition;

    fn stack(status: Status, on_failure: OnFailure) -> Stack {
        serde_json::from_value(serde_json::json!({
            "id": "", "uuid": "", "name": "", "account": "", "region": "", "host": "", "status": status, "created": 0,
            "now": Definition::default(), "on_failure": on_failure, "protected": false, "events": 0, "last_event": 0,
            "retain": [], "cancelled": false,
        }))
        .unwrap()
    }

    /// Whatever a stack can't go on from, it comes to a status from which it can be deleted.
    #[test]
    fn every_operation_can_fail() {
        for status in Status::ALL.iter().copied().filter(|status| status.running()) {
            for on_failure in [OnFailure::Nothing, OnFailure::Rollback, OnFailure::Delete] {
                let mut stack = stack(status, on_failure);
                let mut steps = 0;
                while stack.status.running() && steps < 3 {
                    (stack.status, steps) = (after_fault(&stack), steps + 1);
                }
                assert!(steps < 3, "{status} goes on in {}", stack.status);
            }
        }
    }
}
