//! What a scenario is started with, and what it gives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use service::http::Face;
use service::record::Tell;
use tokio_util::sync::CancellationToken;

use crate::{Error, Outputs};

/// Which part of a scenario runs in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The API.
    Api,
    /// The workers.
    Worker,
    /// Both.
    All,
}

impl Role {
    /// Whether the API's routes are served.
    pub fn has_api(self) -> bool {
        self != Self::Worker
    }

    /// Whether the workers run.
    pub fn has_workers(self) -> bool {
        self != Self::Api
    }
}

/// Clients of the cloud that the scenario runs on.
#[derive(Debug, Clone)]
pub struct Clients {
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// DynamoDB, which only AWS and some emulators have.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The cloud's region.
    pub region: String,
    /// Whether it is AWS itself, and not an emulator.
    pub is_aws: bool,
}

/// A setting of a scenario: a flag of `serve` and `simulate`, a variable of the environment or of `.env`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The variable, as `DATABASE_URL`; the flag is `--database-url`.
    pub name: &'static str,
    /// What stands for the value in the help, as `URL`; nothing for a switch, whose value is `true`.
    pub value: Option<&'static str>,
    /// What it means; the default is said in it if there is one that isn't text.
    pub help: &'static str,
    /// The value if nobody sets it.
    pub default: Option<&'static str>,
    /// Which commands have it.
    pub used_by: UsedBy,
}

/// Which commands have a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedBy {
    /// `serve` and `simulate`.
    Both,
    /// `serve` only: it would change what the traffic of a simulation is to come to.
    Serve,
    /// `simulate` only: it shapes the traffic.
    Simulate,
}

impl Setting {
    /// The flag without its dashes, as `database-url`.
    pub fn flag(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }
}

/// The values of a scenario's settings by name, defaults included.
#[derive(Debug, Clone, Default)]
pub struct Settings(pub BTreeMap<&'static str, String>);

impl Settings {
    /// The value of one, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a switch is on: `true`, `1`, `yes` and `on` are, `false`, `0`, `no`, `off` and nothing at all are not.
    ///
    /// # Errors
    /// It is something else.
    pub fn is_on(&self, name: &str) -> Result<bool, Error> {
        let Some(value) = self.get(name) else { return Ok(false) };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            _ => Err(Error::usage(
                format!("{name} is {value:?}, which is neither on nor off"),
                "Set it to true or false.",
            )),
        }
    }

    /// The value of one, read as something else; `needed` says what it has to be, as "a size like 5GB".
    ///
    /// # Errors
    /// It isn't that.
    pub fn parse<T: std::str::FromStr>(&self, name: &str, needed: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = |_| Error::usage(format!("{name} is {value:?}"), format!("Set {name} to {needed}."));
        value.trim().parse().map(Some).map_err(wrong)
    }
}

/// What a scenario is started with.
#[derive(Clone)]
pub struct Setup {
    /// Clients of the cloud.
    pub clients: Clients,
    /// What the stack's outputs say.
    pub outputs: Outputs,
    /// Which part is to run.
    pub role: Role,
    /// How many jobs are worked on at once.
    pub workers: usize,
    /// Its own settings.
    pub settings: Settings,
    /// A folder of its own for what it keeps: a database's file, a key. It may not exist yet.
    pub folder: PathBuf,
    /// Where the face is going to listen.
    pub address: SocketAddr,
    /// Who hears what it says.
    pub tell: Tell,
    /// Cancelled when it is to stop.
    pub stop: CancellationToken,
}

impl Setup {
    /// An output of the stack.
    ///
    /// # Errors
    /// The stack has none of that name.
    pub fn output(&self, name: &str) -> Result<String, Error> {
        self.outputs.get(name).cloned().ok_or_else(|| {
            Error::usage(format!("The stack has no output {name}"), "Deploy the scenario's own template.")
        })
    }
}

/// Makes the folder of a scenario's own, which nobody else may look into.
///
/// # Errors
/// It can't be made.
pub fn make_folder(folder: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::failed(format!("Can't make the folder {}", folder.display()), error))
}

/// An opened scenario.
pub struct System {
    /// Its face, to be served: it has the API's routes if the role has them.
    pub face: Face,
    /// What works beside it, each until the setup's `stop`: workers, relays, alarms. An error ends all of it.
    pub work: Vec<BoxFuture<'static, Result<(), Error>>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    // A parser's own words were shown: "invalid digit found in string".
    #[test]
    fn what_cannot_be_read_is_told_with_what_is_needed() {
        let settings = Settings([("N", "many".to_owned())].into());
        let Err(Error::Usage { what, help }) = settings.parse::<u32>("N", "a whole number") else { panic!() };
        assert_eq!((what.as_str(), help.as_str()), ("N is \"many\"", "Set N to a whole number."));
    }

    // Whatever wasn't `true` was off, silently.
    #[test]
    fn a_switch_is_on_or_off_or_refused_by_its_name() {
        let is_on = |value: &str| Settings([("LITERAL", value.to_owned())].into()).is_on("LITERAL");
        for (value, on) in [("true", true), ("Yes", true), ("1", true), ("off", false), ("0", false), ("", false)] {
            assert_eq!(is_on(value).unwrap(), on, "{value}");
        }
        assert!(!Settings::default().is_on("LITERAL").unwrap());
        for wrong in ["2", "maybe", "ture", "-1"] {
            assert!(is_on(wrong).unwrap_err().to_string().contains("LITERAL"), "{wrong}");
        }
    }
}
