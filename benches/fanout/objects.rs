//! Objects: small ones put and got beside the ceiling, large ones up and down beside a plain copy of the same bytes.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::{Connection, find};
use super::error::Result;
use super::load::{Load, Outcome};
use super::server::Server;

/// Bytes of a small object.
pub(crate) const SMALL: usize = 1024;
/// Bytes of a large object.
const LARGE: usize = 256 << 20;
/// Bytes that are sent and read at a time.
const PIECE: usize = 256 << 10;
/// Bytes of a chunk of a body that is sent in chunks, as SDKs cut it.
const CHUNK: usize = 64 << 10;
/// Different keys.
const KEYS: usize = 2_000;
const CONNECTIONS: usize = 16;
/// How often a large object goes up and down: the fastest counts, since the disk isn't ours alone.
const TURNS: usize = 3;

/// A phase: how fast, and what a request took of the server's processor.
struct Phase {
    rate: f64,
    micros: f64,
}

struct Small {
    put: Phase,
    get: Phase,
}

/// Bytes a second.
struct Large {
    up: f64,
    chunked: f64,
    down: f64,
}

/// Measures both, the ceiling before and behind.
pub(crate) async fn measure(time: Duration) -> Result<()> {
    let mut ceilings = vec![small(&Server::limit()?, time).await?];
    let server = Server::messaging("messaging", "process")?;
    make_bucket(&server).await?;
    let it = small(&server, time).await?;
    ceilings.push(small(&Server::limit()?, time).await?);
    for (what, of) in [("PUT", (|small| &small.put) as fn(&Small) -> &Phase), ("GET", |small| &small.get)] {
        let mean = |value: fn(&Phase) -> f64| {
            ceilings.iter().map(|small| value(of(small))).sum::<f64>() / ceilings.len() as f64
        };
        let (rate, micros) = (mean(|phase| phase.rate), mean(|phase| phase.micros));
        println!(
            "- {what} of {SMALL} bytes: {:.0} a second, {:.1} % of the limit's {rate:.0}; {:.1} us of the processor each, the limit's \
             {micros:.1}",
            of(&it).rate,
            of(&it).rate / rate * 100.0,
            of(&it).micros
        );
    }
    for durability in ["process", "power"] {
        let plain = Server::limit()?;
        let server = Server::messaging(durability, durability)?;
        make_bucket(&server).await?;
        let (bare, it, copy) = (large(&plain).await?, large(&server).await?, copied(durability == "power")?);
        let gb = |rate: f64| rate / 1e9;
        println!(
            "- {} MiB, durability {durability}: up {:.2} GB/s, in chunks {:.2}, down {:.2}; a server that does nothing {:.2}, {:.2}, {:.2}; a \
             plain write of the same bytes {:.2}",
            LARGE >> 20,
            gb(it.up),
            gb(it.chunked),
            gb(it.down),
            gb(bare.up),
            gb(bare.chunked),
            gb(bare.down),
            gb(copy)
        );
    }
    Ok(())
}

async fn make_bucket(server: &Server) -> Result<()> {
    match Connection::open(server.address).await?.call(&head("PUT", "/bench", "", 0)).await?.status {
        200 => Ok(()),
        status => Err(format!("no bucket: {status}").into()),
    }
}

/// A request's head, signed with a dummy; `more` are whole lines.
fn head(method: &str, path: &str, more: &str, length: usize) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Date: 20261120T120000Z\r\n\
         X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20261120/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={:064}\r\n{more}\
         Content-Length: {length}\r\n\r\n",
        0
    )
    .into_bytes()
}

async fn small(server: &Server, time: Duration) -> Result<Small> {
    let path = |n: usize| format!("/bench/events/2026/11/20/{n:06}.json");
    let put = |n: usize| {
        let mut request = head("PUT", &path(n), "Content-Type: application/json\r\n", SMALL);
        request.extend((0..SMALL).map(|at| b'a' + ((at * 7 + n) % 26) as u8));
        request
    };
    let put = phase(server, time, (0..KEYS).map(put).collect()).await?;
    let get = phase(server, time, (0..KEYS).map(|n| head("GET", &path(n), "", 0)).collect()).await?;
    Ok(Small { put, get })
}

async fn phase(server: &Server, time: Duration, requests: Vec<Vec<u8>>) -> Result<Phase> {
    let before = server.cpu_seconds();
    let load = Load { address: server.address, connections: CONNECTIONS, requests, time, rate: None };
    let outcome: Outcome = load.run().await?;
    if let Some(why) = &outcome.why {
        return Err(format!("{}: {} requests failed: {why}", server.name, outcome.failed).into());
    }
    let spent = server.cpu_seconds().zip(before).map_or(f64::NAN, |(after, before)| after - before);
    Ok(Phase { rate: outcome.rate(), micros: spent * 1e6 / outcome.answered as f64 })
}

async fn large(server: &Server) -> Result<Large> {
    let mut best = Large { up: 0.0, chunked: 0.0, down: 0.0 };
    for _ in 0..TURNS {
        best.up = best.up.max(up(server, &plain_pieces()).await?);
        best.chunked = best.chunked.max(up(server, &chunked_pieces()).await?);
        best.down = best.down.max(down(server).await?);
    }
    Ok(best)
}

/// A body as it is sent: its head's own lines, the piece that comes again and again, how often, and what ends it.
struct Pieces {
    lines: String,
    piece: Vec<u8>,
    times: usize,
    end: &'static [u8],
}

fn plain_pieces() -> Pieces {
    Pieces { lines: String::new(), piece: vec![b'x'; PIECE], times: LARGE / PIECE, end: b"" }
}

/// As SDKs send a body whose hash they don't sign, but for a checksum at its end.
fn chunked_pieces() -> Pieces {
    let mut piece = format!("{CHUNK:x}\r\n").into_bytes();
    piece.extend([b'x'; CHUNK]);
    piece.extend(b"\r\n");
    let lines = format!("Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: {LARGE}\r\n");
    Pieces { lines, piece: piece.repeat(PIECE / CHUNK), times: LARGE / PIECE, end: b"0\r\n\r\n" }
}

/// Sends a large object; bytes a second.
async fn up(server: &Server, body: &Pieces) -> Result<f64> {
    let mut stream = TcpStream::connect(server.address).await?;
    let begin = Instant::now();
    let length = body.piece.len() * body.times + body.end.len();
    stream.write_all(&head("PUT", "/bench/large", &body.lines, length)).await?;
    for _ in 0..body.times {
        stream.write_all(&body.piece).await?;
    }
    stream.write_all(body.end).await?;
    let mut answer = Vec::new();
    while find(&answer, b"\r\n\r\n").is_none() {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    is_ok(&answer)?;
    Ok(LARGE as f64 / begin.elapsed().as_secs_f64())
}

/// Gets a large object; bytes a second.
async fn down(server: &Server) -> Result<f64> {
    let mut stream = TcpStream::connect(server.address).await?;
    let begin = Instant::now();
    stream.write_all(&head("GET", "/bench/large", &format!("X-Limit-Bytes: {LARGE}\r\n"), 0)).await?;
    let mut buffer = Vec::with_capacity(PIECE);
    let begun = loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some(end) = find(&buffer, b"\r\n\r\n") {
            break end + 4;
        }
    };
    is_ok(&buffer)?;
    let mut left = LARGE - (buffer.len() - begun);
    while left > 0 {
        buffer.clear();
        match stream.read_buf(&mut buffer).await? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            read => left = left.saturating_sub(read),
        }
    }
    Ok(LARGE as f64 / begin.elapsed().as_secs_f64())
}

fn is_ok(answer: &[u8]) -> Result<()> {
    match answer.starts_with(b"HTTP/1.1 200") {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(answer).into_owned().into()),
    }
}

/// Writes the bytes of a large object to a file, by itself; bytes a second.
fn copied(sync: bool) -> Result<f64> {
    let piece = vec![b'x'; PIECE];
    let mut best = 0.0_f64;
    for _ in 0..TURNS {
        let mut file = tempfile::tempfile()?;
        let begin = Instant::now();
        for _ in 0..LARGE / PIECE {
            file.write_all(&piece)?;
        }
        if sync {
            file.sync_all()?;
        }
        best = best.max(LARGE as f64 / begin.elapsed().as_secs_f64());
    }
    Ok(best)
}
