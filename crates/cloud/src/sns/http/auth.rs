//! The user and password in an HTTPS endpoint's URL. They are sent when the endpoint asks for them: Basic and Digest of
//! RFC 2617 ("Fanout Amazon SNS notifications to HTTPS endpoints").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http::uri::Authority;
use percent_encoding::percent_decode_str;

use wire::digest;

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    name: String,
    password: String,
}

impl User {
    /// The user and password that stand before the `@` of a URL, if any do.
    pub(super) fn of(authority: &Authority) -> Option<Self> {
        let (user, _) = authority.as_str().rsplit_once('@')?;
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(Self { name: decoded(name), password: decoded(password) })
    }

    /// The `Authorization` header that answers the challenge of a refusal; `None` if the challenge is of another kind.
    /// `once` is a text that is never used again.
    pub(super) fn answer(&self, challenges: &HeaderMap, path: &str, once: &str) -> Option<String> {
        let challenges: Vec<&str> =
            challenges.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
        let of = |scheme: &str| {
            let is = |text: &&&str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
            challenges.iter().find(is).map(|text| text[scheme.len()..].trim())
        };
        match (of("digest"), of("basic")) {
            (Some(challenge), _) => self.digest(challenge, path, once),
            (None, Some(_)) => Some(format!("Basic {}", BASE64.encode(format!("{}:{}", self.name, self.password)))),
            (None, None) => None,
        }
    }

    fn digest(&self, challenge: &str, path: &str, once: &str) -> Option<String> {
        let given = parameters(challenge);
        let get = |name: &str| given.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        if get("algorithm").is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("MD5")) {
            return None;
        }
        let (realm, nonce) = (get("realm")?, get("nonce")?);
        let User { name, password } = self;
        let (who, what) = (hash(&format!("{name}:{realm}:{password}")), hash(&format!("POST:{path}")));
        let mut answer = format!(r#"Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{path}", "#);
        match get("qop") {
            None => answer.push_str(&format!(r#"response="{}""#, hash(&format!("{who}:{nonce}:{what}")))),
            Some(qop) if qop.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => {
                let response = hash(&format!("{who}:{nonce}:00000001:{once}:auth:{what}"));
                answer.push_str(&format!(r#"qop=auth, nc=00000001, cnonce="{once}", response="{response}""#));
            }
            Some(_) => return None,
        }
        if let Some(opaque) = get("opaque") {
            answer.push_str(&format!(r#", opaque="{opaque}""#));
        }
        Some(answer)
    }
}

fn hash(text: &str) -> String {
    digest::md5(text)
}

/// `name=value, name="value"`; what is malformed is left out.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name.trim_matches([',', ' ', '\t']).to_owned(), value.trim().to_owned()));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(challenge: &'static str) -> Option<String> {
        let user = User::of(&"Mufasa:Circle%20Of%20Life@h".parse().unwrap()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
        user.answer(&headers, "/dir/index.html", "0a4f113b")
    }

    #[test]
    fn who_asks_is_answered_in_its_scheme() {
        let basic = Some("Basic TXVmYXNhOkNpcmNsZSBPZiBMaWZl".to_owned());
        assert_eq!(answer(r#"basic realm="x""#), basic);
        // RFC 2617, section 3.5, with POST for GET.
        let digest = answer(
            r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
        )
        .unwrap();
        let who = "939e7578ed9e3c518a452acee763bce9";
        let what = hash("POST:/dir/index.html");
        let response = hash(&format!("{who}:dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:{what}"));
        assert!(digest.contains(&format!(r#"response="{response}""#)), "{digest}");
        assert!(digest.ends_with(r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#), "{digest}");
        let plain = hash(&format!("{}:n:{what}", hash("Mufasa:r:Circle Of Life")));
        assert!(answer(r#"Digest realm=r, nonce=n"#).unwrap().ends_with(&format!(r#"response="{plain}""#)));
        for other in ["Bearer", r#"Digest realm="r""#, r#"Digest realm=r, nonce=n, algorithm=SHA-256"#, "Digest ="] {
            assert_eq!(answer(other), None, "{other}");
        }
        assert_eq!(User::of(&"host:80".parse().unwrap()), None);
    }
}
