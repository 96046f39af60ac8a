"""Every operation of Firehose by boto3."""

import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

BUCKET = "landing"


@pytest.fixture(scope="module")
def firehose(cloud, calls):
    return calls.of(cloud.client("firehose"))


@pytest.fixture(scope="module")
def s3(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


@pytest.fixture
def stream(firehose, s3, request):
    """Makes a stream of this test's own that lands within a second under its own name."""
    name = request.node.originalname[5:60]

    def make(**destination):
        firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::000000000000:role/firehose", "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 5}, "Prefix": f"{name}/"} | destination)
        return name

    yield make
    firehose.delete_delivery_stream(DeliveryStreamName=name)


def landed(s3, prefix, until):
    """Keys and bodies under a prefix, once they are enough."""
    for _ in range(200):
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
        objects = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
        if until(objects):
            return objects
        time.sleep(0.1)
    raise AssertionError(f"not enough landed under {prefix}: {objects}")


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_streams_are_created_described_listed_tagged_and_deleted(firehose, s3):
    created = firehose.create_delivery_stream(
        DeliveryStreamName="one", DeliveryStreamType="DirectPut", Tags=[{"Key": "team", "Value": "data"}],
        S3DestinationConfiguration={"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": f"arn:aws:s3:::{BUCKET}"})
    assert created["DeliveryStreamARN"] == "arn:aws:firehose:us-east-1:000000000000:deliverystream/one"
    shown = firehose.describe_delivery_stream(DeliveryStreamName="one")["DeliveryStreamDescription"]
    assert (shown["DeliveryStreamStatus"], shown["DeliveryStreamType"], shown["VersionId"]) == ("ACTIVE", "DirectPut", "1")
    [destination] = shown["Destinations"]
    hints = destination["S3DestinationDescription"]["BufferingHints"]
    assert hints == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    listed = firehose.list_delivery_streams()
    assert ("one" in listed["DeliveryStreamNames"], listed["HasMoreDeliveryStreams"]) == (True, False)
    firehose.tag_delivery_stream(DeliveryStreamName="one", Tags=[{"Key": "stage", "Value": "test"}])
    firehose.untag_delivery_stream(DeliveryStreamName="one", TagKeys=["team"])
    assert firehose.list_tags_for_delivery_stream(DeliveryStreamName="one")["Tags"] == [{"Key": "stage", "Value": "test"}]
    assert refused(firehose.create_delivery_stream, DeliveryStreamName="one", S3DestinationConfiguration={
        "RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::b"}) == "ResourceInUseException"
    firehose.delete_delivery_stream(DeliveryStreamName="one")
    assert refused(firehose.describe_delivery_stream, DeliveryStreamName="one") == "ResourceNotFoundException"


def test_records_land_as_lines(firehose, s3, stream):
    name = stream(ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]})
    one = firehose.put_record(DeliveryStreamName=name, Record={"Data": b'{"number":0}'})
    assert one["RecordId"] and one["Encrypted"] is False
    records = [{"Data": json.dumps({"number": number}).encode()} for number in range(1, 500)]
    many = firehose.put_record_batch(DeliveryStreamName=name, Records=records)
    assert (many["FailedPutCount"], len(many["RequestResponses"])) == (0, 499)
    objects = landed(s3, f"{name}/", lambda objects: b"".join(objects.values()).count(b"\n") >= 500)
    lines = [json.loads(line)["number"] for body in objects.values() for line in body.splitlines()]
    assert sorted(lines) == list(range(500))
    assert refused(firehose.put_record_batch, DeliveryStreamName=name, Records=records + records[:2]) == "ValidationException"
    assert refused(firehose.put_record, DeliveryStreamName="none", Record={"Data": b""}) == "ResourceNotFoundException"


def test_names_partitions_and_compression(firehose, s3, stream):
    name = stream(Prefix="partitions/landing_date=!{timestamp:yyyy-MM-dd}/", ErrorOutputPrefix="errors/",
                  CompressionFormat="GZIP", FileExtension=".json.gz")
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"one"})
    [(key, body)] = landed(s3, "partitions/", len).items()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert key.startswith(f"partitions/landing_date={today}/{name}-1-{today}-")
    assert key.endswith(".json.gz")
    assert gzip.decompress(body) == b"one"


def test_a_destination_is_updated(firehose, s3, stream):
    name = stream()
    shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    given = {"DeliveryStreamName": name, "DestinationId": shown["Destinations"][0]["DestinationId"],
             "ExtendedS3DestinationUpdate": {"Prefix": "moved/"}}
    assert refused(firehose.update_destination, CurrentDeliveryStreamVersionId="9", **given) == "ConcurrentModificationException"
    firehose.update_destination(CurrentDeliveryStreamVersionId="1", **given)
    shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert shown["VersionId"] == "2"
    assert shown["Destinations"][0]["ExtendedS3DestinationDescription"]["Prefix"] == "moved/"
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"x"})
    landed(s3, "moved/", len)


def test_encryption_is_remembered(firehose, s3, stream):
    name = stream()
    firehose.start_delivery_stream_encryption(DeliveryStreamName=name, DeliveryStreamEncryptionConfigurationInput={
        "KeyType": "AWS_OWNED_CMK"})

    def encryption():
        shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        return shown["DeliveryStreamEncryptionConfiguration"]

    assert encryption() == {"KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"}
    assert firehose.put_record(DeliveryStreamName=name, Record={"Data": b"x"})["Encrypted"] is True
    firehose.stop_delivery_stream_encryption(DeliveryStreamName=name)
    assert encryption()["Status"] == "DISABLED"


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    calls.everything(cloud, "firehose")
