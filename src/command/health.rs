//! `messaging health`: asks a service whether it is well, for containers that have neither a shell nor another client.

use std::time::Duration;

use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::Context;
use crate::exit::{Exit, Failure};

/// So long it may take. A service asks what it needs for less.
const PATIENCE: Duration = Duration::from_secs(8);
/// An answer has at most so many bytes.
const MAX_ANSWER: usize = 64 << 10;

/// Ask a service whether it is well
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Ask a service whether it is well: GET /health of `messaging serve`, or the URL that is given.\n\n\
        Prints the answer. A status of 200 to 299 ends with 0, another one with 1, and no answer with 4: for the health checks \
        of containers.",
    after_long_help = "Examples:
  messaging health
  messaging health http://127.0.0.1:8081/health
  messaging health http://127.0.0.1:4566/_messaging/queues"
)]
pub(crate) struct Args {
    /// What is asked.
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:8080/health")]
    url: Uri,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let url = args.url;
    if url.scheme_str() != Some("http") {
        return Err(
            Failure::usage(format!("{url} doesn't begin with http://")).help("Name it as http://HOST:PORT/health.")
        );
    }
    let silent = |why: String| Failure::new(format!("Nothing answers at {url}")).why(why).exit(Exit::Unreachable);
    let request = Request::get(&url).body(String::new());
    let request = request.map_err(|error| Failure::usage(format!("{url} can't be asked")).why(error))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let asked = async {
        let answer = client.request(request).await.map_err(|error| root(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|error| error.to_string())?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    let asked = tokio::select! {
        asked = timeout(PATIENCE, asked) => asked,
        () = context.stop.requested() => return Ok(Exit::Interrupted),
    };
    let (status, text): (StatusCode, String) = match asked {
        Ok(asked) => asked.map_err(silent)?,
        Err(_) => return Err(silent(format!("it took longer than {} s", PATIENCE.as_secs()))),
    };
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    context.ui.verbatim(&lines);
    if status.is_success() {
        return Ok(Exit::Ok);
    }
    Err(Failure::new(format!("{url} answers {status}")))
}

/// The innermost cause: the outer ones only say that sending failed.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
