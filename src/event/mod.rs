//! The events of the e-commerce: consumers, orders and payments that belong together.
//!
//! [`story`] makes them up from a seed in a [`mix`], [`data`] says what they carry, [`envelope`] wraps them as CloudEvents 1.0. Events of
//! the user's own, [`own`], come in [`lines`].

pub(crate) mod data;
pub(crate) mod dice;
pub(crate) mod envelope;
pub(crate) mod lines;
pub(crate) mod mix;
pub(crate) mod own;
pub(crate) mod story;

use std::fmt;

/// The three things that happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventKind {
    Consumer,
    Order,
    Payment,
}

impl EventKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Consumer, Self::Order, Self::Payment];

    /// The CloudEvents `type`.
    pub(crate) fn event_type(self) -> &'static str {
        match self {
            Self::Consumer => "consumer.created",
            Self::Order => "order.placed",
            Self::Payment => "payment.captured",
        }
    }

    /// The CloudEvents `source`: who says that it happened.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Consumer => "/ecommerce/consumers",
            Self::Order => "/ecommerce/orders",
            Self::Payment => "/ecommerce/payments",
        }
    }

    /// The word on the command line and in the `kind` message attribute.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Order => "order",
            Self::Payment => "payment",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
