//! What CloudFormation says where this cloud had said something else: a story each.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, ChangeSetType, Parameter, TemplateStage};

use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

async fn create(client: &Client, stack: &str, template: &str) -> String {
    let sent = client.create_stack().stack_name(stack).template_body(template);
    sent.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    rest(client, stack).await.stack_status.unwrap().as_str().to_owned()
}

fn message<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    result.unwrap_err().message().unwrap_or_default().to_owned()
}

fn parameter(key: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_key(key).parameter_value(value).build()
}

const QUEUE: &str = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}";

/// Only the capabilities that a template needs were shown; AWS shows those that were given, and an update without any keeps them.
#[tokio::test]
async fn capabilities_are_shown_as_given() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let given = [Capability::CapabilityIam, Capability::CapabilityAutoExpand];
    let sent = client.create_stack().stack_name("s").template_body(QUEUE).set_capabilities(Some(given.to_vec()));
    sent.send().await.unwrap();
    assert_eq!(rest(&client, "s").await.capabilities(), given);
    let changed = QUEUE.replace("Queue'}", "Queue', Properties: {DelaySeconds: 1}}");
    client.update_stack().stack_name("s").template_body(&changed).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.capabilities(), given);
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(QUEUE);
    let set = set.send().await.unwrap().id.unwrap();
    let described = client.describe_change_set().change_set_name(&set).send().await.unwrap();
    assert_eq!(described.capabilities(), given);
    let others = client.create_change_set().stack_name("s").change_set_name("d").template_body(QUEUE);
    let others = others.capabilities(Capability::CapabilityNamedIam).send().await.unwrap().id.unwrap();
    let described = client.describe_change_set().change_set_name(&others).send().await.unwrap();
    assert_eq!(described.capabilities(), [Capability::CapabilityNamedIam]);
}

/// The id of the change set that made a stack was still shown after UpdateStack.
#[tokio::test]
async fn an_update_without_a_change_set_has_none() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(QUEUE);
    let id = set.change_set_type(ChangeSetType::Create).send().await.unwrap().id.unwrap();
    client.execute_change_set().change_set_name(&id).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.change_set_id(), Some(id.as_str()));
    let changed = QUEUE.replace("Queue'}", "Queue', Properties: {DelaySeconds: 1}}");
    client.update_stack().stack_name("s").template_body(changed).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.change_set_id(), None);
}

/// A resource's metadata was shown as it stands in the template, and a parameter that only it refers to changed nothing.
#[tokio::test]
async fn metadata_is_evaluated() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Parameters: {P: {Type: String, Default: one}}\nResources: {T: {Type: 'AWS::SNS::Topic', \
        Metadata: {S: !Ref P, N: !Sub '${P}-${AWS::Region}'}}}";
    assert_eq!(create(&client, "s", template).await, "CREATE_COMPLETE");
    let metadata = async || {
        let described = client.describe_stack_resource().stack_name("s").logical_resource_id("T").send().await.unwrap();
        described.stack_resource_detail.unwrap().metadata.unwrap()
    };
    assert_eq!(metadata().await, r#"{"S":"one","N":"one-us-east-1"}"#);
    let set = client.create_change_set().stack_name("s").change_set_name("c").use_previous_template(true);
    let set = set.parameters(parameter("P", "two")).send().await.unwrap().id.unwrap();
    let described = client.describe_change_set().change_set_name(&set).send().await.unwrap();
    let change = described.changes()[0].resource_change().unwrap();
    assert_eq!(change.scope().iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), ["Metadata"]);
    let details = change.details().iter().map(|detail| {
        let target = detail.target().unwrap();
        let (source, evaluation) = (detail.change_source().unwrap().as_str(), detail.evaluation().unwrap().as_str());
        (target.attribute().unwrap().as_str(), target.name(), source, evaluation, detail.causing_entity())
    });
    let expected = [
        ("Metadata", None, "ParameterReference", "Static", Some("P")),
        ("Metadata", None, "DirectModification", "Dynamic", None),
    ];
    assert_eq!(details.collect::<Vec<_>>(), expected);
    let update = client.update_stack().stack_name("s").use_previous_template(true).parameters(parameter("P", "two"));
    update.send().await.unwrap();
    rest(&client, "s").await;
    assert_eq!(metadata().await, r#"{"S":"two","N":"two-us-east-1"}"#);
}

/// All properties of a queue went back to their defaults when they left the template; AWS leaves three of them as they are.
#[tokio::test]
async fn a_queues_properties_that_leave_the_template() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |more: &str| {
        format!(
            "Resources: {{Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: q.fifo, FifoQueue: true{more}}}}}}}"
        )
    };
    let more = ", DeduplicationScope: messageGroup, FifoThroughputLimit: perMessageGroupId, SqsManagedSseEnabled: false, \
        DelaySeconds: 3, MaximumMessageSize: 2048, VisibilityTimeout: 7";
    assert_eq!(create(&client, "s", &template(more)).await, "CREATE_COMPLETE");
    client.update_stack().stack_name("s").template_body(template("")).send().await.unwrap();
    rest(&client, "s").await;
    let url = cloud.sqs().get_queue_url().queue_name("q.fifo").send().await.unwrap().queue_url.unwrap();
    let all = aws_sdk_sqs::types::QueueAttributeName::All;
    let attributes = cloud.sqs().get_queue_attributes().queue_url(url).attribute_names(all).send().await.unwrap();
    let attributes = attributes.attributes.unwrap();
    for (name, value) in [
        ("DeduplicationScope", "messageGroup"),
        ("FifoThroughputLimit", "perMessageGroupId"),
        ("SqsManagedSseEnabled", "false"),
        ("DelaySeconds", "0"),
        ("MaximumMessageSize", "262144"),
        ("VisibilityTimeout", "30"),
    ] {
        assert_eq!(attributes[&name.into()], value, "{name}");
    }
}

/// Texts that were written by analogy with others.
#[tokio::test]
async fn mistakes_are_told_in_awss_words() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let nameless = client.get_template().send().await;
    assert_eq!(message(nameless), "StackName is required if ChangeSetName is not specified.");
    let cases = [
        (
            "Conditions: {Never: !Equals [a, b]}\nResources: {Q: {Type: 'AWS::SQS::Queue'}, R: {Type: 'AWS::SQS::Queue', \
             Condition: Never}}\nOutputs: {O: {Value: !Ref R}}",
            "Unresolved resource dependencies [R] in the Outputs block of the template",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {O: {Value: !Ref R}}",
            "Template format error: Unresolved resource dependencies [R] in the Outputs block of the template",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {O: {Value: null}}",
            "[/Outputs/O/Value] 'null' values are not allowed in templates",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {O: {}}",
            "Template format error: Every Outputs member must contain a Value object",
        ),
        (
            "Resources: {'Fn::ForEach::L': [X, [a], {'Q${X}': {Type: 'AWS::SQS::Queue'}}]}",
            "Template format error: [/Resources/Fn::ForEach::L] resource definition is malformed",
        ),
    ];
    for (template, expected) in cases {
        let refused = client.create_stack().stack_name("s").template_body(template).send().await;
        assert_eq!(message(refused), expected, "{template}");
    }
}

/// GetTemplate showed a template with loops unrolled and all functions as they were; AWS shows what the transform makes of it.
#[tokio::test]
async fn a_processed_template_has_the_values_that_the_transform_knows() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Transform: AWS::LanguageExtensions\nParameters: {P: {Type: String, Default: p}, S: {Type: String, NoEcho: true, Default: s}}\n\
        Conditions: {C: !Equals [!Ref P, p]}\n\
        Resources:\n  Fn::ForEach::L: [X, [a, b], {'T${X}': {Type: 'AWS::SNS::Topic', Condition: !Sub 'C', Properties: {\
        TopicName: !Join ['-', [t, !Ref X, !Ref P]], DisplayName: !If [C, !Ref S, x]}}}]\n\
        Outputs: {L: {Value: {Fn::Length: !Split [',', 'a,b']}}, N: {Value: !Sub '${AWS::StackName}-${P}'}, \
        A: {Description: !Sub 'of ${P}', Value: !GetAtt [!Sub 'T${P}', TopicArn]}}";
    let template = template.replace("'T${P}'", "Ta");
    assert_eq!(create(&client, "s", &template).await, "CREATE_COMPLETE");
    let processed =
        client.get_template().stack_name("s").template_stage(TemplateStage::Processed).send().await.unwrap();
    let processed: serde_json::Value = serde_json::from_str(processed.template_body().unwrap()).unwrap();
    let topic = |name: &str| {
        serde_json::json!({"Type": "AWS::SNS::Topic", "Condition": "C",
            "Properties": {"TopicName": format!("t-{name}-p"), "DisplayName": {"Ref": "S"}}})
    };
    assert_eq!(processed["Resources"], serde_json::json!({"Ta": topic("a"), "Tb": topic("b")}));
    assert_eq!(processed["Conditions"], serde_json::json!({"C": {"Fn::Equals": ["p", "p"]}}));
    let outputs = serde_json::json!({
        "L": {"Value": 2},
        "N": {"Value": {"Fn::Sub": "${AWS::StackName}-${P}"}},
        "A": {"Description": "of p", "Value": {"Fn::GetAtt": ["Ta", "TopicArn"]}},
    });
    assert_eq!(processed["Outputs"], outputs);
    assert!(processed.get("Transform").is_none());
    let stack = rest(&client, "s").await;
    let about = stack.outputs().iter().find(|output| output.output_key() == Some("A")).unwrap();
    assert_eq!(about.description(), Some("of p"));
}

/// A loop over a parameter without a default made ValidateTemplate and GetTemplateSummary ask for its value.
#[tokio::test]
async fn a_template_may_be_looked_at_without_values_for_its_loops() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList}}\n\
        Resources:\n  Fn::ForEach::L: [X, !Ref Names, {'T${X}': {Type: 'AWS::SNS::Topic'}}]\n\
        Outputs: {A: {Value: !Ref TOne}}";
    let summary = client.get_template_summary().template_body(template).send().await.unwrap();
    assert_eq!(summary.parameters()[0].parameter_key(), Some("Names"));
    assert_eq!(summary.declared_transforms(), ["AWS::LanguageExtensions"]);
    client.validate_template().template_body(template).send().await.unwrap();
    let made = client.create_stack().stack_name("s").template_body(template).parameters(parameter("Names", "One"));
    made.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "CREATE_COMPLETE");
}

/// A bucket's policy that names its bucket without a `Ref` was made before the bucket, if that needed another, and failed.
#[tokio::test]
async fn who_is_named_goes_first() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Resources:\n  APolicy: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Sub 'b-${AWS::Region}', PolicyDocument: \
        {Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub 'arn:aws:s3:::b-${AWS::Region}/x'}]}}}\n  \
        Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b-us-east-1, Tags: [{Key: role, Value: !Ref Role}]}}\n  \
        APolicyOfRole: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [r], PolicyDocument: \
        {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}}\n  \
        Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: r, Description: !Ref Last, AssumeRolePolicyDocument: \
        {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}\n  \
        Last: {Type: 'AWS::SNS::Topic', Properties: {TopicName: zz, DisplayName: r}}";
    let made = client.create_stack().stack_name("s").template_body(template);
    made.capabilities(Capability::CapabilityNamedIam).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "CREATE_COMPLETE");
    client.delete_stack().stack_name("s").send().await.unwrap();
}

/// `UpdateStack` of what has a transform said that there is nothing to do.
#[tokio::test]
async fn a_template_with_a_transform_is_always_updated() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = format!("Transform: AWS::Serverless-2016-10-31\n{QUEUE}");
    assert_eq!(create(&client, "s", &template).await, "CREATE_COMPLETE");
    let update = client.update_stack().stack_name("s").template_body(&template);
    update.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "UPDATE_COMPLETE");
}

/// A change set that failed was said to be UNAVAILABLE, and a stack in review hid its reason; the resource that leaves a stack
/// showed what it had from others.
#[tokio::test]
async fn change_sets_are_told_as_recorded() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let set = |name: &str, template: &str, kind: ChangeSetType| {
        client
            .create_change_set()
            .stack_name("s")
            .change_set_name(name)
            .template_body(template)
            .change_set_type(kind)
            .send()
    };
    let two = "Resources: {T: {Type: 'AWS::SNS::Topic'}, Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q, \
        Tags: [{Key: t, Value: !Ref T}]}}}";
    let id = set("one", two, ChangeSetType::Create).await.unwrap().id.unwrap();
    let described = client.describe_stacks().stack_name("s").send().await.unwrap();
    assert_eq!(described.stacks()[0].stack_status_reason(), Some("User Initiated"));
    let summary = client.get_template_summary().stack_name("s").send().await;
    assert_eq!(message(summary), "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.");
    client.execute_change_set().change_set_name(id).send().await.unwrap();
    rest(&client, "s").await;
    let same = set("same", two, ChangeSetType::Update).await.unwrap().id.unwrap();
    let refused = client.execute_change_set().change_set_name(&same).send().await;
    let expected = format!("ChangeSet [{same}] cannot be executed in its current status of [FAILED]");
    assert_eq!(message(refused), expected);
    let less =
        set("less", "Resources: {T: {Type: 'AWS::SNS::Topic'}}", ChangeSetType::Update).await.unwrap().id.unwrap();
    let described =
        client.describe_change_set().change_set_name(less).include_property_values(true).send().await.unwrap();
    let before = described.changes()[0].resource_change().unwrap().before_context().unwrap();
    assert!(
        before.contains(r#""Value":"{{changeSet:KNOWN_AFTER_APPLY}}""#) && before.contains(r#""QueueName":"q""#),
        "{before}"
    );
    assert_eq!(described.import_existing_resources(), None);
}

/// Operations on stack sets were refused by name, also where an account without any has an answer.
#[tokio::test]
async fn there_are_no_stack_sets() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    client.delete_stack_set().stack_set_name("none").send().await.unwrap();
    assert!(client.list_stack_sets().send().await.unwrap().summaries().is_empty());
    let absent = client.describe_stack_set().stack_set_name("none").send().await;
    assert_eq!(message(absent), "StackSet none not found");
    let refused = client.create_stack_set().stack_set_name("one").template_body(QUEUE).send().await;
    assert!(message(refused).contains("CreateStackSet"));
}
