//! The rules of parameters, through the operations as clients call them, under a clock that stands still.

use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{self, context};
use log::Durability;

struct Client {
    cx: Context,
    _folder: tempfile::TempDir,
}

impl Client {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        let options = Options { durability: Durability::Memory, clock, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        Self { cx: context(cloud, "000000000000"), _folder: folder }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = call::call(&self.cx, &super::SERVICE, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = call::call(&self.cx, &super::SERVICE, operation, input).await.expect_err(operation);
        (error.code.into_owned(), error.message)
    }

    async fn put(&self, name: &str, value: &str) -> Value {
        self.ok("PutParameter", json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true})).await
    }

    async fn value(&self, name: &str) -> Value {
        self.ok("GetParameter", json!({"Name": name})).await["Parameter"]["Value"].take()
    }
}

fn names(answer: &Value) -> Vec<&str> {
    answer["Parameters"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_parameter_has_versions_that_its_name_selects() {
    let client = Client::new();
    assert_eq!(client.put("/app/url", "one").await, json!({"Version": 1, "Tier": "Standard"}));
    client.put("/app/url", "two").await;
    let label = json!({"Name": "/app/url", "ParameterVersion": 1, "Labels": ["live", "1st", "AWSx"]});
    let labelled = client.ok("LabelParameterVersion", label).await;
    assert_eq!(labelled, json!({"InvalidLabels": ["1st", "AWSx"], "ParameterVersion": 1}));
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/url";
    for (name, value) in [("/app/url", "two"), ("/app/url:1", "one"), ("/app/url:live", "one"), (arn, "two")] {
        assert_eq!(client.value(name).await, value, "{name}");
    }
    assert_eq!(client.value(&format!("{arn}:1")).await, "one");
    let shown = client.ok("GetParameter", json!({"Name": "/app/url:live"})).await["Parameter"].take();
    assert_eq!((&shown["Selector"], &shown["Name"], &shown["ARN"]), (&json!(":live"), &json!("/app/url"), &json!(arn)));
    for (name, code) in [
        ("/app/url:3", "ParameterVersionNotFound"),
        ("/app/url:nobody", "ParameterVersionNotFound"),
        ("/app/url:1:2", "ParameterNotFound"),
        ("/app", "ParameterNotFound"),
        ("arn:aws:ssm:eu-west-1:000000000000:parameter/app/url", "ParameterNotFound"),
        ("arn:aws:ssm:us-east-1:111111111111:parameter/app/url", "AccessDeniedException"),
        ("arn:aws:sqs:us-east-1:000000000000:parameter/app/url", "ValidationException"),
        ("app/url", "ValidationException"),
        ("/app//url", "ValidationException"),
        ("/app/", "ValidationException"),
        ("a b", "ValidationException"),
        ("", "ValidationException"),
    ] {
        assert_eq!(client.refused("GetParameter", json!({"Name": name})).await.0, code, "{name}");
    }
    let gone = client.refused("GetParameter", json!({"Name": "/aws/service/ami"})).await.1;
    assert!(gone.ends_with("This cloud has none of the public parameters below /aws."), "{gone}");
}

#[tokio::test]
async fn what_a_new_version_is_not_told_stays_as_it_was() {
    let client = Client::new();
    let first = json!({"Name": "p", "Value": "12", "Type": "String", "Description": "d", "AllowedPattern": "^\\d+$"});
    client.ok("PutParameter", first.clone()).await;
    assert_eq!(client.refused("PutParameter", first).await.0, "ParameterAlreadyExists");
    let put = |more: Value| {
        let mut input = json!({"Name": "p", "Value": "34", "Overwrite": true});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    client.ok("PutParameter", put(json!({}))).await;
    let shown = client.ok("DescribeParameters", json!({})).await["Parameters"][0].take();
    assert_eq!((&shown["Description"], &shown["AllowedPattern"]), (&json!("d"), &json!("^\\d+$")));
    for (more, code) in [
        (json!({"Value": "x"}), "ParameterPatternMismatchException"),
        (json!({"AllowedPattern": "("}), "InvalidAllowedPatternException"),
        (json!({"AllowedPattern": "\\pL{500}"}), "ParameterPatternMismatchException"),
        (json!({"AllowedPattern": "(3)\\1"}), "ParameterPatternMismatchException"),
        (json!({"AllowedPattern": "(x+x+)+y", "Value": "x".repeat(200)}), "InvalidAllowedPatternException"),
        (json!({"Value": "a {{ssm:/v}}"}), "ValidationException"),
        (json!({"Type": "SecureString"}), "HierarchyTypeMismatchException"),
        (json!({"Tags": [{"Key": "k", "Value": "v"}]}), "ValidationException"),
        (json!({"KeyId": "alias/k"}), "ValidationException"),
        (json!({"Tier": "Best"}), "ValidationException"),
        (json!({"DataType": "aws:ec2:image"}), "NotImplemented"),
        (json!({"Policies": "[{\"Type\":\"Expiration\"}]"}), "NotImplemented"),
    ] {
        assert_eq!(client.refused("PutParameter", put(more.clone())).await.0, code, "{more}");
    }
    // What Java knows and the crate `regex` doesn't was no regular expression.
    let ahead = json!({"AllowedPattern": "^(?!x)\\w+$", "Value": "abc"});
    assert_eq!(client.ok("PutParameter", put(ahead)).await["Version"], 3);
    assert_eq!(client.ok("PutParameter", put(json!({"AllowedPattern": "", "Value": "x {{"}))).await["Version"], 4);
    // `+4` and `04` were version 4.
    for selector in ["+4", "04", "0", "-1"] {
        let gone = client.refused("GetParameter", json!({"Name": format!("p:{selector}")})).await;
        assert_eq!(gone.0, "ParameterVersionNotFound", "{selector}");
    }
}

/// "Create Parameter Store parameters" (User Guide): names, levels, and what is AWS's own.
#[tokio::test]
async fn names_obey_awss_rules() {
    let client = Client::new();
    let put = |name: &str| json!({"Name": name, "Value": "v", "Type": "String"});
    let levels = |n: usize| "/l".repeat(n);
    client.ok("PutParameter", put(&levels(15))).await;
    client.ok("PutParameter", put("  spaces-around  ")).await;
    assert_eq!(client.value("spaces-around").await, "v");
    for (name, code) in [
        (levels(16), "HierarchyLevelLimitExceededException"),
        ("/aws/mine".into(), "AccessDeniedException"),
        ("awsMine".into(), "ValidationException"),
        ("SSM-mine".into(), "ValidationException"),
        ("/ssm/mine".into(), "ValidationException"),
        ("a/b".into(), "ValidationException"),
        ("a:1".into(), "ValidationException"),
        ("x".repeat(1_012), "ValidationException"),
        ("x".repeat(5_000), "ValidationException"),
    ] {
        assert_eq!(client.refused("PutParameter", put(&name)).await.0, code, "{name}");
    }
}

#[tokio::test]
async fn a_tier_bounds_the_value_and_never_falls() {
    let client = Client::new();
    let put = |name: &str, length: usize, tier: Option<&str>| json!({"Name": name, "Value": "x".repeat(length), "Type": "String", "Tier": tier, "Overwrite": true});
    assert_eq!(client.refused("PutParameter", put("p", 0, None)).await.0, "ValidationException");
    assert_eq!(client.refused("PutParameter", put("p", 4_097, None)).await.0, "ValidationException");
    client.ok("PutParameter", put("p", 4_096, None)).await;
    assert_eq!(client.ok("PutParameter", put("p", 4_097, Some("Intelligent-Tiering"))).await["Tier"], "Advanced");
    assert_eq!(client.ok("PutParameter", put("p", 1, None)).await["Tier"], "Advanced");
    assert_eq!(client.refused("PutParameter", put("p", 1, Some("Standard"))).await.0, "ValidationException");
    assert_eq!(client.refused("PutParameter", put("p", 8_193, Some("Advanced"))).await.0, "ValidationException");
}

/// "Working with parameter versions": a hundred are kept, and a label keeps the oldest.
#[tokio::test]
async fn the_oldest_of_a_hundred_versions_goes_unless_it_is_labelled() {
    let client = Client::new();
    for version in 1..=101 {
        assert_eq!(client.put("p", &format!("v{version}")).await["Version"], version);
    }
    let history = client.ok("GetParameterHistory", json!({"Name": "p"})).await;
    let versions = history["Parameters"].as_array().unwrap();
    assert_eq!((versions.len(), &versions[0]["Version"]), (50, &json!(2)));
    let next = json!({"Name": "p", "NextToken": history["NextToken"]});
    let rest = client.ok("GetParameterHistory", next).await;
    assert_eq!((rest["Parameters"][49]["Value"].as_str(), &rest["NextToken"]), (Some("v101"), &Value::Null));
    assert_eq!(client.refused("GetParameter", json!({"Name": "p:1"})).await.0, "ParameterVersionNotFound");

    client.ok("LabelParameterVersion", json!({"Name": "p", "ParameterVersion": 2, "Labels": ["keep"]})).await;
    let put = json!({"Name": "p", "Value": "v102", "Overwrite": true});
    assert_eq!(client.refused("PutParameter", put.clone()).await.0, "ParameterMaxVersionLimitExceeded");
    client.ok("LabelParameterVersion", json!({"Name": "p", "Labels": ["keep"]})).await;
    client.ok("PutParameter", put).await;
    assert_eq!(client.value("p:keep").await, "v101");
    client.ok("DeleteParameter", json!({"Name": "p"})).await;
    assert_eq!(client.put("p", "new").await["Version"], 1);
    assert_eq!(client.refused("GetParameter", json!({"Name": "p:50"})).await.0, "ParameterVersionNotFound");
}

#[tokio::test]
async fn a_version_has_ten_labels_and_a_label_one_version() {
    let client = Client::new();
    client.put("p", "1").await;
    client.put("p", "2").await;
    let ten: Vec<String> = (0..10).map(|i| format!("l{i}")).collect();
    let label = |version: u64, labels: Value| json!({"Name": "p", "ParameterVersion": version, "Labels": labels});
    client.ok("LabelParameterVersion", label(1, json!(ten))).await;
    let (code, _) = client.refused("LabelParameterVersion", label(1, json!(["more"]))).await;
    assert_eq!(code, "ParameterVersionLabelLimitExceeded");
    client.ok("LabelParameterVersion", label(2, json!(["l0"]))).await;
    assert_eq!(client.value("p:l0").await, "2");
    let taken = client.ok("UnlabelParameterVersion", label(2, json!(["l0", "l1"]))).await;
    assert_eq!(taken, json!({"RemovedLabels": ["l0"], "InvalidLabels": ["l1"]}));
    assert_eq!(client.refused("LabelParameterVersion", label(3, json!(["x"]))).await.0, "ParameterVersionNotFound");
    assert_eq!(client.refused("LabelParameterVersion", label(1, json!([]))).await.0, "ValidationException");
}

#[tokio::test]
async fn a_secure_string_is_told_only_to_who_asks_for_it() {
    let client = Client::new();
    let put = json!({"Name": "s", "Value": "secret", "Type": "SecureString"});
    client.ok("PutParameter", put).await;
    let sealed = client.value("s").await;
    assert_ne!(sealed, "secret");
    let open = client.ok("GetParameters", json!({"Names": ["s"], "WithDecryption": true})).await;
    assert_eq!(open["Parameters"][0]["Value"], "secret");
    let shown = client.ok("DescribeParameters", json!({})).await;
    assert_eq!(shown["Parameters"][0]["KeyId"], "alias/aws/ssm");
    assert!(!shown.to_string().contains("secret"));
    assert_eq!(client.ok("GetParameterHistory", json!({"Name": "s"})).await["Parameters"][0]["Value"], sealed);
    // Equal secrets looked equal, so that a short one could be found by trying.
    client.ok("PutParameter", json!({"Name": "t", "Value": "secret", "Type": "SecureString"})).await;
    assert_ne!(client.value("t").await, sealed);
}

#[tokio::test]
async fn paths_and_filters_find_parameters() {
    let client = Client::new();
    for name in ["/a/b/c", "/a/b/d", "/a/x", "/ab", "root"] {
        client.put(name, "v").await;
    }
    let list =
        json!({"Name": "/a/l", "Value": "1,2", "Type": "StringList", "Tags": [{"Key": "team", "Value": "data"}]});
    client.ok("PutParameter", list).await;
    client.ok("LabelParameterVersion", json!({"Name": "/a/x", "Labels": ["live"]})).await;
    for (input, found) in [
        (json!({"Path": "/a"}), vec!["/a/l", "/a/x"]),
        (json!({"Path": "/a/", "Recursive": true}), vec!["/a/b/c", "/a/b/d", "/a/l", "/a/x"]),
        (json!({"Path": "/"}), vec!["/ab", "root"]),
        (json!({"Path": "/a", "ParameterFilters": [{"Key": "Type", "Values": ["StringList"]}]}), vec!["/a/l"]),
        (json!({"Path": "/a", "ParameterFilters": [{"Key": "Label", "Values": ["live"]}]}), vec!["/a/x"]),
    ] {
        assert_eq!(names(&client.ok("GetParametersByPath", input.clone()).await), found, "{input}");
    }
    let filter = |key: &str, option: &str, value: &str| json!({"Key": key, "Option": option, "Values": [value]});
    for (filter, found) in [
        (filter("Name", "Equals", "ab"), vec!["/ab"]),
        (filter("Name", "BeginsWith", "/a/b"), vec!["/a/b/c", "/a/b/d"]),
        (filter("Name", "Contains", "o"), vec!["root"]),
        (filter("Path", "OneLevel", "/a"), vec!["/a/l", "/a/x"]),
        (filter("Path", "Recursive", "/a/b"), vec!["/a/b/c", "/a/b/d"]),
        (filter("tag:team", "Equals", "data"), vec!["/a/l"]),
        (json!({"Key": "tag:team"}), vec!["/a/l"]),
        (filter("Tier", "Equals", "Advanced"), vec![]),
    ] {
        let input = json!({"ParameterFilters": [filter]});
        assert_eq!(names(&client.ok("DescribeParameters", input.clone()).await), found, "{input}");
    }
    let older = json!({"Filters": [{"Key": "Name", "Values": ["/a/b"]}]});
    assert_eq!(names(&client.ok("DescribeParameters", older).await), ["/a/b/c", "/a/b/d"]);
    for (operation, input, code) in [
        ("GetParametersByPath", json!({"Path": "a"}), "ValidationException"),
        ("GetParametersByPath", json!({"Path": "/a", "MaxResults": 11}), "ValidationException"),
        ("GetParametersByPath", json!({"Path": "/a", "NextToken": "?"}), "InvalidNextToken"),
        (
            "GetParametersByPath",
            json!({"Path": "/a", "ParameterFilters": [filter("Name", "Equals", "x")]}),
            "InvalidFilterKey",
        ),
        ("DescribeParameters", json!({"ParameterFilters": [filter("Type", "Contains", "S")]}), "InvalidFilterOption"),
        ("DescribeParameters", json!({"ParameterFilters": [{"Key": "Type"}]}), "InvalidFilterValue"),
        // The model has a pattern for keys.
        ("DescribeParameters", json!({"ParameterFilters": [filter("Nope", "Equals", "S")]}), "ValidationException"),
    ] {
        assert_eq!(client.refused(operation, input.clone()).await.0, code, "{input}");
    }
}

#[tokio::test]
async fn pages_lead_through_all_parameters() {
    let client = Client::new();
    for number in 0..25 {
        client.put(&format!("/p/{number:02}"), "v").await;
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = client.ok("GetParametersByPath", json!({"Path": "/p", "NextToken": token})).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(|number| format!("/p/{number:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn parameters_are_deleted_and_tagged_by_name() {
    let client = Client::new();
    client.put("a", "1").await;
    let tags = |more: Value| {
        let mut input = json!({"ResourceType": "Parameter", "ResourceId": "a"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    client
        .ok("AddTagsToResource", tags(json!({"Tags": [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": ""}]})))
        .await;
    client.ok("RemoveTagsFromResource", tags(json!({"TagKeys": ["l", "nobody"]}))).await;
    let listed = client.ok("ListTagsForResource", tags(json!({}))).await;
    assert_eq!(listed, json!({"TagList": [{"Key": "k", "Value": "v"}]}));
    for (more, code) in [
        (json!({"ResourceId": "b"}), "InvalidResourceId"),
        (json!({"ResourceType": "Document"}), "NotImplemented"),
        (json!({"ResourceType": "Tea"}), "ValidationException"),
    ] {
        assert_eq!(client.refused("ListTagsForResource", tags(more)).await.0, code);
    }
    let many: Vec<Value> = (0..50).map(|i| json!({"Key": i.to_string(), "Value": ""})).collect();
    assert_eq!(client.refused("AddTagsToResource", tags(json!({"Tags": many}))).await.0, "TooManyTagsError");
    let reserved = tags(json!({"Tags": [{"Key": "aws:x", "Value": ""}]}));
    assert_eq!(client.refused("AddTagsToResource", reserved).await.0, "ValidationException");

    let deleted = client.ok("DeleteParameters", json!({"Names": ["a", "b", "a"]})).await;
    assert_eq!(deleted, json!({"DeletedParameters": ["a"], "InvalidParameters": ["b"]}));
    assert_eq!(client.refused("DeleteParameter", json!({"Name": "a"})).await.0, "ParameterNotFound");
    let eleven: Vec<String> = (0..11).map(|i| format!("p{i}")).collect();
    assert_eq!(client.refused("GetParameters", json!({"Names": eleven})).await.0, "ValidationException");
    let asked = client.ok("GetParameters", json!({"Names": ["a", "a:1"]})).await;
    assert_eq!(asked, json!({"Parameters": [], "InvalidParameters": ["a", "a:1"]}));
}

#[tokio::test]
async fn parameters_are_of_one_account_and_region() {
    let client = Client::new();
    client.put("p", "mine").await;
    let elsewhere = Context { region: "eu-west-1".into(), ..client.cx.clone() };
    let stranger = context(client.cx.cloud.clone(), "111111111111");
    for cx in [elsewhere, stranger] {
        let error = call::call(&cx, &super::SERVICE, "GetParameter", json!({"Name": "p"})).await.unwrap_err();
        assert_eq!(&*error.code, "ParameterNotFound");
        let listed = call::call(&cx, &super::SERVICE, "DescribeParameters", json!({})).await.unwrap();
        assert_eq!(listed["Parameters"], json!([]));
    }
}
