//! Many tasks of one tenant, and a large text.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;
use serde_json::Value;

use super::System;
use crate::helpers::{PATIENCE, run};

#[tokio::test]
async fn a_flood_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["simulate", "tasks", "--count", "300", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.stdout.lines().find_map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        (record["record"] == "report").then_some(record)
    });
    let report = report.unwrap();
    let wait = |name: &str| {
        let tenants = report["tenants"].as_array().unwrap();
        let tenant = tenants.iter().find(|tenant| tenant["name"] == name).unwrap();
        tenant["wait"]["p50_ms"].as_f64().unwrap()
    };
    let (idle, single, flood) = (wait("idle"), wait("single"), wait("flood"));
    // On a machine that builds and tests beside it the figures are no benchmark; without fair places the single ones would
    // wait as long as the flood.
    assert!(single < flood / 3.0 || single < 3.0 * idle, "idle {idle}, single {single}, flood {flood} ms");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_hundred_megabytes_need_little_memory() {
    let system = System::start(&["--role", "api"]);
    let worker = system.cloud.serve("tasks", &["--role", "worker"]);
    let line = "9999999999999999998, -1234567890 77;";
    let block = Bytes::from(line.repeat(30_000));
    let blocks = 100_000_000_usize.div_ceil(block.len());
    let chunks = stream::iter(std::iter::repeat_n(block, blocks).map(Ok::<_, Infallible>));
    let begun = Instant::now();
    let token = system.token("sum-even", "text/plain", reqwest::Body::wrap_stream(chunks), &[]).await;
    let uploaded = begun.elapsed();
    let status = loop {
        let status = system.status("sum-even", &token).await;
        if status["ended"].is_string() {
            break status;
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(status["status"], "finished", "{status}");
    let answer = system.get(&format!("/sum-even/{token}/result"), "text/plain").await;
    let lines = 30_000 * blocks as i128;
    assert_eq!(answer.text().await.unwrap(), ((9_999_999_999_999_999_998 - 1_234_567_890) * lines).to_string());
    for (name, process) in [("api", &system.service), ("worker", &worker)] {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = most.split_whitespace().next().unwrap().parse().unwrap();
        println!("{name}: {} MiB at most; uploaded in {uploaded:?}", kib >> 10);
        assert!(kib < 128 << 10, "{name}: {kib} KiB");
    }
}
