//! Chaos: faults by rules. A rule says whom it strikes (region, service, operation, resource), when, how often, and with what: an
//! error, a wait, a message that comes again or out of order, a batch that lands late, an endpoint that is down.
//!
//! ```text
//! parse    rules as JSON, LocalStack's schema with more fields; whatever isn't understood is refused by name
//! rule     a rule: whom it is for, and what it does; subject: what it is asked for
//! fault    the error that a request is answered with
//! spread   how long something takes: a fixed time or a distribution
//! dice     chance that follows from a seed, the rule and the number of the request
//! planted  a rule in force, and what it did
//! ```
//!
//! While there is no rule of a kind, asking for one is a relaxed load and no more.

mod dice;
mod fault;
mod parse;
mod planted;
mod rule;
mod spread;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::dice::Dice;
pub(crate) use self::parse::{Given, Known, parse};
use self::planted::Planted;
use self::rule::Effect;
pub(crate) use self::rule::Kind;
pub(crate) use self::subject::Subject;
use engine::Millis;
use wire::AwsError;

/// Rules in force at once, of one account.
const MAX_RULES: usize = 100;

/// The rules of a cloud.
pub(crate) struct Chaos {
    /// A bit for each [`Kind`] of which there are rules.
    kinds: AtomicU8,
    state: Mutex<State>,
    /// Wakes who waits by a rule, when rules change.
    changed: Notify,
    /// Tells the operator.
    tell: Box<dyn Fn(Millis, &str) + Send + Sync>,
}

#[derive(Default)]
struct State {
    seed: u64,
    /// How many rules each account ever added, and who has none: their numbers go on.
    added: HashMap<Option<String>, u64>,
    /// How many rules there ever were.
    planted: u64,
    rules: Vec<Planted>,
}

/// What a request meets before its operation runs.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// For how long it waits, by which rules: see [`Chaos::wait`].
    waits: Vec<(u64, Millis)>,
    /// What it is answered with then.
    pub error: Option<AwsError>,
}

impl Chaos {
    /// No rules yet; `tell` gets notices.
    pub(crate) fn new(seed: u64, tell: impl Fn(Millis, &str) + Send + Sync + 'static) -> Self {
        let state = Mutex::new(State { seed, ..State::default() });
        Self { kinds: AtomicU8::new(0), state, changed: Notify::new(), tell: Box::new(tell) }
    }

    /// Whether there is a rule of a kind: what is asked first, everywhere.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.load(Ordering::Relaxed) & kind.bit() != 0
    }

    /// What a request meets: the waits of all rules that strike it, and the error of the first that has one.
    pub(crate) fn meet(&self, now: Millis, subject: &Subject<'_>) -> Met {
        let mut met = Met::default();
        self.strike(Kind::Answer, now, subject, |planted, dice| {
            let Effect::Answer { latency, error } = planted.effect() else { return true };
            met.waits.extend(latency.as_ref().map(|latency| (planted.id, latency.sample(dice))));
            met.error = error.as_ref().map(|fault| fault.error(planted.number, subject));
            met.error.is_none()
        });
        met
    }

    /// Returns when a request has waited for as long as those of the rules want that it met and that are still there. By the wall's clock:
    /// it is a client that waits.
    pub(crate) async fn wait(&self, met: &Met) {
        let began = Instant::now();
        while !met.waits.is_empty() {
            let changed = self.changed.notified();
            tokio::select! {
                () = tokio::time::sleep_until(began + Duration::from_millis(self.wanted(met))) => return,
                () = changed => {}
            }
        }
    }

    /// How long what was met lets a request wait in all, by the rules that are left.
    fn wanted(&self, met: &Met) -> Millis {
        let state = self.state.lock();
        let left = met.waits.iter().filter(|(id, _)| state.rules.iter().any(|planted| planted.id == *id));
        left.fold(0, |all: Millis, (_, wait)| all.saturating_add(*wait)).min(parse::MAX_LATENCY)
    }

    /// Whether it counts what a request is about, beside what `subject` says otherwise: some rule names a resource, or is about to strike
    /// for the first time and to tell of what.
    pub(crate) fn asks_for_names(&self, subject: &Subject<'_>) -> bool {
        let state = self.state.lock();
        state.rules.iter().any(|planted| planted.kind() == Kind::Answer && planted.asks_for_names(subject))
    }

    /// The error that S3 answers a landing with, if it fails. A landing meets the same rules as a client's request, but waits by
    /// rules of its own: [`Chaos::delay`].
    pub(crate) fn refuse_landing(&self, now: Millis, subject: &Subject<'_>) -> Option<AwsError> {
        let mut refused = None;
        self.strike(Kind::Answer, now, subject, |planted, _| {
            let Effect::Answer { error, .. } = planted.effect() else { return true };
            refused = error.as_ref().map(|fault| fault.error(planted.number, subject));
            refused.is_none()
        });
        refused
    }

    /// Whether a message that is deleted comes again.
    pub(crate) fn comes_again(&self, now: Millis, subject: &Subject<'_>) -> bool {
        self.first(Kind::Duplicate, now, subject, |_, _| ()).is_some()
    }

    /// Brings what a receive could get into another order, if a rule strikes it.
    pub(crate) fn reorder<T>(&self, now: Millis, subject: &Subject<'_>, messages: &mut [T]) {
        if let Some(dice) = self.first(Kind::Reorder, now, subject, |_, dice| dice) {
            dice.shuffle(messages);
        }
    }

    /// By how much a stream's batch lands later, and by which rule: see [`Chaos::stands`].
    pub(crate) fn delay(&self, now: Millis, subject: &Subject<'_>) -> Option<(u64, Millis)> {
        self.first(Kind::Delay, now, subject, |planted, dice| match planted.effect() {
            Effect::Delay(spread) => (planted.id, spread.sample(dice)),
            _ => (planted.id, 0),
        })
    }

    /// Whether a rule is still there.
    pub(crate) fn stands(&self, id: u64) -> bool {
        self.state.lock().rules.iter().any(|planted| planted.id == id)
    }

    /// Whether an endpoint is down.
    pub(crate) fn is_down(&self, now: Millis, subject: &Subject<'_>) -> bool {
        self.first(Kind::Endpoint, now, subject, |_, _| ()).is_some()
    }

    /// What the first rule of a kind that strikes makes.
    fn first<R>(
        &self,
        kind: Kind,
        now: Millis,
        subject: &Subject<'_>,
        make: impl Fn(&Planted, Dice) -> R,
    ) -> Option<R> {
        let mut made = None;
        self.strike(kind, now, subject, |planted, dice| {
            made = Some(make(planted, dice));
            false
        });
        made
    }

    /// Lets the rules of a kind strike in their order, for as long as `each` says to go on.
    fn strike(&self, kind: Kind, now: Millis, subject: &Subject<'_>, mut each: impl FnMut(&Planted, Dice) -> bool) {
        if !self.has(kind) {
            return;
        }
        let mut told = Vec::new();
        {
            let mut state = self.state.lock();
            let State { seed, rules, .. } = &mut *state;
            for planted in rules.iter_mut().filter(|planted| planted.kind() == kind) {
                let Some(dice) = planted.strike(*seed, now, subject) else { continue };
                told.extend(planted.first_strike(subject));
                if !each(planted, dice) {
                    break;
                }
            }
        }
        told.iter().for_each(|text| (self.tell)(now, text));
    }
}

/// What is done to the rules. With an account it is done to the account's own, which strike nobody else; without one to all.
impl Chaos {
    /// From now on chance follows from this seed.
    pub(crate) fn seed(&self, seed: u64) {
        self.state.lock().seed = seed;
    }

    /// Adds rules behind those that are there; with `afresh` in place of them.
    ///
    /// # Errors
    /// There would be more than a hundred of this account. Then nothing is changed.
    pub(crate) fn add(
        &self,
        now: Millis,
        account: Option<&str>,
        given: Vec<Given>,
        afresh: bool,
    ) -> Result<(), AwsError> {
        let mut state = self.state.lock();
        let stays = |planted: &Planted| !(afresh && planted.is_of(account));
        let staying = state.rules.iter().filter(|planted| planted.account() == account && stays(planted)).count();
        if staying + given.len() > MAX_RULES {
            let message =
                format!("With these there would be {} rules, and {MAX_RULES} are the most.", staying + given.len());
            return Err(AwsError::bad("LimitExceeded", message));
        }
        state.rules.retain(stays);
        for given in given {
            state.planted += 1;
            let added = state.added.entry(account.map(str::to_owned)).or_default();
            *added += 1;
            let number = *added;
            let planted = Planted::new((state.planted, number), account, given, now);
            state.rules.push(planted);
        }
        self.note_kinds(&state);
        Ok(())
    }

    /// Takes the rules away that say the same as these.
    ///
    /// # Errors
    /// 404, where there is none like one of them. Then nothing is changed.
    pub(crate) fn remove(&self, account: Option<&str>, given: &[Given]) -> Result<(), AwsError> {
        let mut state = self.state.lock();
        let is_there = |given: &Given| state.rules.iter().any(|planted| planted.is_of(account) && planted.says(given));
        if let Some(at) = given.iter().position(|given| !is_there(given)) {
            let message = format!("Nothing was removed: there is no rule that says the same as rule {} here.", at + 1);
            return Err(AwsError::new(404, "NoSuchRule", message));
        }
        state.rules.retain(|planted| !(planted.is_of(account) && given.iter().any(|given| planted.says(given))));
        self.note_kinds(&state);
        Ok(())
    }

    /// Takes all rules away.
    pub(crate) fn clear(&self, account: Option<&str>) {
        let mut state = self.state.lock();
        state.rules.retain(|planted| !planted.is_of(account));
        self.note_kinds(&state);
    }

    /// Takes all rules of everybody away, and numbers the next ones from 1: the same rules then do the same again.
    pub(crate) fn reset(&self) {
        let mut state = self.state.lock();
        state.rules.clear();
        state.added.clear();
        self.note_kinds(&state);
    }

    /// The seed, and each rule with what it did.
    pub(crate) fn page(&self, now: Millis, account: Option<&str>) -> Value {
        let state = self.state.lock();
        let rules = state.rules.iter().filter(|planted| planted.is_of(account));
        json!({"seed": state.seed, "rules": rules.map(|planted| planted.json(now)).collect::<Vec<_>>()})
    }

    /// What each rule did, a line each.
    pub(crate) fn told(&self) -> Vec<String> {
        self.state.lock().rules.iter().map(Planted::told).collect()
    }

    fn note_kinds(&self, state: &State) {
        let kinds = state.rules.iter().fold(0, |kinds, planted| kinds | planted.kind().bit());
        self.kinds.store(kinds, Ordering::Relaxed);
        self.changed.notify_waiters();
    }
}
