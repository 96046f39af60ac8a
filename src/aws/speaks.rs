//! What speaks at an address: asked when a request there failed, so that the user is told of a wrong scheme.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::exit::{Exit, Failure};

/// How long one look may take: to connect, and until an answer begins.
const PATIENCE: Duration = Duration::from_secs(1);
/// How a record of TLS begins: a handshake's and an alert's, of version 3.x (RFC 8446, 5.1).
const TLS: [[u8; 2]; 2] = [[0x16, 3], [0x15, 3]];
const HTTP: &[u8] = b"HTTP/";
/// A plain request that any HTTP server answers.
const REQUEST: &[u8] = b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n";

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    Http,
    Tls,
    Other,
}

/// The failure, if a server at `endpoint` speaks the other of `http` and `https`. It waits for two seconds at most.
pub(super) fn wrong_scheme(endpoint: &str) -> Option<Failure> {
    let uri: http::Uri = endpoint.parse().ok()?;
    let (asked, other) = match (uri.scheme_str()?, listen(&uri)?) {
        (_, Speech::Other) => return Some(no_aws(endpoint, "it speaks neither http nor https")),
        ("https", Speech::Http) => ("https", "http"),
        ("http", Speech::Tls) => ("http", "https"),
        _ => return None,
    };
    let address = endpoint.strip_prefix(asked)?;
    Some(
        Failure::usage(format!("{endpoint} speaks {other}, not {asked}"))
            .why(format!("a server listens there, and what it speaks is {other}"))
            .help(format!("Say {other}{address}.")),
    )
}

/// What the server of an address speaks, if it says anything. It is spoken to as it was meant to be first: a port may speak
/// both, and whoever only was slow to answer speaks what it should.
fn listen(uri: &http::Uri) -> Option<Speech> {
    let hello = hello();
    let plain = uri.scheme_str() == Some("http");
    let words = if plain { [REQUEST, &hello] } else { [&hello, REQUEST] };
    let mut other = None;
    for (n, words) in words.into_iter().enumerate() {
        match say(uri, words)? {
            Answer::None if plain && n == 0 => return None,
            Answer::None => {}
            Answer::Begins(answer) if TLS.iter().any(|begin| answer.starts_with(begin)) => return Some(Speech::Tls),
            Answer::Begins(answer) if answer.starts_with(HTTP) => return Some(Speech::Http),
            Answer::Begins(answer) if answer.is_empty() => {}
            Answer::Begins(_) => other = Some(Speech::Other),
        }
    }
    other
}

/// What comes back.
enum Answer {
    /// So it begins; it is empty where the connection was closed.
    Begins(Vec<u8>),
    /// Nothing in time.
    None,
}

/// How a server's answer to `words` begins.
fn say(uri: &http::Uri, words: &[u8]) -> Option<Answer> {
    let host = uri.host()?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let address = (host, port).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(words).ok()?;
    let mut answer = vec![0; HTTP.len()];
    let mut read = 0;
    while read < answer.len() {
        match stream.read(&mut answer[read..]) {
            Err(error) if read == 0 && [WouldBlock, TimedOut].contains(&error.kind()) => return Some(Answer::None),
            Ok(0) | Err(_) => break,
            Ok(n) => read += n,
        }
    }
    answer.truncate(read);
    Some(Answer::Begins(answer))
}

/// The first words of TLS 1.2, as short as they may be (RFC 5246, 7.4.1.2): any server of TLS answers, if by an alert.
fn hello() -> Vec<u8> {
    const SUITES: [u8; 6] = [0x13, 0x01, 0xc0, 0x2f, 0xc0, 0x30];
    let mut body = vec![3, 3];
    body.extend([0x5a; 32]);
    body.extend([0, 0, SUITES.len() as u8]);
    body.extend(SUITES);
    body.extend([1, 0]);
    let length = body.len() as u8;
    [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// Something answers at `endpoint`, but not as AWS does: `why` says how.
pub(super) fn no_aws(endpoint: &str, why: &str) -> Failure {
    Failure::new(format!("Something answers at {endpoint}, but it is no AWS endpoint"))
        .exit(Exit::Failed)
        .why(why)
        .help(
            "See what listens there. `messaging local --addr` and --endpoint-url choose another port, and so does \
             AWS_ENDPOINT_URL.",
        )
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that answers so to each of its first two connections.
    fn server(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(2) {
                let mut stream = stream.unwrap();
                _ = stream.read(&mut [0; 512]);
                _ = stream.write_all(answer);
            }
        });
        address
    }

    /// Nothing answers, it said of a port where a mail server did.
    #[test]
    fn what_speaks_neither_is_told() {
        let endpoint = format!("http://{}", server(b"220 mail ready\r\n"));
        let failure = wrong_scheme(&endpoint).map(|failure| failure.to_string()).unwrap();
        assert!(failure.starts_with("Something answers at"), "{failure}");
    }

    /// `messaging local` speaks both on its port: one that was slow to answer was told to speak https only.
    #[test]
    fn a_port_that_speaks_both_speaks_what_is_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut words) = (stream.unwrap(), [0; 512]);
                _ = stream.read(&mut words);
                let answer: &[u8] =
                    if words[0] == 0x16 { &[0x16, 3, 3, 0, 80, 2, 0, 0] } else { b"HTTP/1.1 200 OK\r\n\r\n" };
                _ = stream.write_all(answer);
            }
        });
        for scheme in ["http", "https"] {
            assert!(wrong_scheme(&format!("{scheme}://{address}")).is_none(), "{scheme}");
        }
    }

    #[test]
    fn a_server_says_what_it_speaks() {
        let table: [(&[u8], &str, Option<&str>); 5] = [
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "https", Some("speaks http, not https")),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http", None),
            (&[0x15, 3, 3, 0, 2, 2, 40], "http", Some("speaks https, not http")),
            (&[0x16, 3, 3, 0, 80, 2], "https", None),
            (b"", "https", None),
        ];
        for (answer, scheme, told) in table {
            let endpoint = format!("{scheme}://{}", server(answer));
            let failure = wrong_scheme(&endpoint).map(|failure| failure.to_string());
            assert_eq!(failure, told.map(|told| format!("{endpoint} {told}")), "{answer:?}");
        }
    }
}
