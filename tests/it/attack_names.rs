//! Pages that have bound their own name to the server's address (DNS rebinding): no foreign page by any header but `Host`.

use messaging::cloud::gateway::Access;
use messaging::cloud::http::guard::Guard;

use crate::signed::{Ask, Guarded, status};

/// With `--open-to-all` every name was served, so a page of evil.example could read all and call all.
#[tokio::test]
async fn a_server_for_other_machines_answers_to_its_names_alone() {
    let guard = Guard::new([0, 0, 0, 0].into(), vec!["build-host".into()]);
    let cloud = Guarded::with(Access { guard, credentials: None }).await;
    for (host, expected) in [
        ("evil.example", "403"),
        ("evil.example:4566", "403"),
        ("build-host.evil.example", "403"),
        ("10.0.0.1.evil.example", "403"),
        ("build-host:4566", "200"),
        ("BUILD-HOST", "200"),
        ("10.0.0.1:4566", "200"),
        ("[fe80::1]:4566", "200"),
        ("localhost:4566", "200"),
        ("sqs.us-east-1.amazonaws.com", "200"),
    ] {
        for target in ["/", "/?Action=ListQueues&Version=2012-11-05", "/health", "/_messaging/outbox"] {
            let ask = Ask::new("GET", target).host(host).header("sec-fetch-site", "same-origin");
            let answer = cloud.send(&ask).await;
            // A queue service's host has no other paths.
            let fine = status(&answer) == expected || (host.starts_with("sqs.") && target == "/");
            assert!(fine, "{host} {target}: {answer}");
        }
    }
}
