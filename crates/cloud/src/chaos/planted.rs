//! A rule in force, and what it did.

use serde_json::{Value, json};

use super::dice::{Dice, STRIKES};
use super::parse::Given;
use super::rule::{Effect, Kind, Rule};
use super::subject::Subject;
use engine::Millis;
use text::time;

/// A rule in force.
pub(super) struct Planted {
    /// No other rule ever has it.
    pub(super) id: u64,
    /// From 1 on, in the order in which the account's rules were added.
    pub(super) number: u64,
    /// Whose requests and resources it strikes; none: everybody's.
    account: Option<String>,
    rule: Rule,
    /// The rule as it was given.
    given: Value,
    added: Millis,
    /// What it was for since it was added, whether it struck or not.
    matched: u64,
    strikes: u64,
    /// When it struck first and last.
    struck: Option<(Millis, Millis)>,
}

impl Planted {
    pub(super) fn new((id, number): (u64, u64), account: Option<&str>, given: Given, now: Millis) -> Self {
        let Given { rule, json } = given;
        let account = account.map(str::to_owned);
        Self { id, number, account, rule, given: json, added: now, matched: 0, strikes: 0, struck: None }
    }

    pub(super) fn kind(&self) -> Kind {
        self.rule.effect.kind()
    }

    pub(super) fn effect(&self) -> &Effect {
        &self.rule.effect
    }

    /// Whose requests and resources it strikes; none: everybody's.
    pub(super) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Whether who has a key of this account may see and change it.
    pub(super) fn is_of(&self, account: Option<&str>) -> bool {
        account.is_none() || account == self.account.as_deref()
    }

    /// Whether it says the same.
    pub(super) fn says(&self, given: &Given) -> bool {
        self.rule == given.rule
    }

    /// Strikes, if it is for this and chance wants it. What chance says follows from the number of what it was asked of.
    pub(super) fn strike(&mut self, seed: u64, now: Millis, subject: &Subject<'_>) -> Option<Dice> {
        if self.is_others(subject) || !self.holds(now) || !self.rule.is_for(subject) {
            return None;
        }
        let dice = Dice::of(seed, self.number, self.matched);
        self.matched += 1;
        if dice.unit(STRIKES) >= self.rule.chance {
            return None;
        }
        self.strikes += 1;
        self.struck = Some((self.struck.map_or(now, |(first, _)| first), now));
        Some(dice)
    }

    fn is_others(&self, subject: &Subject<'_>) -> bool {
        self.account.as_ref().is_some_and(|account| account != subject.account)
    }

    /// Whether it wants to know what a request is about that it may be for.
    pub(super) fn asks_for_names(&self, subject: &Subject<'_>) -> bool {
        let asks = self.rule.resource.is_some() || self.strikes == 0;
        asks && !self.is_others(subject) && self.rule.may_be_for(subject)
    }

    /// What the operator is told, if it has just struck for the first time.
    pub(super) fn first_strike(&self, subject: &Subject<'_>) -> Option<String> {
        let about = subject.names.first().copied().unwrap_or_default();
        let what = [subject.service, subject.operation, about].into_iter().filter(|word| !word.is_empty());
        let what: Vec<&str> = what.collect();
        let what = what.join(" ");
        (self.strikes == 1).then(|| {
            format!("chaos: the rule {} struck for the first time: {what}: {}", self.number, self.effect().told())
        })
    }

    fn holds(&self, now: Millis) -> bool {
        let is_left = self.rule.count.is_none_or(|count| self.strikes < count);
        is_left && self.rule.holds_after(now.saturating_sub(self.added))
    }

    /// What it did, for people.
    pub(super) fn told(&self) -> String {
        let Self { number, strikes, matched, .. } = self;
        format!("rule {number} ({}) struck {strikes} of {matched}", self.effect().told())
    }

    /// The rule and what it did, for programs.
    pub(super) fn json(&self, now: Millis) -> Value {
        let at = |at: Option<Millis>| at.map(time::iso_millis);
        json!({
            "number": self.number,
            "rule": self.given,
            "account": self.account,
            "added": time::iso_millis(self.added),
            "holds": self.holds(now),
            "matched": self.matched,
            "strikes": self.strikes,
            "first_strike": at(self.struck.map(|(first, _)| first)),
            "last_strike": at(self.struck.map(|(_, last)| last)),
        })
    }
}
