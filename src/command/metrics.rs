//! `--metrics ADDR`: tells Prometheus how a run goes, as long as it goes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::exit::Failure;
use crate::ui::Ui;
use text::host::{self, host_of, is_loopback_name};

/// How many may ask at once, how long each may take, and how long its request's head may be.
const MOST: usize = 16;
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 8 << 10;

/// Where Prometheus may ask.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MetricsArgs {
    /// Tell Prometheus how it goes while it runs, at http://ADDR/metrics: an address like 127.0.0.1:9464, or only a port, which is then
    /// one of this machine's loopback; port 0 is any free one.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub metrics: Option<SocketAddr>,
}

/// An address with a port; a port alone is one of the loopback address.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|_| text.parse())
        .map_err(|_| "an address like 127.0.0.1:9464, or a port like 9464, is needed".to_owned())
}

/// A port that is taken, and on which nobody is answered yet.
pub(super) struct Metrics(TcpListener);

/// Answers until it is dropped.
pub(super) struct Telling(JoinHandle<()>);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl MetricsArgs {
    /// Takes the port, if one is wanted. What can't be had is refused before anything is done.
    pub(super) async fn listen(&self) -> Result<Option<Metrics>, Failure> {
        let Some(address) = self.metrics else { return Ok(None) };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::new(format!("Can't listen on {address} for --metrics"))
                .why(error)
                .help("Stop what listens there, or choose another address; port 0 is any free one.")
        })?;
        Ok(Some(Metrics(listener)))
    }
}

impl Metrics {
    /// Says where to ask, and answers with what `told` says then.
    pub(super) fn tell(self, ui: &Ui, told: impl Fn() -> String + Send + Sync + 'static) -> Telling {
        if let Ok(address) = self.0.local_addr() {
            ui.note(format!("Figures for Prometheus: http://{address}/metrics"));
        }
        let (told, places) = (Arc::new(told), Arc::new(Semaphore::new(MOST)));
        Telling(tokio::spawn(async move {
            loop {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let Ok((stream, _)) = self.0.accept().await else {
                    // Out of files, perhaps: they come back.
                    sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let told = told.clone();
                tokio::spawn(async move {
                    // Who goes away or takes too long gets nothing.
                    let _ = timeout(PATIENCE, answer(stream, &*told)).await;
                    drop(place);
                });
            }
        }))
    }
}

/// Reads a request's head, and answers it.
async fn answer(mut stream: TcpStream, told: &(impl Fn() -> String + Sync)) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let on_loopback = stream.local_addr()?.ip().to_canonical().is_loopback();
    let (status, body) = match &head[..] {
        head if on_loopback && !is_for_this_machine(head) => {
            ("403 Forbidden", "Figures are for who asks by an address, or by localhost.\n".to_owned())
        }
        head if head.starts_with(b"GET /metrics ") || head.starts_with(b"GET /metrics?") => ("200 OK", told()),
        head if head.starts_with(b"GET ") => ("404 Not Found", "The figures are at /metrics.\n".to_owned()),
        _ => ("405 Method Not Allowed", "Figures are for GET.\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Whether a request asks for a name that no page can bind to this machine: an address, or a loopback name.
fn is_for_this_machine(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut hosts = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("host"));
    hosts.all(|(_, host)| {
        let host = host_of(host.trim());
        host::address(host).is_some() || is_loopback_name(host.strip_suffix('.').unwrap_or(host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page that had bound its own name to this machine could read a run's figures.
    #[test]
    fn no_page_reads_figures_by_its_own_name() {
        let asked = |fields: &str| is_for_this_machine(format!("GET /metrics HTTP/1.1\r\n{fields}\r\n").as_bytes());
        for host in ["localhost:9464", "127.0.0.1:9464", "[::1]:9464", "192.168.0.7", "LOCALHOST.", "run.localhost:1"] {
            assert!(asked(&format!("Accept: */*\r\nHost: {host}\r\n")), "{host}");
        }
        for host in ["evil.example:9464", "evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:80"] {
            assert!(!asked(&format!("hOST:{host}\r\n")), "{host}");
        }
        assert!(!asked("Host: localhost\r\nHost: evil.example\r\n") && asked(""), "each of them counts");
    }

    #[test]
    fn a_port_alone_is_the_loopbacks() {
        for (text, says) in [
            ("9464", "127.0.0.1:9464"),
            (":0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:9464", "[::1]:9464"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), says);
        }
        for bad in ["", "localhost", "127.0.0.1", "70000", "http://127.0.0.1:9464"] {
            assert!(address(bad).unwrap_err().contains("is needed"), "{bad}");
        }
    }
}
