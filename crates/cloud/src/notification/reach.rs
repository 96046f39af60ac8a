//! Which endpoints the server posts to: those on this machine, but never its own address, and none at all where people who
//! don't use this machine can ask for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use http::Uri;

/// Which endpoints the server posts to; known once it listens.
#[derive(Debug, Default)]
pub struct Reach(OnceLock<Listens>);

#[derive(Debug, Clone, Copy)]
struct Listens {
    address: SocketAddr,
    /// People who don't use this machine can reach the server, or have a key to it.
    strangers: bool,
    /// The operator lets them have messages posted to this machine all the same.
    allowed: bool,
}

impl Reach {
    /// Notes that the server listens on `address`. If it `asks_for_keys`, whoever has a key may ask, who need not be a
    /// user of this machine. `allowed`: they may have messages posted to this machine all the same.
    pub fn opened(&self, address: SocketAddr, asks_for_keys: bool, allowed: bool) {
        let strangers = !address.ip().is_loopback() || asks_for_keys;
        _ = self.0.set(Listens { address, strangers, allowed });
    }

    /// Why the server posts nothing to an endpoint, whoever asks for it. `None` also for an endpoint on another machine,
    /// which the post itself refuses.
    pub fn refuses(&self, endpoint: &Uri) -> Option<&'static str> {
        let listens = self.0.get()?;
        if listens.strangers && !listens.allowed {
            return Some(
                "others than this machine's users can reach this server, and http and https endpoints would lead them to \
                 whatever listens on its loopback address: the server posts to none unless it is started with \
                 --deliver-to-loopback",
            );
        }
        // Whatever form of loopback it is: the port is the server's.
        let (_, port) = target(endpoint)?;
        (port == listens.address.port())
            .then_some("the endpoint is this server itself, which would be sent its own messages for ever")
    }

    /// What a notice says of a failure. Everybody who can reach the server can read the notices. Where those are not only
    /// this machine's users, the reason is left out: it would tell them what listens on which port.
    pub fn told<'r>(&self, reason: &'r str) -> &'r str {
        let posted = self.0.get().is_some_and(|listens| listens.strangers && listens.allowed);
        if posted { "the endpoint did not take it" } else { reason }
    }
}

/// The addresses and the port on this machine that a URL leads to; `None` if it leads elsewhere.
pub(crate) fn target(url: &Uri) -> Option<(Vec<IpAddr>, u16)> {
    let authority = url.authority()?;
    let port = authority.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
    Some((loopback(authority.host())?, port))
}

/// The addresses of a host on this machine; `None` for any other.
fn loopback(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    address.is_loopback().then(|| vec![address])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine() {
        for host in ["localhost", "api.localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(loopback(host).is_some(), "{host}");
        }
        for host in ["example.com", "10.0.0.1", "localhost.example.com", "0.0.0.0", "[::ffff:10.0.0.1]", "[::]"] {
            assert!(loopback(host).is_none(), "{host}");
        }
    }

    #[test]
    fn never_the_server_itself_and_none_for_strangers() {
        let refuses = |listens: &str, deliver_to_loopback: bool, endpoint: &str| {
            let reach = Reach::default();
            reach.opened(listens.parse().unwrap(), false, deliver_to_loopback);
            reach.refuses(&endpoint.parse().unwrap()).is_some()
        };
        for listens in ["127.0.0.1:4566", "[::1]:4566", "0.0.0.0:4566", "192.168.1.5:4566"] {
            for host in ["127.0.0.1", "127.8.8.8", "[::1]", "localhost", "a.localhost", "u:p@127.0.0.1"] {
                assert!(refuses(listens, true, &format!("http://{host}:4566/?Action=Publish")), "{listens} {host}");
                assert!(!refuses(listens, true, &format!("http://{host}:4567/")), "{listens} {host}");
            }
        }
        assert!(refuses("127.0.0.1:80", false, "http://localhost"));
        assert!(!refuses("127.0.0.1:80", false, "https://localhost"));
        assert!(!refuses("127.0.0.1:4566", false, "http://127.0.0.1:1/"));
        assert!(refuses("0.0.0.0:4566", false, "http://127.0.0.1:1/"));
    }
}
