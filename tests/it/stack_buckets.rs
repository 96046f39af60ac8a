//! What a stack's bucket has in S3 of what its template says.

use aws_sdk_s3::Client;

use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

const TEMPLATE: &str = r"
Resources:
  There:
    Type: AWS::S3::Bucket
    Properties: {BucketName: there, VersioningConfiguration: {Status: Enabled}}
  Here:
    Type: AWS::S3::Bucket
    DependsOn: There
    Properties:
      BucketName: here
      AccessControl: LogDeliveryWrite
      OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}
      VersioningConfiguration: {Status: Enabled}
      AccelerateConfiguration: {AccelerationStatus: Enabled}
      LoggingConfiguration: {LogFilePrefix: logs/}
      LifecycleConfiguration:
        TransitionDefaultMinimumObjectSize: varies_by_storage_class
        Rules:
          - {Id: cold, Status: Enabled, Transitions: [{StorageClass: GLACIER, TransitionInDays: 30}]}
      ReplicationConfiguration:
        Role: arn:aws:iam::000000000000:role/r
        Rules: [{Id: all, Status: Enabled, Prefix: '', Destination: {Bucket: 'arn:aws:s3:::there'}}]
      AnalyticsConfigurations: [{Id: a, StorageClassAnalysis: {}}]
      InventoryConfigurations:
        - {Id: i, Enabled: true, IncludedObjectVersions: All, ScheduleFrequency: Daily, Destination: {BucketArn: 'arn:aws:s3:::there', Format: CSV}}
      MetricsConfigurations: [{Id: m, Prefix: p/}]
      IntelligentTieringConfigurations: [{Id: t, Status: Enabled, Tierings: [{AccessTier: ARCHIVE_ACCESS, Days: 90}]}]
";

/// How many grants, configurations and the like S3 tells of the bucket.
async fn told(s3: &Client) -> Vec<usize> {
    let grants = s3.get_bucket_acl().bucket("here").send().await.unwrap().grants().len();
    let fast = s3.get_bucket_accelerate_configuration().bucket("here").send().await.unwrap();
    let fast = fast.status().is_some_and(|status| status.as_str() == "Enabled");
    let logs = s3.get_bucket_logging().bucket("here").send().await.unwrap().logging_enabled.is_some();
    let copies = s3.get_bucket_replication().bucket("here").send().await.is_ok();
    let cold = s3.get_bucket_lifecycle_configuration().bucket("here").send().await;
    let cold = cold.map_or(0, |it| it.rules().iter().flat_map(|rule| rule.transitions()).count());
    let analytics = s3.list_bucket_analytics_configurations().bucket("here").send().await.unwrap();
    let inventory = s3.list_bucket_inventory_configurations().bucket("here").send().await.unwrap();
    let metrics = s3.list_bucket_metrics_configurations().bucket("here").send().await.unwrap();
    let tiering = s3.list_bucket_intelligent_tiering_configurations().bucket("here").send().await.unwrap();
    vec![
        grants,
        usize::from(fast),
        usize::from(logs),
        usize::from(copies),
        cold,
        analytics.analytics_configuration_list().len(),
        inventory.inventory_configuration_list().len(),
        metrics.metrics_configuration_list().len(),
        tiering.intelligent_tiering_configuration_list().len(),
    ]
}

/// CloudFormation kept these properties to itself, and S3 said that there is nothing of them.
#[tokio::test]
async fn s3_tells_of_a_stacks_bucket_what_its_template_says() {
    let cloud = TestCloud::start().await;
    let (client, s3) = (cloud.cloudformation(), cloud.s3());
    client.create_stack().stack_name("s").template_body(TEMPLATE).send().await.unwrap();
    let stack = rest(&client, "s").await;
    assert_eq!(stack.stack_status.as_ref().unwrap().as_str(), "CREATE_COMPLETE", "{stack:?}");
    assert_eq!(told(&s3).await, [3, 1, 1, 1, 1, 1, 1, 1, 1]);
    let logging = s3.get_bucket_logging().bucket("here").send().await.unwrap().logging_enabled.unwrap();
    assert_eq!((logging.target_bucket(), logging.target_prefix()), ("here", "logs/"), "the bucket itself");
    let least = s3.get_bucket_lifecycle_configuration().bucket("here").send().await.unwrap();
    assert_eq!(least.transition_default_minimum_object_size().unwrap().as_str(), "varies_by_storage_class");

    // What goes from the template goes from the bucket.
    let plain = TEMPLATE.split_once("      AccessControl").unwrap().0;
    client.update_stack().stack_name("s").template_body(plain).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "UPDATE_COMPLETE");
    assert_eq!(told(&s3).await, [1, 0, 0, 0, 0, 0, 0, 0, 0]);

    // What S3 refuses fails the resource, as on AWS.
    let nowhere = format!("{plain}      LoggingConfiguration: {{DestinationBucketName: none}}\n");
    client.update_stack().stack_name("s").template_body(&nowhere).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "UPDATE_ROLLBACK_COMPLETE");
    let events = client.describe_stack_events().stack_name("s").send().await.unwrap();
    let why = |text: &str| {
        events
            .stack_events()
            .iter()
            .any(|event| event.resource_status_reason().is_some_and(|reason| reason.contains(text)))
    };
    assert!(why("The target bucket for logging does not exist"));
}
