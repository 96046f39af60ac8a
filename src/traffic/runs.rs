//! What a consumer sees on a queue when nobody tells it what was published: events of any run.

use std::time::Duration;

use super::leg::{Account, Leg};
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
    /// Notes an event, `latency` after its time. An event that this program didn't publish has no place in any run.
    pub(crate) fn arrive(&mut self, place: Option<&(String, Place)>, latency: Option<Duration>) {
        self.total.received += 1;
        if let Some(latency) = latency {
            self.total.latencies.record(latency);
        }
        let Some((run, place)) = place else { return };
        let mut entry = match self.runs.iter().position(|(known, _)| known == run) {
            Some(at) => self.runs.remove(at),
            None => {
                if self.runs.len() == MAX_RUNS {
                    self.runs.remove(0);
                }
                (run.clone(), Leg::bounded(PAGES))
            }
        };
        let leg = &mut entry.1;
        let before = (leg.duplicated, leg.out_of_order);
        leg.arrive(*place, None);
        self.total.duplicated += leg.duplicated - before.0;
        self.total.out_of_order += leg.out_of_order - before.1;
        self.runs.push(entry);
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
                runs.arrive(Some(&(format!("run{run}"), Place { publisher: 0, sequence })), None);
            }
        }
        runs.arrive(None, Some(Duration::from_secs(5)));
        let account = runs.account();
        assert_eq!((account.received, account.duplicated, account.lost), (301, 100, None));
        assert_eq!(runs.runs.len(), MAX_RUNS);
    }
}
