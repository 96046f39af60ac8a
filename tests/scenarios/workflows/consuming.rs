//! `GET /workflow/consume`, and the workers that consume.

use std::collections::HashSet;
use std::io::Write;
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Stage, consume, on_both};
use crate::helpers::eventually;

on_both!(
    a_csv_is_answered_kept_and_had_again,
    a_csv_is_what_was_asked_for,
    thirty_two_at_once_never_get_the_same,
    nobody_consumes_by_accident,
    who_goes_away_while_he_waits_takes_nothing,
    what_names_nothing_to_consume_is_a_dead_letter,
);

async fn a_csv_is_answered_kept_and_had_again(stage: Stage) {
    assert_eq!(stage.consume().await, None);
    let uuid = stage.uuid(json!([{"name": "Ada", "child": {"field": 1}}, {"name": "Alan", "more": true}])).await;
    assert_eq!(stage.get(&format!("/workflow/{uuid}/csv")).await.status(), 409);
    let answer = stage.get("/workflow/consume").await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(header("content-disposition"), format!("attachment; filename=\"{uuid}.csv\""));
    assert_eq!(header("content-location"), format!("/workflow/{uuid}/csv"));
    assert_eq!(header("cache-control"), "no-store");
    let csv = answer.text().await.unwrap();
    assert_eq!(csv, "name,child.field,more\r\nAda,1,\r\nAlan,,true\r\n");
    let again = stage.get(&format!("/workflow/{uuid}/csv")).await;
    assert_eq!(again.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(again.text().await.unwrap(), csv);

    let shown = stage.show(&uuid).await;
    assert_eq!((&shown["status"], &shown["attempts"]), (&json!("consumed"), &json!(1)));
    assert!(shown["lead_ms"].is_u64() && shown["execution_ms"].is_u64() && shown["consumed_at"].is_string(), "{shown}");
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;
    let metrics = stage.get("/metrics").await.text().await.unwrap();
    for line in [
        r#"messaging_jobs_total{kind="workflow",outcome="done"} 1"#,
        r#"messaging_job_execution_seconds_count{kind="workflow"} 1"#,
        r#"messaging_job_lead_seconds_count{kind="workflow"} 1"#,
        "messaging_workflows_sent_total 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    // The line of the log comes a moment after the answer.
    let line = format!("workflow {uuid} done");
    eventually("the job's line", async || stage.service.said().iter().any(|said| said.contains(&line)).then_some(()))
        .await;
}

async fn a_csv_is_what_was_asked_for(stage: Stage) {
    let data = json!({
        "order": 7,
        "lines": [{"sku": "=1+1", "parts": [1, 2]}, {"sku": "a;b"}],
        "tags": ["x", null, "", "say \"hi\""],
        "a.b": -5,
    });
    for (query, csv) in [
        (
            "",
            "order,lines.sku,lines.parts,tags,a\\.b\r\n7,'=1+1,1,x,-5\r\n7,'=1+1,2,,-5\r\n7,\"a;b\",,\"\",-5\r\n\
             7,,,\"say \"\"hi\"\"\",-5\r\n",
        ),
        (
            "separator=tab",
            "order\tlines.sku\tlines.parts\ttags\ta\\.b\r\n7\t'=1+1\t1\tx\t-5\r\n7\t'=1+1\t2\t\t-5\r\n7\t\"a;b\"\t\t\"\"\t-5\r\n7\t\t\t\"say \"\"hi\"\"\"\t-5\r\n",
        ),
        (
            "separator=;&bom=true",
            "\u{feff}order;lines.sku;lines.parts;tags;a\\.b\r\n7;'=1+1;1;x;-5\r\n7;'=1+1;2;;-5\r\n7;\"a;b\";;\"\";-5\r\n7;;;\"say \"\"hi\"\"\";-5\r\n",
        ),
        (
            "separator=|",
            "order|lines.sku|lines.parts|tags|a\\.b\r\n7|'=1+1|1|x|-5\r\n7|'=1+1|2||-5\r\n7|\"a;b\"||\"\"|-5\r\n7|||\"say \"\"hi\"\"\"|-5\r\n",
        ),
    ] {
        let uuid = stage.uuid(data.clone()).await;
        let answer = stage.get(&format!("/workflow/consume?{query}")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap(), csv, "{query}");
        let again = stage.get(&format!("/workflow/{uuid}/csv")).await.bytes().await.unwrap();
        assert_eq!(String::from_utf8(again.to_vec()).unwrap(), csv);
    }
}

async fn thirty_two_at_once_never_get_the_same(stage: Stage) {
    const WORKFLOWS: usize = 100;
    let mut uuids = HashSet::new();
    for n in 0..WORKFLOWS {
        uuids.insert(stage.uuid(json!(n)).await);
    }
    let consumers = (0..32).map(|_| async {
        let mut got = Vec::new();
        while let Some((uuid, _)) = stage.consume().await {
            got.push(uuid);
        }
        got
    });
    let got: Vec<String> = futures::future::join_all(consumers).await.into_iter().flatten().collect();
    assert_eq!(got.len(), WORKFLOWS);
    assert_eq!(got.into_iter().collect::<HashSet<_>>(), uuids);
    stage.until_messages("workflows", 0).await;
}

async fn nobody_consumes_by_accident(stage: Stage) {
    let uuid = stage.uuid(json!(1)).await;
    // A HEAD is a GET for most servers.
    let answer = stage.ask(Method::HEAD, "/workflow/consume").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET"));
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("sec-purpose", "prefetch")]
    {
        let answer = stage.ask(Method::GET, "/workflow/consume").header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
    }
    assert_eq!(stage.show(&uuid).await["status"], "inserted");
    let ask = stage.ask(Method::GET, "/workflow/consume").header("sec-fetch-site", "same-origin");
    assert_eq!(ask.send().await.unwrap().status(), 200);
}

async fn who_goes_away_while_he_waits_takes_nothing(stage: Stage) {
    let address = stage.service.address.strip_prefix("http://").unwrap().to_owned();
    for n in 0..3 {
        let mut gone = TcpStream::connect(&address).unwrap();
        write!(gone, "GET /workflow/consume HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        // Time for the receive to be under way; the outcome is the same if it isn't.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        drop(gone);
        let uuid = stage.uuid(json!(n)).await;
        let had = eventually("the next consumer", async || consume(&stage.http, &stage.service.address).await.unwrap());
        assert_eq!(had.await.0, uuid);
    }
}

async fn what_names_nothing_to_consume_is_a_dead_letter(stage: Stage) {
    let sqs = stage.cloud.sqs();
    let url = stage.queue_url("workflows").await;
    let unknown = json!({"uuid": "00000000-0000-4000-8000-000000000000", "generation": 1}).to_string();
    for body in ["no workflow", "{}", &unknown] {
        sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    let uuid = stage.uuid(json!(1)).await;
    assert_eq!(stage.consume().await.unwrap().0, uuid);
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;
    stage.until_messages("workflows-dlq", 3).await;
    let dead = sqs
        .receive_message()
        .queue_url(stage.queue_url("workflows-dlq").await)
        .max_number_of_messages(10)
        .message_attribute_names("All");
    let dead = dead.send().await.unwrap();
    for message in dead.messages() {
        let reason = message.message_attributes().unwrap()["DeadLetterReason"].string_value().unwrap();
        let expected = if message.body() == Some(&unknown) { "no such workflow" } else { "isn't one of a workflow" };
        assert!(reason.contains(expected), "{reason}");
    }
}

/// Data that was changed by hand in the database may be more than a CSV can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_cannot_be_a_csv_any_more_is_a_dead_letter_on_postgres() {
    let stage = Stage::postgres(&[]);
    let uuid = stage.uuid(json!({"n": 1})).await;
    let postgres = stage.postgres.as_ref().unwrap();
    postgres.sql(
        "UPDATE workflows.workflow SET data = (SELECT jsonb_object_agg(n::text, n) FROM generate_series(1, 1001) AS n)",
    );
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows-dlq", 1).await;
    assert_eq!(stage.show(&uuid).await["status"], "inserted");
    // Corrected and queued again it is consumed.
    postgres.sql("UPDATE workflows.workflow SET data = '{\"later\": 2, \"n\": 1}'");
    stage.set(&uuid, "consumed").await;
    stage.set(&uuid, "inserted").await;
    // Columns that were there when it was sent come first.
    assert_eq!(stage.consume().await.unwrap().1, "n,later\r\n1,2\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_come_in_the_order_of_the_data_on_sqlite() {
    columns_come_in_the_order_of_the_data(Stage::sqlite(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn columns_come_in_the_order_of_the_data_on_postgres() {
    columns_come_in_the_order_of_the_data(Stage::postgres(&[])).await;
}

/// `jsonb` keeps no order of keys.
async fn columns_come_in_the_order_of_the_data(stage: Stage) {
    stage.uuid(json!([{"name": "x", "id": 1}, {"a": 2, "name": "y"}])).await;
    assert_eq!(stage.consume().await.unwrap().1, "name,id,a\r\nx,1,\r\ny,,2\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_from_the_request_to_the_job() {
    let stage = Stage::sqlite(&["--json"]);
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    let ask = stage.ask(Method::POST, "/workflow").header("x-amzn-trace-id", trace).json(&json!({"data": 1}));
    let created: Value = ask.send().await.unwrap().json().await.unwrap();
    stage.consume().await.unwrap();
    let job = eventually("the job's record", async || {
        let said = stage.service.said();
        said.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|it| it["record"] == "job")
    });
    let job = job.await;
    assert_eq!((&job["id"], &job["trace"]), (&created["uuid"], &json!(trace)));
    assert_eq!((&job["kind"], &job["outcome"], &job["attempts"]), (&json!("workflow"), &json!("done"), &json!(1)));
    assert!(job["execution_ms"].is_f64() && job["lead_ms"].is_f64(), "{job}");
}
