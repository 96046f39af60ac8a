//! A key of our own, which signs tokens for a service that only this machine reaches.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::json;

use crate::clock;

/// The key's file in its folder.
const FILE: &str = "token-key.pem";
/// The key's size, in bits.
const BITS: usize = 2048;

/// A key pair in a folder.
pub struct OwnKey {
    private: EncodingKey,
    id: String,
    public: JwkSet,
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl OwnKey {
    /// The key of a folder; makes both where they aren't there. Blocks: a key pair takes a second of a processor.
    ///
    /// # Errors
    /// The file can't be read or written, isn't such a key, or others than its owner may read it.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let cant = |what: &str, why: String| format!("Can't {what} the key {}: {why}", path.display());
        if !path.exists() {
            make(folder, &path).map_err(|why| cant("make", why))?;
        }
        let pem = std::fs::read(&path).map_err(|error| cant("read", error.to_string()))?;
        let mode = std::fs::metadata(&path).map_err(|error| cant("read", error.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(cant("use", format!("others may read it (mode {:o}); chmod 600 it", mode & 0o777)));
        }
        Self::from_pem(&pem).map_err(|why| cant("use", why))
    }

    fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let private = EncodingKey::from_rsa_pem(pem).map_err(|error| error.to_string())?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::RS256).map_err(|error| error.to_string())?;
        let id = public.thumbprint(ThumbprintHash::SHA256);
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { private, id, public: JwkSet { keys: vec![public] } })
    }

    /// Its public half, as `/.well-known/jwks.json` shows it.
    pub fn public(&self) -> &JwkSet {
        &self.public
    }

    /// A token of an issuer for an audience, about a subject, which ends after `lifetime`.
    ///
    /// # Errors
    /// It can't be signed.
    pub fn token(&self, issuer: &str, audience: &str, subject: &str, lifetime: Duration) -> Result<String, String> {
        let now = clock::since_epoch().as_secs();
        let claims = json!({
            "iss": issuer,
            "aud": audience,
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime.as_secs(),
        });
        self.sign(&claims)
    }

    /// Signs any claims.
    pub(super) fn sign(&self, claims: &serde_json::Value) -> Result<String, String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::RS256) };
        encode(&header, claims, &self.private).map_err(|error| error.to_string())
    }
}

/// Makes a key: written beside, then put in its place by a link, which fails if another process was faster. Both then use
/// the same.
fn make(folder: &Path, path: &Path) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(text)?;
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).map_err(|error| error.to_string())?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
    let beside = folder.join(format!("{FILE}.{:016x}", rand::random::<u64>()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    let written = written.and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()));
    let linked = written.and_then(|()| std::fs::hard_link(&beside, path));
    // It is of no use any more.
    _ = std::fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(text(error)),
        _ => Ok(()),
    }
}
