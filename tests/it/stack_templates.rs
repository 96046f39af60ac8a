//! Templates as tools write them: the CDK's, SAM's, those with language extensions, rules and types behind conditions.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, TemplateStage};

use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

/// Creates a stack whose transforms may expand its template; its status at rest.
async fn create(client: &Client, stack: &str, template: &str) -> String {
    let create = client.create_stack().stack_name(stack).template_body(template);
    create.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    rest(client, stack).await.stack_status.unwrap().as_str().to_owned()
}

/// Code and message of a refused call.
fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> (String, String) {
    let error = result.unwrap_err();
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

fn parameter(key: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_key(key).parameter_value(value).build()
}

/// The CDK asks for nested stacks in every change set; it was refused before it had begun.
#[tokio::test]
async fn a_change_set_may_ask_for_nested_stacks_where_there_are_none() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let set = |stack: &str, template: &str| {
        let set = client.create_change_set().stack_name(stack).change_set_name("c").template_body(template);
        set.change_set_type(ChangeSetType::Create).include_nested_stacks(true).send()
    };
    set("plain", "Resources: {Q: {Type: 'AWS::SQS::Queue'}}").await.unwrap();
    let described = client.describe_change_set().stack_name("plain").change_set_name("c").send().await.unwrap();
    assert_eq!(described.status(), Some(&ChangeSetStatus::CreateComplete));
    assert_eq!(described.include_nested_stacks(), Some(true));
    let listed = client.list_change_sets().stack_name("plain").send().await.unwrap();
    assert_eq!(listed.summaries()[0].include_nested_stacks(), Some(true));
    let nested = "Resources: {Inner: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: x}}}";
    let (code, message) = refusal(set("nested", nested).await);
    assert_eq!(code, "ValidationError");
    let expected = "AWS::CloudFormation::Stack (resource Inner) is a nested stack, which this cloud does not simulate";
    assert!(message.contains(expected), "{message}");
}

/// SAM's transform over plain resources was refused.
#[tokio::test]
async fn sams_transform_over_plain_resources_changes_nothing() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 3}}\n\
        Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: plain}}}";
    let refused = client.create_stack().stack_name("s").template_body(template).send().await;
    let expected = ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]");
    assert_eq!(refusal(refused), (expected.0.to_owned(), expected.1.to_owned()));
    let set = client.create_change_set().stack_name("set").change_set_name("c").template_body(template);
    set.change_set_type(ChangeSetType::Create).send().await.unwrap();
    assert_eq!(create(&client, "s", template).await, "CREATE_COMPLETE");
    cloud.sqs().get_queue_url().queue_name("plain").send().await.unwrap();
    let body = |stage: TemplateStage| client.get_template().stack_name("s").template_stage(stage).send();
    assert_eq!(body(TemplateStage::Original).await.unwrap().template_body(), Some(template));
    let processed = body(TemplateStage::Processed).await.unwrap();
    let expected = r#"{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"plain"}}}}"#;
    assert_eq!(processed.template_body(), Some(expected));
    let summary = client.get_template_summary().template_body(template).send().await.unwrap();
    assert_eq!(summary.declared_transforms(), ["AWS::Serverless-2016-10-31"]);
    let update = client.update_stack().stack_name("s").template_body(template.replace("Timeout: 3", "Timeout: 4"));
    assert_eq!(refusal(update.send().await).0, "InsufficientCapabilitiesException");
    let function = "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function'}}";
    let create = client.create_stack().stack_name("f").template_body(function);
    let (_, message) = refusal(create.capabilities(Capability::CapabilityAutoExpand).send().await);
    let expected = "AWS::Serverless::Function (resource F) is made into other resources by AWS's transform";
    assert!(message.contains(expected), "{message}");
}

/// A rule in each app of the CDK: the section was refused.
#[tokio::test]
async fn rules_are_checked_before_anything_is_made() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Parameters: {Version: {Type: String, Default: '21'}}\n\
        Rules:\n  CheckVersion:\n    Assertions:\n      - Assert: {'Fn::Not': [{'Fn::Contains': [['1', '2'], !Ref Version]}]}\n        \
        AssertDescription: version 3 required\n\
        Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: !Select [0, [!Ref Version]]}}}";
    assert_eq!(create(&client, "s", template).await, "CREATE_COMPLETE");
    client.validate_template().template_body(template).send().await.unwrap();
    let expected = "Template validation error: Rule CheckVersion failed: version 3 required";
    let old = parameter("Version", "2");
    let refused = client.create_stack().stack_name("t").template_body(template).parameters(old.clone()).send().await;
    assert_eq!(refusal(refused), ("ValidationError".into(), expected.into()));
    let refused =
        client.update_stack().stack_name("s").use_previous_template(true).parameters(old.clone()).send().await;
    assert_eq!(refusal(refused).1, expected);
    let set = client.create_change_set().stack_name("s").change_set_name("c").use_previous_template(true);
    assert_eq!(refusal(set.parameters(old).send().await).1, expected);
    assert!(client.describe_stacks().stack_name("t").send().await.is_err());
}

/// A type that this cloud hasn't was refused, though its condition said that it isn't made.
#[tokio::test]
async fn a_type_behind_a_false_condition_may_be_any() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Parameters: {Key: {Type: String, Default: 'no'}}\nConditions: {Made: !Equals [!Ref Key, 'yes']}\n\
        Resources:\n  K: {Type: 'AWS::Lambda::Url', Condition: Made, Properties: {AuthType: NONE}}\n  \
        M: {Type: 'AWS::CDK::Metadata', Properties: {Analytics: 'v2:deflate64:x'}}\n  \
        Q: {Type: 'AWS::SQS::Queue', Properties: {KmsMasterKeyId: !If [Made, !Ref K, !Ref 'AWS::NoValue']}}";
    assert_eq!(create(&client, "s", template).await, "CREATE_COMPLETE");
    let resources = client.list_stack_resources().stack_name("s").send().await.unwrap();
    let kinds: Vec<_> = resources.stack_resource_summaries().iter().filter_map(|r| r.resource_type()).collect();
    assert_eq!(kinds, ["AWS::CDK::Metadata", "AWS::SQS::Queue"]);
    client.validate_template().template_body(template).send().await.unwrap();
    let summary = client.get_template_summary().template_body(template).send().await.unwrap();
    assert_eq!(summary.resource_types(), ["AWS::CDK::Metadata", "AWS::Lambda::Url", "AWS::SQS::Queue"]);
    let made = parameter("Key", "yes");
    let refused = client.update_stack().stack_name("s").use_previous_template(true).parameters(made).send().await;
    assert!(refusal(refused).1.contains("AWS::Lambda::Url"));
    let always = template.replace(", Condition: Made", "");
    assert!(refusal(client.validate_template().template_body(&always).send().await).1.contains("AWS::Lambda::Url"));
    assert!(refusal(client.get_template_summary().template_body(&always).send().await).1.contains("AWS::Lambda::Url"));
}

/// `!GetAtt [!Sub 'T${I}', TopicArn]` in a loop over outputs was refused.
#[tokio::test]
async fn language_extensions_let_names_and_policies_be_computed() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Transform: AWS::LanguageExtensions\nParameters: {Keep: {Type: String, Default: Delete}}\n\
        Mappings: {M: {us-east-1: {Names: [A, B]}}}\n\
        Resources:\n  Fn::ForEach::T: [I, !FindInMap [M, !Ref 'AWS::Region', Names], {'T${I}': {Type: 'AWS::SNS::Topic', DeletionPolicy: !Ref Keep}}]\n  \
        Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !GetAtt [!Select [1, [TA, TB]], TopicName]}}\n\
        Outputs:\n  Fn::ForEach::O: [I, [A, B], {'O${I}': {Value: !GetAtt [!Sub 'T${I}', TopicArn]}}]\n  R: {Value: {Ref: !Sub '${AWS::NoValue}TB'}}";
    let template = template.replace("!Sub '${AWS::NoValue}TB'", "!Join ['', [T, B]]");
    assert_eq!(create(&client, "s", &template).await, "CREATE_COMPLETE");
    let stack = rest(&client, "s").await;
    let output =
        |key: &str| stack.outputs().iter().find(|o| o.output_key() == Some(key)).unwrap().output_value().unwrap();
    assert!(output("OA").contains(":s-TA-"), "{}", output("OA"));
    assert_eq!(output("R"), output("OB"));
    cloud.sqs().get_queue_url().queue_name(output("OB").rsplit(':').next().unwrap()).send().await.unwrap();
}
