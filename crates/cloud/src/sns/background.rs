//! What SNS does on the side: the key is kept, replays go on, HTTP endpoints get their messages.

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http::Workers;
use super::replay;
use crate::Cloud;

/// Looks after each change of a subscription whether there is something to do, until told to stop.
pub async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut workers = Workers::default();
    loop {
        let look = async {
            if let Err(error) = cloud.sns.signer.save(&cloud).await {
                cloud.notice(&format!("the key that signs notifications can't be kept: {}", error.message));
            }
            replay::run(&cloud).await;
        };
        if stop.run_until_cancelled(look).await.is_none() {
            break;
        }
        workers.update(&cloud);
        tokio::select! {
            () = cloud.sns.changed.notified() => {}
            () = stop.cancelled() => break,
        }
    }
    cloud.sns.background.stop().await;
    workers.stop().await;
}

/// Tasks that end with the server: a stop cuts them off.
#[derive(Default)]
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// Cuts off what runs, and waits until it has ended.
    async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
