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


def test_users_and_groups(iam, cloud, calls):
    user = iam.create_user(UserName="ann", Path="/team/", Tags=[{"Key": "team", "Value": "a"}])["User"]
    assert user["Arn"] == "arn:aws:iam::000000000000:user/team/ann" and user["UserId"].startswith("AIDA")
    iam.tag_user(UserName="ann", Tags=[{"Key": "stage", "Value": "test"}])
    iam.untag_user(UserName="ann", TagKeys=["team"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "stage", "Value": "test"}]
    iam.create_group(GroupName="readers")
    iam.update_group(GroupName="readers", NewGroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    assert [it["UserName"] for it in iam.get_group(GroupName="staff")["Users"]] == ["ann"]
    assert [it["GroupName"] for it in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["staff"]
    assert [it["GroupName"] for it in iam.list_groups()["Groups"]] == ["staff"]
    for kind, name in (("user", "ann"), ("group", "staff")):
        named = {f"{kind.title()}Name": name}
        call = lambda operation, **more: getattr(iam, operation)(**named, **more)
        call(f"put_{kind}_policy", PolicyName="p", PolicyDocument=json.dumps(READ))
        assert call(f"get_{kind}_policy", PolicyName="p")["PolicyDocument"] == READ
        assert call(f"list_{kind}_policies")["PolicyNames"] == ["p"]
        call(f"delete_{kind}_policy", PolicyName="p")
        arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        call(f"attach_{kind}_policy", PolicyArn=arn)
        assert call(f"list_attached_{kind}_policies")["AttachedPolicies"][0]["PolicyName"] == "AmazonS3ReadOnlyAccess"
        assert iam.list_entities_for_policy(PolicyArn=arn)[f"Policy{kind.title()}s"][0][f"{kind.title()}Name"] == name
        call(f"detach_{kind}_policy", PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert "PermissionsBoundary" in iam.get_user(UserName="ann")["User"]
    iam.delete_user_permissions_boundary(UserName="ann")

    key = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (used["UserName"], used["AccessKeyLastUsed"]["ServiceName"]) == ("ann", "N/A")
    iam.create_login_profile(UserName="ann", Password="Long-enough-1")
    iam.update_login_profile(UserName="ann", PasswordResetRequired=True)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is True
    assert refused(iam.delete_user, UserName="ann") == "DeleteConflict"
    iam.delete_login_profile(UserName="ann")
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    iam.remove_user_from_group(GroupName="staff", UserName="ann")
    iam.update_user(UserName="ann", NewUserName="anna")
    assert [it["UserName"] for it in iam.list_users()["Users"]] == ["anna"]
    iam.delete_user(UserName="anna")
    iam.delete_group(GroupName="staff")
    assert refused(iam.get_user, UserName="anna") == "NoSuchEntity"


def test_what_refers_to_roles(iam):
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="machine")
    shown = iam.get_instance_profile(InstanceProfileName="machine")["InstanceProfile"]
    assert shown["Roles"][0]["AssumeRolePolicyDocument"] == TRUST
    assert len(iam.list_instance_profiles_for_role(RoleName="machine")["InstanceProfiles"]) == 1
    assert len(iam.list_instance_profiles()["InstanceProfiles"]) == 1
    iam.tag_instance_profile(InstanceProfileName="machine", Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_instance_profile_tags(InstanceProfileName="machine")["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.untag_instance_profile(InstanceProfileName="machine", TagKeys=["a"])
    assert refused(iam.delete_role, RoleName="machine") == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="machine")
    iam.delete_instance_profile(InstanceProfileName="machine")
    iam.delete_role(RoleName="machine")

    linked = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]["RoleName"]
    task = iam.delete_service_linked_role(RoleName=linked)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"

    arn = iam.create_open_id_connect_provider(Url="https://token.example.com", ClientIDList=["a"])["OpenIDConnectProviderArn"]
    named = {"OpenIDConnectProviderArn": arn}
    iam.add_client_id_to_open_id_connect_provider(**named, ClientID="b")
    iam.remove_client_id_from_open_id_connect_provider(**named, ClientID="a")
    iam.update_open_id_connect_provider_thumbprint(**named, ThumbprintList=["a" * 40])
    iam.tag_open_id_connect_provider(**named, Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_open_id_connect_provider(**named, TagKeys=["a"])
    assert iam.list_open_id_connect_provider_tags(**named)["Tags"] == []
    shown = iam.get_open_id_connect_provider(**named)
    assert (shown["ClientIDList"], shown["ThumbprintList"]) == (["b"], ["a" * 40])
    assert [it["Arn"] for it in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]] == [arn]
    iam.delete_open_id_connect_provider(**named)


def test_versions_of_policies(iam):
    arn = iam.create_policy(PolicyName="versions", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WRITE))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == "DeleteConflict"
    assert refused(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    iam.delete_policy(PolicyArn=arn)


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
                for version in cloud.client("iam").list_policy_versions(PolicyArn=policy["Arn"])["Versions"]:
                    if not version["IsDefaultVersion"]:
                        cloud.client("iam").delete_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
                calls.of(cloud.client("iam")).delete_policy(PolicyArn=policy["Arn"])
    calls.everything(cloud, service)
