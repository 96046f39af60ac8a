"""Every operation of CloudWatch Logs that this cloud has, by boto3 and the AWS CLI."""

import json
import time

import pytest
from botocore.exceptions import ClientError

KEY = "arn:aws:kms:us-east-1:000000000000:key/0"


@pytest.fixture(scope="module")
def logs(cloud, calls):
    return calls.of(cloud.client("logs"))


@pytest.fixture
def group(logs, request):
    """A group of this test's own, with the stream `s`."""
    name = "/tests/" + request.node.originalname[5:60]
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def now():
    return int(time.time() * 1000)


def test_groups(logs):
    logs.create_log_group(logGroupName="one", tags={"team": "data"}, kmsKeyId=KEY, logGroupClass="INFREQUENT_ACCESS")
    assert refused(logs.create_log_group, logGroupName="one") == "ResourceAlreadyExistsException"
    [shown] = logs.describe_log_groups(logGroupNamePrefix="one")["logGroups"]
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:one"
    assert (shown["arn"], shown["logGroupArn"], shown["kmsKeyId"]) == (f"{arn}:*", arn, KEY)
    assert (shown["logGroupClass"], shown["storedBytes"], shown["metricFilterCount"]) == ("INFREQUENT_ACCESS", 0, 0)
    logs.put_retention_policy(logGroupName="one", retentionInDays=14)
    logs.associate_kms_key(resourceIdentifier=f"{arn}:*", kmsKeyId=KEY + "1")
    [shown] = logs.describe_log_groups(logGroupNamePattern="ne")["logGroups"]
    assert (shown["retentionInDays"], shown["kmsKeyId"]) == (14, KEY + "1")
    logs.delete_retention_policy(logGroupName="one")
    logs.disassociate_kms_key(logGroupName="one")
    [shown] = logs.describe_log_groups(logGroupNamePrefix="one")["logGroups"]
    assert "retentionInDays" not in shown and "kmsKeyId" not in shown
    assert refused(logs.put_retention_policy, logGroupName="one", retentionInDays=2) == "InvalidParameterException"
    listed = logs.list_log_groups(logGroupNamePattern="^one")["logGroups"]
    assert listed == [{"logGroupName": "one", "logGroupArn": arn, "logGroupClass": "INFREQUENT_ACCESS"}]
    logs.put_log_group_deletion_protection(logGroupIdentifier="one", deletionProtectionEnabled=True)
    assert refused(logs.delete_log_group, logGroupName="one") == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="one")
    assert refused(logs.delete_log_group, logGroupName="one") == "ResourceNotFoundException"


def test_tags(logs, group):
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName=group, tags=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "3"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}


def test_streams(logs, group):
    for number in range(60):
        logs.create_log_stream(logGroupName=group, logStreamName=f"2026/[$LATEST]{number:02}")
    assert refused(logs.create_log_stream, logGroupName=group, logStreamName="s") == "ResourceAlreadyExistsException"
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
    names = [it["logStreamName"] for page in pages for it in page["logStreams"]]
    assert len(names) == 61 and names == sorted(names)
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now(), "message": "m"}])
    [last] = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=1)["logStreams"]
    assert last["logStreamName"] == "s" and last["lastEventTimestamp"] == last["firstEventTimestamp"]
    logs.delete_log_stream(logGroupName=group, logStreamName="s")
    assert refused(logs.delete_log_stream, logGroupName=group, logStreamName="s") == "ResourceNotFoundException"


def test_events(logs, group):
    start = now()
    events = [{"timestamp": start + number, "message": f"event {number} \u00e4"} for number in range(2500)]
    put = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events, sequenceToken="any")
    assert put["nextSequenceToken"] and "rejectedLogEventsInfo" not in put
    token, got = None, []
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True, limit=1000, **more)
        got += [it["message"] for it in page["events"]]
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert got == [it["message"] for it in events]
    old = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": 0, "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert refused(logs.put_log_events, logGroupName=group, logStreamName="s",
                   logEvents=[events[1], events[0]]) == "InvalidParameterException"
    assert refused(logs.get_log_events, logGroupName=group, logStreamName="none") == "ResourceNotFoundException"


def test_filters(logs, group):
    start = now()
    messages = ["ERROR one", "WARN two", json.dumps({"level": "ERROR", "code": 503, "user": {"id": 7}})]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": start + number, "message": message} for number, message in enumerate(messages)])

    def found(pattern, **more):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern, **more)
        return [messages.index(it["message"]) for page in pages for it in page["events"]]

    assert found("") == [0, 1, 2]
    assert found("ERROR") == [0, 2]
    assert found("?WARN ?one") == [0, 1]
    assert found('ERROR -"{"') == [0]
    assert found("{ $.code >= 500 && $.user.id = 7 }") == [2]
    assert found("{ $.level = ERR* }", logStreamNames=["s"], startTime=start, endTime=start + 2) == [2]
    assert found("", startTime=start, startFromHead=False, PaginationConfig={"PageSize": 1}) == [2, 1, 0]
    assert refused(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a") == "InvalidParameterException"
    assert refused(logs.filter_log_events, logGroupName=group, filterPattern="[a, b]") == "NotImplemented"


def test_the_command_line_reads_a_log(logs, group, aws):
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now(), "message": "hello there"}])
    found = aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "hello there")
    assert [it["message"] for it in found["events"]] == ["hello there"]


def test_what_firehose_could_not_deliver_is_told(cloud, logs, group):
    firehose = cloud.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName="failing", ExtendedS3DestinationConfiguration={
        "RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::not-there",
        "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": group, "LogStreamName": "s"}})
    firehose.put_record(DeliveryStreamName="failing", Record={"Data": b"x"})
    deadline = time.monotonic() + 20
    while not (events := logs.get_log_events(logGroupName=group, logStreamName="s")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told = json.loads(events[0]["message"])
    assert (told["errorCode"], told["destination"]) == ("S3.NoSuchBucket", "arn:aws:s3:::not-there")
    firehose.delete_delivery_stream(DeliveryStreamName="failing")


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    calls.everything(cloud, "logs")
