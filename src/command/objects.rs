//! `messaging objects`: what landed, the newest first, and what is in it.

use console::measure_text_width;
use serde::Serialize;
use serde_json::Value;

use super::listing::{self, LOOKED_AT, Object, Place};
use super::object::{open, refuse};
use super::{Context, value};
use crate::aws::{ErrorKind, Target, TargetArgs};
use crate::exit::{Exit, Failure};
use crate::ui::{escape, shorten};
use crate::units::{bytes, count, plural};

/// A key has so many columns at least.
const SHORTEST: usize = 8;

/// Show what landed, the newest first
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Show what landed in a bucket, the newest first; with --cat what is in the objects, out of their gzip, a line \
        for each record.\n\n\
        PLACE is a bucket, a part of one as s3://BUCKET/PREFIX, or a delivery stream, whose bucket and prefix are looked up. It \
        asks S3's own operations, so that it shows the same on AWS. Where a terminal is narrower than a line the middle of the key is left \
        out; --json and a pipe have it whole. S3 lists by key: of more than 100,000 objects those beyond \
        aren't looked at, which is said.",
    after_long_help = "Examples:
  messaging objects                                  the bucket of the stack
  messaging objects my-stream --max 3
  messaging objects s3://bucket/landing_date=2026-01-31/
  messaging objects my-stream --max 1 --cat          the records that landed last
  messaging objects my-bucket --cat --json           a record for each line"
)]
pub(crate) struct Args {
    /// A bucket, s3://BUCKET/PREFIX, or a delivery stream; without it the bucket of the stack.
    #[arg(value_name = "PLACE")]
    place: Option<String>,
    /// What is in the objects.
    #[arg(long)]
    cat: bool,
    /// So many objects at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value::within::<u32>(1, 1000))]
    max: u32,
    /// The stack whose outputs name the bucket.
    #[arg(long, value_name = "NAME", default_value = "messaging", env = "MESSAGING_STACK", hide_env_values = true)]
    stack: String,
    /// Newline-delimited JSON on stdout: a record for each object; with --cat for each line in it.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// An object, in `--json` mode.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    record: &'static str,
    bucket: &'a str,
    key: &'a str,
    bytes: u64,
    modified: String,
}

impl<'a> Record<'a> {
    pub(super) fn of(place: &'a Place, object: &'a Object) -> Self {
        let (key, modified) = (object.key.as_str(), object.modified.to_string());
        Self { record: "object", bucket: &place.bucket, key, bytes: object.bytes, modified }
    }
}

/// A line of an object, in `--json` mode.
#[derive(Serialize)]
struct Line<'a> {
    record: &'static str,
    bucket: &'a str,
    key: &'a str,
    /// The line's number in the object, from 1 on.
    number: usize,
    /// As it stands there if it is JSON, else as text.
    line: Value,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let place = listing::place(&watched, args.place.as_deref(), &args.stack).await?;
    let listed = listing::newest(&watched, &place, args.max as usize).await;
    let listed =
        listed.map_err(|error| refuse(&error, &target, &place.bucket, &format!("list s3://{}", place.bucket)))?;
    for object in &listed.objects {
        if args.cat {
            cat(context, &watched, &place, object).await?;
        } else {
            context.ui.record(&Record::of(&place, object));
            context.ui.line(line(context, &place, object));
        }
    }
    let (shown, name) = (listed.objects.len(), format!("s3://{}/{}", place.bucket, place.prefix));
    context.ui.note(match (listed.more, shown < listed.looked_at) {
        (true, _) => format!(
            "The newest {} of the first {} in {name}, by their keys; name a longer prefix to look at others.",
            plural(shown as u64, "object"),
            count(LOOKED_AT as u64)
        ),
        (false, true) => {
            format!("The newest {shown} of {} in {name}; --max shows more.", plural(listed.looked_at as u64, "object"))
        }
        (false, false) if shown == 0 => {
            format!("0 objects in {name}. What a stream still buffers lands when its size or its time is reached.")
        }
        (false, false) => format!("{} in {name}", plural(shown as u64, "object")),
    });
    Ok(Exit::Ok)
}

/// An object in a line: also on a terminal that is narrower than most keys are long, where the middle of the key is left out.
pub(super) fn line(context: &Context, place: &Place, object: &Object) -> String {
    let whole = format!("{:.0}  s3://{}/{}  {}", object.modified, place.bucket, object.key, bytes(object.bytes));
    match context.ui.columns() {
        Some(columns) if measure_text_width(&whole) > columns => {
            let head = format!("{:.0}  {:>9}  ", object.modified, bytes(object.bytes));
            let key = escape::line(&object.key);
            let room = columns.saturating_sub(measure_text_width(&head)).max(SHORTEST);
            format!("{head}{}", shorten(&key, room))
        }
        _ => whole,
    }
}

/// Shows what is in an object. One that is gone since it was listed is passed over.
pub(super) async fn cat(context: &Context, target: &Target, place: &Place, object: &Object) -> Result<(), Failure> {
    let (bucket, key) = (place.bucket.as_str(), object.key.as_str());
    let opened = match open(target, bucket, key).await {
        Ok(opened) => opened,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refuse(&error, target, bucket, &format!("read s3://{bucket}/{key}"))),
    };
    let (body, cut) = opened;
    let text = String::from_utf8_lossy(&body);
    context.ui.note(line(context, place, object));
    if context.ui.is_json() {
        for (n, line) in text.lines().enumerate() {
            let line = serde_json::from_str(line).unwrap_or_else(|_| Value::from(line));
            context.ui.record(&Line { record: "line", bucket, key, number: n + 1, line });
        }
    }
    context.ui.verbatim(&text.lines().map(str::to_owned).collect::<Vec<_>>());
    if cut {
        context.ui.note(format!("The first {} of s3://{bucket}/{key}; there is more.", bytes(body.len() as u64)));
    }
    Ok(())
}
