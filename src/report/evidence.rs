//! The verdict on a run, and what it rests on in a line.

use super::{Outcome, Verdict};
use crate::units::{count, plural};

/// What a verdict needs to know beyond what was counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circumstances {
    /// Why it ended before its time, in words.
    pub cut_short: Option<String>,
    /// Whether all was published that was asked for.
    pub all_published: bool,
    /// How each leg was looked at.
    pub legs: Vec<Looked>,
    /// How far the clocks of this machine and of the cloud are apart, in words, where that is too far to find what landed.
    pub clocks_apart: Option<String>,
    /// What of the dead letters couldn't be read, in words.
    pub unread: Vec<String>,
}

/// How a leg was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    pub name: String,
    /// Whether anybody could look.
    pub looked: bool,
    /// How many events were to come, as far as anybody can say.
    pub due: u64,
    /// Whether what is seen there depends on the time.
    pub by_time: bool,
    /// How many messages still wait to come there, as far as anybody tells, where something is missing.
    pub held: u64,
}

/// The verdict, and its evidence.
pub(crate) fn judge(outcome: &Outcome, circumstances: &Circumstances) -> (Verdict, String) {
    let lost = outcome.lost();
    let published = outcome.published.as_ref().map_or(0, |published| published.events);
    if let Some(why) = &circumstances.cut_short
        && !(circumstances.all_published && lost == 0)
    {
        return (Verdict::Unknown, format!("{why}{}", on_the_way(outcome)));
    }
    let unseen = circumstances.legs.iter().find(|leg| leg.due > 0 && !leg.looked);
    if let Some(leg) = unseen {
        return (Verdict::Unknown, format!("nobody could look at {}", leg.name));
    }
    let by_time = |name: &str| circumstances.legs.iter().any(|leg| leg.by_time && leg.name == name);
    let lost_elsewhere = outcome.legs().any(|(name, account)| account.lost > Some(0) && !by_time(name));
    if lost > 0
        && !lost_elsewhere
        && let Some(apart) = &circumstances.clocks_apart
    {
        return (Verdict::Unknown, format!("{apart}: what landed can't be told from what lay there before"));
    }
    let held = |name: &str| circumstances.legs.iter().find(|leg| leg.name == name).map_or(0, |leg| leg.held);
    // What still waits may be what is missing.
    if lost > 0 && outcome.legs().all(|(name, account)| account.lost.unwrap_or(0) <= held(name)) {
        return (Verdict::Unknown, still_held(outcome, held));
    }
    // And what nobody can read may be as well.
    if lost > 0 {
        let unread = unread(outcome, circumstances);
        return match unread.is_empty() {
            true => (Verdict::Lost, lost_line(outcome)),
            false => (Verdict::Unknown, format!("{}; {}", lost_line(outcome), unread.join("; "))),
        };
    }
    if published == 0 {
        return (Verdict::Unknown, "nothing was published".into());
    }
    if !circumstances.all_published {
        return (Verdict::NotAllPublished, unpublished(outcome));
    }
    if let Some((name, account)) = outcome.legs().find(|(_, account)| account.unjudged > Some(0)) {
        let n = account.unjudged.unwrap_or(0);
        return (
            Verdict::Unknown,
            format!("whether {} should have come to {name} can't be judged", plural(n, "event")),
        );
    }
    let idle: Vec<_> = circumstances.legs.iter().filter(|leg| leg.due == 0).map(|leg| leg.name.as_str()).collect();
    if !idle.is_empty() {
        let events = plural(published, "event");
        let why =
            format!("nothing was to come to {}: the filter policy lets none of {events} through", idle.join(", "));
        return (Verdict::Unknown, why);
    }
    (Verdict::NothingLost, complete_line(outcome, circumstances))
}

/// What nobody could read of where something is missing.
fn unread(outcome: &Outcome, circumstances: &Circumstances) -> Vec<String> {
    let mut unread = circumstances.unread.clone();
    let landed = outcome.landed.iter().filter(|landed| landed.unreadable > 0 && landed.account.lost > Some(0));
    unread
        .extend(landed.map(|it| format!("{} that landed in {} can't be read", plural(it.unreadable, "line"), it.leg)));
    unread
}

/// How much wasn't published.
pub(super) fn unpublished(outcome: &Outcome) -> String {
    let (refused, not_sent) = outcome.published.as_ref().map_or((0, 0), |it| (it.refused, it.not_sent));
    let not_sent = if not_sent > 0 { format!(", {} not sent in time", count(not_sent)) } else { String::new() };
    format!("{} refused{not_sent}", plural(refused, "event"))
}

/// What each leg hasn't seen yet.
fn on_the_way(outcome: &Outcome) -> String {
    let legs: Vec<_> = outcome
        .legs()
        .filter(|(_, account)| account.lost > Some(0))
        .map(|(name, account)| format!("{} on the way to {name}", count(account.lost.unwrap_or(0))))
        .collect();
    if legs.is_empty() { String::new() } else { format!(", {}", legs.join(", ")) }
}

/// What each leg hasn't seen yet and still waits there, and the rules of chaos that may be why.
fn still_held(outcome: &Outcome, held: impl Fn(&str) -> u64) -> String {
    let legs = outcome.legs().filter(|(_, account)| account.lost > Some(0)).map(|(name, account)| {
        let (lost, held) = (count(account.lost.unwrap_or(0)), plural(held(name), "message"));
        format!("{lost} on the way to {name}, where {held} still wait")
    });
    let mut text = legs.collect::<Vec<_>>().join("; ");
    text += "; a longer --patience may see them";
    let struck: Vec<_> = outcome.faults.iter().map(|fault| fault.name.as_str()).collect();
    if !struck.is_empty() {
        text += &format!(" (chaos struck meanwhile, {})", struck.join(", "));
    }
    text
}

/// What was lost, leg by leg, with the first of it.
pub(super) fn lost_line(outcome: &Outcome) -> String {
    let legs: Vec<_> = outcome
        .legs()
        .filter(|(_, account)| account.lost > Some(0))
        .map(|(name, account)| {
            let more = if account.lost > Some(account.missing.len() as u64) { ", .." } else { "" };
            let places = account.missing.join(", ");
            format!("{} never came to {name} (publisher:sequence {places}{more})", count(account.lost.unwrap_or(0)))
        })
        .collect();
    legs.join("; ")
}

/// How many came of how many, leg by leg, and what is wrong though nothing is lost.
fn complete_line(outcome: &Outcome, circumstances: &Circumstances) -> String {
    let due = |name: &str| circumstances.legs.iter().find(|leg| leg.name == name).map_or(0, |leg| leg.due);
    let legs = outcome.legs().map(|(name, account)| {
        let mut line = format!("{name} all of {}", count(due(name)));
        for (n, what) in [(account.dead, "in a dead-letter queue"), (account.wrongly_delivered, "wrongly delivered")] {
            if let Some(n) = n.filter(|n| *n > 0) {
                line += &format!(" ({} {what})", count(n));
            }
        }
        line
    });
    legs.collect::<Vec<_>>().join(", ")
}
