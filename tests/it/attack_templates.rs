//! Small templates that want to become large, and stacks that can't go on: they fail alone, and nothing else does.

use std::time::{Duration, Instant};

use aws_sdk_cloudformation::Client;
use serde_json::{Value, json};

use crate::helpers::cloud::{TestCloud, code, eventually};
use crate::helpers::raw::well;

const TOO_LARGE: &str = "Template may not exceed 1000000 bytes in size.";
/// How long a refusal may take, in a build without optimizations on a busy machine; a bomb that goes off takes minutes.
const MOMENT: Duration = Duration::from_secs(5);

/// Text doubled so many times.
fn doubled(levels: usize, innermost: Value) -> Value {
    (0..levels).fold(innermost, |value, _| json!({"Fn::Sub": ["${a}${a}", {"a": value}]}))
}

fn topic(display_name: Value) -> Value {
    json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display_name}})
}

/// Templates of at most a few kilobytes, by what they do.
fn bombs() -> Vec<(&'static str, Value)> {
    let x = || json!("x".repeat(100));
    let with = |section: &str, value: Value| json!({"Transform": "AWS::LanguageExtensions", "Resources": {"A": topic(json!("a"))}, section: value});
    let quoted = (0..40).fold(json!({"a": "\\"}), |value, _| json!([{"Fn::ToJsonString": value}]));
    let multiplied =
        (0..13).fold(json!("a,".repeat(9)), |value, _| json!({"Fn::Join": [",a,a,a,a,", {"Fn::Split": [",", value]}]}));
    let many: Vec<Value> = (0..400).map(|_| json!({"Fn::FindInMap": ["M", "a", "b"]})).collect();
    let picked = (0..18).fold(json!("x".repeat(900)), |value, _| json!({"Fn::Select": [0, [doubled(1, value)]]}));
    let encoded = (0..60).fold(x(), |value, _| json!({"Fn::Base64": value}));
    let mut listed = with("Mappings", json!({"M": {"a": {"b": vec!["x".repeat(100); 100]}}}));
    listed["Resources"]["A"]["Properties"]["Tags"] = json!(many);
    vec![
        ("a property", json!({"Resources": {"A": topic(doubled(20, x()))}})),
        ("a property of 41 levels", json!({"Resources": {"A": topic(doubled(41, x()))}})),
        ("an output", with("Outputs", json!({"O": {"Value": doubled(31, x())}}))),
        ("an export", with("Outputs", json!({"O": {"Value": "x", "Export": {"Name": doubled(31, x())}}}))),
        ("a condition", with("Conditions", json!({"C": {"Fn::Equals": [doubled(31, x()), "x"]}}))),
        ("quotes in quotes", json!({"Transform": "AWS::LanguageExtensions", "Resources": {"A": topic(quoted)}})),
        ("joined pieces", json!({"Resources": {"A": topic(multiplied)}})),
        ("a list that is found often", listed),
        ("items that are selected", json!({"Resources": {"A": topic(picked)}})),
        ("base64 of base64", json!({"Resources": {"A": topic(encoded)}})),
    ]
}

async fn status(client: &Client, name: &str) -> Option<(String, String)> {
    let described = client.describe_stacks().stack_name(name).send().await.ok()?;
    let stack = described.stacks?.pop()?;
    let status = stack.stack_status()?.as_str().to_owned();
    Some((status, stack.stack_status_reason().unwrap_or_default().to_owned()))
}

/// The status at which a stack comes to rest.
async fn rest(client: &Client, name: &str) -> (String, String) {
    let rests = eventually(async || status(client, name).await.filter(|(status, _)| !status.ends_with("_IN_PROGRESS")));
    rests.await.expect("the stack comes to rest")
}

async fn deleted(client: &Client, name: &str) {
    client.delete_stack().stack_name(name).send().await.unwrap();
    let gone = eventually(async || status(client, name).await.is_none().then_some(()));
    gone.await.unwrap_or_else(|| panic!("{name} is deleted"));
}

/// An 865-byte template made a record that the log didn't take: nothing could be written any more, after a restart
/// either. A larger one took all memory.
#[tokio::test]
async fn a_small_template_makes_nothing_large() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let plain = json!({"Resources": {"A": topic(json!("a"))}}).to_string();
    client.create_stack().stack_name("plain").template_body(&plain).send().await.unwrap();
    rest(&client, "plain").await;
    for (what, bomb) in bombs() {
        let body = bomb.to_string();
        assert!(body.len() < 40_000, "{what}: {}", body.len());
        let begun = Instant::now();
        let refused = client.create_stack().stack_name("bomb").template_body(&body).send().await;
        let error = refused.expect_err(what).into_service_error();
        assert!(error.to_string().contains(TOO_LARGE) || format!("{error:?}").contains(TOO_LARGE), "{what}: {error:?}");
        assert_eq!(
            code(client.update_stack().stack_name("plain").template_body(&body).send().await),
            "ValidationError"
        );
        let set = client.create_change_set().stack_name("plain").change_set_name("bomb").template_body(&body);
        assert_eq!(code(set.send().await), "ValidationError", "{what}");
        // These evaluate nothing.
        client.validate_template().template_body(&body).send().await.unwrap();
        client.get_template_summary().template_body(&body).send().await.unwrap();
        assert!(begun.elapsed() < 2 * MOMENT, "{what}: {:?}", begun.elapsed());
        well(&cloud, what).await;
    }
    assert_eq!(rest(&client, "plain").await.0, "CREATE_COMPLETE");
}

/// A list's pattern was compiled anew for each of its items: two thousand times, for minutes.
#[tokio::test]
async fn a_pattern_for_a_long_list_is_cheap() {
    let cloud = TestCloud::start().await;
    let parameter =
        json!({"Type": "CommaDelimitedList", "AllowedPattern": "(a{1,50}){1,20}", "Default": "a,".repeat(2_000) + "a"});
    let template = json!({"Parameters": {"P": parameter}, "Resources": {"A": topic(json!("a"))}}).to_string();
    let client = cloud.cloudformation();
    let begun = Instant::now();
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(template);
    set.change_set_type("CREATE".into()).send().await.unwrap();
    assert!(begun.elapsed() < MOMENT, "{:?}", begun.elapsed());
}

/// A few patterns that compile to megabytes, and long values for them, held a core for a minute; reading patterns alone did as
/// well. What goes back and forth in a long value without end is given up.
#[tokio::test]
async fn what_patterns_cost_is_bounded() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |count: usize, pattern: &str, value: &str| {
        let parameter = json!({"Type": "String", "AllowedPattern": pattern, "Default": value});
        let parameters: serde_json::Map<String, Value> =
            (0..count).map(|n| (format!("P{n}"), parameter.clone())).collect();
        json!({"Parameters": parameters, "Resources": {"A": topic(json!("a"))}}).to_string()
    };
    let set = |name: &str, body: &str| {
        let set = client.create_change_set().stack_name(name).change_set_name("c").template_body(body);
        set.change_set_type("CREATE".into()).send()
    };
    let network = r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/(\d{1,2})";
    for (count, pattern, value) in [(2, r"[\w+=,.@-]{1,64}", "role"), (100, network, "255.255.255.255/32")] {
        set(&format!("good{count}"), &template(count, pattern, value)).await.unwrap();
    }
    let (matched, read) = ("b".repeat(4_000), format!("(?i){}", r"\pL".repeat(3_000)));
    let cheap = [
        ("matched", template(12, "[ab]*a[ab]{8000}|[ab]*", &matched)),
        ("counted", template(200, r"\w{1,4000}", "a")),
        ("read", template(4, &format!("({read})?"), "")),
    ];
    for (what, body) in cheap {
        let begun = Instant::now();
        set(what, &body).await.unwrap();
        assert!(begun.elapsed() < MOMENT, "{what}: {:?}", begun.elapsed());
    }
    let late = "a".repeat(4_000) + "!";
    let bombs = [
        ("nested", template(1, "(a+)+$", &late)),
        ("many", template(12, "(a|b|aa)*b?c", &late)),
        ("looking", template(1, "(?=(a*)*b).*", &late)),
        ("again", template(1, r"(.*)(.*)\1\2x", &late)),
    ];
    for (what, body) in bombs {
        let begun = Instant::now();
        let refused = set("bomb", &body).await.expect_err(what).into_service_error();
        assert!(format!("{refused:?}").contains("takes more than"), "{what}: {:?}", refused.meta().code());
        client.validate_template().template_body(&body).send().await.unwrap();
        assert!(begun.elapsed() < 2 * MOMENT, "{what}: {:?}", begun.elapsed());
        well(&cloud, what).await;
    }
    client.describe_change_set().stack_name("good2").change_set_name("c").send().await.unwrap();
}

/// Values that are small one by one, and many.
#[tokio::test]
async fn the_sum_of_a_templates_values_is_bounded_as_well() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |topics: usize| {
        let resources: serde_json::Map<String, Value> =
            (0..topics).map(|n| (format!("T{n}"), topic(json!({"Ref": "P"})))).collect();
        json!({"Parameters": {"P": {"Type": "String", "Default": "x".repeat(4_000)}}, "Resources": resources})
            .to_string()
    };
    let set = |name: &str, topics: usize| {
        let set = client.create_change_set().stack_name(name).change_set_name("s").template_body(template(topics));
        set.change_set_type("CREATE".into()).send()
    };
    set("below", 240).await.unwrap();
    assert_eq!(code(set("beyond", 260).await), "ValidationError");
    well(&cloud, "many values").await;
}

/// What is known only once something exists is bounded when it is known: the stack is rolled back, and can go.
#[tokio::test]
async fn a_value_that_grows_while_a_stack_runs_fails_that_stack_alone() {
    let mut cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let late = json!({"Resources": {
        "Q": {"Type": "AWS::SQS::Queue"},
        "A": topic(doubled(38, json!({"Fn::GetAtt": ["Q", "Arn"]}))),
    }});
    client.create_stack().stack_name("late").template_body(late.to_string()).send().await.unwrap();
    assert_eq!(rest(&client, "late").await.0, "ROLLBACK_COMPLETE");
    let events = client.describe_stack_events().stack_name("late").send().await.unwrap();
    let reasons: Vec<_> = events.stack_events().iter().filter_map(|event| event.resource_status_reason()).collect();
    assert!(reasons.contains(&TOO_LARGE), "{reasons:?}");
    let output = json!({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"O": {"Value": doubled(38, json!({"Fn::GetAtt": ["Q", "Arn"]}))}}});
    client.create_stack().stack_name("output").template_body(output.to_string()).send().await.unwrap();
    let (status, _) = rest(&client, "output").await;
    assert_eq!(status, "ROLLBACK_COMPLETE");
    well(&cloud, "a late bomb").await;
    cloud.restart().await;
    let client = cloud.cloudformation();
    deleted(&client, "late").await;
    deleted(&client, "output").await;
}

/// A step that can't be written ended the run of a stack, which said DELETE_IN_PROGRESS for ever; or ended all writing.
#[tokio::test]
async fn a_stack_that_can_not_go_on_fails_alone_and_can_be_deleted() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = json!({"Resources": {"A": topic(json!("a"))}}).to_string();
    client.create_stack().stack_name("s").template_body(template).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.0, "CREATE_COMPLETE");
    let put = async |key: &str, doc: &str| {
        let put = cloud.inside().core.execute(|transaction| {
            transaction.put_doc(key, doc.as_bytes());
            Ok(())
        });
        put.await.unwrap();
    };
    // The event of the failed deletion names the type twice, which is then more than a record holds.
    let (key, whole) = cloud.inside().core.read(|engine, _| {
        let (key, doc) = engine.docs("cfn/resource/", "").next().unwrap();
        (key.to_owned(), String::from_utf8(doc.to_vec()).unwrap())
    });
    put(&key, &whole.replace("AWS::SNS::Topic", &"x".repeat(34 << 20))).await;
    client.delete_stack().stack_name("s").send().await.unwrap();
    // Without optimizations it takes longer than one patience.
    for _ in 0..5 {
        eventually(async || status(&client, "s").await.filter(|(status, _)| status == "DELETE_FAILED")).await;
    }
    let (status, reason) = rest(&client, "s").await;
    assert_eq!((status.as_str(), reason.contains("a record of")), ("DELETE_FAILED", true), "{reason}");
    cloud.notice_with(&["refused for its size"]).await;
    well(&cloud, "a stack that can't go on").await;
    put(&key, &whole).await;
    deleted(&client, "s").await;
    assert!(cloud.sns().list_topics().send().await.unwrap().topics().is_empty());
}

/// Every event of a stack was kept for ever, and the text of every template that it ever had.
#[tokio::test]
async fn what_a_stack_leaves_behind_is_bounded() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |n: usize| json!({"Resources": {"A": topic(json!(format!("v{n}")))}}).to_string();
    client.create_stack().stack_name("s").template_body(template(0)).send().await.unwrap();
    rest(&client, "s").await;
    for n in 1..4 {
        client.update_stack().stack_name("s").template_body(template(n)).send().await.unwrap();
        rest(&client, "s").await;
        let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(template(100 + n));
        set.send().await.unwrap();
        client.delete_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    }
    let count = |prefix: &str| cloud.inside().core.read(|engine, _| engine.docs(prefix, "").count());
    assert_eq!(count("cfn/template/"), 1);
    assert!(count("cfn/event/") > 10);
    // "View CloudFormation stack events": for 90 days.
    cloud.pass(91 * 24 * 3_600);
    for n in 4..8 {
        client.update_stack().stack_name("s").template_body(template(n)).send().await.unwrap();
        rest(&client, "s").await;
    }
    let events = client.describe_stack_events().stack_name("s").send().await.unwrap();
    let first = events.stack_events().iter().map(|event| event.timestamp().unwrap().secs()).min().unwrap();
    assert!(first * 1_000 > (crate::helpers::cloud::LATE_EVENING as i64) + 90 * 24 * 3_600_000, "{first}");
}
