//! An HTTP/1.1 connection that costs its client little: requests are ready bytes, of an answer only what counts is read.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that sends one request after the other.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: its status and its body.
pub struct Answer<'c> {
    pub status: u16,
    pub body: &'c [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and reads its whole answer.
    pub async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, status, length) = loop {
            self.read().await?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = &self.buffer[..end];
                let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
                break (end + 4, status.ok_or_else(|| bad("no status"))?, length(head)?);
            }
        };
        match length {
            Some(length) => {
                while self.buffer.len() < head + length {
                    self.read().await?;
                }
                Ok(Answer { status, body: &self.buffer[head..head + length] })
            }
            // In chunks: the body is shown with their sizes, which nobody here minds.
            None => {
                while !self.buffer[head..].ends_with(b"0\r\n\r\n") {
                    self.read().await?;
                }
                Ok(Answer { status, body: &self.buffer[head..] })
            }
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// `Content-Length`; `None` for a body in chunks.
fn length(head: &[u8]) -> io::Result<Option<usize>> {
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            return length.map(Some).ok_or_else(|| bad("Content-Length is no number"));
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Ok(None);
        }
    }
    Err(bad("an answer without a length"))
}

/// Where `needle` begins.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
