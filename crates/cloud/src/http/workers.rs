//! The threads that serve connections: up to one a core, each with a runtime of its own.
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

/// The threads. One is started when a connection comes that every other is busy for: a cloud of a test has one or two, however
/// many cores there are, and starts without any.
#[derive(Default)]
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    inbox: UnboundedSender<(std::net::TcpStream, Job)>,
    /// Connections that it serves.
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// Has a connection served by the thread that has fewest.
    ///
    /// # Errors
    /// The connection can't leave its runtime, or there is no thread and none can be started.
    pub(crate) fn serve<F>(
        &mut self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let worker = self.idlest()?;
        let stream = stream.into_std()?;
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
        Ok(())
    }

    /// The thread that has fewest connections; a new one while all have some and there are more cores than threads.
    fn idlest(&mut self) -> io::Result<&Worker> {
        let load = |worker: &Worker| worker.load.load(Ordering::Relaxed);
        let least = (0..self.0.len()).min_by_key(|at| load(&self.0[*at]));
        let is_idle = least.is_some_and(|at| load(&self.0[at]) == 0);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if is_idle || self.0.len() >= cores {
            return Ok(&self.0[least.unwrap_or_default()]);
        }
        match (Worker::start(self.0.len()), least) {
            (Ok(worker), _) => {
                self.0.push(worker);
                Ok(&self.0[self.0.len() - 1])
            }
            (Err(_), Some(least)) => Ok(&self.0[least]),
            (Err(error), None) => Err(error),
        }
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
