//! `messaging report`: reports of several runs as one, or two beside each other.

mod limits;
mod read;

use std::path::PathBuf;

use serde::Serialize;

use self::limits::{allowed, percent};
use self::read::read;
use super::{Context, exit_of, value};
use crate::exit::{Exit, Failure};
use crate::report::Outcome;
use crate::report::compare::{Allowed, Comparison, Limits, compare};
use crate::report::merge::{Part, merge};

/// Merge reports of several runs, or compare two
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Merge the reports that `publish --json` and `simulate --json` end with: what they counted is added up, and so \
        are their histograms, so the quantiles are those of all events together. The verdict is the worst. A file is what such a \
        command printed, whole or only its last line; several reports may stand in one file.\n\n\
        With --compare the first file is the old one and the second the new one, and both stand in a table. A limit that the new \
        one is beyond makes the exit code 1; what it should tell and doesn't is beyond any limit.\n\n\
        Without --compare the exit code is 0 if nothing is lost, 3 if something is, 1 if not all was published, and 5 if \
        nobody can say.",
    after_long_help = "Examples:
  messaging report one.json two.json
  messaging report one.json two.json --json > both.json
  messaging report one.json --cost
  messaging report --compare old.json new.json
  messaging report --compare old.json new.json --max-p99 +10% --max-lost 0
  messaging report --compare old.json new.json --max-p99 250ms --max-slower 5%"
)]
pub(crate) struct Args {
    /// What commands printed with --json.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The first file is the old one, the second the new one.
    #[arg(long)]
    pub compare: bool,
    /// How much longer the 99th percentile of a leg may be, like +10%; or how long at most, like 250ms.
    #[arg(long, value_name = "LIMIT", value_parser = allowed, requires = "compare")]
    pub max_p99: Option<Allowed>,
    /// How many events may be lost on all legs together.
    #[arg(long, value_name = "N", value_parser = value::within::<u64>(0, u64::MAX), requires = "compare")]
    pub max_lost: Option<u64>,
    /// How much slower events may have been published, like 5%.
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "compare")]
    pub max_slower: Option<f64>,
    /// The table of what it costs on AWS.
    #[arg(long, conflicts_with = "compare")]
    pub cost: bool,
    /// Newline-delimited JSON on stdout: the report of all, or the comparison.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    if args.compare {
        let [old, new] = &args.files[..] else {
            return Err(Failure::usage("--compare needs two files").why("the old one, and the new one"));
        };
        let (old, new) = (whole(read(old)?, false)?, whole(read(new)?, false)?);
        let limits = Limits { p99: args.max_p99, lost: args.max_lost, slower: args.max_slower };
        let comparison = compare(&old, &new, limits);
        context.ui.record(&Record { record: "comparison", comparison: &comparison });
        for line in comparison.lines() {
            context.ui.line(line);
        }
        return Ok(if comparison.regressed { Exit::Failed } else { Exit::Ok });
    }
    let mut parts = Vec::new();
    for file in &args.files {
        parts.extend(read(file)?);
        if parts.len() > read::MAX_REPORTS {
            return Err(Failure::usage(format!("There are more than {} reports", read::MAX_REPORTS)));
        }
    }
    let outcome = whole(parts, args.cost)?;
    context.report(&outcome);
    Ok(outcome.verdict.map_or(Exit::Ok, exit_of))
}

#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// All of them as one. Who only publishes sees too little to say what the whole costs.
fn whole(parts: Vec<Part>, cost: bool) -> Result<Outcome, Failure> {
    let all = merge(parts).map_err(|why| Failure::usage("These reports can't be merged").why(why))?;
    let outcome = all.into_outcome();
    Ok(if outcome.command == "simulate" { outcome.priced(cost) } else { outcome })
}
