//! The ledger against what was done to a run on purpose: it finds every fault, names it, and finds none where none is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::helpers::binary::{Ended, Local, folder, run};
use crate::helpers::cloud::{TestCloud, eventually};
use crate::helpers::proxy::{Fate, Passing, Proxy};

const TEMPLATE: &str = include_str!("../../infra.yaml");
/// The queues' names in it.
const ORDERS: &str = "api-orders-created-consumer";
/// A subscription that lets orders through.
const ONLY_ORDERS: &str = r#"{"kind":["order"]}"#;

/// What the ledger found, leg by leg; what it didn't find isn't there.
type Found = BTreeMap<String, u64>;

/// A run through a proxy: its report, and what passed.
async fn simulate(cloud: &TestCloud, proxy: &Proxy, template: &str, more: &[&str]) -> (Ended, Value, Vec<Passing>) {
    let dir = folder();
    std::fs::write(dir.path().join("t.yaml"), template).unwrap();
    let fixed =
        ["simulate", "--count", "40", "--rate", "100/s", "--concurrency", "1", "--receivers", "1", "--seed", "1"];
    let quick =
        ["--template", "t.yaml", "--parameter", "BufferingSeconds=1", "--parameter", "VisibilityTimeoutSeconds=6"];
    let to = ["--endpoint-url", &proxy.endpoint, "--json"];
    let args: Vec<String> = [&fixed[..], &quick, &to, more].concat().iter().map(|it| (*it).to_owned()).collect();
    assert!(cloud.endpoint != proxy.endpoint);
    let ended = tokio::task::spawn_blocking(move || run(dir.path(), args)).await.unwrap();
    let report = ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let report = report.unwrap_or_else(|| panic!("{ended:#?}"));
    (ended, report, proxy.seen())
}

/// All that isn't as it should be. On a machine that has no time everything is late: that is only looked at where it is planted, and what is
/// late beside it isn't the run's fault.
fn found(report: &Value, planted: &Found) -> Found {
    let queues = report["queues"].as_array().unwrap().iter().zip(["orders", "payments"]);
    let legs = queues.map(|(queue, name)| (name, queue)).chain([("landing", &report["landed"])]);
    let mut found = Found::new();
    for (leg, account) in legs {
        for what in
            ["lost", "duplicated", "effect_twice", "out_of_order", "late", "wrongly_delivered", "unacknowledged"]
        {
            // Objects of one second are read in any order.
            let counts = (leg, what) != ("landing", "out_of_order");
            let n = account[what].as_u64().filter(|_| counts).unwrap_or(0);
            let here = planted.get(&format!("{leg} {what}")).copied().unwrap_or(0);
            let n = if what == "late" { n.min(here) } else { n };
            if n > 0 {
                found.insert(format!("{leg} {what}"), n);
            }
        }
    }
    found
}

fn planted(what: &[(&str, u64)]) -> Found {
    what.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect()
}

/// The faults of a proxy: what it does to which events, and what the ledger must find on each leg.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_does_to_publishes_is_found_and_nothing_else() {
    const LATE: Duration = Duration::from_millis(5_500);
    type Row = (&'static str, fn(u64) -> Fate, &'static [(&'static str, u64)], &'static [&'static str]);
    let rows: [Row; 5] = [
        ("nothing", |_| Fate::Passes, &[], &[]),
        (
            "acknowledged, and dropped",
            |n| if [3, 17, 18].contains(&n) { Fate::Lost } else { Fate::Passes },
            &[("landing lost", 3), ("orders lost", 3), ("payments lost", 3)],
            &["0:3", "0:17", "0:18"],
        ),
        (
            "doubled",
            |n| if [5, 30].contains(&n) { Fate::Twice } else { Fate::Passes },
            &[
                ("landing duplicated", 2),
                ("orders duplicated", 2),
                ("orders effect_twice", 2),
                ("payments duplicated", 2),
                ("payments effect_twice", 2),
            ],
            &[],
        ),
        (
            "behind the next one",
            |n| if [10, 20].contains(&n) { Fate::BehindNext } else { Fate::Passes },
            &[("orders out_of_order", 2), ("payments out_of_order", 2)],
            &[],
        ),
        (
            "late",
            |n| if n == 8 { Fate::Late(LATE) } else { Fate::Passes },
            &[("orders late", 1), ("orders out_of_order", 1), ("payments late", 1), ("payments out_of_order", 1)],
            &[],
        ),
    ];
    let runs = rows.map(|(what, fate, expected, missing)| async move {
        let cloud = TestCloud::live().await;
        let proxy = Proxy::start(&cloud.endpoint, fate, async {}).await;
        let (ended, report, _) = simulate(&cloud, &proxy, TEMPLATE, &["--patience", "1s"]).await;
        let found = found(&report, &planted(expected));
        println!("planted {what}: {:?}; found {found:?}", planted(expected));
        assert_eq!(found, planted(expected), "{what}: {ended:#?}");
        assert_eq!(ended.code, Some(if missing.is_empty() { 0 } else { 3 }), "{what}: {ended:#?}");
        for leg in [&report["queues"][0], &report["queues"][1], &report["landed"]] {
            let named: Vec<_> = leg["missing"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert_eq!(named, missing, "{what}");
        }
    });
    futures::future::join_all(runs).await;
}

/// A FIFO topic and queue, by whose groups the order is kept.
const FIFO: &str = "
Resources:
  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t.fifo, FifoTopic: true}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q.fifo, FifoQueue: true}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}]
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, RawMessageDelivery: true}
";

/// A proxy that turns two events of a message group around: the one that came too late is named. Of two groups in turns nothing is broken.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_reorders_within_a_fifo_group_is_found() {
    type Row = (&'static str, fn(u64) -> Fate, &'static [&'static str]);
    let rows: [Row; 2] = [
        ("nothing", |_| Fate::Passes, &[]),
        (
            "behind the next one",
            |n| if [10, 20].contains(&n) { Fate::BehindNext } else { Fate::Passes },
            &["0:10", "0:20"],
        ),
    ];
    let runs = rows.map(|(what, fate, broken)| async move {
        let cloud = TestCloud::live().await;
        let proxy = Proxy::start(&cloud.endpoint, fate, async {}).await;
        let dir = folder();
        std::fs::write(dir.path().join("t.yaml"), FIFO).unwrap();
        let args = "simulate --count 40 --rate 100/s --concurrency 1 --receivers 1 --seed 1 --groups 1 --template t.yaml --json --patience 1s";
        let args = args.split_whitespace().chain(["--endpoint-url", &proxy.endpoint]).map(str::to_owned).collect::<Vec<_>>();
        let ended = tokio::task::spawn_blocking(move || run(dir.path(), args)).await.unwrap();
        let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
        let queue = &report["queues"][0];
        println!("planted in a group, {what}: {broken:?}; found {:?}", queue["offenders"]["order_broken"]);
        assert_eq!((&queue["order_broken"], &queue["lost"]), (&broken.len().into(), &0.into()), "{ended:#?}");
        let named = queue["offenders"]["order_broken"].as_array().cloned().unwrap_or_default();
        assert_eq!(named, broken, "{ended:#?}");
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    });
    futures::future::join_all(runs).await;
}

/// A consumer of somebody else's that deletes without handling: what it took is named.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_consumer_deletes_is_named() {
    const TAKEN: usize = 5;
    let cloud = TestCloud::live().await;
    let proxy = Proxy::start(&cloud.endpoint, |_| Fate::Passes, async {}).await;
    let sqs = cloud.sqs();
    let thief = async {
        let url =
            eventually(async || sqs.get_queue_url().queue_name(ORDERS).send().await.ok()?.queue_url).await.unwrap();
        let mut taken = Vec::new();
        while taken.len() < TAKEN {
            let got = sqs.receive_message().queue_url(&url).max_number_of_messages(1).wait_time_seconds(1).send().await;
            for message in got.unwrap().messages.unwrap_or_default() {
                sqs.delete_message().queue_url(&url).set_receipt_handle(message.receipt_handle).send().await.unwrap();
                let event: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
                taken.push(event["sequence"].as_str().unwrap().parse::<u64>().unwrap());
            }
        }
        taken.sort_unstable();
        taken.iter().map(|sequence| format!("0:{sequence}")).collect::<Vec<_>>()
    };
    let ((ended, report, _), taken) = tokio::join!(simulate(&cloud, &proxy, TEMPLATE, &["--patience", "1s"]), thief);
    println!("planted: a consumer deleted {taken:?}; found {:?}", report["queues"][0]["missing"]);
    let expected = planted(&[("orders lost", TAKEN as u64)]);
    assert_eq!(found(&report, &expected), expected, "{ended:#?}");
    assert_eq!(report["queues"][0]["missing"], serde_json::json!(taken));
    assert_eq!(ended.code, Some(3));
}

/// A filter policy that is another than the one that was read: what it then lets through or keeps out is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_changes_behind_the_ledgers_back_is_found() {
    let filtered = {
        let subscription = "      Endpoint: !GetAtt OrdersQueue.Arn\n";
        assert!(TEMPLATE.contains(subscription));
        TEMPLATE.replacen(subscription, &format!("{subscription}      FilterPolicy: {ONLY_ORDERS}\n"), 1)
    };
    let rows = [("opened", filtered.as_str(), "{}", "wrongly_delivered"), ("closed", TEMPLATE, ONLY_ORDERS, "lost")];
    let runs = rows.map(|(what, template, policy, kind)| async move {
        let cloud = TestCloud::live().await;
        let sns = cloud.sns();
        let proxy = Proxy::start(&cloud.endpoint, |_| Fate::Passes, async move {
            let all = sns.list_subscriptions().send().await.unwrap().subscriptions.unwrap();
            let orders = all.iter().find(|it| it.endpoint().is_some_and(|end| end.ends_with(ORDERS))).unwrap();
            let change = sns.set_subscription_attributes().set_subscription_arn(orders.subscription_arn.clone());
            change.attribute_name("FilterPolicy").attribute_value(policy).send().await.unwrap();
        });
        let proxy = proxy.await;
        let (ended, report, seen) = simulate(&cloud, &proxy, template, &["--patience", "1s"]).await;
        let others = seen.iter().filter(|it| it.event_type != "order.placed").count() as u64;
        let expected = planted(&[(&format!("orders {kind}"), others)]);
        let found = found(&report, &expected);
        println!("planted: a filter {what} for {others} events; found {found:?}");
        assert!(others > 0 && others < 40, "{seen:?}");
        assert_eq!(found, expected, "{what}: {ended:#?}");
    });
    futures::future::join_all(runs).await;
}

/// What a stream still holds was told as lost. On another cloud nobody knows for how long its rules hold things up.
#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_is_not_lost() {
    let dir = folder();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");
    let local = Local::start(dir.path(), &["--template", template, "--parameter", "BufferingSeconds=0"]);
    let ask = |line: &str| run(dir.path(), line.split_whitespace().chain(["--endpoint-url", &local.endpoint]));
    let added = ask(r#"chaos add [{"service":"firehose","delay":"1h"}]"#);
    assert_eq!(added.code, Some(0), "{added:#?}");
    let held = ask("simulate --count 20 --rate max --seed 1 --visibility-timeout 1s --patience 500ms --json");
    let report: Value = serde_json::from_str(held.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((held.code, report["verdict"].as_str()), (Some(5), Some("unknown")), "{held:#?}");
    let evidence = report["evidence"].as_str().unwrap();
    assert!(evidence.contains("20 on the way to S3, where 20 messages still wait"), "{evidence}");
    assert!(evidence.contains("chaos struck meanwhile, rule 1: firehose"), "{evidence}");
}

/// The cloud's own rules of chaos: what they doubled is what the ledger found. A double that comes while the first one's delete is under
/// way is deleted with it, so there is room for one message only.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_of_chaos_doubles_is_found() {
    let dir = folder();
    std::fs::write(dir.path().join("rules"), format!(r#"[{{"resource": "{ORDERS}", "duplicate": 0.2}}]"#)).unwrap();
    let args = "simulate --count 60 --rate max --buffering-seconds 0 --seed 1 --chaos rules --chaos-seed 3 --json --no-heartbeat \
                --receivers 1 --receive 1 --prefetch 0";
    let args: Vec<_> = args.split_whitespace().map(str::to_owned).collect();
    let ended = tokio::task::spawn_blocking(move || run(dir.path(), args)).await.unwrap();
    let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    let struck = ended.stderr.lines().find(|line| line.starts_with("Chaos: ")).unwrap_or_else(|| panic!("{ended:#?}"));
    let struck = struck.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok()).collect::<Vec<_>>();
    let doubled = report["queues"][0]["duplicated"].as_u64().unwrap();
    println!("planted: a rule of chaos struck {struck:?}; found {:?}", found(&report, &Found::new()));
    assert!(doubled > 0 && struck.contains(&doubled), "{ended:#?}");
    assert_eq!(report["queues"][1]["duplicated"], 0, "{ended:#?}");
}
