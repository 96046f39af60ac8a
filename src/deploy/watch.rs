//! Watches a stack change: its events as they happen, and how it ends.

use aws_sdk_cloudformation::types::StackEvent;
use console::Style;
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::sleep;

use super::Deployer;
use crate::aws::{CallError, ErrorKind};
use crate::exit::{Exit, Failure};
use crate::stack::{self, Stack};
use crate::ui::{self, paint};

/// A cloud that shows no event of the stack itself after so many looks has none.
const LOOKS_WITHOUT_EVENTS: u32 = 20;

/// The id of the newest event, before anything is started.
pub(super) async fn newest_event(deployer: &Deployer<'_>, stack_id: &str) -> Result<Option<String>, Failure> {
    let events = events_since(deployer, stack_id, None, true).await?;
    Ok(events.last().and_then(|event| event.event_id().map(str::to_owned)))
}

/// The events after the one with this id, oldest first; only one page of them if `newest` is enough.
async fn events_since(
    deployer: &Deployer<'_>,
    stack_id: &str,
    since: Option<&str>,
    newest: bool,
) -> Result<Vec<StackEvent>, Failure> {
    let client = deployer.target.cloudformation();
    let mut events = Vec::new();
    let mut token = None;
    loop {
        let request = client.describe_stack_events().stack_name(stack_id).set_next_token(token);
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => {
                let error = CallError::from(error);
                if error.kind == ErrorKind::NotFound {
                    return Ok(Vec::new());
                }
                return Err(error.failure(deployer.target, "see the stack's events"));
            }
        };
        token = page.next_token.filter(|_| !newest);
        for event in page.stack_events.unwrap_or_default() {
            if since.is_some() && event.event_id() == since {
                token = None;
                break;
            }
            events.push(event);
        }
        if token.is_none() {
            events.reverse();
            return Ok(events);
        }
        deployer.stop.check()?;
    }
}

/// Shows what happens from the event `since` on, until the stack has come to rest. An end that isn't the one meant is
/// an error with the first reason.
pub(super) async fn until_done(
    deployer: &Deployer<'_>,
    stack_id: &str,
    since: Option<String>,
) -> Result<Stack, Failure> {
    let (stack, reason) = until_rest(deployer, stack_id, since).await?;
    let Some(stack) = stack else {
        return Err(Failure::new(format!("The stack {} is gone", deployer.stack)));
    };
    let what = match stack.status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => return Ok(stack),
        "ROLLBACK_COMPLETE" => "was not created; what had been created was rolled back",
        "UPDATE_ROLLBACK_COMPLETE" => "was not updated; it is as it was before",
        "ROLLBACK_FAILED" => "was not created, and couldn't be rolled back",
        "UPDATE_ROLLBACK_FAILED" => "was not updated, and couldn't be rolled back",
        "CREATE_FAILED" => "was not created",
        _ => "didn't get there",
    };
    let reason = reason.or(stack.reason).unwrap_or_else(|| "CloudFormation gives no reason".into());
    Err(Failure::new(format!("The stack {} {what} ({})", deployer.stack, stack.status))
        .why(reason)
        .help("Correct the template or its parameters, and deploy again."))
}

/// Shows what happens until the stack rests: the stack, unless it is gone, and the first reason of a failure.
pub(super) async fn until_rest(
    deployer: &Deployer<'_>,
    stack_id: &str,
    mut since: Option<String>,
) -> Result<(Option<Stack>, Option<String>), Failure> {
    let spinner = deployer.ui.bar(None, "{spinner:.green} {elapsed} {msg}");
    let (mut begun, mut looks, mut reason) = (false, 0, None);
    let ended = loop {
        // The state first, then the events: an end is never seen before its last event.
        let stack = stack::describe(deployer.target, stack_id)
            .await
            .map_err(|error| error.failure(deployer.target, "see how the stack is"))?;
        for event in events_since(deployer, stack_id, since.as_deref(), false).await? {
            let status = event.resource_status().map(|status| status.as_str()).unwrap_or_default();
            begun |= event.physical_resource_id() == event.stack_id() && status != "REVIEW_IN_PROGRESS";
            if reason.is_none() && status.ends_with("_FAILED") {
                reason = first_reason(&event);
            }
            spinner.set_message(&format!("{status} {}", event.logical_resource_id().unwrap_or_default()));
            // What has only begun is for the spinner, if there is one; AWS says most beginnings twice.
            let begins = status.ends_with("_IN_PROGRESS") && event.physical_resource_id() != event.stack_id();
            let again = event.resource_status_reason() == Some("Resource creation Initiated");
            if !(begins && (again || deployer.ui.is_live())) {
                deployer.ui.line(line(&event));
            }
            since = event.event_id().map(str::to_owned);
        }
        looks += 1;
        match stack {
            None => break Ok((None, reason)),
            Some(stack) if !stack.status.ends_with("_IN_PROGRESS") && (begun || looks > LOOKS_WITHOUT_EVENTS) => {
                break Ok((Some(stack), reason));
            }
            Some(_) => {}
        }
        tokio::select! {
            () = sleep(deployer.pause()) => {}
            () = deployer.stop.requested() => break Err(
                Failure::new("Stopped watching; CloudFormation goes on with the stack")
                    .exit(Exit::Interrupted)
                    .help("See how it ends with another `messaging deploy`."),
            ),
        }
    };
    spinner.finish_and_clear();
    ended
}

/// What failed and why, unless it was only cancelled because something else failed.
fn first_reason(event: &StackEvent) -> Option<String> {
    let reason = event.resource_status_reason()?;
    let cancelled = reason.contains("cancelled");
    let of_the_stack = event.resource_type() == Some("AWS::CloudFormation::Stack");
    (!cancelled && !of_the_stack).then(|| {
        format!(
            "{} ({}): {reason}",
            event.logical_resource_id().unwrap_or_default(),
            event.resource_type().unwrap_or_default()
        )
    })
}

fn line(event: &StackEvent) -> String {
    let status = event.resource_status().map(|status| status.as_str()).unwrap_or_default();
    let style = match status {
        status if status.ends_with("_FAILED") || status.contains("ROLLBACK") => Style::new().red(),
        status if status.ends_with("_COMPLETE") => Style::new().green(),
        _ => Style::new().dim(),
    };
    let time = event.timestamp().and_then(|at| Timestamp::new(at.secs(), 0).ok());
    let time = time.map(|time| time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string());
    let mut line = format!(
        "{}  {}  {:<36}  {}",
        paint(&Style::new().dim(), time.unwrap_or_default()),
        paint(&style, format!("{status:<20}")),
        event.resource_type().unwrap_or_default(),
        event.logical_resource_id().unwrap_or_default()
    );
    if let Some(reason) = event.resource_status_reason().filter(|reason| !reason.is_empty()) {
        line += &format!("  {}", paint(&Style::new().dim(), ui::short(reason)));
    }
    line
}
