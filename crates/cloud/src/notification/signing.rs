//! The key that signs notifications and the certificate that verifies them: made once per data folder.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parking_lot::Mutex;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::CryptoRngCore;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha2::{Digest, Sha256};
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::asn1::GeneralizedTime;
use x509_cert::der::{DateTime, Encode};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

use engine::{Engine, Seq};
use wire::AwsError;

/// As AWS's keys.
const SIZE: KeySize = KeySize::Rsa2048;
const BITS: usize = 2048;
/// Signatures kept, so that a notification to many queues is signed once.
const KEPT: usize = 4096;

/// How a topic's notifications are signed: its attribute `SignatureVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// SHA1withRSA
    One,
    /// SHA256withRSA
    Two,
}

impl Version {
    /// What a topic's notifications are signed with.
    pub fn of(engine: &Engine, topic_arn: &str) -> Self {
        let set = engine.topic_by_arn(topic_arn).and_then(|topic| topic.config.attributes.get("SignatureVersion"));
        if set.is_some_and(|version| version == "2") { Version::Two } else { Version::One }
    }

    /// What stands in the message.
    pub fn number(self) -> &'static str {
        match self {
            Version::One => "1",
            Version::Two => "2",
        }
    }
}

/// Signs. The key is made when it is first needed, which takes a moment.
#[derive(Default)]
pub struct Signer {
    key: OnceLock<Result<Key, String>>,
    preparing: AtomicBool,
    /// By payload, body and version.
    cache: Mutex<HashMap<(Seq, u8, Version), String>>,
}

/// A key pair and its certificate.
pub struct Key {
    sha1: SigningKey<sha1::Sha1>,
    sha256: SigningKey<Sha256>,
    pkcs8: Vec<u8>,
    name: String,
    pem: String,
}

impl Signer {
    /// The key: the one that was `had` first.
    pub fn key(&self, had: impl FnOnce() -> Result<Key, String>) -> Result<&Key, AwsError> {
        self.key.get_or_init(had).as_ref().map_err(|error| AwsError::internal(format!("no key to sign with: {error}")))
    }

    /// The key if there is one already.
    pub fn made(&self) -> Option<&Key> {
        self.key.get()?.as_ref().ok()
    }

    /// Whether the caller is the first who wants to make the key before it is needed.
    pub fn begins_to_prepare(&self) -> bool {
        self.key.get().is_none() && !self.preparing.swap(true, Ordering::Relaxed)
    }

    /// Takes a key that was made meanwhile, unless there is one.
    pub fn prepared(&self, key: Result<Key, String>) {
        self.key.get_or_init(|| key);
    }

    /// The signature of a notification's canonical text, in base64. `of` names it for the cache.
    pub fn sign(
        &self,
        key: &Key,
        of: (Seq, u8, Version),
        canonical: impl FnOnce() -> String,
    ) -> Result<String, AwsError> {
        if let Some(signature) = self.cache.lock().get(&of) {
            return Ok(signature.clone());
        }
        let signature = key.sign(of.2, &canonical())?;
        let mut cache = self.cache.lock();
        if cache.len() >= KEPT {
            cache.clear();
        }
        cache.insert(of, signature.clone());
        Ok(signature)
    }
}

impl Key {
    /// A new key. It takes a moment: its primes are looked for by AWS-LC, whose C and assembler are as fast in somebody's debug
    /// build; `rsa`, which signs by SHA-1 too, took ten seconds there.
    pub fn make() -> Result<Key, String> {
        let made = KeyPair::generate(SIZE).and_then(|pair| AsDer::<Pkcs8V1Der<'_>>::as_der(&pair));
        let made = made.map_err(|_| "AWS-LC made none".to_owned())?;
        Self::of(made.as_ref())
    }

    /// A new key by somebody's own chance, which AWS-LC doesn't ask.
    pub fn make_by(chance: &mut impl CryptoRngCore) -> Result<Key, String> {
        RsaPrivateKey::new(chance, BITS).map_err(|error| error.to_string()).and_then(Key::new)
    }

    /// The key that was kept so, PKCS #8.
    pub fn of(pkcs8: &[u8]) -> Result<Key, String> {
        RsaPrivateKey::from_pkcs8_der(pkcs8).map_err(|error| error.to_string()).and_then(Key::new)
    }

    fn new(key: RsaPrivateKey) -> Result<Key, String> {
        let pkcs8 = key.to_pkcs8_der().map_err(|error| error.to_string())?.as_bytes().to_vec();
        let sha256 = SigningKey::<Sha256>::new(key.clone());
        let certificate = certificate(&key, &sha256).map_err(|error| error.to_string())?;
        let name = hex::encode(&Sha256::digest(&certificate)[..16]);
        Ok(Key { sha1: SigningKey::new(key), sha256, pkcs8, name, pem: pem(&certificate) })
    }

    /// The signature of a text, in base64.
    pub fn sign(&self, version: Version, text: &str) -> Result<String, AwsError> {
        let signature = match version {
            Version::One => self.sha1.try_sign(text.as_bytes()),
            Version::Two => self.sha256.try_sign(text.as_bytes()),
        };
        Ok(BASE64.encode(signature.map_err(|error| AwsError::internal(error.to_string()))?.to_bytes()))
    }

    /// The key as it is kept.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// 32 hex digits: the part of the certificate's name that tells it from others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The certificate that verifies what the key signs, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// A certificate that the key itself signs, DER. It follows from the key alone, so it needs no place in the log.
fn certificate(key: &RsaPrivateKey, signer: &SigningKey<Sha256>) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let public = key.to_public_key().to_public_key_der()?;
    let serial = Sha256::digest(public.as_bytes());
    let mut serial: [u8; 8] = serial[..8].try_into()?;
    serial[0] = serial[0] & 0x7f | 0x40; // positive, and never shortened
    let at = |year| -> Result<_, Box<dyn std::error::Error>> {
        Ok(GeneralizedTime::from_date_time(DateTime::new(year, 1, 1, 0, 0, 0)?).into())
    };
    let validity = Validity { not_before: at(2000)?, not_after: at(2100)? };
    let subject: Name = "CN=sns.amazonaws.com,O=messaging embedded cloud".parse()?;
    let builder = CertificateBuilder::new(
        Profile::Root,
        SerialNumber::new(&serial)?,
        validity,
        subject,
        SubjectPublicKeyInfoOwned::try_from(public.as_bytes())?,
        signer,
    )?;
    Ok(builder.build::<Signature>()?.to_der()?)
}

/// A certificate as text.
pub(crate) fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = String::with_capacity(text.len() + 100);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs1v15::VerifyingKey;
    use rsa::pkcs8::DecodePublicKey;
    use rsa::signature::Verifier;
    use x509_cert::Certificate;
    use x509_cert::der::Decode;

    #[test]
    fn the_certificate_verifies_both_versions() {
        let key = Key::new(RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap()).unwrap();
        let base64: String = key.pem.lines().filter(|line| !line.starts_with('-')).collect();
        let certificate = Certificate::from_der(&BASE64.decode(base64).unwrap()).unwrap();
        let public = certificate.tbs_certificate.subject_public_key_info.to_der().unwrap();
        let public = rsa::RsaPublicKey::from_public_key_der(&public).unwrap();
        let one = key.sha1.try_sign(b"text").unwrap();
        let two = key.sha256.try_sign(b"text").unwrap();
        assert!(VerifyingKey::<sha1::Sha1>::new(public.clone()).verify(b"text", &one).is_ok());
        let verifier = VerifyingKey::<Sha256>::new(public);
        assert!(verifier.verify(b"text", &two).is_ok() && verifier.verify(b"texT", &two).is_err());
        // It signs itself.
        let signed = certificate.tbs_certificate.to_der().unwrap();
        let signature = Signature::try_from(certificate.signature.as_bytes().unwrap()).unwrap();
        assert!(verifier.verify(&signed, &signature).is_ok());
        // The same key makes the same certificate again, so its name stays.
        let again = Key::new(RsaPrivateKey::from_pkcs8_der(&key.pkcs8).unwrap()).unwrap();
        assert_eq!((again.name, again.pem), (key.name, key.pem));
    }
}
