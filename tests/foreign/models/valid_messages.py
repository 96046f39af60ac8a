"""A valid request for each operation of SQS, SNS and Firehose."""

import json

TAGS = [{"Key": "k", "Value": "v"}]


def topic_policy(f):
    topic = f.topic()
    f.call("sns", "AddPermission", TopicArn=topic, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    return {"TopicArn": topic, "Label": "l"}


def queue_policy(f):
    queue = f.queue()
    f.call("sqs", "AddPermission", QueueUrl=queue, Label="l", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
    return {"QueueUrl": queue, "Label": "l"}


def entry(received, **more):
    return {"QueueUrl": received["QueueUrl"], "Entries": [{"Id": "a", "ReceiptHandle": received["ReceiptHandle"], **more}]}


SQS = {
    "AddPermission": lambda f: {"QueueUrl": f.queue(), "Label": "l", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]},
    "CancelMessageMoveTask": lambda f: {"TaskHandle": f.move_task()},
    "ChangeMessageVisibility": lambda f: f.received() | {"VisibilityTimeout": 30},
    "ChangeMessageVisibilityBatch": lambda f: entry(f.received(), VisibilityTimeout=30),
    "CreateQueue": lambda f: {"QueueName": f.name(), "Attributes": {"DelaySeconds": "0"}, "tags": {"k": "v"}},
    "DeleteMessage": lambda f: f.received(),
    "DeleteMessageBatch": lambda f: entry(f.received()),
    "DeleteQueue": lambda f: {"QueueUrl": f.queue()},
    "GetQueueAttributes": lambda f: {"QueueUrl": f.queue(), "AttributeNames": ["All"]},
    "GetQueueUrl": lambda f: {"QueueName": f.queue().rsplit("/", 1)[1]},
    "ListDeadLetterSourceQueues": lambda f: {"QueueUrl": f.queue()},
    "ListMessageMoveTasks": lambda f: {"SourceArn": f.dead_letters()},
    "ListQueueTags": lambda f: {"QueueUrl": f.queue()},
    "ListQueues": lambda f: {},
    "PurgeQueue": lambda f: {"QueueUrl": f.queue()},
    "ReceiveMessage": lambda f: {"QueueUrl": f.queue(), "AttributeNames": ["All"], "MessageAttributeNames": ["All"]},
    "RemovePermission": queue_policy,
    "SendMessage": lambda f: {"QueueUrl": f.queue(), "MessageBody": "m",
                              "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}},
                              "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "x"}}},
    "SendMessageBatch": lambda f: {"QueueUrl": f.queue(), "Entries": [
        {"Id": "a", "MessageBody": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}},
         "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "x"}}}]},
    "SetQueueAttributes": lambda f: {"QueueUrl": f.queue(), "Attributes": {"DelaySeconds": "1"}},
    "StartMessageMoveTask": lambda f: {"SourceArn": f.dead_letters()},
    "TagQueue": lambda f: {"QueueUrl": f.queue(), "Tags": {"k": "v"}},
    "UntagQueue": lambda f: {"QueueUrl": f.queue(), "TagKeys": ["k"]},
}

DATA_PROTECTION = json.dumps({"Name": "n", "Description": "d", "Version": "2021-06-01", "Statement": [
    {"Sid": "s", "DataDirection": "Inbound", "Principal": ["*"],
     "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], "Operation": {"Deny": {}}}]})

SNS = {
    "AddPermission": lambda f: {"TopicArn": f.topic(), "Label": "l", "AWSAccountId": ["111111111111"], "ActionName": ["Publish"]},
    "CheckIfPhoneNumberIsOptedOut": lambda f: {"phoneNumber": "+12025550100"},
    "ConfirmSubscription": lambda f: {"TopicArn": f.topic(), "Token": "a" * 64},
    "CreatePlatformApplication": lambda f: {"Name": f.name(), "Platform": "GCM", "Attributes": {"PlatformCredential": "c"}},
    "CreatePlatformEndpoint": lambda f: {"PlatformApplicationArn": f.application(), "Token": f.name(), "Attributes": {"Enabled": "true"}},
    "CreateSMSSandboxPhoneNumber": lambda f: {"PhoneNumber": f.new_phone()},
    "CreateTopic": lambda f: {"Name": f.name(), "Attributes": {"DisplayName": "d"}, "Tags": TAGS},
    "DeleteEndpoint": lambda f: {"EndpointArn": f.endpoint()},
    "DeletePlatformApplication": lambda f: {"PlatformApplicationArn": f.application()},
    "DeleteSMSSandboxPhoneNumber": lambda f: {"PhoneNumber": f.phone()},
    "DeleteTopic": lambda f: {"TopicArn": f.topic()},
    "GetDataProtectionPolicy": lambda f: {"ResourceArn": f.topic()},
    "GetEndpointAttributes": lambda f: {"EndpointArn": f.endpoint()},
    "GetPlatformApplicationAttributes": lambda f: {"PlatformApplicationArn": f.application()},
    "GetSMSAttributes": lambda f: {"attributes": ["DefaultSMSType"]},
    "GetSMSSandboxAccountStatus": lambda f: {},
    "GetSubscriptionAttributes": lambda f: {"SubscriptionArn": f.subscription()},
    "GetTopicAttributes": lambda f: {"TopicArn": f.topic()},
    "ListEndpointsByPlatformApplication": lambda f: {"PlatformApplicationArn": f.application()},
    "ListOriginationNumbers": lambda f: {},
    "ListPhoneNumbersOptedOut": lambda f: {},
    "ListPlatformApplications": lambda f: {},
    "ListSMSSandboxPhoneNumbers": lambda f: {},
    "ListSubscriptions": lambda f: {},
    "ListSubscriptionsByTopic": lambda f: {"TopicArn": f.topic()},
    "ListTagsForResource": lambda f: {"ResourceArn": f.topic()},
    "ListTopics": lambda f: {},
    "OptInPhoneNumber": lambda f: {"phoneNumber": "+12025550100"},
    "Publish": lambda f: {"TopicArn": f.topic(), "Message": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}}},
    "PublishBatch": lambda f: {"TopicArn": f.topic(), "PublishBatchRequestEntries": [
        {"Id": "a", "Message": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}}}]},
    "PutDataProtectionPolicy": lambda f: {"ResourceArn": f.topic(), "DataProtectionPolicy": DATA_PROTECTION},
    "RemovePermission": topic_policy,
    "SetEndpointAttributes": lambda f: {"EndpointArn": f.endpoint(), "Attributes": {"Enabled": "true"}},
    "SetPlatformApplicationAttributes": lambda f: {"PlatformApplicationArn": f.application(), "Attributes": {"PlatformCredential": "d"}},
    "SetSMSAttributes": lambda f: {"attributes": {"DefaultSMSType": "Promotional"}},
    "SetSubscriptionAttributes": lambda f: {"SubscriptionArn": f.subscription(), "AttributeName": "RawMessageDelivery", "AttributeValue": "true"},
    "SetTopicAttributes": lambda f: {"TopicArn": f.topic(), "AttributeName": "DisplayName", "AttributeValue": "d"},
    "Subscribe": lambda f: {"TopicArn": f.topic(), "Protocol": "sqs", "Endpoint": f.queue_arn(f.queue()),
                            "Attributes": {"RawMessageDelivery": "true"}},
    "TagResource": lambda f: {"ResourceArn": f.topic(), "Tags": TAGS},
    "Unsubscribe": lambda f: {"SubscriptionArn": f.subscription()},
    "UntagResource": lambda f: {"ResourceArn": f.topic(), "TagKeys": ["k"]},
    "VerifySMSSandboxPhoneNumber": lambda f: {"PhoneNumber": f.phone(), "OneTimePassword": "123456"},
}

FIREHOSE = {
    "CreateDeliveryStream": lambda f: {"DeliveryStreamName": f.name(), "ExtendedS3DestinationConfiguration": f.destination()},
    "DeleteDeliveryStream": lambda f: {"DeliveryStreamName": f.stream()},
    "DescribeDeliveryStream": lambda f: {"DeliveryStreamName": f.stream()},
    "ListDeliveryStreams": lambda f: {},
    "ListTagsForDeliveryStream": lambda f: {"DeliveryStreamName": f.stream()},
    "PutRecord": lambda f: {"DeliveryStreamName": f.stream(), "Record": {"Data": "YQ=="}},
    "PutRecordBatch": lambda f: {"DeliveryStreamName": f.stream(), "Records": [{"Data": "YQ=="}]},
    "StartDeliveryStreamEncryption": lambda f: {"DeliveryStreamName": f.stream()},
    "StopDeliveryStreamEncryption": lambda f: {"DeliveryStreamName": f.stream()},
    "TagDeliveryStream": lambda f: {"DeliveryStreamName": f.stream(), "Tags": TAGS},
    "UntagDeliveryStream": lambda f: {"DeliveryStreamName": f.stream(), "TagKeys": ["k"]},
    "UpdateDestination": lambda f: {"DeliveryStreamName": f.stream(), "CurrentDeliveryStreamVersionId": "1",
                                    "DestinationId": "destinationId-000000000001", "ExtendedS3DestinationUpdate": {"Prefix": "p/"}},
}
