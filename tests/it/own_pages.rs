//! The server's own paths: what a browser sees first, what test tools poll, and that no bucket loses its path to them.

use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;

use crate::helpers::accounts::{Caller, OWNER};
use crate::helpers::binary::folder;
use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{ask, send, status};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";

async fn get(cloud: &TestCloud, path: &str, more: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n");
    send(cloud, request.as_bytes()).await
}

/// A browser got S3's XML.
#[tokio::test]
async fn a_browser_gets_a_start_page_and_a_client_of_s3_its_buckets() {
    let cloud = TestCloud::start().await;
    cloud.sqs().create_queue().queue_name("q").send().await.unwrap();
    for path in ["/", "/_messaging", "/_messaging/"] {
        let page = get(&cloud, path, BROWSER).await;
        assert!(status(&page) == "200" && page.contains("text/html") && page.contains("1 queues"), "{path}: {page}");
        assert!(page.contains("--endpoint-url http://localhost sqs"), "{page}");
    }
    assert!(ask(&cloud, "localhost", "/").await.contains("<ListAllMyBucketsResult"));
    assert!(cloud.s3().list_buckets().send().await.is_ok());
    let signed = Caller::new(&cloud, OWNER).s3("GET /", &[("Accept", "text/html")], "").await;
    assert!(signed.ok().contains("<ListAllMyBucketsResult"));
    // A bucket's index is the bucket's.
    cloud.s3().create_bucket().bucket("site").send().await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: site.localhost\r\nConnection: close\r\n{BROWSER}\r\n");
    assert!(send(&cloud, request.as_bytes()).await.contains("<ListBucketResult"));
}

/// `/_localstack/health` was InvalidBucketName, and test tools waited for ever.
#[tokio::test]
async fn test_tools_find_their_health() {
    let cloud = TestCloud::start().await;
    let answer = ask(&cloud, "localhost", "/_localstack/health").await;
    let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    for service in ["sns", "sqs", "firehose", "s3", "cloudformation", "iam", "sts", "logs", "ssm", "ecr", "kms"] {
        assert_eq!(body["services"][service], "running", "{body}");
    }
}

#[tokio::test]
async fn a_path_that_leads_nowhere_names_those_that_lead_somewhere() {
    let cloud = TestCloud::start().await;
    for path in ["/_messaging/x", "/_messaging/health", "/_messaging//", "/_localstack/x", "/_messaging/reset/"] {
        let answer = ask(&cloud, "localhost", path).await;
        assert!(status(&answer) == "404" && answer.contains("POST /_messaging/reset"), "{path}: {answer}");
    }
    let answer = send(&cloud, b"PUT /_messaging/outbox HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(status(&answer) == "405" && answer.contains("GET"), "{answer}");
    assert!(ask(&cloud, "localhost", "/_messagingx").await.contains("InvalidBucketName"));
}

#[tokio::test]
async fn figures_are_at_the_usual_path_until_a_bucket_has_it() {
    let cloud = TestCloud::start().await;
    let queue = cloud.sqs().create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    cloud.sqs().send_message().queue_url(&queue).message_body("x").send().await.unwrap();
    let line = "messaging_queue_messages{queue=\"arn:aws:sqs:us-east-1:000000000000:q\",state=\"visible\"} 1\n";
    assert!(ask(&cloud, "localhost", "/metrics").await.contains(line));
    let signed = Caller::new(&cloud, OWNER).s3("GET /metrics", &[], "").await;
    assert_eq!(signed.code(), "NoSuchBucket");
    cloud.s3().create_bucket().bucket("metrics").send().await.unwrap();
    assert!(ask(&cloud, "localhost", "/metrics").await.contains("<ListBucketResult"));
    assert!(ask(&cloud, "localhost", "/_messaging/metrics").await.contains(line));
}

/// The lines of the README for tests are run as they stand there.
#[test]
fn the_readme_says_how_to_use_it_in_tests() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("not tried: this machine has no curl");
        return;
    }
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let section = readme.split_once("### In your tests").unwrap().1;
    let script = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let folder = folder();
    let binary = cargo_bin!("messaging").parent().unwrap().to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    let ended = command.args(["-euc", script]).current_dir(folder.path()).env("PATH", path).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("\"status\":\"ok\""), "{out}{err}");
}
