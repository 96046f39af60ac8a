//! How much memory the uploads of a process may hold, and who loses his when others wait.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Error;

/// What an upload may hold at first, then before it counts as a large one, in bytes: most never need more.
pub(super) const TINY: usize = 16 << 10;
pub(super) const SMALL: usize = 1 << 20;
/// The size of a part, in bytes. S3 takes 10,000 parts of at least 5 MiB: 78 GiB.
pub(super) const PART: usize = 8 << 20;
/// How many there are of each: 8 MiB, 12 MiB and 40 MiB.
const PLACES: [usize; 3] = [512, 12, 5];
/// How long an upload waits for its buffer.
const WAIT: Duration = Duration::from_secs(20);
/// How long a buffer may take to fill while others wait for one: at that pace whoever comes next has his turn within `WAIT`.
const FILL: Duration = Duration::from_secs(16);
/// How long somebody waits before the slowest one's buffer is taken, and for how long a pace is measured.
const MEASURED: Duration = Duration::from_secs(4);

/// The buffers that all uploads of a process share: many of 16 KiB, some of 1 MiB, and few that hold a part; 60 MiB in all. An
/// upload begins with the smallest and waits for the next larger one while it holds that: whoever holds a part's buffer never
/// waits for another, so they all come free. Each who waits takes one buffer from its holder, the slowest of those who send
/// so slowly that it wouldn't be full in 16 s: slow clients keep nobody else from his buffer, and lose none that nobody needs.
#[derive(Debug, Clone)]
pub struct Buffers {
    tiny: Arc<Pool>,
    small: Arc<Pool>,
    parts: Arc<Pool>,
}

/// The buffers of one size.
#[derive(Debug)]
struct Pool {
    size: usize,
    places: Arc<Semaphore>,
    /// Held by the first of those who wait.
    turn: AsyncMutex<()>,
    /// Those that fill.
    filling: Mutex<Vec<Arc<Pace>>>,
}

/// A buffer, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

/// A buffer that fills. Its holder says what came, and ends when it is over.
#[derive(Debug)]
pub(super) struct Filling {
    pool: Arc<Pool>,
    pace: Arc<Pace>,
}

/// How fast a buffer fills.
#[derive(Debug)]
struct Pace {
    /// Since when, how many bytes came since then, and how many came each second of the time before, once there is one.
    measured: Mutex<(Instant, usize, Option<f64>)>,
    over: CancellationToken,
}

impl Default for Buffers {
    fn default() -> Self {
        let pool = |n: usize, size| {
            let places = Arc::new(Semaphore::new(PLACES[n]));
            Arc::new(Pool { size, places, turn: AsyncMutex::default(), filling: Mutex::default() })
        };
        Self { tiny: pool(0, TINY), small: pool(1, SMALL), parts: pool(2, PART) }
    }
}

impl Buffers {
    /// The smallest buffer, as soon as there is one.
    pub(super) async fn tiny(&self) -> Result<Place, Error> {
        Pool::wait(&self.tiny).await
    }

    /// A small buffer, as soon as there is one.
    pub(super) async fn small(&self) -> Result<Place, Error> {
        Pool::wait(&self.small).await
    }

    /// A part's buffer, as soon as there is one.
    pub(super) async fn part(&self) -> Result<Place, Error> {
        Pool::wait(&self.parts).await
    }

    /// One more part's buffer, if nobody needs it now.
    pub(super) fn spare_part(&self) -> Option<Place> {
        let permit = self.parts.places.clone().try_acquire_owned().ok()?;
        Some(Place { pool: self.parts.clone(), _permit: permit })
    }
}

impl Place {
    /// Begins to fill it.
    pub(super) fn fill(&self) -> Filling {
        let pace = Arc::new(Pace { measured: Mutex::new((Instant::now(), 0, None)), over: CancellationToken::new() });
        self.pool.filling.lock().push(pace.clone());
        Filling { pool: self.pool.clone(), pace }
    }
}

impl Filling {
    /// So many bytes came.
    pub(super) fn came(&self, bytes: usize) {
        _ = self.pace.per_second();
        self.pace.measured.lock().1 += bytes;
    }

    /// Waits until another one gets the buffer.
    pub(super) async fn over(&self) {
        self.pace.over.cancelled().await;
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.pool.filling.lock().retain(|pace| !Arc::ptr_eq(pace, &self.pace));
    }
}

impl Pace {
    /// How many bytes come each second, once that is known.
    fn per_second(&self) -> Option<f64> {
        let mut measured = self.measured.lock();
        let (since, bytes, before) = &mut *measured;
        let time = since.elapsed();
        if time >= MEASURED {
            *before = Some(*bytes as f64 / time.as_secs_f64());
            (*since, *bytes) = (Instant::now(), 0);
        }
        *before
    }
}

impl Pool {
    async fn wait(pool: &Arc<Self>) -> Result<Place, Error> {
        let begun = Instant::now();
        let wait = async {
            // One after another: each who waits needs just one buffer.
            let _turn = pool.turn.lock().await;
            let mut permit = std::pin::pin!(pool.places.clone().acquire_owned());
            let mut next = begun + MEASURED;
            loop {
                if let Ok(permit) = timeout_at(next, &mut permit).await {
                    return permit.map_err(|_| Error::Busy);
                }
                pool.end_one();
                next = Instant::now() + MEASURED / 4;
            }
        };
        let permit = timeout(WAIT, wait).await.unwrap_or(Err(Error::Busy))?;
        Ok(Place { pool: pool.clone(), _permit: permit })
    }

    /// Ends the slowest of those that are too slow, if there is one.
    fn end_one(&self) {
        let least = self.size as f64 / FILL.as_secs_f64();
        let mut filling = self.filling.lock();
        let paces = filling.iter().enumerate().filter_map(|(n, pace)| Some((n, pace.per_second()?)));
        let slowest = paces.filter(|(_, pace)| *pace < least).min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((n, _)) = slowest {
            // Nobody else ends the same one.
            filling.swap_remove(n).over.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// An upload that takes a buffer of 1 MiB and sends so many bytes a second until it has to end.
    async fn hold(place: Place, per_second: usize) {
        let filling = place.fill();
        let send = async {
            loop {
                sleep(Duration::from_millis(100)).await;
                filling.came(per_second / 10);
            }
        };
        tokio::select! {
            () = send => {}
            () = filling.over() => {}
        }
    }

    // A few clients that sent a byte now and then kept everybody else from sending more than 16 KiB.
    #[tokio::test(start_paused = true)]
    async fn the_slowest_loses_its_buffer_when_somebody_waits() {
        let buffers = Buffers::default();
        let mut slow = Vec::new();
        for n in 0..PLACES[1] {
            let place = buffers.small().await.unwrap();
            // All but one are fast enough.
            let pace = if n == 3 { 10_000 } else { 200_000 };
            slow.push(tokio::spawn(hold(place, pace)));
        }
        let begun = Instant::now();
        let place = buffers.small().await.unwrap();
        assert!(begun.elapsed() >= MEASURED && begun.elapsed() < WAIT / 2, "{:?}", begun.elapsed());
        let ended: Vec<_> = slow.iter().enumerate().filter(|(_, slow)| slow.is_finished()).map(|(n, _)| n).collect();
        assert_eq!(ended, [3]);
        drop(place);
        // Of those who are fast enough nobody loses a buffer; nobody waits for long either way.
        let _taken = buffers.small().await.unwrap();
        let next = timeout(2 * MEASURED, buffers.small()).await;
        assert!(next.is_err());
        assert_eq!(slow.iter().filter(|slow| slow.is_finished()).count(), 1);
        slow.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn each_who_waits_takes_one_buffer() {
        let buffers = Buffers::default();
        let mut slow = Vec::new();
        for _ in 0..PLACES[1] {
            slow.push(tokio::spawn(hold(buffers.small().await.unwrap(), 1_000)));
        }
        let begun = Instant::now();
        let places = futures::future::join_all((0..7).map(|_| buffers.small())).await;
        assert!(places.iter().all(Result::is_ok) && begun.elapsed() < WAIT / 2, "{:?}", begun.elapsed());
        assert_eq!(slow.iter().filter(|slow| slow.is_finished()).count(), 7);
        slow.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_keeps_what_nobody_needs() {
        let buffers = Buffers::default();
        let place = buffers.part().await.unwrap();
        let slow = place.fill();
        slow.came(1);
        let _another = timeout(MEASURED, buffers.part()).await.unwrap();
        assert!(timeout(MEASURED + MEASURED / 4, slow.over()).await.is_err());
        drop(slow);
        assert!(buffers.parts.filling.lock().is_empty());
    }
}
