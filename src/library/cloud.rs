//! A cloud that runs: where it is, what time it is there, what lies in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::error::Error;
use super::look::{Bucket, Notice, Queue, moment};
use super::plan::{Plan, Start};
use super::running::Running;
use super::thread::Thread;

/// The account of the keys `test`.
const ACCOUNT: &str = "000000000000";
/// What chance decides under rules of chaos is the same each time.
const SEED: u64 = 1;

/// A cloud that runs in this process, on a thread of its own, and serves on a port of 127.0.0.1. It ends when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use messaging::{Clock, Cloud};
/// use std::time::Duration;
///
/// let cloud = Cloud::builder().template("infra.yaml").clock(Clock::Frozen).start().await?;
/// let sqs = aws_sdk_sqs::Client::new(&cloud.sdk_config());
/// let queue = cloud.output("OrdersQueueUrl").unwrap();
/// sqs.send_message().queue_url(queue).message_body("an order").delay_seconds(60).send().await?;
///
/// cloud.advance(Duration::from_secs(60)).await?;
/// assert_eq!(cloud.queue("api-orders-created-consumer").bodies().await?, ["an order"]);
/// # Ok(())
/// # }
/// ```
pub struct Cloud {
    // First, so that its thread has ended when the rest is dropped.
    running: Running,
    cloud: Arc<::cloud::Cloud>,
    endpoint: String,
    region: String,
    start: Start,
    outputs: BTreeMap<String, String>,
}

impl Cloud {
    pub(super) async fn start(plan: Plan) -> Result<Self, Error> {
        let (thread, cloud, address) = Thread::start(plan.options, plan.address).await?;
        let running = Running::of(thread, &cloud, &plan.region)?;
        let (endpoint, start) = (format!("http://{address}"), plan.start);
        let mut begun = Self { running, cloud, endpoint, region: plan.region, start, outputs: BTreeMap::new() };
        begun.outputs = begun.begin().await?;
        Ok(begun)
    }

    /// Makes of an empty cloud the one that was asked for; the outputs of its stack.
    async fn begin(&self) -> Result<BTreeMap<String, String>, Error> {
        let Start { template, chaos } = self.start.clone();
        let outputs = match template {
            Some(template) => self.running.run(|inside| template.deploy(inside)).await??,
            None => BTreeMap::new(),
        };
        if let Some(rules) = chaos {
            rules.plant(&self.cloud, SEED);
        }
        Ok(outputs)
    }

    /// Its address, as `http://127.0.0.1:40213`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A configuration for AWS's SDK that leads its clients here: the address, the region, and keys `test`.
    pub fn sdk_config(&self) -> SdkConfig {
        let keys = Credentials::new("test", "test", None, None, "messaging");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(&self.endpoint)
            // Without TLS: to read the machine's certificates for each client takes longer than most tests.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new(self.region.clone()))
            .build()
    }

    /// An output of the template's stack.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// A queue to look at: by its name in the cloud's region, its ARN or its URL.
    pub fn queue(&self, name: impl Into<String>) -> Queue<'_> {
        Queue { running: &self.running, name: name.into() }
    }

    /// The URL that a queue of this name has, in the cloud's region, whether it is there or not.
    pub fn queue_url(&self, name: &str) -> String {
        match &*self.region {
            "us-east-1" => format!("{}/{ACCOUNT}/{name}", self.endpoint),
            region => format!("{}/queue/{region}/{ACCOUNT}/{name}", self.endpoint),
        }
    }

    /// A bucket to look at.
    pub fn bucket(&self, name: impl Into<String>) -> Bucket<'_> {
        Bucket { running: &self.running, name: name.into() }
    }

    /// What the cloud said of itself, the oldest first: up to a thousand notices.
    pub fn notices(&self) -> Vec<Notice> {
        self.cloud.notices.all().into_iter().map(|(at, text)| Notice { at: moment(at), text }).collect()
    }

    /// What time it is in the cloud.
    pub fn now(&self) -> SystemTime {
        moment(self.cloud.core.now())
    }

    /// Moves a clock that stands still. What falls due on the way is done in its order, and all of it when this returns: messages
    /// become visible, batches land, lifecycles and retention take what is old.
    ///
    /// # Errors
    /// The clock runs by itself; what fell due isn't done within a minute of the wall's.
    pub async fn advance(&self, by: Duration) -> Result<(), Error> {
        Ok(self.running.run(move |inside| async move { inside.advance(by).await }).await??)
    }

    /// Makes the cloud what it was after its start: all that clients made is gone, in all accounts; the template's stack and the
    /// rules of chaos are made anew. The clock isn't set back.
    ///
    /// # Errors
    /// A stack doesn't come to rest; the template can't be deployed any more.
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.running.run(|inside| async move { inside.reset().await }).await??;
        self.outputs = self.begin().await?;
        Ok(())
    }

    /// Saves the whole state as a file, which is replaced if it is there: everything that clients made, as it is at one moment. The
    /// cloud goes on meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("seeded.state");
    /// use messaging::Cloud;
    ///
    /// let seeded = Cloud::builder().template("infra.yaml").start().await?;
    /// let sqs = aws_sdk_sqs::Client::new(&seeded.sdk_config());
    /// let queue = seeded.output("OrdersQueueUrl").unwrap();
    /// sqs.send_message().queue_url(queue).message_body("an order").send().await?;
    /// seeded.save(&file).await?;
    ///
    /// let cloud = Cloud::builder().start().await?;
    /// cloud.load(&file).await?;
    /// assert_eq!(cloud.queue("api-orders-created-consumer").bodies().await?, ["an order"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file can't be written; what was there is as it was.
    pub async fn save(&self, file: impl AsRef<Path>) -> Result<(), Error> {
        let path = file.as_ref().to_owned();
        let saved = self.running.run(|inside| async move { inside.save(&path).await }).await?;
        saved.map(drop).map_err(|error| Error::State { file: file.as_ref().to_owned(), why: error.message })
    }

    /// Makes the state that [`save`](Self::save) or `messaging state save` wrote the cloud's, in the place of all there is: all of it, or
    /// nothing. What messages wait for is as far away as it was when they were saved; the clock and all other times stay as they are.
    /// Receipt handles from before are void, and rules of chaos are gone. The outputs of [`output`](Self::output) stay those of the
    /// template that the cloud was started with.
    ///
    /// # Errors
    /// The file can't be read, isn't whole, or is no such file; a stack doesn't come to rest. Then nothing has changed.
    pub async fn load(&self, file: impl AsRef<Path>) -> Result<(), Error> {
        let path = file.as_ref().to_owned();
        let loaded = self.running.run(|inside| async move { inside.load(&path).await }).await?;
        loaded.map(drop).map_err(|error| Error::State { file: file.as_ref().to_owned(), why: error.message })
    }

    /// Stops the cloud and waits until its data is safe; requests that run have a second to end. To drop it does the same, and
    /// says nothing of what goes wrong.
    ///
    /// # Errors
    /// The end of the log couldn't be written.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.running.end().await
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("endpoint", &self.endpoint).field("region", &self.region).finish_non_exhaustive()
    }
}
