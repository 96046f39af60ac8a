//! Decodes `aws-chunked` bodies: chunks with signatures, verified where keys are, then trailing headers.
//!
//! Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" (Amazon S3
//! API reference).

use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use s3s::crypto::{Checksum as _, Sha256};

use crate::s3::error::{Failure, Result};
use crate::sigv4::Chunks;

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

/// Verifies signatures as the body passes.
struct Check {
    chunks: Chunks,
    /// What the current chunk says its signature is.
    signature: String,
    hasher: Sha256,
    /// Trailing headers as they are signed.
    trailers: String,
}

impl Check {
    fn head(&mut self, line: &str) -> Result<()> {
        let signature = line.split(';').find_map(|part| part.trim().strip_prefix("chunk-signature="));
        self.signature = signature.ok_or_else(mismatch)?.to_owned();
        Ok(())
    }

    /// At the end of a chunk's data.
    fn end(&mut self) -> Result<()> {
        let hasher = std::mem::replace(&mut self.hasher, Sha256::new());
        let hash = hex::encode(hasher.finalize().as_ref());
        if self.chunks.chunk(&hash, &self.signature) { Ok(()) } else { Err(mismatch()) }
    }

    fn trailer(&mut self, name: &str, value: &str) -> Result<()> {
        if name != "x-amz-trailer-signature" {
            self.trailers.push_str(&format!("{name}:{value}\n"));
            return Ok(());
        }
        let hash = hex::encode(Sha256::checksum(self.trailers.as_bytes()).as_ref());
        if !self.chunks.trailer(&hash, value) {
            return Err(mismatch());
        }
        self.trailers.clear();
        Ok(())
    }
}

fn mismatch() -> Failure {
    let message = "The request signature we calculated does not match the signature you provided. Check your key and \
                   signing method.";
    Failure::new(403, "SignatureDoesNotMatch", message)
}

struct Decoder<S> {
    body: S,
    /// What came and isn't decoded yet.
    buffer: Bytes,
    state: State,
    /// Decoded bytes that the request promised and that haven't come yet.
    left: u64,
    check: Option<Check>,
}

/// The decoded bytes of `body`, which are `length` in all; every trailer is handed to `on_trailer` as (name, value).
/// With `chunks`, every signature has to be right.
pub(crate) fn decode<S>(
    body: S,
    length: u64,
    chunks: Option<Chunks>,
    on_trailer: impl Fn(&str, &str) + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + Sync
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync,
{
    let check =
        chunks.map(|chunks| Check { chunks, signature: String::new(), hasher: Sha256::new(), trailers: String::new() });
    let decoder = Decoder { body, buffer: Bytes::new(), state: State::Head, left: length, check };
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
                        return Err(Failure::incomplete_body());
                    }
                    if let Some(check) = &mut self.check {
                        check.head(&line)?;
                        if size == 0 {
                            check.end()?;
                        }
                    }
                    self.state = if size == 0 { State::Trailers(0) } else { State::Data(size) };
                }
                State::Data(size) => {
                    if self.buffer.is_empty() && !self.fill().await? {
                        return Err(Failure::incomplete_body());
                    }
                    let take = self.buffer.len().min(usize::try_from(size).unwrap_or(usize::MAX));
                    let bytes = self.buffer.split_to(take);
                    let rest = size - take as u64;
                    self.left -= take as u64;
                    if let Some(check) = &mut self.check {
                        check.hasher.update(&bytes);
                        if rest == 0 {
                            check.end()?;
                        }
                    }
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
                    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
                    if let Some(check) = &mut self.check {
                        check.trailer(&name, value)?;
                    }
                    on_trailer(&name, value);
                    self.state = State::Trailers(count + 1);
                }
                State::Done => {
                    if self.check.as_ref().is_some_and(|check| !check.trailers.is_empty()) {
                        // Trailers that nobody signed.
                        return Err(mismatch());
                    }
                    return if self.left == 0 { Ok(None) } else { Err(Failure::incomplete_body()) };
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
                        String::from_utf8(std::mem::take(&mut self.buffer).to_vec()).map_err(|_| malformed_trailer())
                    }
                    _ => Err(Failure::incomplete_body()),
                };
            }
        }
    }

    async fn fill(&mut self) -> Result<bool> {
        match self.body.next().await {
            Some(bytes) => {
                let bytes = bytes?;
                self.buffer = match self.buffer.is_empty() {
                    true => bytes,
                    // Only a line that is cut in two.
                    false => [&*self.buffer, &*bytes].concat().into(),
                };
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn run(body: &str, length: u64, cut: usize) -> Result<(String, Vec<(String, String)>)> {
        run_checked(body, length, cut, None).await
    }

    async fn run_checked(
        body: &str,
        length: u64,
        cut: usize,
        chunks: Option<Chunks>,
    ) -> Result<(String, Vec<(String, String)>)> {
        let pieces: Vec<_> = body.as_bytes().chunks(cut).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let trailers = Arc::new(Mutex::new(Vec::new()));
        let seen = trailers.clone();
        let on_trailer = move |n: &str, v: &str| seen.lock().unwrap().push((n.to_owned(), v.to_owned()));
        let stream = decode(futures::stream::iter(pieces), length, chunks, on_trailer);
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
    async fn signatures_are_verified() {
        use aws_sigv4::sign::v4::calculate_signature;
        let (key, date, scope) = (b"key".to_vec(), "20260101T000000Z", "20260101/us-east-1/s3/aws4_request");
        let hash = |text: &str| hex::encode(Sha256::checksum(text.as_bytes()).as_ref());
        let sign = |what: &str, previous: &str, hashes: &str| {
            let text = format!("AWS4-HMAC-SHA256-{what}\n{date}\n{scope}\n{previous}\n{hashes}");
            calculate_signature(&key, text.as_bytes())
        };
        let first = sign("PAYLOAD", "seed", &format!("{}\n{}", hash(""), hash("wiki")));
        let last = sign("PAYLOAD", &first, &format!("{}\n{}", hash(""), hash("")));
        let trailer = sign("TRAILER", &last, &hash("x-amz-checksum-crc32:AAAA==\n"));
        let body = |data: &str, first: &str, last: &str, trailer: &str| {
            format!(
                "4;chunk-signature={first}\r\n{data}\r\n0;chunk-signature={last}\r\nx-amz-checksum-crc32:AAAA==\r\n{trailer}\r\n"
            )
        };
        let signed = format!("x-amz-trailer-signature:{trailer}\r\n");
        let table = [
            (body("wiki", &first, &last, &signed), true),
            (body("wikj", &first, &last, &signed), false),
            (body("wiki", &last, &last, &signed), false),
            (body("wiki", &first, &first, &signed), false),
            (body("wiki", &first, &last, ""), false),
            (body("wiki", &first, &last, "x-amz-trailer-signature:00\r\n"), false),
            ("4\r\nwiki\r\n0\r\n\r\n".to_owned(), false),
        ];
        for (body, right) in table {
            let chunks = Chunks::new(key.clone(), date, scope, "seed");
            let got = run_checked(&body, 4, 7, Some(chunks)).await;
            match right {
                true => assert_eq!(got.unwrap().0, "wiki"),
                false => assert_eq!(got.unwrap_err().code, "SignatureDoesNotMatch", "{body}"),
            }
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
