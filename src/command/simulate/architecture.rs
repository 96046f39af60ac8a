//! The parts of any stack: its topics, what is subscribed to them, and who follows that.

use std::time::Duration;

use super::subscriptions::{self, Subscribed, Subscription, end, queue_end};
use crate::aws::{CallError, Target, queue as queues};
use crate::deploy::{Deployer, Stream, await_streams_of};
use crate::exit::Failure;
use crate::stack::{self, Outputs, Resource, Stack};
use crate::traffic::api::Api;
use crate::traffic::consumer;
use crate::traffic::filtered::Fed;
use crate::traffic::landed::Landing;
use crate::traffic::name::LegName;
use crate::traffic::run::{FanOut, FanOutLanding, FanOutQueue};
use crate::ui::one_line;

pub(super) const TOPIC: &str = "AWS::SNS::Topic";
pub(super) const QUEUE: &str = "AWS::SQS::Queue";
/// A simulation follows so many queues and streams.
const MAX_LEGS: usize = 200;

/// What was found of a stack.
pub(in crate::command) struct Architecture {
    pub fan_out: FanOut,
    /// Subscriptions that nobody looks at, in words.
    pub not_followed: Vec<String>,
    /// When the delivery streams land a batch, in words; none without a stream.
    pub lands: Option<String>,
}

/// An error that says what a simulation needs.
pub(super) fn no_topic(what: &str, has_queues: bool) -> Failure {
    let has = if has_queues { "it has queues, and no topic" } else { "it has no topic" };
    Failure::usage(what).why(has).help(
        "A simulation publishes to an SNS topic of the stack, drains the SQS queues that are subscribed to it, and reads the \
         buckets of the delivery streams that are: it needs a topic and a subscription of a queue or a stream. \
         `messaging deploy` deploys any template.",
    )
}

/// Finds the parts of a stack that can be published to in one run: of only the topics of these names if there are any.
pub(super) async fn find(deployer: &Deployer<'_>, stack: &Stack, wanted: &[String]) -> Result<Architecture, Failure> {
    let found = look(deployer, stack, wanted).await?;
    let topics = &found.fan_out.topics;
    if topics.iter().any(|topic| is_fifo(topic) != is_fifo(&topics[0])) {
        let names: Vec<_> = topics.iter().map(|topic| end(topic)).collect();
        return Err(Failure::usage(format!("The stack {} can't be simulated", deployer.stack))
            .why(format!("some of its topics keep an order (FIFO) and some don't: {}", names.join(", ")))
            .help("Say with --topic which are to be published to: those that keep one, or the others."));
    }
    tell(deployer, &found.fan_out, &found.not_followed);
    Ok(found)
}

/// Finds the parts of a stack: of only the topics of these names if there are any.
pub(in crate::command) async fn look(
    deployer: &Deployer<'_>,
    stack: &Stack,
    wanted: &[String],
) -> Result<Architecture, Failure> {
    let target = deployer.target;
    let cant = |error: CallError| error.failure(target, "look at the stack's resources");
    let resources = stack::list_all_resources(target, &stack.id).await.map_err(cant)?;
    let what = format!("The stack {} can't be simulated", deployer.stack);
    let mut topics = topics(target, &resources).await.map_err(cant)?;
    if topics.is_empty() {
        return Err(no_topic(&what, resources.iter().any(|resource| resource.kind == QUEUE)));
    }
    choose(&mut topics, &resources, wanted)?;
    let streams = await_streams_of(deployer, &resources).await?;
    let urls = queue_urls(target, &resources).await.map_err(cant)?;
    let cant = |error: CallError| error.failure(target, "look at the topic's subscriptions");
    let Subscribed { mut followed, mut not_followed } =
        subscriptions::look(target, &topics, &urls, &streams).await.map_err(cant)?;
    // Nobody is written to who can't be followed anywhere.
    topics.retain(|topic| {
        let is_fed = followed.iter().any(|subscription| subscription.topic == *topic);
        if !is_fed {
            not_followed.push(format!("the topic {}: no queue or stream of the stack is subscribed to it", end(topic)));
        }
        is_fed
    });
    if topics.is_empty() {
        let subscribed = if not_followed.is_empty() { String::new() } else { format!(": {}", not_followed.join("; ")) };
        return Err(Failure::usage(what)
            .why(format!("none of its queues and streams is subscribed to one of its topics{subscribed}"))
            .help("Subscribe a queue or a delivery stream of the stack to the topic that is to be published to."));
    }
    followed.retain(|subscription| topics.contains(&subscription.topic));
    let fan_out = legs(deployer, stack, topics, &followed, &urls, &streams).await?;
    let lands = lands(&fan_out, &streams, resources.iter().any(|it| it.kind.ends_with("::DeliveryStream")));
    Ok(Architecture { fan_out, not_followed, lands })
}

fn is_fifo(arn: &str) -> bool {
    arn.ends_with(".fifo")
}

/// The ARNs of the topics: of most clouds a topic's own id is its ARN.
async fn topics(target: &Target, resources: &[Resource]) -> Result<Vec<String>, CallError> {
    let ids = resources.iter().filter(|it| it.kind == TOPIC).map(|it| it.physical_id.as_str());
    let (mut topics, names): (Vec<_>, Vec<_>) = ids.partition(|id| id.starts_with("arn:"));
    let mut found = Vec::new();
    if !names.is_empty() {
        let client = target.sns();
        let mut pages = client.list_topics().into_paginator().items().send();
        while let Some(topic) = pages.next().await {
            found.extend(topic?.topic_arn.filter(|arn| names.contains(&end(arn))));
        }
    }
    topics.sort_unstable();
    topics.dedup();
    Ok(topics.into_iter().map(str::to_owned).chain(found).collect())
}

/// Leaves the topics that were asked for by ARN, name or logical id; all of them if none was.
fn choose(topics: &mut Vec<String>, resources: &[Resource], wanted: &[String]) -> Result<(), Failure> {
    let is_called = |topic: &String, name: &String| {
        let logical =
            resources.iter().any(|it| it.logical_id == *name && it.kind == TOPIC && end(&it.physical_id) == end(topic));
        topic == name || end(topic) == name || logical
    };
    if let Some(unknown) = wanted.iter().find(|name| !topics.iter().any(|topic| is_called(topic, name))) {
        let names: Vec<_> = topics.iter().map(|topic| end(topic)).collect();
        return Err(Failure::usage(format!("The stack has no topic {unknown}"))
            .why(format!("its topics are {}", names.join(", ")))
            .help("--topic takes a topic's name, its logical id in the template, or its ARN."));
    }
    topics.retain(|topic| wanted.is_empty() || wanted.iter().any(|name| is_called(topic, name)));
    Ok(())
}

/// The URLs of the queues: of most clouds a queue's own id is its URL.
pub(in crate::command) async fn queue_urls(target: &Target, resources: &[Resource]) -> Result<Vec<String>, CallError> {
    let client = target.sqs();
    let mut urls = Vec::new();
    for id in resources.iter().filter(|it| it.kind == QUEUE).map(|it| it.physical_id.as_str()) {
        urls.push(match id {
            url if url.starts_with("http") => url.to_owned(),
            arn if arn.starts_with("arn:") => queues::url_by_arn(&client, arn).await?,
            name => queues::url_by_name(&client, name, None).await?,
        });
    }
    Ok(urls)
}

/// What each of the topics feeds an endpoint with. Of two subscriptions of a topic to one endpoint nobody knows which it was by.
fn fed(topics: &[String], followed: &[&Subscription]) -> Vec<Fed> {
    let of = |topic: &String| {
        let mut by = followed.iter().filter(|subscription| subscription.topic == *topic);
        match (by.next(), by.next()) {
            (None, _) => Fed::Nothing,
            (Some(one), None) => one.fed.clone(),
            (Some(_), Some(_)) => Fed::Unknown("the topic has several subscriptions to it".into()),
        }
    };
    topics.iter().map(of).collect()
}

/// The legs: every queue and stream that a topic feeds.
async fn legs(
    deployer: &Deployer<'_>,
    stack: &Stack,
    topics: Vec<String>,
    followed: &[Subscription],
    urls: &[String],
    streams: &[Stream],
) -> Result<FanOut, Failure> {
    let target = deployer.target;
    let client = target.sqs();
    let (mut queues, mut landings) = (Vec::new(), Vec::new());
    for url in urls {
        let by: Vec<_> = followed.iter().filter(|it| it.endpoint.ends_with(&queue_end(url))).collect();
        if by.is_empty() {
            continue;
        }
        let settings = consumer::describe(&client, url).await;
        let settings = settings.map_err(|error| error.failure(target, &format!("look at the queue {url}")))?;
        let (name, api) = handler(&stack.outputs, url);
        let dead = by.iter().filter_map(|it| it.dead_letter_queue.clone()).collect();
        queues.push(FanOutQueue { name, api, url: url.clone(), fed: fed(&topics, &by), settings, dead });
    }
    let ours = stack.outputs.get(stack::BUCKET_NAME);
    for stream in streams {
        let by: Vec<_> = followed.iter().filter(|it| it.is_to_stream(&stream.name)).collect();
        if by.is_empty() {
            continue;
        }
        let shared = streams.iter().filter(|it| it.bucket == stream.bucket).count() > 1;
        let only_one = streams.len() == 1 && ours == Some(&stream.bucket);
        let fed = match &stream.packs {
            Some(packs) => vec![Fed::Unknown(format!("it {packs}, which can't be read here")); topics.len()],
            None => fed(&topics, &by),
        };
        landings.push(FanOutLanding {
            name: if only_one { LegName::landing() } else { LegName::new(stream.name.as_str()) },
            stream: stream.name.clone(),
            fed,
            landing: Landing {
                bucket: stream.bucket.clone(),
                prefix: stream.prefix.clone(),
                error_prefix: stream.error_prefix.clone(),
                only_of: shared.then(|| stream.name.clone()),
            },
            buffering: Duration::from_secs(stream.buffering.seconds.into()),
            dead: by.iter().filter_map(|it| it.dead_letter_queue.clone()).collect(),
        });
    }
    if queues.len() + landings.len() > MAX_LEGS {
        return Err(Failure::usage(format!("The stack {} has too many legs", deployer.stack))
            .why(format!("a simulation follows {MAX_LEGS} queues and streams at most"))
            .help("--topic leaves those of one topic."));
    }
    // The orders API comes before that of payments, and both before what has a name of its own.
    queues.sort_by_key(|queue: &FanOutQueue| (queue.api, queue.name.clone()));
    Ok(FanOut { topics, queues, landings })
}

/// Who drains a queue: an API of the fan-out, if the stack says by its outputs which queue is whose.
fn handler(outputs: &Outputs, url: &str) -> (LegName, Api) {
    for (api, output) in [(Api::Orders, stack::ORDERS_QUEUE_URL), (Api::Payments, stack::PAYMENTS_QUEUE_URL)] {
        if outputs.get(output).is_some_and(|of| queue_end(of) == queue_end(url)) {
            return (api.into(), api);
        }
    }
    (LegName::new(end(url)), Api::Any)
}

/// Says what a leg is to get, unless it is everything, and whom nobody follows.
fn tell(deployer: &Deployer<'_>, fan_out: &FanOut, not_followed: &[String]) {
    let several = fan_out.topics.len() > 1;
    if several {
        let names: Vec<_> = fan_out.topics.iter().map(|topic| end(topic)).collect();
        deployer.ui.note(format!("Publishing to {}: each event goes to one of them.", names.join(", ")));
    }
    let queues = fan_out.queues.iter().map(|it| (format!("{} queue", it.name), &it.fed));
    let landings = fan_out.landings.iter().map(|it| match it.name == LegName::landing() {
        true => ("delivery stream".to_owned(), &it.fed),
        false => (format!("delivery stream {}", it.name), &it.fed),
    });
    for (leg, fed) in queues.chain(landings) {
        for (topic, fed) in fan_out.topics.iter().zip(fed) {
            let of = if several { format!(" of {}", end(topic)) } else { String::new() };
            match fed {
                Fed::Nothing | Fed::Everything => {}
                Fed::Filtered(filter) => {
                    let text = one_line(&filter.text);
                    deployer.ui.note(format!("The {leg} gets{of} what its filter policy lets through: {text}"));
                }
                Fed::Unknown(why) => {
                    deployer.ui.warn(format!("What the {leg} is to get{of} can't be judged: {why}"));
                }
            }
        }
    }
    for what in not_followed {
        deployer.ui.warn(format!("Not followed: {what}."));
    }
}

/// When the streams land what they have; a stream that nobody could describe isn't followed.
fn lands(fan_out: &FanOut, streams: &[Stream], has_streams: bool) -> Option<String> {
    let followed = streams.iter().filter(|stream| fan_out.landings.iter().any(|it| it.landing.bucket == stream.bucket));
    match followed.max_by_key(|stream| stream.buffering.seconds) {
        Some(stream) => Some(format!("the delivery stream lands a batch {}", stream.buffering)),
        None => has_streams.then(|| "the delivery stream doesn't say when it lands a batch".to_owned()),
    }
}
