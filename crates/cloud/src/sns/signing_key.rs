//! The key that signs notifications: made before it is needed, and kept in the log.

use std::sync::Arc;

use wire::AwsError;

use crate::core::Cloud;
use crate::core::notification::SIGNING_KEY;
use crate::turns::aside;

/// Makes the key unless there is one, in the background: whoever asks for a signature meanwhile waits for it.
pub(super) fn prepare(cloud: &Arc<Cloud>) {
    if cloud.signer.made().is_some() || cloud.kept_signing_key().is_some() || !cloud.signer.begins_to_prepare() {
        return;
    }
    let making = cloud.clone();
    cloud.background.spawn(async move {
        // The thread that makes the key holds nothing of the cloud: it must not keep the data folder.
        let chance = making.core.chance();
        if let Ok(key) = aside(move || chance.signing_key()).await {
            making.signer.prepared(key);
            making.subscriptions_changed.notify_one();
        }
    });
}

/// Keeps a new key in the log.
pub(super) async fn save(cloud: &Cloud) -> Result<(), AwsError> {
    let Some(key) = cloud.signer.made() else { return Ok(()) };
    if cloud.kept_signing_key().is_some() {
        return Ok(());
    }
    cloud
        .core
        .execute(|tx| {
            tx.put_doc(SIGNING_KEY, key.pkcs8());
            Ok(())
        })
        .await
}
