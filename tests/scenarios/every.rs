//! What holds for every scenario alike.

use std::process::Stdio;

use serde_json::Value;

use crate::helpers::{Cloud, Process, messaging, run};

const ALL: [&str; 4] = ["archive", "tasks", "workflows", "jobs"];

async fn get(address: &str, path: &str) -> (u16, String, String) {
    let answer = reqwest::get(format!("{address}{path}")).await.unwrap();
    let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn each_is_deployed_served_documented_and_stopped() {
    let cloud = Cloud::start();
    for name in ALL {
        cloud.deploy(name);
        let served = cloud.serve(name, &[]);
        let at = served.address.clone();
        let (status, _, health) = get(&at, "/health").await;
        assert_eq!(status, 200, "{name}: {health}");
        let health: Value = serde_json::from_str(&health).unwrap();
        assert!(!health["dependencies"].as_array().unwrap().is_empty(), "{name}: {health}");
        let (status, kind, metrics) = get(&at, "/metrics").await;
        assert_eq!((status, kind.split(';').next()), (200, Some("application/openmetrics-text")));
        assert!(metrics.contains("http_requests_total{") && metrics.ends_with("# EOF\n"), "{metrics}");
        let (status, _, document) = get(&at, "/openapi.json").await;
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!((status, document["openapi"].as_str().map(|version| &version[..2])), (200, Some("3.")));
        let (status, kind, page) = get(&at, "/apidocs/").await;
        assert_eq!((status, kind.split(';').next()), (200, Some("text/html")));
        assert!(!page.contains("https://"), "{name}: the page needs the network: {page}");
        let (status, kind, problem) = get(&at, "/no/such/path").await;
        assert_eq!((status, kind.as_str()), (404, "application/problem+json"), "{name}: {problem}");
        let (ended, said) = served.signal("TERM");
        assert_eq!(ended.code(), Some(0), "{name}: {said:?}");
    }
}

#[tokio::test]
async fn health_says_that_the_cloud_is_gone() {
    for name in ALL {
        let cloud = Cloud::start();
        cloud.deploy(name);
        let served = cloud.serve(name, &[]);
        let Cloud { folder: _folder, process } = cloud;
        process.kill();
        let (status, _, health) = get(&served.address, "/health").await;
        let health: Value = serde_json::from_str(&health).unwrap();
        assert_eq!((status, health["status"].as_str()), (503, Some("unavailable")), "{name}");
        let broken = health["dependencies"].as_array().unwrap().iter().find(|it| it["ok"] == false).unwrap();
        assert!(!broken["reason"].as_str().unwrap().is_empty(), "{name}: {health}");
    }
}

#[test]
fn each_is_simulated_to_a_balanced_ledger() {
    for name in ALL {
        let folder = tempfile::tempdir().unwrap();
        let ended = run(folder.path(), &["simulate", name, "--count", "40", "--seed", "7", "--json"]);
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
        assert_eq!((report["scenario"].as_str(), report["verdict"].as_str()), (Some(name), Some("balanced")));
        for leg in report["legs"].as_array().unwrap() {
            for member in ["asked", "done", "lost", "twice", "failed", "dead"] {
                assert!(leg[member].is_u64(), "{name}: {leg}");
            }
            for times in ["lead", "execution"] {
                assert!(leg[times]["p99_ms"].is_f64(), "{name}: {leg}");
            }
        }
        assert!(report["checks"].as_array().unwrap().iter().all(|check| check["of"] == check["right"]), "{report}");
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let cloud = Cloud::start();
    let ended = cloud.run(&["serve", "tasks"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("There is no stack messaging-tasks on local"), "{}", ended.stderr);
    assert!(ended.stderr.contains("messaging deploy --scenario tasks"), "{}", ended.stderr);
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["serve", "task"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("tasks"), "{}", ended.stderr);
    let ended = run(folder.path(), &["simulate", "--count", "3", "tasks"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("the flags of 'tasks' stand behind its name"), "{}", ended.stderr);
    cloud.deploy("tasks");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = cloud.run(&["serve", "tasks", "--addr", &address]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(&format!("Can't listen on {address}")), "{}", ended.stderr);
}

/// A variable of the environment or of `.env` sets what a flag sets.
#[test]
fn settings_come_from_the_environment_too() {
    let cloud = Cloud::start();
    cloud.deploy("workflows");
    let (name, value) = ("DATABASE_URL", "mysql://x/y");
    let mut command = cloud.serve_command("workflows", &[]);
    let ended = command.env(name, value).stdin(Stdio::null()).output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    // Nothing said where a wrong setting comes from.
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = one_line(&String::from_utf8_lossy(&ended.stderr));
    assert!(told.contains("DATABASE_URL is set in the environment"), "{told}");
    std::fs::write(cloud.folder.path().join(".env"), format!("\n{name}={value}\n")).unwrap();
    let ended = cloud.run(&["serve", "workflows"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(one_line(&ended.stderr).contains(".env line 2"), "{}", ended.stderr);
    let told = one_line(&cloud.run(&["serve", "workflows", "--database-url", value]).stderr);
    assert!(told.contains("DATABASE_URL is --database-url on the command line"), "{told}");
}

/// A service of these settings does other things than a simulation expects, which told of losses then.
#[test]
fn what_would_spoil_a_simulation_is_only_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    for (scenario, flag, value) in [
        ("jobs", "--jobs-throttle", "1"),
        ("archive", "--archive-genres", "scifi"),
        ("tasks", "--tasks-max-size", "10"),
    ] {
        let ended = run(folder.path(), &["simulate", scenario, flag, value]);
        assert_eq!(ended.code, Some(2), "{scenario}: {ended:?}");
        assert!(ended.stderr.contains(flag), "{}", ended.stderr);
        let mut command = messaging(folder.path());
        let name = flag.trim_start_matches('-').replace('-', "_").to_ascii_uppercase();
        let ended = command.args(["simulate", scenario, "--count", "5", "--json"]).env(name, value).output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{scenario}: {ended:?}");
    }
}

/// What the service keeps nothing in was made all the same.
#[test]
fn a_folder_is_made_by_who_keeps_something_in_it() {
    let cloud = Cloud::start();
    cloud.deploy("archive");
    let served = cloud.serve("archive", &["--data-dir", "kept"]);
    drop(served);
    assert!(!cloud.folder.path().join("kept").exists());
}

/// A stack of the fan-out that `.env` names was overwritten by another scenario's template.
#[test]
fn a_scenarios_stack_is_never_the_fan_outs() {
    let cloud = Cloud::start();
    std::fs::write(cloud.folder.path().join(".env"), "MESSAGING_STACK=messaging\n").unwrap();
    let ended = cloud.run(&["deploy", "--scenario", "tasks"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("messaging-tasks"), "{}", ended.stderr);
}

/// The ready line of a service is a record with `--json`.
#[test]
fn json_is_json_from_the_first_line() {
    let cloud = Cloud::start();
    cloud.deploy("archive");
    let mut command = messaging(cloud.folder.path());
    command.args(["serve", "archive", "--addr", "127.0.0.1:0", "--json", "--endpoint-url", cloud.endpoint()]);
    let served = Process::start(command, cloud.folder.path());
    assert!(served.address.starts_with("http://127.0.0.1:"));
    let (_, said) = served.signal("TERM");
    for line in said.iter().filter(|line| !line.is_empty()) {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}
