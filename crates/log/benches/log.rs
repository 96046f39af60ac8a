//! What the log costs: an append with its commit, a read, a replay. `cargo bench --bench log`
//!
//! A transaction has 700 bytes: about what a published event takes.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use messaging_log::{DirectoryDisk, Disk, Durability, Location, Log, MemoryDisk, Options};
use tokio::runtime::{Builder, Runtime};

const PAYLOAD: [u8; 700] = [b'e'; 700];

fn open(folder: &Path, durability: Durability) -> Log {
    let disk: Arc<dyn Disk> = match durability {
        Durability::Memory => Arc::new(MemoryDisk::default()),
        _ => Arc::new(DirectoryDisk::open(folder).expect("a folder")),
    };
    Log::open(disk, Options { durability, ..Options::default() }, &mut |_, _| Ok(())).expect("a log").0
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

/// Removes sealed segments, so that a long run doesn't fill the disk; not part of what is measured.
fn drain(log: &Log) {
    for (segment, _) in log.segments() {
        if segment != log.tail() {
            log.remove(segment).expect("removed");
        }
    }
}

/// `count` transactions, each committed before the task's next, by as many tasks.
fn append_and_commit(runtime: &Runtime, log: &Arc<Log>, tasks: u64, count: u64) -> Duration {
    let start = Instant::now();
    let each = count.div_ceil(tasks);
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let log = log.clone();
            runtime.spawn(async move {
                for _ in 0..each {
                    let appended = log.append(&[black_box(&PAYLOAD)]).expect("appended");
                    log.commit(appended.position).await.expect("committed");
                    // As a server does between two requests.
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in running {
        runtime.block_on(task).expect("a task");
    }
    start.elapsed().mul_f64(count as f64 / (each * tasks) as f64)
}

fn commit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append and commit");
    group.throughput(Throughput::Elements(1));
    for (durability, tasks) in [
        (Durability::Memory, 1),
        (Durability::Memory, 16),
        (Durability::Process, 1),
        (Durability::Process, 16),
        (Durability::Power, 1),
        (Durability::Power, 16),
        (Durability::Power, 256),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Arc::new(open(folder.path(), durability));
        let runtime = runtime();
        group.bench_function(BenchmarkId::new(durability.to_string(), tasks), |bencher| {
            bencher.iter_custom(|count| {
                let took = append_and_commit(&runtime, &log, tasks, count);
                drain(&log);
                took
            });
        });
    }
}

/// Only the part under the owner's lock.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    let log = open(Path::new(""), Durability::Memory);
    group.bench_function("alone", |bencher| {
        bencher.iter_custom(|count| {
            let mut took = Duration::ZERO;
            for part in 0..count.div_ceil(64) {
                let start = Instant::now();
                for _ in 0..(count - part * 64).min(64) {
                    black_box(log.append(&[black_box(&PAYLOAD)]).expect("appended"));
                }
                took += start.elapsed();
                log.retry().expect("written");
            }
            drain(&log);
            took
        });
    });
}

fn filled(folder: &Path, count: usize) -> Vec<Location> {
    let log = open(folder, Durability::Process);
    let places = (0..count).map(|_| log.append(&[&PAYLOAD]).expect("appended").first).collect();
    log.retry().expect("written");
    places
}

fn read(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let places = filled(folder.path(), 200_000);
    let log = open(folder.path(), Durability::Process);
    let mut group = criterion.benchmark_group("read");
    let mut at = 0;
    for count in [1, 10] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                at = (at + 7_919) % (places.len() - count);
                match count {
                    1 => drop(black_box(log.read(places[at]).expect("read"))),
                    _ => {
                        let opened = |place: &Location| Some((log.open_segment(place.segment)?, place.offset));
                        let places: Vec<_> = places[at..at + count].iter().map(opened).collect();
                        drop(black_box(messaging_log::read_many(&places).expect("read")));
                    }
                }
            });
        });
    }
}

fn replay(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let places = filled(folder.path(), 300_000);
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10);
    group.throughput(Throughput::Bytes((places.len() * PAYLOAD.len()) as u64));
    group.bench_function("300,000 transactions", |bencher| {
        bencher.iter(|| {
            let disk = Arc::new(DirectoryDisk::open(folder.path()).expect("a folder"));
            let mut bytes = 0;
            let opened = Log::open(disk, Options::default(), &mut |_, payload| {
                bytes += black_box(payload).len();
                Ok(())
            });
            drop(opened.expect("a log"));
            assert_eq!(bytes, places.len() * PAYLOAD.len());
        });
    });
}

criterion_group!(benches, append, commit, read, replay);
criterion_main!(benches);
