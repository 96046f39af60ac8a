//! One presigned URL written in other ways: it opens what was signed or nothing, at an address of version 6 as well.

use crate::helpers::signed::{A, Ask, Guarded, element, status};

/// `a b+c/ü;x`.
const KEY: &str = "/bkt/a%20b%2Bc/%C3%BC%3Bx";

/// The same with hexadecimal digits in lower case.
fn in_lower_case(text: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        left = if c == '%' { 3_usize } else { left.saturating_sub(1) };
        if left > 0 { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

#[tokio::test]
async fn a_presigned_url_opens_what_was_signed_in_whatever_encoding() {
    let Some(cloud) = Guarded::at_version_6().await else {
        println!("skipped: this machine has no address ::1");
        return;
    };
    let host = cloud.address.clone();
    assert!(host.starts_with("[::1]:"), "{host}");
    let at = |method: &'static str, target: &str| Ask::new(method, target).host(&host);
    for made in [at("PUT", "/bkt"), at("PUT", KEY).body("SECRET"), at("PUT", "/bkt/a").body("OTHER")] {
        assert_eq!(status(&cloud.signed(&made, A, "s3").await), "200", "{}", made.target);
    }
    let created = at("POST", "/").header("content-type", "application/x-www-form-urlencoded");
    let created = cloud.signed(&created.body("Action=CreateQueue&Version=2012-11-05&QueueName=q"), A, "sqs").await;
    assert_eq!(element(&created, "QueueUrl"), format!("http://{host}/111111111111/q"));
    let url = at("GET", KEY).signed(A, "us-east-1", "s3", true);
    let (path, query) = url.target.split_once('?').unwrap();
    let reversed: Vec<&str> = query.split('&').rev().collect();
    let same = [
        url.target.clone(),
        in_lower_case(&url.target),
        format!("{}?{query}", path.replace("%2B", "+")),
        format!("{}?{query}", path.replace("%3B", ";")),
        format!("{}?{query}", path.replace("/bkt/", "/%62kt%2F")),
        format!("{path}?{}", reversed.join("&")),
        format!("{path}?{}&", query.replace('&', "&&")),
        // A request has no fragment; what stands behind it says nothing.
        format!("{}#&acl", url.target),
    ];
    for target in same {
        let answer = cloud.send(&Ask { target: target.clone(), ..url.clone() }).await;
        assert!(status(&answer) == "200" && answer.ends_with("SECRET"), "{target}: {answer}");
    }
    let (other, twice) = ("SignatureDoesNotMatch", "AuthorizationQueryParametersError");
    let refused = [
        (format!("{}?{query}", path.replace('%', "%25")), other),
        (format!("{}?{query}", path.replace("%20", "+")), other),
        (format!("{}?{query}", path.replace("/bkt/", "/bkt/./")), other),
        (format!("/x/..{}", url.target), other),
        (format!("/{}", url.target), other),
        (format!("/bkt/a?{query}"), other),
        (format!("{path}?{}", query.replace("%2F", "%252F")), twice),
        (format!("{path}?{}", query.replace('&', ";")), twice),
        (format!("{path}#?{query}"), "AccessDenied"),
        (format!("{};acl", url.target), other),
        (format!("{}&acl", url.target), other),
        (format!("{}&versionId=null", url.target), other),
        (format!("{}&response-content-type=text%2Fhtml", url.target), other),
        (format!("{}&X-Amz-Signature=0", url.target), twice),
        (format!("{}&X-Amz-Expires=604800", url.target), twice),
        (format!("{}&x-amz-expires=604800", url.target), twice),
        (format!("{}&X%2DAmz%2DExpires=604800", url.target), twice),
        (format!("{}&X-Amz-Credential=AKIAB%2F20260314%2Fus-east-1%2Fs3%2Faws4_request", url.target), twice),
    ];
    for (target, code) in refused {
        let answer = cloud.send(&Ask { target: target.clone(), ..url.clone() }).await;
        assert!(!answer.contains("SECRET") && element(&answer, "Code") == code, "{target}: {answer}");
    }
    // The host is signed as it was written.
    for name in ["[::1]", "[0:0:0:0:0:0:0:1]", "localhost"] {
        let port = host.rsplit_once(':').unwrap().1;
        let name = if name == "[::1]" { name.to_owned() } else { format!("{name}:{port}") };
        let answer = cloud.send(&url.clone().host(&name)).await;
        assert_eq!(element(&answer, "Code"), other, "{name}: {answer}");
    }
    for method in ["PUT", "DELETE", "POST"] {
        let answer = cloud.send(&Ask { method, ..url.clone() }).await;
        assert_eq!(element(&answer, "Code"), other, "{method}: {answer}");
    }
}
