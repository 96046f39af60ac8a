//! More declarations than a segment of the log holds, and whether they are all there.

use std::sync::atomic::Ordering;

use aws_sdk_sqs::types::QueueAttributeName;

use super::{Worker, World};
use crate::clients::{Clients, Gone};
use crate::counts::{Did, Fault};
use crate::routes::queue_arn;

/// Queues with a long policy each: together more than [`SMALL_SEGMENTS`](crate::server::SMALL_SEGMENTS).
const QUEUES: usize = 16;
/// Statements of a policy, each of about 380 bytes; SQS takes 20 in 8 KiB.
const STATEMENTS: usize = 18;

fn name(queue: usize) -> String {
    format!("crowd-{queue}")
}

fn policy(queue: usize) -> String {
    let statement = |at: usize| {
        serde_json::json!({
            "Sid": format!("statement-{at}-{}", "s".repeat(200)),
            "Effect": "Allow",
            "Principal": {"AWS": "000000000000"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn(&name(queue)),
        })
    };
    let statements: Vec<_> = (0..STATEMENTS).map(statement).collect();
    serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Makes the queues.
pub(crate) async fn make(clients: &Clients, world: &World) -> Result<(), Box<dyn std::error::Error>> {
    for queue in 0..QUEUES {
        let create = clients.sqs.create_queue().queue_name(name(queue));
        create.attributes(QueueAttributeName::Policy, policy(queue)).send().await?;
    }
    world.counts.did(Did::Settings, QUEUES);
    world.crowded.store(true, Ordering::Relaxed);
    Ok(())
}

/// Each queue has its policy.
pub(super) async fn check(worker: &Worker) -> Result<(), Gone> {
    if !worker.world.crowded.load(Ordering::Relaxed) {
        return Ok(());
    }
    for queue in 0..QUEUES {
        let get = worker.clients.sqs.get_queue_attributes().queue_url(worker.clients.url(&name(queue)));
        let answer = worker.call(get.attribute_names(QueueAttributeName::Policy).send()).await?;
        let attributes = answer.ok().and_then(|it| it.attributes).unwrap_or_default();
        if attributes.get(&QueueAttributeName::Policy) != Some(&policy(queue)) {
            worker.counts().fault(Fault::Settings, || format!("the policy of {} is not what was set", name(queue)));
        }
    }
    Ok(())
}
