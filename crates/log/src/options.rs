//! How a log is opened.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an acknowledged transaction survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Nothing; the log is opened over a [`MemoryDisk`](super::MemoryDisk).
    Memory,
    /// The end of the process, `kill -9` included: it was written to the operating system.
    #[default]
    Process,
    /// A power cut: it was synced, a group at a time.
    Power,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Process => "process",
            Self::Power => "power",
        })
    }
}

/// How a log is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What an acknowledged transaction survives.
    pub durability: Durability,
    /// A segment is closed before it grows beyond so many bytes, or a thirty-second of the disk; a larger transaction gets one
    /// of its own.
    pub segment_bytes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::default(), segment_bytes: 64 << 20 }
    }
}
