//! Stacks with what this cloud doesn't simulate: properties that are stored and told, refusals by name, placeholders.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Stack;

use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

/// Creates a stack, and waits until it has come to rest; or the error's text.
async fn create(client: &Client, stack: &str, template: &str) -> Result<Stack, String> {
    let sent = client.create_stack().stack_name(stack).template_body(template).disable_rollback(true).send().await;
    match sent {
        Ok(_) => Ok(rest(client, stack).await),
        Err(error) => Err(error.into_service_error().meta().message().unwrap().to_owned()),
    }
}

fn status(stack: &Stack) -> &str {
    stack.stack_status().unwrap().as_str()
}

fn output<'s>(stack: &'s Stack, key: &str) -> &'s str {
    stack.outputs().iter().find(|output| output.output_key() == Some(key)).unwrap().output_value().unwrap()
}

/// The status and the reason of a resource.
async fn resource(client: &Client, stack: &str, logical_id: &str) -> (String, String) {
    let described = client.describe_stack_resource().stack_name(stack).logical_resource_id(logical_id).send().await;
    let detail = described.unwrap().stack_resource_detail.unwrap();
    let reason = detail.resource_status_reason.unwrap_or_default();
    (detail.resource_status.unwrap().as_str().to_owned(), reason)
}

/// Templates with a machine take its image from AWS.
#[tokio::test]
async fn images_of_public_parameters_are_made_up() {
    let template = r"
Parameters:
  Image: {Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>, Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}
Resources:
  Machine: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Image}}
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  Image: {Value: !Ref Image}
  Again: {Value: '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}'}
";
    let cloud = TestCloud::with_placeholders().await;
    let client = cloud.cloudformation();
    let stack = create(&client, "s", template).await.unwrap();
    assert_eq!(status(&stack), "CREATE_COMPLETE");
    assert!(output(&stack, "Image").starts_with("ami-"));
    assert_eq!(output(&stack, "Image"), output(&stack, "Again"));
    assert!(
        cloud.notices().iter().any(|text| text.contains("is a public parameter of AWS's")),
        "{:?}",
        cloud.notices()
    );
    let plain = TestCloud::start().await;
    let refused = create(&plain.cloudformation(), "s", template).await.unwrap_err();
    assert!(refused.contains("is not supported") || refused.contains("not simulate"), "{refused}");
    let without = template.replace("  Machine: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Image}}\n", "");
    let refused = create(&plain.cloudformation(), "s", &without).await.unwrap_err();
    assert!(refused.contains("AWS's public parameters [/aws/service/ami-"), "{refused}");
}

/// One property without bearing on the run took the whole stack down.
#[tokio::test]
async fn properties_without_an_effect_are_stored_and_told_once() {
    let template = r"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: Private
      LoggingConfiguration: {LogFilePrefix: logs/}
      MetricsConfigurations: [{Id: all}]
      AccelerateConfiguration: {AccelerationStatus: Enabled}
      LifecycleConfiguration:
        Rules:
          - {Status: Enabled, Transitions: [{StorageClass: GLACIER, TransitionInDays: 30}]}
          - {Status: Enabled, ExpirationInDays: 90, Transitions: [{StorageClass: GLACIER, TransitionInDays: 30}]}
  Topic: {Type: AWS::SNS::Topic, Properties: {TracingConfig: Active}}
Outputs: {Name: {Value: !Ref Bucket}}
";
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let stack = create(&client, "s", template).await.unwrap();
    assert_eq!(status(&stack), "CREATE_COMPLETE", "{:?}", resource(&client, "s", "Bucket").await);
    let told: Vec<String> = cloud.notices().into_iter().filter(|text| text.starts_with("stack s: stored")).collect();
    assert_eq!(
        told,
        ["stack s: stored, without effect here: AWS::S3::Bucket AccelerateConfiguration, LoggingConfiguration, \
          MetricsConfigurations; AWS::SNS::Topic TracingConfig"]
    );
    let bucket = output(&stack, "Name");
    let rules = cloud.s3().get_bucket_lifecycle_configuration().bucket(bucket).send().await.unwrap();
    assert_eq!(rules.rules().len(), 2);
    client.delete_stack().stack_name("s").send().await.unwrap();
    assert_eq!(status(&rest(&client, stack.stack_id().unwrap()).await), "DELETE_COMPLETE");
}

#[tokio::test]
async fn a_property_without_which_the_run_would_be_another_is_refused_by_name() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    for (number, (kind, properties, path)) in [
        ("AWS::S3::Bucket", "BucketNamePrefix: a", "#/BucketNamePrefix"),
        (
            "AWS::S3::Bucket",
            "NotificationConfiguration: {LambdaConfigurations: []}",
            "#/NotificationConfiguration/LambdaConfigurations",
        ),
        (
            "AWS::KinesisFirehose::DeliveryStream",
            "SplunkDestinationConfiguration: {}",
            "#/SplunkDestinationConfiguration",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let template = format!("Resources: {{R: {{Type: '{kind}', Properties: {{{properties}}}}}}}");
        let name = format!("s{number}");
        assert_eq!(status(&create(&client, &name, &template).await.unwrap()), "CREATE_FAILED");
        let (_, reason) = resource(&client, &name, "R").await;
        assert!(reason.contains(&format!("{path}: AWS has this property, and this cloud does not")), "{reason}");
    }
}

/// An alarm was refused in AWS's words for a typo.
#[tokio::test]
async fn types_are_refused_by_what_is_wrong_with_them() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let alarm = "Resources: {Alarm: {Type: 'AWS::CloudWatch::Alarm'}}";
    let expected = "AWS::CloudWatch::Alarm (resource Alarm) is a type of AWS's that this cloud does not simulate; \
                    `messaging local --placeholders` lets it stand as a placeholder";
    assert_eq!(create(&client, "s", alarm).await.unwrap_err(), expected);
    let validated = client.validate_template().template_body(alarm).send().await.unwrap_err();
    assert_eq!(validated.into_service_error().meta().message().unwrap(), expected);
    let typo = "Resources: {Q: {Type: 'AWS::SQS::Queu'}}";
    assert_eq!(
        create(&client, "s", typo).await.unwrap_err(),
        "Template format error: Unrecognized resource types: [AWS::SQS::Queu]. Did you mean AWS::SQS::Queue?"
    );
}

/// What is around a topic and its queue in most templates.
const AROUND: &str = r"
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: lambda, Endpoint: !GetAtt Function.Arn}, {Protocol: sqs, Endpoint: !GetAtt Queue.Arn}]}
  Queue: {Type: AWS::SQS::Queue}
  Function:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: worker, Runtime: python3.13, Handler: a.b, Role: r, Code: {ZipFile: x}}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: lambda, Endpoint: !GetAtt Function.Arn}
  Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {RoleArn: r}}
  Group: {Type: AWS::AutoScaling::AutoScalingGroup, CreationPolicy: {ResourceSignal: {Count: 1}}, Properties: {MinSize: '1', MaxSize: '1'}}
  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Snapshot, Properties: {KeySchema: []}}
  Custom: {Type: Custom::Thing, Version: '1.0', Properties: {ServiceToken: !GetAtt Function.Arn}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt Function.Arn}]
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties: {HttpEndpointDestinationConfiguration: {EndpointConfiguration: {Url: 'https://example.com'}}}
Outputs:
  Function: {Value: !Ref Function}
  FunctionArn: {Value: !GetAtt Function.Arn}
  Machine: {Value: !Ref Machine}
  Table: {Value: !Ref Table}
  TableStream: {Value: !GetAtt Table.StreamArn}
  Thing: {Value: !GetAtt Custom.Whatever}
  Stream: {Value: !GetAtt Stream.Arn}
";

#[tokio::test]
async fn placeholders_stand_for_what_is_not_simulated_and_say_so() {
    let mut cloud = TestCloud::with_placeholders().await;
    let client = cloud.cloudformation();
    let stack = create(&client, "s", AROUND).await.unwrap();
    assert_eq!(status(&stack), "CREATE_COMPLETE", "{:?}", cloud.notices());
    assert_eq!(output(&stack, "Function"), "worker");
    assert_eq!(output(&stack, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:worker");
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:s-Machine-";
    assert!(output(&stack, "Machine").starts_with(machine), "{}", output(&stack, "Machine"));
    assert!(output(&stack, "Table").starts_with("s-Table-"));
    assert!(output(&stack, "TableStream").starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/s-Table-"));
    assert!(output(&stack, "Thing").ends_with("-Whatever"));
    assert!(output(&stack, "Stream").starts_with("arn:aws:firehose:us-east-1:000000000000:deliverystream/s-Stream-"));
    for (logical_id, words) in [
        ("Function", "placeholder for AWS::Lambda::Function"),
        ("Custom", "placeholder for Custom::Thing"),
        ("Subscription", "are not delivered to arn:aws:lambda:us-east-1:000000000000:function:worker"),
        ("Stream", "placeholder for AWS::KinesisFirehose::DeliveryStream"),
        ("Topic", "does not simulate it: Subscription of arn:aws:lambda:us-east-1:000000000000:function:worker"),
        ("Bucket", "does not simulate it: NotificationConfiguration.LambdaConfigurations"),
    ] {
        let (_, reason) = resource(&client, "s", logical_id).await;
        assert!(reason.contains(words), "{logical_id}: {reason}");
        cloud.notice_with(&["stack s: ", logical_id, words.split(": ").last().unwrap()]).await;
    }
    // What is simulated is there: the queue is subscribed.
    assert_eq!(cloud.sns().list_subscriptions().send().await.unwrap().subscriptions().len(), 1);
    // The stack goes without the flag as well, though nothing like it comes.
    cloud.forbid_placeholders();
    cloud.restart().await;
    let client = cloud.cloudformation();
    assert!(create(&client, "t", AROUND).await.unwrap_err().contains("this cloud does not simulate"));
    client.delete_stack().stack_name("s").send().await.unwrap();
    assert_eq!(status(&rest(&client, stack.stack_id().unwrap()).await), "DELETE_COMPLETE");
}

#[tokio::test]
async fn a_placeholder_is_updated_in_place_and_replaced_with_its_name() {
    let cloud = TestCloud::with_placeholders().await;
    let client = cloud.cloudformation();
    let template = |name: &str, memory: u32| {
        format!(
            "Resources: {{F: {{Type: 'AWS::Lambda::Function', Properties: {{FunctionName: {name}, MemorySize: {memory}}}}}}}\n\
             Outputs: {{F: {{Value: !GetAtt F.Arn}}}}"
        )
    };
    create(&client, "s", &template("one", 128)).await.unwrap();
    for (name, memory) in [("one", 256), ("two", 256)] {
        client.update_stack().stack_name("s").template_body(template(name, memory)).send().await.unwrap();
        let stack = rest(&client, "s").await;
        assert_eq!(status(&stack), "UPDATE_COMPLETE");
        assert!(output(&stack, "F").ends_with(&format!(":function:{name}")));
    }
    let wrong = "Resources: {F: {Type: 'AWS::Lambda::Function'}, Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !GetAtt F.Nope}}}";
    let failed = create(&client, "wrong", wrong).await.unwrap();
    let reason = failed.stack_status_reason().unwrap();
    assert!(reason.contains("Resource type AWS::Lambda::Function does not support attribute {Nope}"), "{reason}");
}

/// A stream that was to elsewhere goes to a bucket after an update, and back.
#[tokio::test]
async fn a_stream_becomes_real_when_its_destination_is_simulated() {
    let cloud = TestCloud::with_placeholders().await;
    let client = cloud.cloudformation();
    let template = |destination: &str| {
        format!(
            "Resources: {{B: {{Type: 'AWS::S3::Bucket'}}, S: {{Type: 'AWS::KinesisFirehose::DeliveryStream', \
             Properties: {{DeliveryStreamName: s, {destination}}}}}}}"
        )
    };
    let elsewhere = template("SplunkDestinationConfiguration: {}");
    let here =
        template("S3DestinationConfiguration: {BucketARN: !GetAtt B.Arn, RoleARN: 'arn:aws:iam::000000000000:role/r'}");
    assert_eq!(status(&create(&client, "s", &elsewhere).await.unwrap()), "CREATE_COMPLETE");
    let streams = async || cloud.firehose().list_delivery_streams().send().await.unwrap().delivery_stream_names;
    assert!(streams().await.is_empty());
    for (to, expected) in [(&here, 1), (&elsewhere, 0)] {
        client.update_stack().stack_name("s").template_body(to).send().await.unwrap();
        assert_eq!(status(&rest(&client, "s").await), "UPDATE_COMPLETE");
        assert_eq!(streams().await.len(), expected);
    }
}

/// Two stacks had the same to tell, and nobody knew of whom it was.
#[tokio::test]
async fn whatever_is_told_while_a_stack_runs_names_the_stack() {
    let template = r"
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref AWS::StackName, AbacStatus: Disabled}}
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      ExtendedS3DestinationConfiguration: {BucketARN: !GetAtt Bucket.Arn, RoleARN: 'arn:aws:iam::000000000000:role/never'}
  Topic: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: email, Endpoint: a@example.com}]}}
";
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    for name in ["one", "two"] {
        let stack = create(&client, name, template).await.unwrap();
        assert_eq!(status(&stack), "CREATE_COMPLETE");
        client.delete_stack().stack_name(name).send().await.unwrap();
        rest(&client, stack.stack_id().unwrap()).await;
    }
    let told: Vec<String> = cloud.notices();
    for what in ["never created", "waits for its confirmation", "without effect here"] {
        let of = |name: &str| {
            told.iter().filter(|text| text.starts_with(&format!("stack {name}: ")) && text.contains(what)).count()
        };
        assert_eq!((of("one"), of("two")), (1, 1), "{what}: {told:#?}");
    }
    assert!(told.iter().all(|text| text.starts_with("stack ")), "{told:#?}");
}
