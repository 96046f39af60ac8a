//! Each line of the contract.

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Stage, on_both};

on_both!(
    a_workflow_is_created_shown_and_on_the_queue,
    data_comes_back_as_it_was_sent,
    wrong_requests_are_refused_and_leave_nothing,
    to_consumed_makes_the_queued_copy_void_and_back_queues_it_again,
    all_are_listed_with_pages,
    a_page_misses_none_that_is_created_meanwhile,
);

const NOBODY: &str = "/workflow/00000000-0000-4000-8000-000000000000";

async fn a_workflow_is_created_shown_and_on_the_queue(stage: Stage) {
    let body = json!({"data": {"a": 1}, "steps": ["one", "two"]});
    let answer = stage.ask(Method::POST, "/workflow").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let created: Value = answer.json().await.unwrap();
    let uuid = created["uuid"].as_str().unwrap();
    assert_eq!(location, format!("/workflow/{uuid}"));
    assert_eq!((&created["status"], &created["data"]), (&json!("inserted"), &json!({"a": 1})));
    assert_eq!(created["steps"], json!(["one", "two"]));
    assert_eq!(stage.show(uuid).await, created);
    // It is there as soon as the answer is.
    stage.until_messages("workflows", 1).await;

    // A name of the client's own, which nobody else has after that.
    let own = "0c7e7d6a-2b1f-4f4e-9a53-9f2d8f0a6b11";
    let ask = || stage.ask(Method::POST, "/workflow").json(&json!({"uuid": own, "data": null, "status": "consumed"}));
    let answer = ask().send().await.unwrap();
    assert_eq!((answer.status().as_u16(), stage.show(own).await["status"].clone()), (201, json!("consumed")));
    assert_eq!(ask().send().await.unwrap().status(), 409);
    // What is consumed from the beginning isn't queued.
    stage.until_messages("workflows", 1).await;
    if let Some(postgres) = &stage.postgres {
        // The types are PostgreSQL's own, so that others can work on the same tables.
        assert_eq!(
            postgres.sql(
                "SELECT string_agg(column_name || ' ' || udt_name, ', ' ORDER BY ordinal_position) \
                 FROM information_schema.columns WHERE table_schema = 'workflows' AND table_name = 'workflow' \
                 AND column_name IN ('uuid', 'status', 'data', 'steps')"
            ),
            "uuid uuid, status status, data jsonb, steps _text"
        );
        assert_eq!(
            postgres.sql("SELECT data->>'a', steps[2], status FROM workflows.workflow WHERE data @> '{\"a\": 1}'"),
            "1|two|inserted"
        );
    }
}

async fn data_comes_back_as_it_was_sent(stage: Stage) {
    for data in [
        json!(null),
        json!(true),
        json!("text with \" ' \\ \u{1F4E6} and \u{1}"),
        json!([]),
        json!({}),
        json!([0.1, 0.30000000000000004, 1e300, -5e-324, 123_456_789.123_456_79, 1.5e-7]),
        json!([u64::MAX, i64::MIN, 0, -1]),
        json!({"z": 1, "a": {"nested": [{"deep": [[]]}]}, "": "empty key", "a.b\\c": null}),
        json!("x".repeat(900_000)),
    ] {
        let created = stage.create(data.clone()).await;
        assert_eq!(created["data"], data);
        assert_eq!(stage.show(created["uuid"].as_str().unwrap()).await["data"], data);
    }
    // As text: what a double would round is refused, what it holds is the same number on each database.
    for (number, shown) in [("1e16", "10000000000000000"), ("100000000000000000000", "1e+20"), ("1.0", "1.0")] {
        let ask = stage.ask(Method::POST, "/workflow").header("content-type", "application/json");
        let answer = ask.body(format!("{{\"data\":{number}}}")).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{number}");
        let created: Value = answer.json().await.unwrap();
        let text = stage.get(&format!("/workflow/{}", created["uuid"].as_str().unwrap())).await.text().await.unwrap();
        assert!(text.contains(&format!("\"data\":{shown},")), "{number}: {text}");
    }
}

async fn wrong_requests_are_refused_and_leave_nothing(stage: Stage) {
    let post = |body: &str| (Method::POST, "/workflow".to_owned(), body.to_owned());
    let patch = |path: &str, body: &str| (Method::PATCH, path.to_owned(), body.to_owned());
    let get = |path: &str| (Method::GET, path.to_owned(), String::new());
    let deep = format!("{{\"data\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let deeper = format!("{{\"data\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let wide: Value = (0..1_001).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let exploding = json!({"data": {"text": "x".repeat(500_000), "all": vec![0; 1_000]}}).to_string();
    let steps = |steps: Value| json!({"data": 1, "steps": steps}).to_string();
    for ((method, path, body), status) in [
        (post(""), 400),
        (post("{\"data\":"), 400),
        (post("{\"data\":\"\\ud800\"}"), 400),
        (post("{\"data\":1e999}"), 400),
        (post(&deeper), 400),
        (post("[]"), 422),
        (post("{}"), 422),
        (post("{\"data\":1,\"status\":\"lost\"}"), 422),
        (post("{\"data\":1,\"status\":\"Inserted\"}"), 422),
        (post("{\"data\":1,\"status\":5}"), 422),
        (post("{\"data\":1,\"uuid\":\"7\"}"), 422),
        (post("{\"data\":1,\"step\":[]}"), 422),
        (post("{\"data\":\"\\u0000\"}"), 422),
        (post("{\"status\":\"consumed\",\"data\":1,\"status\":\"inserted\"}"), 422),
        (post("{\"data\":[{\"n\":1,\"n\":1}]}"), 422),
        (post("{\"data\":18446744073709551617}"), 422),
        (post(&deep), 422),
        (post(&json!({ "data": wide }).to_string()), 422),
        (post(&exploding), 422),
        (post(&steps(json!("one"))), 422),
        (post(&steps(json!([""]))), 422),
        (post(&steps(json!(["a\u{0}"]))), 422),
        (post(&steps(json!(["x".repeat(129)]))), 422),
        (post(&steps(json!(vec!["x"; 101]))), 422),
        (post(&json!({"data": "x".repeat(1 << 20)}).to_string()), 413),
        (patch("/workflow/7", "{\"status\":\"consumed\"}"), 400),
        (patch("/workflow/{0c7e7d6a-2b1f-4f4e-9a53-9f2d8f0a6b11}", "{\"status\":\"consumed\"}"), 400),
        (patch(NOBODY, "{"), 400),
        (patch(NOBODY, "{\"status\":\"consumed\"}"), 404),
        (patch(NOBODY, "{\"status\":\"lost\"}"), 422),
        (patch(NOBODY, "{}"), 422),
        (patch(NOBODY, "{\"status\":\"consumed\",\"data\":1}"), 422),
        (get("/workflow/7"), 400),
        (get(NOBODY), 404),
        (get("/workflow/7/csv"), 400),
        (get("/workflow/00000000-0000-4000-8000-000000000000/csv"), 404),
        (get("/workflow?limit=0"), 400),
        (get("/workflow?limit=101"), 400),
        (get("/workflow?limit=ten"), 400),
        (get("/workflow?after=-1"), 400),
        (get("/workflow?after=9223372036854775808"), 400),
        (get("/workflow?status=lost"), 400),
        (get("/workflow?page=2"), 400),
        (get("/workflow/consume?separator=x"), 400),
        (get("/workflow/consume?wait=1"), 400),
        ((Method::DELETE, "/workflow".to_owned(), String::new()), 405),
        ((Method::PUT, NOBODY.to_owned(), String::new()), 405),
    ] {
        let ask = stage.ask(method.clone(), &path).header("content-type", "application/json").body(body.clone());
        let answer = ask.send().await.unwrap();
        let told = format!("{method} {path} {}", &body[..body.len().min(60)]);
        assert_eq!(answer.status(), status, "{told}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{told}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{told}");
    }
    // A form of another site can send these, but not JSON.
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let ask = stage.ask(Method::POST, "/workflow").header("content-type", kind).body("{\"data\":1}");
        assert_eq!(ask.send().await.unwrap().status(), 415, "{kind}");
    }
    let all: Value = stage.get("/workflow").await.json().await.unwrap();
    assert_eq!(all, json!([]));
    stage.until_messages("workflows", 0).await;
}

#[tokio::test]
async fn literally_a_status_outside_the_enum_is_403() {
    let stage = Stage::sqlite(&["--literal"]);
    let uuid = stage.uuid(json!(1)).await;
    let body = json!({"data": 1, "status": "lost"});
    let answer = stage.ask(Method::POST, "/workflow").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(stage.set(&uuid, "lost").await.status(), 403);
    assert_eq!(stage.set(&uuid, "consumed").await.status(), 200);
}

async fn to_consumed_makes_the_queued_copy_void_and_back_queues_it_again(stage: Stage) {
    let uuid = stage.uuid(json!({"n": 1})).await;
    let answer = stage.set(&uuid, "consumed").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "consumed");
    // Its message is still on the queue, and of no use.
    stage.until_messages("workflows", 1).await;
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;
    assert_eq!(stage.get(&format!("/workflow/{uuid}/csv")).await.status(), 409);

    assert_eq!(stage.set(&uuid, "inserted").await.json::<Value>().await.unwrap()["status"], "inserted");
    // The status that it has already changes nothing: it isn't queued once more.
    assert_eq!(stage.set(&uuid, "inserted").await.status(), 200);
    stage.until_messages("workflows", 1).await;
    assert_eq!(stage.consume().await, Some((uuid.clone(), "n\r\n1\r\n".to_owned())));
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;

    // Withdrawn and queued again while its first message waits: it is had once.
    let uuid = stage.uuid(json!({"n": 2})).await;
    stage.set(&uuid, "consumed").await;
    stage.set(&uuid, "inserted").await;
    stage.until_messages("workflows", 2).await;
    assert_eq!(stage.consume().await.unwrap().0, uuid);
    assert_eq!(stage.consume().await, None);
    stage.until_messages("workflows", 0).await;
    stage.until_messages("workflows-dlq", 0).await;
}

/// Follows the links from a path on: the sizes of the pages, and each workflow's `data`.
async fn read(stage: &Stage, path: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut sizes, mut seen) = (Vec::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = stage.get(&path).await;
        assert_eq!(answer.status(), 200);
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Vec<Value> = answer.json().await.unwrap();
        sizes.push(page.len());
        seen.extend(page.into_iter().map(|it| it["data"].clone()));
        next = link.map(|link| link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned());
    }
    (sizes, seen)
}

async fn all_are_listed_with_pages(stage: Stage) {
    let mut uuids = Vec::new();
    for n in 0..25 {
        uuids.push(stage.uuid(json!(n)).await);
    }
    let all: Vec<Value> = (0..25).map(Value::from).collect();
    assert_eq!(read(&stage, "/workflow").await, (vec![25], all.clone()));
    assert_eq!(read(&stage, "/workflow?limit=10").await, (vec![10, 10, 5], all));
    for uuid in &uuids[5..8] {
        stage.set(uuid, "consumed").await;
    }
    assert_eq!(
        read(&stage, "/workflow?limit=2&status=consumed").await,
        (vec![2, 1], vec![json!(5), json!(6), json!(7)])
    );
    assert_eq!(read(&stage, "/workflow?status=inserted").await.0, [22]);
    // A page doesn't get larger than a few megabytes, whatever its limit.
    for _ in 0..6 {
        stage.create(json!("x".repeat(1_000_000))).await;
    }
    assert_eq!(read(&stage, "/workflow?limit=100").await.0, [29, 2]);
}

/// On PostgreSQL a later position could be seen before an earlier one, and a reader passed the earlier one by.
async fn a_page_misses_none_that_is_created_meanwhile(stage: Stage) {
    const CLIENTS: u64 = 16;
    const EACH: u64 = 12;
    let creating = futures::future::join_all((0..CLIENTS).map(|client| {
        let stage = &stage;
        async move {
            for n in 0..EACH {
                stage.create(json!(client * EACH + n)).await;
            }
        }
    }));
    let reading = async {
        let mut seen = Vec::new();
        let mut after = 0_u64;
        // Each page begins where the one before ended, as long as there is more to come.
        while seen.len() < (CLIENTS * EACH) as usize {
            let answer = stage.get(&format!("/workflow?limit=5&after={after}")).await;
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            let page: Vec<Value> = answer.json().await.unwrap();
            let Some(link) = link else { continue };
            after = link.split("after=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            seen.extend(page.into_iter().map(|it| it["data"].as_u64().unwrap()));
            if seen.len() as u64 >= CLIENTS * EACH - 5 {
                break;
            }
        }
        (seen, after)
    };
    let ((mut seen, after), _) = tokio::join!(reading, creating);
    let rest = read(&stage, &format!("/workflow?limit=100&after={after}")).await.1;
    seen.extend(rest.iter().map(|n| n.as_u64().unwrap()));
    seen.sort_unstable();
    assert_eq!(seen, (0..CLIENTS * EACH).collect::<Vec<_>>());
}
