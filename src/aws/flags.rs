//! The flags that choose a target, and what may stand in them.

use clap::{Args, ValueEnum};

use crate::config::{Env, Found, Origin};
use crate::exit::Failure;

/// Which cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetKind {
    /// The embedded cloud of `messaging local`, or any other emulator.
    Local,
    /// Amazon Web Services, with the SDK's own configuration.
    Aws,
}

/// The flags that choose a cloud.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArgs {
    /// Which cloud to talk to.
    #[arg(long, value_enum, default_value = "local", env = "MESSAGING_TARGET", hide_env_values = true, global = false)]
    pub target: TargetKind,
    /// Another address than the target's own: LocalStack, moto, a VPC endpoint ..
    ///
    /// Of AWS_ENDPOINT_URL in .env, with the target aws: only the keys of .env go to an address that .env names.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", hide_env_values = true, value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// The AWS region [default: us-east-1 on local, the SDK's own on aws].
    #[arg(long, env = "AWS_REGION", hide_env_values = true, value_parser = region)]
    pub region: Option<String>,
}

impl TargetArgs {
    /// Another address than the target's own, and who named it: a flag, the environment, or `.env`.
    pub(crate) fn endpoint(&self, env: &Env) -> Result<Option<Found>, Failure> {
        if let Some(url) = &self.endpoint_url {
            // Of the flag or the environment: the user says it, either way.
            return Ok(Some(Found { value: url.clone(), origin: Origin::Flag("--endpoint-url") }));
        }
        let Some(found) = env.find(&["AWS_ENDPOINT_URL"]) else { return Ok(None) };
        let wrong = |why| Failure::usage(format!("{} is no address", found.origin)).why(why);
        let value = endpoint(&found.value).map_err(wrong)?;
        Ok(Some(Found { value, origin: found.origin }))
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("an address like http://127.0.0.1:4566 is needed".into()),
    }
}

/// A region's name is a part of the addresses of AWS: nothing else may come in by it.
fn region(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.starts_with('-') || text.ends_with('-');
    if text.is_empty() || text.len() > 63 || ends || !text.chars().all(good) {
        return Err("a region like us-east-1 is needed".into());
    }
    Ok(text.to_owned())
}

/// The region of the target `local`, when it is said: the given one, or that of `AWS_DEFAULT_REGION`.
pub(crate) fn local_region(given: Option<&str>) -> Result<Option<String>, Failure> {
    if let Some(given) = given {
        return Ok(Some(given.to_owned()));
    }
    let Some(name) = std::env::var("AWS_DEFAULT_REGION").ok().filter(|name| !name.is_empty()) else { return Ok(None) };
    let wrong = |why| Failure::usage(format!("AWS_DEFAULT_REGION is {name:?}")).why(why);
    region(&name).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_name() {
        for name in ["us-east-1", "eu-isoe-west-1", "local"] {
            assert!(region(name).is_ok(), "{name}");
        }
        for name in ["../x", "", "us east", "a.b", "-a", "US", "é"] {
            assert!(region(name).is_err(), "{name}");
        }
    }
}
