//! Decodes `aws-chunked` bodies: chunks with (unchecked) signatures, then trailing headers.
//!
//! Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" (Amazon S3
//! API reference). Whether the signatures are right is the gateway's question.

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};

use super::error::{Failure, Result};

/// The longest line of a chunk's head or a trailer that is accepted, in bytes.
const MAX_LINE: usize = 1024;
/// The most trailers that are accepted.
const MAX_TRAILERS: usize = 16;

/// Where a decoder stands in the body.
enum State {
    Head,
    Data(u64),
    DataEnd,
    Trailers(usize),
    Done,
}

struct Decoder<S> {
    body: S,
    buffer: BytesMut,
    state: State,
    /// Decoded bytes that the request promised and that haven't come yet.
    left: u64,
}

/// The decoded bytes of `body`, which are `length` in all; every trailer is handed to `on_trailer` as (name, value).
pub fn decode<S>(
    body: S,
    length: u64,
    on_trailer: impl Fn(&str, &str) + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + Sync
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync,
{
    let decoder = Decoder { body, buffer: BytesMut::new(), state: State::Head, left: length };
    futures::stream::try_unfold((decoder, on_trailer), |(mut decoder, on_trailer)| async move {
        let bytes = decoder.next(&on_trailer).await?;
        Ok(bytes.map(|bytes| (bytes, (decoder, on_trailer))))
    })
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Decoder<S> {
    async fn next(&mut self, on_trailer: &(impl Fn(&str, &str) + Sync)) -> Result<Option<Bytes>> {
        loop {
            match self.state {
                State::Head => {
                    let line = self.line().await?;
                    let size = line.split(';').next().unwrap_or_default().trim();
                    // A sign is no digit, though numbers may have one.
                    let digits = !size.starts_with('+');
                    let size = u64::from_str_radix(size, 16).ok().filter(|_| digits).ok_or_else(invalid_chunk)?;
                    if size > self.left {
                        return Err(incomplete());
                    }
                    self.state = if size == 0 { State::Trailers(0) } else { State::Data(size) };
                }
                State::Data(size) => {
                    if self.buffer.is_empty() && !self.fill().await? {
                        return Err(incomplete());
                    }
                    let take = self.buffer.len().min(usize::try_from(size).unwrap_or(usize::MAX));
                    let bytes = self.buffer.split_to(take).freeze();
                    let rest = size - take as u64;
                    self.left -= take as u64;
                    self.state = if rest == 0 { State::DataEnd } else { State::Data(rest) };
                    return Ok(Some(bytes));
                }
                State::DataEnd => {
                    if !self.line().await?.is_empty() {
                        return Err(invalid_chunk());
                    }
                    self.state = State::Head;
                }
                State::Trailers(count) => {
                    if self.buffer.is_empty() && !self.fill().await? {
                        self.state = State::Done;
                        continue;
                    }
                    let line = self.line().await?;
                    if line.is_empty() || count == MAX_TRAILERS {
                        self.state = State::Done;
                        continue;
                    }
                    let (name, value) = line.split_once(':').ok_or_else(malformed_trailer)?;
                    on_trailer(&name.trim().to_ascii_lowercase(), value.trim());
                    self.state = State::Trailers(count + 1);
                }
                State::Done => {
                    return if self.left == 0 { Ok(None) } else { Err(incomplete()) };
                }
            }
        }
    }

    /// The next line without its end; the last one may lack the end.
    async fn line(&mut self) -> Result<String> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                let line = self.buffer.split_to(searched + at);
                self.buffer.advance(1);
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                return String::from_utf8(line.to_vec()).map_err(|_| invalid_chunk());
            }
            searched = self.buffer.len();
            if searched > MAX_LINE {
                return Err(invalid_chunk());
            }
            if !self.fill().await? {
                return match self.state {
                    State::Trailers(_) => {
                        String::from_utf8(self.buffer.split().to_vec()).map_err(|_| malformed_trailer())
                    }
                    _ => Err(incomplete()),
                };
            }
        }
    }

    async fn fill(&mut self) -> Result<bool> {
        match self.body.next().await {
            Some(bytes) => {
                self.buffer.extend_from_slice(&bytes?);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

fn invalid_chunk() -> Failure {
    Failure::new(400, "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes")
}

fn malformed_trailer() -> Failure {
    Failure::new(
        400,
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
}

/// A body that ends before, or goes on after, the length that was promised.
pub fn incomplete() -> Failure {
    Failure::new(
        400,
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn run(body: &str, length: u64, cut: usize) -> Result<(String, Vec<(String, String)>)> {
        let pieces: Vec<_> = body.as_bytes().chunks(cut).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let trailers = Arc::new(Mutex::new(Vec::new()));
        let seen = trailers.clone();
        let on_trailer = move |n: &str, v: &str| seen.lock().unwrap().push((n.to_owned(), v.to_owned()));
        let stream = decode(futures::stream::iter(pieces), length, on_trailer);
        let mut stream = std::pin::pin!(stream);
        let mut decoded = Vec::new();
        while let Some(bytes) = stream.next().await {
            decoded.extend_from_slice(&bytes?);
        }
        let trailers = trailers.lock().unwrap().clone();
        Ok((String::from_utf8(decoded).unwrap(), trailers))
    }

    #[tokio::test]
    async fn decodes_however_it_is_cut() {
        let body = "4;chunk-signature=ab\r\nwiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32: AAAA==\r\nX-B:c\r\n\r\n";
        for cut in 1..body.len() {
            let (decoded, trailers) = run(body, 9, cut).await.unwrap();
            assert_eq!(decoded, "wikipedia");
            assert_eq!(trailers, [("x-amz-checksum-crc32".into(), "AAAA==".into()), ("x-b".into(), "c".into())]);
        }
    }

    #[tokio::test]
    async fn an_end_without_a_line_end_is_an_end() {
        for body in ["1\r\na\r\n0\r\n", "1\r\na\r\n0\r\n\r\n", "1\r\na\r\n0;chunk-signature=x\r\nx: y"] {
            assert_eq!(run(body, 1, 3).await.unwrap().0, "a");
        }
    }

    #[tokio::test]
    async fn refuses_what_is_broken() {
        let long = "f".repeat(5000);
        let cases = [
            ("2\r\na", "IncompleteBody"),
            ("1\r\na\r\n0\r\n\r\n", "IncompleteBody"),
            ("ffffffffffffffff\r\n", "IncompleteBody"),
            ("zz\r\n", "InvalidChunkSizeError"),
            ("2\r\nabc\r\n", "InvalidChunkSizeError"),
            (&long, "InvalidChunkSizeError"),
            ("2\r\nab\r\n0\r\nnonsense\r\n\r\n", "MalformedTrailerError"),
        ];
        for (body, code) in cases {
            assert_eq!(run(body, 2, 100).await.unwrap_err().code, code, "{body:?}");
        }
    }
}
