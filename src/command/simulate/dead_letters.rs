//! The dead-letter queues behind the queues of a run: how many messages they hold.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{ApproximateNumberOfMessages, RedrivePolicy};

use crate::aws::{CallError, Target};
use crate::report::DeadLetters;
use crate::traffic::api::Api;
use crate::traffic::run::FanOut;
use crate::ui::Ui;

/// Asks the dead-letter queue of each queue how many messages it holds before the run. One that can't be asked is told of
/// and left out.
pub(super) async fn look(target: &Target, ui: &Ui, fan_out: &FanOut) -> Vec<(Api, DeadLetters)> {
    let client = target.sqs();
    let mut found = Vec::new();
    for queue in fan_out.queues.iter().filter(|queue| queue.settings.dead_letter_queue.is_some()) {
        match count_behind(&client, &queue.url).await {
            Ok(Some((queue_url, before))) => {
                found.push((
                    queue.api,
                    DeadLetters {
                        queue_url: Some(queue_url),
                        before: Some(before),
                        messages: Some(before),
                        ended: None,
                        unknown: None,
                    },
                ));
            }
            Ok(None) => {}
            Err(error) => {
                ui.warn(format!("The dead letters of the {} queue aren't counted: {error}", queue.api.name()));
            }
        }
    }
    found
}

/// The same queues after the run.
pub(super) async fn look_again(target: &Target, ui: &Ui, queues: &mut [(Api, DeadLetters)]) {
    let client = target.sqs();
    for (api, dead) in queues {
        let (Some(url), Some(before)) = (&dead.queue_url, dead.before) else { continue };
        match count(&client, url).await {
            Ok(messages) => {
                dead.messages = Some(messages);
                dead.ended = Some(messages.saturating_sub(before));
            }
            Err(error) => ui.warn(format!("The dead letters of the {} queue aren't counted: {error}", api.name())),
        }
    }
}

/// The URL of the queue behind a queue, and how many messages it holds.
async fn count_behind(client: &Client, queue_url: &str) -> Result<Option<(String, u64)>, CallError> {
    let answer = client.get_queue_attributes().queue_url(queue_url).attribute_names(RedrivePolicy).send().await?;
    let policy = answer.attributes().and_then(|all| all.get(&RedrivePolicy));
    let policy: serde_json::Value = policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let arn = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
    let mut parts = arn.splitn(6, ':').skip(4);
    let (Some(account), Some(name)) = (parts.next(), parts.next()) else { return Ok(None) };
    let request = client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account);
    let Some(url) = request.send().await?.queue_url else { return Ok(None) };
    let messages = count(client, &url).await?;
    Ok(Some((url, messages)))
}

async fn count(client: &Client, queue_url: &str) -> Result<u64, CallError> {
    let request = client.get_queue_attributes().queue_url(queue_url).attribute_names(ApproximateNumberOfMessages);
    let answer = request.send().await?;
    let number = answer.attributes().and_then(|all| all.get(&ApproximateNumberOfMessages));
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or(0))
}
