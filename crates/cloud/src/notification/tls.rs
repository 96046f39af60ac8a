//! TLS to HTTPS endpoints. AWS trusts public authorities only ("Fanout Amazon SNS notifications to HTTPS endpoints").
//! This cloud trusts the authorities that this machine trusts, or those in the file that `SSL_CERT_FILE` names, so that
//! an endpoint on loopback can have a certificate.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A TLS client; the roots are read when it is first needed.
#[derive(Default)]
pub struct Tls(OnceCell<TlsConnector>);

impl Tls {
    /// Begins TLS on a connection to `host`.
    ///
    /// # Errors
    /// Why that can't be, in words for the operator.
    pub async fn connect(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let connector = self.0.get_or_try_init(load).await?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|error| format!("the URL's host can't be verified: {error}"))?;
        connector.connect(name, stream).await.map_err(|error| format!("no TLS connection: {error}"))
    }

    /// Trusts these certificates, and no others.
    #[cfg(test)]
    pub fn trust(&self, roots: Vec<rustls::pki_types::CertificateDer<'static>>) {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots);
        _ = self.0.set(connector(store).unwrap());
    }
}

async fn load() -> Result<TlsConnector, String> {
    let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
    let found = read.await.map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(format!("this machine trusts no certificates{why}"));
    }
    connector(roots)
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
