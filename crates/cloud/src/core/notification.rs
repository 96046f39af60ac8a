//! The documents that SNS delivers, for what the cloud knows: the topic's settings, the key, the server's address.

use std::sync::Arc;

use engine::change::Sent;
use wire::AwsError;

use super::cloud::Cloud;
use crate::notification::envelope::{self, Head, Signature};
use crate::notification::signing::{Key, Version};

/// The document that holds the key that signs notifications, PKCS #8.
pub(crate) const SIGNING_KEY: &str = "sns/signing-key";

impl Cloud {
    /// The JSON document for the delivery `index` of a message that came by a topic, to a subscription that doesn't deliver
    /// raw.
    pub fn render_notification(&self, sent: &Sent<'_>, index: u16) -> Result<String, AwsError> {
        let head = self.core.read(|engine, _| Head::of(engine, sent, index))?;
        envelope::render(sent, index, &head, &self.url(), |version, body, canonical| {
            let key = self.signing_key()?;
            let text = self.signer.sign(key, (sent.seq, body, version), canonical)?;
            Ok(Signature { text, certificate_url: self.certificate_url(key) })
        })
    }

    /// The key that signs; the first who asks waits until it is made.
    pub fn signing_key(&self) -> Result<&Key, AwsError> {
        let mut made = false;
        let key = self.signer.key(|| match self.kept_signing_key() {
            Some(kept) => Key::of(&kept),
            None => {
                made = true;
                self.core.chance().signing_key()
            }
        });
        if made {
            // Now, not before: whoever is to keep it finds it.
            self.subscriptions_changed.notify_one();
        }
        key
    }

    /// The key in the log, PKCS #8.
    pub fn kept_signing_key(&self) -> Option<Arc<[u8]>> {
        self.core.read(|engine, _| engine.doc(SIGNING_KEY).cloned())
    }

    /// The signature of a text that comes once, and where the certificate is that verifies it.
    pub fn sign_text(&self, version: Version, text: &str) -> Result<Signature, AwsError> {
        let key = self.signing_key()?;
        Ok(Signature { text: key.sign(version, text)?, certificate_url: self.certificate_url(key) })
    }

    /// The certificate, PEM, if `path` is where it is.
    pub fn certificate(&self, path: &str) -> Option<String> {
        let name = path.strip_prefix("/SimpleNotificationService-")?.strip_suffix(".pem")?;
        self.signing_key().ok().filter(|key| key.name() == name).map(|key| key.pem().to_owned())
    }

    /// By https, as on AWS: whoever checks signatures wants that, and TLS is spoken on the same port.
    fn certificate_url(&self, key: &Key) -> String {
        let url = self.url();
        let authority = url.split_once("://").map_or(&*url, |(_, authority)| authority);
        format!("https://{authority}/SimpleNotificationService-{}.pem", key.name())
    }
}
