//! What a start tells of the log it found: how much there is, what was cut off, what is gone.

use super::Durability;

/// What a start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments that were replayed.
    pub segments: usize,
    /// Transactions that were replayed.
    pub transactions: u64,
    /// Frames that were replayed.
    pub frames: u64,
    /// Of the frames, heads included.
    pub bytes: u64,
    /// What can't be read as whole transactions, and is gone now. Unless the files were damaged after they were written,
    /// nothing of it was acknowledged under the log's promise.
    pub cuts: Vec<Cut>,
    /// Segments that were never synced before the machine went down, and went with it.
    pub lost: Vec<String>,
    /// The machine was started anew since the log was last written: what wasn't synced may be gone.
    pub restarted: bool,
    /// Which segment is the last was known, or there is none: a lost one would have been missed.
    pub end_is_known: bool,
}

impl Recovery {
    /// Whether all that was ever written is known to be there.
    pub fn is_whole(&self) -> bool {
        self.cuts.is_empty() && self.lost.is_empty() && self.end_is_known
    }

    /// What the operator should know: what is gone, and what that can have been.
    pub fn notices(&self, durability: Durability) -> Vec<String> {
        let unless = match self.restarted && durability == Durability::Process {
            true => {
                "the machine went down since it was written, and what was acknowledged shortly before may be among it \
                 (durability process)"
            }
            false => "it was never acknowledged, unless the file was damaged after it was written",
        };
        let cuts = self.cuts.iter().map(|cut| {
            let Cut { file, offset, bytes, why } = cut;
            match (offset, bytes) {
                (0, 0) => format!("the log's file {file} was empty, and is removed: {unless}"),
                (0, _) => format!("the log's file {file}, {bytes} bytes, can't be read as whole records ({why}), and is removed: {unless}"),
                _ => format!(
                    "the log's file {file} ended in {bytes} bytes that can't be read as whole records ({why}), and were cut off \
                     at byte {offset}: {unless}"
                ),
            }
        });
        let lost = self.lost.iter().map(|file| format!("the log's file {file} is gone: {unless}"));
        cuts.chain(lost).collect()
    }
}

/// The end of a file that was cut off, or the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The file's name.
    pub file: String,
    /// The first byte that was cut off; 0: the whole file is removed.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
    /// What was wrong with them.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "were never acknowledged" was said of bytes that were, before somebody damaged them or the machine went down.
    #[test]
    fn a_notice_says_no_more_than_is_known() {
        let cut = |offset, bytes| Cut { file: "00000003.log".into(), offset, bytes, why: "torn".into() };
        let cuts = vec![cut(80, 12), cut(0, 64), cut(0, 0)];
        let mut report = Recovery { cuts, lost: vec!["00000004.log".into()], ..Recovery::default() };
        for (restarted, durability, known) in [
            (false, Durability::Process, "never acknowledged, unless the file was damaged"),
            (true, Durability::Power, "never acknowledged, unless the file was damaged"),
            (true, Durability::Process, "what was acknowledged shortly before may be among it"),
        ] {
            report.restarted = restarted;
            let notices = report.notices(durability);
            let begins =
                ["00000003.log ended in 12 bytes", "00000003.log, 64 bytes", "00000003.log was empty", "00000004.log"];
            assert_eq!(notices.len(), begins.len());
            for (notice, begin) in notices.iter().zip(begins) {
                assert!(notice.contains(begin) && notice.contains(known), "{notice}");
            }
        }
    }
}
