//! Files a book: the object first, then the message that says where it lies, then the book's message is deleted.
//!
//! What a death of the process leaves, wherever it comes:
//! - before the object: the message comes again when its visibility ends, and all is done anew;
//! - after the object: the message comes again; the object is found to hold the same text, and the message is sent now, so
//!   that no object stays without one;
//! - after the message: the message comes again; the object is there, and the second sending has the same deduplication id,
//!   so SQS takes it and delivers it not a second time within its five minutes. After those a reader sees it twice: the only
//!   effect of this scenario that is at least once.
//!
//! No object is ever overwritten: each is put only where none is. That is S3's own condition, so it holds between processes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use jiff::Timestamp;
use serde_json::json;
use service::clock;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};
use worker::{Handler, Job, Verdict};

use super::book::{self, Book};
use super::key;
use super::log::{How, Log};
use super::reason::{reason, status};
use super::shelves::{NoShelf, Shelves};
use crate::message;

/// Files books.
pub(super) struct Filing {
    pub s3: aws_sdk_s3::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub shelves: Arc<Shelves>,
    /// The URL of the queue that hears of what was filed.
    pub output: String,
    /// How long the work on a book takes before it is filed.
    pub work: Duration,
    pub log: Log,
}

/// Why a book wasn't filed.
enum NotFiled {
    /// It never will be.
    Never(String),
    /// It may be later.
    Now(String),
}

/// Where a book lies.
struct Place {
    bucket: String,
    key: String,
    how: How,
}

#[async_trait]
impl Handler for Filing {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        match self.file(&job).await {
            Ok(()) => Verdict::Done,
            Err(NotFiled::Never(why)) => Verdict::Dead { why },
            Err(NotFiled::Now(why)) => Verdict::Retry { why, after: None },
        }
    }
}

impl Filing {
    async fn file(&self, job: &Job) -> Result<(), NotFiled> {
        let started = Instant::now();
        let book = book::read(&job.body).map_err(NotFiled::Never)?;
        let bucket = self.shelves.find(&book.genre).await.map_err(|no| match no {
            NoShelf::Unknown(why) => NotFiled::Never(why),
            NoShelf::Trouble(why) => NotFiled::Now(why),
        })?;
        // The worker drops this when the lease ends.
        sleep(self.work).await;
        let place = self.put(job, &book, bucket).await?;
        self.announce(job, &book, &place, started.elapsed()).await?;
        self.log.filed(job, &book, &place.bucket, &place.key, place.how);
        Ok(())
    }

    /// Puts the object, unless the same one is there already.
    async fn put(&self, job: &Job, book: &Book, bucket: String) -> Result<Place, NotFiled> {
        let (first, other) = (key::first(&book.title), key::other(&book.title, &book.text));
        for (key, how) in [(first, How::First), (other, How::SameTitle)] {
            if self.put_if_absent(job, book, &bucket, &key).await? {
                return Ok(Place { bucket, key, how });
            }
            if self.holds(&bucket, &key, &book.text).await? {
                return Ok(Place { bucket, key, how: How::Again });
            }
        }
        // The second name is of this text alone.
        Err(NotFiled::Now("an object of another content lies under the name of this text".into()))
    }

    /// Puts the object where none is; whether none was.
    async fn put_if_absent(&self, job: &Job, book: &Book, bucket: &str, key: &str) -> Result<bool, NotFiled> {
        let mut put = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .if_none_match("*")
            .set_expected_bucket_owner(self.shelves.owner())
            .content_type("application/json")
            .metadata("message-id", &job.id)
            .body(ByteStream::from(book.text.clone().into_bytes()));
        if let Some(trace) = job.trace.as_ref().filter(|trace| message::is_metadata(trace)) {
            put = put.metadata("trace", trace);
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(412) => Ok(false),
            Err(error) => {
                if error.as_service_error().and_then(code).is_some_and(|code| code == "NoSuchBucket") {
                    self.shelves.forget(bucket);
                }
                Err(NotFiled::Now(format!("can't put it into the bucket {bucket}: {}", reason(&error))))
            }
        }
    }

    /// Whether an object has this text.
    async fn holds(&self, bucket: &str, key: &str, text: &str) -> Result<bool, NotFiled> {
        let failed = |why: String| NotFiled::Now(format!("can't read an object in the bucket {bucket}: {why}"));
        let get = self.s3.get_object().bucket(bucket).key(key).set_expected_bucket_owner(self.shelves.owner());
        let object = get.send().await.map_err(|error| failed(reason(&error)))?;
        let length = object.content_length().and_then(|length| u64::try_from(length).ok());
        // Whatever else lies there, no more is read than the text is long.
        if length != Some(text.len() as u64) {
            return Ok(false);
        }
        let there = object.body.collect().await.map_err(|why| failed(why.to_string()))?;
        Ok(there.into_bytes() == text.as_bytes())
    }

    /// Says where the book lies.
    async fn announce(&self, job: &Job, book: &Book, place: &Place, execution: Duration) -> Result<(), NotFiled> {
        let now = clock::since_epoch();
        let body = json!({
            "messageId": job.id,
            "id": book.id,
            "bucket": place.bucket,
            "key": place.key,
            "sentAt": time(job.sent),
            "filedAt": time(now),
            "executionSeconds": execution.as_secs_f64(),
            "leadSeconds": now.saturating_sub(job.sent).as_secs_f64(),
        });
        let mut send = self
            .sqs
            .send_message()
            .queue_url(&self.output)
            .message_body(message::fit(&body.to_string()))
            // The order of each group goes on.
            .message_group_id(job.group.as_deref().unwrap_or("books"))
            .message_deduplication_id(deduplication_id(&place.bucket, &place.key));
        if let Some(trace) = &job.trace {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build();
            let value = value.map_err(|why| NotFiled::Now(why.to_string()))?;
            send = send.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, value);
        }
        let sent = send.send().await;
        sent.map(drop).map_err(|error| {
            let why = format!("can't send to the output queue: {}", reason(&error));
            // The same message is refused each time, and its group waits behind it.
            if is_refused(error.code()) { NotFiled::Never(why) } else { NotFiled::Now(why) }
        })
    }
}

/// Whether a queue doesn't take a message for what it is: its characters, or its size.
fn is_refused(code: Option<&str>) -> bool {
    // SQS's query protocol has prefixes.
    code.is_some_and(|code| ["InvalidMessageContents", "InvalidParameterValue"].iter().any(|it| code.ends_with(it)))
}

/// One object, one message: the same book again is within SQS's five minutes no second message.
fn deduplication_id(bucket: &str, key: &str) -> String {
    hex::encode(Sha256::digest(format!("{bucket}/{key}")))
}

fn code(error: &PutObjectError) -> Option<&str> {
    error.meta().code()
}

/// As `2026-03-01T12:00:00.123Z`.
fn time(since_epoch: Duration) -> Option<String> {
    let millis = i64::try_from(since_epoch.as_millis()).ok()?;
    // With all three digits, so that what is later comes later as text too.
    Timestamp::from_millisecond(millis).ok().map(|time| format!("{time:.3}"))
}
