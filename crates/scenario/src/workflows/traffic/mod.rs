//! The clients of the scenario: some create workflows, and withdraw a few; others consume. Then what came of it is proved.

mod client;
mod documents;
mod produce;
mod proof;
pub(super) mod restore;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use rand::RngExt;
use tokio::time::{Instant, sleep};

use self::client::{Client, PAUSE};
use self::produce::Books;
use super::{CONSUME, LITERAL};
use crate::{Error, Ledger, Traffic};

/// Makes the traffic, and proves what came of it.
pub(super) async fn make(traffic: Traffic) -> Result<Ledger, Error> {
    let client = Client::new(&traffic)?;
    let dead_before = proof::dead_letters(&traffic).await?;
    let books = Arc::new(Books::default());
    let run = rand::rng().random();
    let producers = traffic.concurrency.max(1);
    let all_created = AtomicBool::new(false);
    let literal = traffic.settings.is_on(LITERAL)?;
    let consumes_itself = traffic.settings.is_on(CONSUME)?;
    let producing = async {
        let all = (0..producers).map(|first| {
            produce::create(&traffic, &client, &books, run, first as u64..traffic.count, producers, literal)
        });
        join_all(all).await;
        all_created.store(true, Ordering::Release);
    };
    let consuming = async {
        if consumes_itself {
            return watch(&traffic, &client, &books, &all_created).await;
        }
        join_all((0..producers).map(|_| consume(&traffic, &client, &books, &all_created))).await;
    };
    tokio::join!(producing, consuming);
    proof::prove(&traffic, &client, &books, dead_before).await
}

/// Consumes until everything is consumed, or nothing has moved for a while.
async fn consume(traffic: &Traffic, client: &Client, books: &Books, all_created: &AtomicBool) {
    let mut moved = Instant::now();
    while !traffic.stop.is_cancelled() {
        match client.consume().await {
            Ok(Some((uuid, csv))) => {
                if books.consumed(uuid, csv) {
                    traffic.progress.finish(1);
                }
                moved = Instant::now();
            }
            Ok(None) if all_created.load(Ordering::Acquire) && books.is_done() => return,
            Ok(None) => {}
            // It may be away for a while.
            Err(_) => sleep(PAUSE).await,
        }
        if !all_created.load(Ordering::Acquire) {
            moved = Instant::now();
        } else if moved.elapsed() > traffic.patience {
            return;
        }
    }
}

/// Waits until the workers have consumed everything, or nothing has moved for a while.
async fn watch(traffic: &Traffic, client: &Client, books: &Books, all_created: &AtomicBool) {
    let mut moved = Instant::now();
    while !traffic.stop.is_cancelled() {
        sleep(PAUSE).await;
        let mut n = 0;
        for uuid in books.open() {
            if let Ok(Some(shown)) = client.get(uuid).await
                && shown["status"] == "consumed"
                && let Ok(Some(csv)) = client.csv(uuid).await
                && books.consumed(uuid, csv)
            {
                n += 1;
            }
        }
        traffic.progress.finish(n);
        if n > 0 || !all_created.load(Ordering::Acquire) {
            moved = Instant::now();
        } else if books.is_done() || moved.elapsed() > traffic.patience {
            return;
        }
    }
}
