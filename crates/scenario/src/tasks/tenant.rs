//! Whose task it is.

use std::net::IpAddr;

use http::HeaderMap;

/// The header that names a tenant.
pub(super) const TENANT: &str = "x-tenant";
/// The header of a request that its client may repeat.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
const MAX_TENANT: usize = 64;
const MAX_KEY: usize = 255;

/// The tenant that a request names, or else the address that it comes from. An address has a prefix with a character that no
/// header's name has: nobody takes an address's place.
///
/// # Errors
/// The header isn't a name.
pub(super) fn tenant(headers: &HeaderMap, address: Option<IpAddr>) -> Result<String, String> {
    let Some(name) = one(headers, TENANT)? else {
        return Ok(address.map_or_else(|| "address:unknown".to_owned(), |address| format!("address:{address}")));
    };
    let is_decent = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=MAX_TENANT).contains(&name.len()) && name.bytes().all(is_decent) {
        Ok(name.to_owned())
    } else {
        Err(format!("X-Tenant is 1 to {MAX_TENANT} letters, digits, dots, underscores and hyphens"))
    }
}

/// The key of a request that its client may repeat: a string as structured headers have it ("The Idempotency-Key HTTP Header
/// Field", an Internet-Draft), or without its quotes, as most clients send it.
///
/// # Errors
/// The header isn't a key.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, String> {
    let Some(key) = one(headers, IDEMPOTENCY_KEY)? else { return Ok(None) };
    let inner = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    let is_decent = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if (1..=MAX_KEY).contains(&inner.len()) && inner.bytes().all(is_decent) {
        Ok(Some(inner.to_owned()))
    } else {
        Err(format!("Idempotency-Key is 1 to {MAX_KEY} printable characters, without quotes and backslashes in it"))
    }
}

/// The value of a header that comes at most once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, String> {
    let mut all = headers.get_all(name).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(format!("the header {name} comes more than once"));
    }
    value.to_str().map(Some).map_err(|_| format!("the header {name} has characters beyond ASCII"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_tenant_is_a_name_or_an_address() {
        let address: IpAddr = "10.0.0.7".parse().unwrap();
        assert_eq!(tenant(&HeaderMap::new(), Some(address)).unwrap(), "address:10.0.0.7");
        assert_eq!(tenant(&headers(TENANT, &[b"acme-1.x_Y"]), Some(address)).unwrap(), "acme-1.x_Y");
        let long = [b'a'; 65];
        for wrong in [&b""[..], b"address:10.0.0.8", b"a b", b"\xc3\xa9", b"a/b", &long] {
            assert!(tenant(&headers(TENANT, &[wrong]), Some(address)).is_err(), "{wrong:?}");
        }
        assert!(tenant(&headers(TENANT, &[b"a", b"b"]), Some(address)).is_err());
    }

    #[test]
    fn a_key_is_with_or_without_quotes() {
        let key = |value: &[u8]| idempotency_key(&headers(IDEMPOTENCY_KEY, &[value]));
        assert_eq!(key(b"\"8e03978e-40d5\"").unwrap().as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key(b"8e03978e-40d5").unwrap().as_deref(), Some("8e03978e-40d5"));
        for wrong in [&b""[..], b"\"\"", b"\"a", b"a\\b", b"\xff", &[b'k'; 256]] {
            assert!(key(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    }
}
