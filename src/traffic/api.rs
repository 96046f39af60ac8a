//! The two APIs behind the queues, simulated: what each does with an event, in a line; and whoever else drains a queue.
//!
//! Queues deliver more than once and in any order, and other publishers share the topic; so an API does nothing twice,
//! accepts a payment before its order, and ignores types that it doesn't know. What contradicts itself is refused, and
//! left for redrive.

use std::collections::{HashMap, VecDeque};

use serde::de::DeserializeOwned;

use crate::event::data::{Consumer, Order, Payment, cents};
use crate::event::envelope::Arrived;
use crate::units::plural;

/// How many rows a table remembers at most; it forgets the oldest first.
const MAX_ROWS: usize = 100_000;

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    Orders,
    Payments,
    /// None of ours: whoever it is, what it gets is handled.
    Any,
}

impl Api {
    /// Those of the fan-out.
    pub(crate) const ALL: [Self; 2] = [Self::Orders, Self::Payments];

    /// Its name, as the command line and reports say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Any => "any",
        }
    }
}

/// A table that forgets its oldest rows.
#[derive(Debug)]
struct Table<V> {
    rows: HashMap<String, V>,
    /// The ids of the rows, the oldest first.
    ids: VecDeque<String>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { rows: HashMap::new(), ids: VecDeque::new() }
    }
}

impl<V> Table<V> {
    fn insert(&mut self, id: String, row: V) {
        if self.rows.insert(id.clone(), row).is_none() {
            self.ids.push_back(id);
            if self.ids.len() > MAX_ROWS
                && let Some(oldest) = self.ids.pop_front()
            {
                self.rows.remove(&oldest);
            }
        }
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut V> {
        self.rows.get_mut(id)
    }

    fn get(&self, id: &str) -> Option<&V> {
        self.rows.get(id)
    }
}

/// Why an event is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{event_type} without the data it needs: {why}")]
    Malformed { event_type: String, why: String },
    #[error("{0}")]
    Contradicts(String),
}

/// One API's tables.
#[derive(Debug)]
pub(crate) struct Service {
    api: Api,
    /// Consumers by id: the name.
    consumers: Table<String>,
    orders: Table<OrderRow>,
    /// Payments that came before their order, by order.
    early: Table<i64>,
}

/// An order that an API knows.
#[derive(Debug)]
struct OrderRow {
    total_cents: i64,
    paid: bool,
}

impl Service {
    /// An API that knows nothing yet.
    pub(crate) fn new(api: Api) -> Self {
        Self { api, consumers: Table::default(), orders: Table::default(), early: Table::default() }
    }

    /// Does what the API does with an event; the answer says what that was.
    pub(crate) fn handle(&mut self, event: &Arrived) -> Result<String, Refused> {
        match (self.api, event.event_type.as_str()) {
            (Api::Any, event_type) if event.data["poison"] == true => {
                Err(Refused::Malformed { event_type: short(event_type), why: "it is poison".into() })
            }
            (Api::Any, event_type) => Ok(format!("{} is noted", short(event_type))),
            (_, "consumer.created") => self.add_consumer(data(event)?),
            (Api::Orders, "order.placed") => self.take_order(data(event)?),
            (Api::Orders, "payment.captured") => self.mark_paid(data(event)?),
            (Api::Payments, "order.placed") => self.bill_order(data(event)?),
            (Api::Payments, "payment.captured") => self.take_payment(data(event)?),
            (_, other) => Ok(format!("nothing to do for {}", short(other))),
        }
    }

    /// Either API notes a consumer.
    fn add_consumer(&mut self, consumer: Consumer) -> Result<String, Refused> {
        let done = match (self.api, self.consumers.get(&consumer.consumer_id)) {
            (_, Some(_)) => format!("consumer {} is known already", consumer.consumer_id),
            (Api::Orders, None) => format!("consumer {} registered: {}", consumer.consumer_id, consumer.name),
            (_, None) => format!("account opened for {} ({})", consumer.name, consumer.consumer_id),
        };
        self.consumers.insert(consumer.consumer_id, consumer.name);
        Ok(done)
    }

    /// The orders API takes an order in.
    fn take_order(&mut self, order: Order) -> Result<String, Refused> {
        check_total(&order)?;
        if self.orders.get(&order.order_id).is_some() {
            return Ok(format!("order {} is known already", order.order_id));
        }
        let who = self.consumers.get(&order.consumer_id).unwrap_or(&order.consumer_id);
        let items: u64 = order.items.iter().map(|item| u64::from(item.quantity)).sum();
        let done = format!(
            "order {} of {who}: {}, {} {}",
            order.order_id,
            plural(items, "item"),
            cents(order.total_cents),
            order.currency
        );
        let paid = self.early.get(&order.order_id).is_some();
        self.orders.insert(order.order_id, OrderRow { total_cents: order.total_cents, paid });
        Ok(done)
    }

    /// The orders API hears that an order is paid.
    fn mark_paid(&mut self, payment: Payment) -> Result<String, Refused> {
        let order = &payment.order_id;
        Ok(match self.orders.get_mut(order) {
            Some(row) if row.paid => format!("order {order} is paid already"),
            Some(row) => {
                row.paid = true;
                format!("order {order} is paid, to be shipped")
            }
            None => {
                let done = format!("payment noted for order {order}, not seen yet");
                self.early.insert(payment.order_id, payment.amount_cents);
                done
            }
        })
    }

    /// The payments API opens what an order owes; a payment that came earlier is checked now.
    fn bill_order(&mut self, order: Order) -> Result<String, Refused> {
        check_total(&order)?;
        if self.orders.get(&order.order_id).is_some() {
            return Ok(format!("order {} is known already", order.order_id));
        }
        let early = self.early.get(&order.order_id).copied();
        if let Some(amount) = early {
            check_amount(&order.order_id, amount, order.total_cents)?;
        }
        let done = match early {
            Some(_) => format!("order {} was paid before it came: settled", order.order_id),
            None => format!("{} {} due for order {}", cents(order.total_cents), order.currency, order.order_id),
        };
        self.orders.insert(order.order_id, OrderRow { total_cents: order.total_cents, paid: early.is_some() });
        Ok(done)
    }

    /// The payments API takes a payment, if it is exactly what the order owes.
    fn take_payment(&mut self, payment: Payment) -> Result<String, Refused> {
        let order = &payment.order_id;
        let amount = format!("{} {}", cents(payment.amount_cents), payment.currency);
        Ok(match self.orders.get_mut(order) {
            Some(row) => {
                check_amount(order, payment.amount_cents, row.total_cents)?;
                if row.paid {
                    format!("order {order} is settled already")
                } else {
                    row.paid = true;
                    format!("{amount} by {} settles order {order}", short(&payment.method))
                }
            }
            None => {
                let done = format!("{amount} kept for order {order}, not seen yet");
                self.early.insert(payment.order_id, payment.amount_cents);
                done
            }
        })
    }
}

/// The data of an event of a known type.
fn data<T: DeserializeOwned>(event: &Arrived) -> Result<T, Refused> {
    T::deserialize(&event.data)
        .map_err(|why| Refused::Malformed { event_type: event.event_type.clone(), why: why.to_string() })
}

/// Refuses an order whose total isn't the sum of its items.
fn check_total(order: &Order) -> Result<(), Refused> {
    if order.sum() == Some(order.total_cents) {
        return Ok(());
    }
    let sum = order.sum().map_or("more than money counts".into(), cents);
    Err(Refused::Contradicts(format!(
        "order {} says {}, its items cost {sum}",
        order.order_id,
        cents(order.total_cents)
    )))
}

/// Refuses a payment that isn't exactly what its order costs.
fn check_amount(order: &str, amount: i64, total: i64) -> Result<(), Refused> {
    if amount == total {
        return Ok(());
    }
    Err(Refused::Contradicts(format!("{} paid for order {order}, which costs {}", cents(amount), cents(total))))
}

/// Text that others wrote, no longer than a line should be.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::envelope::{Event, Place};
    use crate::event::story::Story;

    fn story(n: usize) -> Vec<Arrived> {
        let mut story = Story::new(11, 0, &[]);
        (0..n)
            .map(|i| {
                let place = Place { publisher: 0, sequence: i as u64 };
                let event = Event::new(story.next_event(), "r", place, jiff::Timestamp::UNIX_EPOCH);
                Arrived::parse(&event.to_json()).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_coherent_story_is_accepted_in_any_order_and_twice() {
        for api in Api::ALL {
            let mut events = story(1_000);
            let mut service = Service::new(api);
            for event in &events {
                service.handle(event).unwrap();
            }
            events.reverse();
            let mut service = Service::new(api);
            for event in events.iter().chain(&events) {
                service.handle(event).unwrap();
            }
        }
    }

    #[test]
    fn a_payment_must_equal_its_order() {
        let events = story(200);
        let mut payment = events.iter().find(|event| event.event_type == "payment.captured").unwrap().clone();
        payment.data["amount_cents"] = 1.into();
        let order = events.iter().find(|event| event.data["order_id"] == payment.data["order_id"]).unwrap();
        let mut service = Service::new(Api::Payments);
        service.handle(order).unwrap();
        assert!(service.handle(&payment).unwrap_err().to_string().contains("0.01 paid"));
        // The other way round: kept, and checked when the order comes.
        let mut service = Service::new(Api::Payments);
        service.handle(&payment).unwrap();
        assert!(service.handle(order).is_err());
    }

    #[test]
    fn an_order_must_equal_its_items() {
        let mut order = story(50).into_iter().find(|event| event.event_type == "order.placed").unwrap();
        order.data["items"][0]["unit_price_cents"] = i64::MAX.into();
        for api in Api::ALL {
            assert!(matches!(Service::new(api).handle(&order), Err(Refused::Contradicts(_))));
        }
        order.data = serde_json::json!({"order_id": "x"});
        assert!(matches!(Service::new(Api::Orders).handle(&order), Err(Refused::Malformed { .. })));
    }

    #[test]
    fn types_of_others_are_ignored() {
        let mut event = story(1).remove(0);
        event.event_type = "stock.updated".into();
        assert_eq!(Service::new(Api::Orders).handle(&event).unwrap(), "nothing to do for stock.updated");
        assert_eq!(Service::new(Api::Any).handle(&event).unwrap(), "stock.updated is noted");
        event.data = serde_json::json!({"poison": true});
        assert!(Service::new(Api::Any).handle(&event).is_err(), "nobody can handle it");
    }

    #[test]
    fn tables_are_bounded() {
        let mut table = Table::default();
        for n in 0..MAX_ROWS + 10 {
            table.insert(n.to_string(), n);
        }
        assert_eq!((table.rows.len(), table.ids.len()), (MAX_ROWS, MAX_ROWS));
        assert!(table.get("0").is_none() && table.get("10").is_some());
    }
}
