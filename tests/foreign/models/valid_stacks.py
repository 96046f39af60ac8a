"""A valid request for each operation of CloudFormation, CloudWatch Logs, Systems Manager and ECR."""

import json
import time

from .fixture import ACCOUNT, TEMPLATE

OTHER = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}, "U": {"Type": "AWS::SNS::Topic"}}})
STACK_POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
TAGS = [{"Key": "k", "Value": "v"}]


def imported(f):
    name = f.exported()
    f.stack(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": name}}}}}))
    return {"ExportName": name}


CLOUDFORMATION = {
    "CancelUpdateStack": lambda f: {"StackName": f.stack()},
    "ContinueUpdateRollback": lambda f: {"StackName": f.stack()},
    "CreateChangeSet": lambda f: {"StackName": f.name("walk-"), "ChangeSetName": "c", "TemplateBody": TEMPLATE, "ChangeSetType": "CREATE",
                                  "Parameters": [{"ParameterKey": "P", "ParameterValue": "v"}], "Tags": TAGS},
    "CreateStack": lambda f: {"StackName": f.name("walk-"), "TemplateBody": TEMPLATE,
                              "Parameters": [{"ParameterKey": "P", "ParameterValue": "v"}], "Tags": TAGS},
    "DeleteChangeSet": lambda f: f.change_set(),
    "DeleteStack": lambda f: {"StackName": f.stack()},
    "DescribeChangeSet": lambda f: f.change_set(),
    "DescribeEvents": lambda f: {"StackName": f.stack()},
    "DescribeStackEvents": lambda f: {"StackName": f.stack()},
    "DeleteStackSet": lambda f: {"StackSetName": "none"},
    "DescribeStackInstance": lambda f: {"StackSetName": "none", "StackInstanceAccount": ACCOUNT, "StackInstanceRegion": "us-east-1"},
    "DescribeStackSet": lambda f: {"StackSetName": "none"},
    "DescribeStackSetOperation": lambda f: {"StackSetName": "none", "OperationId": "o"},
    "ListStackInstances": lambda f: {"StackSetName": "none"},
    "ListStackSetOperationResults": lambda f: {"StackSetName": "none", "OperationId": "o"},
    "ListStackSetOperations": lambda f: {"StackSetName": "none"},
    "ListStackSets": lambda f: {},
    "DescribeStackResource": lambda f: {"StackName": f.stack(), "LogicalResourceId": "T"},
    "DescribeStackResources": lambda f: {"StackName": f.stack()},
    "DescribeStacks": lambda f: {"StackName": f.stack()},
    "ExecuteChangeSet": lambda f: f.change_set(),
    "GetStackPolicy": lambda f: {"StackName": f.stack()},
    "GetTemplate": lambda f: {"StackName": f.stack()},
    "GetTemplateSummary": lambda f: {"TemplateBody": TEMPLATE},
    "ListChangeSets": lambda f: {"StackName": f.stack()},
    "ListExports": lambda f: {},
    "ListImports": imported,
    "ListStackResources": lambda f: {"StackName": f.stack()},
    "ListStacks": lambda f: {"StackStatusFilter": ["CREATE_FAILED"]},
    "RollbackStack": lambda f: {"StackName": f.stack()},
    "SetStackPolicy": lambda f: {"StackName": f.stack(), "StackPolicyBody": STACK_POLICY},
    "UpdateStack": lambda f: {"StackName": f.stack(), "TemplateBody": OTHER},
    "UpdateTerminationProtection": lambda f: {"StackName": f.stack(), "EnableTerminationProtection": False},
    "ValidateTemplate": lambda f: {"TemplateBody": TEMPLATE},
}

LOGS = {
    "AssociateKmsKey": lambda f: {"logGroupName": f.log_group(), "kmsKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{f.key()}"},
    "CreateLogGroup": lambda f: {"logGroupName": f.name(), "tags": {"k": "v"}},
    "CreateLogStream": lambda f: {"logGroupName": f.log_group(), "logStreamName": "s"},
    "DeleteLogGroup": lambda f: {"logGroupName": f.log_group()},
    "DeleteLogStream": lambda f: f.log_stream(),
    "DeleteRetentionPolicy": lambda f: {"logGroupName": f.log_group()},
    "DescribeLogGroups": lambda f: {},
    "DescribeLogStreams": lambda f: {"logGroupName": f.log_group()},
    "DisassociateKmsKey": lambda f: {"logGroupName": f.log_group()},
    "FilterLogEvents": lambda f: {"logGroupName": f.log_group()},
    "GetLogEvents": lambda f: f.log_stream(),
    "ListLogGroups": lambda f: {},
    "ListTagsForResource": lambda f: {"resourceArn": f.log_group_arn()},
    "ListTagsLogGroup": lambda f: {"logGroupName": f.log_group()},
    "PutLogEvents": lambda f: f.log_stream() | {"logEvents": [{"timestamp": int(time.time() * 1000), "message": "m"}]},
    "PutLogGroupDeletionProtection": lambda f: {"logGroupIdentifier": f.log_group(), "deletionProtectionEnabled": False},
    "PutRetentionPolicy": lambda f: {"logGroupName": f.log_group(), "retentionInDays": 7},
    "TagLogGroup": lambda f: {"logGroupName": f.log_group(), "tags": {"k": "v"}},
    "TagResource": lambda f: {"resourceArn": f.log_group_arn(), "tags": {"k": "v"}},
    "UntagLogGroup": lambda f: {"logGroupName": f.log_group(), "tags": ["k"]},
    "UntagResource": lambda f: {"resourceArn": f.log_group_arn(), "tagKeys": ["k"]},
}


def labelled(f):
    name = f.parameter()
    f.call("ssm", "LabelParameterVersion", Name=name, Labels=["l"])
    return {"Name": name, "ParameterVersion": 1, "Labels": ["l"]}


SSM = {
    "AddTagsToResource": lambda f: {"ResourceType": "Parameter", "ResourceId": f.parameter(), "Tags": TAGS},
    "DeleteParameter": lambda f: {"Name": f.parameter()},
    "DeleteParameters": lambda f: {"Names": [f.parameter()]},
    "DescribeParameters": lambda f: {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": ["n"]}]},
    "GetParameter": lambda f: {"Name": f.parameter()},
    "GetParameterHistory": lambda f: {"Name": f.parameter()},
    "GetParameters": lambda f: {"Names": [f.parameter()]},
    "GetParametersByPath": lambda f: {"Path": "/none"},
    "LabelParameterVersion": lambda f: {"Name": f.parameter(), "Labels": ["l"]},
    "ListTagsForResource": lambda f: {"ResourceType": "Parameter", "ResourceId": f.parameter()},
    "PutParameter": lambda f: {"Name": f.name("/walk/"), "Value": "v", "Type": "String", "Tags": TAGS},
    "RemoveTagsFromResource": lambda f: {"ResourceType": "Parameter", "ResourceId": f.parameter(), "TagKeys": ["k"]},
    "UnlabelParameterVersion": labelled,
}

LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "selection": {
    "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]})
REPOSITORY_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}]})


def with_lifecycle(f):
    name = f.repository()
    f.call("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=LIFECYCLE)
    return {"repositoryName": name}


def with_policy(f):
    name = f.repository()
    f.call("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=REPOSITORY_POLICY)
    return {"repositoryName": name}


ECR = {
    "BatchDeleteImage": lambda f: {"repositoryName": f.repository(), "imageIds": [{"imageTag": "t"}]},
    "CreateRepository": lambda f: {"repositoryName": f.name(), "tags": TAGS, "imageTagMutability": "MUTABLE",
                                   "imageScanningConfiguration": {"scanOnPush": True}, "encryptionConfiguration": {"encryptionType": "AES256"}},
    "DeleteLifecyclePolicy": with_lifecycle,
    "DeleteRepository": lambda f: {"repositoryName": f.repository()},
    "DeleteRepositoryPolicy": with_policy,
    "DescribeImages": lambda f: {"repositoryName": f.repository()},
    "DescribeRepositories": lambda f: {},
    "GetLifecyclePolicy": with_lifecycle,
    "GetRepositoryPolicy": with_policy,
    "ListImages": lambda f: {"repositoryName": f.repository()},
    "ListTagsForResource": lambda f: {"resourceArn": f.repository_arn()},
    "PutImageScanningConfiguration": lambda f: {"repositoryName": f.repository(), "imageScanningConfiguration": {"scanOnPush": True}},
    "PutImageTagMutability": lambda f: {"repositoryName": f.repository(), "imageTagMutability": "IMMUTABLE"},
    "PutLifecyclePolicy": lambda f: {"repositoryName": f.repository(), "lifecyclePolicyText": LIFECYCLE},
    "SetRepositoryPolicy": lambda f: {"repositoryName": f.repository(), "policyText": REPOSITORY_POLICY},
    "TagResource": lambda f: {"resourceArn": f.repository_arn(), "tags": TAGS},
    "UntagResource": lambda f: {"resourceArn": f.repository_arn(), "tagKeys": ["k"]},
}
