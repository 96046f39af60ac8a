//! Bytes that lie in the log alone, and that a document names by their number.

use std::sync::Arc;

use bytes::Bytes;

use super::Core;
use engine::{Change, Engine, Seq};
use log::Segment;
use wire::AwsError;

/// Where kept bytes lie, held so that no compaction takes them away.
pub(crate) struct Held {
    segment: Arc<Segment>,
    offset: u32,
}

impl Core {
    /// Holds kept bytes. Call it in the same read as the document that names them.
    pub(crate) fn hold(&self, engine: &Engine, seq: Seq) -> Option<Held> {
        let place = engine.payload(seq)?;
        let segment = self.log().open_segment(place.segment)?;
        Some(Held { segment, offset: place.offset })
    }

    /// Reads kept bytes, verified. Waits until what was appended before is in the log.
    pub(crate) async fn kept(&self, held: &Held) -> Result<Bytes, AwsError> {
        // No change: also while the log takes none, what it holds can be read.
        self.wait_durable().await;
        let record = held.segment.read(held.offset).map_err(|error| AwsError::internal(error.to_string()))?;
        match Change::of_record(&record) {
            Some(Change::Kept { data, .. }) => Ok(record.slice_ref(data)),
            _ => Err(AwsError::internal("the log holds no bytes of an object where they were expected")),
        }
    }
}
