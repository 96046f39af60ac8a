//! Names of what is in the running cloud, for whoever types a command line.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Arg, Command, Parser};

use super::Context;
use crate::aws::{Target, TargetArgs, TargetKind};

/// Who types waits no longer than this.
const PATIENCE: Duration = Duration::from_millis(300);
/// So many names are offered at most.
const MOST: usize = 1_000;
/// The names by which the commands know the queues of the APIs, beside the queues' own.
const OF_APIS: [&str; 4] = ["orders", "payments", "orders-dlq", "payments-dlq"];

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Queue,
    Stream,
    Stack,
    /// A stream, a bucket or a part of one.
    Place,
    /// A topic, a queue, a stream or a bucket.
    Anything,
}

/// The kind by the words with which help shows an argument's value.
fn kind_of(command: &str, argument: &Arg) -> Option<Kind> {
    let value = argument.get_value_names()?.first()?.as_str();
    match (command, argument.get_id().as_str(), value) {
        ("tail", "name", _) => Some(Kind::Anything),
        (_, "stack", _) => Some(Kind::Stack),
        (_, _, "QUEUE") => Some(Kind::Queue),
        (_, _, "STREAM") => Some(Kind::Stream),
        (_, _, "PLACE") => Some(Kind::Place),
        _ => None,
    }
}

/// The target's flags, wherever they stand among other words.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    target: TargetArgs,
}

/// The names that fit where the last of `words` is being typed; none where no name is wanted, none of AWS, and none if the cloud takes
/// longer than somebody waits.
pub(super) async fn of(context: &Context, program: Command, words: &[String]) -> Vec<String> {
    let Some((typed, before)) = words.split_last() else { return Vec::new() };
    let Some(kind) = wanted(&program, before, typed) else { return Vec::new() };
    let Some(flags) = target_flags(&program, before) else { return Vec::new() };
    let found = tokio::time::timeout(PATIENCE, async {
        let target = Target::connect(&flags, &context.env, &context.stop).await.ok()?;
        Some(all(&target, kind).await)
    });
    let found = found.await.ok().flatten().unwrap_or_default();
    found.into_iter().filter(|name| name.starts_with(typed.as_str())).take(MOST).collect()
}

/// What is wanted behind these words.
fn wanted(program: &Command, before: &[String], typed: &str) -> Option<Kind> {
    let (name, rest) = before.split_first()?;
    let command = program.find_subcommand(name)?;
    if typed.starts_with('-') {
        return None;
    }
    let mut positionals = command.get_positionals();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            positionals.next();
            continue;
        }
        let Some(flag) = flag(command, word).filter(|flag| flag.get_action().takes_values() && !word.contains('='))
        else {
            continue;
        };
        // The value of a flag; of the last one it is what is being typed.
        if words.next().is_none() {
            return kind_of(name, flag);
        }
    }
    kind_of(name, positionals.next()?)
}

fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let long = word.strip_prefix("--")?.split('=').next()?;
    command.get_arguments().find(|argument| argument.get_long() == Some(long))
}

/// The flags of the target among the words; none if they mean AWS, which is asked for nothing while somebody types.
fn target_flags(program: &Command, before: &[String]) -> Option<TargetArgs> {
    let command = program.find_subcommand(before.first()?)?;
    let mut given = vec!["messaging".to_owned()];
    let mut words = before.iter();
    while let Some(word) = words.next() {
        let is_ours = ["--target", "--endpoint-url", "--region"].contains(&word.split('=').next().unwrap_or_default());
        let takes = flag(command, word).is_some_and(|flag| flag.get_action().takes_values()) && !word.contains('=');
        let value = if takes { words.next() } else { None };
        if is_ours {
            given.push(word.clone());
            given.extend(value.cloned());
        }
    }
    let flags = Flags::try_parse_from(given).ok()?.target;
    (flags.target == TargetKind::Local).then_some(flags)
}

/// The names of a kind. What can't be listed has none.
async fn all(target: &Target, kind: Kind) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let wants = |of: &[Kind]| of.contains(&kind);
    let (queues, streams, topics, buckets, stacks) = tokio::join!(
        async { if wants(&[Kind::Queue, Kind::Anything]) { queues(target).await } else { Vec::new() } },
        async { if wants(&[Kind::Stream, Kind::Place, Kind::Anything]) { streams(target).await } else { Vec::new() } },
        async { if wants(&[Kind::Anything]) { topics(target).await } else { Vec::new() } },
        async { if wants(&[Kind::Place, Kind::Anything]) { buckets(target).await } else { Vec::new() } },
        async { if wants(&[Kind::Stack]) { stacks(target).await } else { Vec::new() } },
    );
    if !queues.is_empty() {
        names.extend(OF_APIS.map(str::to_owned));
    }
    // What two things are called is asked for by commands; here it is one word.
    names.extend(queues.into_iter().chain(streams).chain(topics).chain(buckets).chain(stacks));
    names
}

async fn queues(target: &Target) -> Vec<String> {
    let listed = target.sqs().list_queues().max_results(MOST as i32).send().await;
    let urls = listed.ok().and_then(|listed| listed.queue_urls).unwrap_or_default();
    urls.iter().filter_map(|url| url.rsplit('/').next()).map(str::to_owned).collect()
}

async fn streams(target: &Target) -> Vec<String> {
    let listed = target.firehose().list_delivery_streams().limit(100).send().await;
    listed.map(|listed| listed.delivery_stream_names).unwrap_or_default()
}

async fn topics(target: &Target) -> Vec<String> {
    let listed = target.sns().list_topics().send().await;
    let topics = listed.ok().and_then(|listed| listed.topics).unwrap_or_default();
    let arns = topics.iter().filter_map(|topic| topic.topic_arn());
    arns.filter_map(|arn| arn.rsplit(':').next()).map(str::to_owned).collect()
}

async fn buckets(target: &Target) -> Vec<String> {
    let listed = target.s3().list_buckets().send().await;
    let buckets = listed.ok().and_then(|listed| listed.buckets).unwrap_or_default();
    buckets.into_iter().filter_map(|bucket| bucket.name).collect()
}

async fn stacks(target: &Target) -> Vec<String> {
    let listed = target.cloudformation().list_stacks().send().await;
    let stacks = listed.ok().and_then(|listed| listed.stack_summaries).unwrap_or_default();
    let there = stacks.iter().filter(|stack| stack.stack_status().is_none_or(|it| it.as_str() != "DELETE_COMPLETE"));
    there.filter_map(|stack| stack.stack_name()).map(str::to_owned).collect()
}
