//! The story: an endless, seeded sequence of events that belong together.
//!
//! An order is of a consumer created earlier in the same story; a payment is of an order placed earlier, not paid
//! before, and equals its total. The same seed tells the same story, ids included, on every machine: the generator is
//! xoshiro256++, whose sequence is fixed by its definition. Memory is bounded: only the most recent consumers and
//! unpaid orders are remembered.
//!
//! A story of which only some kinds are published ([`Story::new`]) still happens whole: the other events take place, but
//! stay unpublished. So an order published alone belongs to a consumer that exists in the story.

use fake::Fake;
use fake::faker::address::en::{BuildingNumber, CityName, CountryCode, StreetName, ZipCode};
use fake::faker::name::en::{FirstName, LastName};
use rand::RngExt;

use super::EventKind;
use super::data::{Address, Consumer, Data, Item, Order, Payment};
use super::dice::{Dice, dice};
use super::mix::Mix;

/// How many consumers are remembered at most: an order is of one of these.
const MAX_CONSUMERS: usize = 512;
/// How many orders wait for their payment at most; then the next event is a payment, or in a mix of the user's an
/// old one is forgotten.
const MAX_UNPAID: usize = 512;

/// How consumers pay.
const PAYMENT_METHODS: [&str; 4] = ["card", "paypal", "sepa_debit", "invoice"];

/// What the shop sells: stock keeping unit, name, price in cents.
const CATALOGUE: [(&str, &str, i64); 16] = [
    ("KIT-0101", "Espresso cups, set of four", 2490),
    ("KIT-0102", "Cast iron pan 28 cm", 5990),
    ("KIT-0107", "Chef's knife", 8900),
    ("KIT-0115", "Tea towels, three", 1450),
    ("OFF-0201", "Dotted notebook A5", 1295),
    ("OFF-0204", "Fountain pen", 3450),
    ("OFF-0210", "Desk lamp", 7999),
    ("HOM-0302", "Wool blanket", 8450),
    ("HOM-0305", "Linen cushion", 3299),
    ("HOM-0309", "Wall clock", 4590),
    ("OUT-0401", "Day pack 22 l", 9990),
    ("OUT-0403", "Steel bottle 750 ml", 2795),
    ("OUT-0406", "Head torch", 3990),
    ("TEC-0502", "Wireless headphones", 14990),
    ("TEC-0504", "Mechanical keyboard", 12900),
    ("TEC-0509", "Power bank 20 Ah", 4599),
];

/// One thing that happened, before it is put into an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happening {
    /// The event's id, a version 4 UUID made from the seed.
    pub id: String,
    pub data: Data,
}

/// What an order leaves behind until it is paid.
#[derive(Debug)]
struct Unpaid {
    order_id: String,
    consumer_id: String,
    total_cents: i64,
    currency: String,
}

/// One publisher's story. It never ends: [`Story::next_event`] makes up what happens next.
#[derive(Debug)]
pub(crate) struct Story {
    rng: Dice,
    mix: Mix,
    /// Which kinds of events are published.
    kinds: Vec<EventKind>,
    /// The ids of those who may order.
    consumers: Vec<String>,
    /// Which of `consumers` is forgotten next.
    oldest: usize,
    /// The orders that wait for their payment.
    unpaid: Vec<Unpaid>,
}

impl Story {
    /// The story of publisher number `publisher` under `seed`, of which only the given kinds are published; none given means
    /// all.
    pub(crate) fn new(seed: u64, publisher: u32, kinds: &[EventKind]) -> Self {
        let kinds = if kinds.is_empty() { EventKind::ALL.to_vec() } else { kinds.to_vec() };
        let rng = dice("messaging story 1", seed, publisher);
        Self { rng, mix: Mix::USUAL, kinds, consumers: Vec::new(), oldest: 0, unpaid: Vec::new() }
    }

    /// The story in another mix.
    pub(crate) fn mixed(self, mix: Mix) -> Self {
        Self { mix, ..self }
    }

    /// What happens next, among the kinds that are published.
    pub(crate) fn next_event(&mut self) -> Happening {
        loop {
            let happening = self.make_up();
            if self.kinds.contains(&happening.data.kind()) {
                return happening;
            }
        }
    }

    /// What happens next, of any kind.
    fn make_up(&mut self) -> Happening {
        let id = uuid(&mut self.rng);
        let (mix, is_usual) = (self.mix, self.mix == Mix::USUAL);
        let roll = self.rng.random_range(0..mix.total());
        let has_room = self.unpaid.len() < MAX_UNPAID;
        let data = if self.consumers.is_empty() || roll < mix.consumer {
            Data::Consumer(self.create_consumer())
        } else if self.unpaid.is_empty() || (roll < mix.consumer + mix.order && (has_room || !is_usual)) {
            if !has_room {
                self.unpaid.swap_remove(0);
            }
            Data::Order(self.place_order())
        } else {
            Data::Payment(self.capture_payment())
        };
        Happening { id, data }
    }

    fn create_consumer(&mut self) -> Consumer {
        let rng = &mut self.rng;
        let consumer_id = id("con", rng);
        let first: String = FirstName().fake_with_rng(rng);
        let last: String = LastName().fake_with_rng(rng);
        let consumer = Consumer {
            consumer_id: consumer_id.clone(),
            name: format!("{first} {last}"),
            email: format!("{}.{}@example.com", mailbox(&first), mailbox(&last)),
            address: Address {
                street: format!(
                    "{} {}",
                    BuildingNumber().fake_with_rng::<String, _>(rng),
                    StreetName().fake_with_rng::<String, _>(rng)
                ),
                city: CityName().fake_with_rng(rng),
                postal_code: ZipCode().fake_with_rng(rng),
                country: CountryCode().fake_with_rng(rng),
            },
        };
        if self.consumers.len() < MAX_CONSUMERS {
            self.consumers.push(consumer_id);
        } else {
            self.consumers[self.oldest] = consumer_id;
            self.oldest = (self.oldest + 1) % MAX_CONSUMERS;
        }
        consumer
    }

    fn place_order(&mut self) -> Order {
        let consumer_id = self.consumers[self.rng.random_range(0..self.consumers.len())].clone();
        let order_id = id("ord", &mut self.rng);
        let first = self.rng.random_range(0..CATALOGUE.len());
        let items: Vec<Item> = (0..self.rng.random_range(1..=3_usize))
            .map(|n| {
                // A step of 5 through 16 products never meets the same one within three.
                let (sku, name, unit_price_cents) = CATALOGUE[(first + 5 * n) % CATALOGUE.len()];
                let quantity = self.rng.random_range(1..=4);
                Item { sku: sku.into(), name: name.into(), quantity, unit_price_cents }
            })
            .collect();
        let total_cents = items.iter().map(|item| item.unit_price_cents * i64::from(item.quantity)).sum();
        let order = Order { order_id, consumer_id, items, currency: "EUR".into(), total_cents };
        self.unpaid.push(Unpaid {
            order_id: order.order_id.clone(),
            consumer_id: order.consumer_id.clone(),
            total_cents,
            currency: order.currency.clone(),
        });
        order
    }

    fn capture_payment(&mut self) -> Payment {
        let order = self.unpaid.swap_remove(self.rng.random_range(0..self.unpaid.len()));
        Payment {
            payment_id: id("pay", &mut self.rng),
            order_id: order.order_id,
            consumer_id: order.consumer_id,
            amount_cents: order.total_cents,
            currency: order.currency,
            method: PAYMENT_METHODS[self.rng.random_range(0..PAYMENT_METHODS.len())].into(),
        }
    }
}

/// `con_7f0c31a9d2e4`: 48 random bits under a prefix.
fn id(prefix: &str, rng: &mut Dice) -> String {
    format!("{prefix}_{:012x}", rng.random::<u64>() >> 16)
}

/// A version 4 UUID from the story's own generator.
fn uuid(rng: &mut Dice) -> String {
    let (high, low) = (rng.random::<u64>(), rng.random::<u64>());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0x0fff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// A name as the part of an address before the `@`.
fn mailbox(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn events(mut story: Story, n: usize) -> Vec<Happening> {
        (0..n).map(|_| story.next_event()).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(events(Story::new(7, 0, &[]), 500), events(Story::new(7, 0, &[]), 500));
        assert_ne!(events(Story::new(7, 0, &[]), 5), events(Story::new(8, 0, &[]), 5));
        assert_ne!(events(Story::new(7, 0, &[]), 5), events(Story::new(7, 1, &[]), 5));
    }

    #[test]
    fn a_seed_is_a_promise_across_versions() {
        assert_eq!(Story::new(42, 0, &[]).next_event().id, "e7caa122-80fb-4d49-860e-46a668a3459b");
    }

    #[test]
    fn the_story_is_coherent_and_its_memory_bounded() {
        let mut story = Story::new(1, 0, &[]);
        let mut consumers = HashSet::new();
        let mut orders = HashMap::new();
        let mut ids = HashSet::new();
        let mut seen = HashMap::<EventKind, u32>::new();
        for _ in 0..20_000 {
            let Happening { id, data } = story.next_event();
            assert!(ids.insert(id), "an event id came twice");
            *seen.entry(data.kind()).or_default() += 1;
            match data {
                Data::Consumer(consumer) => assert!(consumers.insert(consumer.consumer_id)),
                Data::Order(order) => {
                    assert!(consumers.contains(&order.consumer_id));
                    assert_eq!(order.sum(), Some(order.total_cents));
                    assert!(order.total_cents > 0);
                    assert!(orders.insert(order.order_id.clone(), order).is_none());
                }
                Data::Payment(payment) => {
                    let order = orders.remove(&payment.order_id).expect("of an order placed before, paid once");
                    assert_eq!((payment.amount_cents, &payment.currency), (order.total_cents, &order.currency));
                    assert_eq!(payment.consumer_id, order.consumer_id);
                }
            }
            assert!(story.consumers.len() <= MAX_CONSUMERS && story.unpaid.len() <= MAX_UNPAID);
        }
        assert!(EventKind::ALL.iter().all(|kind| seen[kind] > 4_000), "{seen:?}");
    }

    #[test]
    fn a_mix_gives_each_kind_its_share_while_everything_belongs_together() {
        for (consumer, order, payment) in [(1, 5, 4), (1, 9, 0), (0, 1, 1), (1, 1, 0), (3, 0, 0)] {
            let mut story = Story::new(1, 0, &[]).mixed(Mix { consumer, order, payment });
            let (mut seen, mut orders) = ([0_u32; 3], HashSet::new());
            for _ in 0..10_000 {
                match story.next_event().data {
                    Data::Consumer(_) => seen[0] += 1,
                    Data::Order(it) => {
                        seen[1] += 1;
                        orders.insert(it.order_id);
                    }
                    Data::Payment(it) => {
                        seen[2] += 1;
                        assert!(orders.remove(&it.order_id), "of an order placed before, paid once");
                    }
                }
                assert!(story.unpaid.len() <= MAX_UNPAID);
            }
            for (seen, share) in seen.into_iter().zip([consumer, order, payment]) {
                let expected = 10_000 * share / (consumer + order + payment);
                assert!(seen.abs_diff(expected) < 200, "{seen} of {expected}: {consumer} {order} {payment}");
            }
        }
        // Payments alone need orders, and these a consumer.
        let mut story = Story::new(1, 0, &[]).mixed(Mix { consumer: 0, order: 0, payment: 1 });
        let kinds: Vec<_> = (0..5).map(|_| story.next_event().data.kind().name()).collect();
        assert_eq!(kinds, ["consumer", "order", "payment", "order", "payment"]);
    }

    #[test]
    fn kinds_choose_what_is_told_not_what_happens() {
        let whole: Vec<_> = events(Story::new(3, 0, &[]), 3_000)
            .into_iter()
            .filter(|h| h.data.kind() == EventKind::Payment)
            .take(100)
            .collect();
        assert_eq!(events(Story::new(3, 0, &[EventKind::Payment]), 100), whole);
    }
}
