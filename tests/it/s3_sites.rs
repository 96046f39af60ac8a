//! S3 as browsers meet it: CORS between pages and buckets, buckets as web sites.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    Condition, CorsConfiguration, CorsRule, ErrorDocument, IndexDocument, Redirect, RoutingRule, WebsiteConfiguration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::cloud::{TestCloud, code};

const PAGE: &str = "Origin: https://shop.example";

/// The whole answer to a request with these header lines.
async fn ask(cloud: &TestCloud, method: &str, path: &str, lines: &[&str]) -> String {
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let host =
        if lines.iter().any(|line| line.starts_with("Host:")) { String::new() } else { format!("Host: {address}\r\n") };
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\n{host}{lines}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn put(s3: &Client, bucket: &str, key: &str, body: &'static str) {
    s3.put_object().bucket(bucket).key(key).body(ByteStream::from_static(body.as_bytes())).send().await.unwrap();
}

async fn with_rules() -> (TestCloud, Client) {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    for bucket in ["open", "closed"] {
        s3.create_bucket().bucket(bucket).send().await.unwrap();
        put(&s3, bucket, "key", "content").await;
    }
    assert_eq!(code(s3.get_bucket_cors().bucket("open").send().await), "NoSuchCORSConfiguration");
    let rule = CorsRule::builder()
        .allowed_origins("https://*.example")
        .allowed_methods("GET")
        .allowed_methods("PUT")
        .allowed_headers("content-*")
        .allowed_headers("x-amz-*")
        .expose_headers("ETag")
        .max_age_seconds(60)
        .build()
        .unwrap();
    let rules = CorsConfiguration::builder().cors_rules(rule).build().unwrap();
    s3.put_bucket_cors().bucket("open").cors_configuration(rules).send().await.unwrap();
    (cloud, s3)
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_rules() {
    let (cloud, s3) = with_rules().await;
    let put = "Access-Control-Request-Method: PUT";
    let headers = "Access-Control-Request-Headers: Content-Type, x-amz-date";
    let answer = ask(&cloud, "OPTIONS", "/open/key", &[PAGE, put, headers]).await;
    for expected in [
        "200 OK",
        "access-control-allow-origin: https://shop.example\r\n",
        "access-control-allow-credentials: true\r\n",
        "access-control-allow-methods: GET, PUT\r\n",
        "access-control-allow-headers: content-type, x-amz-date\r\n",
        "access-control-expose-headers: ETag\r\n",
        "access-control-max-age: 60\r\n",
        "vary: Origin, Access-Control-Request-Headers, Access-Control-Request-Method\r\n",
    ] {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
    let not_allowed = "CORSResponse: This CORS request is not allowed.";
    let table: [(&str, &[&str], &str); 6] = [
        ("/open/key", &[PAGE, "Access-Control-Request-Method: DELETE"], not_allowed),
        ("/open/key", &[PAGE, put, "Access-Control-Request-Headers: authorization"], not_allowed),
        (
            "/closed/key",
            &[PAGE, put],
            "CORSResponse: CORS is not enabled for this bucket.</Message><Method>PUT</Method>",
        ),
        ("/nobodys/key", &[PAGE, put], "CORSResponse: Bucket not found"),
        ("/open/key", &[put], "Insufficient information. Origin request header needed."),
        ("/open/key", &[PAGE], "Invalid Access-Control-Request-Method: null"),
    ];
    for (path, lines, expected) in table {
        let answer = ask(&cloud, "OPTIONS", path, lines).await;
        assert!(answer.contains(expected) && !answer.contains("access-control-allow"), "{path} {lines:?}: {answer}");
    }
    s3.delete_bucket_cors().bucket("open").send().await.unwrap();
    assert!(ask(&cloud, "OPTIONS", "/open/key", &[PAGE, put]).await.contains("CORS is not enabled"));
}

#[tokio::test]
async fn a_rule_opens_its_bucket_to_the_page_and_nothing_else() {
    let (cloud, _s3) = with_rules().await;
    let read = ask(&cloud, "GET", "/open/key", &[PAGE, "Sec-Fetch-Site: cross-site"]).await;
    assert!(read.contains("200 OK") && read.ends_with("content"), "{read}");
    assert!(read.contains("access-control-allow-origin: https://shop.example"), "{read}");
    let missing = ask(&cloud, "GET", "/open/missing", &[PAGE]).await;
    assert!(missing.contains("404") && missing.contains("access-control-allow-origin"), "{missing}");

    let table: [(&str, &str, &[&str]); 9] = [
        ("GET", "/closed/key", &[PAGE]),
        ("DELETE", "/open/key", &[PAGE]),
        ("GET", "/open/key", &["Origin: https://evil.test"]),
        ("GET", "/open/key", &["Sec-Fetch-Site: cross-site"]),
        ("GET", "/", &[PAGE]),
        ("PUT", "/open/copy", &[PAGE, "x-amz-copy-source: closed/key"]),
        ("PUT", "/open/copy?x-amz-copy-source=closed%2Fkey", &[PAGE]),
        ("GET", "/open/key?Action=ListQueues&Version=2012-11-05", &[PAGE]),
        ("GET", "/open/key", &[PAGE, "Host: evil.test"]),
    ];
    for (method, path, lines) in table {
        let answer = ask(&cloud, method, path, lines).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("text/plain"), "{method} {path}: {answer}");
    }
    // A copy within the bucket is its own affair.
    let copied = ask(&cloud, "PUT", "/open/copy", &[PAGE, "x-amz-copy-source: /open/key"]).await;
    assert!(copied.contains("200 OK"), "{copied}");
}

#[tokio::test]
async fn a_bucket_is_a_web_site() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("site").send().await.unwrap();
    let host = "Host: site.s3-website-us-east-1.amazonaws.com";
    let none = ask(&cloud, "GET", "/", &[host]).await;
    assert!(none.contains("<li>Code: NoSuchWebsiteConfiguration</li>"), "{none}");

    let rule = |prefix: &str, code: Option<&str>, redirect: Redirect| {
        let condition = Condition::builder().key_prefix_equals(prefix);
        let condition = condition.set_http_error_code_returned_equals(code.map(Into::into)).build();
        RoutingRule::builder().condition(condition).redirect(redirect).build()
    };
    let site = WebsiteConfiguration::builder()
        .index_document(IndexDocument::builder().suffix("index.html").build().unwrap())
        .error_document(ErrorDocument::builder().key("error.html").build().unwrap())
        .routing_rules(rule("docs/", None, Redirect::builder().replace_key_prefix_with("documents/").build()))
        .routing_rules(rule("gone/", Some("404"), Redirect::builder().replace_key_with("sorry.html").build()))
        .build();
    s3.put_bucket_website().bucket("site").website_configuration(site).send().await.unwrap();
    for key in ["index.html", "sub/index.html", "gone/there"] {
        put(&s3, "site", key, "a page").await;
    }
    let moved = s3.put_object().bucket("site").key("moved").website_redirect_location("https://shop.example/");
    moved.send().await.unwrap();

    let url = "http://site.s3-website-us-east-1.amazonaws.com";
    let table = [
        ("/", "200 OK", "a page".to_owned()),
        ("/sub/", "200 OK", "a page".to_owned()),
        ("/sub", "302 Found", "location: /sub/".to_owned()),
        ("/gone/there", "200 OK", "a page".to_owned()),
        ("/gone/x", "301 Moved", format!("location: {url}/sorry.html")),
        ("/docs/x", "301 Moved", format!("location: {url}/documents/x")),
        ("/moved", "301 Moved", "location: https://shop.example/".to_owned()),
        ("/missing", "404 Not Found", "<li>Code: NoSuchKey</li>".to_owned()),
        ("/missing", "404 Not Found", "Attempting to Retrieve a Custom Error Document".to_owned()),
    ];
    for (path, status, expected) in &table {
        let answer = ask(&cloud, "GET", path, &[host]).await;
        assert!(answer.contains(status) && answer.contains(expected), "{path}: {answer}");
    }
    put(&s3, "site", "error.html", "our own error").await;
    let answer = ask(&cloud, "GET", "/missing", &[host]).await;
    assert!(answer.contains("404 Not Found") && answer.ends_with("our own error"), "{answer}");
    assert!(answer.contains("x-amz-error-code: NoSuchKey"), "{answer}");
    assert!(ask(&cloud, "PUT", "/x", &[host]).await.contains("405 Method Not Allowed"));
    s3.delete_bucket_website().bucket("site").send().await.unwrap();
    assert_eq!(code(s3.get_bucket_website().bucket("site").send().await), "NoSuchWebsiteConfiguration");
}
