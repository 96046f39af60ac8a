//! sum-even: the sum of the even numbers of a text, read in parallel ranges and never held.

mod big;
mod parse;
mod plain;
mod sixteen;
mod tally;

use std::ops::Range;

use futures::{StreamExt, TryStreamExt};
use service::objects::{Error, Objects};
use tokio_util::task::AbortOnDropHandle;

use self::parse::{Parser, to_read};
pub(super) use self::tally::Summary;
use self::tally::Tally;

/// How much of a text one reader reads, in bytes: enough that a request's cost doesn't count.
const RANGE: u64 = 32 << 20;

/// The sum of an object's even numbers, by so many readers side by side.
pub(super) async fn sum_even(objects: &Objects, key: &str, readers: usize) -> Result<Summary, Error> {
    let Some((length, etag)) = objects.head(key).await? else { return Err(Error::Missing) };
    // A short text is read by all of them, too: one of 1 MiB and more.
    let size = (length / readers.max(1) as u64).clamp(1 << 20, RANGE);
    let parts = (0..length.div_ceil(size)).map(|n| n * size..length.min((n + 1) * size));
    let tallies = futures::stream::iter(parts)
        .map(|part| {
            let (objects, key, etag) = (objects.clone(), key.to_owned(), etag.clone());
            // A task each: they run on all cores, and end when this future is dropped.
            let read = async move { read_part(&objects, &key, etag.as_deref(), &part, length).await };
            AbortOnDropHandle::new(tokio::spawn(read))
        })
        .buffered(readers.max(1))
        .map(|read| read.unwrap_or_else(|why| Err(Error::Body(why.to_string()))));
    // In order: of what is no number the first are named.
    let sum = |mut all: Tally, part: Tally| async move {
        all.add(&part);
        Ok(all)
    };
    Ok(tallies.try_fold(Tally::default(), sum).await?.summary())
}

async fn read_part(
    objects: &Objects,
    key: &str,
    etag: Option<&str>,
    part: &Range<u64>,
    length: u64,
) -> Result<Tally, Error> {
    let mut parser = Parser::new(part);
    objects.read_range(key, etag, to_read(part, length), |bytes| parser.feed(bytes)).await?;
    Ok(parser.finish())
}
