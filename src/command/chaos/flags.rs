//! The flags by which a cloud of this process gets rules of chaos.

use std::path::{Path, PathBuf};

use crate::command::value;
use crate::config::file;
use crate::embedded::Chaos;
use crate::exit::Failure;

/// A list of rules has at most so many bytes.
const MAX_RULES: u64 = 256 << 10;

/// Which rules.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ChaosArgs {
    /// Make the embedded cloud fail by the rules of this file, once the stack stands: errors, waits, messages that come again ..
    #[arg(long, value_name = "FILE")]
    pub chaos: Option<PathBuf>,
    /// Let the same chance decide again whom the rules strike [default: a new one each time, which is printed].
    #[arg(long, value_name = "N", requires = "chaos", value_parser = value::within::<u64>(0, u64::MAX))]
    pub chaos_seed: Option<u64>,
}

impl ChaosArgs {
    /// The rules of the file, if there is one.
    pub(crate) fn load(&self) -> Result<Option<Chaos>, Failure> {
        let Some(path) = &self.chaos else { return Ok(None) };
        let seed = self.chaos_seed.unwrap_or_else(|| rand::random::<u32>().into());
        let failed = |why| Failure::usage(format!("Can't use the rules {}", path.display())).why(why);
        Chaos::parse(&text(path)?, seed).map(Some).map_err(failed)
    }

    /// Refuses them for any other cloud than one of this process.
    pub(crate) fn refuse_elsewhere(&self) -> Result<(), Failure> {
        match self.chaos {
            Some(_) => Err(Failure::usage("--chaos is for the embedded cloud of a simulation")
                .why("the target is another cloud")
                .help("`messaging chaos add FILE` gives rules to a `messaging local` that runs.")),
            None => Ok(()),
        }
    }
}

/// The text of a file of rules.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    file::read(path, MAX_RULES)
        .map_err(|error| Failure::usage(format!("Can't read the rules {}", path.display())).why(error))
}
