//! The delivery streams of a stack: waited for, and asked how they buffer.
//!
//! CloudFormation tells that a stack is complete; Firehose tells whether its stream takes records.

use std::fmt;
use std::time::Duration;

use aws_sdk_firehose::types::{BufferingHints, DeliveryStreamDescription, DeliveryStreamStatus};
use tokio::time::{Instant, sleep};

use super::Deployer;
use crate::aws::CallError;
use crate::exit::{Exit, Failure};
use crate::stack::{self, Resource, Stack};

const KIND: &str = "AWS::KinesisFirehose::DeliveryStream";
/// A stream that isn't there after so long never will be: it takes a minute on AWS.
const LONGEST: Duration = Duration::from_secs(600);

/// A delivery stream that lands in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub name: String,
    /// The bucket it lands in, and the prefixes there of what landed and of what couldn't.
    pub bucket: String,
    pub prefix: String,
    pub error_prefix: String,
    /// What it makes of records so that they can't be read as text: a compression, another format.
    pub packs: Option<String>,
    pub buffering: Buffering,
}

/// What a stream waits for before it lands a batch: the first of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffering {
    pub seconds: u32,
    pub mebibytes: u32,
}

impl Default for Buffering {
    /// Of a stream that says nothing ("BufferingHints", Firehose API Reference).
    fn default() -> Self {
        Self { seconds: 300, mebibytes: 5 }
    }
}

impl fmt::Display for Buffering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            0 => f.write_str("at once"),
            seconds => write!(f, "after {seconds} s or {} MiB", self.mebibytes),
        }
    }
}

/// Waits until each delivery stream of a stack is active; those that land in S3. A cloud that can't tell is warned of.
pub(crate) async fn await_streams(deployer: &Deployer<'_>, stack: &Stack) -> Result<Vec<Stream>, Failure> {
    let resources = stack::list_resources(deployer.target, &stack.id).await;
    match resources {
        Ok(resources) => await_streams_of(deployer, &resources).await,
        Err(error) => unknown(deployer, error).map(|()| Vec::new()),
    }
}

/// A cloud that can't tell is warned of.
fn unknown(deployer: &Deployer<'_>, error: CallError) -> Result<(), Failure> {
    if deployer.stop.is_requested() {
        return Err(error.failure(deployer.target, "look at the delivery stream"));
    }
    deployer.ui.warn(format!("How the delivery stream buffers isn't known: {error}"));
    Ok(())
}

/// The same for those among resources.
pub(crate) async fn await_streams_of(deployer: &Deployer<'_>, resources: &[Resource]) -> Result<Vec<Stream>, Failure> {
    let mut streams = Vec::new();
    for resource in resources.iter().filter(|resource| resource.kind == KIND) {
        // A name, or the end of an ARN.
        let name = resource.physical_id.rsplit('/').next().unwrap_or_default();
        match await_stream(deployer, name).await? {
            Ok(description) => streams.extend(in_s3(name, &description)),
            Err(error) => unknown(deployer, error)?,
        }
    }
    Ok(streams)
}

/// Waits until a stream is active: its description, or why the cloud doesn't describe it.
async fn await_stream(
    deployer: &Deployer<'_>,
    name: &str,
) -> Result<Result<DeliveryStreamDescription, CallError>, Failure> {
    let client = deployer.target.firehose();
    let started = Instant::now();
    let spinner = deployer.ui.bar(None, "{spinner:.green} {elapsed} {msg}");
    let ended = loop {
        let answer = client.describe_delivery_stream().delivery_stream_name(name).send().await;
        let description = match answer.map_err(CallError::from) {
            Ok(answer) => answer.delivery_stream_description,
            Err(error) => break Ok(Err(error)),
        };
        let Some(description) = description else {
            break Ok(Err(CallError::without_code(crate::aws::ErrorKind::Other, "the answer describes no stream")));
        };
        let status = description.delivery_stream_status().clone();
        match status {
            DeliveryStreamStatus::Active => break Ok(Ok(description)),
            DeliveryStreamStatus::Creating if started.elapsed() < LONGEST => {}
            _ => break Err(not_active(name, &description)),
        }
        let text = format!("waiting for the delivery stream {name}: {}", status.as_str());
        spinner.set_message(&text);
        tokio::select! {
            biased;
            () = sleep(deployer.pause()) => {}
            () = deployer.stop.requested() => break Err(
                Failure::new(format!("Stopped {text}")).exit(Exit::Interrupted).help("The stack itself is deployed."),
            ),
        }
    };
    spinner.finish_and_clear();
    ended
}

fn not_active(name: &str, description: &DeliveryStreamDescription) -> Failure {
    let status = description.delivery_stream_status().as_str();
    let failure = Failure::new(format!("The delivery stream {name} takes no records: it is {status}"))
        .help("Delete the stack with `messaging deploy --delete`, then deploy again.");
    match description.failure_description() {
        Some(reason) => failure.why(format!("{}: {}", reason.r#type().as_str(), reason.details())),
        None => failure,
    }
}

/// The stream, if S3 is where it lands.
fn in_s3(name: &str, description: &DeliveryStreamDescription) -> Option<Stream> {
    let destination = description.destinations().first()?;
    let extended = destination.extended_s3_destination_description();
    let plain = destination.s3_destination_description();
    let (arn, hints, prefixes, compression) = match (extended, plain) {
        (Some(it), _) => {
            let prefixes = (it.prefix(), it.error_output_prefix());
            (it.bucket_arn(), it.buffering_hints(), prefixes, it.compression_format())
        }
        (None, Some(it)) => {
            let prefixes = (it.prefix(), it.error_output_prefix());
            (it.bucket_arn(), it.buffering_hints(), prefixes, it.compression_format())
        }
        (None, None) => return None,
    };
    let conversion = extended.and_then(|it| it.data_format_conversion_configuration());
    let converts = conversion.is_some_and(|it| it.enabled() != Some(false));
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Some(Stream {
        name: name.to_owned(),
        bucket: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        prefix: text(prefixes.0),
        error_prefix: text(prefixes.1),
        packs: match compression.as_str() {
            _ if converts => Some("converts records into another format".into()),
            "UNCOMPRESSED" | "GZIP" | "" => None,
            other => Some(format!("compresses objects as {other}")),
        },
        buffering: hints.map(buffering).unwrap_or_default(),
    })
}

fn buffering(hints: &BufferingHints) -> Buffering {
    let number = |n: Option<i32>, default| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
    let default = Buffering::default();
    Buffering {
        seconds: number(hints.interval_in_seconds(), default.seconds),
        mebibytes: number(hints.size_in_mbs(), default.mebibytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "lands a batch every 0 s" was said of a stream that doesn't buffer.
    #[test]
    fn buffering_reads_as_what_it_does() {
        assert_eq!(Buffering { seconds: 0, mebibytes: 5 }.to_string(), "at once");
        assert_eq!(Buffering { seconds: 60, mebibytes: 5 }.to_string(), "after 60 s or 5 MiB");
        assert_eq!(buffering(&BufferingHints::builder().build()), Buffering::default());
    }
}
