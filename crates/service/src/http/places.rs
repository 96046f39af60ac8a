//! Who gets a connection: no address gets all of them, and a few are kept for those who come too late.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// So many connections at a time.
const MOST: usize = 4_096;
/// So many of them for an address: others must get in beside whoever takes all that he gets.
const MOST_EACH: usize = MOST / 4;
/// So many further ones, on which only `/health` is answered.
const SPARE: usize = 64;
/// So many of those for an address.
const SPARE_EACH: usize = SPARE / 4;

/// The places for connections.
pub(super) struct Places {
    ordinary: Mutex<Share>,
    spare: Mutex<Share>,
}

/// Places of one kind.
struct Share {
    most: usize,
    most_each: usize,
    taken: usize,
    by: HashMap<IpAddr, usize>,
}

/// A connection's place, free again when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
    /// Whether it is one of the last: the connection must be a short one.
    pub is_spare: bool,
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        Self::of((MOST, MOST_EACH), (SPARE, SPARE_EACH))
    }

    /// So many ordinary ones and so many spare ones: in all, and for an address.
    pub(super) fn of(ordinary: (usize, usize), spare: (usize, usize)) -> Arc<Self> {
        Arc::new(Self { ordinary: Share::new(ordinary), spare: Share::new(spare) })
    }

    /// A place for a connection of this address, if there is one left.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = party(address);
        let is_spare = !self.ordinary.lock().take(address);
        if is_spare && !self.spare.lock().take(address) {
            return None;
        }
        Some(Place { places: self.clone(), address, is_spare })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let share = if self.is_spare { &self.places.spare } else { &self.places.ordinary };
        share.lock().give_back(self.address);
    }
}

impl Share {
    fn new((most, most_each): (usize, usize)) -> Mutex<Self> {
        Mutex::new(Self { most, most_each, taken: 0, by: HashMap::new() })
    }

    fn take(&mut self, address: IpAddr) -> bool {
        let has = self.by.get(&address).copied().unwrap_or_default();
        if self.taken >= self.most || has >= self.most_each {
            return false;
        }
        self.taken += 1;
        self.by.insert(address, has + 1);
        true
    }

    fn give_back(&mut self, address: IpAddr) {
        self.taken -= 1;
        let left = self.by.get(&address).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            self.by.remove(&address);
        } else {
            self.by.insert(address, left);
        }
    }
}

/// Who an address stands for: of version 6 a single machine has 2^64.
fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One client took all connections there were, and `/health` didn't answer any more.
    #[test]
    fn no_address_has_all_places() {
        let places = Places::new();
        let take = |address: &str| places.take(address.parse().unwrap());
        let ordinary: Vec<Place> = (0..MOST_EACH).map_while(|_| take("192.0.2.1")).collect();
        assert!(ordinary.len() == MOST_EACH && ordinary.iter().all(|place| !place.is_spare));
        assert!(!take("192.0.2.2").unwrap().is_spare, "others get in");
        let spare: Vec<Place> = (0..SPARE_EACH).map_while(|_| take("192.0.2.1")).collect();
        assert!(spare.len() == SPARE_EACH && spare.iter().all(|place| place.is_spare));
        assert!(take("192.0.2.1").is_none() && take("::ffff:192.0.2.1").is_none());
        drop(ordinary);
        assert!(!take("192.0.2.1").unwrap().is_spare, "what was given back can be taken again");
        drop(spare);
        for share in [&places.ordinary, &places.spare] {
            let share = share.lock();
            assert_eq!((share.taken, share.by.len()), (0, 0));
        }
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let places = Places::new();
        let take = |last: usize| places.take(format!("2001:db8::{last:x}").parse().unwrap());
        let taken: Vec<Place> = (0..MOST_EACH + SPARE_EACH).map_while(take).collect();
        assert_eq!(taken.len(), MOST_EACH + SPARE_EACH);
        assert!(take(1).is_none() && places.take("2001:db8:0:1::1".parse().unwrap()).is_some());
    }
}
