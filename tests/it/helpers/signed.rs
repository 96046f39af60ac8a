//! Requests as an attacker has them: signed by AWS's own library, then changed, and sent as they are.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use cloud::Access;
use cloud::Clock;
use cloud::Cloud;
use cloud::{Options, Server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::cloud::{LATE_EVENING, PATIENCE};

/// Two accounts' keys, and one whose account isn't said.
pub(crate) const KEYS: &str = "[a]\naws_access_key_id=AKIAA\naws_secret_access_key=sa\naws_account_id=111111111111\n\
                        [b]\naws_access_key_id=AKIAB\naws_secret_access_key=sb\naws_account_id=222222222222\n\
                        [d]\naws_access_key_id=AKIAD\naws_secret_access_key=sd\n";
pub(crate) const A: Key<'static> = Key { id: "AKIAA", secret: "sa", token: None };
pub(crate) const B: Key<'static> = Key { id: "AKIAB", secret: "sb", token: None };
pub(crate) const D: Key<'static> = Key { id: "AKIAD", secret: "sd", token: None };

#[derive(Clone, Copy)]
pub(crate) struct Key<'k> {
    pub id: &'k str,
    pub secret: &'k str,
    pub token: Option<&'k str>,
}

/// A server that checks signatures, at [`LATE_EVENING`].
pub(crate) struct Guarded {
    pub address: String,
    _server: Server,
    _folder: TempDir,
}

impl Guarded {
    pub(crate) async fn start() -> Self {
        let credentials = Some(cloud::Credentials::parse(KEYS).unwrap());
        Self::with(Access { credentials, ..Access::default() }).await
    }

    pub(crate) async fn with(access: Access) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, access)
    }

    /// One at an address of version 6, where this machine has one.
    pub(crate) async fn at_version_6() -> Option<Self> {
        let credentials = Some(cloud::Credentials::parse(KEYS).unwrap());
        let listener = TcpListener::bind(("::1", 0)).await.ok()?;
        Some(Self::on(listener, Access { credentials, ..Access::default() }))
    }

    fn on(listener: TcpListener, access: Access) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { clock: Clock::manual(LATE_EVENING), ..Options::new(folder.path().join("data")) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let server = Server::start(cloud, listener, access).unwrap();
        Self { address: server.address.to_string(), _server: server, _folder: folder }
    }

    pub(crate) async fn send(&self, ask: &Ask) -> String {
        send(&self.address, &ask.bytes()).await
    }

    /// The answer to a request that `key` signs in its header for `service`.
    pub(crate) async fn signed(&self, ask: &Ask, key: Key<'_>, service: &str) -> String {
        self.send(&ask.signed(key, "us-east-1", service, false)).await
    }
}

/// Sends bytes and reads until the server hangs up.
pub(crate) async fn send(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server answers or hangs up").unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split_whitespace().nth(1).unwrap_or("closed")
}

/// What stands between an XML element's tags.
pub(crate) fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let inner = answer.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inner.map_or("", |(inner, _)| inner)
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    pub method: &'static str,
    /// With its query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &'static str, target: &str) -> Self {
        let headers = vec![("host".to_owned(), "localhost".to_owned())];
        Self { method, target: target.to_owned(), headers, body: Vec::new() }
    }

    /// A call of the query protocol, in the body.
    pub(crate) fn form(body: &str) -> Self {
        Self::new("POST", "/").header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    pub(crate) fn json(target: &str, body: &str) -> Self {
        Self::new("POST", "/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.headers[0].1 = host.to_owned();
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    /// With more in its query.
    pub(crate) fn query(mut self, more: &str) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(more);
        self
    }

    /// With a text in a header replaced.
    pub(crate) fn replaced(mut self, name: &str, from: &str, to: &str) -> Self {
        for (_, value) in self.headers.iter_mut().filter(|(known, _)| known == name) {
            assert!(value.contains(from), "{name}: {value} has no {from}");
            *value = value.replace(from, to);
        }
        self
    }

    pub(crate) fn signed(&self, key: Key<'_>, region: &str, service: &str, presigned: bool) -> Self {
        let body = SignableBody::Bytes(&self.body);
        self.signed_as(key, region, service, presigned, self.is_object(service), body)
    }

    fn is_object(&self, service: &str) -> bool {
        service == "s3"
    }

    /// As [`signed`](Self::signed); `s3` says whether by S3's rules, whatever service is named, `body` what is signed of it.
    pub(crate) fn signed_as(
        &self,
        key: Key<'_>,
        region: &str,
        service: &str,
        presigned: bool,
        s3: bool,
        body: SignableBody<'_>,
    ) -> Self {
        let identity = Credentials::new(key.id, key.secret, key.token.map(str::to_owned), None, "test").into();
        let mut settings = SigningSettings::default();
        if s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(LATE_EVENING))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = format!("http://{}{}", self.headers[0].1, self.target);
        let body = if presigned && s3 { SignableBody::UnsignedPayload } else { body };
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let (instructions, _) =
            sign(SignableRequest::new(self.method, &uri, headers, body).unwrap(), &params).unwrap().into_parts();
        let mut request = http::Request::builder().method(self.method).uri(&uri).body(()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        let mut signed = self.clone();
        signed.target = request.uri().path_and_query().unwrap().to_string();
        let added = request.headers().iter();
        signed.headers.extend(added.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())));
        signed
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{} {} HTTP/1.1\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.method,
            self.target,
            self.body.len()
        );
        [head.as_bytes(), &self.body].concat()
    }
}
