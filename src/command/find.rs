//! Which queue is meant: one of the APIs', or one by its name, its URL or its ARN.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::aws::queue::{dead_letter_queue, url_by_arn, url_by_name};
use crate::aws::{CallError, ErrorKind, Target};
use crate::config::{Env, Found, Origin};
use crate::exit::{Exit, Failure};
use crate::stack::{self, Resolver, Wanted};

/// A queue.
pub(crate) struct Queue {
    pub url: String,
    pub arn: String,
}

const ORDERS: Wanted = Wanted {
    what: "queue of the orders API",
    flag: "its URL",
    variables: &["URL_ORDERS"],
    output: stack::ORDERS_QUEUE_URL,
};
const PAYMENTS: Wanted = Wanted {
    what: "queue of the payments API",
    flag: "its URL",
    variables: &["URL_PAYMENTS"],
    output: stack::PAYMENTS_QUEUE_URL,
};

/// What names a queue on a command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    /// orders, payments, orders-dlq or payments-dlq; a name, a URL or an ARN.
    pub queue: &'a str,
    /// The stack whose outputs name the queues of the APIs.
    pub stack: &'a str,
    /// Not the queue itself: its dead-letter queue.
    pub dead_letters: bool,
}

/// Finds the queue that is meant.
pub(crate) async fn queue(target: &Target, env: &Env, meant: Named<'_>) -> Result<Queue, Failure> {
    let named = meant.queue;
    let (wanted, of_dead) = match named {
        "orders" => (Some(ORDERS), false),
        "payments" => (Some(PAYMENTS), false),
        "orders-dlq" => (Some(ORDERS), true),
        "payments-dlq" => (Some(PAYMENTS), true),
        _ => (None, false),
    };
    let resolved = match wanted {
        Some(wanted) => Some(Resolver::new(target, env, meant.stack).find(wanted, None).await),
        None => None,
    };
    let (found, dead) = match resolved {
        Some(Ok(found)) => (found, of_dead || meant.dead_letters),
        // A queue may have that very name.
        Some(Err(failure)) if failure.exit == Exit::Usage => match url_by_name(&target.sqs(), named, None).await {
            Ok(url) => (given(url), meant.dead_letters),
            Err(_) => return Err(failure),
        },
        Some(Err(failure)) => return Err(failure),
        None => (by_argument(target, named).await?, meant.dead_letters),
    };
    target.check_region(&found)?;
    let queue = describe(target, &found).await?;
    match (dead, queue.dead) {
        (false, _) => Ok(Queue { url: found.value, arn: queue.arn }),
        (true, Some(arn)) => {
            let url = url_by_arn(&target.sqs(), &arn).await;
            let url = url.map_err(|error| refuse(&error, target, &given(arn.clone())))?;
            Ok(Queue { url, arn })
        }
        (true, None) => Err(Failure::usage(format!("{} has no dead-letter queue", found.value))
            .help("Leave --dead-letters away to see its own messages.")),
    }
}

fn given(value: String) -> Found {
    Found { value, origin: Origin::Flag("the command line") }
}

/// The queue that an argument names: a URL, an ARN or a name.
async fn by_argument(target: &Target, named: &str) -> Result<Found, Failure> {
    if named.contains("://") {
        return Ok(given(named.to_owned()));
    }
    if !named.starts_with("arn:") {
        let url = url_by_name(&target.sqs(), named, None)
            .await
            .map_err(|error| refuse(&error, target, &given(named.into())))?;
        return Ok(given(url));
    }
    let found = given(named.to_owned());
    target.check_region(&found)?;
    if named.split(':').count() != 6 || named.split(':').nth(2) != Some("sqs") {
        return Err(Failure::usage(format!("{named:?} isn't the ARN of a queue"))
            .help("One looks like arn:aws:sqs:us-east-1:000000000000:my-queue."));
    }
    url_by_arn(&target.sqs(), named).await.map(given).map_err(|error| refuse(&error, target, &found))
}

/// A queue's ARN, and that of its dead-letter queue.
struct Described {
    arn: String,
    dead: Option<String>,
}

async fn describe(target: &Target, found: &Found) -> Result<Described, Failure> {
    let wanted = vec![Attribute::QueueArn, Attribute::RedrivePolicy];
    let ask = target.sqs().get_queue_attributes().queue_url(&found.value).set_attribute_names(Some(wanted));
    let answer = ask.send().await.map_err(|error| refuse(&error.into(), target, found))?;
    let text = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
    Ok(Described {
        arn: text(Attribute::QueueArn).cloned().unwrap_or_default(),
        dead: text(Attribute::RedrivePolicy).and_then(|policy| dead_letter_queue(policy)),
    })
}

fn refuse(error: &CallError, target: &Target, found: &Found) -> Failure {
    let failure = error.failure(target, &format!("find the queue {}", found.value));
    if error.kind != ErrorKind::NotFound {
        return failure;
    }
    let foreign = target.foreign_account(&found.value).map(|told| told + " ").unwrap_or_default();
    failure.help(format!("The target is {}. {foreign}`messaging status --all` lists its queues.", target.describe()))
}
