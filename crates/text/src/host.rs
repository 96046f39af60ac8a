//! Hosts, as requests name the server that they are for.

use std::net::IpAddr;

/// The host of an authority, without its port: `[::1]` of `[::1]:4566`.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The IP address that a host is; version 6 stands in brackets. No page can bind such a name.
pub fn address(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether a name is this very machine's wherever it is asked for: `localhost`, and what ends with it. Source: RFC 6761, section 6.3.
pub fn is_loopback_name(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_they_stand_in_requests() {
        for (authority, host) in [
            ("localhost:4566", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(host_of(authority), host);
        }
        assert!(address("[::1]").is_some_and(|it| it.is_loopback()) && address("10.0.0.7").is_some());
        assert_eq!(address("127.0.0.1.evil.example"), None);
        for name in ["localhost", "LOCALHOST", "sqs.us-east-1.localhost"] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["localhost.evil.example", "evillocalhost", "localhost.", ""] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}
