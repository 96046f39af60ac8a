//! A range of an object, read on from where it was when the connection breaks.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use super::error::cloud;
use super::{Error, Objects};

/// How often a read that brings nothing is tried.
const TRIES: u32 = 6;
/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);

impl Objects {
    /// Reads a range of an object, at least one byte of it, and hands its bytes on in order as they come, until `take` breaks.
    /// All of it is of the version that has this entity tag.
    ///
    /// # Errors
    /// The cloud's, once several tries in a row brought nothing; [`Error::Exists`] if the object is another by now.
    pub async fn read_range(
        &self,
        key: &str,
        etag: Option<&str>,
        range: Range<u64>,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut at = range.start;
        let mut failed = 0;
        while at < range.end {
            let before = at;
            let error = match self.read_on(key, etag, &mut at, range.end, &mut take).await {
                Ok(()) => return Ok(()),
                Err(error @ (Error::Missing | Error::Exists)) => return Err(error),
                Err(error) => error,
            };
            failed = if at > before { 1 } else { failed + 1 };
            if failed >= TRIES {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * 2_u32.pow(failed - 1)).await;
        }
        Ok(())
    }

    async fn read_on(
        &self,
        key: &str,
        etag: Option<&str>,
        at: &mut u64,
        end: u64,
        take: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let get = self.client.get_object().bucket(&self.bucket).key(key).set_if_match(etag.map(str::to_owned));
        let get = get.range(format!("bytes={at}-{}", end - 1));
        let mut body = get.send().await.map_err(|error| cloud("GetObject", key, &error))?.body;
        let broken = |why: String| Error::Cloud { what: "GetObject", key: key.to_owned(), why };
        while let Some(bytes) = body.try_next().await.map_err(|error| broken(error.to_string()))? {
            *at += bytes.len() as u64;
            if take(&bytes).is_break() {
                return Ok(());
            }
        }
        if *at < end { Err(broken(format!("it ended {} bytes too early", end - *at))) } else { Ok(()) }
    }
}
