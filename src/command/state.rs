//! `messaging state`: the whole state of the embedded cloud, as a file and back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_sdk_s3::primitives::ByteStream;
use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::Context;
use super::page::can_be_replaced;
use crate::aws::{NoPage, Target, TargetArgs, TargetKind};
use crate::exit::{Exit, Failure};
use crate::units::{bytes, plural};

/// Save the whole state of the embedded cloud as a file, or load one in the place of all there is
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Save the whole state of the embedded cloud as a file, or load one in the place of all there is.\n\n\
        A state is everything that clients made, in all accounts and regions, as it was at one moment: queues with their messages, \
        also those in flight and delayed, topics, subscriptions, streams with what hasn't landed, buckets with their objects, \
        stacks, roles, parameters and logs. The cloud goes on while it is saved. What it holds is in the file, secrets too: it is \
        made for its owner only.\n\n\
        A load is all or nothing, also if the server is killed on the way. AWS has no such thing: the target aws is refused, and \
        so is all of it by a server that checks signatures, whose keys are of several accounts.",
    after_long_help = "Examples:
  messaging state save before.state
  messaging state load before.state
  messaging state load before.state --yes    in the place of what is there"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Write the state to a file, which is replaced if it is there
    Save {
        /// The file: a new one, or one that is replaced.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Make the state of a file the cloud's; refused where something would be lost, unless --yes is said
    #[command(
        long_about = "Make the state of a file the cloud's; refused where something would be lost, unless --yes is said.\n\n\
            Messages wait as long as they had to wait when they were saved: delays, visibility timeouts, retention and what a \
            stream still has to wait go on from now. All other times stay as they were, and so does the server's clock. Ids of \
            messages stay; receipt handles from before are void. Rules of chaos go. A stack whose operation runs is waited for."
    )]
    Load {
        /// A file that was saved.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What the cloud holds now may be lost.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// A record on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    fn common(&self) -> &Common {
        match &self.what {
            What::Save { common, .. } | What::Load { common, .. } => common,
        }
    }

    /// Whether stdout is for a program.
    pub(crate) fn json(&self) -> bool {
        self.common().json
    }
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    target: String,
    file: &'a Path,
    bytes: u64,
    #[serde(skip_serializing_if = "Value::is_null")]
    state: Value,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let common = args.common();
    if common.target.target == TargetKind::Aws {
        return Err(Failure::usage("AWS has no state that could be saved or loaded")
            .help("Without --target aws it is that of the embedded cloud."));
    }
    let target = Target::connect(&common.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    match &args.what {
        What::Save { file, .. } => save(context, &target, &watched, file).await,
        What::Load { file, yes, .. } => load(context, &target, &watched, (file, *yes)).await,
    }
}

async fn save(context: &Context, target: &Target, watched: &Target, file: &Path) -> Result<Exit, Failure> {
    can_be_replaced(file).map_err(|why| {
        Failure::usage(format!("Can't save the state as {}", file.display()))
            .why(why)
            .help("Name a file that is to be made or replaced.")
    })?;
    let from = watched.state().await.map_err(|none| refusal(none, target, "save the state"))?;
    let unsaved = |error: io::Error| {
        Failure::new(format!("Can't save the state as {}", file.display()))
            .why(error)
            .help("What was there is as it was.")
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Beside the file that it will be, whole or not at all, and for its owner only.
    let mut part = NamedTempFile::new_in(folder).map_err(|error| {
        // The name that it has until then is nobody's business.
        unsaved(error.kind().into()).help(format!("It is written in the folder {}.", folder.display()))
    })?;
    let stopped = context.stop.token();
    let length = tokio::select! {
        length = copy(from, part.as_file_mut()) => length.map_err(unsaved)?,
        () = stopped.cancelled() => {
            context.ui.note(format!("Stopped: {} is as it was.", file.display()));
            return Ok(Exit::Interrupted);
        }
    };
    part.as_file().sync_all().map_err(unsaved)?;
    part.persist(file).map_err(|error| unsaved(error.error))?;
    context.ui.record(&Record { record: "saved", target: target.describe(), file, bytes: length, state: Value::Null });
    context.ui.line(format!("Saved {} of {} as {}.", bytes(length), target.describe(), file.display()));
    Ok(Exit::Ok)
}

async fn load(
    context: &Context,
    target: &Target,
    watched: &Target,
    (file, yes): (&Path, bool),
) -> Result<Exit, Failure> {
    let length = fs::metadata(file).and_then(|metadata| match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(io::Error::other("it isn't a file")),
    });
    let length = length.map_err(|error| Failure::usage(format!("Can't read {}", file.display())).why(error))?;
    let loaded = watched.load_state(file, yes).await.map_err(|none| {
        let failure = refusal(none, target, "load the state");
        if yes { failure } else { failure.help("With --yes the state of the file takes the place of what is there.") }
    })?;
    let count = |name: &str| loaded[name].as_u64().unwrap_or(0);
    context.ui.line(format!(
        "Loaded {} into {}: {}, {}.",
        file.display(),
        target.describe(),
        plural(count("records"), "record"),
        plural(count("files"), "object file")
    ));
    let mut state = loaded;
    if let Some(members) = state.as_object_mut() {
        members.retain(|name, _| !["page", "version", "bytes"].contains(&name.as_str()));
    }
    context.ui.record(&Record { record: "loaded", target: target.describe(), file, bytes: length, state });
    Ok(Exit::Ok)
}

fn refusal(none: NoPage, target: &Target, doing: &str) -> Failure {
    match none {
        NoPage::Failed(error) => error.failure_after_answers(target, doing),
        NoPage::NotThere => Failure::usage(format!("{} has no state that could be saved or loaded", target.describe()))
            .why("only the embedded cloud of `messaging local` has one, and this is another"),
    }
}

async fn copy(mut from: ByteStream, to: &mut File) -> io::Result<u64> {
    let mut length = 0;
    while let Some(piece) = from.next().await {
        let piece = piece.map_err(|error| io::Error::other(format!("the server broke it off: {error}")))?;
        to.write_all(&piece)?;
        length += piece.len() as u64;
    }
    Ok(length)
}
