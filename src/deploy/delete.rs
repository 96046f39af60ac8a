//! Deletes a stack, and what lies in its buckets if that is wanted.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use console::Style;

use super::{Deployer, watch};
use crate::aws::{CallError, ErrorKind};
use crate::exit::Failure;
use crate::stack::Stack;
use crate::ui::paint;
use crate::units::plural;

/// Between emptying a bucket and deleting it Firehose may land something: then once more.
const ATTEMPTS: u32 = 3;

/// Deletes the stack, if it exists. Says which buckets it leaves, or with `empty_buckets` empties and deletes them.
pub(crate) async fn delete(deployer: &Deployer<'_>, empty_buckets: bool) -> Result<(), Failure> {
    let Some(stack) = deployer.describe().await? else {
        deployer.ui.note(format!("There is no stack {} on {}.", deployer.stack, deployer.target.describe()));
        return Ok(());
    };
    let buckets = list_buckets(deployer, &stack).await?;
    let mut attempt = 1;
    loop {
        if empty_buckets {
            empty_all(deployer, &buckets).await?;
        }
        match delete_stack(deployer, &stack).await {
            Err(_) if empty_buckets && attempt < ATTEMPTS && !deployer.stop.is_requested() => attempt += 1,
            Err(failure) => return Err(failure),
            Ok(()) => break,
        }
    }
    finish_buckets(deployer, &buckets, empty_buckets).await?;
    let green = Style::new().for_stderr().green().bold();
    deployer.ui.note(format!("{} The stack {} is deleted.", paint(&green, "✔"), deployer.stack));
    Ok(())
}

/// Says which buckets the stack left, or with `delete` empties and deletes them.
async fn finish_buckets(deployer: &Deployer<'_>, buckets: &[String], delete: bool) -> Result<(), Failure> {
    let client = deployer.target.s3();
    for bucket in buckets {
        // Who may not look at the bucket can't say whether it is there.
        if client.head_bucket().bucket(bucket).send().await.is_err() {
            continue;
        }
        if !delete {
            deployer.ui.note(format!(
                "The bucket {bucket} stays, with what landed in it: the template says so. --empty-bucket deletes it too."
            ));
            continue;
        }
        empty_all(deployer, std::slice::from_ref(bucket)).await?;
        if let Err(error) = client.delete_bucket().bucket(bucket).send().await {
            return Err(CallError::from(error).failure(deployer.target, &format!("delete the bucket {bucket}")));
        }
        deployer.ui.note(format!("Deleted the bucket {bucket}."));
    }
    Ok(())
}

/// Deletes a stack and waits until it is gone.
pub(super) async fn delete_stack(deployer: &Deployer<'_>, stack: &Stack) -> Result<(), Failure> {
    let before = watch::newest_event(deployer, &stack.id).await?;
    let request = deployer.target.cloudformation().delete_stack().stack_name(&stack.id);
    if let Err(error) = request.send().await {
        return Err(CallError::from(error).failure(deployer.target, &format!("delete the stack {}", deployer.stack)));
    }
    let (left, reason) = watch::until_rest(deployer, &stack.id, before).await?;
    match left {
        None => Ok(()),
        Some(stack) if stack.status == "DELETE_COMPLETE" => Ok(()),
        Some(stack) => {
            let reason = reason.or(stack.reason).unwrap_or_else(|| "CloudFormation gives no reason".into());
            let failure = Failure::new(format!("The stack {} is not deleted ({})", deployer.stack, stack.status));
            let not_empty = reason.contains("not empty");
            let failure = failure.why(reason);
            Err(if not_empty {
                failure.help("The bucket holds landed data. `messaging deploy --delete --empty-bucket` deletes it too.")
            } else {
                failure
            })
        }
    }
}

/// The stack's buckets.
async fn list_buckets(deployer: &Deployer<'_>, stack: &Stack) -> Result<Vec<String>, Failure> {
    let cant = |error: CallError| error.failure(deployer.target, "list the stack's buckets");
    let client = deployer.target.cloudformation();
    let mut resources = client.list_stack_resources().stack_name(&stack.id).into_paginator().send();
    let mut buckets = Vec::new();
    while let Some(page) = resources.next().await {
        for resource in page.map_err(|error| cant(error.into()))?.stack_resource_summaries() {
            let deleted = resource.resource_status().is_some_and(|status| status.as_str() == "DELETE_COMPLETE");
            if resource.resource_type() == Some("AWS::S3::Bucket") && !deleted {
                buckets.extend(resource.physical_resource_id().map(str::to_owned));
            }
        }
    }
    Ok(buckets)
}

/// Deletes every object in some buckets.
async fn empty_all(deployer: &Deployer<'_>, buckets: &[String]) -> Result<(), Failure> {
    for bucket in buckets {
        let deleted = empty_bucket(deployer, bucket).await;
        let deleted = deleted.map_err(|error| error.failure(deployer.target, &format!("empty the bucket {bucket}")))?;
        if deleted > 0 {
            deployer.ui.note(format!("Deleted {} from the bucket {bucket}.", plural(deleted, "object")));
        }
    }
    Ok(())
}

async fn empty_bucket(deployer: &Deployer<'_>, bucket: &str) -> Result<u64, CallError> {
    let client = deployer.target.s3();
    let mut deleted = 0;
    loop {
        // Always the first page: what was listed is gone by the next look.
        let page = match client.list_objects_v2().bucket(bucket).send().await.map_err(CallError::from) {
            Ok(page) => page,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(deleted),
            Err(error) => return Err(error),
        };
        let keys =
            page.contents().iter().filter_map(|object| ObjectIdentifier::builder().key(object.key()?).build().ok());
        let keys: Vec<_> = keys.collect();
        if keys.is_empty() {
            return Ok(deleted);
        }
        let wrong = |message: String| CallError::without_code(ErrorKind::Other, message);
        let n = keys.len() as u64;
        let keys = Delete::builder().set_objects(Some(keys)).build().map_err(|error| wrong(error.to_string()))?;
        let answer = client.delete_objects().bucket(bucket).delete(keys).send().await?;
        if let Some(error) = answer.errors().first() {
            return Err(wrong(format!(
                "{}: {}",
                error.key().unwrap_or_default(),
                error.message().or(error.code()).unwrap_or("not deleted")
            )));
        }
        deleted += n;
        // A bucket that is filled as fast as it is emptied would never let the user stop.
        if deployer.stop.is_signalled() {
            return Err(CallError::without_code(ErrorKind::Busy, format!("{deleted} deleted")));
        }
    }
}
