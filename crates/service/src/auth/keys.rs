//! The public keys that are trusted: a JSON Web Key Set (RFC 7517) from a file or a URL, or our own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use parking_lot::RwLock;
use reqwest::Url;
use tokio::time::Instant;

use super::Denied;
use crate::http::Dependency;

/// A key set is read up to so many bytes.
const MAX_SIZE: usize = 256 << 10;
/// Of a key set, so many keys are used.
const MAX_KEYS: usize = 100;
/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A token with an unknown key's id makes the service look for new keys, at most this often: tokens are free to make.
const AGAIN: Duration = Duration::from_secs(60);
/// After this long the keys are looked up anyway: one may have been withdrawn.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// A modulus shorter than this, in bytes, is no protection (NIST SP 800-131A), and one longer isn't supported.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(Url),
    /// They are known, and stay as they are.
    Fixed(jsonwebtoken::jwk::JwkSet),
}

impl Source {
    /// A URL if it looks like one, else a file's path.
    ///
    /// # Errors
    /// The URL isn't one, or is one of plain http beyond this machine, where anybody could put keys of their own in.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => Ok(Self::Url(url)),
            "http" if is_loopback => Ok(Self::Url(url)),
            _ => Err(format!("{text:?}: keys are taken from https only, and from http of this machine")),
        }
    }
}

/// Keys by their ids.
type Set = Vec<(Option<String>, Arc<DecodingKey>)>;

/// The keys that are trusted; what was fetched is kept.
pub struct Keys {
    source: Source,
    http: reqwest::Client,
    known: RwLock<Known>,
    /// Held while the keys are fetched.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    set: Arc<Set>,
    /// When they were fetched.
    fetched: Option<Instant>,
    /// When that was tried, and how it ended.
    tried: Option<(Instant, Result<(), String>)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys of a source, which isn't asked yet.
    ///
    /// # Errors
    /// There is no HTTP client to be had.
    pub fn new(source: Source) -> Result<Self, String> {
        // A redirect may lead anywhere, over plain http too.
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let http = http.build().map_err(|error| error.to_string())?;
        Ok(Self { source, http, known: RwLock::default(), fetching: tokio::sync::Mutex::default() })
    }

    /// Fetches them.
    ///
    /// # Errors
    /// They can't be had, or aren't such.
    pub async fn load(&self) -> Result<(), String> {
        let _fetching = self.fetching.lock().await;
        self.fetch().await
    }

    /// The key of an id. Of a token without one it is the only key there is.
    pub(super) async fn find(&self, id: Option<&str>) -> Result<Arc<DecodingKey>, Denied> {
        let (found, is_fresh) = self.look(id);
        match found {
            Some(key) if is_fresh => return Ok(key),
            // Somebody fetches already, or it failed a moment ago: the old key will do.
            Some(key) => {
                if let Ok(_fetching) = self.fetching.try_lock()
                    && self.may_fetch()
                    && self.fetch().await.is_ok()
                {
                    return self.look(id).0.ok_or_else(unknown);
                }
                return Ok(key);
            }
            None => {}
        }
        let _fetching = self.fetching.lock().await;
        if let (Some(key), _) = self.look(id) {
            return Ok(key);
        }
        if self.may_fetch() {
            // Its failure is told below.
            _ = self.fetch().await;
        }
        let failed = self.known.read().tried.clone().and_then(|(_, ended)| ended.err());
        match (self.look(id).0, failed) {
            (Some(key), _) => Ok(key),
            (None, Some(why)) => Err(Denied::Unavailable(why)),
            (None, None) => Err(unknown()),
        }
    }

    /// The key of an id as far as it is known, and whether what is known is fresh.
    fn look(&self, id: Option<&str>) -> (Option<Arc<DecodingKey>>, bool) {
        let known = self.known.read();
        let found = match id {
            Some(_) => known.set.iter().find(|(its, _)| its.as_deref() == id),
            None => known.set.first().filter(|_| known.set.len() == 1),
        };
        let is_fixed = matches!(self.source, Source::Fixed(_));
        let is_fresh = is_fixed || known.fetched.is_some_and(|when| when.elapsed() < FRESH);
        (found.map(|(_, key)| key.clone()), is_fresh)
    }

    /// Whether the last try is long ago.
    fn may_fetch(&self) -> bool {
        self.known.read().tried.as_ref().is_none_or(|(when, _)| when.elapsed() >= AGAIN)
    }

    async fn fetch(&self) -> Result<(), String> {
        let read = self.read().await;
        let mut known = self.known.write();
        let ended = read.map(|set| {
            known.set = Arc::new(set);
            known.fetched = Some(Instant::now());
        });
        known.tried = Some((Instant::now(), ended.clone()));
        ended
    }

    async fn read(&self) -> Result<Set, String> {
        match &self.source {
            Source::Fixed(keys) => Ok(usable(&keys.keys)),
            Source::File(path) => {
                let cant = |why: String| format!("Can't read the keys in {}: {why}", path.display());
                let size = tokio::fs::metadata(path).await.map_err(|error| cant(error.to_string()))?.len();
                if size > MAX_SIZE as u64 {
                    return Err(cant(format!("it has more than {MAX_SIZE} bytes")));
                }
                parse(&tokio::fs::read(path).await.map_err(|error| cant(error.to_string()))?).map_err(cant)
            }
            Source::Url(url) => {
                let cant = |why: String| format!("Can't fetch the keys of {url}: {why}");
                let answer = self.http.get(url.clone()).send().await.map_err(|error| cant(root(&error)))?;
                if !answer.status().is_success() {
                    return Err(cant(format!("the answer is {}", answer.status())));
                }
                let mut text = Vec::new();
                let mut parts = answer.bytes_stream();
                while let Some(part) = parts.next().await {
                    text.extend_from_slice(&part.map_err(|error| cant(root(&error)))?);
                    if text.len() > MAX_SIZE {
                        return Err(cant(format!("it has more than {MAX_SIZE} bytes")));
                    }
                }
                parse(&text).map_err(cant)
            }
        }
    }
}

/// `/health` asks whether there are keys.
#[async_trait]
impl Dependency for Keys {
    fn name(&self) -> &str {
        "keys"
    }

    async fn check(&self) -> Result<(), String> {
        if self.known.read().fetched.is_some() {
            return Ok(());
        }
        let _fetching = self.fetching.lock().await;
        match self.may_fetch() {
            true => self.fetch().await,
            false => self.known.read().tried.clone().map_or(Ok(()), |(_, ended)| ended),
        }
    }
}

fn unknown() -> Denied {
    Denied::Bad("The token is signed by an unknown key.".into())
}

/// The keys of a key set's text.
fn parse(text: &[u8]) -> Result<Set, String> {
    /// Each key stands for itself: one of a kind that isn't known spoils no other.
    #[derive(serde::Deserialize)]
    struct Raw {
        keys: Vec<serde_json::Value>,
    }
    let raw: Raw = serde_json::from_slice(text).map_err(|error| format!("it is no JSON Web Key Set: {error}"))?;
    let keys: Vec<Jwk> = raw.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
    let set = usable(&keys);
    if set.is_empty() {
        return Err("it has no RSA key of 2,048 to 8,192 bits that signs by RS256".into());
    }
    Ok(set)
}

/// Those that verify RS256 signatures.
fn usable(keys: &[Jwk]) -> Set {
    let usable = keys.iter().filter_map(|jwk| {
        let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else { return None };
        let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let by_rs256 = matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::RS256));
        // Base64 has four characters for three bytes.
        let is_long_enough = MODULUS.contains(&(rsa.n.trim_end_matches('=').len() * 3 / 4));
        let key = DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?;
        (signs && by_rs256 && is_long_enough).then(|| (jwk.common.key_id.clone(), Arc::new(key)))
    });
    usable.take(MAX_KEYS).collect()
}

/// The reason at the bottom of an error.
fn root(error: &reqwest::Error) -> String {
    let first: &dyn std::error::Error = error;
    std::iter::successors(Some(first), |error| error.source()).last().unwrap_or(first).to_string()
}
