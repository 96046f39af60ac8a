//! This package's own clients, `messaging publish` and `messaging consume`, as fast as they go.

use std::process::Command;
use std::time::{Duration, Instant};

use super::error::Result;
use super::server::{MESSAGING, Server};

/// Deploys the template, publishes for `time`, and drains both queues.
pub(crate) fn measure(server: &Server, time: Duration) -> Result<()> {
    run(server, &["deploy", "--template", concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml")])?;
    let seconds = format!("{}s", time.as_secs().max(1));
    for batch in ["1", "10"] {
        let publish = ["publish", "--rate", "max", "--for", &seconds, "--batch", batch, "--concurrency", "16"];
        let (said, _) = run(server, &publish)?;
        let line = said.lines().find(|line| line.contains("events published")).unwrap_or_default();
        println!("- `messaging publish --rate max --batch {batch} --concurrency 16`: {line}");
    }
    let (said, took) = run(server, &["consume", "--until-empty", "--concurrency", "8"])?;
    let handled = said.lines().filter(|line| line.contains(" handled"));
    let handled: u64 =
        handled.filter_map(|line| line.split_whitespace().nth(1)?.replace(',', "").parse::<u64>().ok()).sum();
    println!(
        "- `messaging consume --until-empty --concurrency 8`: {handled} messages in {:.1} s, {:.0}/s",
        took.as_secs_f64(),
        handled as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// Runs a command to its end: what it said, and how long it took.
fn run(server: &Server, arguments: &[&str]) -> Result<(String, Duration)> {
    let begin = Instant::now();
    let done = Command::new(MESSAGING).args(arguments).args(["--endpoint-url", &server.url()]).output()?;
    if !done.status.success() {
        return Err(format!("messaging {}: {}", arguments[0], String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok((String::from_utf8(done.stdout)?, begin.elapsed()))
}
