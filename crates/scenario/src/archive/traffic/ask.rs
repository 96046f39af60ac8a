//! Calls `GET /` as its users do, and asks for what there is not.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use crate::Traffic;

/// The pause of an asker who wasn't answered, or told that all hands are full.
const PAUSE: Duration = Duration::from_millis(200);
/// The pause of an asker who was told that there are none.
const NONE: Duration = Duration::from_millis(20);
/// So many failures are told by their words.
const TOLD: usize = 5;

/// Wrong calls, and how they are to be answered.
const WRONG: [(Method, &str, StatusCode); 4] = [
    (Method::POST, "/", StatusCode::METHOD_NOT_ALLOWED),
    (Method::DELETE, "/", StatusCode::METHOD_NOT_ALLOWED),
    (Method::GET, "/books", StatusCode::NOT_FOUND),
    (Method::GET, "/%2e%2e/etc/passwd", StatusCode::NOT_FOUND),
];

/// Asks for books to be taken until it is over.
pub(super) async fn ask(http: Client, api: String, board: Arc<Board>, over: CancellationToken) {
    let url = format!("{}/", api.trim_end_matches('/'));
    while !over.is_cancelled() {
        let pause = tokio::select! {
            pause = once(&http, &url, &board) => pause,
            () = over.cancelled() => return,
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = over.cancelled() => return,
        }
    }
}

/// Asks once; how long to wait before the next time.
async fn once(http: &Client, url: &str, board: &Board) -> Duration {
    let started = Instant::now();
    let failed = |why: String| {
        board.asked(|asks| {
            asks.failures += 1;
            if asks.failed.len() < TOLD {
                asks.failed.push(why);
            }
        });
        PAUSE
    };
    let answer = match http.get(url).send().await {
        Ok(answer) => answer,
        Err(why) => return failed(format!("GET /: {why}")),
    };
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    let took = started.elapsed();
    match status {
        StatusCode::NO_CONTENT if body.is_empty() => {
            board.asked(|asks| {
                asks.answered += 1;
                asks.took.push(took);
            });
            NONE
        }
        // As many are held as may be: that is an answer.
        StatusCode::SERVICE_UNAVAILABLE => {
            board.asked(|asks| asks.answered += 1);
            PAUSE
        }
        StatusCode::ACCEPTED => {
            let value: Value = serde_json::from_slice(&body).unwrap_or_default();
            let ids: Option<Vec<String>> =
                value["ids"].as_array().and_then(|ids| ids.iter().map(|id| id.as_str().map(str::to_owned)).collect());
            match ids.filter(|ids| (1..=10).contains(&ids.len())) {
                Some(ids) => {
                    board.asked(|asks| {
                        asks.answered += 1;
                        asks.took.push(took);
                        asks.taken.extend(ids);
                    });
                    Duration::ZERO
                }
                None => failed(format!("GET / answered 202 with {value}")),
            }
        }
        status => failed(format!("GET / answered {status}")),
    }
}

/// Asks for what there is not: each kind once, and once more for each hundred books.
pub(super) async fn wrongly(http: &Client, traffic: &Traffic, board: &Board) {
    let times = usize::try_from(traffic.count / 100).unwrap_or(usize::MAX).saturating_add(1);
    for (method, path, status) in WRONG.iter().cycle().take(WRONG.len().saturating_mul(times.min(25))) {
        if traffic.stop.is_cancelled() {
            return;
        }
        let url = format!("{}{path}", traffic.api.trim_end_matches('/'));
        let answer = http.request(method.clone(), url).send().await;
        let told = match answer {
            Ok(answer) if answer.status() == *status => Ok(()),
            Ok(answer) => Err(format!("{method} {path} answered {}", answer.status())),
            Err(why) => Err(format!("{method} {path}: {why}")),
        };
        board.asked(|asks| match told {
            Ok(()) => asks.refused += 1,
            Err(why) => {
                asks.failures += 1;
                if asks.failed.len() < TOLD {
                    asks.failed.push(why);
                }
            }
        });
    }
}
