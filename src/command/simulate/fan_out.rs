//! The stack of a run: which template it comes from, deployed if need be, and its parts found.

use console::Style;

use super::Args;
use super::architecture::{self, Architecture, QUEUE, TOPIC, no_topic};
use crate::command::Context;
use crate::command::page::sha256;
use crate::deploy::{Deployer, Template};
use crate::exit::Failure;
use crate::stack::{self, Stack};
use crate::traffic::run::FanOut;
use crate::ui::paint;

/// The template's parameter for how long the stream buffers.
const BUFFERING: &str = "BufferingSeconds";
/// How many seconds the stream buffers in a simulation at most, unless the user says otherwise.
const SHORT_BUFFERING: u32 = 5;

/// What a run goes through.
pub(super) struct Found {
    pub fan_out: FanOut,
    /// Subscriptions that nobody looks at, in words.
    pub not_followed: Vec<String>,
    /// Which template made it, in words.
    pub template: String,
    /// The SHA-256 of its text; none if nobody read that.
    pub template_sha256: Option<String>,
    /// When the delivery streams land a batch, in words; none without a stream.
    pub lands: Option<String>,
}

/// Refuses what can't be deployed for a simulation, before anything is asked or changed.
pub(super) fn check_deployable(args: &Args, template: &Template) -> Result<(), Failure> {
    check(template)?;
    parameters(args, template).map(drop)
}

/// Refuses a template that has no topic, as far as that can be seen.
fn check(template: &Template) -> Result<(), Failure> {
    if !template.is_readable() {
        // CloudFormation says what is wrong with it.
        return Ok(());
    }
    let kinds: Vec<_> = template.resources().into_iter().map(|resource| resource.kind).collect();
    // What a nested stack or a macro brings isn't seen here.
    let may_bring = |kind: &String| kind == TOPIC || kind.starts_with("AWS::CloudFormation::");
    if kinds.iter().any(may_bring) || template.has("Transform") {
        return Ok(());
    }
    Err(no_topic(&format!("{} can't be simulated", capital(&template.name)), kinds.iter().any(|kind| kind == QUEUE)))
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
        None if has && !given && args.clock.is_waited_for() => {
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
    let Architecture { fan_out, not_followed, lands } = architecture::find(deployer, &stack, &args.topic).await?;
    Ok(Found { fan_out, not_followed, template, template_sha256, lands })
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
    fn a_template_without_a_topic_is_refused_unless_it_may_bring_one() {
        use std::error::Error;
        let checked = |text: &str| check(&Template::new(text, "infra.yaml of this folder"));
        let refused = checked("Resources: {Q: {Type: 'AWS::SQS::Queue'}}").unwrap_err();
        assert_eq!(refused.to_string(), "infra.yaml of this folder can't be simulated");
        assert!(refused.source().unwrap().to_string().contains("queues, and no topic"), "{refused:?}");
        assert!(checked("Resources: {}").is_err());
        for may in [
            "Resources: {T: {Type: 'AWS::SNS::Topic'}}",
            "Resources: {N: {Type: 'AWS::CloudFormation::Stack'}}",
            "Transform: AWS::Serverless-2016-10-31\nResources: {}",
            "a: [",
        ] {
            assert!(checked(may).is_ok(), "{may}");
        }
    }
}
