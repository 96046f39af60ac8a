//! Consumers under test: workers that die, that begin slowly, that know what they did; and consumers of somebody else's.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::helpers::binary::{Ended, Local, folder, messaging, run, signal, wait};
use crate::helpers::cloud::{config, eventually};
use crate::helpers::queues::send;

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

fn report(ended: &Ended) -> Value {
    let last = ended.stdout.lines().last().unwrap_or_else(|| panic!("{ended:#?}"));
    serde_json::from_str(last).unwrap()
}

/// Delivered twice isn't done twice: who knows what was done has no effect a second time.
#[test]
fn workers_that_die_lose_nothing_and_do_twice_only_what_nobody_remembers() {
    let simulate = |more: &[&str]| {
        let dir = folder();
        let line = "simulate --count 150 --rate max --seed 7 --crash-rate 10% --visibility-timeout 1s --receive 2 --prefetch 0 \
                    --slow-start 200ms --work 1ms..3ms --buffering-seconds 0 --json";
        let ended = run(dir.path(), line.split_whitespace().chain(more.iter().copied()));
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let queue = report(&ended)["queues"][0].clone();
        let n = |name: &str| queue[name].as_u64().unwrap();
        assert!(n("deaths") > 0 && n("duplicated") > 0 && n("lost") == 0, "{queue:#}");
        assert!(n("handled") + n("deaths") >= 150 + n("effect_twice"), "{queue:#}");
        n("effect_twice")
    };
    std::thread::scope(|scope| {
        let idempotent = scope.spawn(|| simulate(&["--idempotent"]));
        assert!(simulate(&[]) > 0);
        assert_eq!(idempotent.join().unwrap(), 0);
    });
}

fn write(dir: &Path, name: &str, lines: &[String]) {
    std::fs::write(dir.join(name), lines.join("\n") + "\n").unwrap();
}

/// A run whose consumers are others' is settled by what they wrote, by the queues, and by what landed.
#[test]
fn a_run_of_other_consumers_is_settled_with_its_evidence() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--template", TEMPLATE, "--parameter", "BufferingSeconds=1"]);
    let ask =
        |line: &str| run(dir.path(), line.split_whitespace().chain(["--json", "--endpoint-url", &local.endpoint]));
    let lines = |ended: &Ended| -> Vec<String> { ended.stdout.lines().map(str::to_owned).collect() };
    write(dir.path(), "published", &lines(&ask("publish --count 20 --rate max --seed 3 --concurrency 1")));
    let verify = |line: &str, exit: i32, verdict: &str| {
        let ended = ask(&format!("verify --published published {line}"));
        let report = report(&ended);
        assert_eq!((ended.code, report["verdict"].as_str()), (Some(exit), Some(verdict)), "{line}: {ended:#?}");
        report
    };
    let waiting = verify("--patience 1s", 5, "unknown");
    assert!(waiting["evidence"].to_string().contains("still holds 20 messages"), "{waiting:#}");
    assert_eq!((&waiting["legs"][0]["leg"], &waiting["legs"][0]["received"]), (&json!("landing"), &json!(20)));

    let mut handled = lines(&ask("consume --until-empty"));
    write(dir.path(), "handled", &handled);
    verify("", 0, "nothing_lost");
    let all = verify("--handled handled --look", 0, "nothing_lost");
    let legs: Vec<_> = all["legs"].as_array().unwrap().iter().map(|leg| (&leg["leg"], &leg["lost"])).collect();
    assert_eq!(legs, ["orders", "payments", "landing"].map(json_leg).each_ref().map(|(leg, lost)| (leg, lost)));

    // One line is away, and one is there twice: both are named.
    let at = handled
        .iter()
        .position(|line| line.contains("\"api\":\"orders\"") && line.contains("\"sequence\":4,"))
        .unwrap();
    handled.remove(at);
    handled.insert(0, handled.iter().find(|line| line.contains("\"api\":\"payments\"")).unwrap().clone());
    write(dir.path(), "handled", &handled);
    let lost = verify("--handled handled", 3, "lost");
    assert_eq!(lost["evidence"], json!(["orders: 1 event never seen (publisher:sequence 0:4)"]));
    assert_eq!((&lost["legs"][1]["duplicated"], &lost["legs"][1]["effect_twice"]), (&json!(1), &json!(1)));

    // A dead letter may be what is missing: it was told as lost.
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let put = async {
        let dead = sqs.get_queue_url().queue_name("api-orders-created-consumer-dlq").send().await.unwrap();
        send(&sqs, dead.queue_url().unwrap(), "m").await;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(put);
    let dead = verify("--handled handled --look", 5, "unknown");
    assert!(dead["evidence"].to_string().contains("dead letter"), "{dead:#}");

    // A file that was cut short doesn't say what was published last.
    let cut: Vec<_> =
        std::fs::read_to_string(dir.path().join("published")).unwrap().lines().take(9).map(str::to_owned).collect();
    write(dir.path(), "published", &cut);
    assert!(verify("--handled handled", 5, "unknown")["evidence"].to_string().contains("no report of the run"));
    let refused = ask("verify --published handled");
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("holds no event"), "{refused:#?}");
}

fn json_leg(leg: &str) -> (Value, Value) {
    (json!(leg), json!(0))
}

/// Whether anybody listens where a simulation's cloud was.
fn is_there(told: &str) -> bool {
    let address = told.split("http://").nth(1).unwrap().split(',').next().unwrap();
    std::net::TcpStream::connect(address).is_ok()
}

/// A cloud that is killed comes back with all that it acknowledged. Where a receive's answer was lost, its messages were hidden for 30 s,
/// and every other receive waited for a second, which none got between two kills: after 30 s of that the run gave up.
#[test]
fn a_cloud_that_is_killed_again_and_again_loses_nothing() {
    let dir = folder();
    let line =
        "simulate --count 250 --rate 100/s --kill-every 600ms --buffering-seconds 0 --seed 1 --report run.html --json";
    let ended = run(dir.path(), line.split_whitespace());
    let report = report(&ended);
    assert_eq!((ended.code, report["verdict"].as_str()), (Some(0), Some("nothing_lost")), "{ended:#?}");
    let killed = report["killed"].as_array().unwrap();
    assert!(killed.len() >= 2 && killed.iter().all(|kill| kill["back_after_s"].as_f64().unwrap() > 0.0), "{report:#}");
    assert!(std::fs::read_to_string(dir.path().join("run.html")).unwrap().contains("kill 2"));
    assert!(!is_there(report["target"].as_str().unwrap()), "its cloud has ended");
    for (args, why) in [
        ("--durability memory", "nothing survives the first kill"),
        ("--chaos rules.json", "rules of chaos end with their server"),
        ("--clock x600", "no other clock can say"),
        // It said that the argument '--kill-every <DURATION>' cannot be used with '--clock <CLOCK>'.
        ("--clock frozen", "no other clock can say"),
        ("--endpoint-url http://127.0.0.1:9", "isn't killed from here"),
    ] {
        let line = format!("simulate --kill-every 2s {args}");
        let refused = run(dir.path(), line.split_whitespace());
        assert!(refused.code == Some(2) && refused.stderr.contains(why), "{args}: {refused:#?}");
    }
}

/// However a simulation ends, its cloud ends with it.
#[tokio::test]
async fn no_cloud_is_left_behind() {
    for name in ["INT", "KILL"] {
        let dir = folder();
        let log = std::fs::File::create(dir.path().join("stderr")).unwrap();
        let mut simulating = messaging(dir.path())
            .args("simulate --rate 20/s --count 100k --kill-every 500ms --json".split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let told = async || {
            let told = std::fs::read_to_string(dir.path().join("stderr")).unwrap();
            told.contains("Publishing 100,000").then_some(told)
        };
        let told = eventually(told).await.unwrap();
        signal(&simulating, name);
        assert_eq!(wait(&mut simulating).code(), if name == "INT" { Some(130) } else { None });
        let gone = eventually(async || (!is_there(&told)).then_some(())).await;
        assert!(gone.is_some(), "after {name}");
    }
}
