"""The resources that valid requests name, each made when a request wants it."""

import itertools
import json
import random

import botocore.parsers
import botocore.session

ACCOUNT = "000000000000"
ASSUME = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com", "AWS": "*"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TEMPLATE = json.dumps({"Parameters": {"P": {"Type": "String", "Default": "p"}},
                       "Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"O": {"Value": "v"}}})


class Fixture:
    """Makes resources by the same raw requests that the walk sends."""

    # Of all fixtures together, and of others than those of a run before.
    numbers = itertools.count(random.randrange(10**8))

    def __init__(self, wire):
        self.wire = wire
        self.session = botocore.session.get_session()
        self.parsers = botocore.parsers.ResponseParserFactory()
        self.models = {}

    def model(self, service):
        if service not in self.models:
            self.models[service] = self.session.get_service_model(service)
        return self.models[service]

    def call(self, service, operation, **parameters):
        """The parsed output of an operation that has to succeed."""
        model = self.model(service)
        answer = self.wire.send(model, operation, parameters)
        assert answer.status < 300, f"{service} {operation} {parameters}: {answer.status} {answer.body[:600]!r}"
        parser = self.parsers.create_parser(model.metadata["protocol"])
        raw = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
        return parser.parse(raw, model.operation_model(operation).output_shape)

    def name(self, prefix="walk"):
        return f"{prefix}{next(self.numbers)}"

    # SQS

    def queue(self, **attributes):
        return self.call("sqs", "CreateQueue", QueueName=self.name(), Attributes=attributes)["QueueUrl"]

    def queue_arn(self, url):
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}"

    def dead_letters(self):
        """A queue that is another's dead-letter queue and holds messages."""
        dead = self.queue()
        arn = self.queue_arn(dead)
        self.queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"}))
        for _ in range(3):
            self.call("sqs", "SendMessage", QueueUrl=dead, MessageBody="m")
        return arn

    def move_task(self):
        return self.call("sqs", "StartMessageMoveTask", SourceArn=self.dead_letters(), DestinationArn=self.queue_arn(self.queue()),
                         MaxNumberOfMessagesPerSecond=1)["TaskHandle"]

    def received(self):
        """A queue's URL and the handle of a message that was received from it."""
        url = self.queue()
        self.call("sqs", "SendMessage", QueueUrl=url, MessageBody="m")
        [message] = self.call("sqs", "ReceiveMessage", QueueUrl=url)["Messages"]
        return {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}

    # SNS

    def topic(self):
        return self.call("sns", "CreateTopic", Name=self.name())["TopicArn"]

    def subscription(self):
        return self.call("sns", "Subscribe", TopicArn=self.topic(), Protocol="sqs", Endpoint=self.queue_arn(self.queue()))["SubscriptionArn"]

    def application(self):
        return self.call("sns", "CreatePlatformApplication", Name=self.name(), Platform="GCM",
                         Attributes={"PlatformCredential": "key"})["PlatformApplicationArn"]

    def endpoint(self):
        return self.call("sns", "CreatePlatformEndpoint", PlatformApplicationArn=self.application(), Token=self.name())["EndpointArn"]

    def room(self, service, operation, found, name, delete):
        """Keeps below a quota: deletes all that an operation lists once these are many."""
        listed = self.call(service, operation)[found]
        if len(listed) > 8:
            for one in listed:
                self.call(service, delete, **{name: one[{"OpenIDConnectProviderArn": "Arn"}.get(name, name)]})

    def new_phone(self):
        """A number that isn't added yet: the sandbox has room for ten."""
        self.room("sns", "ListSMSSandboxPhoneNumbers", "PhoneNumbers", "PhoneNumber", "DeleteSMSSandboxPhoneNumber")
        return f"+1202555{next(self.numbers) % 10000:04}"

    def phone(self):
        number = self.new_phone()
        self.call("sns", "CreateSMSSandboxPhoneNumber", PhoneNumber=number)
        return number

    # Firehose and S3

    def bucket(self, **more):
        name = self.name("walk-")
        self.call("s3", "CreateBucket", Bucket=name, **more)
        return name

    def object(self, **more):
        bucket = self.bucket(**more)
        self.call("s3", "PutObject", Bucket=bucket, Key="k", Body=b"body")
        return {"Bucket": bucket, "Key": "k"}

    def upload(self):
        place = {"Bucket": self.bucket(), "Key": "k"}
        return place | {"UploadId": self.call("s3", "CreateMultipartUpload", **place)["UploadId"]}

    def destination(self):
        return {"RoleARN": f"arn:aws:iam::{ACCOUNT}:role/r", "BucketARN": "arn:aws:s3:::walked"}

    def stream(self):
        name = self.name()
        self.call("firehose", "CreateDeliveryStream", DeliveryStreamName=name, ExtendedS3DestinationConfiguration=self.destination())
        return name

    # IAM

    def role(self):
        name = self.name()
        self.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=ASSUME)
        return name

    def role_arn(self):
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role()}"

    def user(self):
        name = self.name()
        self.call("iam", "CreateUser", UserName=name)
        return name

    def group(self):
        name = self.name()
        self.call("iam", "CreateGroup", GroupName=name)
        return name

    def policy(self):
        return self.call("iam", "CreatePolicy", PolicyName=self.name(), PolicyDocument=POLICY)["Policy"]["Arn"]

    def profile(self):
        name = self.name()
        self.call("iam", "CreateInstanceProfile", InstanceProfileName=name)
        return name

    def new_provider(self):
        """The address of a provider that isn't there yet: an account has a hundred."""
        self.room("iam", "ListOpenIDConnectProviders", "OpenIDConnectProviderList", "OpenIDConnectProviderArn",
                  "DeleteOpenIDConnectProvider")
        return f"https://{self.name()}.example.com"

    def provider(self):
        return self.call("iam", "CreateOpenIDConnectProvider", Url=self.new_provider(),
                         ClientIDList=["c"])["OpenIDConnectProviderArn"]

    def access_key(self):
        user = self.user()
        key = self.call("iam", "CreateAccessKey", UserName=user)["AccessKey"]["AccessKeyId"]
        return {"UserName": user, "AccessKeyId": key}

    def service_role(self):
        suffix = self.name("s")
        made = self.call("iam", "CreateServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com", CustomSuffix=suffix)
        return made["Role"]["RoleName"]

    def with_policy(self, kind, make):
        """A user, role or group with an inline policy."""
        name = make()
        inline = {f"{kind}Name": name, "PolicyName": "p"}
        self.call("iam", f"Put{kind}Policy", **inline, PolicyDocument=POLICY)
        return inline

    def with_attached(self, kind, make):
        """A user, role or group with a managed policy."""
        attached = {f"{kind}Name": make(), "PolicyArn": self.policy()}
        self.call("iam", f"Attach{kind}Policy", **attached)
        return attached

    # CloudFormation

    def stack(self, template=TEMPLATE, **more):
        """A stack that is ready."""
        name = self.name("walk-")
        self.call("cloudformation", "CreateStack", StackName=name, TemplateBody=template, **more)
        for _ in range(2000):
            [stack] = self.call("cloudformation", "DescribeStacks", StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return name
        raise AssertionError(f"{name} isn't ready")

    def change_set(self):
        name = self.name("walk-")
        made = self.call("cloudformation", "CreateChangeSet", StackName=name, ChangeSetName="c", TemplateBody=TEMPLATE, ChangeSetType="CREATE")
        for _ in range(2000):
            status = self.call("cloudformation", "DescribeChangeSet", ChangeSetName=made["Id"])["Status"]
            if status == "CREATE_COMPLETE":
                return {"StackName": name, "ChangeSetName": "c"}
        raise AssertionError(f"{name}'s change set isn't ready")

    def exported(self):
        name = self.name("export")
        self.stack(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"O": {"Value": "v", "Export": {"Name": name}}}}))
        return name

    # Logs, Systems Manager, ECR, KMS

    def log_group(self):
        name = self.name()
        self.call("logs", "CreateLogGroup", logGroupName=name)
        return name

    def log_group_arn(self):
        return f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{self.log_group()}"

    def log_stream(self):
        place = {"logGroupName": self.log_group(), "logStreamName": "s"}
        self.call("logs", "CreateLogStream", **place)
        return place

    def parameter(self):
        name = self.name("/walk/")
        self.call("ssm", "PutParameter", Name=name, Value="v", Type="String")
        return name

    def repository(self):
        name = self.name()
        self.call("ecr", "CreateRepository", repositoryName=name)
        return name

    def repository_arn(self):
        return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{self.repository()}"

    def key(self):
        return self.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]

    def alias(self):
        alias = {"AliasName": self.name("alias/walk"), "TargetKeyId": self.key()}
        self.call("kms", "CreateAlias", **alias)
        return alias
