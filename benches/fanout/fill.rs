//! A queue is filled, as fast as it goes.

use serde_json::json;

use super::connection::Connection;
use super::error::Result;
use super::requests;
use super::server::Server;

/// Sends so many messages with bodies of so many bytes, ten at a time.
pub(crate) async fn fill(server: &Server, url: &str, depth: u64, bytes: usize) -> Result<()> {
    let bodies: Vec<serde_json::Value> = (0..10)
        .map(|i| json!({"Id": i.to_string(), "MessageBody": format!("{{\"n\":{i},\"text\":\"{}\"}}", "x".repeat(bytes - 21))}))
        .collect();
    let request = requests::sqs("SendMessageBatch", &json!({"QueueUrl": url, "Entries": bodies}));
    let mut tasks = tokio::task::JoinSet::new();
    const SENDERS: u64 = 16;
    for sender in 0..SENDERS {
        let (request, address) = (request.clone(), server.address);
        tasks.spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            let batches = depth.div_ceil(10);
            for _ in 0..batches / SENDERS + u64::from(sender < batches % SENDERS) {
                let answer = connection.call(&request).await?;
                if answer.status != 200 {
                    return Err(std::io::Error::other(String::from_utf8_lossy(answer.body).into_owned()));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
