//! The console's API as a program asks it.

use serde_json::Value;

use super::cloud::TestCloud;
use super::signed::{Ask, send, status};

/// An answer: its status and its JSON.
pub(crate) async fn get(cloud: &TestCloud, path: &str) -> (String, Value) {
    read(&send(address(cloud), &Ask::new("GET", &format!("/_messaging/api/v1{path}")).bytes()).await)
}

/// What an action or a try is answered with.
pub(crate) async fn post(cloud: &TestCloud, path: &str, body: &Value) -> (String, Value) {
    let ask = Ask::new("POST", &format!("/_messaging/api/v1{path}")).header("content-type", "application/json");
    read(&send(address(cloud), &ask.body(&body.to_string()).bytes()).await)
}

/// What is there, and nothing else.
pub(crate) async fn found(cloud: &TestCloud, path: &str) -> Value {
    let (status, json) = get(cloud, path).await;
    assert_eq!((status.as_str(), &json["api"]), ("200", &1.into()), "{path}: {json:#}");
    json
}

/// What an action came to.
pub(crate) async fn done(cloud: &TestCloud, action: &str, input: &Value) -> Value {
    let (status, json) = post(cloud, &format!("/actions/{action}"), input).await;
    assert_eq!(status, "200", "{action}: {json:#}");
    json
}

pub(crate) fn read(answer: &str) -> (String, Value) {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"));
    (status(answer).to_owned(), json)
}

pub(crate) fn address(cloud: &TestCloud) -> &str {
    cloud.endpoint.strip_prefix("http://").unwrap()
}
