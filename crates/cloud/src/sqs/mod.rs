//! SQS: queues and their messages.
//!
//! ```text
//! queues     create_queue delete_queue purge_queue queue_attributes tags permissions get_queue_url list_queues
//! messages   send_message send_message_batch receive_message delete_message change_visibility
//! redrive    move_tasks/
//! chaos      again                                                          what comes again, and out of order, by rules
//! rules      attributes redrive policy access queue_url cool_down            of queues
//!            sending received message_attributes body receipt batch          of messages
//!            error                                                          and what is said when one is broken
//! pages      peek                                                           what lies in a queue, without receiving it
//! ```
//!
//! The order in which SQS looks at a request, the same in all of its operations. What stands below isn't looked at while something above is
//! wrong:
//!
//! ```text
//! 1  types of the parameters                        SerializationException          wire
//! 2  the queue's address: there, a URL of a queue   MissingParameter, InvalidAddress   queue_url::to_arn
//! 3  the other parameters: there, their bounds      MissingParameter, InvalidParameterValue; a batch as a whole, then each entry
//! 4  whether the queue exists                       QueueDoesNotExist               queue_url::open
//! 5  whether the caller may                         AccessDenied                    queue_url::open
//! 6  what depends on the queue                      FIFO's parameters, attributes, receipt handles
//! ```
//!
//! Source: what was recorded on AWS of requests with two things wrong (a message that is too long for a queue that isn't there, a
//! FIFO parameter for one that is no FIFO queue); no page of AWS's has it.
//!
//! A message that came by SNS lies in the log once, as it was published, however many queues it went to. Each queue's
//! subscription decides how it looks there, so the JSON document around it is made when a consumer receives it:
//! `received` and the mover of `move_tasks` ask [`crate::notification`] for it.

mod access;
mod again;
pub(crate) mod attributes;
mod batch;
pub(crate) mod body;
mod change_visibility;
mod cool_down;
pub(crate) mod create_queue;
mod delete_message;
pub(crate) mod delete_queue;
mod error;
mod get_queue_url;
mod list_queues;
mod message_attributes;
pub(crate) mod move_tasks;
pub(crate) mod peek;
mod permissions;
mod policy;
mod purge_queue;
pub(crate) mod queue_attributes;
pub(crate) mod queue_url;
mod receipt;
mod receive_message;
mod received;
mod redrive;
mod send_message;
mod send_message_batch;
mod sending;
pub(crate) mod tags;
#[cfg(test)]
mod tests;

pub(crate) use received::text_of;

use crate::operations;
use crate::request::{Operation, Service};
use wire::{Names, Protocol};

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "sqs",
    title: "SQS",
    version: Some("2012-11-05"),
    target: Some(("AmazonSQS", Protocol::Json10)),
    namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    names: Names::Flat,
    error_prefix: "com.amazonaws.sqs#",
    // Messages of 1 MiB together.
    body_limit: 8 << 20,
    operations: OPERATIONS,
    members: None,
    absent: "",
};

const OPERATIONS: &[Operation] = operations! {
    "AddPermission" => permissions::add_permission,
    "CancelMessageMoveTask" => move_tasks::cancel::cancel_message_move_task,
    "ChangeMessageVisibility" => change_visibility::change_message_visibility [durable],
    "ChangeMessageVisibilityBatch" => change_visibility::change_message_visibility_batch [durable],
    "CreateQueue" => create_queue::create_queue,
    "DeleteMessage" => delete_message::delete_message [durable],
    "DeleteMessageBatch" => delete_message::delete_message_batch [durable],
    "DeleteQueue" => delete_queue::delete_queue,
    "GetQueueAttributes" => queue_attributes::get_queue_attributes,
    "GetQueueUrl" => get_queue_url::get_queue_url,
    "ListDeadLetterSourceQueues" => list_queues::list_dead_letter_source_queues,
    "ListMessageMoveTasks" => move_tasks::list::list_message_move_tasks,
    "ListQueueTags" => tags::list_queue_tags,
    "ListQueues" => list_queues::list_queues,
    "PurgeQueue" => purge_queue::purge_queue,
    "ReceiveMessage" => receive_message::receive_message [durable],
    "RemovePermission" => permissions::remove_permission,
    "SendMessage" => send_message::send_message [durable],
    "SendMessageBatch" => send_message_batch::send_message_batch [durable],
    "SetQueueAttributes" => queue_attributes::set_queue_attributes,
    "StartMessageMoveTask" => move_tasks::start::start_message_move_task,
    "TagQueue" => tags::tag_queue,
    "UntagQueue" => tags::untag_queue,
};

/// The operations that name no queue by its URL.
const OF_ACCOUNT: [&str; 6] = [
    "CancelMessageMoveTask",
    "CreateQueue",
    "GetQueueUrl",
    "ListMessageMoveTasks",
    "ListQueues",
    "StartMessageMoveTask",
];

/// Whether an operation is one of a queue's URL. Of the others AWS says there that they are not valid for this endpoint.
pub(crate) fn is_of_queue(operation: &str) -> bool {
    !OF_ACCOUNT.contains(&operation)
}
