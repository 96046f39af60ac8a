//! SNS's background task: it keeps the signing key, continues replays and starts the workers of HTTP endpoints.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::http::Workers;
use super::{replay, signing_key};
use crate::core::Cloud;

/// Runs until told to stop: after each change of a subscription it checks whether there is something to do.
pub(crate) async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut workers = Workers::default();
    loop {
        let look = async {
            if let Err(error) = signing_key::save(&cloud).await {
                cloud.notice(&format!("the key that signs notifications can't be kept: {}", error.message));
            }
            replay::run(&cloud).await;
        };
        if stop.run_until_cancelled(look).await.is_none() {
            break;
        }
        workers.update(&cloud);
        tokio::select! {
            biased;
            () = cloud.subscriptions_changed.notified() => {}
            () = stop.cancelled() => break,
        }
    }
    cloud.background.stop().await;
    workers.stop().await;
}
