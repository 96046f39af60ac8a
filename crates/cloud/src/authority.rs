//! The certificate authority of a data folder, and the certificates that the server shows with it.
//!
//! Clients trust the authority's certificate once. The server then shows each of them a certificate for the name that it asked
//! for, made at that moment: of whatever name the server may be called by. Keys are of P-256, which takes no time to make.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use crate::notification::signing::pem;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A certificate is good for so long from the day before it was made: clients refuse one of more than 398 days.
/// Source: "Baseline Requirements for TLS Server Certificates" (CA/Browser Forum), 6.3.2.
const VALIDITY: Duration = Duration::from_secs(396 * 24 * 60 * 60);
/// After so long another is made.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Names whose certificates are kept: clients choose them.
const KEPT: usize = 256;
/// The longest common name, in characters. Source: RFC 5280, ub-common-name.
const LONGEST_NAME: usize = 64;
const ORGANIZATION: &str = "messaging embedded cloud";

/// What makes certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// DER.
    certificate: Vec<u8>,
    pem: String,
    /// The key of the certificates that are shown.
    key: KeyPair,
    provider: Arc<CryptoProvider>,
    shown: Mutex<HashMap<String, Shown>>,
}

/// A certificate that is shown, ready for a handshake.
struct Shown {
    made: SystemTime,
    config: Arc<ServerConfig>,
}

impl Authority {
    /// A new one.
    pub fn make() -> Result<Authority, String> {
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params_of(&key).self_signed(&key).map_err(failed)?;
        Self::new(key, certificate.der().to_vec())
    }

    /// The one whose key (PKCS #8) and certificate (DER) were kept.
    pub fn of(kept: &[u8]) -> Result<Authority, String> {
        let (key, certificate): (Vec<u8>, Vec<u8>) = postcard::from_bytes(kept).map_err(failed)?;
        Self::new(KeyPair::try_from(key).map_err(failed)?, certificate)
    }

    fn new(key: KeyPair, certificate: Vec<u8>) -> Result<Authority, String> {
        Ok(Authority {
            pem: pem(&certificate),
            certificate,
            issuer: Issuer::new(params_of(&key), key),
            key: KeyPair::generate().map_err(failed)?,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            shown: Mutex::default(),
        })
    }

    /// Key and certificate as they are kept.
    pub fn to_keep(&self) -> Result<Vec<u8>, String> {
        postcard::to_stdvec(&(self.issuer.key().serialized_der(), &self.certificate)).map_err(failed)
    }

    /// The certificate that clients trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a handshake goes by with a client that asked for `name`, or else for the server's own `address`.
    ///
    /// # Errors
    /// In words, when there is no certificate to be had for it.
    pub fn config(&self, name: Option<&str>, address: IpAddr, now: SystemTime) -> Result<Arc<ServerConfig>, String> {
        let key = name.map_or_else(|| address.to_string(), str::to_ascii_lowercase);
        let is_new = |made: SystemTime| now.duration_since(made).is_ok_and(|age| age < RENEWAL);
        let mut shown = self.shown.lock();
        if let Some(found) = shown.get(&key).filter(|found| is_new(found.made)) {
            return Ok(found.config.clone());
        }
        let names = match name {
            Some(_) => vec![dns(&key)?],
            None => own_names(address)?,
        };
        let config = Arc::new(self.config_for(&key, names, now)?);
        if shown.len() >= KEPT {
            shown.clear();
        }
        shown.insert(key, Shown { made: now, config: config.clone() });
        Ok(config)
    }

    fn config_for(&self, subject: &str, names: Vec<SanType>, now: SystemTime) -> Result<ServerConfig, String> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.distinguished_name = distinguished(&subject.chars().take(LONGEST_NAME).collect::<String>());
        params.not_before = (now - DAY).into();
        params.not_after = (now - DAY + VALIDITY).into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Python 3.13 wants it: "ssl.VERIFY_X509_STRICT".
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&self.key, &self.issuer).map_err(failed)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The authority's own certificate. Its name tells it from that of another folder.
fn params_of(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id = hex::encode(&Sha256::digest(key.public_key_raw())[..4]);
    params.distinguished_name = distinguished(&format!("messaging local authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished.push(DnType::OrganizationName, ORGANIZATION);
    distinguished
}

/// What a client asks for that names no host: one that goes to an address.
fn own_names(address: IpAddr) -> Result<Vec<SanType>, String> {
    let mut names = vec![
        dns("localhost")?,
        SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
        SanType::IpAddress(Ipv6Addr::LOCALHOST.into()),
    ];
    let own = SanType::IpAddress(address.to_canonical());
    if !names.contains(&own) {
        names.push(own);
    }
    Ok(names)
}

fn dns(name: &str) -> Result<SanType, String> {
    Ok(SanType::DnsName(name.try_into().map_err(failed)?))
}

fn failed(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[expect(clippy::disallowed_methods, reason = "the client of these tests looks at it as well")]
    fn now() -> SystemTime {
        SystemTime::now()
    }

    /// Whether a client that trusts the authority shakes hands with a server at `address`, as it calls it `name`.
    async fn trusts(authority: &Authority, name: &str, address: IpAddr, made: SystemTime) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.clone().into()).unwrap();
        let builder = ClientConfig::builder_with_provider(authority.provider.clone());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let client = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let asked = match &name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        };
        let config = authority.config(asked.as_deref(), address, made).unwrap();
        let (here, there) = tokio::io::duplex(1 << 16);
        let accepted = tokio::spawn(TlsAcceptor::from(config).accept(there));
        let connected = TlsConnector::from(client).connect(name, here).await.is_ok();
        _ = accepted.await.unwrap();
        connected
    }

    #[tokio::test]
    async fn whoever_trusts_the_authority_trusts_the_server_by_each_of_its_names() {
        let made = Authority::make().unwrap();
        let kept = Authority::of(&made.to_keep().unwrap()).unwrap();
        assert_eq!(made.pem(), kept.pem());
        let now = now();
        for authority in [&made, &kept] {
            for name in ["localhost", "b.s3.localhost", "sns.us-east-1.amazonaws.com", "127.0.0.1", "::1"] {
                assert!(trusts(authority, name, HERE, now).await, "{name}");
            }
            assert!(trusts(authority, "192.0.2.7", [192, 0, 2, 7].into(), now).await);
            assert!(!trusts(authority, "192.0.2.8", [192, 0, 2, 7].into(), now).await);
        }
        assert!(made.config(Some("nö.localhost"), HERE, now).is_err());
        let other = Authority::make().unwrap();
        assert_ne!(other.pem(), made.pem());
    }

    /// A server that ran for a year would have shown what nobody takes any more.
    #[tokio::test]
    async fn a_certificate_is_made_anew_long_before_it_ends() {
        let authority = Authority::make().unwrap();
        let now = now();
        let (old, older) = (now - 390 * DAY, now - 400 * DAY);
        assert!(trusts(&authority, "old.localhost", HERE, old).await);
        assert!(!trusts(&authority, "older.localhost", HERE, older).await);
        assert!(trusts(&authority, "older.localhost", HERE, now).await, "another was made");
        let first = authority.config(Some("localhost"), HERE, now).unwrap();
        assert!(Arc::ptr_eq(&first, &authority.config(Some("LOCALHOST"), HERE, now + 29 * DAY).unwrap()));
        assert!(!Arc::ptr_eq(&first, &authority.config(Some("localhost"), HERE, now + 31 * DAY).unwrap()));
        // A clock that was set back: the certificate would not be good yet.
        assert!(!Arc::ptr_eq(&first, &authority.config(Some("localhost"), HERE, now - 31 * DAY).unwrap()));
    }

    #[test]
    fn names_that_clients_choose_fill_no_memory() {
        let authority = Authority::make().unwrap();
        for number in 0..3 * KEPT {
            authority.config(Some(&format!("b{number}.localhost")), HERE, now()).unwrap();
        }
        assert!(authority.shown.lock().len() <= KEPT);
    }
}
