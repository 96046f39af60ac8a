//! The stack of a run: which template it comes from, deployed if need be, and its parts found.

use std::time::Duration;

use console::Style;

use super::Args;
use crate::command::Context;
use crate::command::page::sha256;
use crate::deploy::{Deployer, Template, await_streams};
use crate::exit::Failure;
use crate::stack::{self, Outputs, Stack};
use crate::traffic::api::Api;
use crate::traffic::consumer;
use crate::traffic::filtered::{self, Fed, Filter};
use crate::traffic::run::{FanOut, FanOutQueue};
use crate::ui::{one_line, paint};

/// The template's parameter for how long the stream buffers.
const BUFFERING: &str = "BufferingSeconds";
/// How many seconds the stream buffers in a simulation at most, unless the user says otherwise.
const SHORT_BUFFERING: u32 = 5;
/// How long a stream is taken to buffer where nobody tells.
const UNKNOWN_BUFFERING: Duration = Duration::from_secs(60);
/// The outputs that a simulation needs.
const OUTPUTS: [&str; 4] = [stack::TOPIC_ARN, stack::ORDERS_QUEUE_URL, stack::PAYMENTS_QUEUE_URL, stack::BUCKET_NAME];

/// What a run goes through.
pub(super) struct Found {
    pub fan_out: FanOut,
    /// Which template made it, in words.
    pub template: String,
    /// The SHA-256 of its text; none if nobody read that.
    pub template_sha256: Option<String>,
    /// When the delivery stream lands a batch, in words.
    pub lands: String,
}

/// Refuses what can't be deployed for a simulation, before anything is asked or changed.
pub(super) fn check_deployable(args: &Args, template: &Template) -> Result<(), Failure> {
    check(template)?;
    parameters(args, template).map(drop)
}

/// Refuses a template that can't be the fan-out's.
fn check(template: &Template) -> Result<(), Failure> {
    if !template.is_readable() {
        // CloudFormation says what is wrong with it.
        return Ok(());
    }
    let has = template.names("Outputs");
    refuse_missing(&format!("{} can't be simulated", capital(&template.name)), |name| has.iter().any(|it| it == name))
}

/// An error unless all outputs are there that a simulation needs.
fn refuse_missing(what: &str, has: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let missing: Vec<_> = OUTPUTS.into_iter().filter(|name| !has(name)).collect();
    let (noun, names) = match missing.as_slice() {
        [] => return Ok(()),
        [one] => ("output", (*one).to_owned()),
        [most @ .., last] => ("outputs", format!("{} and {last}", most.join(", "))),
    };
    Err(Failure::usage(what).why(format!("it has no {noun} {names}")).help(
        "A simulation publishes to a topic, drains the queues of the orders and the payments API, and reads the bucket: \
         name them in outputs as infra.yaml does. `messaging deploy` deploys any template.",
    ))
}

fn capital(text: &str) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text.to_owned(),
    }
}

/// The parameters of a deployment: the given ones, and a shorter buffering, so that nobody needs to wait.
fn parameters(args: &Args, template: &Template) -> Result<Vec<(String, String)>, Failure> {
    let mut parameters = args.parameters.clone();
    let given = parameters.iter().any(|(name, _)| name == BUFFERING);
    let has = !template.is_readable() || template.names("Parameters").iter().any(|name| name == BUFFERING);
    match args.buffering_seconds {
        Some(_) if given => {
            return Err(Failure::usage(format!("--buffering-seconds and --parameter {BUFFERING}=.. say the same"))
                .help("Give one of them."));
        }
        Some(_) if !has => {
            return Err(Failure::usage(format!("{} has no parameter {BUFFERING}", capital(&template.name)))
                .why("--buffering-seconds sets that parameter")
                .help("Leave it out, or give the template such a parameter, as infra.yaml has it."));
        }
        Some(seconds) => parameters.push((BUFFERING.to_owned(), seconds.to_string())),
        // Of a fast clock nobody waits for it.
        None if has && !given && args.clock.speed() == 1 => {
            let default = template.defaults().get(BUFFERING).and_then(|default| default.parse::<u32>().ok());
            if default.is_none_or(|default| default > SHORT_BUFFERING) {
                parameters.push((BUFFERING.to_owned(), SHORT_BUFFERING.to_string()));
            }
        }
        None => {}
    }
    Ok(parameters)
}

/// Deploys the stack if need be, waits until its streams take records, and finds its parts. A stack that exists already,
/// on a cloud that isn't `own`, is taken as it is unless the user says otherwise.
pub(super) async fn find(
    context: &Context,
    args: &Args,
    deployer: &Deployer<'_>,
    wanted: &Template,
    own: bool,
) -> Result<Found, Failure> {
    let target = deployer.target;
    let doing = format!("look the stack {} up", args.stack);
    let found = stack::describe(target, &args.stack).await.map_err(|error| error.failure(target, &doing))?;
    let there = found.filter(|stack| ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()));
    let (stack, template, template_sha256) = match there {
        Some(stack) if !own && !args.changes_the_stack() => {
            let template = use_as_it_is(context, deployer, wanted, &stack).await;
            let text = match args.report {
                Some(_) => stack::template(target, &stack.id).await.ok(),
                None => None,
            };
            (stack, template, text.as_deref().map(sha256))
        }
        Some(stack) if !own && args.template.is_none() => {
            // Parameters for what is deployed: its own template, unless one of this folder stands for it.
            let template = match Template::of_this_folder()? {
                Some(template) => template,
                None => {
                    let text = stack::template(target, &stack.id).await;
                    let text = text.map_err(|error| error.failure(target, "read the stack's template"))?;
                    Template::new(text, "the stack's own template")
                }
            };
            (bring(context, args, deployer, &template, false).await?, template.name, Some(sha256(&template.text)))
        }
        _ => (bring(context, args, deployer, wanted, own).await?, wanted.name.clone(), Some(sha256(&wanted.text))),
    };
    refuse_missing(&format!("The stack {} can't be simulated", args.stack), |name| stack.outputs.contains_key(name))?;
    let (fan_out, lands) = parts(deployer, &stack).await?;
    Ok(Found { fan_out, template, template_sha256, lands })
}

/// Says that a stack is used as it is deployed, and whether the template of this folder is another.
async fn use_as_it_is(context: &Context, deployer: &Deployer<'_>, wanted: &Template, stack: &Stack) -> String {
    let bold = Style::new().for_stderr().bold();
    context.ui.note(format!(
        "Using the stack {} on {} as it is deployed.",
        paint(&bold, deployer.stack),
        deployer.target.describe()
    ));
    let here = matches!(Template::of_this_folder(), Ok(Some(_)));
    // Who can't see the stack's template gets no advice on it.
    if let (true, Ok(deployed)) = (here, stack::template(deployer.target, &stack.id).await)
        && deployed.trim() != wanted.text.trim()
    {
        context.ui.note(format!(
            "It was deployed from another template than {}: `messaging deploy`, or --template infra.yaml here, changes that.",
            wanted.name
        ));
    }
    "the stack as it is deployed".into()
}

/// Brings the stack to what a template says. On our own cloud nobody else deploys it: it becomes just what the template
/// says, defaults included.
async fn bring(
    context: &Context,
    args: &Args,
    deployer: &Deployer<'_>,
    template: &Template,
    own: bool,
) -> Result<Stack, Failure> {
    let bold = Style::new().for_stderr().bold();
    check(template)?;
    let parameters = parameters(args, template)?;
    let default = template.defaults().remove(BUFFERING);
    let shorter = parameters.iter().find(|(name, _)| name == BUFFERING).filter(|_| args.buffering_seconds.is_none());
    let remark = match (shorter, default) {
        (Some((name, value)), Some(default)) if !args.parameters.iter().any(|(given, _)| given == name) => {
            format!(", with {name}={value} instead of {default}, so that you needn't wait")
        }
        _ => String::new(),
    };
    context.ui.note(format!(
        "Deploying {} as the stack {} on {}{remark}.",
        paint(&bold, &template.name),
        paint(&bold, deployer.stack),
        deployer.target.describe()
    ));
    match own {
        true => deployer.apply_afresh(template, &parameters).await,
        false => deployer.apply(template, &parameters).await,
    }
}

/// Finds the parts of a stack by its outputs, and asks queues and stream for their settings.
async fn parts(deployer: &Deployer<'_>, stack: &Stack) -> Result<(FanOut, String), Failure> {
    let target = deployer.target;
    let output = |outputs: &Outputs, name: &str| outputs.get(name).cloned().unwrap_or_default();
    let client = target.sqs();
    let mut queues = Vec::new();
    for (api, name) in [(Api::Orders, stack::ORDERS_QUEUE_URL), (Api::Payments, stack::PAYMENTS_QUEUE_URL)] {
        let url = output(&stack.outputs, name);
        let settings = consumer::describe(&client, &url).await;
        let settings = settings.map_err(|error| error.failure(target, &format!("look at the queue {url}")))?;
        queues.push(FanOutQueue { api, url, filter: None, settings });
    }
    let bucket = output(&stack.outputs, stack::BUCKET_NAME);
    let streams = await_streams(deployer, stack).await?;
    // A stack may have streams that land elsewhere.
    let stream = streams.iter().filter(|stream| stream.bucket == bucket).max_by_key(|stream| stream.buffering.seconds);
    let (buffering, lands) = match stream {
        Some(stream) => {
            (Duration::from_secs(stream.buffering.seconds.into()), format!("lands a batch {}", stream.buffering))
        }
        None => (UNKNOWN_BUFFERING, "doesn't say when it lands a batch".to_owned()),
    };
    let topic_arn = output(&stack.outputs, stack::TOPIC_ARN);
    let names = queues.iter().map(|queue| queue_end(&queue.url));
    let names: Vec<_> = names.chain(stream.map(|stream| format!(":deliverystream/{}", stream.name))).collect();
    let fed = filtered::look(target, &topic_arn, &names).await;
    let mut fed = fed.map_err(|error| error.failure(target, "look at the topic's subscriptions"))?.into_iter();
    for (queue, fed) in queues.iter_mut().zip(&mut fed) {
        queue.filter = told(deployer, &format!("{} queue", queue.api.name()), fed);
    }
    let filter = fed.next().and_then(|fed| told(deployer, "delivery stream", fed));
    Ok((FanOut { topic_arn, queues, bucket, filter, buffering }, lands))
}

/// How the ARN of a queue ends that has a URL.
fn queue_end(url: &str) -> String {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!(":{account}:{name}")
}

/// Says what a leg is to get, unless it is everything.
fn told(deployer: &Deployer<'_>, leg: &str, fed: Fed) -> Option<Filter> {
    match &fed {
        Fed::Everything => {}
        Fed::Filtered(filter) => {
            let text = one_line(&filter.text);
            deployer.ui.note(format!("The {leg} gets what its filter policy lets through: {text}"));
        }
        Fed::Nothing => deployer.ui.warn(format!("The {leg} isn't subscribed to the topic: nothing will reach it.")),
        Fed::Unknown(why) => {
            deployer.ui.warn(format!("Whether a filter policy keeps events from the {leg} isn't known: {why}"));
        }
    }
    fed.into_filter()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &[&str]) -> Args {
        Line::parse_from([&["simulate"], words].concat()).args
    }

    const WITH: &str = "Parameters: {BufferingSeconds: {Default: 60}}";

    #[test]
    fn a_simulation_buffers_shortly_where_the_template_lets_it() {
        let set = |words: &[&str], text: &str| parameters(&args(words), &Template::new(text, "t"));
        let seconds = |seconds: &str| vec![(BUFFERING.to_owned(), seconds.to_owned())];
        assert_eq!(set(&[], WITH).unwrap(), seconds("5"));
        assert_eq!(set(&["--buffering-seconds", "7"], WITH).unwrap(), seconds("7"));
        assert_eq!(set(&["--parameter", "BufferingSeconds=9"], WITH).unwrap(), seconds("9"));
        assert_eq!(set(&[], "Parameters: {BufferingSeconds: {Default: 1}}").unwrap(), []);
        assert_eq!(set(&[], "Parameters: {Other: {Default: 1}}").unwrap(), []);
        let refused = |words: &[&str], text: &str| set(words, text).unwrap_err().to_string();
        assert_eq!(refused(&["--buffering-seconds", "7"], "Resources: {}"), "t has no parameter BufferingSeconds");
        let twice = ["--buffering-seconds", "7", "--parameter", "BufferingSeconds=9"];
        assert!(refused(&twice, WITH).contains("say the same"));
    }

    #[test]
    fn a_template_without_the_fan_out_is_refused_by_the_outputs_that_it_lacks() {
        use std::error::Error;
        let text = "Outputs: {TopicArn: {Value: a}, BucketName: {Value: b}}";
        let refused = check(&Template::new(text, "infra.yaml of this folder")).unwrap_err();
        assert_eq!(refused.to_string(), "infra.yaml of this folder can't be simulated");
        let why = refused.source().unwrap().to_string();
        assert_eq!(why, "it has no outputs OrdersQueueUrl and PaymentsQueueUrl");
        assert!(check(&Template::new("a: [", "t")).is_ok());
    }
}
