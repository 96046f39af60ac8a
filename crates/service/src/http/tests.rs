//! What every face does by itself.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

struct Broken;

#[async_trait::async_trait]
impl Dependency for Broken {
    fn name(&self) -> &str {
        "queue"
    }

    async fn check(&self) -> Result<(), String> {
        Err("it is gone".into())
    }
}

#[utoipa::path(get, path = "/panics", responses((status = 200)))]
async fn panics() -> StatusCode {
    panic!("a secret")
}

#[utoipa::path(post, path = "/takes", responses((status = 200, body = Value)))]
async fn takes(Json(value): Json<Value>) -> Json<Value> {
    Json(value)
}

fn face() -> Face {
    Face::new("Test", "A test.", Tell::nobody())
        .routes(OpenApiRouter::new().routes(routes!(panics)).routes(routes!(takes)))
}

async fn ask(face: Face, method: &str, path: &str, body: &str) -> (Response, Value) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let (router, _) = face.into_parts();
    let response = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let value = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
    (Response::from_parts(head, Body::empty()), value)
}

#[tokio::test]
async fn every_error_is_a_problem_document() {
    for (method, path, body, status) in [
        ("GET", "/nothing", "", 404),
        ("PUT", "/takes", "", 405),
        ("POST", "/takes", "{", 400),
        ("GET", "/panics", "", 500),
    ] {
        let (response, problem) = ask(face(), method, path, body).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
        assert_eq!(problem["status"], status);
        assert!(response.headers().contains_key("x-request-id"));
        assert!(!problem["detail"].as_str().unwrap().contains("secret"), "{problem}");
        assert_eq!(response.headers().contains_key("allow"), status == 405);
    }
    let large = format!("\"{}\"", "x".repeat(MAX_BODY));
    assert_eq!(ask(face(), "POST", "/takes", &large).await.0.status(), 413);
}

#[utoipa::path(get, path = "/sleeps", responses((status = 200)))]
async fn sleeps() -> StatusCode {
    std::future::pending().await
}

/// Both were 408, which says that it is the client that is slow.
#[tokio::test(start_paused = true)]
async fn who_is_slow_is_told_by_the_status() {
    let (router, _) = face().routes(OpenApiRouter::new().routes(routes!(sleeps))).into_parts();
    // The body's second part never comes.
    let parts = futures::stream::iter([Ok::<_, std::io::Error>("{")]).chain(futures::stream::pending());
    for (path, body, status, says) in [
        ("/sleeps", Body::empty(), 503, "no answer within 30 s"),
        ("/takes", Body::from_stream(parts), 408, "body came too slowly"),
    ] {
        let method = if status == 408 { "POST" } else { "GET" };
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let problem = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let problem: Value = serde_json::from_slice(&problem).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
}

#[tokio::test]
async fn health_says_what_is_wrong() {
    let (response, health) = ask(face(), "GET", "/health", "").await;
    assert_eq!((response.status().as_u16(), &health["status"]), (200, &json!("ok")));
    let (response, health) = ask(face().needs(Arc::new(Broken)), "GET", "/health", "").await;
    assert_eq!(response.status(), 503);
    assert_eq!(health["dependencies"], json!([{ "name": "queue", "ok": false, "reason": "it is gone" }]));
}

#[tokio::test]
async fn the_documentation_is_served() {
    let (response, document) = ask(face(), "GET", "/openapi.json", "").await;
    assert_eq!(response.status(), 200);
    assert!(document["paths"]["/takes"]["post"].is_object() && document["paths"]["/health"].is_object());
    let (response, page) = ask(face(), "GET", "/apidocs/", "").await;
    assert_eq!(response.status(), 200);
    assert!(page.as_str().unwrap().contains("swagger-ui"));
    assert!(response.headers().contains_key("content-security-policy"));
    let (response, metrics) = ask(face(), "GET", "/metrics", "").await;
    assert_eq!((response.status().as_u16(), metrics), (200, json!("# EOF\n")), "nothing was asked before");
}

#[tokio::test]
async fn a_clients_request_id_comes_back_if_it_is_decent() {
    let (router, _) = face().into_parts();
    for (given, kept) in [("abc-1", true), ("a b", false), ("", false)] {
        let request = Request::builder().uri("/health").header("x-request-id", given).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"] == given, kept, "{given:?}");
    }
}

/// A client that asked with `AAAAAAA`, `AAAAAAB` and so on made the metrics grow with each.
#[tokio::test]
async fn methods_that_nobody_knows_share_a_label() {
    let (router, _) = face().into_parts();
    let send = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    for method in ["A", "B", "PURGE", "LINK", "get", "PATCH", "TRACE"] {
        send(method, "/takes").await;
    }
    let metrics = to_bytes(send("GET", "/metrics").await.into_body(), 1 << 20).await.unwrap();
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    assert!(metrics.contains("# TYPE http_requests counter"), "{metrics}");
    for (method, is_label) in
        [("OTHER", true), ("PATCH", true), ("TRACE", true), ("A", false), ("PURGE", false), ("get", false)]
    {
        assert_eq!(metrics.contains(&format!("method=\"{method}\"")), is_label, "{method}: {metrics}");
    }
}
