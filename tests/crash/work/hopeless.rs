//! Stacks that can't go on: they must fail alone, tell why, and be deletable; the server serves on.

use std::time::{Duration, Instant};

use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::routes::{OBJECTS, QUEUES};

/// Names that these stacks take in turn.
pub(super) const STACKS: usize = 2;

/// How long a stack may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// What stands in a stack's way.
#[derive(Clone, Copy)]
enum Wall {
    /// A value that doubles with each level: refused at the call or by the run.
    Grows,
    /// A resource that exists already.
    Taken,
    /// A bucket that isn't empty when it is to be deleted.
    Full,
}

pub(super) async fn run(mut worker: Worker, slot: usize) -> Result<(), Gone> {
    let name = format!("hopeless-{slot}");
    loop {
        let wall = [Wall::Grows, Wall::Taken, Wall::Full][worker.rng.random_range(0..3)];
        let create = worker.clients.cloudformation.create_stack().stack_name(&name);
        // What is refused at the call has failed as it should.
        if worker.call(create.template_body(template(wall, &name)).send()).await?.is_ok() {
            rest(&worker, &name).await?;
            if matches!(wall, Wall::Full) {
                let put = worker.clients.s3.put_object().bucket(bucket(&name)).key("k").body(b"x".to_vec().into());
                let _ = worker.call(put.send()).await?;
            }
        }
        clear(&worker, &name).await?;
        worker.pause(Duration::from_millis(50)).await;
    }
}

fn bucket(stack: &str) -> String {
    format!("of-{stack}")
}

fn template(wall: Wall, stack: &str) -> String {
    let resource = match wall {
        Wall::Grows => {
            let mut value = serde_json::json!("x".repeat(100));
            for _ in 0..24 {
                value = serde_json::json!({"Fn::Sub": ["${a}${a}", {"a": value}]});
            }
            serde_json::json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}})
        }
        Wall::Taken => serde_json::json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": QUEUES[0]}}),
        Wall::Full => serde_json::json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket(stack)}}),
    };
    serde_json::json!({"Resources": {"R": resource}}).to_string()
}

/// Waits until a stack rests; its status, none when it is gone.
async fn rest(worker: &Worker, name: &str) -> Result<Option<String>, Gone> {
    let since = Instant::now();
    loop {
        let described = worker.call(worker.clients.cloudformation.describe_stacks().stack_name(name).send()).await?;
        let stack = described.ok().and_then(|it| it.stacks.unwrap_or_default().pop());
        let Some(status) = stack.and_then(|it| it.stack_status).map(|it| it.as_str().to_owned()) else {
            return Ok(None);
        };
        if !status.ends_with("_IN_PROGRESS") {
            return Ok(Some(status));
        }
        if since.elapsed() > PATIENCE {
            worker.counts().fault(Fault::Hopeless, || format!("{name} stays {status}"));
            return Ok(Some(status));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Deletes a stack, what stands in its bucket first where that is what it fails of. Whether it is gone.
async fn clear(worker: &Worker, name: &str) -> Result<bool, Gone> {
    for _ in 0..3 {
        let Some(status) = rest(worker, name).await? else {
            worker.counts().did(Did::Hopeless, 1);
            return Ok(true);
        };
        if status == "DELETE_FAILED" {
            let delete = worker.clients.s3.delete_object().bucket(bucket(name)).key("k");
            let _ = worker.call(delete.send()).await?;
        }
        if let Err(why) = worker.call(worker.clients.cloudformation.delete_stack().stack_name(name).send()).await? {
            worker.counts().fault(Fault::Hopeless, || format!("{name}, {status}: {why}"));
        }
    }
    match rest(worker, name).await? {
        None => Ok(true),
        Some(status) => {
            worker.counts().fault(Fault::Hopeless, || format!("{name} can't be deleted: {status}"));
            Ok(false)
        }
    }
}

/// All of them can be deleted, and nothing of theirs is left; what isn't theirs is untouched, as the other checks tell.
pub(super) async fn check(worker: &Worker) -> Result<(), Gone> {
    for slot in 0..STACKS {
        let name = format!("hopeless-{slot}");
        if clear(worker, &name).await? {
            let head = worker.clients.s3.list_objects_v2().bucket(bucket(&name)).send();
            if worker.call(head).await?.is_ok() {
                worker.counts().fault(Fault::Hopeless, || format!("{name} is gone, and its bucket is there"));
            }
        }
    }
    let listed = worker.call(worker.clients.s3.list_objects_v2().bucket(OBJECTS).send()).await?;
    if let Err(why) = listed {
        worker.counts().fault(Fault::Hopeless, || format!("{OBJECTS}: {why}"));
    }
    Ok(())
}
