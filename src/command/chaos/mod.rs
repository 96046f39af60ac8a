//! `messaging chaos`: the rules by which an embedded cloud fails.

pub(crate) mod flags;

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::Context;
use crate::aws::{NoPage, PageMethod, Target, TargetArgs, TargetKind};
use crate::exit::{Exit, Failure};
use crate::units::plural;

/// Make the embedded cloud fail by rules: errors, waits, duplicates, late landings
#[derive(Debug, Clone, clap::Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Make the embedded cloud fail by rules: errors, waits, messages that come again or out of order, batches that \
        land late, endpoints that are down. Rules are JSON, as LocalStack's Chaos API has them and with more fields: \
        docs/chaos.md tells of them all.\n\n\
        Only the embedded cloud of `messaging local` has rules: with any other target it is refused.",
    after_long_help = "Examples:
  messaging chaos add rules.json                    a file of rules
  messaging chaos add '{\"service\":\"s3\"}'            a rule as it is: S3 fails
  messaging chaos list                              the rules, and what each struck
  messaging chaos clear                             all is well again
  messaging local --chaos rules.json                from the start on"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Add rules behind those that are there
    Add {
        /// A file with a rule or a list of rules, or the rules themselves: text that begins with { or [.
        #[arg(value_name = "RULES")]
        rules: String,
        /// Put them in place of those that are there.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Show the rules, and what each of them struck
    List(Common),
    /// Take all rules away
    Clear(Common),
}

/// What each of them takes.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// Newline-delimited JSON on stdout: a record of the rules that are in force then.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    /// Whether stdout is for a program.
    pub(crate) fn json(&self) -> bool {
        match &self.what {
            What::Add { common, .. } | What::List(common) | What::Clear(common) => common.json,
        }
    }
}

/// The rules in force, in `--json` mode, as the server tells of them.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    target: String,
    seed: &'a Value,
    rules: &'a Value,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (method, body, common) = match &args.what {
        What::Add { rules, replace, common } => {
            let method = if *replace { PageMethod::Put } else { PageMethod::Post };
            (method, Some(written(rules)?), common)
        }
        What::List(common) => (PageMethod::Get, None, common),
        What::Clear(common) => (PageMethod::Delete, None, common),
    };
    if common.target.target == TargetKind::Aws && common.target.endpoint(&context.env)?.is_none() {
        return Err(no_rules("AWS"));
    }
    let target = Target::connect(&common.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let page = watched.send_to_page(method, "chaos", body).await.map_err(|none| refusal(none, &watched, method))?;
    let (seed, rules) = (&page["seed"], &page["rules"]);
    context.ui.record(&Record { record: "chaos", target: target.describe(), seed, rules });
    let rules = rules.as_array().map(Vec::as_slice).unwrap_or_default();
    context.ui.lines(&rules.iter().map(line).collect::<Vec<_>>());
    context.ui.note(match rules.len() {
        0 => format!("No rule is in force on {}.", target.describe()),
        n => format!("{} on {}, seed {seed}.", plural(n as u64, "rule"), target.describe()),
    });
    Ok(Exit::Ok)
}

/// The rules that an argument is, or those of the file that it names.
fn written(rules: &str) -> Result<String, Failure> {
    match rules.trim_start().starts_with(['{', '[']) {
        true => Ok(rules.to_owned()),
        false => flags::text(Path::new(rules)),
    }
}

/// A rule and what it did.
fn line(rule: &Value) -> String {
    let count = |name: &str| rule[name].as_u64().unwrap_or_default();
    let over = if rule["holds"] == false { ", not now" } else { "" };
    format!("{}  struck {} of {}{over}  {}", count("number"), count("strikes"), count("matched"), rule["rule"])
}

fn refusal(none: NoPage, target: &Target, method: PageMethod) -> Failure {
    let doing = if method == PageMethod::Get { "see the rules" } else { "change the rules" };
    match none {
        NoPage::Failed(error) => error.failure(target, doing),
        NoPage::NotThere => no_rules(&target.describe()),
    }
}

fn no_rules(target: &str) -> Failure {
    Failure::usage(format!("{target} has no rules of chaos"))
        .why("only the embedded cloud of `messaging local` fails by rules")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_shown_with_what_it_did() {
        let rule = json!({"number": 2, "strikes": 3, "matched": 10, "holds": false, "rule": {"service": "s3"}});
        assert_eq!(line(&rule), r#"2  struck 3 of 10, not now  {"service":"s3"}"#);
    }
}
