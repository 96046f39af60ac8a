"""Every operation of Elastic Container Registry that this cloud has, by boto3."""

import json

import pytest
from botocore.exceptions import ClientError

LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "description": "keep three",
                                   "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",
                                                 "countNumber": 3},
                                   "action": {"type": "expire"}}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "pull", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
     "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}]})


@pytest.fixture(scope="module")
def ecr(cloud, calls):
    return calls.of(cloud.client("ecr"))


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_repositories_come_and_go(ecr, aws):
    made = ecr.create_repository(repositoryName="boto/app", tags=[{"Key": "team", "Value": "data"}],
                                 imageScanningConfiguration={"scanOnPush": True})["repository"]
    assert made["repositoryUri"] == "000000000000.dkr.ecr.us-east-1.amazonaws.com/boto/app"
    assert made["repositoryArn"] == "arn:aws:ecr:us-east-1:000000000000:repository/boto/app"
    assert refused(ecr.create_repository, repositoryName="boto/app") == "RepositoryAlreadyExistsException"
    assert refused(ecr.create_repository, repositoryName="Boto") == "InvalidParameterException"
    for number in range(5):
        ecr.create_repository(repositoryName=f"many/{number}")
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    names = [it["repositoryName"] for page in pages for it in page["repositories"]]
    assert names == ["boto/app", *(f"many/{number}" for number in range(5))]
    assert aws("ecr", "describe-repositories", "--repository-names", "boto/app")["repositories"][0] \
        ["imageScanningConfiguration"] == {"scanOnPush": True}
    assert ecr.delete_repository(repositoryName="many/0", force=True)["repository"]["repositoryName"] == "many/0"
    assert refused(ecr.delete_repository, repositoryName="many/0") == "RepositoryNotFoundException"
    arn = {"resourceArn": made["repositoryArn"]}
    ecr.tag_resource(**arn, tags=[{"Key": "a", "Value": "1"}])
    ecr.untag_resource(**arn, tagKeys=["team"])
    assert ecr.list_tags_for_resource(**arn)["tags"] == [{"Key": "a", "Value": "1"}]


def test_settings_are_kept(ecr):
    name = {"repositoryName": "settings"}
    ecr.create_repository(**name)
    assert ecr.put_image_tag_mutability(**name, imageTagMutability="IMMUTABLE")["imageTagMutability"] == "IMMUTABLE"
    ecr.put_image_scanning_configuration(**name, imageScanningConfiguration={"scanOnPush": True})
    shown = ecr.describe_repositories(repositoryNames=["settings"])["repositories"][0]
    assert (shown["imageTagMutability"], shown["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert refused(ecr.get_lifecycle_policy, **name) == "LifecyclePolicyNotFoundException"
    ecr.put_lifecycle_policy(**name, lifecyclePolicyText=LIFECYCLE)
    assert json.loads(ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"]) == json.loads(LIFECYCLE)
    assert refused(ecr.put_lifecycle_policy, **name, lifecyclePolicyText="x" * 200) == "InvalidParameterException"
    ecr.delete_lifecycle_policy(**name)
    ecr.set_repository_policy(**name, policyText=POLICY)
    assert json.loads(ecr.get_repository_policy(**name)["policyText"]) == json.loads(POLICY)
    ecr.delete_repository_policy(**name)
    assert refused(ecr.get_repository_policy, **name) == "RepositoryPolicyNotFoundException"


def test_there_are_no_images(ecr):
    name = {"repositoryName": "images"}
    ecr.create_repository(**name)
    assert ecr.list_images(**name)["imageIds"] == []
    assert ecr.describe_images(**name)["imageDetails"] == []
    deleted = ecr.batch_delete_image(**name, imageIds=[{"imageTag": "v1"}])
    assert [it["failureCode"] for it in deleted["failures"]] == ["ImageNotFound"]
    assert refused(ecr.get_authorization_token) == "NotImplemented"


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    calls.everything(cloud, "ecr")
