//! The certificate authority of a cloud: made when it is first needed, and kept in the log as the key of SNS's signatures is.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;

use super::clock::wall;
use super::cloud::Cloud;
use crate::authority::Authority;
use crate::folder::Home;
use crate::turns::aside;
use wire::AwsError;

/// The document that holds the authority's key and certificate.
pub(crate) const AUTHORITY: &str = "tls/authority";

impl Cloud {
    /// The authority. Its certificate then lies in the data folder as well.
    ///
    /// # Errors
    /// The log takes no new one.
    pub async fn authority(self: &Arc<Self>) -> Result<&Authority, AwsError> {
        self.authority.get_or_try_init(|| self.open_authority()).await
    }

    async fn open_authority(self: &Arc<Self>) -> Result<Authority, AwsError> {
        let failed = |why: String| AwsError::internal(format!("no certificate authority: {why}"));
        let kept = self.core.read(|engine, _| engine.doc(AUTHORITY).cloned());
        let authority = match kept {
            Some(kept) => Authority::of(&kept).map_err(failed)?,
            None => {
                let authority = Authority::make().map_err(failed)?;
                let document = authority.to_keep().map_err(failed)?;
                self.core
                    .execute(|tx| {
                        tx.put_doc(AUTHORITY, &document);
                        Ok(())
                    })
                    .await?;
                authority
            }
        };
        let (cloud, pem) = (self.clone(), authority.pem().to_owned());
        let written = aside(move || match cloud.home() {
            Some(Home::Kept(folder)) => folder.keep_certificate(&pem),
            _ => Ok(()),
        });
        if let Ok(Err(error)) = written.await {
            self.notice(&format!("the certificate to trust can't be written into the data folder: {error}"));
        }
        Ok(authority)
    }

    /// What a handshake goes by with a client that asked for `name`, or else for the server's `address`. `None`, with a notice,
    /// when there is nothing to show.
    pub async fn certificate_for(self: &Arc<Self>, name: Option<&str>, address: IpAddr) -> Option<Arc<ServerConfig>> {
        // Clients look at the wall's clock, also where the cloud's stands still.
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(wall());
        let config = match self.authority().await {
            Ok(authority) => authority.config(name, address, now),
            Err(error) => Err(error.message),
        };
        config.inspect_err(|why| self.notice(&format!("no TLS connection can be taken: {why}"))).ok()
    }
}
