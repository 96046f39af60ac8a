//! The ledger of a run whose consumers are somebody else's, and its verdict with what speaks for it.

use console::Style;
use serde::Serialize;

use super::Verdict;
use super::text::head;
use crate::traffic::account::Account;
use crate::ui::paint;
use crate::units::{count, plural};

/// What is known of a leg.
#[derive(Debug, Serialize)]
pub(crate) struct SettledLeg {
    pub leg: String,
    /// How often what was handled was handled again, with its effect; absent where nothing is handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_twice: Option<u64>,
    #[serde(flatten)]
    pub account: Account,
}

/// What a queue holds, and its dead-letter queue if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LookedQueue {
    pub queue: String,
    pub messages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
}

/// The ledger of such a run.
#[derive(Debug, Serialize)]
pub(crate) struct Settlement {
    pub record: &'static str,
    pub command: &'static str,
    pub run: String,
    /// Events that were published, those included that were published again.
    pub published: u64,
    /// Those that nobody can handle, on purpose.
    pub poison: u64,
    pub legs: Vec<SettledLeg>,
    pub queues: Vec<LookedQueue>,
    /// Lines about events of other runs, and about ids that the run has none of.
    pub other_runs: u64,
    pub unknown_ids: u64,
    pub verdict: Verdict,
    /// What the verdict follows from.
    pub evidence: Vec<String>,
    /// What would explain a loss.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Settlement {
    /// What is known of a run comes to a verdict; `doubts` are why what it published isn't known for sure.
    pub(crate) fn judged(mut self, doubts: Vec<String>) -> Self {
        let waiting: Vec<_> = self.queues.iter().filter(|queue| queue.messages > 0).map(waits).collect();
        let lost: Vec<_> = self.legs.iter().filter_map(|leg| lost(leg, "never seen")).collect();
        let unseen = self.legs.iter().filter(|leg| leg.account.received == 0).map(|leg| &leg.leg);
        let mut unsure: Vec<_> = doubts;
        unsure.extend(unseen.map(|leg| format!("{leg}: nothing was seen of this run")));
        // Who handled everything says so by name: a dead letter then is of another run, unless it is what is missing.
        if !lost.is_empty() || !self.legs.iter().any(|leg| leg.effect_twice.is_some()) {
            unsure.extend(self.queues.iter().filter_map(dead));
        }
        let sure = lost.iter().any(|_| waiting.is_empty() && unsure.is_empty());
        (self.verdict, self.evidence) = match (lost.is_empty(), sure) {
            (false, true) => (Verdict::Lost, lost),
            (true, _) if unsure.is_empty() && waiting.is_empty() => (Verdict::NothingLost, self.proofs()),
            _ => {
                let unseen = self.legs.iter().filter_map(|leg| self::lost(leg, "not seen")).collect();
                (Verdict::Unknown, [unsure, waiting, unseen].concat())
            }
        };
        if self.verdict == Verdict::NothingLost {
            self.hints.clear();
        }
        self
    }

    fn proofs(&self) -> Vec<String> {
        let legs = self.legs.iter().map(|leg| {
            let what = if leg.effect_twice.is_some() { "handled" } else { "landed" };
            let kept = leg.account.lost.unwrap_or(0);
            format!("{}: {} {what}, {kept} missing", leg.leg, plural(leg.account.received, "event"))
        });
        legs.chain(self.queues.iter().map(|queue| format!("{}: empty", queue.queue))).collect()
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (bold, dim) = (Style::new().bold(), Style::new().dim());
        let mut lines = vec![
            format!("{}  {}", paint(&bold, "The ledger"), paint(&dim, format!("run {}", self.run))),
            format!("  published {}", plural(self.published, "event")),
        ];
        if self.poison > 0 {
            lines.push(format!("  on purpose: {} that no consumer can handle", plural(self.poison, "event")));
        }
        for SettledLeg { leg, effect_twice, account } in &self.legs {
            // Of a run of which nobody can say nothing is lost yet.
            let missing = if self.verdict == Verdict::Unknown { "not seen" } else { "lost" };
            let mut line =
                format!("  {leg}: {} seen, {} {missing}", count(account.received), count(account.lost.unwrap_or(0)));
            for (n, what) in [
                (account.duplicated, "seen twice"),
                (account.duplicated_on_purpose.unwrap_or(0), "twice, as published"),
                (effect_twice.unwrap_or(0), "with their effect twice"),
                (account.unacknowledged.unwrap_or(0), "not published, or not expected"),
            ] {
                if n > 0 {
                    line += &format!(", {} {what}", count(n));
                }
            }
            lines.push(line);
        }
        for LookedQueue { queue, messages, dead_letters } in &self.queues {
            let dead = dead_letters.map_or_else(String::new, |dead| format!(", {}", plural(dead, "dead letter")));
            lines.push(format!("  {queue} holds {}{dead}", plural(*messages, "message")));
        }
        for (n, what) in [(self.other_runs, "other runs"), (self.unknown_ids, "ids that the run has none of")] {
            if n > 0 {
                lines.push(format!("  passed over: {} about {what}", plural(n, "line")));
            }
        }
        lines.push(String::new());
        lines.push(format!("{} {}.", head(self.verdict), self.evidence.join("; ")));
        lines.extend(self.hints.iter().map(|hint| format!("  perhaps: {hint}")));
        lines
    }
}

fn waits(queue: &LookedQueue) -> String {
    format!("{} still holds {}", queue.queue, plural(queue.messages, "message"))
}

fn dead(queue: &LookedQueue) -> Option<String> {
    let dead = queue.dead_letters.filter(|dead| *dead > 0)?;
    let letters = if dead == 1 { "letter" } else { "letters" };
    Some(format!("{} has {} dead {letters}, of which run nobody can tell", queue.queue, count(dead)))
}

fn lost(leg: &SettledLeg, how: &str) -> Option<String> {
    let lost = leg.account.lost.filter(|lost| *lost > 0)?;
    let more = if lost > leg.account.missing.len() as u64 { ", .." } else { "" };
    let places = leg.account.missing.join(", ");
    Some(format!("{}: {} {how} (publisher:sequence {places}{more})", leg.leg, plural(lost, "event")))
}
