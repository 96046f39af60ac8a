//! A transaction is made whole, in memory and in the log, or not at all.

use super::*;
use crate::core::clock::Clock;
#[cfg(debug_assertions)]
use engine::change::Put;
use engine::{Change, StreamId};
use log::MemoryDisk;
use log::faulty::FaultyDisk;

fn open(disk: &Arc<MemoryDisk>) -> Core {
    Core::open(disk.clone(), Options::default(), Clock::manual(1), false, 7).unwrap().0
}

/// Whether a request that decides so panics.
async fn panics(
    core: &Arc<Core>,
    decide: impl FnOnce(&mut Transaction<'_>) -> Result<(), AwsError> + Send + 'static,
) -> bool {
    let core = core.clone();
    tokio::spawn(async move { core.execute(decide).await }).await.is_err_and(|error| error.is_panic())
}

/// What a panicking request had applied was lost from the log, and a restart knew less than the server had.
#[tokio::test]
async fn a_panic_leaves_memory_and_log_alike() {
    let disk = Arc::new(MemoryDisk::default());
    {
        let core = Arc::new(open(&disk));
        let dies = |tx: &mut Transaction<'_>| -> Result<(), AwsError> {
            tx.put_doc("hostile/a", b"1");
            panic!("a fault")
        };
        assert!(panics(&core, dies).await);
        let put = |tx: &mut Transaction<'_>| {
            tx.put_doc("hostile/b", b"2");
            Ok(())
        };
        core.execute(put).await.unwrap();
        assert_eq!(core.read(|engine, _| engine.docs("hostile/", "").count()), 2);
    }
    assert_eq!(open(&disk).read(|engine, _| engine.docs("hostile/", "").count()), 2);
}

/// A panic in the middle of a change left half of it in memory, and the server went on as if it were whole.
#[cfg(debug_assertions)] // the panic is an overflow's
#[tokio::test]
async fn a_half_made_change_stops_the_server_until_a_restart() {
    let disk = Arc::new(MemoryDisk::default());
    {
        let core = Arc::new(open(&disk));
        let dies = |tx: &mut Transaction<'_>| -> Result<(), AwsError> {
            tx.put_doc("k/before", b"1");
            tx.apply(&Change::Put(Put { seq: u64::MAX, at: 0, stream: StreamId(1), position: 0, data: b"" }));
            Ok(())
        };
        assert!(panics(&core, dies).await);
        let put = |tx: &mut Transaction<'_>| {
            tx.put_doc("k/after", b"2");
            Ok(())
        };
        let error = core.execute(put).await.unwrap_err();
        assert_eq!((error.status, error.message.contains("restart it")), (503, true), "{error:?}");
        assert!(core.refusal().is_some_and(|reason| reason.contains("restart it")));
    }
    let core = open(&disk);
    assert_eq!(core.refusal(), None);
    let docs = core.read(|engine, _| engine.docs("k/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>());
    assert_eq!(docs, ["k/before"], "what was whole is kept");
}

/// One record too large for the log was applied, and then nothing could be written any more until a restart, and not
/// after it either.
#[tokio::test]
async fn what_the_log_does_not_take_is_not_done_at_all() {
    let disk = Arc::new(MemoryDisk::default());
    let docs = |core: &Core| {
        core.read(|engine, _| engine.docs("", "").map(|(key, doc)| (key.to_owned(), doc.len())).collect::<Vec<_>>())
    };
    let put = async |core: &Core, sizes: &[(&str, usize)]| {
        let put = |tx: &mut Transaction<'_>| {
            sizes.iter().for_each(|(key, bytes)| tx.put_doc(key, &vec![0; *bytes]));
            Ok(())
        };
        core.execute(put).await.map_err(|error| (error.status, error.message))
    };
    let notices = Arc::new(Notices::new(|_| {}));
    let known = {
        let core = open(&disk);
        core.report_to(notices.clone());
        put(&core, &[("k/a", 1), ("k/b", 2)]).await.unwrap();
        let (status, why) = put(&core, &[("k/alone", log::MAX_PAYLOAD)]).await.unwrap_err();
        assert_eq!((status, why.contains("a record of")), (413, true), "{why}");
        let known = docs(&core);
        // Others before it and after it: none of them is made.
        put(&core, &[("k/a", 9), ("k/new", 1), ("k/large", log::MAX_PAYLOAD), ("k/z", 1)]).await.unwrap_err();
        assert_eq!(docs(&core), known);
        // Each small enough, all together not.
        let parts = [("k/1", log::MAX_PAYLOAD - 100), ("k/2", log::MAX_PAYLOAD - 100), ("k/3", 300)];
        let (status, why) = put(&core, &parts).await.unwrap_err();
        assert_eq!((status, why.contains("a transaction of")), (413, true), "{why}");
        assert_eq!((docs(&core), core.refusal()), (known, None));
        put(&core, &[("k/after", 3)]).await.unwrap();
        docs(&core)
    };
    assert_eq!(docs(&open(&disk)), known);
    assert!(notices.all().iter().any(|(_, text)| text.contains("refused for its size")));
}

/// A full disk refused the log's appends while the engine had made their changes: memory went ahead of the log.
#[tokio::test]
async fn a_full_disk_leaves_memory_and_log_alike() {
    let disk = FaultyDisk::default();
    let open = |disk: FaultyDisk| Core::open(Arc::new(disk), Options::default(), Clock::manual(1), false, 7).unwrap().0;
    let core = open(disk.clone());
    let put = async |core: &Core, key: &'static str| {
        let put = |tx: &mut Transaction<'_>| {
            tx.put_doc(key, b"1");
            Ok(())
        };
        core.execute(put).await.map_err(|error| error.status)
    };
    let keys =
        |core: &Core| core.read(|engine, _| engine.docs("k/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>());
    put(&core, "k/kept").await.unwrap();
    disk.with(|state| state.space = Some(0));
    assert_eq!(put(&core, "k/waits").await, Err(503), "it is made, and waits for the disk");
    assert_eq!(put(&core, "k/refused").await, Err(503));
    assert_eq!(keys(&core), ["k/kept", "k/waits"], "what is refused is not made");
    disk.with(|state| state.space = None);
    put(&core, "k/after").await.unwrap();
    let known = keys(&core);
    drop(core);
    assert_eq!(keys(&open(disk)), known);
}

/// A full disk refused deletions as well: only a larger disk could help. And what it refused was there all the same.
#[tokio::test]
async fn a_full_disk_can_be_emptied_and_shows_nothing_that_it_refused() {
    let disk = FaultyDisk::default();
    // A sixteenth of it is kept free, and as much again is the reserve.
    disk.with(|state| (state.space, state.total) = (Some(4 << 20), Some(16 << 20)));
    let open = |disk: &FaultyDisk| Core::open(Arc::new(disk.clone()), Options::default(), Clock::manual(1), false, 7);
    let core = open(&disk).unwrap().0;
    let put = async |key: String| {
        let put = |tx: &mut Transaction<'_>| {
            tx.put_doc(&key, &[7; 100 << 10]);
            Ok(())
        };
        core.execute(put).await.map_err(|error| error.status)
    };
    let delete = async |key: &'static str| {
        let delete = |tx: &mut Transaction<'_>| {
            tx.delete_doc(key);
            Ok(())
        };
        core.execute_freeing(delete).await.map_err(|error| error.status)
    };
    let keys = |core: &Core| core.read(|engine, _| engine.docs("k/", "").count());
    let mut kept = 0;
    while put(format!("k/{kept:02}")).await.is_ok() {
        kept += 1;
        assert!(kept < 40, "it is full at some time");
    }
    assert_eq!(keys(&core), kept, "what is refused isn't there");
    assert!(core.refusal().is_some_and(|reason| reason.contains("is full")));
    assert_eq!(core.fault(), None);
    // Something else takes the last byte: the reserve is left.
    disk.with(|state| state.space = Some(0));
    assert_eq!(delete("k/00").await, Ok(()));
    assert_eq!(put("k/more".into()).await, Err(503));
    assert_eq!(keys(&core), kept - 1);
    disk.with(|state| state.space = Some(8 << 20));
    assert_eq!(put("k/more".into()).await, Ok(()), "no restart is needed");
    assert_eq!(core.refusal(), None);
    assert_eq!(keys(&core), kept);
    assert_eq!(keys(&open(&disk).unwrap().0), kept);
}

/// A request that was larger than what is left was made in memory, and everything that frees space waited behind it.
#[tokio::test]
async fn a_request_that_does_not_fit_is_refused_before_it_is_made() {
    let disk = FaultyDisk::default();
    disk.with(|state| (state.space, state.total) = (Some(4 << 20), Some(16 << 20)));
    let core = Core::open(Arc::new(disk.clone()), Options::default(), Clock::manual(1), false, 7).unwrap().0;
    let put = async |key: &'static str, bytes: usize| {
        let put = |tx: &mut Transaction<'_>| {
            // The first of it is made, and the second doesn't fit.
            tx.put_doc("k/first", b"1");
            tx.put_doc(key, &vec![7; bytes]);
            Ok(())
        };
        core.execute(put).await.map_err(|error| (error.status, error.message))
    };
    disk.with(|state| state.space = Some((1 << 20) + 10_000));
    core.log().check_room();
    let (status, message) = put("k/large", 3 << 20).await.unwrap_err();
    assert!(status == 503 && message.contains("kept for what frees space"), "{status} {message}");
    assert_eq!(core.read(|engine, _| engine.docs("k/", "").count()), 0, "nothing of it is there");
    assert_eq!(core.refusal(), None);
    put("k/small", 1_000).await.unwrap();
}

/// Each write opened a segment with all declarations where these were longer than a segment: 60 MB for a message.
#[tokio::test]
async fn long_declarations_are_not_written_with_every_change() {
    let disk = Arc::new(MemoryDisk::default());
    let options = Options { segment_bytes: 64 << 10, ..Options::default() };
    let core = Core::open(disk, options, Clock::manual(1), false, 7).unwrap().0;
    declare(&core, 1, 300 << 10).await;
    let before = core.log().bytes();
    for n in 0..1_000 {
        let put = |tx: &mut Transaction<'_>| {
            tx.put_doc(&format!("k/{n}"), &[7; 1 << 10]);
            Ok(())
        };
        core.execute(put).await.unwrap();
    }
    let written = core.log().bytes() - before;
    assert!(written < 2 << 20, "{written} bytes for one MiB");
    assert_eq!(core.segment_bytes() / (300 << 10), 4);
}

/// Beyond what a transaction can hold the folder could never be written again.
#[tokio::test]
async fn declarations_have_a_bound_and_can_shrink() {
    let core = open(&Arc::new(MemoryDisk::default()));
    for id in 1..=4 {
        declare(&core, id, 31 << 20).await;
    }
    let more = |id, bytes: usize| {
        let stream = stream(id, bytes);
        core.execute(move |tx| tx.declare(&Change::Stream(std::borrow::Cow::Owned(stream))))
    };
    let error = more(5, 5 << 20).await.unwrap_err();
    assert_eq!((error.status, &*error.code), (400, "LimitExceededException"), "{error:?}");
    more(4, 30 << 20).await.unwrap();
    more(5, 4 << 20).await.unwrap();
    let before = core.read(|engine, _| engine.declared_bytes());
    core.execute(|tx| {
        tx.apply(&Change::StreamGone(StreamId(5)));
        Ok(())
    })
    .await
    .unwrap();
    let gone = before - core.read(|engine, _| engine.declared_bytes());
    assert!((4 << 20..5 << 20).contains(&gone), "{gone}");
}

fn stream(id: u32, bytes: usize) -> engine::config::StreamConfig {
    let (arn, document) = (format!("arn:aws:firehose:us-east-1:000000000000:deliverystream/{id}"), "x".repeat(bytes));
    let id = StreamId(id);
    engine::config::StreamConfig { id, arn, document, buffer_bytes: 1, buffer_millis: 1, created: 1 }
}

async fn declare(core: &Core, id: u32, bytes: usize) {
    let stream = stream(id, bytes);
    core.execute(|tx| tx.declare(&Change::Stream(std::borrow::Cow::Owned(stream)))).await.unwrap();
}
