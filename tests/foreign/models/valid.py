"""A valid request for each operation of each service."""

from .valid_accounts import IAM, KMS, STS
from .valid_messages import FIREHOSE, SNS, SQS
from .valid_s3 import S3
from .valid_stacks import CLOUDFORMATION, ECR, LOGS, SSM

VALID = {
    "sqs": SQS, "sns": SNS, "firehose": FIREHOSE, "s3": S3, "cloudformation": CLOUDFORMATION, "sts": STS, "iam": IAM,
    "logs": LOGS, "ssm": SSM, "ecr": ECR, "kms": KMS,
}
