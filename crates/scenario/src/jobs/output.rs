//! Outputs of the template.

pub(super) const QUEUE: &str = "JobQueueUrl";
pub(super) const DEAD_LETTERS: &str = "JobDeadLetterQueueUrl";
pub(super) const BUCKET: &str = "ResultBucketName";
pub(super) const ALARM_TOPIC: &str = "AlarmTopicArn";
