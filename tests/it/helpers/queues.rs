//! Queues as tests use them: made, filled, read and drained by the real SDK.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as System, QueueAttributeName as Attribute};

/// Creates a queue; its URL.
pub(crate) async fn queue(sqs: &Client, name: &str, attributes: &[(Attribute, &str)]) -> String {
    let attributes: HashMap<_, _> =
        attributes.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
    let created = sqs.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await.unwrap();
    created.queue_url.unwrap()
}

/// The value of one of a queue's attributes.
pub(crate) async fn attribute(sqs: &Client, url: &str, name: Attribute) -> String {
    let answer = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await.unwrap();
    answer.attributes.unwrap_or_default().remove(&name).unwrap_or_default()
}

/// A queue's ARN.
pub(crate) async fn arn(sqs: &Client, url: &str) -> String {
    attribute(sqs, url, Attribute::QueueArn).await
}

/// Receives up to ten messages that are there now.
pub(crate) async fn receive(sqs: &Client, url: &str) -> Vec<Message> {
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10);
    let receive = receive.message_attribute_names("All").message_system_attribute_names(System::All);
    receive.send().await.unwrap().messages.unwrap_or_default()
}

/// Receives and deletes until the queue gives nothing more; what was received, in order.
pub(crate) async fn drain(sqs: &Client, url: &str) -> Vec<Message> {
    let mut all = Vec::new();
    loop {
        let messages = receive(sqs, url).await;
        if messages.is_empty() {
            return all;
        }
        for message in &messages {
            delete(sqs, url, message).await;
        }
        all.extend(messages);
    }
}

pub(crate) async fn delete(sqs: &Client, url: &str, message: &Message) {
    let handle = message.receipt_handle.as_deref().unwrap();
    sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
}

pub(crate) async fn send(sqs: &Client, url: &str, body: &str) -> String {
    sqs.send_message().queue_url(url).message_body(body).send().await.unwrap().message_id.unwrap()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_deref().unwrap()).collect()
}

pub(crate) fn system(message: &Message, name: System) -> &str {
    message.attributes.as_ref().and_then(|attributes| attributes.get(&name)).map_or("", String::as_str)
}
