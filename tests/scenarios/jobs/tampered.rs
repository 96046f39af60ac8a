//! What a simulation says when its results are tampered with while it runs.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::served::{cloud, output};
use crate::helpers::{eventually, run};

/// Each job was looked at once, when it ended: what was deleted, overwritten or changed afterwards was no loss, nor was a result
/// that nobody had asked for.
#[tokio::test]
async fn a_simulation_sees_what_is_lost_changed_or_added_after_a_job_has_ended() {
    let cloud = cloud();
    let (folder, endpoint) = (cloud.folder.path().to_owned(), cloud.endpoint().to_owned());
    let database = format!("sqlite:{}", folder.join("tampered.db").display());
    let url = database.clone();
    let simulation = tokio::task::spawn_blocking(move || {
        let args = ["simulate", "jobs", "--count", "40", "--rate", "8/s", "--json", "--database-url", &url];
        run(&folder, &[&args[..], &["--endpoint-url", &endpoint]].concat())
    });
    let s3 = cloud.s3();
    let bucket = &output(&cloud, "ResultBucketName").await;
    let keys = eventually("results", async || {
        let listed = s3.list_objects_v2().bucket(bucket).send().await.unwrap().contents.unwrap_or_default();
        let keys: Vec<String> = listed.into_iter().filter_map(|object| object.key).collect();
        (keys.len() >= 3).then_some(keys)
    })
    .await;
    let (deleted, overwritten, changed) = (&keys[0], &keys[1], &keys[2]);
    s3.delete_object().bucket(bucket).key(deleted).send().await.unwrap();
    for key in [overwritten, "nobodys"] {
        s3.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b"{}")).send().await.unwrap();
    }
    let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
    let mut often = tokio::time::interval(Duration::from_millis(100));
    // When a job is first looked at nobody outside can know: the row changes all the time.
    while !simulation.is_finished() {
        often.tick().await;
        let more = "UPDATE jobs SET attempts = attempts + 1 WHERE job_request_id = ?";
        sqlx::query(more).bind(changed).execute(&pool).await.unwrap();
    }
    let ended = simulation.await.unwrap();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let report = ended.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let report = report.into_iter().find(|it| it["record"] == "report").unwrap();
    let wrong = |name: &str| {
        let check = report["checks"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        check["wrong"].to_string()
    };
    let jobs = wrong("jobs are as they were when they ended");
    for id in [deleted, overwritten, changed] {
        assert!(jobs.contains(id.as_str()), "{id}: {report}");
    }
    let objects = wrong("the bucket has an object for each job that is done, and no others");
    assert!(objects.contains(deleted.as_str()) && objects.contains("nobodys"), "{report}");
}
