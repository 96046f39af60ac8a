//! What a consumer sees on a queue when nobody tells it what was published: events of any run.

use std::time::Duration;

use super::account::Account;
use super::leg::Leg;
use super::stats::Latencies;
use crate::event::envelope::Place;

/// How many runs a consumer tells apart. It forgets the one first of which it heard nothing for longest.
const MAX_RUNS: usize = 16;
/// How many pages of 65,536 events each publisher of a run has: a million events are remembered.
const PAGES: usize = 16;

/// What a consumer sees on a queue, whoever publishes: duplicates and order by run, in bounded memory.
#[derive(Debug)]
pub(crate) struct Runs {
    /// Least recently heard of first.
    runs: Vec<(String, Leg)>,
    total: Leg,
}

impl Default for Runs {
    fn default() -> Self {
        Self { runs: Vec::new(), total: Leg::bounded(0) }
    }
}

impl Runs {
    /// Notes an event that was handled `latency` after its time; whether it was before, as far as that is known. An event that this
    /// program didn't publish has no place in any run.
    pub(crate) fn handle(&mut self, place: Option<&(String, Place)>, latency: Option<Duration>) -> bool {
        self.total.received += 1;
        if let Some(latency) = latency {
            self.total.latencies.record(latency);
        }
        place.is_some_and(|(run, place)| self.note(run, |leg| leg.handle(*place, None, None)))
    }

    /// Notes that a worker died of an event before it was handled.
    pub(crate) fn die(&mut self, place: Option<&(String, Place)>) {
        if let Some((run, place)) = place {
            self.note(run, |leg| leg.die(*place));
        }
    }

    /// Has something noted of a run, and adds up what that changes.
    fn note<T>(&mut self, run: &str, what: impl FnOnce(&mut Leg) -> T) -> T {
        let mut entry = match self.runs.iter().position(|(known, _)| known == run) {
            Some(at) => self.runs.remove(at),
            None => {
                if self.runs.len() == MAX_RUNS {
                    self.runs.remove(0);
                }
                (run.to_owned(), Leg::bounded(PAGES))
            }
        };
        let leg = &mut entry.1;
        let before = (leg.duplicated, leg.out_of_order);
        let told = what(leg);
        self.total.duplicated += leg.duplicated - before.0;
        self.total.out_of_order += leg.out_of_order - before.1;
        self.runs.push(entry);
        told
    }

    /// From the events' times until they arrived, of all runs together.
    pub(crate) fn latencies(&self) -> &Latencies {
        &self.total.latencies
    }

    /// The account of all runs together.
    pub(crate) fn account(&self) -> Account {
        self.total.account()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_and_forgotten() {
        let mut runs = Runs::default();
        for run in 0..100 {
            for sequence in [0, 1, 1] {
                runs.handle(Some(&(format!("run{run}"), Place { publisher: 0, sequence })), None);
            }
        }
        runs.handle(None, Some(Duration::from_secs(5)));
        let account = runs.account();
        assert_eq!((account.received, account.duplicated, account.lost), (301, 100, None));
        assert_eq!(runs.runs.len(), MAX_RUNS);
    }
}
