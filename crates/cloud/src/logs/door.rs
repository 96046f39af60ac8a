//! The door for other services of this cloud: what they have to say goes into a stream that is there.

use super::chunk::Event;
use super::place::Place;
use super::store;
use crate::core::Cloud;
use engine::{Engine, Millis};

/// Why nothing was written.
pub(crate) enum Unwritten {
    /// There is no such group, or no such stream in it.
    Missing(String),
    /// Whoever asks may not, for this reason.
    Refused(String),
}

/// Writes messages into a stream, all with the time of now. `permit` says whether that may be.
///
/// # Errors
/// Why nothing was written.
pub(crate) async fn write(
    cloud: &Cloud,
    place: Place<'_>,
    group: &str,
    stream: &str,
    messages: &[String],
    permit: impl FnOnce(&Engine, Millis) -> Result<(), String>,
) -> Result<(), Unwritten> {
    let name = stream;
    let written = cloud.core.execute(|tx| {
        let now = tx.now;
        let found = store::group(tx.engine(), place, group)
            .and_then(|group| store::stream(tx.engine(), &group, name).map(|stream| (group, stream)));
        let (group, stream) = match found {
            Ok(found) => found,
            Err(error) => return Ok(Err(Unwritten::Missing(error.message))),
        };
        if let Err(reason) = permit(tx.engine(), now) {
            return Ok(Err(Unwritten::Refused(reason)));
        }
        let events: Vec<Event<'_>> = messages.iter().map(|message| Event { at: now, ingested: now, message }).collect();
        Ok(Ok(store::append(tx, &group, name, stream, &events)?))
    });
    match written.await {
        Ok(Ok(dropped)) => {
            if dropped {
                tell_of_room(cloud, group);
            }
            Ok(())
        }
        Ok(Err(unwritten)) => Err(unwritten),
        Err(error) => Err(Unwritten::Refused(error.message)),
    }
}

/// Tells the operator that a group's oldest events had to go.
pub(super) fn tell_of_room(cloud: &Cloud, group: &str) {
    cloud.notice(&format!(
        "the log group {group} holds more than this cloud keeps of one ({} MiB): its oldest events went, AWS would keep them",
        store::MAX_EVENTS >> 20
    ));
}
