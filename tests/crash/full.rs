//! A full disk: it is filled by what clients send, the server is killed while it is full and while it is emptied, and
//! everything that was acknowledged must be there, must be deletable, and the server must then serve as before.
//!
//! The disk is a small file system in memory, which only root may mount: elsewhere this part is skipped, and says so.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;

use crate::args::Durability;
use crate::clients::Clients;
use crate::counts::{Counts, Did, Fault};
use crate::server::{Home, Server};

/// Bytes of the disk.
const DISK: u32 = 48 << 20;
/// Segments are small beside the disk, so that emptied ones are given back.
const SEGMENT: u32 = 1 << 20;
const BODY: usize = 30_000;
const OBJECT: usize = 1 << 20;
const QUEUE: &str = "full";
const BUCKET: &str = "full";
/// More calls than the disk has room for.
const MOST: usize = 20_000;
/// How long the server may take to serve again after it was emptied.
const PATIENCE: Duration = Duration::from_secs(20);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A file system in memory; unmounted when dropped.
struct Disk(PathBuf);

/// What somebody else fills the rest of the disk with.
const FILLER: &str = "filler";

impl Disk {
    fn mount(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK}"), "tmpfs"]).arg(&folder);
        let output = mount.output()?;
        match output.status.success() {
            true => Ok(Self(folder)),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().into()),
        }
    }

    /// Takes the last byte of the disk.
    fn fill(&self) -> std::io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.0.join(FILLER))?;
        for bytes in [1 << 16, 1 << 12, 1] {
            while filler.write_all(&vec![0; bytes]).is_ok() {}
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder is a temporary one all the same.
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// What was acknowledged and not deleted.
#[derive(Default)]
struct Known {
    /// Bodies of messages.
    messages: BTreeSet<String>,
    /// Keys of objects.
    objects: BTreeSet<String>,
    next: usize,
}

/// Fills and empties a disk so many times, below `folder`.
pub async fn run(folder: &Path, durability: Durability, times: u32, counts: &Arc<Counts>) -> Result<()> {
    let home = Home::new(folder, "disk/data", durability, SEGMENT);
    let disk = match Disk::mount(folder.join("disk")) {
        Ok(disk) => disk,
        Err(why) => {
            println!("crash: skipped what a full disk does, since none can be mounted here: {why}");
            return Ok(());
        }
    };
    let mut server = home.start()?;
    let clients = Clients::new(&server.endpoint);
    clients.sqs.create_queue().queue_name(QUEUE).send().await?;
    clients.s3.create_bucket().bucket(BUCKET).send().await?;
    let mut known = Known::default();
    for _ in 0..times {
        fill(&server, &mut known, counts).await;
        disk.fill()?;
        server = again(server, &home)?;
        disk.fill()?;
        // Half of it before the next kill, on a disk that is full when this begins.
        let half = known.messages.len() / 2;
        empty(&server, &mut known, half, counts).await;
        server = again(server, &home)?;
        empty(&server, &mut known, 0, counts).await;
        serves_again(&server, &mut known, counts).await;
        counts.did(Did::FullDisks, 1);
    }
    server.kill()?;
    Ok(())
}

fn again(server: Server, home: &Home) -> Result<Server> {
    server.kill()?;
    Ok(home.start()?)
}

/// Sends and puts until the disk takes neither.
async fn fill(server: &Server, known: &mut Known, counts: &Counts) {
    let clients = Clients::new(&server.endpoint);
    let (mut sends, mut puts) = (true, true);
    for _ in 0..MOST {
        known.next += 1;
        let name = format!("{:08}", known.next);
        if puts && known.next.is_multiple_of(50) {
            let put = clients.s3.put_object().bucket(BUCKET).key(&name).body(vec![b'o'; OBJECT].into());
            puts = acknowledged(put.send().await, counts, "PutObject");
            if puts {
                known.objects.insert(name.clone());
            }
        }
        let body = format!("{name} {}", "m".repeat(BODY));
        sends = acknowledged(send(&clients, &body).await, counts, "SendMessage");
        if sends {
            known.messages.insert(body);
        } else {
            break;
        }
    }
    if sends {
        counts.fault(Fault::Full, || "the disk never filled up".to_owned());
    }
}

async fn send(
    clients: &Clients,
    body: &str,
) -> std::result::Result<impl Sized, SdkError<impl ProvideErrorMetadata + std::fmt::Debug, HttpResponse>> {
    clients.sqs.send_message().queue_url(clients.url(QUEUE)).message_body(body).send().await
}

/// Whether a call was acknowledged; what a full disk refuses must be answered, and by 500 or 503.
fn acknowledged<T, E: ProvideErrorMetadata + std::fmt::Debug>(
    answer: std::result::Result<T, SdkError<E, HttpResponse>>,
    counts: &Counts,
    what: &str,
) -> bool {
    match answer {
        Ok(_) => true,
        Err(SdkError::ServiceError(error)) if matches!(error.raw().status().as_u16(), 500 | 503) => false,
        Err(error) => {
            counts.fault(Fault::Full, || format!("{what} on a full disk: {}", short(&error)));
            false
        }
    }
}

/// An error in a line.
fn short<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> String {
    match (error.code(), error.message()) {
        (None, None) => error.to_string(),
        (code, message) => format!("{}: {}", code.unwrap_or_default(), message.unwrap_or_default()),
    }
}

/// Receives and deletes messages until no more than `leave` are known to be there, and where that is none, deletes all
/// objects. Nothing of that may be refused.
async fn empty(server: &Server, known: &mut Known, leave: usize, counts: &Counts) {
    let clients = Clients::new(&server.endpoint);
    let refused = |what: &str, why: String| counts.fault(Fault::Full, || format!("{what} on a full disk: {why}"));
    let url = clients.url(QUEUE);
    while known.messages.len() > leave {
        let receive = clients.sqs.receive_message().queue_url(&url).max_number_of_messages(10).visibility_timeout(5);
        let messages = match receive.wait_time_seconds(10).send().await {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(error) => return refused("ReceiveMessage", short(&error)),
        };
        if messages.is_empty() {
            let lost = known.messages.len();
            return counts.fault(Fault::Full, || format!("{lost} messages were acknowledged and are gone"));
        }
        let mut batch = clients.sqs.delete_message_batch().queue_url(&url);
        for (at, message) in messages.iter().enumerate() {
            // What was refused may be there once the disk has room; what comes must be whole.
            known.messages.remove(message.body().unwrap_or_default());
            if !message.body().is_some_and(|body| body.ends_with(&"m".repeat(BODY))) {
                counts.fault(Fault::Full, || format!("a message came damaged: {:?}", message.message_id()));
            }
            let entry = DeleteMessageBatchRequestEntry::builder().id(at.to_string());
            let entry = entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build();
            batch = batch.entries(entry.expect("id and handle"));
        }
        match batch.send().await {
            Ok(answer) if answer.failed().is_empty() => {}
            Ok(answer) => return refused("DeleteMessageBatch", format!("{:?}", answer.failed())),
            Err(error) => return refused("DeleteMessageBatch", short(&error)),
        }
    }
    if leave > 0 {
        return;
    }
    for key in std::mem::take(&mut known.objects) {
        let read = clients.s3.get_object().bucket(BUCKET).key(&key).send().await;
        let length = read.map(|object| object.content_length().unwrap_or_default());
        if !matches!(length, Ok(length) if length == OBJECT as i64) {
            counts.fault(Fault::Full, || format!("the object {key} has {length:?} bytes"));
        }
        if let Err(error) = clients.s3.delete_object().bucket(BUCKET).key(&key).send().await {
            refused("DeleteObject", short(&error));
            return;
        }
    }
}

/// After it was emptied the server takes sends and uploads, without a restart.
async fn serves_again(server: &Server, known: &mut Known, counts: &Counts) {
    let clients = Clients::new(&server.endpoint);
    let since = Instant::now();
    let body = format!("after {} {}", known.next, "m".repeat(BODY));
    loop {
        let sent = send(&clients, &body).await.is_ok();
        let put = clients.s3.put_object().bucket(BUCKET).key("after").body(vec![b'o'; OBJECT].into()).send().await;
        if sent {
            known.messages.insert(body.clone());
        }
        if put.is_ok() {
            known.objects.insert("after".to_owned());
        }
        if sent && put.is_ok() {
            return;
        }
        if since.elapsed() > PATIENCE {
            return counts.fault(Fault::Full, || {
                format!("emptied, and it takes nothing: sent {sent}, put {:?}", put.err().map(|error| short(&error)))
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
