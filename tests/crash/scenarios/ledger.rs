//! What clients know of their requests, what was found of each in the end, and what the two come to.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::counts::kinds;

/// Examples kept of each fault.
const EXAMPLES: usize = 4;

kinds! {
    /// What became of requests, for information.
    Did {
        Asked = "requests made",
        Acknowledged = "acknowledged",
        Unknown = "of unknown fate: no answer, or one of trouble",
        Refused = "refused, as meant",
        Done = "done once, and right",
        Dead = "ended with a reason, as meant",
        Never = "of unknown fate, and never begun",
        Again = "done again where only at least once is possible",
    }
}

kinds! {
    /// What must not happen.
    Fault {
        Lost = "lost: acknowledged, and without an effect",
        Half = "half: a part of the effect without the other",
        Twice = "twice: one request, two effects",
        Dead = "good requests that ended as dead letters",
        Reason = "dead letters without a reason",
        Wrong = "results that are not right",
        Order = "order broken within a group",
        Changed = "ends that were told, and changed",
        Phantom = "refused or never asked for, and done",
        Refused = "valid requests refused, wrong ones taken",
        Hung = "requests without an answer",
        Stop = "stops that took too long",
        Server = "panics, and ends that nobody asked for",
    }
}

/// What is to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Its effect, once.
    Done,
    /// A dead letter, or an error that stays, with its reason: it is wrong in a way that only the work on it shows.
    Dead,
}

/// What its client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Acknowledged,
    Refused,
}

/// All requests of a run, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    requests: Mutex<BTreeMap<u64, (End, Fate)>>,
    /// Faults that were seen while it ran.
    seen: Mutex<Vec<(Fault, String)>>,
}

/// What was found of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Effects that should be one.
    pub done: u32,
    /// Further effects where the means allow no better than at least once.
    pub again: u32,
    /// The reasons of its ends without an effect.
    pub dead: Vec<String>,
    /// Parts of an effect that are there without the others.
    pub half: Vec<String>,
}

/// What was found in the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    pub of: BTreeMap<u64, Found>,
    /// What else is wrong.
    pub strange: Vec<(Fault, String)>,
}

impl Findings {
    /// What was found of a request so far.
    pub(crate) fn of(&mut self, request: u64) -> &mut Found {
        self.of.entry(request).or_default()
    }

    /// Something is wrong.
    pub(crate) fn strange(&mut self, fault: Fault, what: impl Into<String>) {
        self.strange.push((fault, what.into()));
    }
}

impl Ledger {
    /// A new request; its fate is unknown. Its number.
    pub(crate) fn ask(&self, end: End) -> u64 {
        let mut requests = self.requests.lock();
        let number = requests.len() as u64 + 1;
        requests.insert(number, (end, Fate::Unknown));
        number
    }

    /// It was accepted.
    pub(crate) fn acknowledged(&self, number: u64) {
        self.know(number, Fate::Acknowledged);
    }

    /// It was refused: it must not have an effect.
    pub(crate) fn refused(&self, number: u64) {
        self.know(number, Fate::Refused);
    }

    fn know(&self, number: u64, fate: Fate) {
        if let Some(request) = self.requests.lock().get_mut(&number) {
            request.1 = fate;
        }
    }

    /// Something is wrong that a client saw.
    pub(crate) fn saw(&self, fault: Fault, what: impl Into<String>) {
        self.seen.lock().push((fault, what.into()));
    }

    /// How many are acknowledged.
    pub(crate) fn count_acknowledged(&self) -> usize {
        self.requests.lock().values().filter(|(_, fate)| *fate == Fate::Acknowledged).count()
    }

    /// Holds what was found against what clients know.
    pub(crate) fn settle(&self, findings: &Findings) -> Tally {
        let mut tally = Tally::default();
        let requests = self.requests.lock();
        for (number, (end, fate)) in requests.iter() {
            let found = findings.of.get(number).cloned().unwrap_or_default();
            tally.did(Did::Asked, 1);
            tally.did(
                match fate {
                    Fate::Unknown => Did::Unknown,
                    Fate::Acknowledged => Did::Acknowledged,
                    Fate::Refused => Did::Refused,
                },
                1,
            );
            // A dead letter comes by a send, too.
            let dead_again = found.dead.len().saturating_sub(1) as u64;
            tally.did(Did::Again, u64::from(found.again) + dead_again);
            tally.settle_one(*number, *end, *fate, &found);
        }
        for number in findings.of.keys().filter(|number| !requests.contains_key(number)) {
            tally.fault(Fault::Phantom, || format!("request {number} was never made"));
        }
        for (fault, what) in findings.strange.iter().chain(self.seen.lock().iter()) {
            tally.fault(*fault, || what.clone());
        }
        tally
    }
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    did: BTreeMap<&'static str, u64>,
    faults: BTreeMap<&'static str, u64>,
    examples: Vec<(Fault, String)>,
}

impl Tally {
    fn settle_one(&mut self, number: u64, end: End, fate: Fate, found: &Found) {
        if let Some(what) = found.half.first() {
            return self.fault(Fault::Half, || format!("request {number}: {what}"));
        }
        let has_effect = found.done > 0 || !found.dead.is_empty();
        match (fate, has_effect) {
            (Fate::Refused, true) => return self.fault(Fault::Phantom, || format!("request {number} was refused")),
            (Fate::Refused, false) => return,
            (Fate::Acknowledged, false) => return self.fault(Fault::Lost, || format!("request {number}")),
            (Fate::Unknown, false) => return self.did(Did::Never, 1),
            (_, true) => {}
        }
        if found.done > 1 || (found.done > 0 && !found.dead.is_empty()) {
            let what = format!("request {number}: done {} times, dead {} times", found.done, found.dead.len());
            return self.fault(Fault::Twice, || what);
        }
        if found.dead.iter().any(String::is_empty) {
            return self.fault(Fault::Reason, || format!("request {number}"));
        }
        match (end, found.dead.first()) {
            (End::Done, None) => self.did(Did::Done, 1),
            (End::Dead, Some(_)) => self.did(Did::Dead, 1),
            (End::Done, Some(why)) => self.fault(Fault::Dead, || format!("request {number}: {why}")),
            (End::Dead, None) => self.fault(Fault::Wrong, || format!("request {number} can't be done, and was")),
        }
    }

    fn did(&mut self, what: Did, times: u64) {
        let (_, text) = Did::ALL[what as usize];
        *self.did.entry(text).or_default() += times;
    }

    /// Something is wrong.
    pub(crate) fn fault(&mut self, fault: Fault, example: impl FnOnce() -> String) {
        let (_, text) = Fault::ALL[fault as usize];
        *self.faults.entry(text).or_default() += 1;
        if self.examples.iter().filter(|(of, _)| *of == fault).count() < EXAMPLES {
            self.examples.push((fault, example()));
        }
    }

    /// How often something became of requests.
    pub(crate) fn done(&self, what: Did) -> u64 {
        self.did.get(Did::ALL[what as usize].1).copied().unwrap_or_default()
    }

    /// How often a fault was found.
    pub(crate) fn faults(&self, fault: Fault) -> u64 {
        self.faults.get(Fault::ALL[fault as usize].1).copied().unwrap_or_default()
    }

    /// All faults together.
    pub(crate) fn wrong(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Prints the table, `more` first, and the examples below it.
    pub(crate) fn print(&self, more: &[(String, String)]) {
        let row = |text: &str, value: &str| println!("  {text:<62} {value:>12}");
        more.iter().for_each(|(text, value)| row(text, value));
        for (did, text) in Did::ALL {
            row(text, &self.done(*did).to_string());
        }
        println!("  must be 0:");
        for (fault, text) in Fault::ALL {
            row(text, &self.faults(*fault).to_string());
        }
        for (fault, example) in &self.examples {
            println!("  {fault:?}: {example}");
        }
    }

    /// The faults in a line, as `half 1, lost 2`.
    pub(crate) fn summary(&self) -> String {
        let faults = Fault::ALL.iter().filter(|(fault, _)| self.faults(*fault) > 0);
        let faults: Vec<String> = faults.map(|(fault, _)| format!("{fault:?} {}", self.faults(*fault))).collect();
        if faults.is_empty() { "nothing wrong".into() } else { faults.join(", ").to_lowercase() }
    }
}
