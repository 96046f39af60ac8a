//! What is counted: what clients did, and every fault by its kind with a few examples.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

/// Examples kept of each fault.
const EXAMPLES: usize = 5;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($kind:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($kind),* }

        impl $name {
            pub(crate) const ALL: &'static [($name, &'static str)] = &[$(($name::$kind, $text)),*];
        }
    };
}

pub(crate) use kinds;

kinds! {
    /// What clients did, for information.
    Did {
        Published = "publishes and sends acknowledged",
        Unknown = "calls of unknown fate",
        Received = "messages received",
        Deleted = "deletes acknowledged",
        Hidden = "visibility changes acknowledged",
        Resent = "deduplication ids sent again",
        Records = "records acknowledged by Firehose",
        Landed = "records landed in S3",
        Objects = "object writes acknowledged",
        Settings = "settings acknowledged",
        StackCalls = "stack operations acknowledged",
        StacksChecked = "stacks checked at rest",
        Refused = "late calls refused (an expired receipt handle)",
        BrokenOff = "uploads broken off",
        Hopeless = "stacks that can't go on, gone again",
        Waited = "long polls that waited",
        FullDisks = "times the disk was full, and emptied",
    }
}

kinds! {
    /// What must not happen.
    Fault {
        Lost = "lost: acknowledged or seen, never deleted, and gone",
        Half = "half fan-outs: in one queue or stream and not in the other",
        Doubled = "doubled: one send, two messages",
        Deduplication = "deduplication windows forgotten",
        Order = "order broken within a group",
        Resurrected = "resurrected: deleted, and received again",
        Hidden = "visibility promises broken",
        CountBack = "receive counts that went backwards",
        Damaged = "bodies that are not what was sent",
        Phantom = "refused or never sent, and there",
        Depth = "queues whose depth contradicts the clients",
        RecordsLost = "Firehose records lost",
        RecordsTwice = "Firehose records landed twice",
        Objects = "objects lost, risen or damaged",
        Settings = "settings forgotten",
        Stacks = "stacks half made or stuck",
        Refused = "valid calls refused",
        Hung = "calls without an answer",
        Leaked = "files of objects that nothing names, or too few of them",
        Hopeless = "stacks that can't go on, and stay",
        Stop = "stops that took too long",
        Full = "full disks: lost, refused what frees, or not used again",
        Server = "panics of the server, and ends that nobody asked for",
    }
}

#[derive(Default)]
pub(crate) struct Counts {
    did: [AtomicU64; Did::ALL.len()],
    faults: [AtomicU64; Fault::ALL.len()],
    examples: Mutex<Vec<(Fault, String)>>,
    /// The round that runs, for the examples.
    pub round: AtomicU32,
}

impl Counts {
    pub(crate) fn did(&self, what: Did, times: usize) {
        self.did[what as usize].fetch_add(times as u64, Ordering::Relaxed);
    }

    pub(crate) fn fault(&self, fault: Fault, example: impl FnOnce() -> String) {
        self.faults[fault as usize].fetch_add(1, Ordering::Relaxed);
        let mut examples = self.examples.lock();
        if examples.iter().filter(|(of, _)| *of == fault).count() < EXAMPLES {
            let round = self.round.load(Ordering::Relaxed);
            examples.push((fault, format!("in or after round {round}: {}", example())));
        }
    }

    pub(crate) fn done(&self, what: Did) -> u64 {
        self.did[what as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn faults(&self, fault: Fault) -> u64 {
        self.faults[fault as usize].load(Ordering::Relaxed)
    }

    /// All faults together.
    pub(crate) fn wrong(&self) -> u64 {
        Fault::ALL.iter().map(|(fault, _)| self.faults(*fault)).sum()
    }

    /// Prints the table, `more` first, and the examples below it.
    pub(crate) fn print(&self, more: &[(&str, String)]) {
        let row = |text: &str, value: &str| println!("  {text:<62} {value:>12}");
        more.iter().for_each(|(text, value)| row(text, value));
        for (did, text) in Did::ALL {
            row(text, &self.done(*did).to_string());
        }
        println!("  must be 0:");
        for (fault, text) in Fault::ALL {
            row(text, &self.faults(*fault).to_string());
        }
        for (fault, example) in self.examples.lock().iter() {
            println!("  {fault:?}: {example}");
        }
    }
}
