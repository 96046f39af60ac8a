//! Where a file comes from.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// The bytes of a file, as they come.
pub(crate) type Source<'a> = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + 'a>>;

/// How much of a file is read at a time.
const CHUNK: usize = 256 << 10;
/// How long a client may take for the next bytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file of this machine.
pub(crate) fn of_file(file: File) -> Source<'static> {
    Box::pin(futures::stream::try_unfold(file, |mut file| async {
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; CHUNK];
            let read = file.read(&mut bytes)?;
            bytes.truncate(read);
            Ok::<_, io::Error>((Bytes::from(bytes), file))
        });
        let (bytes, file) = read.await.map_err(io::Error::other)??;
        Ok(if bytes.is_empty() { None } else { Some((bytes, file)) })
    }))
}

/// A request's body: what is left of it stays.
pub(crate) fn of_body(body: &mut Option<Incoming>) -> Source<'_> {
    Box::pin(futures::stream::try_unfold(body, |body| async {
        let Some(incoming) = body.as_mut() else { return Ok(None) };
        loop {
            let late = |_| io::Error::other("the request's body did not arrive in time");
            let Some(frame) = tokio::time::timeout(PATIENCE, incoming.frame()).await.map_err(late)? else {
                *body = None;
                return Ok(None);
            };
            let frame = frame.map_err(|_| io::Error::other("the request's body ended early"))?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some((bytes, body)));
            }
        }
    }))
}
