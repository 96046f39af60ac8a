//! A look at the files of the running log: whether they are still its own, and where it ends.
//!
//! What others do to the files isn't seen by a write: it goes to a file without a name, or into a hole.

use std::sync::Arc;

use super::LogError;
use super::end::End;
use super::header::{HEADER, log_name};
use super::segment::Segment;
use super::shared::Shared;

impl Shared {
    /// Where the log ends, as far as it is written; none before it has a file.
    pub(crate) fn end(&self) -> Result<Option<End>, LogError> {
        let newest = self.segments.read().values().rev().find(|segment| segment.file().is_some()).cloned();
        let Some(segment) = newest else { return Ok(None) };
        End::of(&segment, segment.bytes()).map_err(LogError::io("read", segment.name()))
    }

    /// Whether the log ended there once.
    pub(crate) fn ended_at(&self, end: End) -> Result<bool, LogError> {
        let Some(segment) = self.segment(end.segment) else { return Ok(false) };
        if !(HEADER..=segment.bytes()).contains(&end.offset) {
            return Ok(false);
        }
        let there = End::of(&segment, end.offset).map_err(LogError::io("read", segment.name()))?;
        Ok(there == Some(end))
    }

    /// What somebody did to a segment's file, if anything, e.g. `00000001.log was removed`.
    pub(crate) fn find_harm(&self) -> Result<Option<String>, LogError> {
        // The segments come before their names: one that is made meanwhile has a name, and none goes meanwhile.
        let _none_goes = self.removal.lock();
        let made: Vec<Arc<Segment>> = self.segments.read().values().filter(|it| it.file().is_some()).cloned().collect();
        for segment in made {
            // Before the file is looked at, which may grow.
            let written = u64::from(segment.bytes());
            let Some(file) = segment.file() else { continue };
            let name = segment.name();
            let what = match self.disk.look(&name).map_err(LogError::io("look at", &name))? {
                None => "was removed",
                Some((id, _)) if id != file.id().map_err(LogError::io("look at", &name))? => "was replaced",
                Some((_, length)) if length < written => "was cut short",
                Some(_) => continue,
            };
            return Ok(Some(format!("{name} {what}")));
        }
        // What is written behind a cut makes the file long again, with a hole in it.
        let mut seen = self.seen.lock();
        if let Some(end) = *seen
            && self.segment(end.segment).is_some()
            && !self.ended_at(end)?
        {
            return Ok(Some(format!("{} was cut short or written by another", log_name(end.segment))));
        }
        *seen = self.end()?;
        Ok(None)
    }
}
