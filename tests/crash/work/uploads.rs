//! Uploads that break off: the client promises a body, sends part of it or all, and leaves without an answer.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use rand::RngExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::routes::OBJECTS;

/// Keys that only uploads of this kind write.
pub(super) const KEYS: usize = 6;
/// Bytes of each body; larger than what is held in memory before a file is begun.
const LENGTH: usize = 400_000;

pub(super) async fn run(mut worker: Worker) -> Result<(), Gone> {
    loop {
        match worker.rng.random_range(0..4) {
            0 => part(&mut worker).await?,
            _ => object(&mut worker).await?,
        }
        worker.pause(Duration::from_millis(30)).await;
    }
}

fn name(key: usize) -> String {
    format!("broken-off-{key}")
}

async fn object(worker: &mut Worker) -> Result<(), Gone> {
    let path = format!("/{OBJECTS}/{}", name(worker.rng.random_range(0..KEYS)));
    send(worker, &path).await
}

/// A part of an upload that is aborted then, as far as anybody answers.
async fn part(worker: &mut Worker) -> Result<(), Gone> {
    let s3 = worker.clients.s3.clone();
    let key = name(worker.rng.random_range(0..KEYS));
    let created = worker.call(s3.create_multipart_upload().bucket(OBJECTS).key(&key).send()).await?;
    let Ok(id) = created.map(|created| created.upload_id.unwrap_or_default()) else {
        worker.counts().fault(Fault::Refused, || format!("CreateMultipartUpload of {key}"));
        return Ok(());
    };
    send(worker, &format!("/{OBJECTS}/{key}?partNumber=1&uploadId={id}")).await?;
    let abort = s3.abort_multipart_upload().bucket(OBJECTS).key(&key).upload_id(&id);
    if let Err(why) = worker.call(abort.send()).await? {
        worker.counts().fault(Fault::Refused, || format!("AbortMultipartUpload of {key}: {why}"));
    }
    Ok(())
}

/// Sends a head, some of the body, and hangs up, in half of the cases with a reset.
async fn send(worker: &mut Worker, path: &str) -> Result<(), Gone> {
    let address = worker.clients.address().to_owned();
    let mut stream = TcpStream::connect(&address).await.map_err(|_| Gone)?;
    let head = format!("PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {LENGTH}\r\n\r\n");
    let sent = match worker.rng.random_bool(0.5) {
        true => LENGTH,
        false => worker.rng.random_range(0..LENGTH),
    };
    if worker.rng.random_bool(0.5) {
        stream.set_zero_linger().map_err(|_| Gone)?;
    }
    // What the server makes of it is looked at later.
    let _ = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&vec![b'x'; sent]).await
    }
    .await;
    worker.pause(Duration::from_millis(4)).await;
    worker.counts().did(Did::BrokenOff, 1);
    Ok(())
}

/// Each object is there whole or not at all.
pub(super) async fn check(worker: &Worker) -> Result<(), Gone> {
    for key in 0..KEYS {
        let sent = worker.clients.s3.get_object().bucket(OBJECTS).key(name(key)).send().await;
        let wrong = match sent {
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => None,
            other => match worker.call(async { other }).await? {
                Ok(answer) => {
                    let bytes = answer.body.collect().await.map_err(|_| Gone)?.to_vec();
                    let whole = bytes.len() == LENGTH && bytes.iter().all(|byte| *byte == b'x');
                    (!whole).then(|| format!("{} bytes", bytes.len()))
                }
                Err(why) => Some(why),
            },
        };
        if let Some(wrong) = wrong {
            worker.counts().fault(Fault::Objects, || format!("{}: {wrong}", name(key)));
        }
    }
    Ok(())
}
