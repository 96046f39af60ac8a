//! Who works next: tenants in turn, so that one with a thousand tasks doesn't hold up one with a single task.
//!
//! SQS's fair queue brings a quiet tenant's message before a noisy one's, as soon as there is room to receive it. So a worker
//! holds more messages than it works on, and this decides which of them comes next: one of the tenant with the fewest at
//! work, and among those of the one whose last turn is the longest ago. A tenant with none at work may even have a place beyond the usual ones: it needn't wait
//! for the end of another's task.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The places of a worker.
#[derive(Clone)]
pub(super) struct Fair(Arc<Shared>);

struct Shared {
    /// How many work at once; one more for a tenant that has none at work.
    places: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Tenants with something at work or waiting.
    tenants: BTreeMap<String, Tenant>,
    /// How many turns there were.
    turns: u64,
}

#[derive(Default)]
struct Tenant {
    /// How many are at work.
    working: usize,
    /// The first one first.
    waiting: VecDeque<oneshot::Sender<Place>>,
    /// Its last turn; 0 before the first.
    turn: u64,
}

/// The right to work, until it is dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
    tenant: String,
}

impl Fair {
    /// With so many places, at least one.
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Shared { places: places.max(1), state: Mutex::default() }))
    }

    /// A place for a task of a tenant, once it is its turn.
    pub(super) async fn enter(&self, tenant: &str) -> Place {
        loop {
            let (send, receive) = oneshot::channel();
            self.0.state.lock().tenants.entry(tenant.to_owned()).or_default().waiting.push_back(send);
            self.0.clone().grant();
            // Who waits is never forgotten: the sender is only dropped with a place.
            if let Ok(place) = receive.await {
                return place;
            }
        }
    }
}

impl Shared {
    /// Gives places to those whose turn it is.
    fn grant(self: Arc<Self>) {
        loop {
            let Some((tenant, send)) = self.next() else { return };
            let place = Place { shared: self.clone(), tenant };
            // Who doesn't wait any more gives it back by dropping it.
            drop(send.send(place));
        }
    }

    fn next(&self) -> Option<(String, oneshot::Sender<Place>)> {
        let mut state = self.state.lock();
        let State { taken, tenants, turns } = &mut *state;
        let waiting = tenants.iter_mut().filter(|(_, tenant)| !tenant.waiting.is_empty());
        let (name, tenant) = waiting.min_by_key(|(_, tenant)| (tenant.working, tenant.turn))?;
        if *taken >= self.places + usize::from(tenant.working == 0) {
            return None;
        }
        *taken += 1;
        *turns += 1;
        tenant.working += 1;
        tenant.turn = *turns;
        Some((name.clone(), tenant.waiting.pop_front()?))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state.lock();
            state.taken -= 1;
            if let Some(tenant) = state.tenants.get_mut(&self.tenant) {
                tenant.working -= 1;
                if tenant.working == 0 && tenant.waiting.is_empty() {
                    state.tenants.remove(&self.tenant);
                }
            }
        }
        self.shared.clone().grant();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_single_task_goes_before_a_flood() {
        let fair = Fair::new(2);
        let first = fair.enter("flood").await;
        let second = fair.enter("flood").await;
        let mut more: Vec<_> = (0..100).map(|_| Box::pin(fair.enter("flood"))).collect();
        assert!(more.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        // The extra place.
        let single = fair.enter("single").now_or_never().expect("it has none at work");
        let mut another = Box::pin(fair.enter("another"));
        assert!(another.as_mut().now_or_never().is_none(), "there is one extra place, not one for each");
        drop(first);
        assert!(another.as_mut().now_or_never().is_some(), "it goes before the flood, which came earlier");
        drop((second, single));
        let at_work = more.iter_mut().filter_map(|waiting| waiting.as_mut().now_or_never()).count();
        assert!(at_work >= 2, "{at_work}");
    }

    #[tokio::test]
    async fn tenants_come_in_turn() {
        let fair = Fair::new(1);
        let mut places = VecDeque::from([("a", fair.enter("a").await)]);
        let mut waiting: Vec<_> =
            ["a", "a", "a", "b", "b", "c"].into_iter().map(|tenant| (tenant, Box::pin(fair.enter(tenant)))).collect();
        let mut order = String::new();
        while !waiting.is_empty() {
            // All of them wait by now, and some have got a place.
            waiting.retain_mut(|(tenant, place)| match place.as_mut().now_or_never() {
                Some(place) => {
                    order.push_str(tenant);
                    places.push_back((tenant, place));
                    false
                }
                None => true,
            });
            places.pop_front();
        }
        // "b" had none at work; then it is those who weren't served for the longest time.
        assert_eq!(order, "bcabaa");
    }

    #[tokio::test]
    async fn who_goes_away_keeps_no_place() {
        let fair = Fair::new(1);
        let place = fair.enter("a").await;
        let mut gone = Box::pin(fair.enter("a"));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        drop(place);
        drop(fair.enter("a").now_or_never().unwrap());
        let state = fair.0.state.lock();
        assert!(state.taken == 0 && state.tenants.is_empty());
    }
}
