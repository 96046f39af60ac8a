//! What a cloud's files lie in.

use tempfile::TempDir;

use super::DataFolder;

/// What a cloud's files lie in, for as long as it is open.
pub enum Home {
    Kept(DataFolder),
    /// The objects of a cloud of which nothing is kept; removed with it.
    Temporary(#[allow(dead_code, reason = "it is kept to be dropped")] TempDir),
}

impl Home {
    /// What of the data folder is no longer where it was, if anything isn't.
    pub fn gone(&self) -> Option<String> {
        match self {
            Self::Kept(folder) => folder.gone(),
            Self::Temporary(_) => None,
        }
    }
}
