"""Every operation of IAM and STS that this cloud has, by boto3."""

import json

import pytest
from botocore.exceptions import ClientError

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture(scope="module")
def iam(cloud, calls):
    return calls.of(cloud.client("iam"))


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_roles(iam):
    role = iam.create_role(RoleName="role", Path="/service/", AssumeRolePolicyDocument=json.dumps(TRUST), Description="one",
                           Tags=[{"Key": "team", "Value": "data"}])["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/service/role"
    assert role["RoleId"].startswith("AROA")
    assert refused(iam.create_role, RoleName="role", AssumeRolePolicyDocument=json.dumps(TRUST)) == "EntityAlreadyExists"
    shown = iam.get_role(RoleName="role")["Role"]
    assert (shown["AssumeRolePolicyDocument"], shown["Description"]) == (TRUST, "one")
    iam.update_role(RoleName="role", Description="two", MaxSessionDuration=7200)
    shown = iam.get_role(RoleName="role")["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"]) == ("two", 7200)
    assert iam.update_role_description(RoleName="role", Description="three")["Role"]["Description"] == "three"
    other = json.loads(json.dumps(TRUST).replace("firehose", "sns"))
    iam.update_assume_role_policy(RoleName="role", PolicyDocument=json.dumps(other))
    assert iam.get_role(RoleName="role")["Role"]["AssumeRolePolicyDocument"] == other
    assert "role" in [it["RoleName"] for page in iam.get_paginator("list_roles").paginate() for it in page["Roles"]]
    iam.tag_role(RoleName="role", Tags=[{"Key": "stage", "Value": "test"}])
    iam.untag_role(RoleName="role", TagKeys=["team"])
    assert iam.list_role_tags(RoleName="role")["Tags"] == [{"Key": "stage", "Value": "test"}]
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=boundary)
    assert iam.get_role(RoleName="role")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    iam.delete_role_permissions_boundary(RoleName="role")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="role")["Role"]
    iam.delete_role(RoleName="role")
    assert refused(iam.get_role, RoleName="role") == "NoSuchEntity"
    assert refused(iam.create_role, RoleName="role", AssumeRolePolicyDocument="{") == "MalformedPolicyDocument"


def test_policies_of_roles(iam):
    iam.create_role(RoleName="writer", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="writer", PolicyName="write", PolicyDocument=json.dumps(WRITE))
    assert iam.get_role_policy(RoleName="writer", PolicyName="write")["PolicyDocument"] == WRITE
    assert iam.list_role_policies(RoleName="writer")["PolicyNames"] == ["write"]

    policy = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(READ))["Policy"]
    assert policy["Arn"] == "arn:aws:iam::000000000000:policy/read"
    iam.attach_role_policy(RoleName="writer", PolicyArn=policy["Arn"])
    attached = iam.list_attached_role_policies(RoleName="writer")["AttachedPolicies"]
    assert attached == [{"PolicyName": "read", "PolicyArn": policy["Arn"]}]
    assert iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["AttachmentCount"] == 1
    assert "read" in [it["PolicyName"] for it in iam.list_policies(Scope="Local")["Policies"]]
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=json.dumps(WRITE), SetAsDefault=True)
    shown = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    assert shown["DefaultVersionId"] == "v2"
    versions = {it["VersionId"]: it["IsDefaultVersion"] for it in iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]}
    assert versions.get("v2") is True
    document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v2")["PolicyVersion"]["Document"]
    assert document == WRITE

    assert refused(iam.delete_role, RoleName="writer") == "DeleteConflict"
    assert refused(iam.delete_policy, PolicyArn=policy["Arn"]) == "DeleteConflict"
    iam.detach_role_policy(RoleName="writer", PolicyArn=policy["Arn"])
    iam.delete_role_policy(RoleName="writer", PolicyName="write")
    iam.delete_role(RoleName="writer")


def test_who_asks(cloud, calls):
    sts = calls.of(cloud.client("sts"))
    shown = sts.get_caller_identity()
    assert (shown["Account"], shown["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")
    assert sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")["Account"] == "000000000000"


def test_temporary_keys(cloud, calls, iam):
    sts = calls.of(cloud.client("sts"))
    iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}],
    }))
    role = "arn:aws:iam::000000000000:role/visitor"
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="me")
    assert assumed["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/visitor/me"
    keys = sts.get_session_token()["Credentials"]
    assert keys["Expiration"] and keys["SessionToken"]
    iam.delete_role(RoleName="visitor")
    assert refused(sts.assume_role, RoleArn=role, RoleSessionName="me") == "AccessDenied"


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_every_operation_is_called_or_refused_by_name(cloud, calls, service):
    if service == "iam":
        # Deleted when they aren't used, as at the end of these tests.
        for page in calls.of(cloud.client("iam")).get_paginator("list_policies").paginate(Scope="Local"):
            for policy in page["Policies"]:
                versions = cloud.client("iam").list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
                if len(versions) == 1:
                    calls.of(cloud.client("iam")).delete_policy(PolicyArn=policy["Arn"])
    calls.everything(cloud, service)
