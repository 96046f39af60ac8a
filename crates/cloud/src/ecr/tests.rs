//! The rules of repositories, through the operations as clients call them, under a clock that stands still.

use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{self, context};
use log::Durability;

const ACCOUNT: &str = "000000000000";

struct Client {
    cx: Context,
    folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir) -> Context {
    let clock = Clock::manual(1_000_000);
    let options = Options { durability: Durability::Process, clock, ..Options::new(folder.path()) };
    let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
    context(cloud, ACCOUNT)
}

impl Client {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { cx: open(&folder), folder }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = call::call(&self.cx, &super::SERVICE, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = call::call(&self.cx, &super::SERVICE, operation, input).await.expect_err(operation);
        (error.code.into_owned(), error.message)
    }

    async fn make(&self, name: &str) -> Value {
        self.ok("CreateRepository", json!({"repositoryName": name})).await["repository"].take()
    }
}

#[tokio::test]
async fn a_repository_is_made_shown_and_deleted() {
    let client = Client::new();
    let made = client.make("team/app").await;
    assert_eq!(
        made,
        json!({
            "repositoryArn": "arn:aws:ecr:us-east-1:000000000000:repository/team/app",
            "registryId": ACCOUNT,
            "repositoryName": "team/app",
            "repositoryUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app",
            "createdAt": 1000.0,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        })
    );
    let again = client.refused("CreateRepository", json!({"repositoryName": "team/app"})).await;
    let message = "The repository with name 'team/app' already exists in the registry with id '000000000000'";
    assert_eq!(again, ("RepositoryAlreadyExistsException".into(), message.into()));
    let named = json!({"repositoryNames": ["team/app", "team/app"], "registryId": ACCOUNT});
    assert_eq!(client.ok("DescribeRepositories", named).await["repositories"], json!([made]));
    let gone = client.ok("DeleteRepository", json!({"repositoryName": "team/app", "force": true})).await;
    assert_eq!(gone["repository"]["repositoryName"], "team/app");
    let absent = client.refused("DeleteRepository", json!({"repositoryName": "team/app"})).await;
    let message = "The repository with name 'team/app' does not exist in the registry with id '000000000000'";
    assert_eq!(absent, ("RepositoryNotFoundException".into(), message.into()));
    assert_eq!(client.refused("DescribeRepositories", json!({"repositoryNames": ["team/app"]})).await, absent);
}

#[tokio::test]
async fn pages_lead_through_all_repositories() {
    let client = Client::new();
    for number in 0..25 {
        client.make(&format!("r/{number:02}")).await;
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = client.ok("DescribeRepositories", json!({"maxResults": 10, "nextToken": token})).await;
        let names = page["repositories"].as_array().unwrap().iter().map(|it| it["repositoryName"].as_str().unwrap());
        seen.extend(names.map(str::to_owned));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(|number| format!("r/{number:02}")).collect::<Vec<_>>());
    let forged = |text: &str| json!({"nextToken": wire::page::encode_token(text)});
    for input in [
        json!({"maxResults": 0}),
        json!({"maxResults": 1_001}),
        json!({"maxResults": i32::MAX}),
        json!({"nextToken": "?"}),
        json!({"nextToken": ""}),
        forged("../../111111111111/us-east-1/secret"),
        forged("\u{0}"),
        json!({"repositoryNames": []}),
        json!({"repositoryNames": vec!["ab"; 101]}),
        json!({"repositoryNames": ["r/00"], "maxResults": 1}),
        json!({"repositoryNames": ["r/00"], "nextToken": "cg=="}),
        json!({"repositoryNames": ["Not a name"]}),
        json!({"registryId": "1"}),
    ] {
        let (code, _) = client.refused("DescribeRepositories", input.clone()).await;
        assert_eq!(code, "InvalidParameterException", "{input}");
    }
}

#[tokio::test]
async fn settings_are_kept_and_outlive_a_restart() {
    let client = Client::new();
    let filters = json!([{"filterType": "WILDCARD", "filter": "v*"}]);
    let wanted = json!({
        "repositoryName": "app",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
        "imageScanningConfiguration": {"scanOnPush": true},
        "encryptionConfiguration": {"encryptionType": "KMS"},
        "tags": [{"Key": "team", "Value": "data"}],
    });
    let made = client.ok("CreateRepository", wanted).await["repository"].take();
    assert_eq!(made["imageTagMutabilityExclusionFilters"], filters);
    assert_eq!(made["encryptionConfiguration"]["kmsKey"], "arn:aws:kms:us-east-1:000000000000:alias/aws/ecr");
    let put = json!({"repositoryName": "app", "imageTagMutability": "IMMUTABLE"});
    assert_eq!(client.ok("PutImageTagMutability", put.clone()).await["imageTagMutability"], "IMMUTABLE");
    let scan = json!({"repositoryName": "app", "imageScanningConfiguration": {"scanOnPush": false}});
    client.ok("PutImageScanningConfiguration", scan).await;
    let Client { cx, folder } = client;
    drop(cx);
    let client = Client { cx: open(&folder), folder };
    let shown = client.ok("DescribeRepositories", json!({})).await["repositories"][0].take();
    assert_eq!(shown["imageTagMutability"], "IMMUTABLE");
    assert_eq!(shown["imageTagMutabilityExclusionFilters"], Value::Null);
    assert_eq!(shown["imageScanningConfiguration"], json!({"scanOnPush": false}));
    for (operation, input) in [
        ("PutImageTagMutability", json!({"imageTagMutability": "SOMETIMES"})),
        ("PutImageTagMutability", json!({})),
        ("PutImageTagMutability", json!({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"})),
        (
            "PutImageTagMutability",
            json!({"imageTagMutability": "MUTABLE", "imageTagMutabilityExclusionFilters": filters}),
        ),
        (
            "PutImageTagMutability",
            json!({"imageTagMutability": "MUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": []}),
        ),
        (
            "PutImageTagMutability",
            json!({"imageTagMutability": "MUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a b"}]}),
        ),
        ("PutImageScanningConfiguration", json!({})),
        ("CreateRepository", json!({"encryptionConfiguration": {}})),
        ("CreateRepository", json!({"encryptionConfiguration": {"encryptionType": "ROT13"}})),
        ("CreateRepository", json!({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "k"}})),
        (
            "CreateRepository",
            json!({"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "k".repeat(2_049)}}),
        ),
    ] {
        let mut input = input;
        input["repositoryName"] = "app".into();
        assert_eq!(client.refused(operation, input.clone()).await.0, "InvalidParameterException", "{input}");
    }
}

#[tokio::test]
async fn both_policies_are_checked_kept_and_taken_away() {
    let client = Client::new();
    client.make("app").await;
    let rule = json!({"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}, "action": {"type": "expire"}});
    let lifecycle = json!({"rules": [rule]}).to_string();
    let access = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}).to_string();
    let of = |member: &str, text: &str| json!({"repositoryName": "app", member: text});
    for (set, get, delete, member, text, code, words) in [
        (
            "PutLifecyclePolicy",
            "GetLifecyclePolicy",
            "DeleteLifecyclePolicy",
            "lifecyclePolicyText",
            lifecycle,
            "LifecyclePolicyNotFoundException",
            "Lifecycle",
        ),
        (
            "SetRepositoryPolicy",
            "GetRepositoryPolicy",
            "DeleteRepositoryPolicy",
            "policyText",
            access,
            "RepositoryPolicyNotFoundException",
            "Repository",
        ),
    ] {
        let none = (
            code.to_owned(),
            format!(
                "{words} policy does not exist for the repository with name 'app' in the registry with id '{ACCOUNT}'"
            ),
        );
        let name = json!({"repositoryName": "app"});
        assert_eq!(client.refused(get, name.clone()).await, none);
        let kept = json!({"registryId": ACCOUNT, "repositoryName": "app", member: text});
        assert_eq!(client.ok(set, of(member, &text)).await, kept);
        assert_eq!(client.ok(get, name.clone()).await, kept);
        for wrong in ["", "{}", "[]", &"x".repeat(40_000), &format!("{text} {text}")] {
            let (code, message) = client.refused(set, of(member, wrong)).await;
            assert_eq!(code, "InvalidParameterException", "{wrong}");
            assert!(message.len() < 1_000, "{message}");
        }
        assert_eq!(client.refused(set, name.clone()).await.0, "InvalidParameterException");
        assert_eq!(client.ok(delete, name.clone()).await, kept);
        assert_eq!(client.refused(delete, name).await, none);
        let elsewhere = json!({"repositoryName": "nobody", member: text});
        assert_eq!(client.refused(set, elsewhere).await.0, "RepositoryNotFoundException");
    }
}

#[tokio::test]
async fn tags_are_of_one_repository_and_bounded() {
    let client = Client::new();
    let arn = client.make("app").await["repositoryArn"].take();
    let tags = |tags: Value| json!({"resourceArn": arn, "tags": tags});
    client.ok("TagResource", tags(json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]))).await;
    client.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a", "nobody"]})).await;
    let listed = client.ok("ListTagsForResource", json!({"resourceArn": arn})).await;
    assert_eq!(listed, json!({"tags": [{"Key": "b", "Value": ""}]}));
    let many: Vec<Value> = (0..50).map(|i| json!({"Key": i.to_string(), "Value": ""})).collect();
    for (wrong, code) in [
        (json!(many), "TooManyTagsException"),
        (json!([{"Key": "aws:x", "Value": ""}]), "InvalidTagParameterException"),
        (json!([{"Key": "AWS:x", "Value": ""}]), "InvalidTagParameterException"),
        (json!([{"Key": "", "Value": ""}]), "InvalidTagParameterException"),
        (json!([{"Key": "k".repeat(129), "Value": ""}]), "InvalidTagParameterException"),
        (json!([{"Key": "k", "Value": "v".repeat(257)}]), "InvalidTagParameterException"),
        (json!([{"Key": "\u{1b}[31m", "Value": ""}]), "InvalidTagParameterException"),
        (json!([{"Key": "k"}]), "InvalidParameterException"),
    ] {
        assert_eq!(client.refused("TagResource", tags(wrong.clone())).await.0, code, "{wrong}");
    }
    for (wrong, code) in [
        ("arn:aws:ecr:us-east-1:000000000000:repository/nobody", "RepositoryNotFoundException"),
        ("arn:aws:ecr:us-east-1:111111111111:repository/app", "AccessDeniedException"),
        ("arn:aws:ecr:eu-west-1:000000000000:repository/app", "InvalidParameterException"),
        ("arn:aws:ecr:us-east-1:000000000000:repository/", "InvalidParameterException"),
        ("arn:aws:sqs:us-east-1:000000000000:app", "InvalidParameterException"),
        ("app", "InvalidParameterException"),
    ] {
        assert_eq!(client.refused("ListTagsForResource", json!({"resourceArn": wrong})).await.0, code, "{wrong}");
    }
}

#[tokio::test]
async fn no_repository_has_an_image() {
    let client = Client::new();
    client.make("app").await;
    let name = json!({"repositoryName": "app", "filter": {"tagStatus": "TAGGED"}, "maxResults": 1});
    assert_eq!(client.ok("ListImages", name.clone()).await, json!({"imageIds": []}));
    assert_eq!(client.ok("DescribeImages", name).await, json!({"imageDetails": []}));
    let one = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]});
    let absent = client.refused("DescribeImages", one).await;
    assert_eq!(absent.0, "ImageNotFoundException");
    assert!(
        absent.1.starts_with("The image with imageId {imageDigest:null, imageTag:'v1'} does not exist"),
        "{absent:?}"
    );
    let images = json!([{"imageTag": "v1"}, {"imageDigest": "sha256:zz"}, {}, {"imageDigest": "sha256:00ff"}]);
    let deleted = client.ok("BatchDeleteImage", json!({"repositoryName": "app", "imageIds": images})).await;
    let codes: Vec<&str> =
        deleted["failures"].as_array().unwrap().iter().map(|it| it["failureCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ImageNotFound", "InvalidImageDigest", "MissingDigestAndTag", "ImageNotFound"]);
    for (operation, input, code) in [
        ("BatchDeleteImage", json!({"repositoryName": "app"}), "InvalidParameterException"),
        ("BatchDeleteImage", json!({"repositoryName": "app", "imageIds": []}), "InvalidParameterException"),
        (
            "BatchDeleteImage",
            json!({"repositoryName": "app", "imageIds": vec![json!({}); 101]}),
            "InvalidParameterException",
        ),
        ("ListImages", json!({"repositoryName": "app", "nextToken": "x"}), "InvalidParameterException"),
        ("ListImages", json!({"repositoryName": "app", "filter": {"tagStatus": "x"}}), "InvalidParameterException"),
        ("ListImages", json!({"repositoryName": "nobody"}), "RepositoryNotFoundException"),
    ] {
        assert_eq!(client.refused(operation, input.clone()).await.0, code, "{input}");
    }
}

#[tokio::test]
async fn repositories_are_of_one_account_and_region() {
    let client = Client::new();
    client.make("app").await;
    let elsewhere = Context { region: "eu-west-1".into(), ..client.cx.clone() };
    let stranger = context(client.cx.cloud.clone(), "111111111111");
    for cx in [&elsewhere, &stranger] {
        let named = json!({"repositoryNames": ["app"]});
        let error = call::call(cx, &super::SERVICE, "DescribeRepositories", named).await.unwrap_err();
        assert_eq!(&*error.code, "RepositoryNotFoundException");
        let listed = call::call(cx, &super::SERVICE, "DescribeRepositories", json!({})).await.unwrap();
        assert_eq!(listed, json!({"repositories": []}));
    }
    for operation in ["DescribeRepositories", "DeleteRepository", "ListImages", "GetRepositoryPolicy"] {
        let input = json!({"registryId": ACCOUNT, "repositoryName": "app"});
        let error = call::call(&stranger, &super::SERVICE, operation, input).await.unwrap_err();
        assert_eq!(&*error.code, "AccessDeniedException", "{operation}");
        assert!(error.message.contains(&format!("perform: ecr:{operation} on resource: arn:aws:ecr:")), "{error:?}");
    }
}

#[tokio::test]
async fn one_of_many_makers_of_a_name_succeeds() {
    let client = Client::new();
    let makers: Vec<_> = (0..16)
        .map(|_| {
            let cx = client.cx.clone();
            tokio::spawn(async move {
                call::call(&cx, &super::SERVICE, "CreateRepository", json!({"repositoryName": "app"})).await.is_ok()
            })
        })
        .collect();
    let mut made = 0;
    for maker in makers {
        made += usize::from(maker.await.unwrap());
    }
    assert_eq!(made, 1);
}
