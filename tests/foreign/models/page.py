"""Which operations docs/operations.md calls simulated."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs/operations.md"
# How the page's headings call the services that botocore calls so.
HEADINGS = {
    "SQS": "sqs", "SNS": "sns", "Firehose": "firehose", "S3": "s3", "CloudFormation": "cloudformation", "STS": "sts",
    "IAM": "iam", "CloudWatch Logs": "logs", "Systems Manager": "ssm", "Elastic Container Registry": "ecr",
    "Key Management Service": "kms",
}


def simulated(model):
    """The operations of a service that its chapter lists under "As AWS" or in a row of "Partly", if the model has them."""
    chapters = re.split(r"^## ", PAGE.read_text(), flags=re.M)
    heading = next(heading for heading, service in HEADINGS.items() if service == model.service_name)
    chapter = next(chapter for chapter in chapters if re.match(rf"{re.escape(heading)} \(", chapter))
    named = re.search(r"\*\*As AWS:\*\*(.*?)\n\n", chapter, re.S)[1]
    rows = re.findall(r"^\| ([^|]+) \|", chapter, re.M)
    names = set(re.findall(r"\w+", named)) | {name for row in rows for name in re.findall(r"\w+", row)}
    return sorted(names & set(model.operation_names))
