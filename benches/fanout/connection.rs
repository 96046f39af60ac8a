//! An HTTP/1.1 connection that costs its client little: requests are ready bytes, of an answer only what counts is read.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that sends one request after the other, and is opened anew when the server has closed it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer: its status and its body.
pub(crate) struct Answer<'c> {
    pub status: u16,
    pub body: &'c [u8],
}

/// Where a body ends.
#[derive(Clone, Copy)]
enum Ends {
    At(usize),
    Chunked,
    WithTheConnection,
}

/// What a head says.
struct Head {
    status: u16,
    ends: Ends,
    /// The server closes the connection after this answer.
    close: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { address, stream: Some(connect(address).await?), buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and reads its whole answer. A server may close a connection that it keeps no longer just as the next
    /// request is sent: then, and only when nothing of an answer came, that request is sent once more.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let used = self.stream.is_some();
        let mut called = self.try_call(request).await;
        if called.is_err() && used && self.buffer.is_empty() {
            called = self.try_call(request).await;
        }
        let (status, from, to) = called?;
        Ok(Answer { status, body: &self.buffer[from..to] })
    }

    /// The status, and where in the buffer the body lies. The stream is taken while a call is under way, so that one that
    /// failed or was given up half-way is never used again.
    async fn try_call(&mut self, request: &[u8]) -> io::Result<(u16, usize, usize)> {
        self.buffer.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        stream.write_all(request).await?;
        let buffer = &mut self.buffer;
        let (from, head) = loop {
            read(&mut stream, buffer).await?;
            if let Some(end) = find(buffer, b"\r\n\r\n") {
                break (end + 4, Head::parse(&buffer[..end])?);
            }
        };
        let to = match head.ends {
            Ends::At(length) => {
                while buffer.len() < from + length {
                    read(&mut stream, buffer).await?;
                }
                from + length
            }
            Ends::Chunked => {
                let body = loop {
                    match chunks(&buffer[from..])? {
                        Some(body) => break body,
                        None => read(&mut stream, buffer).await?,
                    }
                };
                buffer.truncate(from);
                buffer.extend(body);
                buffer.len()
            }
            Ends::WithTheConnection => {
                stream.read_to_end(buffer).await?;
                buffer.len()
            }
        };
        if !head.close {
            self.stream = Some(stream);
        }
        Ok((head.status, from, to))
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

impl Head {
    fn parse(head: &[u8]) -> io::Result<Self> {
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let status = status.ok_or_else(|| bad("no status"))?;
        let (mut ends, mut close) = (Ends::WithTheConnection, head.starts_with(b"HTTP/1.0"));
        for line in head.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                ends = Ends::At(length.ok_or_else(|| bad("Content-Length is no number"))?);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                ends = Ends::Chunked;
            } else if name.eq_ignore_ascii_case(b"connection") {
                close = value.eq_ignore_ascii_case(b"close");
            }
        }
        Ok(Self { status, close: close || matches!(ends, Ends::WithTheConnection), ends })
    }
}

/// The body that was sent in chunks, once the last one is there.
fn chunks(mut rest: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(line) = find(rest, b"\r\n") {
        let digits = rest[..line].split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or_else(|| bad("a chunk without a size"))?;
        if size == 0 {
            // Trailers may follow, up to an empty line.
            return Ok(rest.ends_with(b"\r\n\r\n").then_some(body));
        }
        let Some((chunk, after)) = rest[line + 2..].split_at_checked(size.saturating_add(2)) else { break };
        body.extend(&chunk[..size]);
        rest = after;
    }
    Ok(None)
}

/// Where `needle` begins.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
