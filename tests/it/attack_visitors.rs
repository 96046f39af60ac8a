//! Who signs nothing where signatures are looked at: what is open to everybody is read, and nothing else is done.

use serde_json::json;

use crate::helpers::accounts::allow;
use crate::helpers::signed::{A, Ask, B, Guarded, status};

const PUBLIC: (&str, &str) = ("x-amz-acl", "public-read");

async fn own(cloud: &Guarded, method: &'static str, target: &str, header: Option<(&str, &str)>, body: &str) -> String {
    let mut ask = Ask::new(method, target).body(body);
    if let Some((name, value)) = header {
        ask = ask.header(name, value);
    }
    let answer = cloud.signed(&ask, A, "s3").await;
    assert!(status(&answer).starts_with('2'), "{method} {target}: {answer}");
    answer
}

/// The status of what nobody asks for.
async fn visit(cloud: &Guarded, method: &'static str, target: &str) -> String {
    status(&cloud.send(&Ask::new(method, target)).await).to_owned()
}

/// A bucket whose lists count, with a public object and a private one.
async fn with_lists() -> Guarded {
    let cloud = Guarded::start().await;
    own(&cloud, "PUT", "/open", Some(("x-amz-object-ownership", "ObjectWriter")), "").await;
    own(&cloud, "DELETE", "/open?publicAccessBlock", None, "").await;
    own(&cloud, "PUT", "/open/public", Some(PUBLIC), "x").await;
    own(&cloud, "PUT", "/open/private", None, "SECRET").await;
    cloud
}

/// A public object could be read by nobody but its owner.
#[tokio::test]
async fn lists_open_objects_and_their_list_to_everybody() {
    let cloud = with_lists().await;
    assert!(cloud.send(&Ask::new("GET", "/open/public")).await.ends_with("\r\n\r\nx"));
    assert_eq!(visit(&cloud, "HEAD", "/open/public").await, "200");
    for (target, expected) in
        [("/open/private", "403"), ("/open/absent", "403"), ("/open", "403"), ("/open?acl", "403")]
    {
        assert_eq!(visit(&cloud, "GET", target).await, expected, "{target}");
    }
    own(&cloud, "PUT", "/open?acl", Some(PUBLIC), "").await;
    let list = cloud.send(&Ask::new("GET", "/open?list-type=2&prefix=pub")).await;
    assert!(list.contains("<Key>public</Key>") && !list.contains("private"), "{list}");
    // Who may list a bucket may know what is not in it.
    for (target, expected) in [("/open/private", "403"), ("/open/absent", "404"), ("/none", "404")] {
        assert_eq!(visit(&cloud, "GET", target).await, expected, "{target}");
    }
    // Neither a key of another account nor a wrong one is more than none.
    assert_eq!(status(&cloud.signed(&Ask::new("GET", "/open/private"), B, "s3").await), "403");

    // The same list lets nobody do more than read.
    own(&cloud, "PUT", "/open?acl", Some(("x-amz-acl", "public-read-write")), "").await;
    let changes = [
        ("PUT", "/open/new"),
        ("DELETE", "/open/public"),
        ("PUT", "/open/public?acl"),
        ("POST", "/open/public?uploads"),
        ("POST", "/open?delete"),
        ("GET", "/open/public?acl"),
        ("GET", "/open/public?tagging"),
        ("GET", "/open?versions"),
        ("GET", "/open?policy"),
        ("GET", "/"),
    ];
    for (method, target) in changes {
        assert_eq!(visit(&cloud, method, target).await, "403", "{method} {target}");
    }
    // These were a 403, as if the object were closed, and without keys any request replaced them.
    for target in ["/open/public", "/open/private", "/open/absent", "/none/key"] {
        let asked = format!("{target}?response-content-type=text/html");
        let answer = cloud.send(&Ask::new("GET", &asked)).await;
        assert!(answer.contains("<Code>InvalidRequest</Code><Message>Request specific response headers"), "{answer}");
        assert_eq!(visit(&cloud, "HEAD", &asked).await, "400", "{asked}");
    }
    let copy = Ask::new("PUT", "/open/copy").header("x-amz-copy-source", "/open/public");
    assert_eq!(status(&cloud.send(&copy).await), "403");

    // Public lists are ignored where the bucket says so, and where its owner is enforced there are none.
    let ignore =
        "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>";
    own(&cloud, "PUT", "/open?publicAccessBlock", None, ignore).await;
    assert_eq!(visit(&cloud, "GET", "/open/public").await, "403");
    own(&cloud, "DELETE", "/open?publicAccessBlock", None, "").await;
    own(&cloud, "PUT", "/open?acl", Some(("x-amz-acl", "private")), "").await;
    let enforced =
        "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    own(&cloud, "PUT", "/open?ownershipControls", None, enforced).await;
    assert_eq!(visit(&cloud, "GET", "/open/public").await, "403");
}

/// A bucket's policy opened its website, and not the bucket itself.
#[tokio::test]
async fn policies_open_and_close_as_they_say() {
    let cloud = with_lists().await;
    let everybody = allow(json!("*"), "s3:GetObject", "arn:aws:s3:::open/pri*");
    own(&cloud, "PUT", "/open?policy", None, &everybody).await;
    assert!(cloud.send(&Ask::new("GET", "/open/private")).await.ends_with("SECRET"));
    assert_eq!(visit(&cloud, "GET", "/open/private?versionId=null").await, "403", "that is another action");
    assert_eq!(visit(&cloud, "GET", "/open").await, "403");
    let listed = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::open",
            "Condition": {"StringEquals": {"s3:prefix": "pub"}}},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/public"},
    ]});
    own(&cloud, "PUT", "/open?policy", None, &listed.to_string()).await;
    assert_eq!(visit(&cloud, "GET", "/open?prefix=pub").await, "200");
    assert_eq!(visit(&cloud, "GET", "/open?prefix=pri").await, "403");
    assert_eq!(visit(&cloud, "GET", "/open/public").await, "403", "what a policy denies no list opens");
}
