//! Who asks: signatures by each service's own errors, and what accounts and regions don't see of each other.

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cloud::Access;
use cloud::Cloud;
use cloud::{Options, Server};
use tokio::net::TcpListener;

use crate::helpers::cloud::{TestCloud, code, config};

fn caller(endpoint: &str, key: &str, secret: &str, region: &'static str) -> SdkConfig {
    let credentials = SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "tests"));
    config(endpoint).into_builder().credentials_provider(credentials).region(Region::new(region)).build()
}

/// "Troubleshooting Signature Version 4 signing" (IAM User Guide), "Common errors" of each service, and S3's "Error responses".
#[tokio::test]
async fn each_service_has_its_own_words_for_a_bad_signature() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, _) = Cloud::open(Options::new(folder.path()), |_| {}).unwrap();
    let keys = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
    let access = Access { credentials: Some(cloud::Credentials::parse(keys).unwrap()), ..Access::default() };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let server = Server::start(cloud, listener, access).unwrap();
    let endpoint = format!("http://{}", server.address);

    let codes = async |config: &SdkConfig| {
        [
            code(aws_sdk_sqs::Client::new(config).list_queues().send().await),
            code(aws_sdk_sns::Client::new(config).list_topics().send().await),
            code(aws_sdk_firehose::Client::new(config).list_delivery_streams().send().await),
            code(aws_sdk_cloudformation::Client::new(config).list_stacks().send().await),
            code(aws_sdk_sts::Client::new(config).get_caller_identity().send().await),
            code(aws_sdk_s3::Client::new(config).list_buckets().send().await),
        ]
    };
    let mismatch = "SignatureDoesNotMatch";
    let wrong = codes(&caller(&endpoint, "AKIDEXAMPLE", "wrong", "us-east-1")).await;
    assert_eq!(wrong[1..], [mismatch, "InvalidSignatureException", mismatch, mismatch, mismatch]);
    let unknown = codes(&caller(&endpoint, "NOBODY", "secret", "us-east-1")).await;
    let token = "InvalidClientTokenId";
    assert_eq!(unknown[1..], [token, "UnrecognizedClientException", token, token, "InvalidAccessKeyId"]);
    // The first is SQS's: JSON with the code of the older protocol beside it.
    assert!(["InvalidSignatureException", mismatch].contains(&wrong[0].as_str()), "{}", wrong[0]);
    assert!(["UnrecognizedClientException", token].contains(&unknown[0].as_str()), "{}", unknown[0]);
    let right = caller(&endpoint, "AKIDEXAMPLE", "secret", "us-east-1");
    aws_sdk_sqs::Client::new(&right).list_queues().send().await.unwrap();
    aws_sdk_s3::Client::new(&right).list_buckets().send().await.unwrap();
    server.stop().await.unwrap();
}

/// The same names in two accounts or two regions are different things.
#[tokio::test]
async fn accounts_and_regions_do_not_see_each_other() {
    let cloud = TestCloud::start().await;
    let callers = [("000000000000", "us-east-1"), ("000000000000", "eu-west-1"), ("111111111111", "us-east-1")];
    for (account, region) in callers {
        let config = caller(&cloud.endpoint, account, "any", region);
        let sqs = aws_sdk_sqs::Client::new(&config);
        assert!(sqs.list_queues().send().await.unwrap().queue_urls().is_empty(), "{account} {region}");
        let url = sqs.create_queue().queue_name("same").send().await.unwrap().queue_url.unwrap();
        sqs.send_message().queue_url(&url).message_body(format!("{account} {region}")).send().await.unwrap();
        let sns = aws_sdk_sns::Client::new(&config);
        assert!(sns.list_topics().send().await.unwrap().topics().is_empty(), "{account} {region}");
        let topic = sns.create_topic().name("same").send().await.unwrap().topic_arn.unwrap();
        assert_eq!(topic, format!("arn:aws:sns:{region}:{account}:same"));
        let firehose = aws_sdk_firehose::Client::new(&config);
        assert!(firehose.list_delivery_streams().send().await.unwrap().delivery_stream_names().is_empty());
        let stacks = aws_sdk_cloudformation::Client::new(&config);
        assert!(stacks.describe_stacks().send().await.unwrap().stacks().is_empty(), "{account} {region}");
        stacks
            .create_stack()
            .stack_name("same")
            .template_body("Resources: {T: {Type: 'AWS::SNS::Topic'}}")
            .send()
            .await
            .unwrap();
    }
    for (account, region) in callers {
        let sqs = aws_sdk_sqs::Client::new(&caller(&cloud.endpoint, account, "any", region));
        let url = sqs.get_queue_url().queue_name("same").send().await.unwrap().queue_url.unwrap();
        assert_eq!(
            crate::helpers::queues::bodies(&crate::helpers::queues::drain(&sqs, &url).await),
            [format!("{account} {region}")]
        );
    }
}
