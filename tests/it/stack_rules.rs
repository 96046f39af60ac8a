//! CloudFormation's rules around the main road: exports and their guards, stack policies, loops, templates in S3, what a
//! failed creation leaves.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, ChangeSetType, OnFailure, Parameter};

use crate::helpers::cloud::{TestCloud, eventually};
use crate::helpers::stacks::rest;

async fn status(client: &Client, stack: &str) -> String {
    rest(client, stack).await.stack_status.unwrap().as_str().to_owned()
}

async fn create(client: &Client, stack: &str, template: &str) -> String {
    let capabilities = Capability::CapabilityNamedIam;
    client.create_stack().stack_name(stack).template_body(template).capabilities(capabilities).send().await.unwrap();
    status(client, stack).await
}

async fn update(client: &Client, stack: &str, template: &str) -> String {
    let capabilities = Capability::CapabilityNamedIam;
    client.update_stack().stack_name(stack).template_body(template).capabilities(capabilities).send().await.unwrap();
    status(client, stack).await
}

/// All that the events of a stack say, newest first.
async fn reasons(client: &Client, stack: &str) -> String {
    let events = client.describe_stack_events().stack_name(stack).send().await.unwrap();
    events.stack_events().iter().filter_map(|event| event.resource_status_reason()).collect::<Vec<_>>().join("\n")
}

/// The message of a refused call.
fn message<T: std::fmt::Debug, E>(result: Result<T, E>) -> String
where
    E: aws_sdk_cloudformation::error::ProvideErrorMetadata + std::fmt::Debug,
{
    result.unwrap_err().message().unwrap_or_default().to_owned()
}

const EXPORTS: &str = "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: one}}}\n\
    Outputs: {Name: {Value: !GetAtt Q.QueueName, Export: {Name: shared}}}";
const IMPORTS: &str =
    "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Join ['-', [!ImportValue shared, two]]}}}";

#[tokio::test]
async fn an_export_in_use_neither_changes_nor_goes() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    assert_eq!(create(&client, "importer", IMPORTS).await, "ROLLBACK_COMPLETE");
    assert!(reasons(&client, "importer").await.contains("No export named shared found"));
    client.delete_stack().stack_name("importer").send().await.unwrap();
    let gone = eventually(async || client.describe_stacks().stack_name("importer").send().await.is_err().then_some(()));
    gone.await.unwrap();

    assert_eq!(create(&client, "exporter", EXPORTS).await, "CREATE_COMPLETE");
    assert_eq!(create(&client, "importer", IMPORTS).await, "CREATE_COMPLETE");
    cloud.sqs().get_queue_url().queue_name("one-two").send().await.unwrap();
    let listed = client.list_imports().export_name("shared").send().await.unwrap();
    assert_eq!(listed.imports(), ["importer"]);

    assert_eq!(create(&client, "other", &EXPORTS.replace("one", "three")).await, "ROLLBACK_COMPLETE");
    assert!(reasons(&client, "other").await.contains("Export with name shared is already exported by stack exporter"));
    assert_eq!(update(&client, "exporter", &EXPORTS.replace("one", "four")).await, "UPDATE_ROLLBACK_COMPLETE");
    assert!(reasons(&client, "exporter").await.contains("Export shared cannot be updated as it is in use by importer"));
    cloud.sqs().get_queue_url().queue_name("one").send().await.unwrap();
    client.delete_stack().stack_name("exporter").send().await.unwrap();
    assert!(reasons(&client, "exporter").await.contains("Export shared cannot be deleted as it is in use by importer"));
    cloud.sqs().get_queue_url().queue_name("one").send().await.unwrap();
}

/// Of two outputs of one name the last won without a word; an export might be empty; a policy of nobody was made.
#[tokio::test]
async fn exports_have_a_name_each_and_a_value_and_a_policy_has_holders() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let outputs = |outputs: &str| format!("Resources: {{Q: {{Type: 'AWS::SQS::Queue'}}}}\nOutputs: {outputs}");
    let twice = outputs("{A: {Value: a, Export: {Name: z}}, B: {Value: b, Export: {Name: z}}}");
    let refused = message(client.create_stack().stack_name("twice").template_body(twice).send().await);
    assert!(refused.contains("duplicate Export names: [z]. Specify a unique name"), "{refused}");
    let tag = |value: &str| aws_sdk_cloudformation::types::Tag::builder().key("a").value(value).build();
    let tagged = client.create_stack().stack_name("tags").template_body(EXPORTS).tags(tag("1")).tags(tag("2"));
    assert_eq!(message(tagged.send().await), "Tags contain duplicate keys; tag keys must be unique");
    let policy = "Resources: {P: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, PolicyDocument: {Version: \
                  '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}}}}";
    let computed = "{A: {Value: a, Export: {Name: !Sub '${AWS::Region}'}}, B: {Value: b, Export: {Name: us-east-1}}}";
    for (stack, template, why) in [
        ("computed", outputs(computed), "duplicate Export names: [us-east-1]"),
        ("blank", outputs("{A: {Value: ' ', Export: {Name: y}}}"), "Exported values must not be empty"),
        (
            "long",
            outputs(&format!("{{A: {{Value: {}, Export: {{Name: x}}}}}}", "v".repeat(1_025))),
            "Cannot export output A with length 1025. Max length of 1024 exceeded.",
        ),
        ("nobodys", policy.to_owned(), "At least one of [Groups,Roles,Users] must be non-empty."),
    ] {
        assert_eq!(create(&client, stack, &template).await, "ROLLBACK_COMPLETE", "{stack}");
        let told = reasons(&client, stack).await;
        assert!(told.contains(why), "{stack}: {told}");
    }
}

/// The rollback of a stack's first update deleted every resource that the update had left alone: it took them for new.
#[tokio::test]
async fn a_rollback_leaves_alone_what_the_update_left_alone() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template =
        |more: &str| format!("Resources: {{Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: one}}}}{more}}}");
    cloud.sqs().create_queue().queue_name("taken").send().await.unwrap();
    let taken = ", Taken: {Type: 'AWS::SQS::Queue', DependsOn: Q, Properties: {QueueName: taken}}";
    assert_eq!(create(&client, "s", &template("")).await, "CREATE_COMPLETE");
    assert_eq!(update(&client, "s", &template(taken)).await, "UPDATE_ROLLBACK_COMPLETE");
    assert!(reasons(&client, "s").await.contains("already exists"));
    cloud.sqs().get_queue_url().queue_name("one").send().await.unwrap();
}

#[tokio::test]
async fn a_stack_policy_is_obeyed() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = |delay: u32| {
        format!("Resources: {{Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: q, DelaySeconds: {delay}}}}}}}")
    };
    create(&client, "s", &template(1)).await;
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*"}]}"#;
    client.set_stack_policy().stack_name("s").stack_policy_body(deny).send().await.unwrap();
    assert_eq!(update(&client, "s", &template(2)).await, "UPDATE_ROLLBACK_COMPLETE");
    assert!(reasons(&client, "s").await.contains("Action denied by stack policy"));
    client.set_stack_policy().stack_name("s").stack_policy_body("{}").send().await.unwrap();
    assert_eq!(update(&client, "s", &template(2)).await, "UPDATE_COMPLETE");
    let refused = client.set_stack_policy().stack_name("s").stack_policy_body("x").send().await;
    assert_eq!(message(refused), "Error validating stack policy: Invalid stack policy");
}

const LOOP: &str = "
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - !Ref Names
    - 'Queue${Name}': {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub 'q-${Name}'}}
";

#[tokio::test]
async fn a_template_in_a_bucket_with_loops() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    cloud.s3().create_bucket().bucket("templates").send().await.unwrap();
    let body = aws_sdk_s3::primitives::ByteStream::from_static(LOOP.as_bytes());
    cloud.s3().put_object().bucket("templates").key("a/b.yaml").body(body).send().await.unwrap();
    let names = Parameter::builder().parameter_key("Names").parameter_value("a, b").build();
    let from = |stack: &str, url: &str| {
        let expand = Capability::CapabilityAutoExpand;
        let create = client.create_stack().stack_name(stack).template_url(url).parameters(names.clone());
        create.capabilities(expand).send()
    };
    from("looped", "https://templates.s3.us-east-1.amazonaws.com/a/b.yaml").await.unwrap();
    assert_eq!(status(&client, "looped").await, "CREATE_COMPLETE");
    for queue in ["q-a", "q-b"] {
        cloud.sqs().get_queue_url().queue_name(queue).send().await.unwrap();
    }
    assert_eq!(message(from("x", "https://example.com/a.yaml").await), "TemplateURL must be a supported URL.");
    assert!(message(from("x", "https://s3.amazonaws.com/templates/none").await).starts_with("S3 error: "));
}

/// A role with an inline policy.
fn role(document: &str) -> String {
    let trust = "{Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sts:AssumeRole'}]}";
    format!(
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: half\n      \
         AssumeRolePolicyDocument: {trust}\n      Policies: [{{PolicyName: p, PolicyDocument: {document}}}]\n"
    )
}

#[tokio::test]
async fn a_half_made_resource_goes_as_well() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let fine = "{Statement: [{Effect: Allow, Action: 'sns:Publish', Resource: '*'}]}";
    assert_eq!(create(&client, "bad", &role("{Statement: nonsense}")).await, "ROLLBACK_COMPLETE");
    // The role had been made before its policy was refused.
    assert_eq!(create(&client, "good", &role(fine)).await, "CREATE_COMPLETE");
    // Another's role isn't taken away by a creation that finds its name taken.
    assert_eq!(create(&client, "rival", &role(fine)).await, "ROLLBACK_COMPLETE");
    assert!(reasons(&client, "rival").await.contains("already exists"));
    assert_eq!(update(&client, "good", &role(&fine.replace("Publish", "Subscribe"))).await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn what_a_failed_creation_leads_to_is_the_callers_choice() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let template = "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: kept}}\n  \
        B: {Type: 'AWS::SQS::Queue', DependsOn: A, Properties: {QueueName: 'not/a/name'}}\n";
    let begin = |stack: &str, then: OnFailure| {
        client.create_stack().stack_name(stack).template_body(template).on_failure(then).send()
    };
    begin("stay", OnFailure::DoNothing).await.unwrap();
    assert_eq!(status(&client, "stay").await, "CREATE_FAILED");
    cloud.sqs().get_queue_url().queue_name("kept").send().await.unwrap();
    client.rollback_stack().stack_name("stay").send().await.unwrap();
    assert_eq!(status(&client, "stay").await, "ROLLBACK_COMPLETE");
    let made = begin("go", OnFailure::Delete).await.unwrap();
    assert_eq!(status(&client, &made.stack_id.unwrap()).await, "DELETE_COMPLETE");
    assert!(cloud.sqs().get_queue_url().queue_name("kept").send().await.is_err());
}

#[tokio::test]
async fn mistakes_are_told_before_anything_happens() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let queue = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}";
    let cases = [
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        (
            "Parameters: {P: {Type: String}}\nResources: {Q: {Type: 'AWS::SQS::Queue'}}",
            "Parameters: [P] must have values",
        ),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', DependsOn: B}, B: {Type: 'AWS::SQS::Queue', DependsOn: A}}",
            "Circular dependency between resources: [A, B]",
        ),
        ("Resources: {R: {Type: 'AWS::IAM::Role'}}", "Requires capabilities : [CAPABILITY_IAM]"),
    ];
    for (template, expected) in cases {
        let refused = client.create_stack().stack_name("s").template_body(template).send().await;
        assert_eq!(message(refused), expected);
    }
    let named = client.create_stack().stack_name("1s").template_body(queue).send().await;
    assert!(message(named).contains("at 'stackName' failed to satisfy constraint"));
    let absent = client.describe_stacks().stack_name("s").send().await;
    assert_eq!(message(absent), "Stack with id s does not exist");
    create(&client, "s", queue).await;
    let again = client.update_stack().stack_name("s").template_body(queue).send().await;
    assert_eq!(message(again), "No updates are to be performed.");
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(queue);
    let twice = set.change_set_type(ChangeSetType::Create).send().await;
    assert_eq!(message(twice), "Stack [s] already exists and cannot be created again with the changeSet [c].");
}

#[tokio::test]
async fn events_go_to_the_notification_topics() {
    let cloud = TestCloud::start().await;
    let topic = crate::helpers::topics::topic(&cloud.sns(), "watch", &[]).await;
    let queue = crate::helpers::queues::queue(&cloud.sqs(), "watcher", &[]).await;
    crate::helpers::topics::subscribe(&cloud, &topic, &queue, &[("RawMessageDelivery", "true")]).await;
    let client = cloud.cloudformation();
    let create = client.create_stack().stack_name("told").notification_arns(&topic);
    create.template_body("Resources: {Q: {Type: 'AWS::SQS::Queue'}}").send().await.unwrap();
    assert_eq!(status(&client, "told").await, "CREATE_COMPLETE");
    let events = client.describe_stack_events().stack_name("told").send().await.unwrap().stack_events.unwrap();
    let told = crate::helpers::queues::drain(&cloud.sqs(), &queue).await;
    let told = crate::helpers::queues::bodies(&told);
    assert_eq!(told.len(), events.len());
    for event in &events {
        let id = format!("EventId='{}'\n", event.event_id().unwrap());
        let told = told.iter().find(|body| body.contains(&id)).expect("each event is told");
        assert!(told.starts_with(&format!("StackId='{}'\n", event.stack_id().unwrap())), "{told}");
        let status = event.resource_status().unwrap().as_str();
        assert!(told.contains(&format!("\nResourceStatus='{status}'\n")), "{told}");
    }
}

/// What would be stored and without effect is refused by name.
#[tokio::test]
async fn alarms_and_drift_are_refused() {
    use aws_sdk_cloudformation::types::RollbackConfiguration;
    let cloud = TestCloud::start().await;
    let create = cloud.cloudformation().create_stack().stack_name("s").template_body(EXPORTS);
    let watched = RollbackConfiguration::builder().monitoring_time_in_minutes(5).build();
    let message = message(create.rollback_configuration(watched).send().await);
    assert!(message.contains("RollbackConfiguration is not supported"), "{message}");
}
