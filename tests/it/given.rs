//! What a run's events are given so that filters find what they look for, why something may not have come, and runs of somebody's own events.

use serde_json::{Value, json};

use crate::helpers::binary::{Ended, Local, folder, run};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra.yaml");

/// Three queues, each with a filter that the story's events don't pass; POLICY lets SNS send to them.
const FILTERED: &str = "
Resources:
  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: sales}}
  Web: {Type: 'AWS::SQS::Queue', Properties: {QueueName: web}}
  Shop: {Type: 'AWS::SQS::Queue', Properties: {QueueName: shop}}
  Alarm: {Type: 'AWS::SQS::Queue', Properties: {QueueName: alarm}}
  ToWeb:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Web.Arn, FilterPolicy: {store: [web]}}
  ToShop:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Shop.Arn, FilterPolicy: {store: [shop], price: [{numeric: ['>', 5]}]}}
  ToAlarm:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Alarm.Arn
      FilterPolicyScope: MessageBody
      FilterPolicy: {detail: {severity: [critical]}}
";
const POLICY: &str = "
  May:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Web, !Ref Shop, !Ref Alarm]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}]
";

fn report(ended: &Ended) -> Value {
    let last = ended.stdout.lines().last().unwrap_or_else(|| panic!("{ended:#?}"));
    serde_json::from_str(last).unwrap()
}

fn simulate(template: &str, more: &[&str]) -> (Ended, Value) {
    let dir = folder();
    std::fs::write(dir.path().join("t.yaml"), template).unwrap();
    let args = [
        "simulate",
        "--template",
        "t.yaml",
        "--count",
        "60",
        "--rate",
        "max",
        "--seed",
        "1",
        "--patience",
        "1s",
        "--json",
    ];
    let ended = run(dir.path(), [&args, more].concat());
    let report = report(&ended);
    (ended, report)
}

/// Templates of others whose filters want what the story lacks came out unknown.
#[test]
fn what_events_are_given_is_what_filters_split() {
    let template = format!("{FILTERED}{POLICY}");
    let (ended, bare) = simulate(&template, &[]);
    assert_eq!((ended.code, &bare["verdict"]), (Some(5), &json!("unknown")), "{ended:#?}");
    let hints = bare["hints"].to_string();
    for hint in ["web: its filter policy looks for the attribute store", "--attribute price=..", "--field detail=.."] {
        assert!(hints.contains(hint), "{hint}: {hints}");
    }
    let given = [
        "--attribute",
        "store=web=3|shop",
        "--attribute",
        "price:Number=4|6",
        "--field",
        "detail.severity=critical|minor",
    ];
    let (ended, report) = simulate(&template, &given);
    assert_eq!((ended.code, &report["verdict"]), (Some(0), &json!("nothing_lost")), "{ended:#?}");
    assert!(report["hints"].is_null(), "{report:#}");
    let figures = |n: usize| {
        ["received", "filtered", "wrongly_delivered", "lost"].map(|it| report["queues"][n][it].as_u64().unwrap())
    };
    for n in 0..3 {
        let [received, filtered, wrong, lost] = figures(n);
        assert!(received > 0 && received + filtered == 60 && wrong + lost == 0, "{report:#}");
    }
    let [web, shop] = ["web", "shop"].map(|name| {
        let queues = report["queues"].as_array().unwrap();
        queues.iter().find(|it| it["api"] == name).unwrap()["received"].as_u64().unwrap()
    });
    assert!(web > 30 && shop < 20, "three of four are the web's, and half of the rest are expensive: {web}, {shop}");
    // The same seed draws the same.
    let again = simulate(&template, &given).1;
    assert_eq!(
        [0, 1, 2].map(|n| again["queues"][n]["received"].clone()),
        [0, 1, 2].map(|n| report["queues"][n]["received"].clone())
    );
    let refused = run(folder().path(), ["simulate", "--attribute", "a=1", "--attribute", "a=2"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("--attribute a stands there twice"), "{refused:#?}");
}

/// A queue without a policy lost everything, and the hint spoke of other consumers.
#[test]
fn a_missing_policy_is_named_where_everything_is_lost() {
    let template = FILTERED.replace("FilterPolicy: {store: [web]}", "RawMessageDelivery: true");
    let (ended, report) = simulate(
        &template,
        &["--field", "detail.severity=critical", "--attribute", "store=shop", "--attribute", "price:Number=7"],
    );
    assert_eq!((ended.code, &report["verdict"]), (Some(3), &json!("lost")), "{ended:#?}");
    let hints: Vec<_> = report["hints"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["web", "shop", "alarm"] {
        let has = |what: &str| hints.iter().any(|hint| hint.contains(name) && hint.contains(what));
        assert!(has("the queue has no policy, so SNS may not send to it"), "{hints:#?}");
    }
    assert!(hints.iter().any(|hint| hint.contains("was not delivered to")), "what the cloud said of it: {hints:#?}");
}

/// What was published with `--file` has no place in a story, and was refused.
#[test]
fn a_run_of_somebodys_own_events_is_settled_too() {
    let dir = folder();
    let local = Local::start(dir.path(), &["--template", TEMPLATE, "--parameter", "BufferingSeconds=1"]);
    let ask =
        |line: &str| run(dir.path(), line.split_whitespace().chain(["--json", "--endpoint-url", &local.endpoint]));
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let own: String = (0..12).map(|n| format!("{{\"order\": {}, \"total\": 149.90}}\n", n / 2)).collect();
    write("own.ndjson", &own);
    let published = ask("publish --file own.ndjson --attribute kind=order");
    assert_eq!(published.code, Some(0), "{published:#?}");
    write("published", &published.stdout);
    let verify = |line: &str, exit: i32, verdict: &str| {
        let ended = ask(&format!("verify --published published {line}"));
        let report = report(&ended);
        assert_eq!((ended.code, report["verdict"].as_str()), (Some(exit), Some(verdict)), "{line}: {ended:#?}");
        report
    };
    let waiting = verify("--patience 1s", 5, "unknown");
    assert!(waiting["evidence"].to_string().contains("still holds 12 messages"), "{waiting:#}");
    let handled = ask("consume --until-empty").stdout;
    write("handled", &handled);
    let all = verify("--handled handled --look", 0, "nothing_lost");
    let legs: Vec<_> =
        all["legs"].as_array().unwrap().iter().map(|it| (it["leg"].clone(), it["received"].clone())).collect();
    assert_eq!(legs, [("orders", 12), ("payments", 12), ("landing", 12)].map(|(leg, n)| (json!(leg), json!(n))));
    // One of two with the same text is away.
    let at = handled.lines().position(|line| line.contains("\"orders\"") && line.contains("\\\"order\\\": 3")).unwrap();
    let less: Vec<_> = handled.lines().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| line).collect();
    write("handled", &(less.join("\n") + "\n"));
    let lost = verify("--handled handled", 3, "lost");
    assert_eq!(lost["evidence"], json!(["orders: 1 event never seen (publisher:sequence 0:8)"]));
}
