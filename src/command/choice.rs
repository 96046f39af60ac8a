//! A scenario as a subcommand: `serve jobs --database-url ..`. Each has the command's own flags and its settings as flags.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use scenario::{Error, Scenario, Setting, Settings, UsedBy};

use crate::config::{Env, Origin};
use crate::exit::Failure;

/// Which command the scenarios are subcommands of.
pub(crate) trait Parent {
    /// Whether it has the settings that shape traffic.
    const MAKES_TRAFFIC: bool;
    /// Examples for a scenario's help.
    fn examples(scenario: &str) -> String;
}

/// A scenario that was chosen, with the flags of the command and those of its own.
#[derive(Clone)]
pub(crate) struct Choice<A> {
    pub scenario: &'static dyn Scenario,
    pub args: A,
    /// What was said of its settings on the command line.
    said: BTreeMap<&'static str, String>,
}

impl<A: std::fmt::Debug> std::fmt::Debug for Choice<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A setting may hold a password.
        f.debug_struct("Choice").field("scenario", &self.scenario.name()).field("args", &self.args).finish()
    }
}

impl<A: Parent> Choice<A> {
    /// The values of its settings: the flag's, the environment's, that of `.env`, the default.
    pub(super) fn settings(&self, env: &Env) -> Settings {
        // What only the other command has, this one has no default of either.
        let value = |setting: &Setting| self.said.get(setting.name).cloned().or_else(|| found(setting, env));
        Settings(of::<A>(self.scenario).filter_map(|setting| Some((setting.name, value(setting)?))).collect())
    }

    /// A scenario's error as the command line shows it: of the settings that it names it says where they come from.
    pub(super) fn failure(&self, error: Error, env: &Env) -> Failure {
        let (what, help) = match error {
            Error::Usage { what, help } => (what, help),
            Error::Failed { what, why } => return Failure::new(what).why(why),
        };
        let origin = |setting: &Setting| match self.said.contains_key(setting.name) {
            true => Some(format!("{} is --{} on the command line", setting.name, setting.flag())),
            false => Some(match env.find(&[setting.name])?.origin {
                Origin::File { path, line, name } => format!("{name} is set in {} line {line}", path.display()),
                _ => format!("{} is set in the environment", setting.name),
            }),
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let named = |setting: &&Setting| what.split(|c| !is_word(c)).any(|word| word == setting.name);
        let origins: Vec<_> = of::<A>(self.scenario).filter(named).filter_map(origin).collect();
        let failure = Failure::usage(what.clone());
        match origins.is_empty() {
            true => failure.help(help),
            false => failure.help(format!("{help} ({}.)", origins.join("; "))),
        }
    }
}

/// The values of a scenario's settings where no flag says anything.
pub(super) fn settings(scenario: &dyn Scenario, env: &Env) -> Settings {
    let all = scenario.settings().iter().filter(|setting| setting.used_by != UsedBy::Simulate);
    Settings(all.filter_map(|setting| Some((setting.name, found(setting, env)?))).collect())
}

/// A setting's value in the environment or in `.env`, else its default.
fn found(setting: &Setting, env: &Env) -> Option<String> {
    let found = env.find(&[setting.name]).map(|found| found.value);
    found.or_else(|| setting.default.map(str::to_owned))
}

/// The names of all settings of all scenarios.
pub(crate) fn setting_names() -> Vec<&'static str> {
    let mut names: Vec<_> = scenario::ALL
        .iter()
        .flat_map(|it| it.settings())
        .filter(|it| it.used_by != UsedBy::Simulate)
        .map(|it| it.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The settings of a scenario that a command has.
fn of<A: Parent>(scenario: &'static dyn Scenario) -> impl Iterator<Item = &'static Setting> {
    let others = if A::MAKES_TRAFFIC { UsedBy::Serve } else { UsedBy::Simulate };
    scenario.settings().iter().filter(move |setting| setting.used_by != others)
}

/// A setting as a flag.
fn flag(setting: &'static Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if let Some(default) = setting.default {
        help += &format!(" [default: {default}]");
    }
    if setting.used_by != UsedBy::Simulate {
        help += &format!(" [env: {}]", setting.name);
    }
    let arg = Arg::new(setting.name).long(setting.flag()).help(help).help_heading("Scenario");
    match setting.value {
        Some(value) => arg.value_name(value).action(ArgAction::Set),
        None => arg.action(ArgAction::SetTrue),
    }
}

impl<A: Args + Parent> Choice<A> {
    fn augment(command: Command, update: bool) -> Command {
        scenario::ALL.iter().fold(command, |command, &scenario| {
            let own = Command::new(scenario.name());
            let own = if update { A::augment_args_for_update(own) } else { A::augment_args(own) };
            let own = own.about(scenario.about()).long_about(None).after_help(A::examples(scenario.name()));
            command.subcommand(of::<A>(scenario).fold(own, |own, setting| own.arg(flag(setting))))
        })
    }
}

impl<A: Args + Parent> FromArgMatches for Choice<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let scenario = *scenario::ALL.iter().find(|it| it.name() == name).ok_or_else(missing)?;
        let args = A::from_arg_matches(matches)?;
        let mut said = BTreeMap::new();
        for setting in of::<A>(scenario) {
            if matches.value_source(setting.name) != Some(ValueSource::CommandLine) {
                continue;
            }
            let value = match setting.value {
                Some(_) => matches.get_one::<String>(setting.name).cloned().unwrap_or_default(),
                None => matches.get_flag(setting.name).to_string(),
            };
            said.insert(setting.name, value);
        }
        Ok(Self { scenario, args, said })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<A: Args + Parent> Subcommand for Choice<A> {
    fn augment_subcommands(command: Command) -> Command {
        Self::augment(command, false)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment(command, true)
    }

    fn has_subcommand(name: &str) -> bool {
        scenario::ALL.iter().any(|scenario| scenario.name() == name)
    }
}
