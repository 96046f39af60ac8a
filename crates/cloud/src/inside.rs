//! What the process does with a cloud that runs in it, without a socket: a test's own hand.

use std::fs::File;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::core::Cloud;
use crate::gateway::{clock, reset};
use crate::request::{Context, DEFAULT_ACCOUNT, is_region};
use crate::s3::{Buckets, Listed};
use crate::services::SERVICES;
use crate::sqs;
use crate::state::{self, Saving, Summary};
use wire::{AwsError, Protocol};

/// What CloudFormation says of an update that changes nothing.
const UP_TO_DATE: &str = "No updates are to be performed.";

/// A client of the default account, within the process. It asks no policy and passes by the rules of chaos.
#[derive(Clone)]
pub struct Inside {
    cx: Context,
}

impl Inside {
    /// One whose requests are for a region, once the cloud knows where it listens.
    ///
    /// # Errors
    /// The region can't be one.
    pub fn of(cloud: &Arc<Cloud>, region: &str) -> Result<Self, AwsError> {
        if !is_region(region) {
            let message = format!("{region:?} is no name of a region; us-east-1 is one.");
            return Err(AwsError::bad("InvalidParameterValue", message));
        }
        let cx = Context::unasked(cloud, (DEFAULT_ACCOUNT, region), cloud.url().into(), &SERVICES);
        let cx = Context { protocol: Protocol::Json11, ..cx };
        Ok(Self { cx })
    }

    /// Calls an operation of a service by its name, with its input and output as JSON. S3 has no operations of this kind.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.cx.call(service, operation, input).await
    }

    /// Has a stack created or updated, and waits until that has ended; the stack, as DescribeStacks has it.
    ///
    /// # Errors
    /// Those of CreateStack, and of UpdateStack if there is a stack of this name.
    pub async fn deploy(&self, name: &str, input: Value) -> Result<Value, AwsError> {
        let described = json!({"StackName": name});
        let mut rests = pin!(self.cx.cloud.stack_rests.notified());
        // Before it begins: it may have ended when its call returns.
        rests.as_mut().enable();
        let mut begun = self.call("cloudformation", "CreateStack", input.clone()).await;
        if begun.as_ref().is_err_and(|error| error.code == "AlreadyExistsException") {
            begun = self.call("cloudformation", "UpdateStack", input).await;
        }
        match begun {
            Ok(_) => {}
            Err(error) if error.message == UP_TO_DATE => {
                return Ok(self.call("cloudformation", "DescribeStacks", described).await?["Stacks"][0].take());
            }
            Err(error) => return Err(error),
        }
        loop {
            rests.as_mut().await;
            // Others' operations end as well.
            rests.set(self.cx.cloud.stack_rests.notified());
            rests.as_mut().enable();
            let stack = self.call("cloudformation", "DescribeStacks", described.clone()).await?["Stacks"][0].take();
            if !stack["StackStatus"].as_str().is_some_and(|status| status.ends_with("_IN_PROGRESS")) {
                return Ok(stack);
            }
        }
    }

    /// Moves a clock that stands still: what falls due on the way is done in its order, and all of it before this returns.
    ///
    /// # Errors
    /// `ClockRuns` of one that runs by itself; `Busy` where what fell due isn't done within a minute.
    pub async fn advance(&self, by: Duration) -> Result<(), AwsError> {
        clock::advance_by(&self.cx.cloud, by).await
    }

    /// Empties the cloud, all accounts at once.
    ///
    /// # Errors
    /// `OperationInProgress` where a stack doesn't come to rest.
    pub async fn reset(&self) -> Result<(), AwsError> {
        reset::empty(&self.cx.cloud).await
    }

    /// Writes the whole state to a file, in all accounts, as it is at one moment: what a later [`load`](Self::load) takes.
    ///
    /// # Errors
    /// The file can't be written, or something of the state not be read.
    pub async fn save(&self, file: &Path) -> Result<Summary, AwsError> {
        let saving = Saving::begin(&self.cx.cloud).await?;
        let file = file.to_owned();
        let written = tokio::task::spawn_blocking(move || saving.write_file(&file));
        let unsaved = |why: String| AwsError::internal(format!("Nothing was saved: {why}."));
        written.await.map_err(|error| unsaved(error.to_string()))?.map_err(|error| unsaved(error.to_string()))
    }

    /// Makes the state of a file the cloud's, in the place of all there is.
    ///
    /// # Errors
    /// `InvalidState` for a file that is none or is damaged, `OperationInProgress` where a stack doesn't come to rest. Nothing has
    /// changed then.
    pub async fn load(&self, file: &Path) -> Result<Summary, AwsError> {
        let unread = |error| AwsError::bad("InvalidState", format!("Nothing was loaded: it can't be read: {error}."));
        let file = File::open(file).map_err(unread)?;
        state::load(&self.cx.cloud, state::of_file(file), true).await
    }

    /// The page of `/_messaging/peek` for a queue, by its name, its ARN or its URL: messages behind the position `after`, without receiving them.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub async fn peek(&self, queue: &str, after: Option<u64>) -> Result<Value, AwsError> {
        let named = match queue.contains(':') {
            true => queue.to_owned(),
            false => sqs::queue_url::arn(&self.cx.region, &self.cx.account, queue),
        };
        let queue = utf8_percent_encode(&named, NON_ALPHANUMERIC);
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        sqs::peek::page(&self.cx.cloud, &SERVICES, None, &format!("queue={queue}&max=100{after}")).await
    }

    /// The names of the region's queues, up to a thousand, for who asked for one that isn't there.
    ///
    /// # Errors
    /// None but a fault of this server.
    pub async fn queues(&self) -> Result<Vec<String>, AwsError> {
        let listed = self.call("sqs", "ListQueues", json!({"MaxResults": 1000})).await?;
        let urls = listed["QueueUrls"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(urls.filter_map(|url| Some(url.rsplit_once('/')?.1.to_owned())).collect())
    }

    /// The objects of a bucket whose keys come after `after`, in order: a page of them, and whether there are more.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn objects(&self, bucket: &str, after: &str) -> Result<(Vec<Listed>, bool), AwsError> {
        Buckets::of(&self.cx).list(bucket, after)
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, AwsError> {
        Buckets::of(&self.cx).read(bucket, key, usize::MAX).await.map(Vec::from)
    }
}
