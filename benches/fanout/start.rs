//! How long `messaging local` takes from its first instruction to its first answer.

use std::path::Path;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::Result;
use super::fill::fill;
use super::server::{MESSAGING, Server};
use super::setup::Account;

const STARTS: usize = 10;
const MESSAGES: u64 = 1_000_000;
const BYTES: usize = 1_024;

pub(crate) async fn measure() -> Result<()> {
    let mut empty = Vec::new();
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        empty.push(start(data.path()).await?.1);
    }
    empty.sort();
    println!(
        "- start with an empty folder: {:.1} ms (median of {STARTS}), {:.1} ms at most; the binary has {:.0} MiB",
        ms(empty[STARTS / 2]),
        ms(empty[STARTS - 1]),
        mebibytes(Path::new(MESSAGING).metadata()?.len())
    );
    let data = tempfile::tempdir()?;
    let (server, _) = start(data.path()).await?;
    let url = Account::new(&server.url()).queue("full").await?;
    fill(&server, &url, MESSAGES, BYTES).await?;
    // As kill -9 leaves it.
    drop(server);
    let (server, took) = start(data.path()).await?;
    let depth = Account::new(&server.url()).depth(&url.replace(authority(&url), &server.address.to_string())).await?;
    println!(
        "- start with {MESSAGES} queued messages of {BYTES} bytes ({:.0} MiB of log): {:.2} s; {depth} messages are back",
        mebibytes(bytes_in(data.path())?),
        took.as_secs_f64()
    );
    Ok(())
}

/// A server on this folder, and how long it took to its first answer.
async fn start(data: &Path) -> Result<(Server, Duration)> {
    let begin = Instant::now();
    let server = Server::messaging_on("messaging", "process", data)?;
    let health = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let status = Connection::open(server.address).await?.call(health).await?.status;
    let took = begin.elapsed();
    if status == 200 { Ok((server, took)) } else { Err(format!("/health answered {status}").into()) }
}

/// Host and port in a URL.
fn authority(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}

/// Bytes of all files in a folder.
pub(crate) fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in folder.read_dir()? {
        let entry = entry?;
        // A segment may go between the listing and the look.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += if metadata.is_dir() { bytes_in(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
