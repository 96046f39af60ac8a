//! The cloud's clock: one that stands still and is moved, one that runs fast, and what the data folder keeps of them.

use std::time::Instant;

use cloud::Clock;
use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};
use crate::helpers::cloud::{LATE_EVENING, TestCloud, config};
use crate::helpers::queues::{bodies, queue, receive, send};
use crate::helpers::raw::{post, status};
use crate::helpers::streams::{BUCKET, create, destination, objects, put, text};

const HOUR: u64 = 3_600_000;

/// Moves the clock; the page that tells of it.
async fn go(cloud: &TestCloud, query: &str) -> Value {
    let answer = post(cloud, &format!("/_messaging/clock?{query}"), "X: y", b"").await;
    assert_eq!(status(&answer), "200", "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn with_stream_at(now: u64, zone: &str) -> TestCloud {
    let cloud = TestCloud::with_clock(Clock::frozen(now)).await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    let prefix = "landing_date=!{timestamp:yyyy-MM-dd}/at=!{timestamp:HH-mm}/";
    create(&cloud, destination().custom_time_zone(zone).prefix(prefix).error_output_prefix("failed/")).await;
    cloud
}

fn folders(objects: &[(String, Vec<u8>)]) -> Vec<&str> {
    objects.iter().map(|(key, _)| key.rsplit_once('/').unwrap().0).collect()
}

/// Whatever falls due is done when the answer comes: nobody polls for it, and nobody sleeps.
#[tokio::test]
async fn what_falls_due_on_the_way_is_done_when_the_answer_comes() {
    let cloud = with_stream_at(LATE_EVENING, "UTC").await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "q", &[]).await;
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(900).send().await.unwrap();
    put(&cloud, "before midnight").await;
    let moved = go(&cloud, "advance=20m").await;
    assert_eq!((moved["mode"].as_str(), moved["millis"].as_u64()), (Some("frozen"), Some(LATE_EVENING + HOUR / 3)));
    assert_eq!(bodies(&receive(&sqs, &url).await), ["late"]);
    // It landed when it was due, not when the clock came to rest.
    assert_eq!(folders(&objects(&cloud).await), ["landing_date=2026-03-14/at=23-30"]);
    let listed = cloud.s3().list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(listed.contents()[0].last_modified().unwrap().secs() as u64, LATE_EVENING / 1_000 + 60);
    assert_eq!(moved["moments"], 1, "{moved}");
    // In flight it stays hidden for 30 s of the cloud's, however long the wall's take.
    assert!(receive(&sqs, &url).await.is_empty());
    put(&cloud, "around midnight").await;
    go(&cloud, "to=2026-03-15T00:00:00Z").await;
    assert_eq!(bodies(&receive(&sqs, &url).await), ["late"]);
    put(&cloud, "after midnight").await;
    go(&cloud, "advance=60s").await;
    let landed = objects(&cloud).await;
    let (folders, last) = (folders(&landed), text(&landed[2].1));
    assert_eq!(folders[1..], ["landing_date=2026-03-14/at=23-50", "landing_date=2026-03-15/at=00-00"]);
    assert_eq!(last, "after midnight");
}

/// On the 29th of March 2026 the hour after 02:00 wasn't there in Berlin.
#[tokio::test]
async fn objects_land_across_the_change_to_summer_time() {
    let cloud = with_stream_at(1_774_745_970_000, "Europe/Berlin").await;
    put(&cloud, "winter").await;
    go(&cloud, "advance=61s").await;
    put(&cloud, "summer").await;
    go(&cloud, "advance=61s").await;
    let landed = objects(&cloud).await;
    assert_eq!(folders(&landed), ["landing_date=2026-03-29/at=01-59", "landing_date=2026-03-29/at=03-00"]);
}

/// A cloud's time never goes back, whichever clock a folder is opened with.
#[tokio::test]
async fn a_folder_keeps_its_time() {
    let mut cloud = TestCloud::with_clock(Clock::frozen(LATE_EVENING)).await;
    let year = 365 * 24 * HOUR;
    go(&cloud, "advance=8760h").await;
    cloud.restart_with_clock(Clock::frozen(LATE_EVENING)).await;
    assert_eq!(cloud.now(), LATE_EVENING + year);
    assert!(cloud.notices().is_empty(), "{:?}", cloud.notices());
    // Ahead of the wall's it goes on from there.
    go(&cloud, "to=2999-01-01T00:00:00Z").await;
    let then = cloud.now();
    for (clock, mode) in [(Clock::running(LATE_EVENING, 600), "x600"), (Clock::System, "x1")] {
        cloud.restart_with_clock(clock).await;
        let page = crate::helpers::raw::ask(&cloud, "localhost", "/_messaging/clock").await;
        assert!(page.contains(&format!("\"mode\":\"{mode}\"")) && page.contains("\"now\":\"2999-"), "{page}");
        assert!(cloud.now() >= then);
        let told = cloud.notices().join("\n");
        assert!(told.contains("this folder's clock was"), "{told}");
        let refused = post(&cloud, "/_messaging/clock?advance=1h", "X: y", b"").await;
        assert!(status(&refused) == "409" && refused.contains("--clock frozen"), "{refused}");
    }
    // A reset empties the cloud, and leaves it its time.
    assert_eq!(status(&post(&cloud, "/_messaging/reset", "X: y", b"").await), "200");
    cloud.restart_with_clock(Clock::System).await;
    assert!(cloud.now() >= then);
}

/// Clients live by the wall clock: signatures, and links that they made, are good whatever the cloud's clock shows.
#[tokio::test]
async fn links_and_signatures_go_by_the_wall_clock() {
    let cloud = TestCloud::with_clock(Clock::frozen(LATE_EVENING)).await;
    go(&cloud, "to=2100-01-01T00:00:00Z").await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    s3.put_object().bucket(BUCKET).key("k").body(b"x".to_vec().into()).send().await.unwrap();
    let head = s3.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(head.last_modified().unwrap().secs(), 4_102_444_800);
    let minute = aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(60)).unwrap();
    let link = s3.get_object().bucket(BUCKET).key("k").presigned(minute).await.unwrap();
    let got = reqwest::get(link.uri()).await.unwrap();
    assert_eq!((got.status().as_u16(), got.text().await.unwrap().as_str()), (200, "x"));
}

fn told(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:#?}"))
}

#[tokio::test]
async fn the_command_moves_a_clock_and_says_what_can_not_be_moved() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--clock", "frozen@2026-03-29T00:00:00Z"]);
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    let shown = ask(&["clock"]);
    assert_eq!(shown.stdout, "It is 2026-03-29T00:00:00.000Z; the clock stands still.\n", "{shown:#?}");
    let moved = told(&ask(&["clock", "advance", "1h30m", "--json"]));
    assert_eq!(moved["now"], "2026-03-29T01:30:00.000Z", "{moved}");
    assert_eq!(told(&ask(&["clock", "to", "2026-03-30T00:00:00Z", "--json"]))["now"], "2026-03-30T00:00:00.000Z");
    let back = ask(&["clock", "to", "2026-03-29T00:00:00Z"]);
    assert!(back.code == Some(1) && back.stderr.contains("time doesn't go back"), "{back:#?}");
    drop(local);
    // A quarter of an hour passes in a second and a half.
    let local = Local::start(dir.path(), &["--clock", "x600"]);
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    let shown = ask(&["clock"]);
    assert!(shown.stdout.starts_with("It is 2026-") && shown.stdout.ends_with("the clock runs x600.\n"), "{shown:#?}");
    let refused = ask(&["clock", "advance", "1h"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("runs by itself"), "{refused:#?}");
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    let began = Instant::now();
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(900).send().await.unwrap();
    let polled = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send().await.unwrap();
    assert_eq!(bodies(&polled.messages.unwrap()), ["late"]);
    assert!(began.elapsed().as_millis() >= 1_400, "it came before its time");
    send(&sqs, &url, "at once").await;
}

/// A move that came right after the first lifecycle rule went over every midnight, and all expired at its end.
#[tokio::test]
async fn a_clock_stops_at_midnight_for_rules_that_were_just_made() {
    use aws_sdk_s3::types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    };
    let cloud = TestCloud::with_clock(Clock::frozen(LATE_EVENING)).await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    s3.put_object().bucket(BUCKET).key("k").body(b"x".to_vec().into()).send().await.unwrap();
    let rule = LifecycleRule::builder()
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    s3.put_bucket_lifecycle_configuration().bucket(BUCKET).lifecycle_configuration(rules).send().await.unwrap();
    assert_eq!(go(&cloud, "advance=72h").await["moments"], 1, "the midnight at which it expires");
    assert!(s3.head_object().bucket(BUCKET).key("k").send().await.is_err());
    // It stopped at each midnight of all centuries while there was a rule.
    s3.put_object().bucket(BUCKET).key("k").body(b"x".to_vec().into()).send().await.unwrap();
    assert_eq!(go(&cloud, "to=8999-01-01T00:00:00Z").await["moments"], 1);
    assert!(s3.head_object().bucket(BUCKET).key("k").send().await.is_err());
    let looks = post(&cloud, "/_messaging/clock?advance=1h", "X: y", b"").await;
    assert_eq!(status(&looks), "200");
    let asks = crate::helpers::raw::ask(&cloud, "localhost", "/_messaging/clock?advance=1h").await;
    assert_eq!(status(&asks), "405", "a GET moves nothing, and says so");
}
