//! Which of two wrongs S3 tells: the order in which it looks at a request.

use crate::helpers::accounts::{Caller, OWNER, STRANGER};
use crate::helpers::cloud::TestCloud;

const BROKEN: &str = "<Broken";
/// The subresources of a bucket that are put as a document.
const OF_BUCKET: [&str; 20] = [
    "accelerate",
    "acl",
    "analytics&id=i",
    "cors",
    "encryption",
    "intelligent-tiering&id=i",
    "inventory&id=i",
    "lifecycle",
    "logging",
    "metrics&id=i",
    "notification",
    "object-lock",
    "ownershipControls",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "tagging",
    "versioning",
    "website",
    "policy",
];

fn malformed(subresource: &str) -> &'static str {
    match subresource {
        "acl" => "MalformedACLError",
        "policy" => "MalformedPolicy",
        _ => "MalformedXML",
    }
}

/// PutBucketEncryption with a malformed document was MalformedXML in a bucket that doesn't exist; so were all of its kind.
#[tokio::test]
async fn a_bucket_comes_before_the_document() {
    let cloud = TestCloud::start().await;
    let (me, other) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    me.s3("PUT /bucket", &[], "").await.ok();
    let requests = OF_BUCKET.map(|name| (format!("PUT /BUCKET?{name}"), malformed(name)));
    for (request, malformed) in requests.into_iter().chain([("POST /BUCKET?delete".to_owned(), "MalformedXML")]) {
        for (caller, bucket, expected) in
            [(me, "absent", "NoSuchBucket"), (other, "bucket", "AccessDenied"), (me, "bucket", malformed)]
        {
            let request = request.replace("BUCKET", bucket);
            for document in [BROKEN, "<Other></Other>"] {
                let answer = caller.s3(&request, &[], document).await;
                assert_eq!(answer.code(), expected, "{request} {}", answer.1);
            }
        }
        let owner = [("x-amz-expected-bucket-owner", STRANGER)];
        let answer = me.s3(&request.replace("BUCKET", "bucket"), &owner, BROKEN).await;
        assert_eq!(answer.code(), "AccessDenied", "{request}");
    }
}

/// Tags of an object that doesn't exist were malformed before it was missing.
#[tokio::test]
async fn an_object_comes_before_its_document_and_a_lock_after_it() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, OWNER);
    me.s3("PUT /bucket", &[], "").await.ok();
    me.s3("PUT /bucket/k", &[], "x").await.ok();
    let requests = ["PUT /BUCKET/KEY?tagging", "PUT /BUCKET/KEY?acl", "POST /BUCKET/KEY?restore"];
    for request in requests {
        let subresource = request.rsplit('?').next().unwrap();
        let table = [
            ("absent", "k", "", "NoSuchBucket"),
            ("bucket", "absent", "", "NoSuchKey"),
            ("bucket", "k", "&versionId=x", "InvalidArgument"),
            ("bucket", "absent", "&versionId=null", "NoSuchVersion"),
            ("bucket", "k", "", malformed(subresource)),
        ];
        for (bucket, key, version, expected) in table {
            let request = format!("{}{version}", request.replace("BUCKET", bucket).replace("KEY", key));
            let answer = me.s3(&request, &[], BROKEN).await;
            assert_eq!(answer.code(), expected, "{request} {}", answer.1);
        }
    }
    let hold = "<LegalHold><Status>ON</Status></LegalHold>";
    me.s3("PUT /locked", &[("x-amz-bucket-object-lock-enabled", "true")], "").await.ok();
    for name in ["legal-hold", "retention"] {
        let table = [
            ("absent/k", BROKEN, "NoSuchBucket"),
            ("bucket/k", BROKEN, "MalformedXML"),
            ("locked/absent", BROKEN, "MalformedXML"),
        ];
        for (path, document, expected) in table {
            let answer = me.s3(&format!("PUT /{path}?{name}"), &[], document).await;
            assert_eq!(answer.code(), expected, "{path} {name} {}", answer.1);
        }
    }
    for (path, expected) in [("bucket/absent", "InvalidRequest"), ("locked/absent", "NoSuchKey")] {
        assert_eq!(me.s3(&format!("PUT /{path}?legal-hold"), &[], hold).await.code(), expected, "{path}");
    }
}

/// CompleteMultipartUpload without a document was MalformedXML, whether there was such an upload or not.
#[tokio::test]
async fn an_upload_comes_before_its_parts() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, OWNER);
    me.s3("PUT /bucket", &[], "").await.ok();
    let id = me.s3("POST /bucket/k?uploads", &[], "").await.element("UploadId");
    for document in ["", BROKEN] {
        let answer = me.s3("POST /bucket/k?uploadId=none", &[], document).await;
        assert_eq!((answer.code(), answer.element("UploadId")), ("NoSuchUpload", "none".to_owned()), "{document}");
    }
    let complete = format!("POST /bucket/k?uploadId={id}");
    let none = me.s3(&complete, &[], "").await;
    assert_eq!(
        (none.code(), none.element("Message")),
        ("InvalidRequest", "You must specify at least one part".to_owned())
    );
    assert_eq!(me.s3(&complete, &[], BROKEN).await.code(), "MalformedXML");
    // One that has become an object is known all the same.
    me.s3(&format!("PUT /bucket/k?partNumber=1&uploadId={id}"), &[], "x").await.ok();
    let parts = "<CompleteMultipartUpload><Part><ETag>9dd4e461268c8034f5c8564e155c67a6</ETag><PartNumber>1</PartNumber></Part>\
                 </CompleteMultipartUpload>";
    for _ in 0..2 {
        me.s3(&complete, &[], parts).await.ok();
    }
}

/// A key whose latest version is a delete marker had no tags to put; S3 says that the method isn't allowed, and which.
#[tokio::test]
async fn a_delete_marker_has_nothing_that_belongs_to_a_version() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, OWNER);
    me.s3("PUT /bucket", &[("x-amz-bucket-object-lock-enabled", "true")], "").await.ok();
    me.s3("PUT /bucket/k", &[], "x").await.ok();
    me.s3("DELETE /bucket/k", &[], "").await.ok();
    let tags = "<Tagging><TagSet></TagSet></Tagging>";
    let hold = "<LegalHold><Status>ON</Status></LegalHold>";
    let retention = "<Retention></Retention>";
    let table = [
        ("GET", "tagging", "", "GET"),
        ("PUT", "tagging", tags, "PUT"),
        ("DELETE", "tagging", "", "DELETE"),
        ("PUT", "legal-hold", hold, "PUT"),
        ("GET", "legal-hold", "", "GET"),
        ("PUT", "retention", retention, "PUT"),
        ("GET", "retention", "", "GET"),
    ];
    for (method, name, body, shown) in table {
        let answer = me.s3(&format!("{method} /bucket/k?{name}"), &[], body).await;
        assert_eq!((answer.0, answer.code()), (405, "MethodNotAllowed"), "{method} {name} {}", answer.1);
        assert_eq!(answer.element("Method"), shown, "{name}");
        assert_eq!(answer.element("ResourceType"), "DeleteMarker");
    }
    assert_eq!(me.s3("GET /bucket/k?acl", &[], "").await.code(), "NoSuchKey");
    assert_eq!(me.s3("GET /bucket/k", &[], "").await.code(), "NoSuchKey");
}

/// `DELETE /bucket/k?policy` deleted the object, and `PUT /bucket/k?versioning` wrote the document into it.
#[tokio::test]
async fn what_belongs_to_a_bucket_leaves_an_object_alone() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, OWNER);
    me.s3("PUT /bucket", &[], "").await.ok();
    me.s3("PUT /bucket/k", &[], "x").await.ok();
    for name in OF_BUCKET.iter().chain(&["uploads", "versions", "location", "policyStatus"]) {
        if matches!(*name, "acl" | "tagging") {
            continue;
        }
        for method in ["GET", "PUT", "DELETE"] {
            let answer = me.s3(&format!("{method} /bucket/k?{name}"), &[], "").await;
            assert!((400..502).contains(&answer.0), "{method} {name} {} {}", answer.0, answer.1);
        }
    }
    assert_eq!(me.s3("GET /bucket/k", &[], "").await.1, "x");
    let key = [("x-amz-server-side-encryption-aws-kms-key-id", "abc")];
    assert_eq!(me.s3("PUT /bucket/k", &key, "y").await.code(), "InvalidArgument");
}
