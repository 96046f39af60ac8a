//! What a bucket's public access block closes, whom a bucket is opened to, and whose bucket a client thinks it uses.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{IndexDocument, PublicAccessBlockConfiguration, WebsiteConfiguration};
use cloud::Access;
use cloud::Cloud;
use cloud::{Options, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::helpers::accounts::{Caller, OWNER, STRANGER, allow};
use crate::helpers::cloud::{TestCloud, config};

const RESTRICT: &str = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets>\
                        </PublicAccessBlockConfiguration>";

/// The status of a visit to a website, by nobody.
async fn visit(server: &Server, path: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let host = "site.s3-website-us-east-1.amazonaws.com";
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

/// A website showed its objects whatever the bucket's public access block said.
#[tokio::test]
async fn a_website_is_closed_by_restrict_public_buckets() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, _) = Cloud::open(Options::new(folder.path()), |_| {}).unwrap();
    let keys = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
    let access = Access { credentials: Some(cloud::Credentials::parse(keys).unwrap()), ..Access::default() };
    let server = Server::start(cloud, TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), access).unwrap();
    let key = SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests"));
    let config = config(&format!("http://{}", server.address)).into_builder().credentials_provider(key).build();
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    s3.create_bucket().bucket("site").send().await.unwrap();
    s3.put_object().bucket("site").key("k").body(ByteStream::from_static(b"x")).send().await.unwrap();
    let index = IndexDocument::builder().suffix("index.html").build().unwrap();
    let site = WebsiteConfiguration::builder().index_document(index).build();
    s3.put_bucket_website().bucket("site").website_configuration(site).send().await.unwrap();
    s3.delete_public_access_block().bucket("site").send().await.unwrap();
    assert_eq!(visit(&server, "/k").await, 403, "nothing opens it");
    let everybody = allow(json!("*"), "s3:GetObject", "arn:aws:s3:::site/*");
    s3.put_bucket_policy().bucket("site").policy(everybody).send().await.unwrap();
    assert_eq!(visit(&server, "/k").await, 200);
    let block = PublicAccessBlockConfiguration::builder().restrict_public_buckets(true).build();
    s3.put_public_access_block().bucket("site").public_access_block_configuration(block).send().await.unwrap();
    assert_eq!(visit(&server, "/k").await, 403);
    s3.get_object().bucket("site").key("k").send().await.unwrap();
    let block = PublicAccessBlockConfiguration::builder().restrict_public_buckets(false).build();
    s3.put_public_access_block().bucket("site").public_access_block_configuration(block).send().await.unwrap();
    assert_eq!(visit(&server, "/k").await, 200);
    server.stop().await.unwrap();
}

/// PutBucketPolicy took public policies with BlockPublicPolicy on, which every new bucket has.
#[tokio::test]
async fn public_policies_and_acls_are_refused_where_they_are_blocked() {
    let cloud = TestCloud::start().await;
    let me = Caller::new(&cloud, OWNER);
    me.s3("PUT /bucket", &[], "").await.ok();
    let policies = [
        (allow(json!("*"), "s3:GetObject", "arn:aws:s3:::bucket/*"), "TRUE", (403, "AccessDenied")),
        (allow(json!({"AWS": "*"}), "s3:ListBucket", "arn:aws:s3:::bucket"), "TRUE", (403, "AccessDenied")),
        (allow(json!({"AWS": STRANGER}), "s3:GetObject", "arn:aws:s3:::bucket/*"), "FALSE", (204, "OK")),
        (allow(json!("*"), "s3:*", "arn:aws:s3:::bucket/*").replace("Allow", "Deny"), "FALSE", (204, "OK")),
        (allow(json!("*"), "s3:GetObject", "arn:aws:s3:::other/*"), "", (400, "MalformedPolicy")),
        ("{\"Statement\":[{\"Effect\":\"Allow\"}]}".to_owned(), "", (400, "MalformedPolicy")),
    ];
    for (policy, public, (status, code)) in &policies {
        let answer = me.s3("PUT /bucket?policy", &[], policy).await;
        assert_eq!((answer.0, answer.code()), (*status, *code), "{policy} {}", answer.1);
        if *code == "OK" {
            assert_eq!(me.s3("GET /bucket?policyStatus", &[], "").await.element("IsPublic").to_uppercase(), *public);
        }
    }
    // What a stack puts is no exception.
    let template = json!({"Resources": {"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {
        "Bucket": "bucket",
        "PolicyDocument": serde_json::from_str::<serde_json::Value>(&policies[0].0).unwrap(),
    }}}});
    let template = template.to_string();
    let stack = [("StackName", "s"), ("TemplateBody", template.as_str())];
    me.form("cloudformation", "CreateStack", &stack).await.ok();
    let failed = crate::helpers::cloud::eventually(async || {
        let events = me.form("cloudformation", "DescribeStackEvents", &stack[..1]).await.ok();
        Some(events).filter(|events| events.contains("BlockPublicPolicy"))
    });
    assert!(failed.await.is_some());

    // ACLs: off unless the bucket has them, and then no public ones where these are blocked.
    let public = ("x-amz-acl", "public-read");
    let grant = ("x-amz-grant-read", "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"");
    assert_eq!(me.s3("PUT /bucket/k", &[public], "x").await.code(), "AccessControlListNotSupported");
    let preferred =
        "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerPreferred</ObjectOwnership></Rule></OwnershipControls>";
    me.s3("PUT /bucket?ownershipControls", &[], preferred).await.ok();
    for acl in [public, grant] {
        assert_eq!(me.s3("PUT /bucket/k", &[acl], "x").await.code(), "AccessDenied", "{acl:?}");
    }
    assert_eq!(me.s3("PUT /new-bucket", &[public], "").await.code(), "InvalidBucketAclWithObjectOwnership");
    let headers = [public, ("x-amz-object-ownership", "ObjectWriter")];
    assert_eq!(me.s3("PUT /new-bucket", &headers, "").await.code(), "InvalidBucketAclWithBlockPublicAccessError");

    me.s3("PUT /bucket?publicAccessBlock", &[], RESTRICT).await.ok();
    me.s3("PUT /bucket?policy", &[], &policies[0].0).await.ok();
    assert_eq!(me.s3("GET /bucket?policyStatus", &[], "").await.element("IsPublic").to_uppercase(), "TRUE");
    me.s3("PUT /bucket/k", &[public], "x").await.ok();
}

/// What can be read of a bucket.
const READABLE: [&str; 21] = [
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "location",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "tagging",
    "versioning",
    "website",
    "uploads",
    "versions",
    "list-type=2",
    "logging",
    "accelerate",
    "replication",
    "requestPayment",
];

/// What can be set of a bucket, and to what.
const SETTABLE: [(&str, &str); 11] = [
    (
        "cors",
        "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
    ),
    ("notification", "<NotificationConfiguration/>"),
    (
        "ownershipControls",
        "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
    ),
    ("policy", r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket"}]}"#),
    ("publicAccessBlock", RESTRICT),
    ("tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"),
    ("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
    ("website", "<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>"),
    (
        "object-lock",
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
    ),
    (
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    ),
    (
        "lifecycle",
        "<LifecycleConfiguration><Rule><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
    ),
];

/// What can be deleted of a bucket.
const DELETABLE: [&str; 8] =
    ["cors", "encryption", "lifecycle", "ownershipControls", "policy", "publicAccessBlock", "tagging", "website"];

/// Every operation on the bucket `bucket`, its object `k` and its `upload`: a request's first words and its body.
fn every_operation(upload: &str) -> Vec<(String, &'static str)> {
    let mut requests: Vec<_> = READABLE.iter().map(|name| (format!("GET /bucket?{name}"), "")).collect();
    requests.extend(SETTABLE.iter().map(|(name, body)| (format!("PUT /bucket?{name}"), *body)));
    requests.extend(DELETABLE.iter().map(|name| (format!("DELETE /bucket?{name}"), "")));
    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    let until = "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate></Retention>";
    let parts =
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>";
    let others: [(String, &str); 24] = [
        ("HEAD /bucket".into(), ""),
        ("GET /bucket".into(), ""),
        ("DELETE /bucket".into(), ""),
        ("POST /bucket?delete".into(), "<Delete><Object><Key>k</Key></Object></Delete>"),
        ("GET /bucket/k".into(), ""),
        ("HEAD /bucket/k".into(), ""),
        ("PUT /bucket/k".into(), "y"),
        ("DELETE /bucket/k".into(), ""),
        ("GET /bucket/k?acl".into(), ""),
        ("GET /bucket/k?attributes".into(), ""),
        ("GET /bucket/k?tagging".into(), ""),
        ("PUT /bucket/k?tagging".into(), tags),
        ("DELETE /bucket/k?tagging".into(), ""),
        ("GET /bucket/k?retention".into(), ""),
        ("PUT /bucket/k?retention".into(), until),
        ("GET /bucket/k?legal-hold".into(), ""),
        ("PUT /bucket/k?legal-hold".into(), "<LegalHold><Status>ON</Status></LegalHold>"),
        ("POST /bucket/u?uploads".into(), ""),
        (format!("PUT /bucket/u?partNumber=1&uploadId={upload}"), "x"),
        (format!("GET /bucket/u?uploadId={upload}"), ""),
        (format!("POST /bucket/u?uploadId={upload}"), parts),
        (format!("DELETE /bucket/u?uploadId={upload}"), ""),
        ("GET /bucket?uploads".into(), ""),
        ("GET /bucket?list-type=2&prefix=k".into(), ""),
    ];
    requests.extend(others);
    requests
}

/// "Verifying bucket ownership with bucket owner condition" (Amazon S3 User Guide): every operation on a bucket takes the header.
/// And what is another account's is closed to all of them.
#[tokio::test]
async fn every_operation_asks_whose_the_bucket_is() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.s3("PUT /bucket", &[("x-amz-bucket-object-lock-enabled", "true")], "").await.ok();
    owner.s3("PUT /bucket/k", &[], "x").await.ok();
    let upload = owner.s3("POST /bucket/u?uploads", &[], "").await.element("UploadId");
    stranger.s3("PUT /strange", &[], "").await.ok();
    stranger.s3("PUT /strange/k", &[], "x").await.ok();
    let theirs = stranger.s3("POST /strange/u?uploads", &[], "").await.element("UploadId");

    let attributes = ("x-amz-object-attributes", "ETag");
    let before = owner.s3("GET /bucket?versions", &[], "").await.ok();
    for (request, body) in &every_operation(&upload) {
        let with = |expected: &'static str| [attributes, ("x-amz-expected-bucket-owner", expected)];
        let wrong = owner.s3(request, &with(STRANGER), body).await;
        assert_eq!(wrong.0, 403, "{request}: {}", wrong.1);
        let nonsense = owner.s3(request, &with("12"), body).await;
        assert_eq!(nonsense.0, 400, "{request}: {}", nonsense.1);
        let foreign = stranger.s3(request, &with(OWNER), body).await;
        assert_eq!(foreign.0, 403, "{request}: {}", foreign.1);
    }
    assert_eq!(owner.s3("GET /bucket?versions", &[], "").await.ok(), before, "nothing was changed");

    a_form_says_it_in_the_requests_own_header(&owner).await;
    copies_ask_whose_the_source_is(&stranger, &theirs).await;
}

async fn a_form_says_it_in_the_requests_own_header(owner: &Caller<'_>) {
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nformed\r\n--b\r\nContent-Disposition: form-data; \
                name=\"file\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
    let kind = ("Content-Type", "multipart/form-data; boundary=b");
    let wrong = owner.s3("POST /bucket", &[kind, ("x-amz-expected-bucket-owner", STRANGER)], form).await;
    assert_eq!((wrong.0, wrong.code()), (403, "AccessDenied"), "{}", wrong.1);
    owner.s3("POST /bucket", &[kind, ("x-amz-expected-bucket-owner", OWNER)], form).await.ok();
}

async fn copies_ask_whose_the_source_is(stranger: &Caller<'_>, theirs: &str) {
    let copy = |from: &'static str| ("x-amz-copy-source", from);
    let expects = ("x-amz-source-expected-bucket-owner", OWNER);
    let part = format!("PUT /strange/u?partNumber=1&uploadId={theirs}");
    for request in ["PUT /strange/stolen", part.as_str()] {
        assert_eq!(stranger.s3(request, &[copy("/bucket/k")], "").await.code(), "AccessDenied", "{request}");
        assert_eq!(stranger.s3(request, &[copy("/bucket/k"), expects], "").await.code(), "AccessDenied", "{request}");
        assert_eq!(stranger.s3(request, &[copy("/strange/k"), expects], "").await.code(), "AccessDenied", "{request}");
        let own = [copy("/strange/k"), ("x-amz-source-expected-bucket-owner", STRANGER)];
        stranger.s3(request, &own, "").await.ok();
    }
}
