//! Memory out of the log: at a start, and when a transaction is refused that had begun.

use engine::{Change, Engine, Place};
use log::{self, Location, Log, LogError};

/// Applies one record of the log; the format of data folders that has such records.
///
/// # Errors
/// Why it is no change that this program knows.
pub(super) fn replay(engine: &mut Engine, location: Location, record: &[u8]) -> Result<u32, String> {
    let change: Change<'_> = postcard::from_bytes(record).map_err(|error| error.to_string())?;
    if let Change::Incoming { change } = &change {
        // It is applied as far as it can be read.
        postcard::from_bytes::<Change<'_>>(change).map_err(|error| error.to_string())?;
    }
    let owner = engine.apply(&change);
    engine.note_place(&owner, place(location), log::frame_bytes(record.len()));
    Ok(change.format())
}

/// Gives a state without any changes what ids are made of.
pub(super) fn salt(engine: &mut Engine, seed: u128) {
    if engine.salt() == 0 {
        let (queues, streams) = (Vec::new(), Vec::new());
        engine.apply(&Change::Counters { salt: seed | 1, next_seq: 1, next_id: 1, queues, streams });
    }
}

/// Makes the state once more of all that was appended to the log. Slow, and the whole cloud waits: for what no request should
/// be able to bring about, since every service bounds what it is given.
pub(super) fn from_log(engine: &mut Engine, log: &Log, seed: u128) -> Result<(), LogError> {
    log.retry()?;
    let mut fresh = Engine::new(engine.strictness());
    for (segment, _) in log.segments() {
        let mut scan = match log.scan(segment) {
            Ok(scan) => scan,
            // Given back a moment ago: what was alive in it stands in a later one.
            Err(LogError::NoSegment(_)) => continue,
            Err(error) => return Err(error),
        };
        while let Some((location, record)) = scan.next()? {
            replay(&mut fresh, location, record).map_err(|reason| LogError::Rejected {
                file: format!("segment {segment}"),
                offset: location.offset.into(),
                reason,
            })?;
        }
    }
    salt(&mut fresh, seed);
    if engine.incoming().is_none() {
        // What a load left that a restart interrupted.
        fresh.drop_incoming();
    }
    *engine = fresh;
    Ok(())
}

/// Where a record lies, as the engine knows it.
pub(super) fn place(location: Location) -> Place {
    Place { segment: location.segment, offset: location.offset }
}
