//! `/_messaging/chaos` and `messaging chaos`: rules are changed, by whom they may be, and what makes no sense is refused by name.

use serde_json::{Value, json};

use crate::helpers::binary::{Local, folder, run};
use crate::helpers::cloud::{TestCloud, config};
use crate::helpers::raw::{ask, send, status};
use crate::helpers::signed::{A, Ask, B, Guarded};

/// A request to the page; what comes back.
async fn call(cloud: &TestCloud, method: &str, head: &str, body: &str) -> (String, Value) {
    let length = body.len();
    let request = format!(
        "{method} /_messaging/chaos HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}Content-Length: {length}\r\n\r\n\
         {body}"
    );
    let answer = send(cloud, request.as_bytes()).await;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status(&answer).to_owned(), serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
}

fn given(page: &Value) -> Vec<Value> {
    page["rules"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(|rule| rule["rule"].clone()).collect()
}

/// LocalStack's bodies do here what its users expect.
#[tokio::test]
async fn rules_are_added_replaced_and_taken_away() {
    let cloud = TestCloud::start().await;
    let (sqs, sns) = (json!({"service": "sqs"}), json!({"service": "sns", "error": {"statusCode": 400}}));
    let (_, page) = call(&cloud, "GET", "", "").await;
    assert_eq!((&page["page"], &page["rules"]), (&json!("chaos"), &json!([])));
    assert!(page["seed"].is_u64(), "{page}");
    let (_, page) = call(&cloud, "POST", "", &json!([sqs]).to_string()).await;
    assert_eq!(given(&page), std::slice::from_ref(&sqs));
    let (_, page) = call(&cloud, "PATCH", "", &json!([sns]).to_string()).await;
    assert_eq!(given(&page), [sqs.clone(), sns.clone()]);
    let (_, page) = call(&cloud, "DELETE", "", &json!([sqs]).to_string()).await;
    assert_eq!(given(&page), std::slice::from_ref(&sns));
    let (answered, page) = call(&cloud, "DELETE", "", &json!([sqs]).to_string()).await;
    assert_eq!((&*answered, &page["error"]["code"]), ("404", &json!("NoSuchRule")));
    let effects = json!({"latency": 500});
    let (_, page) = call(&cloud, "PUT", "", &effects.to_string()).await;
    assert_eq!(given(&page), [effects]);
    assert_eq!(page["rules"][0]["number"], 3, "numbers go on");
    for (method, body) in [("POST", "[]"), ("DELETE", ""), ("DELETE", "[]"), ("PUT", "[]")] {
        call(&cloud, "POST", "", "{}").await;
        let (answered, page) = call(&cloud, method, "", body).await;
        assert_eq!((&*answered, given(&page)), ("200", vec![]), "{method} {body}");
    }
}

#[tokio::test]
async fn what_is_no_rule_is_refused_by_its_field_and_nothing_changes() {
    let cloud = TestCloud::start().await;
    let long = format!("[{{}}{}]", " ".repeat(300_000));
    for (body, answered, words) in [
        ("", "400", "no JSON"),
        (r#"[{"service": "sqs"}, {"colour": "red"}]"#, "400", "rule 2: \"colour\" is no field of a rule"),
        (r#"{"service": "sqs", "operation": "Publish"}"#, "400", "operation: \"Publish\" is no operation of sqs"),
        (r#"{"service": "lambda"}"#, "400", "service: \"lambda\" is none of this cloud's"),
        (r#"{"latency": "1h"}"#, "400", "latency: it must be more than 0 and at most 300 s"),
        // The last one counted.
        (r#"{"service": "sqs", "service": "sns"}"#, "400", "\"service\" stands twice"),
        // The answer was XML.
        (&*long, "413", "262144"),
    ] {
        let (found, page) = call(&cloud, "POST", "", body).await;
        assert_eq!(found, answered, "{page}");
        assert_eq!(page["page"], "chaos", "{page}");
        assert!(page.to_string().replace("\\\"", "\"").contains(words), "{page}");
    }
    assert!(given(&call(&cloud, "GET", "", "").await.1).is_empty());
    let (found, _) = call(&cloud, "OPTIONS", "", "").await;
    assert_eq!(found, "405");
}

#[tokio::test]
async fn no_foreign_page_breaks_the_developers_cloud() {
    let cloud = TestCloud::start().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
        for head in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
            assert_eq!(call(&cloud, method, head, "{}").await.0, "403", "{method} {head}");
        }
    }
    assert_eq!(status(&ask(&cloud, "evil.example", "/_messaging/chaos").await), "403");
    assert!(cloud.sqs().list_queues().send().await.is_ok());
}

/// A key may break its own account's cloud, and nobody else's.
#[tokio::test]
async fn where_keys_are_checked_rules_are_of_the_keys_account() {
    let cloud = Guarded::start().await;
    let rules = |method| Ask::new(method, "/_messaging/chaos");
    assert_eq!(status(&cloud.send(&rules("POST").body("{}")).await), "403");
    assert_eq!(status(&cloud.send(&rules("GET")).await), "403");
    let planted = cloud.signed(&rules("POST").body(r#"{"service": "sqs"}"#), A, "sqs").await;
    assert!(status(&planted) == "200" && planted.contains("111111111111"), "{planted}");
    let list = Ask::json("AmazonSQS.ListQueues", "{}");
    assert_eq!(status(&cloud.signed(&list, A, "sqs").await), "503");
    assert_eq!(status(&cloud.signed(&list, B, "sqs").await), "200");
    // A hundred rules of one account left none to the others, and their numbers went on behind its own.
    let hundred = format!("[{}]", vec![r#"{"service": "kms"}"#; 99].join(","));
    assert_eq!(status(&cloud.signed(&rules("POST").body(&hundred), A, "sqs").await), "200");
    assert_eq!(status(&cloud.signed(&rules("POST").body("{}"), A, "sqs").await), "400");
    let planted = cloud.signed(&rules("POST").body(r#"{"service": "kms"}"#), B, "sqs").await;
    assert!(status(&planted) == "200" && planted.contains("\"number\":1,"), "{planted}");
    assert_eq!(status(&cloud.signed(&rules("DELETE"), B, "sqs").await), "200");
    let seen = cloud.signed(&rules("GET"), B, "sqs").await;
    assert!(status(&seen) == "200" && seen.contains("\"rules\":[]"), "{seen}");
    // A body that isn't the one that was signed.
    let signed = rules("POST").body("[]").signed(A, "us-east-1", "sqs", false);
    assert_eq!(status(&cloud.send(&signed.body("{}")).await), "403");
    assert_eq!(status(&cloud.signed(&rules("DELETE"), B, "sqs").await), "200");
    assert_eq!(status(&cloud.signed(&list, A, "sqs").await), "503");
    assert_eq!(status(&cloud.signed(&rules("DELETE"), A, "sqs").await), "200");
    assert_eq!(status(&cloud.signed(&list, A, "sqs").await), "200");
}

#[tokio::test]
async fn a_running_cloud_gets_rules_by_a_flag_and_by_a_command() {
    let dir = folder();
    std::fs::write(dir.path().join("rules.json"), r#"[{"service": "sns", "operation": "Publish"}]"#).unwrap();
    let local = Local::start(dir.path(), &["--chaos", "rules.json", "--chaos-seed", "7"]);
    let chaos = |args: &[&str]| {
        let ended = run(dir.path(), [&["chaos"], args, &["--endpoint-url", &local.endpoint]].concat());
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
        ended
    };
    let record = |args: &[&str]| serde_json::from_str::<Value>(&chaos(args).stdout).unwrap();
    let list = record(&["list", "--json"]);
    assert_eq!(
        (&list["record"], &list["seed"], list["rules"].as_array().unwrap().len()),
        (&json!("chaos"), &json!(7), 1)
    );
    let added = chaos(&["add", r#"{"service":"sqs","count":1}"#]);
    assert!(added.stdout.contains(r#"2  struck 0 of 0  {"service":"sqs","count":1}"#), "{added:#?}");
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    assert!(sqs.list_queues().send().await.is_err() && sqs.list_queues().send().await.is_ok());
    let list = chaos(&["list"]);
    assert!(list.stdout.contains("2  struck 1 of 1, not now"), "{list:#?}");
    let replaced = record(&["add", "rules.json", "--replace", "--json"]);
    assert_eq!(replaced["rules"].as_array().unwrap().len(), 1);
    assert!(chaos(&["clear"]).stderr.contains("No rule is in force"));
    let refused = run(dir.path(), ["chaos", "add", r#"{"servce":"sqs"}"#, "--endpoint-url", &local.endpoint]);
    assert!(refused.code != Some(0) && refused.stderr.contains("servce"), "{refused:#?}");
}

#[test]
fn rules_that_cannot_be_are_refused_before_anything_starts() {
    let dir = folder();
    std::fs::write(dir.path().join("bad.json"), r#"{"probability": 2}"#).unwrap();
    for (args, words) in [
        (&["local", "--port", "0", "--chaos", "bad.json"][..], "rule 1: probability"),
        (&["local", "--port", "0", "--chaos", "none.json"], "Can't read the rules none.json"),
        (&["simulate", "--chaos", "bad.json"], "rule 1: probability"),
        (&["simulate", "tasks", "--chaos", "bad.json"], "rule 1: probability"),
        (
            &["simulate", "--chaos", "bad.json", "--endpoint-url", "http://127.0.0.1:1"],
            "--chaos is for the embedded cloud",
        ),
        (&["local", "--chaos-seed", "1"], "--chaos"),
        (&["chaos", "list", "--target", "aws", "--region", "us-east-1"], "has no rules of chaos"),
    ] {
        let ended = run(dir.path(), args);
        assert!(ended.code == Some(2) && ended.stderr.contains(words), "{args:?}: {ended:#?}");
    }
    assert!(!dir.path().join(".messaging").exists());
}

/// Messages that come again and out of order, and landings that are late, are no loss.
#[test]
fn a_simulation_amid_chaos_loses_nothing() {
    let dir = folder();
    let rules = r#"[{"duplicate": 0.2}, {"reorder": 0.5}, {"service": "firehose", "delay": "200ms"},
        {"service": "sqs", "operation": "ReceiveMessage", "probability": 0.2, "error": {"statusCode": 500}, "count": 20}]"#;
    std::fs::write(dir.path().join("rules.json"), rules).unwrap();
    let args = ["simulate", "--count", "60", "--rate", "max", "--buffering-seconds", "0", "--json"];
    let ended = run(dir.path(), [&args[..], &["--chaos", "rules.json", "--chaos-seed", "3"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for words in ["chaos seed 3", "Chaos: rule 1 (a duplicate) struck"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:#?}");
    }
    let report: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    let duplicates: u64 = report["queues"].as_array().unwrap().iter().filter_map(|it| it["duplicated"].as_u64()).sum();
    assert!(duplicates > 0, "{report:#}");
}

/// Where nothing is to be told an empty line was.
#[test]
fn no_rule_is_no_line() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    for what in ["list", "clear"] {
        let ended = run(dir.path(), ["chaos", what, "--endpoint-url", &local.endpoint]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:#?}");
        assert!(ended.stderr.contains("No rule is in force"), "{ended:#?}");
    }
}
