"""Where AWS is known not to check what its model says, or to say something else, each with its source."""

from .exceptions_s3 import S3
from .exceptions_stacks import CLOUDFORMATION, IAM, STS

# service, operation, path of the member, kind of case, the code ("taken" if it isn't refused), source. Operation and path may hold `*`,
# kind and code are regular expressions.
OTHERS = [
    ("sns", "ConfirmSubscription", "", "valid", "InvalidParameter", "the token is made up: only the endpoint learns it"),
    ("sns", "VerifySMSSandboxPhoneNumber", "", "valid", "VerificationException", "the password is made up: only the phone learns it"),
]
LOGS = [
    ("logs", "PutLogEvents", "entity.*", "short|long", "taken",
     '"RejectedEntityInfo" (CloudWatch Logs API Reference): an entity that is wrong is rejected, its events are taken'),
    ("logs", "PutLogGroupDeletionProtection", "logGroupIdentifier", "most", "InvalidParameterException",
     '"CreateLogGroup" (CloudWatch Logs API Reference): a group\'s name has up to 512 characters'),
]

SSM = [
    ("ssm", "PutParameter", "Name", "most", "ValidationException",
     '"PutParameter" (Systems Manager API Reference): a name has up to 1,011 characters with the ARN around it'),
]

KMS = [
    ("kms", "ScheduleKeyDeletion", "PendingWindowInDays", "least|most", "ValidationException",
     '"ScheduleKeyDeletion" (AWS KMS API Reference): the waiting period is between 7 and 30 days'),
    ("kms", "ListAliases", "Limit", "most", "ValidationException", '"ListAliases" (AWS KMS API Reference): between 1 and 100'),
    ("kms", "ListResourceTags", "Limit", "most", "ValidationException", '"ListResourceTags" (AWS KMS API Reference): between 1 and 50'),
]

EXCEPTIONS = [*OTHERS, *LOGS, *SSM, *KMS, *S3, *CLOUDFORMATION, *IAM, *STS]
