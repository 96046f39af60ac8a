//! From the flags to a target: whether something answers there, and whose keys sign.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::{Credentials, provider::ProvideCredentials};

use super::attempts;
use super::error::unreachable;
use super::flags::{TargetArgs, TargetKind, local_region};
use super::speaks::wrong_scheme;
use super::target::{CONNECT, LOCAL_ENDPOINT, Target, retries, timeouts};
use crate::config::{Env, Found, Origin};
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

impl Target {
    /// Resolves the target; on `local` makes sure that something answers. The user may stop that, and every request.
    pub(crate) async fn connect(args: &TargetArgs, env: &Env, stop: &Stop) -> Result<Self, Failure> {
        tokio::select! {
            target = Self::resolve(args, env) => Ok(target?.stopped_by(stop)),
            () = stop.signalled() => Err(Failure::new("Stopped before it was done").exit(Exit::Interrupted)),
        }
    }

    async fn resolve(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        match args.target {
            TargetKind::Local => {
                let found = args.endpoint(env)?;
                let origin = found.as_ref().map(|found| found.origin.to_string());
                let endpoint = found.map_or_else(|| LOCAL_ENDPOINT.into(), |found| found.value);
                refuse_aws(&endpoint, origin.as_deref())?;
                probe(&endpoint, origin.as_deref()).await?;
                Ok(Self::local(endpoint, local_region(args.region.as_deref())?))
            }
            TargetKind::Aws => Self::aws_itself(args, env).await,
        }
    }

    /// AWS, as the SDK's own configuration and the settings of this program say.
    async fn aws_itself(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(retries())
            .timeout_config(timeouts(Duration::ZERO));
        if let Some(region) = &args.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let endpoint = args.endpoint(env)?;
        // AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are the SDK's to read: the narrower wins there.
        let from_environment = std::env::var("AWS_ENDPOINT_URL").ok();
        if let Some(found) = endpoint.as_ref().filter(|found| Some(&found.value) != from_environment.as_ref()) {
            loader = loader.endpoint_url(&found.value);
        }
        let keys = own_keys(env)?;
        if let Some(found) = &endpoint {
            refuse_foreign_endpoint(found, keys.as_ref().is_some_and(|keys| keys.from_file))?;
        }
        if let Some(keys) = keys {
            loader = loader.credentials_provider(keys.credentials);
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Failure::usage("No AWS region is set")
                .help("Name one with --region, AWS_REGION, or in the profile (`aws configure`)."));
        };
        // An address of AWS's would be made of it. Other clouds have regions with names of one word.
        let is_elsewhere = endpoint.is_some() || is_somewhere_else();
        if !is_elsewhere && !text::regions::is_shaped(&region) {
            return Err(Failure::usage(format!("AWS has no region {region:?}"))
                .help("Its regions have names like us-east-1. For another cloud's say --endpoint-url as well."));
        }
        let target = Self::new(TargetKind::Aws, region, endpoint.map(|found| found.value), config);
        target.check_credentials().await?;
        Ok(target)
    }

    async fn check_credentials(&self) -> Result<(), Failure> {
        let help = "Use `aws configure`, `aws sso login`, AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
                    or ACCESS_KEY and SECRET_KEY in .env. Without --target aws everything runs locally and needs none.";
        let missing = || Failure::usage("No AWS credentials were found").help(help);
        let provider = self.config.credentials_provider().ok_or_else(missing)?;
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => Err(missing().why(attempts::reason(&error))),
        }
    }
}

/// Whether the environment leads one of the services away from AWS.
fn is_somewhere_else() -> bool {
    std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL_"))
}

/// The access key that this program's own settings hold.
struct OwnKeys {
    credentials: Credentials,
    /// Both stand in `.env`.
    from_file: bool,
}

/// `ACCESS_KEY` and `SECRET_KEY`, unless the SDK's own variables or a profile are named in the environment.
fn own_keys(env: &Env) -> Result<Option<OwnKeys>, Failure> {
    if env.find(&["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]).is_some() {
        return Ok(None);
    }
    match (env.find(&["ACCESS_KEY"]), env.find(&["SECRET_KEY"])) {
        (Some(access), Some(secret)) => {
            let from_file = [&access, &secret].iter().all(|found| matches!(found.origin, Origin::File { .. }));
            let credentials = Credentials::new(access.value, secret.value, None, None, "ACCESS_KEY and SECRET_KEY");
            Ok(Some(OwnKeys { credentials, from_file }))
        }
        (None, None) => Ok(None),
        (Some(access), None) => Err(half_a_key(&access.origin.to_string(), "SECRET_KEY")),
        (None, Some(secret)) => Err(half_a_key(&secret.origin.to_string(), "ACCESS_KEY")),
    }
}

/// A request carries its session token in plain text, and everything else that the user may send. So an address that only
/// `.env` names, which may come with a cloned folder, gets no keys but those of the same file.
fn refuse_foreign_endpoint(endpoint: &Found, keys_from_file: bool) -> Result<(), Failure> {
    if keys_from_file || !matches!(endpoint.origin, Origin::File { .. }) {
        return Ok(());
    }
    Err(Failure::usage(format!("Your AWS keys aren't sent to {}", endpoint.value))
        .why(format!("only {} names that address, and the keys aren't of that file", endpoint.origin))
        .help("Say --endpoint-url, or export AWS_ENDPOINT_URL, if you trust it; take it out of the file if you don't."))
}

fn half_a_key(there: &str, missing: &str) -> Failure {
    Failure::usage(format!("{missing} is missing")).why(format!("{there} is set")).help("Set both, or none.")
}

/// The target `local` is never AWS, whatever the address says.
fn refuse_aws(endpoint: &str, origin: Option<&str>) -> Result<(), Failure> {
    let uri: http::Uri = endpoint.parse().unwrap_or_default();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    if [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix)) {
        return Err(Failure::usage(format!("{endpoint} is AWS, but the target is local"))
            .why(format!("the address comes from {}", origin.unwrap_or("nowhere")))
            .help("Say --target aws if this is meant to reach AWS; take the endpoint away if it isn't."));
    }
    Ok(())
}

/// An error unless something accepts connections at an address, and speaks TLS where that is asked for.
async fn probe(endpoint: &str, origin: Option<&str>) -> Result<(), Failure> {
    let uri: http::Uri = endpoint.parse().unwrap_or_default();
    let host = uri.host().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let why = match tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) if uri.scheme_str() == Some("https") => {
            let endpoint = endpoint.to_owned();
            let wrong = tokio::task::spawn_blocking(move || wrong_scheme(&endpoint)).await;
            return wrong.ok().flatten().map_or(Ok(()), Err);
        }
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
    };
    let why = match origin {
        Some(origin) => format!("{why}; the address comes from {origin}"),
        None => why,
    };
    Err(unreachable(endpoint).why(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_is_never_aws() {
        for endpoint in ["https://sns.us-east-1.amazonaws.com", "https://SQS.cn-north-1.amazonaws.com.cn"] {
            assert!(refuse_aws(endpoint, None).is_err(), "{endpoint}");
        }
        for endpoint in ["http://127.0.0.1:4566", "http://localhost.localstack.cloud:4566", "http://amazonaws.com.test"]
        {
            assert!(refuse_aws(endpoint, None).is_ok(), "{endpoint}");
        }
    }
}
