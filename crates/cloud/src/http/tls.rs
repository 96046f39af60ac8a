//! TLS on the same port: the first byte of a connection tells it from HTTP.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::handler::{Client, Handler};

/// The first byte of a handshake's record. No method of HTTP begins with it. Source: RFC 8446, 5.1.
const HANDSHAKE: u8 = 0x16;
/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Handshakes under way at a time, of all clients: each holds up to 64 KiB of what its client sent.
pub(super) const MOST: usize = 512;

/// Waits for a connection's first byte, and says whether TLS begins with it. The byte stays where it is. It costs a plain
/// connection one look, when it begins.
pub(super) async fn begins(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok_and(|bytes| bytes == 1) && first[0] == HANDSHAKE
}

/// Shakes hands. `None` when that fails, which is the client's own affair, or when [`MOST`] others do. `turns` has a permit for each.
pub(super) async fn accept(
    stream: TcpStream,
    client: Client,
    handler: &impl Handler,
    turns: &Semaphore,
) -> Option<TlsStream<TcpStream>> {
    let shaken = match turns.try_acquire() {
        Ok(_turn) => match timeout(PATIENCE, shake(stream, handler)).await {
            Ok(shaken) => shaken,
            Err(_) => Err(format!("it took more than {} s", PATIENCE.as_secs())),
        },
        Err(_) => Err(format!("{MOST} others are beginning one")),
    };
    shaken.inspect_err(|why| handler.not_understood(client, &format!("no TLS connection: {why}"))).ok()
}

async fn shake(stream: TcpStream, handler: &impl Handler) -> Result<TlsStream<TcpStream>, String> {
    let own = stream.local_addr().map_err(|error| error.to_string())?.ip();
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let start = start.await.map_err(|error| error.to_string())?;
    let name = start.client_hello().server_name().map(str::to_owned);
    let config: Option<Arc<ServerConfig>> = handler.certificate_for(name.as_deref(), own).await;
    let config = config.ok_or("there is no certificate to show")?;
    start.into_stream(config).await.map_err(|error| error.to_string())
}
