//! The thread that a cloud lives on, with a runtime of its own: whatever the test's runtime is, and whether it is busy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ::cloud::{Access, Options, Server};
use log::LogError;
use tokio::net::TcpListener;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use super::error::Error;

/// How long what blocks on the thread's runtime may hold up its end.
const PATIENCE: Duration = Duration::from_millis(100);

/// The thread. It stops its cloud and ends when this is dropped.
pub(super) struct Thread {
    pub runtime: Handle,
    /// Dropped, it tells the thread to end.
    stop: Option<oneshot::Sender<()>>,
    /// How the cloud ended.
    ended: oneshot::Receiver<Result<(), LogError>>,
    joined: Option<JoinHandle<()>>,
}

/// What the thread says when its cloud serves.
struct Serving {
    runtime: Handle,
    cloud: Arc<::cloud::Cloud>,
    address: SocketAddr,
}

impl Thread {
    /// Starts a cloud on a thread of its own; when this returns, it serves at the address that is returned with it.
    pub(super) async fn start(
        options: Options,
        address: SocketAddr,
    ) -> Result<(Self, Arc<::cloud::Cloud>, SocketAddr), Error> {
        let (told, serving) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = oneshot::channel();
        let named = std::thread::Builder::new().name("messaging".to_owned());
        let joined = named.spawn(move || {
            // Who drops the cloud doesn't ask.
            _ = ends.send(live(options, address, told, stopped));
        })?;
        let Serving { runtime, cloud, address } = serving.await.map_err(|_| Error::Stopped)??;
        Ok((Self { runtime, stop: Some(stop), ended, joined: Some(joined) }, cloud, address))
    }

    /// Has work done on the thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        self.runtime.spawn(work).await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Error::Stopped,
        })
    }

    /// Stops the cloud and waits until the thread has ended.
    pub(super) async fn end(&mut self) -> Result<(), Error> {
        drop(self.stop.take());
        Ok((&mut self.ended).await.map_err(|_| Error::Stopped)??)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(joined) = self.joined.take() {
            // A panic of the thread has been told by the panic hook.
            _ = joined.join();
        }
    }
}

/// The thread's life.
fn live(
    options: Options,
    address: SocketAddr,
    told: oneshot::Sender<Result<Serving, Error>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), LogError> {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            _ = told.send(Err(error.into()));
            return Ok(());
        }
    };
    let ended = runtime.block_on(async {
        let server = match serve(options, address).await {
            Ok(server) => server,
            Err(error) => {
                _ = told.send(Err(error));
                return Ok(());
            }
        };
        let serving = Serving { runtime: Handle::current(), cloud: server.cloud.clone(), address: server.address };
        // Who doesn't wait for it any more has dropped the other end of `stopped` as well.
        _ = told.send(Ok(serving));
        _ = stopped.await;
        server.stop().await
    });
    runtime.shutdown_timeout(PATIENCE);
    ended
}

async fn serve(options: Options, address: SocketAddr) -> Result<Server, Error> {
    let listener = TcpListener::bind(address).await.map_err(|source: io::Error| Error::Listen { address, source })?;
    // What it would print stays to be read: `Cloud::notices`.
    let (cloud, _) = ::cloud::Cloud::open(options, |_| {})?;
    Ok(Server::start(cloud, listener, Access::default())?)
}
