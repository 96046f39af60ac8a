//! What the events carry. Money is integer cents, always.

use serde::{Deserialize, Serialize};

use super::EventKind;

/// `consumer.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consumer {
    pub consumer_id: String,
    pub name: String,
    pub email: String,
    pub address: Address,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub street: String,
    pub city: String,
    pub postal_code: String,
    pub country: String,
}

/// `order.placed`: by a consumer that was created before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub order_id: String,
    pub consumer_id: String,
    pub items: Vec<Item>,
    pub currency: String,
    /// The sum of quantity times unit price over the items.
    pub total_cents: i64,
}

impl Order {
    /// What the items cost together; `None` when that isn't a number that fits.
    pub(crate) fn sum(&self) -> Option<i64> {
        self.items
            .iter()
            .try_fold(0_i64, |sum, item| sum.checked_add(item.unit_price_cents.checked_mul(i64::from(item.quantity))?))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub sku: String,
    pub name: String,
    pub quantity: u32,
    pub unit_price_cents: i64,
}

/// `payment.captured`: of an order that was placed before, exactly its total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub payment_id: String,
    pub order_id: String,
    pub consumer_id: String,
    pub amount_cents: i64,
    pub currency: String,
    pub method: String,
}

/// The data of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Data {
    Consumer(Consumer),
    Order(Order),
    Payment(Payment),
}

impl Data {
    pub(crate) fn kind(&self) -> EventKind {
        match self {
            Self::Consumer(_) => EventKind::Consumer,
            Self::Order(_) => EventKind::Order,
            Self::Payment(_) => EventKind::Payment,
        }
    }

    /// The id of the thing itself: CloudEvents' `subject`.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::Consumer(consumer) => &consumer.consumer_id,
            Self::Order(order) => &order.order_id,
            Self::Payment(payment) => &payment.payment_id,
        }
    }

    /// The consumer whom it concerns; the message group on a FIFO topic.
    pub(crate) fn consumer_id(&self) -> &str {
        match self {
            Self::Consumer(consumer) => &consumer.consumer_id,
            Self::Order(order) => &order.consumer_id,
            Self::Payment(payment) => &payment.consumer_id,
        }
    }

    /// The money in it, in cents.
    pub(crate) fn amount_cents(&self) -> Option<i64> {
        match self {
            Self::Consumer(_) => None,
            Self::Order(order) => Some(order.total_cents),
            Self::Payment(payment) => Some(payment.amount_cents),
        }
    }
}

/// Cents in whole currency units: `149.90`.
pub(crate) fn cents(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", amount.unsigned_abs() / 100, amount.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_have_two_places() {
        for (amount, text) in [(14990, "149.90"), (5, "0.05"), (-5, "-0.05"), (-1234, "-12.34"), (0, "0.00")] {
            assert_eq!(cents(amount), text);
        }
    }
}
