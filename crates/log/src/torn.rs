//! Torn tail or damage: what bytes mean that are no whole frame. The rules are in [`super`].

use std::sync::Arc;

use super::LogError;
use super::disk::SegmentFile;
use super::scan::find_frame;

/// What is known of the log around a bad place.
pub(super) struct Evidence<'a> {
    pub segment: u32,
    /// The segment's file, unless it is missing.
    pub file: Option<&'a Arc<dyn SegmentFile>>,
    /// Bytes in the file.
    pub length: u64,
    /// Where the first bad byte is.
    pub offset: u64,
    /// The machine was started anew since the log was last written.
    pub restarted: bool,
    /// There are files of later segments.
    pub later: bool,
    /// The highest segment that a later segment's header knows to be synced.
    pub synced_through: u32,
}

impl Evidence<'_> {
    /// Whether bytes that may have been acknowledged are bad or missing.
    pub(crate) fn is_damage(&self) -> Result<bool, LogError> {
        if self.synced_through >= self.segment || (self.later && !self.restarted) {
            return Ok(true);
        }
        let Some(file) = self.file else { return Ok(false) };
        let behind = self.offset + 1..self.length;
        Ok(find_frame(file, self.segment, behind, |head| head.synced || !self.restarted)?.is_some())
    }
}
