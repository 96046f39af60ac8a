//! What no page of another site may do with a service, and what a client that sends too much is told.

use reqwest::header::{HOST, ORIGIN};
use reqwest::{Client, Method};

use crate::helpers::Cloud;

/// Of each scenario a request that changes something.
const CHANGES: [(&str, &str, &str); 5] = [
    ("archive", "GET", "/"),
    ("tasks", "POST", "/sum-even"),
    ("workflows", "GET", "/workflow/consume"),
    ("jobs", "POST", "/submit-job"),
    ("fanout", "POST", "/events"),
];

/// A page of somebody's made the browsers of those who read it submit jobs and take books; one that had bound its name to
/// 127.0.0.1 read the answers as well.
#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let cloud = Cloud::start();
    let client = Client::new();
    for (name, method, path) in CHANGES {
        match name {
            "fanout" => assert_eq!(cloud.run(&["deploy"]).code, Some(0)),
            name => cloud.deploy(name),
        }
        let served = cloud.serve(name, &["--name", "desk.test"]);
        let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
            let method: Method = method.parse().unwrap();
            let mut request = client.request(method, format!("{}{path}", served.address)).body("{}");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send().await.unwrap().status().as_u16()
        };
        let (host, origin) = (HOST.as_str(), ORIGIN.as_str());
        for headers in [
            &[(origin, "https://evil.example")][..],
            &[(origin, "null")],
            &[("sec-fetch-site", "cross-site")],
            &[(host, "evil.example")],
            &[(host, "evil.example"), (origin, "http://evil.example")],
        ] {
            assert_eq!(ask(method, path, headers).await, 403, "{name} {headers:?}");
        }
        assert_eq!(ask("GET", "/health", &[(host, "evil.example")]).await, 403, "{name}");
        assert_eq!(ask("GET", "/health", &[("sec-fetch-site", "cross-site")]).await, 200, "{name}");
        for headers in
            [&[][..], &[(host, "desk.test:80")], &[(host, "api.localhost")], &[(origin, "http://localhost:3000")]]
        {
            assert_ne!(ask(method, path, headers).await, 403, "{name} {headers:?}");
        }
    }
}

/// A client that sent 3 MiB to a service that didn't want them found its connection reset, and never read why.
#[tokio::test]
async fn who_sends_too_much_reads_why() {
    let cloud = Cloud::start();
    for (name, path, status) in
        [("jobs", "/submit-job", 401), ("workflows", "/workflow", 413), ("tasks", "/nothing", 404)]
    {
        cloud.deploy(name);
        let served = cloud.serve(name, &[]);
        for _ in 0..8 {
            let request = Client::new().post(format!("{}{path}", served.address)).body(vec![b' '; 3 << 20]);
            let answer = request.header("content-type", "application/json").send().await.unwrap();
            assert_eq!(answer.status(), status, "{name}");
            let problem: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(problem["status"], status, "{name}: {problem}");
        }
    }
}
