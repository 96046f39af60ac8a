//! Delivery to HTTP endpoints: from the outbox of each confirmed subscription, one worker each. Only loopback is posted to.

mod confirmation;
mod post;
mod retry;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use confirmation::{Kind, render as render_confirmation, send as send_confirmation};

use crate::cloud::Cloud;
use crate::engine::SubscriptionId;

/// Keeps a worker for each confirmed HTTP subscription, until told to stop.
pub async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut workers: HashMap<SubscriptionId, CancellationToken> = HashMap::new();
    let tasks = TaskTracker::new();
    loop {
        if let Err(error) = cloud.sns.signer.save(&cloud).await {
            cloud.notice(&format!("the key that signs notifications can't be kept: {}", error.message));
        }
        let wanted: Vec<SubscriptionId> = cloud.core.read(|engine, _| {
            let confirmed = engine.subscriptions().map(|it| &it.config).filter(|config| config.confirmed);
            confirmed
                .filter(|config| matches!(config.protocol.as_str(), "http" | "https"))
                .map(|config| config.id)
                .collect()
        });
        workers.retain(|id, stop| {
            let stays = wanted.contains(id);
            if !stays {
                stop.cancel();
            }
            stays
        });
        for id in wanted {
            workers.entry(id).or_insert_with(|| {
                let stop = stop.child_token();
                tasks.spawn(worker::run(cloud.clone(), id, stop.clone()));
                stop
            });
        }
        tokio::select! {
            () = cloud.sns.changed.notified() => {}
            () = stop.cancelled() => break,
        }
    }
    cloud.sns.background.stop().await;
    tasks.close();
    tasks.wait().await;
}
