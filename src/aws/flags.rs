//! The flags that choose a target, and what may stand in them.

use clap::{Args, ValueEnum};

use super::region::region;
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
            const NAME: &str = "AWS_ENDPOINT_URL";
            let from_environment = std::env::var(NAME).is_ok_and(|said| said.trim_end_matches('/') == url);
            let origin = match from_environment {
                true => Origin::Environment(NAME.to_owned()),
                false => Origin::Flag("--endpoint-url"),
            };
            return Ok(Some(Found { value: url.clone(), origin }));
        }
        let Some(found) = env.find(&["AWS_ENDPOINT_URL"]) else { return Ok(None) };
        let wrong = |why| Failure::usage(format!("{} is no address", found.origin)).why(why);
        let value = endpoint(&found.value).map_err(wrong)?;
        Ok(Some(Found { value, origin: found.origin }))
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|_| "an address like http://127.0.0.1:4566 is needed".to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) if !uri.path().trim_end_matches('/').is_empty() || uri.query().is_some() => {
            Err("an address without a path is needed, like http://127.0.0.1:4566".into())
        }
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("an address like http://127.0.0.1:4566 is needed".into()),
    }
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
