//! Subscriptions: a file for each operation or small family.

pub mod attributes;
pub mod confirm;
mod ended;
mod endpoint;
pub mod list;
pub mod subscribe;
pub mod unsubscribe;
mod validate;

pub use endpoint::is_phone_number;

use crate::core::transaction::Transaction;
use engine::{Change, SubscriptionId};

/// Takes a subscription away, and its outbox with whatever wasn't delivered.
pub fn remove(tx: &mut Transaction<'_>, id: SubscriptionId) {
    let outbox = tx.engine.subscription(id).and_then(|subscription| subscription.config.outbox);
    tx.apply(&Change::SubscriptionGone(id));
    if let Some(queue) = outbox {
        tx.apply(&Change::QueueGone(queue));
    }
}
