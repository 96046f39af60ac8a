//! Watches a stack change: its events as they happen, and how it ends.

use std::time::Duration;

use aws_sdk_cloudformation::types::StackEvent;
use console::Style;
use tokio::time::sleep;

use super::{Deployer, validation};
use crate::aws::{CallError, ErrorKind};
use crate::exit::{Exit, Failure};
use crate::stack::{self, Stack};
use crate::ui::{self, paint};
use crate::units::duration;

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
        .help(validation::taken(&reason).unwrap_or("Correct the template or its parameters, and deploy again."))
        .why(reason))
}

/// Shows what happens until the stack rests: the stack, unless it is gone, and the first reason of a failure.
pub(super) async fn until_rest(
    deployer: &Deployer<'_>,
    stack_id: &str,
    mut since: Option<String>,
) -> Result<(Option<Stack>, Option<String>), Failure> {
    let spinner = deployer.ui.bar(None, "{spinner:.green} {elapsed} {msg}");
    let (mut begun, mut looks, mut reason) = (false, 0, None);
    let mut lines = Lines { columns: deployer.ui.columns(), first: None, ids: deployer.stack.len().max(LONGEST_ID) };
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
                deployer.ui.line(lines.of(&event));
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
            biased;
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

/// How wide the column of logical ids is at least.
const LONGEST_ID: usize = 24;
/// The longest type of a resource that a template here is likely to have.
const LONGEST_TYPE: usize = "AWS::KinesisFirehose::DeliveryStream".len();

/// Events as lines: how long after the first, what, and its state, which stands last: states are of very different
/// lengths.
struct Lines {
    /// How wide the terminal is, if it is one.
    columns: Option<usize>,
    /// When the first event was, in milliseconds.
    first: Option<i64>,
    /// How wide the column of logical ids is.
    ids: usize,
}

impl Lines {
    fn of(&mut self, event: &StackEvent) -> String {
        let status = event.resource_status().map(|status| status.as_str()).unwrap_or_default();
        let style = match status {
            status if status.ends_with("_FAILED") || status.contains("ROLLBACK") => Style::new().red(),
            status if status.ends_with("_COMPLETE") => Style::new().green(),
            _ => Style::new().dim(),
        };
        let dim = Style::new().dim();
        let ids = self.ids;
        let mut line = format!(
            "{}  {:<ids$}  ",
            paint(&dim, format!("{:>8}", self.after(event))),
            event.logical_resource_id().unwrap_or_default(),
        );
        // Where there is room beside the longest state.
        let room = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS".len();
        if self.columns.is_none_or(|columns| columns >= 8 + ids + LONGEST_TYPE + room + 6) {
            line += &format!("{:<LONGEST_TYPE$}  ", event.resource_type().unwrap_or_default());
        }
        line += &paint(&style, status);
        if let Some(reason) = event.resource_status_reason().filter(|reason| !reason.is_empty()) {
            line += &format!("  {}", paint(&dim, ui::short(&ui::one_line(reason))));
        }
        line
    }

    /// How long after the first event this one was.
    fn after(&mut self, event: &StackEvent) -> String {
        let Some(at) = event.timestamp().and_then(|at| at.to_millis().ok()) else { return String::new() };
        let first = *self.first.get_or_insert(at);
        match u64::try_from(at - first) {
            // The service tells milliseconds.
            Ok(0) | Err(_) => "0 ms".into(),
            Ok(ms) => duration(Duration::from_millis(ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::ResourceStatus;

    use super::*;

    fn event(ms: i64, status: ResourceStatus) -> StackEvent {
        StackEvent::builder()
            .timestamp(DateTime::from_millis(ms))
            .logical_resource_id("OrdersQueue")
            .resource_type("AWS::SQS::Queue")
            .resource_status(status)
            .stack_id("s")
            .event_id("e")
            .stack_name("n")
            .build()
    }

    /// All events of a deployment had the same second, and the longest state shifted what stood behind it.
    #[test]
    fn events_tell_how_long_after_the_first_they_were() {
        let mut lines = Lines { columns: Some(80), first: None, ids: LONGEST_ID };
        let mut shown = |ms, status| console::strip_ansi_codes(&lines.of(&event(ms, status))).into_owned();
        assert_eq!(
            shown(1_000, ResourceStatus::CreateInProgress),
            format!("    0 ms  {:<24}  CREATE_IN_PROGRESS", "OrdersQueue")
        );
        let later = shown(1_012, ResourceStatus::from("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
        assert_eq!(later, format!("   12 ms  {:<24}  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "OrdersQueue"));
        assert!(later.chars().count() <= 80);
        lines.columns = None;
        let wide = lines.of(&event(9_000, ResourceStatus::CreateComplete));
        assert!(console::strip_ansi_codes(&wide).contains("AWS::SQS::Queue "), "{wide}");
    }
}
