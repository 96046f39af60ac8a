//! `AWS::Include`: what lies in S3 is put into templates.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, Parameter, TemplateStage};

use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

const TEMPLATE: &str = r#"
Parameters: {Bucket: {Type: String}}
Resources:
  Store:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: store
      "Fn::Transform": {Name: "AWS::Include", Parameters: {Location: !Sub "s3://${Bucket}/value.yaml"}}
  "Fn::Transform": {Name: "AWS::Include", Parameters: {Location: "s3://snippets/queue.json"}}
Outputs: {Name: {Value: !Ref Store}, Url: {Value: !Ref Queue}}
"#;

async fn put(cloud: &TestCloud, key: &str, text: &str) {
    cloud.s3().put_object().bucket("snippets").key(key).body(text.as_bytes().to_vec().into()).send().await.unwrap();
}

async fn processed(client: &Client, stage: TemplateStage) -> String {
    let got = client.get_template().stack_name("s").template_stage(stage).send().await.unwrap();
    got.template_body.unwrap()
}

/// The transform was refused by name.
#[tokio::test]
async fn a_template_includes_what_lies_in_s3() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    cloud.s3().create_bucket().bucket("snippets").send().await.unwrap();
    put(&cloud, "value.yaml", "DisplayName: one").await;
    put(&cloud, "queue.json", r#"{"Queue": {"Type": "AWS::SQS::Queue"}}"#).await;
    let parameter = Parameter::builder().parameter_key("Bucket").parameter_value("snippets").build();
    let create = client.create_stack().stack_name("s").template_body(TEMPLATE).parameters(parameter.clone());
    let wants = create.clone().send().await.unwrap_err();
    assert!(wants.message().unwrap().contains("CAPABILITY_AUTO_EXPAND"), "{wants:?}");
    create.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    let stack = rest(&client, "s").await;
    assert_eq!(stack.stack_status.as_ref().unwrap().as_str(), "CREATE_COMPLETE", "{stack:?}");
    let topic = stack.outputs().iter().find(|output| output.output_key() == Some("Name")).unwrap();
    let topic = topic.output_value().unwrap();
    let value = async || {
        let got = cloud.sns().get_topic_attributes().topic_arn(topic).send().await.unwrap();
        got.attributes.unwrap().remove("DisplayName").unwrap()
    };
    assert_eq!(value().await, "one");
    assert_eq!(processed(&client, TemplateStage::Original).await, TEMPLATE);
    let whole = processed(&client, TemplateStage::Processed).await;
    assert!(whole.contains("\"DisplayName\":\"one\"") && !whole.contains("Transform"), "{whole}");

    // The file changes, and the stack with the next update.
    put(&cloud, "value.yaml", "DisplayName: two").await;
    assert_eq!(value().await, "one");
    let update = client.update_stack().stack_name("s").use_previous_template(true).parameters(parameter);
    update.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap();
    assert_eq!(rest(&client, "s").await.stack_status.unwrap().as_str(), "UPDATE_COMPLETE");
    assert_eq!(value().await, "two");
    let summary = client.get_template_summary().template_body(TEMPLATE).send().await.unwrap();
    assert_eq!(summary.declared_transforms(), ["AWS::Include"]);
}

#[tokio::test]
async fn what_cant_be_included_is_told_in_awss_words() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    cloud.s3().create_bucket().bucket("snippets").send().await.unwrap();
    put(&cloud, "short.yaml", "DisplayName: !Ref AWS::Region").await;
    put(&cloud, "queue.json", r#"{"Queue": {"Type": "AWS::SQS::Queue"}}"#).await;
    for (location, words) in [
        ("s3://none/key.yml", "S3 bucket [none] does not exist."),
        ("s3://snippets/none", "The specified key does not exist."),
        ("https://snippets/none", "The location parameter is not a valid S3 uri."),
        ("s3://snippets/short.yaml", "The specified S3 object's content should be valid Yaml/JSON."),
    ] {
        let template = TEMPLATE.replace("s3://${Bucket}/value.yaml", location);
        let parameter = Parameter::builder().parameter_key("Bucket").parameter_value("snippets").build();
        let create = client.create_stack().stack_name("s").template_body(template).parameters(parameter);
        let refused = create.capabilities(Capability::CapabilityAutoExpand).send().await.unwrap_err();
        let said = refused.message().unwrap_or_default();
        assert_eq!(said, format!("Transform AWS::Include failed with: {words}"));
    }
}

/// All files of a template were read, a hundred megabytes, before it was found to be too large.
#[tokio::test]
async fn no_more_files_are_read_than_a_template_may_have() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    cloud.s3().create_bucket().bucket("snippets").send().await.unwrap();
    let file = format!("DisplayName: one\n#{}", "c".repeat(600_000));
    put(&cloud, "0", &file).await;
    put(&cloud, "1", &file).await;
    let mut metadata = String::new();
    // The third isn't there.
    for n in 0..3 {
        metadata += &format!(
            "  M{n}: {{'Fn::Transform': {{Name: 'AWS::Include', Parameters: {{Location: 's3://snippets/{n}'}}}}}}\n"
        );
        let template = format!("Metadata:\n{metadata}Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\n");
        let create = client.create_stack().stack_name(format!("s{n}")).template_body(template);
        let created = create.capabilities(Capability::CapabilityAutoExpand).send().await;
        let said = created.err().map(|error| error.message().unwrap_or_default().to_owned());
        assert_eq!(said.as_deref(), (n > 0).then_some("Template may not exceed 1000000 bytes in size."), "{n}");
    }
}
