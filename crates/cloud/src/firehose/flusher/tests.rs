//! Tests of the flusher: what is due lands once, and what can't land stays.

use std::path::Path;
use std::time::Duration;

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{BufferingHints, ExtendedS3DestinationConfiguration, Record};
use tokio::net::TcpListener;

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::gateway::Access;
use crate::server::{Options, Server};

/// 2026-03-01T23:59:30Z.
const LATE_EVENING: u64 = 1_772_409_570_000;

struct Bench {
    server: Server,
    firehose: aws_sdk_firehose::Client,
    s3: aws_sdk_s3::Client,
    clock: Clock,
}

async fn serve(folder: &Path, clock: Clock) -> Bench {
    let options = Options { clock: clock.clone(), ..Options::new(folder) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(cloud, listener, Access::default()).unwrap();
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", server.address))
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
            aws_credential_types::Credentials::new("test", "test", None, None, "test"),
        ))
        .build();
    let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    Bench { server, firehose: aws_sdk_firehose::Client::new(&config), s3: aws_sdk_s3::Client::from_conf(s3), clock }
}

impl Bench {
    async fn create(&self, seconds: i32, mebibytes: i32) {
        self.s3.create_bucket().bucket("landing").send().await.unwrap();
        self.firehose
            .create_delivery_stream()
            .delivery_stream_name("events")
            .extended_s3_destination_configuration(
                ExtendedS3DestinationConfiguration::builder()
                    .role_arn("arn:aws:iam::000000000000:role/firehose")
                    .bucket_arn("arn:aws:s3:::landing")
                    .prefix("landing_date=!{timestamp:yyyy-MM-dd}/")
                    .error_output_prefix("errors/!{firehose:error-output-type}/")
                    .buffering_hints(
                        BufferingHints::builder().interval_in_seconds(seconds).size_in_mbs(mebibytes).build(),
                    )
                    .build()
                    .unwrap(),
            )
            .send()
            .await
            .unwrap();
    }

    async fn put(&self, data: &str) {
        let record = Record::builder().data(Blob::new(data)).build().unwrap();
        self.firehose.put_record().delivery_stream_name("events").record(record).send().await.unwrap();
    }

    /// Keys and bodies, once there are `count` objects.
    async fn landed(&self, count: usize) -> Vec<(String, String)> {
        loop {
            let listed = self.s3.list_objects_v2().bucket("landing").send().await.unwrap();
            if listed.contents().len() >= count {
                let mut objects = Vec::new();
                for key in listed.contents().iter().filter_map(|object| object.key()) {
                    let object = self.s3.get_object().bucket("landing").key(key).send().await.unwrap();
                    let body = object.body.collect().await.unwrap().into_bytes();
                    objects.push((key.to_owned(), String::from_utf8(body.into()).unwrap()));
                }
                return objects;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_batch_lands_when_its_time_has_come_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), Clock::manual(LATE_EVENING)).await;
    bench.create(60, 5).await;
    bench.put("a\n").await;
    bench.clock.advance(Duration::from_secs(10));
    bench.put("b\n").await;
    bench.clock.advance(Duration::from_secs(49));
    let listed = bench.s3.list_objects_v2().bucket("landing").send().await.unwrap();
    assert_eq!(listed.contents().len(), 0);
    bench.clock.advance(Duration::from_secs(1));
    let objects = bench.landed(1).await;
    assert_eq!(objects[0].1, "a\nb\n");
    assert!(objects[0].0.starts_with("landing_date=2026-03-01/events-1-2026-03-01-23-59-30-"), "{}", objects[0].0);
    bench.put("c\n").await;
    bench.clock.advance(Duration::from_secs(60));
    assert!(bench.landed(2).await[1].0.starts_with("landing_date=2026-03-02/"), "midnight has passed");
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_batch_lands_when_it_is_large_enough() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), Clock::manual(LATE_EVENING)).await;
    bench.create(900, 1).await;
    let record = "x".repeat(600_000);
    bench.put(&record).await;
    bench.put(&record).await;
    assert_eq!(bench.landed(1).await[0].1.len(), 1_200_000);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_stream_holds_survives_a_restart_and_lands_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(LATE_EVENING);
    let bench = serve(folder.path(), clock.clone()).await;
    bench.create(60, 5).await;
    bench.put("a\n").await;
    bench.server.stop().await.unwrap();
    let bench = serve(folder.path(), clock.clone()).await;
    clock.advance(Duration::from_secs(60));
    assert_eq!(bench.landed(1).await[0].1, "a\n");
    bench.server.stop().await.unwrap();
    let bench = serve(folder.path(), clock.clone()).await;
    bench.put("b\n").await;
    clock.advance(Duration::from_secs(60));
    let bodies: Vec<_> = bench.landed(2).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["a\n", "b\n"]);
    bench.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_land_is_kept_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), Clock::manual(LATE_EVENING)).await;
    bench.create(0, 1).await;
    bench.s3.delete_bucket().bucket("landing").send().await.unwrap();
    bench.put("a\n").await;
    while !bench.server.cloud.notices.all().iter().any(|(_, text)| text.contains("NoSuchBucket")) {
        tokio::task::yield_now().await;
    }
    bench.s3.create_bucket().bucket("landing").send().await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.landed(1).await[0].1, "a\n");
    bench.server.stop().await.unwrap();
}

/// "Handle data delivery failures": after 24 hours the data is lost.
#[tokio::test]
async fn what_cannot_land_for_a_day_is_given_up_loudly() {
    let folder = tempfile::tempdir().unwrap();
    let bench = serve(folder.path(), Clock::manual(LATE_EVENING)).await;
    bench.create(0, 1).await;
    bench.s3.delete_bucket().bucket("landing").send().await.unwrap();
    bench.put("old").await;
    bench.clock.advance(Duration::from_secs(23 * 3600));
    bench.put("new").await;
    bench.clock.advance(Duration::from_secs(3600));
    let lost = "DATA LOSS: 1 records of the delivery stream events could not be delivered for 24 hours";
    while !bench.server.cloud.notices.all().iter().any(|(_, text)| text.starts_with(lost)) {
        tokio::task::yield_now().await;
    }
    bench.s3.create_bucket().bucket("landing").send().await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.landed(1).await[0].1, "new");
    bench.server.stop().await.unwrap();
}
