//! A disk that clients and another program fill together: it is emptied through the port, also after a crash.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::binary::{Local, folder};
use crate::helpers::cloud::{config, eventually, s3};
use crate::helpers::queues::{delete, queue, receive};

/// Of which a sixteenth is kept free, and as much again is the reserve.
const MIB: u64 = 48;
const FLOOR: u64 = (MIB << 20) / 16;

/// A disk of its own that outlives the servers on it.
struct SmallDisk {
    folder: PathBuf,
    /// The process whose mounts these are.
    holder: Child,
}

impl SmallDisk {
    /// None where this process may not mount one.
    fn mount(folder: &Path) -> Option<Self> {
        let script = format!("mkdir -p disk && mount -t tmpfs -o size={MIB}m tmpfs disk && echo mounted && exec cat");
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut line).ok()?;
        let disk = Self { folder: folder.to_owned(), holder };
        if line.trim() != "mounted" || std::fs::metadata(disk.path("")).is_err() {
            println!("skipped: this process may not mount a disk of its own (unshare -rm, mount -t tmpfs)");
            return None;
        }
        Some(disk)
    }

    /// A path on the disk, as this process can go it.
    fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.strip_prefix("/").unwrap();
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(folder).join("disk").join(name)
    }

    fn start(&self, args: &[&str]) -> Local {
        let holder = self.holder.id().to_string();
        let script = format!("cd '{}/disk' && exec \"$0\" \"$@\"", self.folder.display());
        let under = ["nsenter", "-t", &holder, "-U", "-m", "--preserve-credentials", "sh", "-c", &script];
        Local::start_under(&self.folder, &under, args)
    }

    fn free(&self) -> u64 {
        let space = rustix::fs::statvfs(self.path("")).unwrap();
        space.f_bavail * space.f_frsize
    }

    /// Another program takes what is free but for so many bytes.
    fn fill(&self, leave: u64) {
        let mut filler = std::fs::File::options().create(true).append(true).open(self.path("filler")).unwrap();
        while self.free() > leave && filler.write_all(&[0; 4096]).is_ok() {}
    }

    /// Bytes of the reserve that are on the disk.
    fn reserve(&self) -> u64 {
        std::fs::metadata(self.path("data/log/reserve")).map_or(0, |file| file.blocks() * 512)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        _ = self.holder.kill();
        _ = self.holder.wait();
    }
}

/// The status of `GET /health`.
async fn health(endpoint: &str) -> u16 {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// What another program leaves of the disk before the last sends, and how long these are.
struct Way {
    durability: &'static str,
    leave: u64,
    body: usize,
}

/// Sends took the reserve as well, and the next program that filled the disk left nothing for what empties it: receiving, aborting,
/// deleting and purging were refused until somebody else gave space back.
async fn is_emptied(way: Way) {
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let args = ["--durability", way.durability];
    let local = disk.start(&args);
    let (sqs, files) = (aws_sdk_sqs::Client::new(&config(&local.endpoint)), s3(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    files.create_bucket().bucket("box").send().await.unwrap();
    files.put_object().bucket("box").key("k").body(ByteStream::from(vec![1; 50_000])).send().await.unwrap();
    let upload = files.create_multipart_upload().bucket("box").key("parts").send().await.unwrap();
    let upload = upload.upload_id().unwrap();
    let part = async |number: i32| {
        let part = files.upload_part().bucket("box").key("parts").upload_id(upload).part_number(number);
        part.body(ByteStream::from(vec![1; 6 << 20])).send().await.is_ok()
    };
    let mut parts = 1;
    while part(parts).await {
        parts += 1;
    }
    assert!(parts > 4, "{parts}");
    disk.fill(way.leave);
    let body = "x".repeat(way.body);
    let mut sent = 0;
    let refused = loop {
        match sqs.send_message().queue_url(&url).message_body(&body).send().await {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503);
    let entries = (0..10).map(|id| {
        let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body("x".repeat(100_000));
        entry.build().unwrap()
    });
    sqs.send_message_batch().queue_url(&url).set_entries(Some(entries.collect())).send().await.unwrap_err();
    assert_eq!(disk.reserve(), FLOOR, "{sent} were sent");
    assert!(sent > 0 && disk.free() > FLOOR / 3, "{sent} were sent, and {} is free", disk.free());
    local.kill();
    let local = disk.start(&args);
    disk.fill(0);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = url_at(&local);
    let got = receive(&sqs, &url).await;
    assert!(!got.is_empty());
    delete(&sqs, &url, &got[0]).await;
    local.kill();
    disk.fill(0);
    let local = disk.start(&args);
    assert_eq!(health(&local.endpoint).await, 503, "right after the start");
    let (sqs, files) = (aws_sdk_sqs::Client::new(&config(&local.endpoint)), s3(&local.endpoint));
    let url = url_at(&local);
    receive(&sqs, &url).await;
    files.delete_object().bucket("box").key("k").send().await.expect("an object goes");
    disk.fill(0);
    files.abort_multipart_upload().bucket("box").key("parts").upload_id(upload).send().await.expect("parts go");
    disk.fill(0);
    sqs.purge_queue().queue_url(&url).send().await.expect("messages go");
    std::fs::remove_file(disk.path("filler")).unwrap();
    let again = eventually(async || sqs.send_message().queue_url(&url).message_body("x").send().await.ok());
    assert!(again.await.is_some(), "no restart is needed");
    assert_eq!(health(&local.endpoint).await, 200);
    assert!(disk.reserve() == FLOOR && local.signal("TERM").success());
}

fn url_at(local: &Local) -> String {
    format!("{}/000000000000/q", local.endpoint)
}

#[tokio::test]
async fn sends_behind_uploads_leave_the_reserve() {
    is_emptied(Way { durability: "process", leave: u64::MAX, body: 20_000 }).await;
}

#[tokio::test]
async fn long_sends_behind_another_program_leave_the_reserve() {
    is_emptied(Way { durability: "process", leave: FLOOR + (1 << 20), body: 900_000 }).await;
}

#[tokio::test]
async fn synced_sends_leave_the_reserve() {
    is_emptied(Way { durability: "power", leave: FLOOR + (2 << 20), body: 300_000 }).await;
}

/// What is written in the object of this number.
fn small(n: usize) -> Vec<u8> {
    format!("{n} ").repeat(4_000).into_bytes()[..4_000].to_vec()
}

/// Half of what filled a disk was deleted, and it stayed full: the log's only segment held more that was alive than there was room
/// to copy.
#[tokio::test]
async fn a_disk_full_of_small_objects_takes_new_ones_once_every_second_is_deleted() {
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let local = disk.start(&[]);
    let files = s3(&local.endpoint);
    files.create_bucket().bucket("box").send().await.unwrap();
    disk.fill(FLOOR + (14 << 20));
    let put = async |files: &aws_sdk_s3::Client, n: usize| {
        let put = files.put_object().bucket("box").key(n.to_string()).body(ByteStream::from(small(n)));
        put.send().await.map_err(|error| error.raw_response().map(|answer| answer.status().as_u16()))
    };
    let mut there = Vec::new();
    loop {
        let first = there.len();
        let puts = futures::future::join_all((first..first + 16).map(|n| put(&files, n))).await;
        there.extend((first..).zip(&puts).filter(|(_, put)| put.is_ok()).map(|(n, _)| n));
        if let Some(refused) = puts.into_iter().find_map(Result::err) {
            assert_eq!(refused, Some(503));
            break;
        }
    }
    assert!(there.len() > 2_500, "{}", there.len());
    let gone: Vec<usize> = there.iter().copied().step_by(2).collect();
    for some in gone.chunks(500) {
        let keys = some.iter().map(|n| ObjectIdentifier::builder().key(n.to_string()).build().unwrap());
        let delete = Delete::builder().set_objects(Some(keys.collect())).quiet(true).build().unwrap();
        let deleted = files.delete_objects().bucket("box").delete(delete).send().await.unwrap();
        assert!(deleted.errors().is_empty(), "{deleted:?}");
    }
    let next = there.len() + 100;
    assert!(eventually(async || put(&files, next).await.ok()).await.is_some(), "new ones are taken");
    local.kill();
    let local = disk.start(&[]);
    let files = s3(&local.endpoint);
    for n in there.into_iter().skip(1).step_by(2).chain([next]) {
        let got = files.get_object().bucket("box").key(n.to_string()).send().await.unwrap();
        assert!(got.body.collect().await.unwrap().to_vec() == small(n), "{n}");
    }
    for n in gone {
        assert!(files.head_object().bucket("box").key(n.to_string()).send().await.is_err(), "{n} is back");
    }
    assert!(local.signal("TERM").success());
}
