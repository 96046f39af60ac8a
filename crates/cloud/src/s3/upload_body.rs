//! Takes the body of an upload: writes it to a blob, computes its MD5 and checksums, and verifies those that the client sent.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;

use super::checksum::{self, Algorithm, Checksum, Hasher, Kind};
use super::error::{Failure, Result};
use super::object_body;
use super::s3s::call::Call;
use super::s3s::few::Few;
use super::service::S3;
use crate::blobs::draft::{Ended, Look};
use wire::digest::to_hex;

/// A body that is to be taken.
pub(super) enum Sending<'b> {
    Nothing,
    /// So few bytes that they need no file.
    Few(Few<'b>),
    Stream(StreamingBlob),
}

impl From<Option<StreamingBlob>> for Sending<'_> {
    fn from(body: Option<StreamingBlob>) -> Self {
        body.map_or(Self::Nothing, Self::Stream)
    }
}

/// What was found out of a body that has arrived, and is as its client said.
pub(super) struct Summed {
    /// Hex of the MD5, without quotes.
    pub etag: String,
    /// Of the algorithm that the client chose, or of the default.
    pub sent: Checksum,
    /// Of the algorithm that was asked for besides.
    also: Option<String>,
}

/// A body that has arrived.
pub(super) struct Received {
    /// The bytes, not kept yet.
    pub bytes: Ended,
    /// Hex of the MD5, without quotes.
    pub etag: String,
    /// Of the algorithm that the client chose, or of the default.
    pub sent: Checksum,
    /// Of the algorithm that was asked for besides.
    pub also: Option<String>,
}

/// The checksum that a client sends with a body.
pub(super) struct Sent {
    pub algorithm: Algorithm,
    /// None if it comes as a trailer.
    value: Option<String>,
}

impl Sent {
    /// The checksum in a request's headers, or the one that its trailers will have.
    pub(super) fn of(call: &Call) -> Result<Option<Self>> {
        let mut found = None;
        let many = || {
            Failure::invalid_request(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            )
        };
        // That there are two is wrong before what they say is.
        if Algorithm::ALL.iter().filter(|algorithm| call.has(algorithm.header())).count() > 1 {
            return Err(many());
        }
        for algorithm in Algorithm::ALL {
            let Some(value) = call.header(algorithm.header()) else { continue };
            if !algorithm.is_digest(&value) {
                let message = format!("Value for {} header is invalid.", algorithm.header());
                return Err(Failure::invalid_request(message));
            }
            found = Some(Self { algorithm, value: Some(value) });
        }
        let trailers = call.header("x-amz-trailer").unwrap_or_default();
        for name in trailers.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name.eq_ignore_ascii_case("x-amz-trailer-signature") {
                continue;
            }
            let algorithm = Algorithm::ALL.into_iter().find(|a| a.header().eq_ignore_ascii_case(name));
            let Some(algorithm) = algorithm else {
                return Err(Failure::invalid_request(
                    "The value specified in the x-amz-trailer header is not supported",
                ));
            };
            if found.is_some() {
                return Err(many());
            }
            found = Some(Self { algorithm, value: None });
        }
        if found.is_none() && call.has("x-amz-sdk-checksum-algorithm") {
            return Err(Failure::invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers \
                 were found.",
            ));
        }
        Ok(found)
    }
}

/// What is computed of a body while it comes: each byte is looked at once by each.
pub(super) struct Digests {
    md5: Md5,
    sum: Hasher,
    also: Option<Hasher>,
}

/// What was computed of a body.
pub(super) struct Digested {
    pub md5: [u8; 16],
    /// Base64.
    pub sum: String,
    /// Of the second algorithm, if it is another.
    also: Option<String>,
}

impl Digests {
    /// MD5, a checksum, and another one if that is of another algorithm.
    pub(super) fn new(algorithm: Algorithm, also: Option<Algorithm>) -> Self {
        let also = also.filter(|also| *also != algorithm).map(Hasher::new);
        Self { md5: Md5::new(), sum: Hasher::new(algorithm), also }
    }

    /// All bytes were seen.
    pub(super) fn finish(self) -> Digested {
        Digested { md5: self.md5.finalize(), sum: self.sum.finish(), also: self.also.map(Hasher::finish) }
    }
}

impl Look for Digests {
    fn look(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sum.update(bytes);
        if let Some(also) = &mut self.also {
            also.update(bytes);
        }
    }
}

impl S3 {
    /// Takes a body of at most 5 GiB. `sent` is verified; without it CRC64NVME is computed. `also` is computed too.
    pub(super) async fn receive(
        &self,
        call: &Call,
        body: Option<StreamingBlob>,
        length: Option<i64>,
        sent: Option<Sent>,
        also: Option<Algorithm>,
    ) -> Result<Received> {
        let expected = Expected::of(call, length, sent)?;
        let (bytes, digested) = self.intake(body, expected.algorithm(), also).await?;
        let Summed { etag, sent, also } = expected.check(call, bytes.length(), digested, also.is_some())?;
        Ok(Received { bytes, etag, sent, also })
    }

    /// Looks at a body that is here already, as [`receive`](Self::receive) does.
    pub(super) fn look_at(&self, call: &Call, bytes: &[u8], length: Option<i64>, sent: Option<Sent>) -> Result<Summed> {
        let expected = Expected::of(call, length, sent)?;
        self.store.takes_writes()?;
        let digested =
            Digested { md5: Md5::checksum(bytes), sum: checksum::digest(expected.algorithm(), bytes), also: None };
        expected.check(call, bytes.len() as u64, digested, false)
    }

    /// Takes bytes that are already in S3.
    pub(super) async fn receive_copy(&self, body: StreamingBlob, algorithm: Algorithm) -> Result<Received> {
        // Here only a source that can't be read ends too early.
        let incomplete = Failure::incomplete_body();
        let intake = self.intake(Some(body), algorithm, None).await;
        let intake = intake.map_err(|error| if error == incomplete { object_body::damaged() } else { error });
        let (bytes, Digested { md5, sum: value, .. }) = intake?;
        let also = Some(value.clone());
        let sent = Checksum { algorithm, kind: Kind::FullObject, value };
        Ok(Received { bytes, etag: to_hex(&md5), sent, also })
    }

    async fn intake(
        &self,
        body: Option<StreamingBlob>,
        algorithm: Algorithm,
        also: Option<Algorithm>,
    ) -> Result<(Ended, Digested)> {
        self.store.takes_writes()?;
        let mut draft = self.blobs().draft(self.store.unique(), Digests::new(algorithm, also));
        if let Some(mut body) = body {
            while let Some(bytes) = body.next().await {
                draft.write(bytes.map_err(|_| Failure::incomplete_body())?).await?;
            }
        }
        let (bytes, digests) = draft.end().await?;
        Ok((bytes, digests.finish()))
    }
}

/// A document's bytes as they come. It fails at the end if they aren't those whose digests the client sent.
///
/// # Errors
/// What is wrong with these digests themselves.
pub(super) fn verified<S>(call: Arc<Call>, body: S) -> Result<impl Stream<Item = Result<Bytes>> + Send + Sync + 'static>
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static,
{
    let expected = call.header("content-md5").map(|text| decode_md5(&text)).transpose()?;
    // What completes an upload says the checksum of the object, not its own.
    let sent = if call.query("uploadId").is_some() { None } else { Sent::of(&call)? };
    let hasher = sent.as_ref().map(|sent| Hasher::new(sent.algorithm));
    let state = (body, expected.map(|expected| (Md5::new(), expected)), sent.zip(hasher), call);
    Ok(futures::stream::try_unfold(Some(state), |state| async move {
        let Some((mut body, mut md5, mut sum, call)) = state else { return Ok(None) };
        if let Some(bytes) = body.next().await {
            let bytes = bytes?;
            if let Some((md5, _)) = &mut md5 {
                md5.update(&bytes);
            }
            if let Some((_, hasher)) = &mut sum {
                hasher.update(&bytes);
            }
            return Ok(Some((bytes, Some((body, md5, sum, call)))));
        }
        if let Some((md5, expected)) = md5 {
            let computed = AsRef::<[u8]>::as_ref(&md5.finalize()).to_vec();
            if computed != expected {
                return Err(other_md5(&BASE64_STANDARD.encode(expected), &computed));
            }
        }
        if let Some((sent, hasher)) = sum {
            verify(&call, &sent, &hasher.finish())?;
        }
        Ok(None)
    }))
}

/// What a request's head says of its body.
struct Expected {
    content_md5: Option<Vec<u8>>,
    /// In bytes.
    length: Option<i64>,
    sent: Option<Sent>,
}

impl Expected {
    fn of(call: &Call, length: Option<i64>, sent: Option<Sent>) -> Result<Self> {
        let content_md5 = call.header("content-md5").map(|text| decode_md5(&text)).transpose()?;
        Ok(Self { content_md5, length, sent })
    }

    /// What the client chose, or CRC64NVME.
    fn algorithm(&self) -> Algorithm {
        self.sent.as_ref().map_or(Algorithm::Crc64nvme, |sent| sent.algorithm)
    }

    /// Compares it with what came: so many bytes, with these digests. With `also` a second digest was asked for.
    fn check(self, call: &Call, bytes: u64, digested: Digested, also: bool) -> Result<Summed> {
        let algorithm = self.algorithm();
        let Digested { md5, sum: value, also: other } = digested;
        let also = also.then(|| other.unwrap_or_else(|| value.clone()));
        if self.length.is_some_and(|length| u64::try_from(length) != Ok(bytes)) {
            return Err(Failure::incomplete_body());
        }
        if let Some(expected) = self.content_md5.filter(|expected| *expected != md5) {
            // S3 shows what it expected of a part in base64, and of an object in hex.
            let is_part = call.query("partNumber").is_some();
            let shown = if is_part { BASE64_STANDARD.encode(&expected) } else { hex::encode(&expected) };
            return Err(other_md5(&shown, &md5));
        }
        if let Some(sent) = self.sent {
            verify(call, &sent, &value)?;
        }
        let sent = Checksum { algorithm, kind: Kind::FullObject, value };
        Ok(Summed { etag: to_hex(&md5), sent, also })
    }
}

fn other_md5(expected: &str, computed: &[u8]) -> Failure {
    Failure::new(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        .with("ExpectedDigest", expected)
        .with("CalculatedDigest", BASE64_STANDARD.encode(computed))
}

fn verify(call: &Call, sent: &Sent, computed: &str) -> Result<()> {
    let header = sent.algorithm.header();
    let expected = match &sent.value {
        Some(value) => value.clone(),
        None => {
            let trailers = call.trailers.lock();
            let value = trailers.iter().find(|(name, _)| name == header).map(|(_, value)| value.clone());
            value.ok_or_else(|| {
                Failure::new(
                    400,
                    "MalformedTrailerError",
                    "The request contained trailing data that was not well-formed or did not conform to our published \
                     schema.",
                )
            })?
        }
    };
    if !sent.algorithm.is_digest(&expected) {
        return Err(Failure::invalid_request(format!("Value for {header} trailing header is invalid.")));
    }
    if expected != computed {
        let name = sent.algorithm.name();
        let message = format!("The {name} you specified did not match the calculated checksum.");
        return Err(Failure::new(400, "BadDigest", message));
    }
    Ok(())
}

fn decode_md5(text: &str) -> Result<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 16).ok_or_else(|| {
        Failure::new(400, "InvalidDigest", "The Content-MD5 you specified was invalid.").with("Content-MD5", text)
    })
}
