//! Queues and the messages that lie in them.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::figures::{ConsumerFigures, QueueFigures};
use super::{Cut, Paging, Pairs, SLICE, figures, name_of};
use crate::console::{Viewer, absent};
use crate::core::consumers::Polls;
use crate::core::journal::Journal;
use crate::request::{Context, intern};
use crate::sqs::queue_url;
use engine::queue::{Queue, State};
use engine::{Engine, Millis};
use text::arn;
use wire::AwsError;

/// Messages that are looked at for their groups, and groups that are shown.
const GROUPED: usize = 500;
const GROUPS: usize = 100;

/// A page of the queues.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Queues {
    pub queues: Vec<QueueRow>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are, with the part of a name that is asked for.
    pub of: usize,
}

/// A queue in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueRow {
    pub name: String,
    pub arn: String,
    pub url: String,
    pub region: String,
    pub account: String,
    pub fifo: bool,
    #[serde(flatten)]
    pub figures: QueueFigures,
    /// The ARN of its dead-letter queue.
    pub dead_letter_queue: Option<String>,
    pub max_receive_count: Option<u32>,
}

/// One queue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueView {
    #[serde(flatten)]
    pub row: QueueRow,
    /// As GetQueueAttributes shows them.
    pub attributes: Pairs,
    pub tags: Pairs,
    /// Message move tasks from here, the latest first.
    pub moves: Vec<MoveTask>,
    /// Message groups that hold messages, of a FIFO queue; a hundred at most.
    pub groups: Vec<Group>,
    /// How many messages were looked at for `groups`, and of how many.
    pub groups_searched: usize,
    pub consumers: Vec<ConsumerFigures>,
}

/// A message move task.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MoveTask {
    pub handle: Option<String>,
    pub status: String,
    pub to: Option<String>,
    pub moved: u64,
    pub of: Option<u64>,
    pub per_second: Option<u64>,
    pub started: u64,
    pub failure: Option<String>,
}

/// A message group of a FIFO queue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Group {
    pub group: String,
    pub messages: usize,
    /// The id of the message in flight that holds up the others.
    pub held_by: Option<String>,
    pub until: Option<u64>,
}

/// A page of a queue's messages.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueMessages {
    pub queue: String,
    pub messages: Vec<Lying>,
    pub next: Option<String>,
    /// How many messages were looked at for this page.
    pub searched: usize,
    /// How many lie in the queue.
    pub of: usize,
}

/// A message as it lies in a queue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Lying {
    pub id: String,
    pub position: u64,
    pub body: String,
    /// The body is longer than what is shown of it.
    pub cut: bool,
    pub bytes: usize,
    pub attributes: std::collections::BTreeMap<String, Attribute>,
    pub group: Option<String>,
    pub deduplication_id: Option<String>,
    pub sequence_number: Option<String>,
    pub sent_at: u64,
    pub first_received_at: Option<u64>,
    pub receives: u32,
    /// `visible`, `in_flight` or `delayed`.
    pub state: &'static str,
    pub until: Option<u64>,
    /// The ARN of the queue that it was redriven from.
    pub dead_letter_source: Option<String>,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Attribute {
    #[serde(rename = "type")]
    pub kind: String,
    /// Text; of a binary one base64.
    pub value: Json,
}

/// A page of the queues.
pub(crate) fn queues(viewer: &Viewer, paging: &Paging) -> Queues {
    let mut cut = Cut::default();
    viewer.cx.cloud.core.each_queue("", |it, _| {
        if !it.config.hidden && viewer.sees(&it.config.arn) {
            paging.take(&mut cut, &it.config.arn);
        }
        true
    });
    let Cut { names, next, of } = cut;
    let mut sources: HashMap<String, Vec<String>> = HashMap::new();
    viewer.cx.cloud.core.each_queue("", |queue, _| {
        if let Some(redrive) = queue.settings.redrive.as_ref().filter(|_| viewer.sees(&queue.config.arn)) {
            let of = sources.entry(redrive.target.clone()).or_default();
            (of.len() < figures::SOURCES).then(|| of.push(queue.config.arn.clone()));
        }
        true
    });
    let mut queues: Vec<QueueRow> = Vec::with_capacity(names.len());
    for slice in names.chunks(SLICE) {
        queues.extend(viewer.cx.cloud.core.look(|engine, journal, now| {
            let rows = slice.iter().filter_map(|arn| row(viewer, engine, journal, arn, now));
            rows.collect::<Vec<_>>()
        }));
    }
    for queue in &mut queues {
        queue.figures.dead_letters_of = sources.remove(&queue.arn).unwrap_or_default();
    }
    Queues { queues, next, of }
}

fn row(viewer: &Viewer, engine: &mut Engine, journal: &Journal, arn: &str, now: Millis) -> Option<QueueRow> {
    let id = engine.queue_id(arn)?;
    let queue = engine.queue_mut(id)?;
    let redrive = queue.settings.redrive.clone();
    Some(QueueRow {
        name: name_of(arn).to_owned(),
        arn: arn.to_owned(),
        url: queue_url::of(viewer.cx.services, &viewer.cx.host, arn),
        region: arn::region(arn).to_owned(),
        account: arn::account(arn).to_owned(),
        fifo: queue.settings.fifo,
        figures: figures::of_queue(queue, &journal.counts, &viewer.watch, now),
        dead_letter_queue: redrive.as_ref().map(|redrive| redrive.target.clone()),
        max_receive_count: redrive.map(|redrive| redrive.max_receive_count),
    })
}

/// The ARN of the queue of a name, an ARN or a URL, if it is one that the viewer sees.
///
/// # Errors
/// 404.
pub(crate) fn find(viewer: &Viewer, name: &str) -> Result<String, AwsError> {
    let found = viewer.cx.cloud.core.read(|engine, _| {
        let sees = |arn: &&str| viewer.sees(arn) && queue_url::find(engine, arn).is_some();
        if name.starts_with("arn:") {
            return Some(name).filter(sees).map(str::to_owned);
        }
        let name = name.rsplit('/').next().unwrap_or(name);
        let here = queue_url::arn(&viewer.cx.region, &viewer.cx.account, name);
        if sees(&here.as_str()) {
            return Some(here);
        }
        let mut all = engine.queues("arn:aws:sqs:").map(|queue| queue.config.arn.as_str());
        all.find(|arn| name_of(arn) == name && sees(arn)).map(str::to_owned)
    });
    found.ok_or_else(|| absent("queue", name))
}

/// One queue.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) async fn queue(viewer: &Viewer, name: &str) -> Result<QueueView, AwsError> {
    let arn = find(viewer, name)?;
    let cx = Context { region: intern(arn::region(&arn)), ..viewer.cx.clone() };
    let found = viewer.cx.cloud.core.look(|engine, journal, now| {
        let mut row = row(viewer, engine, journal, &arn, now)?;
        row.figures.dead_letters_of = figures::sources(engine, &arn);
        let id = engine.queue_id(&arn)?;
        let tags = engine.queue(id)?.config.tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let (groups, searched) = groups(engine, engine.queue(id)?, now);
        Some((id, row, tags, groups, searched))
    });
    let (id, row, tags, groups, groups_searched) = found.ok_or_else(|| absent("queue", name))?;
    let asked = json!({"QueueUrl": row.url, "AttributeNames": ["All"]});
    let answer = cx.call("sqs", "GetQueueAttributes", asked).await?;
    let mut moves = Vec::new();
    if !row.figures.dead_letters_of.is_empty() {
        let asked = json!({"SourceArn": arn, "MaxResults": 10});
        let answer = cx.call("sqs", "ListMessageMoveTasks", asked).await?;
        moves = answer["Results"].as_array().into_iter().flatten().map(move_task).collect();
    }
    let polls = viewer.cx.cloud.consumers.all();
    let consumers = polls.into_iter().filter(|polls| polls.queue == id).map(|polls| consumer(&polls)).collect();
    Ok(QueueView { row, attributes: pairs(&answer["Attributes"]), tags, moves, groups, groups_searched, consumers })
}

/// The texts of a JSON object.
pub(crate) fn pairs(object: &Json) -> Pairs {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    object.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What is known of a consumer.
pub(crate) fn consumer(polls: &Polls) -> ConsumerFigures {
    ConsumerFigures {
        agent: polls.agent.to_string(),
        application: polls.application.as_deref().or_else(|| application(&polls.agent)).map(str::to_owned),
        last_seen: polls.last,
        polls: polls.count,
    }
}

/// The application's id in what an SDK says of itself: `app/NAME` ("Application ID", AWS SDKs and Tools Reference Guide).
fn application(agent: &str) -> Option<&str> {
    agent.split(' ').find_map(|word| word.strip_prefix("app/")).filter(|id| !id.is_empty())
}

/// A consumer's name: its application's id, else the SDK's first word.
pub(crate) fn consumer_name(figures: &ConsumerFigures) -> &str {
    let agent = figures.agent.as_str();
    figures.application.as_deref().unwrap_or_else(|| agent.split(' ').next().unwrap_or(agent))
}

fn move_task(task: &Json) -> MoveTask {
    let text = |name: &str| task[name].as_str().map(str::to_owned);
    MoveTask {
        handle: text("TaskHandle"),
        status: text("Status").unwrap_or_default(),
        to: text("DestinationArn"),
        moved: task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or_default(),
        of: task["ApproximateNumberOfMessagesToMove"].as_u64(),
        per_second: task["MaxNumberOfMessagesPerSecond"].as_u64(),
        started: task["StartedTimestamp"].as_u64().unwrap_or_default(),
        failure: text("FailureReason"),
    }
}

/// The message groups among the first messages of a FIFO queue.
fn groups(engine: &Engine, queue: &Queue, now: Millis) -> (Vec<Group>, usize) {
    if !queue.settings.fifo {
        return (Vec::new(), 0);
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    let mut searched = 0;
    for (_, entry) in queue.messages().take(GROUPED) {
        searched += 1;
        let name = queue.group_of(entry);
        let at = *at.entry(name).or_insert_with(|| {
            groups.push(Group { group: name.to_owned(), messages: 0, held_by: None, until: None });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.messages += 1;
        if group.held_by.is_none() && matches!(entry.state, State::InFlight) && entry.visible_at > now {
            group.held_by = Some(engine.message_id(entry.seq, entry.index));
            group.until = Some(entry.visible_at);
        }
    }
    groups.sort_by_key(|group| (group.held_by.is_none(), std::cmp::Reverse(group.messages)));
    groups.truncate(GROUPS);
    (groups, searched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumers_have_names() {
        let sdk = "aws-sdk-rust/1.3.14 ua/2.1 api/sqs#1.102.0 os/linux lang/rust#1.92.0 app/orders-api";
        let name = |agent: &str, application: Option<&str>| {
            let (agent, application) = (agent.into(), application.map(Into::into));
            consumer_name(&consumer(&Polls { queue: engine::QueueId(1), agent, application, last: 1, count: 1 }))
                .to_owned()
        };
        assert_eq!(name(sdk, None), "orders-api");
        assert_eq!(name("Boto3/1.40 md/Botocore#1.40", None), "Boto3/1.40");
        assert_eq!(name("x app/", None), "x");
        assert_eq!(name("aws-sdk-rust/1.3.14 os/linux lang/rust/1.92.0", Some("api")), "api");
    }
}
