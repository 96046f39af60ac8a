//! What happens to a data folder while the server runs: from when it is noticed nothing is acknowledged, and it is said why.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::helpers::cloud::{TestCloud, code, eventually};
use crate::helpers::queues::{queue, send};
use crate::helpers::raw::ask;

/// `rm -rf` or `git clean` took the folder, and what was sent afterwards was acknowledged and is in no file.
#[tokio::test]
async fn a_folder_that_is_taken_away_takes_no_more_writes() {
    let rows: [(&str, &str, fn(&Path)); 11] = [
        ("removed", "was removed", remove_all),
        ("moved away", "moved away", |data| fs::rename(data, data.with_extension("old")).unwrap()),
        ("moved away and replaced", "replaced", |data| {
            fs::rename(data, data.with_extension("old")).unwrap();
            fs::create_dir(data).unwrap();
        }),
        ("without its log", "log was removed", |data| remove_all(&data.join("log"))),
        ("without a segment", "00000001.log was removed", |data| {
            fs::remove_file(data.join("log/00000001.log")).unwrap()
        }),
        ("with a copy for a segment", "00000001.log was replaced", |data| {
            let segment = data.join("log/00000001.log");
            fs::rename(&segment, data.join("log/aside")).unwrap();
            fs::copy(data.join("log/aside"), segment).unwrap();
        }),
        ("with an emptied segment", "00000001.log was cut short", |data| {
            fs::write(data.join("log/00000001.log"), "").unwrap()
        }),
        ("without the folders of its objects", "objects/", |data| {
            let folders = fs::read_dir(data.join("objects")).unwrap();
            folders.for_each(|folder| remove_all(&folder.unwrap().path()));
        }),
        ("without one of these", "objects/ab was removed", |data| fs::remove_dir(data.join("objects/ab")).unwrap()),
        ("without its objects", "objects", |data| remove_all(&data.join("objects"))),
        ("without its lock", "lock was removed", |data| fs::remove_file(data.join("lock")).unwrap()),
    ];
    for (what, why, harm) in rows {
        let cloud = TestCloud::start().await;
        let (sqs, s3) = (cloud.sqs(), cloud.s3());
        let url = queue(&sqs, "orders", &[]).await;
        send(&sqs, &url, "before").await;
        // Nothing is wrong so far, however often it looks.
        cloud.pass(1);
        cloud.pass(1);
        send(&sqs, &url, "still").await;
        harm(&cloud.data());
        let core = &cloud.inside().core;
        let refusal = eventually(async || {
            cloud.pass(1);
            core.refusal()
        });
        let refusal = refusal.await.unwrap_or_else(|| panic!("{what}: not noticed"));
        assert!(refusal.contains(why), "{what}: {refusal}");
        let refused = sqs.send_message().queue_url(&url).message_body("after").send().await.unwrap_err();
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503, "{what}");
        assert!(format!("{refused:?}").contains(why), "{what}: {refused:?}");
        assert_eq!(code(s3.create_bucket().bucket("bucket").send().await), "ServiceUnavailable", "{what}");
        cloud.notice_with(&[why]).await;
        // What can be looked at can be looked at.
        sqs.get_queue_url().queue_name("orders").send().await.unwrap();
        let health = ask(&cloud, "localhost", "/health").await;
        assert!(health.starts_with("HTTP/1.1 503") && health.contains(why), "{what}: {health}");
    }
}

/// As `rm -rf` that is given again: the server writes a file of its own (`log.end`) while the folder is emptied, one time
/// in four, and then the folder isn't empty.
fn remove_all(folder: &Path) {
    while let Err(error) = fs::remove_dir_all(folder) {
        match error.kind() {
            ErrorKind::NotFound => return,
            ErrorKind::DirectoryNotEmpty => continue,
            _ => panic!("{}: {error}", folder.display()),
        }
    }
}

/// What was sent after `: > 00000001.log` made the file long again: its length alone didn't tell.
#[tokio::test]
async fn a_log_that_was_emptied_and_grew_again_takes_no_more_writes() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let segment = cloud.segment();
    let before = fs::metadata(&segment).unwrap().len();
    fs::write(&segment, "").unwrap();
    send(&sqs, &url, "after").await;
    assert!(fs::metadata(&segment).unwrap().len() > before);
    let refusal = eventually(async || {
        cloud.pass(1);
        cloud.inside().core.refusal()
    });
    assert!(refusal.await.expect("it is noticed").contains("00000001.log was cut short"));
}
