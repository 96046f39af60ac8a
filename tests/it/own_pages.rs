//! The server's own paths: what a browser sees first, what test tools poll, and that no bucket loses its path to them.

use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;

use crate::helpers::accounts::{Caller, OWNER};
use crate::helpers::binary::folder;
use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{ask, post, send, status};

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
        assert!(status(&page) == "200" && page.contains("text/html"), "{path}: {page}");
        assert!(page.contains("--endpoint-url http://localhost sqs"), "{page}");
        // The queue is on the map, with a link.
        let link = page.split("href=\"").find(|it| it.starts_with("/_messaging/console/queues/q")).unwrap();
        let link = link.split('"').next().unwrap();
        assert!(get(&cloud, link, "").await.contains("<h1>Queue q</h1>"), "{link}");
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

/// A figure's line: a name, perhaps labels, and a number.
fn is_figure(line: &str) -> bool {
    let Some((name, value)) = line.rsplit_once(' ') else { return false };
    let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name(name) && labels.ends_with('}') && value.parse::<f64>().is_ok()
}

/// Prometheus takes a page as a whole, or not at all.
#[tokio::test]
async fn every_line_of_the_figures_is_one_that_prometheus_reads() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    for number in 0..1_001 {
        let name = format!("q{number:04}");
        owner.form("sqs", "CreateQueue", &[("QueueName", &name)]).await.ok();
    }
    owner.form("sqs", "SendMessage", &[("QueueUrl", "q0000"), ("MessageBody", "x")]).await.ok();
    owner.s3("PUT /figures", &[], "").await.ok();
    owner.stream("s", "arn:aws:iam::222222222222:role/r", "figures").await.ok();
    owner.put_record("s").await;
    cloud.pass(7);
    let page = ask(&cloud, "localhost", "/_messaging/metrics").await;
    let (head, page) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    let mut seen: Vec<&str> = Vec::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name = help.split(' ').next().unwrap();
            assert!(!seen.contains(&name), "{name} twice");
            seen.push(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{} gauge", seen.last().unwrap()));
        } else {
            assert!(is_figure(line) && line.starts_with(seen.last().unwrap()), "{line}");
        }
    }
    let (queue, stream) = (
        "{queue=\"arn:aws:sqs:us-east-1:222222222222:q0000\"",
        "{stream=\"arn:aws:firehose:us-east-1:222222222222:deliverystream/s\"}",
    );
    for line in [
        "messaging_queues 1001".to_owned(),
        "messaging_streams 1".to_owned(),
        format!("messaging_queue_messages{queue},state=\"visible\"}} 1"),
        format!("messaging_queue_oldest_age_seconds{queue}}} 7.000"),
        format!("messaging_stream_buffered_records{stream} 1"),
        format!("messaging_stream_buffered_bytes{stream} 1"),
        format!("messaging_stream_oldest_age_seconds{stream} 7.000"),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}");
    }
    assert_eq!(page.matches("messaging_queue_oldest_age_seconds{").count(), 1_000, "a page has a bound");
}

#[tokio::test]
async fn a_head_is_told_what_a_get_would_be_without_the_page() {
    let cloud = TestCloud::start().await;
    for path in [
        "/health",
        "/metrics",
        "/_messaging",
        "/_messaging/notices",
        "/_messaging/queues",
        "/_messaging/chaos",
        "/_messaging/outbox",
        "/_messaging/metrics",
        "/_messaging/ca.pem",
        "/_localstack/health",
        "/_messaging/x",
        "/_messaging/reset",
        "/_messaging/peek?queue=none",
    ] {
        let got = ask(&cloud, "localhost", path).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let head = send(&cloud, head.as_bytes()).await;
        assert_eq!(status(&head), status(&got), "{path}");
        assert!(head.ends_with("\r\n\r\n"), "{path}: {head}");
    }
}

/// No other spelling of a path is the server's own: what a proxy lets through is what is answered.
#[tokio::test]
async fn a_path_that_is_escaped_is_no_page() {
    let cloud = TestCloud::start().await;
    cloud.sqs().create_queue().queue_name("q").send().await.unwrap();
    for path in [
        "/%5Fmessaging/reset",
        "/%2e/_messaging/reset",
        "/./_messaging/reset",
        "//_messaging/reset",
        "/_messaging/%72eset",
        "/_messaging/./reset",
        "/_messaging/%2e%2e/_messaging/reset",
        "/_messaging%2freset",
        "/_MESSAGING/reset",
    ] {
        let answer = post(&cloud, path, "Accept: */*", b"").await;
        assert!(status(&answer).starts_with('4'), "{path}: {answer}");
    }
    assert_eq!(cloud.sqs().list_queues().send().await.unwrap().queue_urls().len(), 1);
}

/// Every page that the server lists is there.
#[tokio::test]
async fn every_path_that_the_start_page_names_leads_somewhere() {
    let cloud = TestCloud::start().await;
    let page = get(&cloud, "/", BROWSER).await;
    let paths: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(paths.len() >= 8, "{page}");
    // Others are places on the page itself.
    for path in paths.into_iter().filter(|path| path.starts_with('/')) {
        let answer = ask(&cloud, "localhost", path).await;
        assert_eq!(status(&answer), "200", "{path}: {answer}");
    }
}

/// The first block in this language of a section of the page about tests.
fn block(section: &str, language: &str) -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tests.md")).unwrap();
    let section = page.split_once(&format!("\n## {section}\n")).unwrap().1;
    let block = section.split_once(&format!("```{language}\n")).unwrap().1;
    block.split_once("```").unwrap().0.to_owned()
}

/// Runs a program that finds `messaging` on its path, as the page's readers do; what it says on stdout.
fn run(program: &Path, args: &[&str], folder: &Path) -> String {
    let binary = cargo_bin!("messaging").parent().unwrap().to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    let ended = command.args(args).current_dir(folder).env("PATH", path).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}{err}");
    out.into_owned()
}

/// The lines of the page about tests are run as they stand there. (Those in other languages are run with other people's clients.)
#[test]
fn the_page_says_how_to_use_it_in_tests() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("not tried: this machine has no curl");
        return;
    }
    let folder = folder();
    let out = run(Path::new("bash"), &["-euc", &block("In a shell", "sh")], folder.path());
    assert!(out.contains("\"status\":\"ok\""), "{out}");
    // What a workflow's step runs, and what it tells the next.
    let yaml = block("In CI", "yaml");
    let lines = yaml.split_once("run: |\n").unwrap().1.lines().take_while(|line| line.starts_with("    "));
    let script = lines.map(str::trim).collect::<Vec<_>>().join("\n");
    let script =
        format!("GITHUB_ENV=told\n{script}\nserver=$!\n. ./told\ncurl -sf $AWS_ENDPOINT_URL/health\nkill $server");
    // In a folder of its own: the log of the server before was read, which then was gone.
    let folder = tempfile::tempdir().unwrap();
    let out = run(Path::new("bash"), &["-euc", &script], folder.path());
    assert!(out.contains("\"status\":\"ok\""), "{out}");
}

#[test]
fn the_page_says_how_to_use_it_in_tests_in_rust() {
    let folder = folder();
    let main = "fn main() {\n    println!(\"{}\", Cloud::start().endpoint);\n}\n";
    std::fs::write(folder.path().join("cloud.rs"), format!("{}\n{main}", block("In Rust without the library", "rust")))
        .unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    run(Path::new(&rustc), &["--edition", "2024", "-D", "warnings", "cloud.rs"], folder.path());
    let out = run(&folder.path().join("cloud"), &[], folder.path());
    assert!(out.starts_with("http://127.0.0.1:"), "{out}");
}
