//! A full disk: it is filled by what clients send and by another program, the server is killed while it is full and while it
//! is emptied, and everything that was acknowledged must be there, must be deletable, and the server must then serve as before.
//!
//! The disk is a small file system in memory, which only root may mount: elsewhere this part is skipped, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use log::Durability;

use crate::clients::Clients;
use crate::counts::{Counts, Did, Fault};
use crate::server::{Home, Server};

/// Bytes of the disk.
const DISK: u32 = 48 << 20;
/// Segments are small beside the disk, so that emptied ones are given back.
const SEGMENT: u32 = 1 << 20;
/// Bytes of a message, and of every so manieth.
const BODY: usize = 20_000;
const LONG_BODY: usize = 900_000;
const LONG: usize = 12;
/// Bytes of objects, small and large in turn.
const OBJECTS: [usize; 2] = [3_000, 1 << 20];
const PART: usize = 5 << 20;
/// What another program leaves for the last sends.
const LITTLE: u64 = 5 << 20;
const QUEUE: &str = "full";
const BUCKET: &str = "full";
/// More calls than the disk has room for.
const MOST: usize = 20_000;
/// How long the server may take to serve again after it was emptied.
const PATIENCE: Duration = Duration::from_secs(20);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A file system in memory; unmounted when dropped.
struct Disk(PathBuf);

/// What another program fills the rest of the disk with.
const FILLER: &str = "filler";

/// When it does so.
#[derive(Debug, Clone, Copy)]
enum Filler {
    /// When the clients are refused.
    Last,
    /// Behind uploads of parts, and it leaves a little for sends.
    BeforeTheLastSends,
    /// At once, while the server knows of much room.
    InTheMidst,
}

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

    fn free(&self) -> u64 {
        rustix::fs::statvfs(&self.0).map_or(0, |space| space.f_bavail * space.f_frsize)
    }

    /// Takes what is free but for a little.
    fn leave_little(&self) -> std::io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.0.join(FILLER))?;
        while self.free() > LITTLE {
            filler.write_all(&[0; 4096])?;
        }
        Ok(())
    }

    /// The other program ends.
    fn give_back(&self) -> std::io::Result<()> {
        std::fs::remove_file(self.0.join(FILLER))
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
    /// Keys of objects, and their bytes.
    objects: BTreeMap<String, usize>,
    /// Multipart uploads, with how many parts.
    uploads: BTreeMap<String, i32>,
    next: usize,
}

/// Fills and empties a disk so many times, below `folder`.
pub(crate) async fn run(folder: &Path, durability: Durability, times: u32, counts: &Arc<Counts>) -> Result<()> {
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
    let fillers = [Filler::Last, Filler::BeforeTheLastSends, Filler::InTheMidst];
    for filler in std::iter::repeat_n(fillers, times as usize).flatten() {
        match filler {
            Filler::Last => {}
            Filler::BeforeTheLastSends => {
                upload(&server, &mut known, counts).await;
                disk.leave_little()?;
            }
            Filler::InTheMidst => {
                fill(&server, &mut known, 200, counts).await;
                disk.fill()?;
            }
        }
        if fill(&server, &mut known, MOST, counts).await {
            counts.fault(Fault::Full, || format!("the disk never filled up ({filler:?})"));
        }
        disk.fill()?;
        server = again(server, &home)?;
        disk.fill()?;
        // Half of it before the next kill, on a disk that is full when this begins.
        let half = known.messages.len() / 2;
        empty(&server, &mut known, half, counts).await;
        server = again(server, &home)?;
        empty(&server, &mut known, 0, counts).await;
        serves_again(&server, &mut known, counts).await;
        disk.give_back()?;
        counts.did(Did::FullDisks, 1);
    }
    server.kill()?;
    Ok(())
}

fn again(server: Server, home: &Home) -> Result<Server> {
    server.kill()?;
    Ok(home.start()?)
}

/// Parts of an upload until the disk takes no more.
async fn upload(server: &Server, known: &mut Known, counts: &Counts) {
    let clients = Clients::new(&server.endpoint);
    let begun = clients.s3.create_multipart_upload().bucket(BUCKET).key("parts").send().await;
    let Some(id) = begun.ok().and_then(|begun| begun.upload_id) else {
        return counts.fault(Fault::Full, || "an upload could not begin on an empty disk".to_owned());
    };
    for number in 1.. {
        let part = clients.s3.upload_part().bucket(BUCKET).key("parts").upload_id(&id).part_number(number);
        if !acknowledged(part.body(vec![b'p'; PART].into()).send().await, counts, "UploadPart") {
            break;
        }
        known.uploads.insert(id.clone(), number);
    }
}

/// Sends and puts, so often or until the disk takes not even a short message. Whether it took the last.
async fn fill(server: &Server, known: &mut Known, most: usize, counts: &Counts) -> bool {
    let clients = Clients::new(&server.endpoint);
    let mut puts = true;
    for _ in 0..most {
        known.next += 1;
        let name = format!("{:08}", known.next);
        if puts && known.next.is_multiple_of(25) {
            let bytes = OBJECTS[known.next / 25 % OBJECTS.len()];
            let put = clients.s3.put_object().bucket(BUCKET).key(&name).body(vec![b'o'; bytes].into());
            puts = acknowledged(put.send().await, counts, "PutObject");
            if puts {
                known.objects.insert(name.clone(), bytes);
            }
        }
        let long = known.next.is_multiple_of(LONG);
        let body = body(&name, if long { LONG_BODY } else { BODY });
        if acknowledged(send(&clients, &body).await, counts, "SendMessage") {
            known.messages.insert(body);
        } else if !long {
            return false;
        }
    }
    true
}

/// A body that tells of its length.
fn body(name: &str, bytes: usize) -> String {
    format!("{name} {bytes} {}", "m".repeat(bytes))
}

/// Whether a body is as [`body`] made it.
fn is_whole(body: &str) -> bool {
    let mut words = body.rsplitn(3, ' ');
    let (text, bytes) = (words.next().unwrap_or_default(), words.next().and_then(|bytes| bytes.parse().ok()));
    bytes == Some(text.len()) && text.bytes().all(|byte| byte == b'm')
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
/// objects and uploads. Nothing of that may be refused.
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
            if !message.body().is_some_and(is_whole) {
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
    for (key, bytes) in std::mem::take(&mut known.objects) {
        let read = clients.s3.get_object().bucket(BUCKET).key(&key).send().await;
        let length = read.map(|object| object.content_length().unwrap_or_default());
        if !matches!(length, Ok(length) if length == bytes as i64) {
            counts.fault(Fault::Full, || format!("the object {key} has {length:?} bytes"));
        }
        if let Err(error) = clients.s3.delete_object().bucket(BUCKET).key(&key).send().await {
            return refused("DeleteObject", short(&error));
        }
    }
    for (id, parts) in std::mem::take(&mut known.uploads) {
        let upload = clients.s3.list_parts().bucket(BUCKET).key("parts").upload_id(&id).send().await;
        let found = upload.map(|upload| upload.parts().len());
        if !matches!(found, Ok(found) if found >= parts as usize) {
            counts.fault(Fault::Full, || format!("the upload has {found:?} parts instead of {parts}"));
        }
        let abort = clients.s3.abort_multipart_upload().bucket(BUCKET).key("parts").upload_id(&id).send().await;
        if let Err(error) = abort {
            return refused("AbortMultipartUpload", short(&error));
        }
    }
}

/// After it was emptied the server takes sends and uploads, without a restart.
async fn serves_again(server: &Server, known: &mut Known, counts: &Counts) {
    let clients = Clients::new(&server.endpoint);
    let since = Instant::now();
    let body = body(&format!("after {}", known.next), BODY);
    let bytes = OBJECTS[1];
    loop {
        let sent = send(&clients, &body).await.is_ok();
        let put = clients.s3.put_object().bucket(BUCKET).key("after").body(vec![b'o'; bytes].into()).send().await;
        if sent {
            known.messages.insert(body.clone());
        }
        if put.is_ok() {
            known.objects.insert("after".to_owned(), bytes);
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
