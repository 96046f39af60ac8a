//! A delivery stream as tests use it: made, fed, and its objects read, by the real SDK.

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::builders::ExtendedS3DestinationConfigurationBuilder;
use aws_sdk_firehose::types::{
    BufferingHints, ExtendedS3DestinationConfiguration, ProcessingConfiguration, Processor, ProcessorParameter,
    ProcessorParameterName, ProcessorType, Record,
};

use super::cloud::{TestCloud, eventually};

pub(crate) const BUCKET: &str = "landing";

/// A destination that buffers 60 s or 1 MiB.
pub(crate) fn destination() -> ExtendedS3DestinationConfigurationBuilder {
    ExtendedS3DestinationConfiguration::builder()
        .role_arn("arn:aws:iam::000000000000:role/firehose")
        .bucket_arn(format!("arn:aws:s3:::{BUCKET}"))
        .buffering_hints(BufferingHints::builder().interval_in_seconds(60).size_in_mbs(1).build())
}

pub(crate) fn processing(kind: ProcessorType, parameters: &[(ProcessorParameterName, &str)]) -> Processor {
    let parameters = parameters.iter().map(|(name, value)| {
        ProcessorParameter::builder().parameter_name(name.clone()).parameter_value(*value).build().unwrap()
    });
    Processor::builder().r#type(kind).set_parameters(Some(parameters.collect())).build().unwrap()
}

pub(crate) fn processors(list: impl IntoIterator<Item = Processor>) -> ProcessingConfiguration {
    ProcessingConfiguration::builder().enabled(true).set_processors(Some(list.into_iter().collect())).build()
}

/// A cloud with the bucket and a stream.
pub(crate) async fn with_stream(destination: ExtendedS3DestinationConfigurationBuilder) -> TestCloud {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    create(&cloud, destination).await;
    cloud
}

pub(crate) async fn create(cloud: &TestCloud, destination: ExtendedS3DestinationConfigurationBuilder) -> String {
    let create = cloud.firehose().create_delivery_stream().delivery_stream_name("events");
    let create = create.extended_s3_destination_configuration(destination.build().unwrap());
    create.send().await.unwrap().delivery_stream_arn.unwrap()
}

pub(crate) fn record(data: impl Into<Vec<u8>>) -> Record {
    Record::builder().data(Blob::new(data)).build().unwrap()
}

pub(crate) async fn put(cloud: &TestCloud, data: &str) {
    cloud.firehose().put_record().delivery_stream_name("events").record(record(data)).send().await.unwrap();
}

/// What lies in the bucket now, by key.
pub(crate) async fn objects(cloud: &TestCloud) -> Vec<(String, Vec<u8>)> {
    let s3 = cloud.s3();
    let listed = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let mut objects = Vec::new();
    for object in listed.contents() {
        let key = object.key().unwrap();
        let got = s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        objects.push((key.to_owned(), got.body.collect().await.unwrap().to_vec()));
    }
    objects
}

/// The objects, once there are so many.
pub(crate) async fn landed(cloud: &TestCloud, count: usize) -> Vec<(String, Vec<u8>)> {
    let there = eventually(async || Some(objects(cloud).await).filter(|objects| objects.len() >= count)).await;
    let there = there.unwrap_or_else(|| panic!("fewer than {count} objects landed; {:#?}", cloud.notices()));
    assert_eq!(there.len(), count, "{there:?}");
    there
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
