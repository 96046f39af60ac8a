//! `messaging env`: what a shell exports so that every AWS client in it talks to the embedded cloud.

use std::borrow::Cow;
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use super::Context;
use crate::aws::{ErrorKind, NoPage, Target, TargetArgs, TargetKind};
use crate::exit::{Exit, Failure};
use crate::ui::write_stdout;

/// Print exports for the shell: every AWS client in it then talks to the embedded cloud
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Print exports for the shell: every AWS client in it then talks to the embedded cloud.\n\n\
        The address, the region, and keys, which the cloud takes whatever they are. One that checks signatures wants keys of \
        its own file: these aren't printed, and it says so. With --unset lines that take all of it away.",
    after_long_help = "Examples:
  eval \"$(messaging env)\"
  eval \"$(messaging env --unset)\"
  messaging env --shell fish | source
  messaging env --shell powershell | Out-String | Invoke-Expression
  messaging env --json                  a record for a program"
)]
pub(crate) struct Args {
    /// For which shell the lines are [default: by the variable SHELL].
    #[arg(long, value_enum, value_name = "SHELL")]
    shell: Option<Shell>,
    /// Lines that take the exports away; no cloud is asked.
    #[arg(long)]
    unset: bool,
    /// A record on stdout instead of lines for a shell.
    #[arg(long, conflicts_with = "shell")]
    pub json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// bash, zsh, dash and their kin.
    Sh,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
}

/// The variables, in `--json` mode; null for one that is to go.
#[derive(Serialize)]
struct Record<'a> {
    record: &'static str,
    variables: serde_json::Map<String, serde_json::Value>,
    checks_signatures: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
}

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/// A token of AWS's own would go with every request.
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// A variable, and what it is to be; none to take it away.
type Variable<'a> = (&'static str, Option<&'a str>);

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.unset {
        let gone = [ENDPOINT].into_iter().chain(REGIONS).chain(KEYS);
        tell(context, &args, gone.map(|name| (name, None)).collect(), None, false);
        return Ok(Exit::Ok);
    }
    if args.target.target == TargetKind::Aws {
        return Err(Failure::usage("AWS needs no exports")
            .why("its clients find address, region and keys by themselves: by a profile, a role or their variables")
            .help("`messaging env --unset` takes the exports of an embedded cloud away; without --target aws it prints them."));
    }
    let target = Target::connect(&args.target, &context.env, &context.stop).await?;
    let watched = context.with_complaints(&target);
    let is_checked = match watched.page("clock", &[]).await {
        // Any other cloud that speaks as AWS takes the same exports.
        Ok(_) | Err(NoPage::NotThere) => false,
        Err(NoPage::Failed(error)) if error.kind == ErrorKind::Denied => true,
        Err(NoPage::Failed(error)) => return Err(error.failure_after_answers(&target, "ask the cloud")),
    };
    let mut variables: Vec<Variable<'_>> = vec![(ENDPOINT, target.endpoint.as_deref())];
    variables.extend(REGIONS.map(|name| (name, Some(target.region.as_str()))));
    if is_checked {
        context.ui.note("It checks signatures: export a key of the file that it was started with by yourself.");
    } else {
        variables.extend(KEYS.map(|name| (name, Some("test"))));
        if std::env::var_os(TOKEN).is_some() {
            variables.push((TOKEN, None));
        }
    }
    tell(context, &args, variables, target.endpoint.as_deref(), is_checked);
    Ok(Exit::Ok)
}

fn tell(context: &Context, args: &Args, variables: Vec<Variable<'_>>, endpoint: Option<&str>, checks: bool) {
    let json = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    context.ui.record(&Record { record: "env", variables: json, checks_signatures: checks, endpoint });
    if context.ui.is_json() {
        return;
    }
    let shell = args.shell.unwrap_or_else(|| Shell::of(std::env::var_os("SHELL").as_deref().map(Path::new)));
    // A shell obeys each byte of a line: it isn't wrapped as text for people is.
    let lines: Vec<String> = variables.iter().map(|(name, value)| shell.line(name, *value)).collect();
    write_stdout(&lines.join("\n"));
}

impl Shell {
    /// The shell that a path leads to: what isn't known is one of the many that speak as sh does.
    fn of(path: Option<&Path>) -> Self {
        match path.and_then(Path::file_name).and_then(|name| name.to_str()) {
            Some("fish") => Self::Fish,
            Some("pwsh" | "powershell" | "powershell.exe" | "pwsh.exe") => Self::Powershell,
            _ => Self::Sh,
        }
    }

    /// The line that sets a variable, or takes it away.
    fn line(self, name: &str, value: Option<&str>) -> String {
        let quoted = value.map(|value| self.quoted(value));
        match (self, quoted) {
            (Self::Sh, Some(value)) => format!("export {name}={value}"),
            (Self::Sh, None) => format!("unset {name}"),
            (Self::Fish, Some(value)) => format!("set -gx {name} {value}"),
            (Self::Fish, None) => format!("set -e {name}"),
            (Self::Powershell, Some(value)) => format!("$Env:{name} = {value}"),
            (Self::Powershell, None) => format!("Remove-Item -ErrorAction Ignore Env:{name}"),
        }
    }

    /// A value in single quotes, in which nothing is a command; plain where that needs none.
    fn quoted(self, value: &str) -> Cow<'_, str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/._-".contains(c);
        match self {
            Self::Sh if !value.is_empty() && value.chars().all(is_plain) => value.into(),
            Self::Sh => format!("'{}'", value.replace('\'', r"'\''")).into(),
            Self::Fish => format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'")).into(),
            Self::Powershell => format!("'{}'", value.replace('\'', "''")).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address comes from a flag or a file: a shell that evaluates the lines must not run what stands in it.
    #[test]
    fn nothing_in_a_value_is_a_command() {
        for (shell, line) in [
            (Shell::Sh, r"export A='http://x/$(id)'\''`'"),
            (Shell::Fish, r"set -gx A 'http://x/$(id)\'`'"),
            (Shell::Powershell, "$Env:A = 'http://x/$(id)''`'"),
        ] {
            assert_eq!(shell.line("A", Some("http://x/$(id)'`")), line);
        }
        assert_eq!(Shell::Sh.line("A", Some("http://127.0.0.1:4566")), "export A=http://127.0.0.1:4566");
        assert_eq!(Shell::of(Some(Path::new("/usr/bin/fish"))), Shell::Fish);
        assert_eq!(Shell::of(None), Shell::Sh);
    }
}
