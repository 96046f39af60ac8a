//! `messaging verify`: settles the ledger of a run whose consumers are the user's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::simulate::architecture;
use super::{Context, exit_of, value};
use crate::aws::{CallError, Target, TargetArgs};
use crate::deploy::Deployer;
use crate::exit::{Exit, Failure};
use crate::report::Verdict;
use crate::report::settled::{LookedQueue, SettledLeg, Settlement};
use crate::stack::{self, Stack};
use crate::traffic::consumer;
use crate::traffic::landed;
use crate::traffic::name::LegName;
use crate::traffic::run::FanOut;
use crate::traffic::settle::{self, Architecture, Expect, Found, Handled, LANDING, Landing, Published};

/// Say whether a run lost anything whose consumers are your own
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Say whether a run lost anything whose consumers are your own.\n\n\
        What was published is what `publish --json` wrote. What was handled your consumers write, a line of JSON for each event: \
        its \"id\", or its \"publisher\" and \"sequence\", and the \"queue\" that it came from. What `consume --json` writes will \
        do. Without such a file, or with --look, the stack is looked at: its queues must be empty, and what its streams landed is read. What \
        each is to get, its subscriptions' filter policies say.\n\n\
        Events that were published with --file are known by the id that SNS gave them, by their line, by an \"id\" of their own, or by \
        their text.\n\n\
        The exit code is 0 if nothing is lost, 3 if something is, and 5 if nobody can say; the reasons are told.",
    after_long_help = "Examples:
  messaging publish --count 1k --rate 100/s --json > published.ndjson
  messaging verify --published published.ndjson --handled handled.ndjson
  messaging verify --published published.ndjson --handled a.ndjson --look
  messaging verify --published published.ndjson --expect payments=payment.captured
  messaging verify --run 1f0a6b23c4 --published published.ndjson

A line of a consumer:
  {\"id\": \"7d1c..\", \"queue\": \"orders\"}"
)]
pub(crate) struct Args {
    /// Which run, where the file holds several.
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// What `messaging publish --json` wrote; - is stdin.
    #[arg(long, value_name = "FILE")]
    pub published: PathBuf,
    /// What consumers handled, a line of JSON for each event; may be repeated; - is stdin.
    #[arg(long, value_name = "FILE")]
    pub handled: Vec<PathBuf>,
    /// Which types of events a queue is to get, where a filter policy keeps the others out; may be repeated. What lands is the
    /// queue `landing`.
    #[arg(long, value_name = "QUEUE=TYPES", value_parser = Expect::parse)]
    pub expect: Vec<Expect>,
    /// Look at the stack's queues and its bucket as well.
    #[arg(long)]
    pub look: bool,
    /// How long to wait for what is still in a queue or hasn't landed, once nothing more arrives.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = value::interval)]
    pub patience: Duration,
    /// The stack whose queues and bucket are looked at.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    pub stack: String,
    /// A record of JSON on stdout: the ledger.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// How long to wait between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// A queue's counts are approximate: it is empty when that was seen so often in a row.
const EMPTY_LOOKS: u32 = 2;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let from_stdin = args.handled.iter().chain([&args.published]).filter(|path| path.as_os_str() == "-").count();
    if from_stdin > 1 {
        return Err(Failure::usage("stdin can be read but once").help("Give a file to all but one of them."));
    }
    // Before a cloud is looked for.
    args.handled.iter().chain([&args.published]).try_for_each(|path| settle::check(path)).map_err(unsettled)?;
    let place = match args.look || args.handled.is_empty() {
        true => Some(find(context, &args).await?),
        false => None,
    };
    let found = place.as_ref().map(Place::architecture).unwrap_or_default();
    let (published, mut handled) = read(context, &args, found).await?;
    let mut legs: Vec<_> = match args.handled.is_empty() {
        true => Vec::new(),
        false => handled
            .legs(&published)
            .filter(|(queue, _)| *queue != LANDING)
            .map(|(queue, leg)| {
                let account = leg.account(queue, &published);
                SettledLeg { leg: queue.to_owned(), effect_twice: Some(leg.effect_twice), account }
            })
            .collect(),
    };
    let hints = hints(&handled, &published, place.as_ref());
    let mut doubts = doubts(&args.published, &published);
    if legs.is_empty() && !args.handled.is_empty() {
        doubts.push("nothing was handled of this run".into());
    }
    let mut queues = Vec::new();
    if let Some(place) = &place {
        let looked = look(context, &args, &published, place).await?;
        queues = looked.queues;
        legs.extend(looked.landings);
        doubts.extend(looked.doubts);
    }
    doubts.extend(legs.iter().filter_map(|leg| unjudged(&published, &leg.leg)));
    let settlement = Settlement {
        record: "report",
        command: "verify",
        run: published.run.clone(),
        published: published.events,
        poison: published.poison.total,
        legs,
        queues,
        other_runs: handled.other_runs,
        unknown_ids: handled.unknown,
        verdict: Verdict::Unknown,
        evidence: Vec::new(),
        hints,
    };
    let settlement = settlement.judged(doubts);
    context.ui.record(&settlement);
    for line in settlement.lines() {
        context.ui.line(line);
    }
    Ok(exit_of(settlement.verdict))
}

/// Reads the files. Stdin may stand still: Ctrl-C ends that.
async fn read(context: &Context, args: &Args, found: Architecture) -> Result<(Published, Handled), Failure> {
    let args = args.clone();
    let (to, read) = tokio::sync::oneshot::channel();
    let reading = move || {
        let published = Published::read(&args.published, args.run.as_deref(), &args.expect, &found)?;
        let mut handled = Handled::default();
        args.handled.iter().try_for_each(|path| handled.read(path, &published))?;
        Ok((published, handled))
    };
    // No task: the program's end waits for those, and this one may never be done.
    std::thread::spawn(move || {
        // Who was stopped doesn't wait for it any more.
        _ = to.send(reading());
    });
    let stopped = || Failure::new("Stopped before it was done").exit(Exit::Interrupted);
    let read = tokio::select! {
        read = read => read.map_err(|_| stopped())?,
        () = context.stop.signalled() => return Err(stopped()),
    };
    read.map_err(unsettled)
}

/// What is wrong with a file.
fn unsettled(why: String) -> Failure {
    Failure::usage("The run can't be settled").why(why).help(
        "--published takes what `messaging publish --json` wrote, --handled lines like {\"id\": \"..\", \"queue\": \"orders\"}.",
    )
}

/// What would explain that a queue lacks events, as far as it isn't known what it is to get.
fn hints(handled: &Handled, published: &Published, place: Option<&Place>) -> Vec<String> {
    let known: Option<Vec<_>> = place.map(|place| place.queues.iter().map(|(url, _)| name(url)).collect());
    let queues = handled.queues().filter(|(queue, _)| *queue != LANDING);
    queues.filter_map(|(queue, leg)| leg.hint(queue, published, known.as_deref())).collect()
}

/// Why it isn't sure that the file says all that was published.
fn doubts(path: &Path, published: &Published) -> Vec<String> {
    let name = path.display();
    match &published.report {
        None => vec![format!("{name} has no report of the run at its end: what was published last isn't known")],
        Some((events, _)) if *events != published.events => {
            vec![format!("{name} tells of {events} events in its report, and has {}", published.events)]
        }
        Some(_) => Vec::new(),
    }
}

/// What isn't known of a leg, if anything isn't.
fn unjudged(published: &Published, leg: &str) -> Option<String> {
    match published.unsure(leg) {
        0 => None,
        n => Some(format!("{leg}: whether {n} of the events were to come there can't be judged")),
    }
}

/// Where a run went, as far as the stack tells.
struct Place {
    target: Target,
    /// Its queues that aren't dead-letter queues of others, each with the URL of its own.
    queues: Vec<(String, Option<String>)>,
    /// Its topics, and what they feed; nothing of a stack without them.
    fan_out: Option<FanOut>,
    /// Where something lands, and as what.
    landings: Vec<(String, landed::Landing)>,
}

impl Place {
    /// What the published events are held against.
    fn architecture(&self) -> Architecture {
        let Some(fan_out) = &self.fan_out else { return Architecture::default() };
        let queues = fan_out.queues.iter().map(|queue| Found {
            names: vec![queue.name.name().to_owned(), name(&queue.url).to_owned()],
            fed: queue.fed.clone(),
            takes_poison: false,
        });
        let landings = fan_out.landings.iter().map(|landing| Found {
            names: vec![landing_name(&landing.name)],
            fed: landing.fed.clone(),
            takes_poison: true,
        });
        Architecture { topics: fan_out.topics.clone(), legs: queues.chain(landings).collect() }
    }
}

/// As what a stream lands: of the only one of a template like our own as `landing`.
fn landing_name(leg: &LegName) -> String {
    if *leg == LegName::landing() { LANDING.to_owned() } else { leg.name().to_owned() }
}

/// Finds the queues, topics and streams of the stack.
async fn find(context: &Context, args: &Args) -> Result<Place, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let cant = |error: CallError| error.failure(&target, &format!("look at the stack {}", args.stack));
    let stack = stack::describe(&target, &args.stack).await.map_err(cant)?.ok_or_else(|| {
        Failure::usage(format!("There is no stack {} on {}", args.stack, target.describe()))
            .help("--stack names another; with --handled alone no cloud is asked.")
    })?;
    let queues = drained(&target, &stack).await.map_err(cant)?;
    let quiet = context.ui.without_lines();
    let deployer = Deployer { target: &target, ui: &quiet, stop: &context.stop, stack: &args.stack };
    // A stack without a topic, or whose topics feed nobody: its queues are looked at all the same.
    let fan_out = architecture::look(&deployer, &stack, &[]).await.ok().map(|found| found.fan_out);
    let landings = match &fan_out {
        Some(fan_out) => fan_out.landings.iter().map(|it| (landing_name(&it.name), it.landing.clone())).collect(),
        None => Vec::new(),
    };
    // Whatever lands it there: the events say which run they are of.
    let named = stack.outputs.get(stack::BUCKET_NAME).filter(|_| landings.is_empty());
    let all = |bucket: &String| landed::Landing {
        bucket: bucket.clone(),
        prefix: String::new(),
        error_prefix: String::new(),
        only_of: None,
    };
    let landings = landings.into_iter().chain(named.map(|bucket| (LANDING.to_owned(), all(bucket)))).collect();
    Ok(Place { target, queues, fan_out, landings })
}

/// What a look at the stack came to.
struct Looked {
    queues: Vec<LookedQueue>,
    landings: Vec<SettledLeg>,
    doubts: Vec<String>,
}

/// Looks at the queues and the buckets of the stack until they hold nothing and all, or nothing changes for too long.
async fn look(context: &Context, args: &Args, published: &Published, place: &Place) -> Result<Looked, Failure> {
    let target = &place.target;
    let cant = |error: CallError| error.failure(target, &format!("look at the stack {}", args.stack));
    let (sqs, s3) = (target.sqs(), target.s3());
    let landings = place.landings.iter().map(|(name, to)| Landing::new(name, to.clone(), published));
    let mut landings: Vec<_> = landings.collect();
    let (mut changed, mut before, mut empty_looks) = (Instant::now(), None, 0);
    loop {
        let mut looked = Vec::new();
        for (url, dead_letters) in &place.queues {
            let dead_letters = match dead_letters {
                Some(url) => Some(consumer::held(&sqs, url).await.map_err(cant)?),
                None => None,
            };
            let messages = consumer::held(&sqs, url).await.map_err(cant)?;
            looked.push(LookedQueue { queue: name(url).to_owned(), messages, dead_letters });
        }
        let mut has_landed = true;
        for landing in &mut landings {
            has_landed &= landing.look(&s3, published).await.map_err(cant)?;
        }
        let is_empty = looked.iter().all(|queue| queue.messages == 0);
        empty_looks = if is_empty { empty_looks + 1 } else { 0 };
        let now = Some((looked.clone(), landings.iter().map(Landing::found).collect::<Vec<_>>()));
        if now != before {
            (changed, before) = (Instant::now(), now);
        }
        if empty_looks >= EMPTY_LOOKS && has_landed || changed.elapsed() > args.patience {
            let settled = landings.iter().map(|landing| SettledLeg {
                leg: landing.name.clone(),
                effect_twice: None,
                account: landing.account(published),
            });
            let landings: Vec<_> = settled.collect();
            let nothing = place.queues.is_empty() && landings.is_empty();
            let nothing = nothing.then(|| {
                format!("the stack {} has neither a queue nor a stream, nor an output BucketName", args.stack)
            });
            let doubts = nothing.into_iter().chain(published.doubt()).collect();
            return Ok(Looked { queues: looked, landings, doubts });
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            () = context.stop.signalled() => {
                return Err(Failure::new("Stopped before it was done").exit(Exit::Interrupted));
            }
        }
    }
}

/// The stack's queues that aren't dead-letter queues of others, each with the URL of its own; those of nested stacks included.
async fn drained(target: &Target, stack: &Stack) -> Result<Vec<(String, Option<String>)>, CallError> {
    let resources = stack::list_all_resources(target, &stack.id).await?;
    let sqs = target.sqs();
    let mut queues = Vec::new();
    for url in architecture::queue_urls(target, &resources).await? {
        let settings = consumer::describe(&sqs, &url).await?;
        queues.push((url, settings.dead_letter_queue));
    }
    let urls: Vec<_> = queues.iter().map(|(url, _)| url.clone()).collect();
    let found = |arn: &String| urls.iter().find(|url| name(url) == arn.rsplit(':').next().unwrap_or_default()).cloned();
    let queues = queues.into_iter().map(|(url, dead)| (url, dead.as_ref().and_then(found))).collect::<Vec<_>>();
    let dead: Vec<_> = queues.iter().filter_map(|(_, dead)| dead.clone()).collect();
    Ok(queues.into_iter().filter(|(url, _)| !dead.contains(url)).collect())
}

/// The name of a queue with a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}
