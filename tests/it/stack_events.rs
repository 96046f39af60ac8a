//! Operations on stacks by their ids, and what is seen to be wrong with a change set before it is executed.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    ChangeSetType, DeploymentConfig, DeploymentConfigMode, EventFilter, EventType, OperationEvent, OperationType,
};

use crate::helpers::cloud::TestCloud;
use crate::helpers::queues::queue;
use crate::helpers::stacks::rest;

const ONE: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}}";
const FAILS: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}, S: {Type: 'AWS::SQS::Queue', DependsOn: T, \
    Properties: {RedrivePolicy: {maxReceiveCount: 1, deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:none'}}}}";

fn message<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
    error.message().unwrap_or_default().to_owned()
}

async fn of_operation(client: &Client, id: &str) -> Vec<OperationEvent> {
    client.describe_events().operation_id(id).send().await.unwrap().operation_events.unwrap()
}

#[tokio::test]
async fn events_are_found_by_their_operation() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let made = client.create_stack().stack_name("s").template_body(ONE).send().await.unwrap();
    rest(&client, "s").await;
    let updated = client.update_stack().stack_name("s").template_body(FAILS).send().await.unwrap();
    let stack = rest(&client, "s").await;
    let last = stack.last_operations();
    let kinds: Vec<_> = last.iter().filter_map(|operation| operation.operation_type()).collect();
    assert_eq!(kinds, [&OperationType::Rollback, &OperationType::UpdateStack]);
    assert_eq!(last[1].operation_id(), updated.operation_id());
    let events = of_operation(&client, made.operation_id().unwrap()).await;
    assert!(events.iter().all(|event| event.operation_id() == made.operation_id()));
    assert_eq!(events[0].operation_status().unwrap().as_str(), "SUCCEEDED");
    let failed = client.describe_events().operation_id(updated.operation_id().unwrap());
    let failed = failed.filters(EventFilter::builder().failed_events(true).build()).send().await.unwrap();
    let [event] = failed.operation_events() else { panic!("{failed:?}") };
    assert_eq!((event.event_type(), event.logical_resource_id()), (Some(&EventType::ProvisioningError), Some("S")));
    let all = client.describe_events().stack_name("s").send().await.unwrap();
    let older = client.describe_stack_events().stack_name("s").send().await.unwrap();
    assert_eq!(all.operation_events().len(), older.stack_events().len());
    assert_eq!(older.stack_events()[0].operation_id(), last[0].operation_id());
    let none = client.describe_events().change_set_name("c").send().await;
    assert_eq!(message(none), "One of ChangeSetName, OperationId or StackName must be specified");
    assert!(message(client.describe_events().operation_id("x").send().await).contains("[x]"));
}

/// The fields that the CDK shows of each.
#[tokio::test]
async fn a_change_set_is_validated_before_it_is_executed() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let url = queue(&cloud.sqs(), "taken", &[]).await;
    let template = "Resources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: taken}}\n  \
        P: {Type: 'AWS::SQS::Queue', Properties: {Delay: 1}}\n  \
        L: {Type: 'AWS::SNS::TopicPolicy', Properties: {Topics: []}}\n  \
        U: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt Q.QueueName}}";
    let set = |name: &str| {
        let set = client.create_change_set().stack_name("s").change_set_name(name).template_body(template);
        set.change_set_type(ChangeSetType::Create)
    };
    let made = set("c").send().await.unwrap();
    let described = client.describe_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(described.status().unwrap().as_str(), "FAILED");
    assert_eq!(
        described.status_reason(),
        Some(
            "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation, AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
        )
    );
    let events = client.describe_events().change_set_name(made.id().unwrap());
    let events = events.filters(EventFilter::builder().failed_events(true).build()).send().await.unwrap();
    let mut shown: Vec<_> = events
        .operation_events()
        .iter()
        .filter(|event| event.event_type() == Some(&EventType::ValidationError))
        .map(|event| {
            assert_eq!(event.operation_type(), Some(&OperationType::CreateChangeset));
            let name = event.logical_resource_id().unwrap();
            let path = event.validation_path().unwrap();
            (name, event.validation_name().unwrap(), event.validation_status_reason().unwrap(), path)
        })
        .collect();
    shown.sort_unstable();
    let properties = "PROPERTY_VALIDATION";
    let taken = format!("Resource of type 'AWS::SQS::Queue' with identifier '{url}' already exists.");
    assert_eq!(
        shown,
        [
            ("L", properties, "Required property [PolicyDocument] not found", "/Resources/L/Properties"),
            ("P", properties, "extraneous key [Delay] is not permitted", "/Resources/P/Properties"),
            ("Q", "NAME_CONFLICT_VALIDATION", taken.as_str(), "/Resources/Q"),
        ]
    );
    assert!(client.execute_change_set().change_set_name(made.id().unwrap()).send().await.is_err());
    set("d").disable_validation(true).send().await.unwrap();
    let described = client.describe_change_set().stack_name("s").change_set_name("d").send().await.unwrap();
    assert_eq!(described.status().unwrap().as_str(), "CREATE_COMPLETE");
    let refused = message(set("e").import_existing_resources(true).send().await);
    assert!(refused.starts_with("Importing resources is not supported by this cloud: Q. "), "{refused}");
}

/// The CDK's bootstrap asks to import what is there, also where nothing is.
#[tokio::test]
async fn what_is_there_may_be_imported_where_nothing_is() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let set = client.create_change_set().stack_name("s").change_set_name("c").template_body(ONE);
    set.change_set_type(ChangeSetType::Create).import_existing_resources(true).send().await.unwrap();
    let described = client.describe_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(described.import_existing_resources(), Some(true));
    client.execute_change_set().stack_name("s").change_set_name("c").send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status().unwrap().as_str(), "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_deployment_has_a_mode_and_may_not_be_rolled_back() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let config =
        |mode: &str| DeploymentConfig::builder().mode(DeploymentConfigMode::from(mode)).disable_rollback(true).build();
    let create =
        |mode: &str| client.create_stack().stack_name("s").template_body(FAILS).deployment_config(config(mode)).send();
    assert!(message(create("FAST").await).contains("satisfy enum value set: [STANDARD, EXPRESS]"));
    create("EXPRESS").await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status().unwrap().as_str(), "CREATE_FAILED");
}
