//! A queue's setting that is changed over and over.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::routes::SETTINGS;

/// The visibility timeout that the queue is made with, in seconds: AWS's default.
pub(super) const FIRST: u32 = 30;

pub(super) async fn run(mut worker: Worker) -> Result<(), Gone> {
    loop {
        let seconds = worker.rng.random_range(0..43_200);
        worker.world.timeout.lock().writes(seconds);
        let set = worker.clients.sqs.set_queue_attributes().queue_url(worker.clients.url(SETTINGS));
        let set = set.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string());
        match worker.call(set.send()).await? {
            Ok(_) => {
                worker.world.timeout.lock().wrote(seconds);
                worker.counts().did(Did::Settings, 1);
            }
            Err(why) => {
                worker.world.timeout.lock().refused();
                worker.counts().fault(Fault::Refused, || format!("SetQueueAttributes: {why}"));
            }
        }
        worker.pause(Duration::from_millis(60)).await;
    }
}

pub(super) async fn check(worker: &Worker) -> Result<(), Gone> {
    let get = worker.clients.sqs.get_queue_attributes().queue_url(worker.clients.url(SETTINGS));
    let answer = worker.call(get.attribute_names(QueueAttributeName::VisibilityTimeout).send()).await?;
    let text = match &answer {
        Ok(answer) => answer.attributes().and_then(|it| it.get(&QueueAttributeName::VisibilityTimeout)),
        Err(_) => None,
    };
    let mut known = worker.world.timeout.lock();
    let before = known.clone();
    if !text.and_then(|text| text.parse().ok()).is_some_and(|seconds| known.read(seconds)) {
        worker.counts().fault(Fault::Settings, || format!("{text:?} is none of {before:?}"));
    }
    Ok(())
}
