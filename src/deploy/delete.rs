//! Deletes a stack, and what lies in its buckets if that is wanted.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use console::Style;

use super::{Deployer, Template, watch};
use crate::aws::{CallError, ErrorKind};
use crate::exit::Failure;
use crate::stack::{self, Stack};
use crate::ui::paint;
use crate::units::plural;

/// Between emptying a bucket and deleting it Firehose may land something: then once more.
const ATTEMPTS: u32 = 3;

const BUCKET: &str = "AWS::S3::Bucket";

/// Shows what a deletion would delete, and what would stay or stand in its way; deletes nothing.
pub(crate) async fn show_deletion(deployer: &Deployer<'_>, empty_buckets: bool) -> Result<(), Failure> {
    let Some(stack) = deployer.describe().await? else {
        deployer.ui.note(format!("There is no stack {} on {}.", deployer.stack, deployer.target.describe()));
        return Ok(());
    };
    let cant = |error: CallError| error.failure(deployer.target, "list what the stack has");
    let resources = stack::list_resources(deployer.target, &stack.id).await.map_err(cant)?;
    let text = stack::template(deployer.target, &stack.id).await.map_err(cant)?;
    let declared = Template::new(text, "").resources();
    let (ids, kinds) = resources
        .iter()
        .fold((0, 0), |(ids, kinds), it| (ids.max(it.logical_id.chars().count()), kinds.max(it.kind.chars().count())));
    deployer.ui.note(format!("What deleting the stack {} on {} would do:", deployer.stack, deployer.target.describe()));
    let (mut stays, mut in_the_way) = (0, 0);
    for resource in &resources {
        let policy = declared.iter().find(|it| it.logical_id == resource.logical_id).map(|it| &*it.deletion_policy);
        // A resource that stands here was created: RetainExceptOnCreate keeps it as well.
        let kept = policy.is_some_and(|policy| policy.starts_with("Retain"));
        let objects = match resource.kind == BUCKET {
            true => Some(count_objects(deployer, &resource.physical_id).await?),
            false => None,
        };
        let holds = objects.as_ref().map_or(String::new(), |objects| format!(", which holds {objects}"));
        let full = objects.as_ref().is_some_and(|objects| objects != "nothing");
        let (sign, style, note) = match (kept, full) {
            _ if objects.is_some() && empty_buckets => ("- delete", Style::new().red(), holds),
            (true, _) => {
                stays += 1;
                let policy = policy.unwrap_or_default();
                ("= stays ", Style::new().green(), format!("{holds} (DeletionPolicy {policy})"))
            }
            (false, true) => {
                in_the_way += 1;
                ("! blocks", Style::new().yellow(), format!("{holds}: a bucket that isn't empty is not deleted"))
            }
            (false, false) => ("- delete", Style::new().red(), String::new()),
        };
        deployer.ui.line(format!(
            "{}  {:<ids$}  {:<kinds$}  {}{note}",
            paint(&style, sign),
            resource.logical_id,
            resource.kind,
            resource.physical_id,
        ));
    }
    if stack.protected {
        deployer.ui.warn(format!("The stack {} is protected from deletion (termination protection).", stack.id));
    }
    if stays + in_the_way > 0 {
        deployer.ui.note("--empty-bucket deletes the buckets too, with all that they hold.");
    }
    deployer.ui.note("Nothing was deleted.");
    Ok(())
}

/// How many objects a bucket holds, in words.
async fn count_objects(deployer: &Deployer<'_>, bucket: &str) -> Result<String, Failure> {
    let page = deployer.target.s3().list_objects_v2().bucket(bucket).send().await.map_err(CallError::from);
    match page {
        Ok(page) if page.contents().is_empty() => Ok("nothing".into()),
        Ok(page) => {
            let more = if page.is_truncated() == Some(true) { " and more" } else { "" };
            Ok(plural(page.contents().len() as u64, "object") + more)
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok("nothing".into()),
        Err(error) => Err(error.failure(deployer.target, &format!("look into the bucket {bucket}"))),
    }
}

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
    let resources = stack::list_resources(deployer.target, &stack.id).await;
    let resources = resources.map_err(|error| error.failure(deployer.target, "list the stack's buckets"))?;
    Ok(resources.into_iter().filter(|it| it.kind == BUCKET).map(|it| it.physical_id).collect())
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
