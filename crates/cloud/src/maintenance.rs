//! What the cloud does without being asked: expired messages go, a log that couldn't be written is tried again, keys whose time is over
//! go, old segments are given back.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::core::expire::expire_messages;
use crate::core::{Cloud, compaction};
use crate::s3::S3;
use crate::turns::aside;
use crate::{kms, logs};
use engine::Millis;
use wire::AwsError;

const DAY: Millis = 24 * 60 * 60 * 1_000;
/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until told to stop; then at once, whatever it is about: the next start takes it up again.
pub(crate) async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut keeper = Keeper { cloud: cloud.clone(), swept: None, refusing: false };
    let keep = async {
        loop {
            keeper.cloud.core.clock().tick(EVERY).await;
            let _working = keeper.cloud.core.clock().working();
            keeper.look().await;
        }
    };
    // Apart from the rest, which doesn't wait for it: the clock, for one, is to be kept every second.
    let compact = async {
        loop {
            cloud.core.clock().tick(EVERY).await;
            let _working = cloud.core.clock().working();
            if cloud.core.fault().is_none()
                && let Err(error) = compaction::run(&cloud).await
            {
                cloud.notice(&error.message);
            }
        }
    };
    stop.run_until_cancelled(async { tokio::join!(keep, compact) }).await;
}

struct Keeper {
    cloud: Arc<Cloud>,
    /// The day on which the lifecycle rules were obeyed.
    swept: Option<Millis>,
    /// The operator was told that writes are refused.
    refusing: bool,
}

impl Keeper {
    async fn look(&mut self) {
        look_after_the_folder(&self.cloud).await;
        let core = &self.cloud.core;
        // Other programs fill the disk also while nobody writes here.
        core.log().check_room();
        if let Some(refusal) = core.refusal() {
            self.cloud.notice(&refusal);
            self.refusing = true;
            let retrying = self.cloud.clone();
            _ = aside(move || retrying.core.log().retry()).await;
        }
        if core.fault().is_none()
            && let Err(error) = keep(&self.cloud, &mut self.swept).await
        {
            self.cloud.notice(&error.message);
        }
        if self.refusing {
            core.log().check_room();
            self.refusing = core.refusal().is_some();
            if !self.refusing {
                self.cloud.notice("the log takes writes again");
            }
        }
    }
}

/// A folder that was removed under the server keeps taking writes, and no start would ever find them: so nothing more is written.
/// Of one that is as it was, it is noted where its log ends.
async fn look_after_the_folder(cloud: &Arc<Cloud>) {
    let looking = cloud.clone();
    let gone = aside(move || {
        let home = looking.home()?;
        // Who can't look, for want of a handle say, knows nothing.
        let harm = || looking.core.log().find_harm().ok().flatten();
        let objects = || looking.blobs.missing().ok().flatten();
        let gone =
            home.gone().or_else(|| harm().map(|what| format!("in the data folder's log, {what}"))).or_else(|| {
                objects().map(|name| format!("objects/{name} was removed from the data folder, or moved away"))
            });
        if gone.is_none() {
            looking.note_end();
        }
        gone
    });
    if let Ok(Some(gone)) = gone.await {
        cloud.core.log().give_up(gone);
    }
}

async fn keep(cloud: &Arc<Cloud>, swept: &mut Option<Millis>) -> Result<(), AwsError> {
    cloud.core.keep_time_ahead().await?;
    expire_messages(cloud).await?;
    let s3 = S3::of(cloud);
    s3.tidy().await;
    kms::sweep(cloud).await?;
    // Lifecycle rules and the retention of logs are due at midnight UTC, and what became due while the cloud was off when it starts.
    let today = cloud.core.now() / DAY;
    if *swept != Some(today) {
        s3.sweep().await?;
        logs::sweep(cloud).await?;
        *swept = Some(today);
    }
    Ok(())
}
