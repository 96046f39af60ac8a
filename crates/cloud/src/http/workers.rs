//! The threads that serve connections: one a core, each with a runtime of its own.
//!
//! A connection stays on its thread. On a runtime of several threads it moves to whichever is free, and its buffers, its
//! futures and the allocator's with it: a Publish took a third more of the processor's time, most of it waiting for the other
//! core's cache.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a thread does with a connection.
type Job = Box<dyn FnOnce(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The threads.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    inbox: UnboundedSender<(std::net::TcpStream, Job)>,
    /// Connections that it serves.
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// One thread for each core.
    pub(crate) fn start() -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        (0..count).map(Worker::start).collect::<io::Result<_>>().map(Workers)
    }

    /// Has a connection served by the thread that has fewest.
    pub(crate) fn serve<F>(&self, stream: TcpStream, serve: impl FnOnce(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(worker) = self.0.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed)) else { return };
        // A socket that can't leave its runtime is broken, and so closed.
        let Ok(stream) = stream.into_std() else { return };
        worker.load.fetch_add(1, Ordering::Relaxed);
        let load = Load(worker.load.clone());
        let job: Job = Box::new(move |stream| {
            let served = serve(stream);
            Box::pin(async move {
                let _load = load;
                served.await;
            })
        });
        let _ = worker.inbox.send((stream, job));
    }

    /// Ends the threads, and with them the connections that are still open. One that a slow disk holds up is left alone after
    /// `patience`.
    pub(crate) async fn stop(self, patience: Duration) {
        let threads: Vec<_> = self.0.into_iter().map(|worker| worker.thread).collect();
        let joined = tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = tokio::time::timeout(patience, joined).await;
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (inbox, jobs) = unbounded_channel();
        let thread =
            std::thread::Builder::new().name(format!("http-{number}")).spawn(move || runtime.block_on(work(jobs)))?;
        Ok(Worker { inbox, load: Arc::default(), thread })
    }
}

/// A thread's life: until nobody sends connections any more.
async fn work(mut jobs: UnboundedReceiver<(std::net::TcpStream, Job)>) {
    while let Some((stream, job)) = jobs.recv().await {
        if let Ok(stream) = TcpStream::from_std(stream) {
            tokio::spawn(job(stream));
        }
    }
}

/// Counts one connection for as long as it lives.
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
