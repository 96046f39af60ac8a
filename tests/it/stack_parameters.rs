//! Stacks that take values from the Parameter Store: by parameters of its types, and by dynamic references.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{ChangeSetType, Parameter, Stack};
use serde_json::{Value, json};

use crate::helpers::cloud::TestCloud;
use crate::helpers::raw;
use crate::helpers::stacks::rest;

/// Calls an operation of Systems Manager.
async fn ssm(cloud: &TestCloud, operation: &str, input: Value) -> Value {
    let answer = raw::json(cloud, &format!("AmazonSSM.{operation}"), input.to_string().as_bytes()).await;
    assert_eq!(raw::status(&answer), "200", "{answer}");
    answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
}

async fn put(cloud: &TestCloud, name: &str, kind: &str, value: &str) {
    ssm(cloud, "PutParameter", json!({"Name": name, "Type": kind, "Value": value, "Overwrite": true})).await;
}

async fn create(client: &Client, stack: &str, template: &str) -> Stack {
    client.create_stack().stack_name(stack).template_body(template).send().await.unwrap();
    rest(client, stack).await
}

fn status(stack: &Stack) -> &str {
    stack.stack_status().unwrap().as_str()
}

fn output<'a>(stack: &'a Stack, key: &str) -> &'a str {
    stack.outputs().iter().find(|o| o.output_key() == Some(key)).unwrap().output_value().unwrap()
}

/// The message of a refused call.
fn message<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
    error.message().unwrap_or_default().to_owned()
}

const TYPED: &str = "Parameters:\n  Delay: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/delay}\n  \
    Names: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /app/names}\n  \
    Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/hidden, NoEcho: true}\n  \
    There: {Type: 'AWS::SSM::Parameter::Name', Default: /app/delay}\n\
    Conditions: {Slow: !Equals [!Ref Delay, '7']}\n\
    Resources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: !Ref Delay, QueueName: !Select [1, !Ref Names]}}\n  \
    S: {Type: 'AWS::SQS::Queue', Condition: Slow}\n\
    Outputs: {Delay: {Value: !Ref Delay}, There: {Value: !Ref There}, Hidden: {Value: !Ref Secret}}";

#[tokio::test]
async fn parameters_have_the_values_of_the_parameter_store() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let refused = client.create_stack().stack_name("s").template_body(TYPED).send().await;
    let absent = "Unable to fetch parameters [/app/delay,/app/names,/app/hidden,/app/delay] from parameter store for this account.";
    assert_eq!(message(refused), absent);
    assert!(client.describe_stacks().stack_name("s").send().await.is_err(), "nothing half made");
    put(&cloud, "/app/delay", "String", "5").await;
    put(&cloud, "/app/names", "StringList", "one,two").await;
    put(&cloud, "/app/hidden", "String", "h").await;
    let stack = create(&client, "s", TYPED).await;
    assert_eq!(status(&stack), "CREATE_COMPLETE");
    assert_eq!((output(&stack, "Delay"), output(&stack, "There"), output(&stack, "Hidden")), ("5", "/app/delay", "h"));
    let shown: Vec<_> = stack
        .parameters()
        .iter()
        .map(|p| (p.parameter_key().unwrap(), p.parameter_value().unwrap(), p.resolved_value()))
        .collect();
    let expected = [
        ("Delay", "/app/delay", Some("5")),
        ("Names", "/app/names", Some("one,two")),
        ("Secret", "****", Some("****")),
        ("There", "/app/delay", None),
    ];
    assert_eq!(shown, expected);
    cloud.sqs().get_queue_url().queue_name("two").send().await.unwrap();
}

/// A new value in the store is a change, though neither the template nor what was given differs; and a change set keeps the
/// values that it was made with.
#[tokio::test]
async fn an_update_asks_the_parameter_store_again() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    for (name, kind, value) in
        [("/app/delay", "String", "5"), ("/app/names", "StringList", "one,two"), ("/app/hidden", "String", "h")]
    {
        put(&cloud, name, kind, value).await;
    }
    create(&client, "s", TYPED).await;
    let previous = || {
        let keep = Parameter::builder().parameter_key("Delay").use_previous_value(true).build();
        client.update_stack().stack_name("s").use_previous_template(true).parameters(keep).send()
    };
    assert_eq!(message(previous().await), "No updates are to be performed.");
    put(&cloud, "/app/delay", "String", "6").await;
    let set = client.create_change_set().stack_name("s").change_set_name("c").use_previous_template(true);
    set.send().await.unwrap();
    put(&cloud, "/app/delay", "String", "7").await;
    let described = client.describe_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(described.parameters()[0].resolved_value(), Some("6"));
    let details = described.changes()[0].resource_change().unwrap().details();
    assert_eq!(details[0].causing_entity(), Some("Delay"));
    client.execute_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(output(&rest(&client, "s").await, "Delay"), "6");
    previous().await.unwrap();
    let stack = rest(&client, "s").await;
    assert_eq!((status(&stack), output(&stack, "Delay")), ("UPDATE_COMPLETE", "7"));
    let resources = client.list_stack_resources().stack_name("s").send().await.unwrap();
    assert_eq!(resources.stack_resource_summaries().len(), 2, "the condition holds now");
}

#[tokio::test]
async fn secrets_and_loops() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    put(&cloud, "/app/secret", "SecureString", "s").await;
    put(&cloud, "/app/names", "StringList", "One,Two").await;
    let secret = "Parameters: {S: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/secret}}\n\
        Resources: {Q: {Type: 'AWS::SQS::Queue'}}";
    let expected = "Parameters [/app/secret] referenced by template have types not supported by CloudFormation.";
    assert_eq!(message(client.create_stack().stack_name("a").template_body(secret).send().await), expected);
    let looped = "Transform: AWS::LanguageExtensions\n\
        Parameters: {N: {Type: 'AWS::SSM::Parameter::Value<CommaDelimitedList>', Default: /app/names}}\n\
        Resources: {'Fn::ForEach::Q': [I, !Ref N, {'Q${I}': {Type: 'AWS::SQS::Queue'}}]}";
    client.validate_template().template_body(looped).send().await.unwrap();
    let set = client.create_change_set().stack_name("b").change_set_name("c").template_body(looped);
    set.change_set_type(ChangeSetType::Create).send().await.unwrap();
    client.execute_change_set().stack_name("b").change_set_name("c").send().await.unwrap();
    assert_eq!(status(&rest(&client, "b").await), "CREATE_COMPLETE");
    let resources = client.list_stack_resources().stack_name("b").send().await.unwrap();
    let names: Vec<_> = resources.stack_resource_summaries().iter().filter_map(|r| r.logical_resource_id()).collect();
    assert_eq!(names, ["QOne", "QTwo"]);
}

const DYNAMIC: &str = "Parameters: {Stage: {Type: String, Default: dev}}\n\
    Resources:\n  P: {Type: 'AWS::SSM::Parameter', Properties: {Name: /made, Type: String, Value: here}}\n  \
    T: {Type: 'AWS::SNS::Topic', DependsOn: P, Properties: {DisplayName: '{{resolve:ssm:/made}}-{{resolve:ssm:/v:1}}-{{resolve:ssm:/v}}'}}\n  \
    Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: !Sub '{{resolve:ssm:/${Stage}/delay}}'\n      \
    Tags: [{Key: k, Value: !Select [1, !Split [',', '{{resolve:ssm:/list}}']]}]\n\
    Outputs: {V: {Value: '{{resolve:ssm:/v}}'}, D: {Value: !GetAtt T.TopicName}}";

#[tokio::test]
async fn dynamic_references_are_resolved_when_a_resource_is_made() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    for (name, kind, value) in [("/v", "String", "old"), ("/dev/delay", "String", "9"), ("/list", "StringList", "a,b")]
    {
        put(&cloud, name, kind, value).await;
    }
    put(&cloud, "/v", "String", "new").await;
    let stack = create(&client, "s", DYNAMIC).await;
    assert_eq!((status(&stack), output(&stack, "V")), ("CREATE_COMPLETE", "new"), "{:?}", stack.stack_status_reason());
    let display = async || {
        let topic = cloud.sns().list_topics().send().await.unwrap().topics()[0].topic_arn().unwrap().to_owned();
        let shown = cloud.sns().get_topic_attributes().topic_arn(topic).send().await.unwrap();
        shown.attributes().unwrap()["DisplayName"].clone()
    };
    assert_eq!(display().await, "here-old-new");
    let url = cloud.sqs().list_queues().send().await.unwrap().queue_urls()[0].clone();
    let tags = cloud.sqs().list_queue_tags().queue_url(url).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["k"], "b");
    // The same template asks for nothing new; one that differs takes what the store has now.
    put(&cloud, "/v", "String", "newest").await;
    let update = |template: String| client.update_stack().stack_name("s").template_body(template).send();
    assert_eq!(message(update(DYNAMIC.to_owned()).await), "No updates are to be performed.");
    update(DYNAMIC.replace("Key: k", "Key: l")).await.unwrap();
    assert_eq!(output(&rest(&client, "s").await, "V"), "newest");
    assert_eq!(display().await, "here-old-newest");
}

#[tokio::test]
async fn dynamic_references_that_stand_for_nothing() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    put(&cloud, "/secret", "SecureString", "s").await;
    let template = |display: &str| {
        format!("Resources: {{T: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: {display}}}}}}}")
    };
    for (n, (display, reason)) in [
        ("'{{resolve:ssm:/absent:3}}'", "Parameters: [ssm:/absent:3] cannot be found."),
        ("'{{resolve:ssm:/secret}}'", "Non-secure ssm prefix was used for secure parameter: [/secret]"),
        (
            "!Join ['', ['{{resolve:ssm:', a b, '}}']]",
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm:a b}}]",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let stack = create(&client, &format!("s{n}"), &template(display)).await;
        assert_eq!(status(&stack), "ROLLBACK_COMPLETE", "{display}");
        let events = client.describe_stack_events().stack_name(format!("s{n}")).send().await.unwrap();
        let failed = events.stack_events().iter().find(|e| e.resource_status().unwrap().as_str() == "CREATE_FAILED");
        assert_eq!(failed.unwrap().resource_status_reason(), Some(reason));
    }
    let refused = [
        (
            template("'{{resolve:secretsmanager:s}}'"),
            "the dynamic reference {{resolve:secretsmanager:s}} is not supported here",
        ),
        (
            template("'{{resolve:ssm-secure:s:1}}'"),
            "the dynamic reference {{resolve:ssm-secure:s:1}} is not supported here",
        ),
        (
            template("!Join ['', ['{{resolve:', 'x:y}}']]"),
            "the dynamic reference {{resolve:x:y}} is not supported here",
        ),
        (
            format!("{}\nConditions: {{C: !Equals ['{{{{resolve:ssm:a}}}}', b]}}", template("x")),
            "the dynamic reference {{resolve:ssm:a}} is not supported here in Conditions",
        ),
        (
            "Resources: {T: {Type: 'AWS::SNS::Topic', Metadata: {M: ['{{resolve:ssm:a}}']}}}".to_owned(),
            "the dynamic reference {{resolve:ssm:a}} is not supported here in Metadata",
        ),
        (
            format!("{}\nParameters: {{P: {{Type: String, Default: '{{{{resolve:ssm:a}}}}'}}}}", template("x")),
            "the dynamic reference {{resolve:ssm:a}} in the Default of parameter P must have a version",
        ),
        (
            template(&format!("'{}'", "{{resolve:ssm:a}}".repeat(61))),
            "the template has 61 dynamic references, more than 60",
        ),
    ];
    for (text, expected) in refused {
        let message = message(client.create_stack().stack_name("r").template_body(&text).send().await);
        assert_eq!(message, format!("Template error: {expected}"), "{text}");
    }
}

/// Two hundred parameters of 8 KiB are more than a template's values may have.
#[tokio::test]
async fn values_of_the_parameter_store_have_a_bound_together() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let value = "v".repeat(8192);
    ssm(&cloud, "PutParameter", json!({"Name": "/big", "Type": "String", "Value": value, "Tier": "Advanced"})).await;
    let parameters: String =
        (0..200).map(|n| format!("  P{n}: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /big}}\n")).collect();
    let texts: String = (0..200).map(|n| format!("!Ref P{n}, ")).collect();
    let template = format!(
        "Parameters:\n{parameters}Resources: {{T: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: !Join ['', [{texts}x]]}}}}}}"
    );
    let refused = message(client.create_stack().stack_name("s").template_body(&template).send().await);
    assert_eq!(refused, "Template may not exceed 1000000 bytes in size.");
    raw::well(&cloud, "large values").await;
}

/// Events, and so the topics that stacks notify, and change sets told the values of `NoEcho` parameters.
#[tokio::test]
async fn secrets_stand_as_asterisks_in_what_is_told() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    put(&cloud, "/app/hidden", "String", "hushhush").await;
    let template = |key: &str| {
        json!({
            "Parameters": {
                "N": {"Type": "String", "NoEcho": true},
                "P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/hidden", "NoEcho": true},
            },
            "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [
                {"Key": "open", "Value": "shown"},
                {"Key": key, "Value": {"Fn::Sub": "${N}-${P}"}},
            ]}}},
        })
        .to_string()
    };
    let given = |value: &str| Parameter::builder().parameter_key("N").parameter_value(value).build();
    let create = client.create_stack().stack_name("s").template_body(template("a")).parameters(given("topsecret"));
    create.send().await.unwrap();
    assert_eq!(status(&rest(&client, "s").await), "CREATE_COMPLETE");
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(template("b"));
    set.parameters(given("topsecret2")).send().await.unwrap();
    let described = client.describe_change_set().stack_name("s").change_set_name("c").include_property_values(true);
    let told = format!("{:?}", described.send().await.unwrap());
    assert!(told.contains("****-****") && told.contains("shown"), "{told}");
    assert!(!told.contains("topsecret") && !told.contains("hushhush"), "{told}");
    client.execute_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(status(&rest(&client, "s").await), "UPDATE_COMPLETE");
    let told = format!("{:?}", client.describe_stack_events().stack_name("s").send().await.unwrap());
    assert!(told.contains("****-****") && told.contains("shown"), "{told}");
    assert!(!told.contains("topsecret") && !told.contains("hushhush"), "{told}");
    // The queue itself has them.
    let url = client.describe_stack_resource().stack_name("s").logical_resource_id("Q").send().await.unwrap();
    let url = url.stack_resource_detail().unwrap().physical_resource_id().unwrap().to_owned();
    let tags = cloud.sqs().list_queue_tags().queue_url(url).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["b"], "topsecret2-hushhush");
}
