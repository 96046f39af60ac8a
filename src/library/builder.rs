//! What a cloud is asked to be, before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ::cloud::{ChaosRules, FASTEST, Options, wall};
use log::Durability;

use super::cloud::Cloud;
use super::error::Error;
use super::plan::{Plan, Start};
use super::stack::Template;

/// How a cloud's clock runs. Queues, streams, lifecycles and retention go by it; signatures go by the wall's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Clock {
    /// As the one on the wall.
    #[default]
    Wall,
    /// So many times as fast, from now on: 1 to 1,000,000.
    Fast(u32),
    /// It stands still at the moment of the start, until [`Cloud::advance`] moves it.
    Frozen,
    /// The same, at a moment as `2026-03-29T23:50:00Z`.
    FrozenAt(String),
}

/// A cloud that is yet to start: made by [`Cloud::builder`], ended by [`start`](Self::start).
///
/// Nothing of what is said here is looked at before the start, which fails with the first thing that can't be.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    durability: Option<Durability>,
    data_dir: Option<PathBuf>,
    template: Option<PathBuf>,
    parameters: Vec<(String, String)>,
    clock: Clock,
    chaos: Option<String>,
    region: String,
    port: u16,
    strict: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            durability: None,
            data_dir: None,
            template: None,
            parameters: Vec::new(),
            clock: Clock::default(),
            chaos: None,
            region: "us-east-1".to_owned(),
            port: 0,
            strict: false,
        }
    }
}

impl Cloud {
    /// What there is to be said of a cloud before it starts. As it is, it is one in memory, empty, on a free port.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// What an acknowledged request survives: nothing unless [`data_dir`](Self::data_dir) names a folder, and `kill -9` if it does.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// The folder that keeps the cloud's data for a later start. No two clouds hold it at the same time.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// A template of CloudFormation, YAML or JSON: [`start`](Self::start) returns when its stack `messaging` is complete.
    pub fn template(mut self, file: impl AsRef<Path>) -> Self {
        self.template = Some(file.as_ref().to_owned());
        self
    }

    /// A value for one of the template's parameters; the others have their defaults.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// How the cloud's clock runs: as the wall's, unless another is named.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Rules by which the cloud fails once it has started, as JSON: those of `messaging simulate --chaos`. The same rules strike
    /// the same requests again.
    pub fn chaos(mut self, rules: impl Into<String>) -> Self {
        self.chaos = Some(rules.into());
        self
    }

    /// The region of [`Cloud::sdk_config`], of the template's stack, and of the queues that are named without one: `us-east-1`
    /// unless another is named. The cloud serves all regions.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The port of 127.0.0.1 to listen on: a free one, unless one is named.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Refuses whatever AWS refuses, also where that stands in the way of a first try, such as a queue without a policy.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Starts the cloud, on a thread of its own. It serves when this returns, and the template's stack is complete.
    ///
    /// # Errors
    /// What of the builder can't be, where the cloud can't listen or its folder can't be opened, and why the template's stack
    /// couldn't be made.
    pub async fn start(self) -> Result<Cloud, Error> {
        Cloud::start(self.plan()?).await
    }

    fn plan(self) -> Result<Plan, Error> {
        let durability = self.durability.unwrap_or(match self.data_dir {
            Some(_) => Durability::Process,
            None => Durability::Memory,
        });
        let data_dir = match (self.data_dir, durability) {
            (Some(folder), Durability::Memory) => return Err(Error::KeepsNothing { folder }),
            (None, Durability::Process | Durability::Power) => return Err(Error::NoDataDir { durability }),
            (folder, _) => folder.unwrap_or_default(),
        };
        let template = match self.template {
            Some(file) => Some(Template::read(&file, self.parameters)?),
            None if self.parameters.is_empty() => None,
            None => return Err(Error::NoTemplate { parameter: self.parameters[0].0.clone() }),
        };
        let chaos = self.chaos.map(|rules| ChaosRules::parse(&rules).map_err(Error::Chaos)).transpose()?;
        let options = Options { durability, strict: self.strict, clock: self.clock.start()?, ..Options::new(data_dir) };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        Ok(Plan { options, address, region: self.region, start: Start { template, chaos } })
    }
}

impl Clock {
    fn start(self) -> Result<::cloud::Clock, Error> {
        match self {
            Self::Wall => Ok(::cloud::Clock::System),
            Self::Fast(factor) if (1..=FASTEST).contains(&factor) => Ok(::cloud::Clock::running(wall(), factor)),
            Self::Fast(factor) => {
                Err(Error::Clock(format!("it can't run {factor} times as fast: 1 to {FASTEST} it can")))
            }
            Self::Frozen => Ok(::cloud::Clock::frozen(wall())),
            Self::FrozenAt(moment) => {
                let read = moment.parse::<jiff::Timestamp>().ok();
                let millis = read.and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
                let wrong = || Error::Clock(format!("{moment:?} is no moment like 2026-03-29T23:50:00Z since 1970"));
                Ok(::cloud::Clock::frozen(millis.ok_or_else(wrong)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_said_with_what_to_do() {
        let memory = || Cloud::builder().durability(Durability::Memory);
        for (builder, told) in [
            (memory().data_dir("d"), "keeps nothing in d: leave out data_dir"),
            (Cloud::builder().durability(Durability::Power), "durability power needs a folder: name one with data_dir"),
            (memory().parameter("A", "b"), "the parameter A is for a template: name one with template"),
            (memory().template("nowhere.yaml"), "the template nowhere.yaml can't be read"),
            (memory().clock(Clock::Fast(0)), "0 times"),
            (memory().clock(Clock::FrozenAt("noon".to_owned())), "\"noon\" is no moment"),
            (memory().chaos("[{\"operation\":\"Nothing\"}]"), "the rules of chaos"),
        ] {
            let error = builder.plan().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(told), "{error:?} lacks {told:?}");
        }
    }
}
