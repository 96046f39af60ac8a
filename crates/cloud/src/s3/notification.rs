//! The notification configuration of a bucket: read, and put if its destinations let S3 send to them.

use s3s::dto::*;
use text::arn;

use super::error::{Failure, Result};
use super::events;
use super::record::Bucket;
use super::rules::{Destination, Rule, rules};
use super::s3s::call::Call;
use super::store::Edit;
use engine::{Engine, Millis};

/// Checks that every destination is in the bucket's region ("Granting permissions to publish event notification messages to a
/// destination").
fn check_region(bucket: &Bucket, configuration: &NotificationConfiguration) -> Result<()> {
    let elsewhere = |rule: &Rule<'_>| arn::region(rule.arn) != bucket.region;
    match rules(configuration).into_iter().find(elsewhere) {
        Some(rule) => {
            let message = "The notification destination service region is not valid for the bucket location constraint";
            Err(Failure::invalid_argument(message, rule.destination.argument(), rule.arn))
        }
        None => Ok(()),
    }
}

/// Checks that every destination is there and lets S3 send.
fn check_destinations(
    engine: &Engine,
    bucket: &Bucket,
    configuration: &NotificationConfiguration,
    now: Millis,
) -> Result<()> {
    const NAMES: [(&str, &str); 3] =
        [("ArgumentName1", "ArgumentValue1"), ("ArgumentName2", "ArgumentValue2"), ("ArgumentName3", "ArgumentValue3")];
    let message = "Unable to validate the following destination configurations";
    let mut failure = Failure::new(400, "InvalidArgument", message);
    let mut names = NAMES.into_iter();
    for rule in rules(configuration) {
        let Err(why) = events::may_deliver(engine, &rule, bucket, now) else { continue };
        let (argument, why) = match rule.destination {
            Destination::Function => {
                (format!("{}, null", rule.arn), format!("Not authorized to invoke function [{}]", rule.arn))
            }
            _ => (rule.arn.to_owned(), why),
        };
        if let Some((name, value)) = names.next() {
            failure = failure.with(name, argument).with(value, why);
        }
    }
    if failure.fields.is_empty() { Ok(()) } else { Err(failure) }
}

/// The notification configuration of a bucket; an empty one without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketNotificationConfigurationOutput> {
    let configuration = bucket.notification.unwrap_or_default();
    Ok(GetBucketNotificationConfigurationOutput {
        event_bridge_configuration: None,
        lambda_function_configurations: configuration.lambda_function_configurations,
        queue_configurations: configuration.queue_configurations,
        topic_configurations: configuration.topic_configurations,
    })
}

/// Gives a bucket a configuration, and tells its destinations with a test event.
///
/// # Errors
/// `InvalidArgument` for destinations in another region and, unless `skip_validation`, for those that don't let S3 send.
pub(super) fn set(
    edit: &mut Edit<'_>,
    bucket: &mut Bucket,
    configuration: NotificationConfiguration,
    skip_validation: bool,
    call: &Call,
) -> Result<()> {
    check_region(bucket, &configuration)?;
    if !skip_validation {
        check_destinations(edit.docs().engine(), bucket, &configuration, call.cx.cloud.core.now())?;
    }
    edit.announce(bucket, &configuration, call.actor());
    bucket.notification = (!rules(&configuration).is_empty()).then_some(configuration);
    Ok(())
}
