//! HTTP subscriptions that have ended and can be restored: the UnsubscribeConfirmation holds a link for that.

use std::borrow::Cow;

use super::token::{TOKEN_LIFE, are_neighbours};
use crate::core::transaction::Transaction;
use crate::sns::outbox;
use engine::config::SubscriptionConfig;
use engine::{Change, QueueId, SubscriptionId};

/// What the documents' keys begin with; the token follows.
const PREFIX: &str = "sns/ended/";

/// Keeps a subscription that has ended for as long as its new token is valid, and deletes those whose token no longer is.
pub(super) fn keep(tx: &mut Transaction<'_>, config: &SubscriptionConfig) {
    let old: Vec<String> = tx
        .engine()
        .docs(PREFIX, PREFIX)
        .filter(|(_, json)| read(json).is_none_or(|ended| ended.created + TOKEN_LIFE <= tx.now))
        .map(|(key, _)| key.to_owned())
        .collect();
    old.iter().for_each(|key| tx.delete_doc(key));
    if let Ok(json) = serde_json::to_vec(&SubscriptionConfig { created: tx.now, ..config.clone() }) {
        tx.put_doc(&format!("{PREFIX}{}", config.token), &json);
    }
}

/// Restores the subscription that ended with this token, if its topic is of the account and Region of `topic_arn`. Gives its new ARN;
/// `None` if there is none to restore.
pub(super) fn restore(tx: &mut Transaction<'_>, topic_arn: &str, token: &str) -> Option<String> {
    let key = format!("{PREFIX}{token}");
    let ended = read(tx.engine().doc(&key)?)?;
    let topic = tx.engine().topic_by_arn(&ended.topic_arn)?.config.id;
    if !are_neighbours(&ended.topic_arn, topic_arn) || ended.created + TOKEN_LIFE <= tx.now {
        return None;
    }
    let id = SubscriptionId(tx.engine().next_id());
    let mut config = SubscriptionConfig {
        id,
        arn: tx.engine().subscription_arn(&ended.topic_arn, id),
        topic,
        outbox: None,
        created: tx.now,
        ..ended
    };
    config.outbox = Some(outbox::declare_for_subscription(tx, &config, QueueId(id.0 + 1)));
    let arn = config.arn.clone();
    tx.apply(&Change::Subscription(Cow::Owned(config)));
    tx.delete_doc(&key);
    Some(arn)
}

fn read(json: &[u8]) -> Option<SubscriptionConfig> {
    serde_json::from_slice(json).ok()
}
