//! The state of one moment, to be read at leisure: the log up to there, and an engine of its own that is made of it. The cloud
//! waits for none of that but the moment.

use super::{Core, rebuild};
use engine::{Change, Engine, Millis, OldRecord, Strictness};
use log::{LogError, Mark};
use wire::AwsError;

/// The state of one moment.
pub(crate) struct Snapshot {
    /// When.
    pub at: Millis,
    /// The state, but for the bytes of what lies in the log.
    pub engine: Engine,
    mark: Mark,
}

impl Core {
    /// Takes a snapshot.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, AwsError> {
        let (at, mark) = {
            let state = self.state.lock();
            if let Some(broken) = &state.broken {
                return Err(super::unavailable(broken));
            }
            // Under the lock: no transaction has begun that isn't appended.
            (self.now(), self.log.mark())
        };
        self.log.commit(mark.position()).await.map_err(super::unavailable)?;
        let seed = self.seed;
        let made = tokio::task::spawn_blocking(move || Snapshot::make(at, mark, seed)).await;
        let made = made.map_err(|error| AwsError::internal(error.to_string()))?;
        made.map_err(|error| AwsError::internal(format!("the log can't be read: {error}")))
    }
}

impl Snapshot {
    fn make(at: Millis, mark: Mark, seed: u128) -> Result<Self, LogError> {
        let mut engine = Engine::new(Strictness::default());
        for mut scan in mark.scans() {
            while let Some((location, record)) = scan.next()? {
                rebuild::replay(&mut engine, location, record).map_err(|reason| LogError::Rejected {
                    file: format!("segment {}", location.segment),
                    offset: location.offset.into(),
                    reason,
                })?;
            }
        }
        engine.drop_incoming();
        // A log that nothing was written to says nothing of it.
        rebuild::salt(&mut engine, seed);
        Ok(Self { at, engine, mark })
    }

    /// All that a state like this is made of: its declarations, and the living records of the log.
    pub(crate) fn each_change<E: From<LogError>>(
        &self,
        mut each: impl FnMut(&Change<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.engine.declarations().try_for_each(|change| each(&change))?;
        for mut scan in self.mark.scans() {
            while let Some((location, record)) = scan.next()? {
                let Some(old) = OldRecord::read(rebuild::place(location), record) else { continue };
                self.engine.restate(&old, self.at).iter().try_for_each(&mut each)?;
            }
        }
        Ok(())
    }
}
