//! Delivery to HTTP and HTTPS endpoints. Each confirmed subscription has a worker, which posts what its outbox holds. It
//! posts to this machine only, and for its users only: see [`Reach`](crate::notification::reach::Reach).

mod auth;
pub(crate) mod confirmation;
mod post;
mod retry;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::core::Cloud;
use engine::SubscriptionId;

/// A worker for each confirmed HTTP subscription.
#[derive(Default)]
pub(crate) struct Workers {
    workers: HashMap<SubscriptionId, CancellationToken>,
    tasks: TaskTracker,
}

impl Workers {
    /// Begins with subscriptions that are new and ends with those that are gone.
    pub(crate) fn update(&mut self, cloud: &Arc<Cloud>) {
        let wanted: HashSet<SubscriptionId> = cloud.core.read(|engine, _| {
            let confirmed = engine.subscriptions().map(|it| &it.config).filter(|config| config.confirmed);
            let http = confirmed.filter(|config| matches!(config.protocol.as_str(), "http" | "https"));
            http.map(|config| config.id).collect()
        });
        self.workers.retain(|id, stop| {
            let stays = wanted.contains(id);
            if !stays {
                stop.cancel();
            }
            stays
        });
        for id in wanted {
            self.workers.entry(id).or_insert_with(|| {
                let stop = CancellationToken::new();
                self.tasks.spawn(worker::run(cloud.clone(), id, stop.clone()));
                stop
            });
        }
    }

    /// Ends with all of them.
    pub(crate) async fn stop(self) {
        self.workers.values().for_each(CancellationToken::cancel);
        self.tasks.close();
        self.tasks.wait().await;
    }
}
