"""A valid request for each operation of IAM, STS and KMS."""

import json

from .fixture import ACCOUNT, ASSUME, POLICY

TAGS = [{"Key": "k", "Value": "v"}]


def member(f):
    both = {"GroupName": f.group(), "UserName": f.user()}
    f.call("iam", "AddUserToGroup", **both)
    return both


def profiled(f):
    both = {"InstanceProfileName": f.profile(), "RoleName": f.role()}
    f.call("iam", "AddRoleToInstanceProfile", **both)
    return both


def versioned(f):
    policy = f.policy()
    f.call("iam", "CreatePolicyVersion", PolicyArn=policy, PolicyDocument=POLICY)
    return {"PolicyArn": policy, "VersionId": "v2"}


def login(f):
    user = f.user()
    f.call("iam", "CreateLoginProfile", UserName=user, Password="Passw0rd!")
    return {"UserName": user}


def bounded(f, kind):
    name = {"Role": f.role, "User": f.user}[kind]()
    f.call("iam", f"Put{kind}PermissionsBoundary", **{f"{kind}Name": name}, PermissionsBoundary=f.policy())
    return {f"{kind}Name": name}


def deletion(f):
    return {"DeletionTaskId": f.call("iam", "DeleteServiceLinkedRole", RoleName=f.service_role())["DeletionTaskId"]}


IAM = {
    "AddClientIDToOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider(), "ClientID": "d"},
    "AddRoleToInstanceProfile": lambda f: {"InstanceProfileName": f.profile(), "RoleName": f.role()},
    "AddUserToGroup": lambda f: {"GroupName": f.group(), "UserName": f.user()},
    "CreateAccessKey": lambda f: {"UserName": f.user()},
    "CreateGroup": lambda f: {"GroupName": f.name()},
    "CreateInstanceProfile": lambda f: {"InstanceProfileName": f.name(), "Tags": TAGS},
    "CreateLoginProfile": lambda f: {"UserName": f.user(), "Password": "Passw0rd!"},
    "CreateOpenIDConnectProvider": lambda f: {"Url": f.new_provider(), "ClientIDList": ["c"], "Tags": TAGS},
    "CreatePolicy": lambda f: {"PolicyName": f.name(), "PolicyDocument": POLICY, "Tags": TAGS},
    "CreatePolicyVersion": lambda f: {"PolicyArn": f.policy(), "PolicyDocument": POLICY},
    "CreateRole": lambda f: {"RoleName": f.name(), "AssumeRolePolicyDocument": ASSUME, "Tags": TAGS},
    "CreateServiceLinkedRole": lambda f: {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": f.name("s")},
    "CreateUser": lambda f: {"UserName": f.name(), "Tags": TAGS},
    "DeleteAccessKey": lambda f: f.access_key(),
    "DeleteGroup": lambda f: {"GroupName": f.group()},
    "DeleteInstanceProfile": lambda f: {"InstanceProfileName": f.profile()},
    "DeleteLoginProfile": login,
    "DeleteOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider()},
    "DeletePolicy": lambda f: {"PolicyArn": f.policy()},
    "DeletePolicyVersion": versioned,
    "DeleteRole": lambda f: {"RoleName": f.role()},
    "DeleteRolePermissionsBoundary": lambda f: bounded(f, "Role"),
    "DeleteServiceLinkedRole": lambda f: {"RoleName": f.service_role()},
    "DeleteUser": lambda f: {"UserName": f.user()},
    "DeleteUserPermissionsBoundary": lambda f: bounded(f, "User"),
    "GetAccessKeyLastUsed": lambda f: {"AccessKeyId": f.access_key()["AccessKeyId"]},
    "GetGroup": lambda f: {"GroupName": f.group()},
    "GetInstanceProfile": lambda f: {"InstanceProfileName": f.profile()},
    "GetLoginProfile": login,
    "GetOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider()},
    "GetPolicy": lambda f: {"PolicyArn": f.policy()},
    "GetPolicyVersion": lambda f: {"PolicyArn": f.policy(), "VersionId": "v1"},
    "GetRole": lambda f: {"RoleName": f.role()},
    "GetServiceLinkedRoleDeletionStatus": deletion,
    "GetUser": lambda f: {"UserName": f.user()},
    "ListAccessKeys": lambda f: {"UserName": f.user()},
    "ListEntitiesForPolicy": lambda f: {"PolicyArn": f.policy()},
    "ListGroups": lambda f: {},
    "ListGroupsForUser": lambda f: {"UserName": f.user()},
    "ListInstanceProfileTags": lambda f: {"InstanceProfileName": f.profile()},
    "ListInstanceProfiles": lambda f: {},
    "ListInstanceProfilesForRole": lambda f: {"RoleName": f.role()},
    "ListOpenIDConnectProviderTags": lambda f: {"OpenIDConnectProviderArn": f.provider()},
    "ListOpenIDConnectProviders": lambda f: {},
    "ListPolicies": lambda f: {"Scope": "Local"},
    "ListPolicyTags": lambda f: {"PolicyArn": f.policy()},
    "ListPolicyVersions": lambda f: {"PolicyArn": f.policy()},
    "ListRoleTags": lambda f: {"RoleName": f.role()},
    "ListRoles": lambda f: {"MaxItems": 10},
    "ListUserTags": lambda f: {"UserName": f.user()},
    "ListUsers": lambda f: {"MaxItems": 10},
    "PutRolePermissionsBoundary": lambda f: {"RoleName": f.role(), "PermissionsBoundary": f.policy()},
    "PutUserPermissionsBoundary": lambda f: {"UserName": f.user(), "PermissionsBoundary": f.policy()},
    "RemoveClientIDFromOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider(), "ClientID": "c"},
    "RemoveRoleFromInstanceProfile": profiled,
    "RemoveUserFromGroup": member,
    "SetDefaultPolicyVersion": versioned,
    "TagInstanceProfile": lambda f: {"InstanceProfileName": f.profile(), "Tags": TAGS},
    "TagOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider(), "Tags": TAGS},
    "TagPolicy": lambda f: {"PolicyArn": f.policy(), "Tags": TAGS},
    "TagRole": lambda f: {"RoleName": f.role(), "Tags": TAGS},
    "TagUser": lambda f: {"UserName": f.user(), "Tags": TAGS},
    "UntagInstanceProfile": lambda f: {"InstanceProfileName": f.profile(), "TagKeys": ["k"]},
    "UntagOpenIDConnectProvider": lambda f: {"OpenIDConnectProviderArn": f.provider(), "TagKeys": ["k"]},
    "UntagPolicy": lambda f: {"PolicyArn": f.policy(), "TagKeys": ["k"]},
    "UntagRole": lambda f: {"RoleName": f.role(), "TagKeys": ["k"]},
    "UntagUser": lambda f: {"UserName": f.user(), "TagKeys": ["k"]},
    "UpdateAccessKey": lambda f: f.access_key() | {"Status": "Inactive"},
    "UpdateAssumeRolePolicy": lambda f: {"RoleName": f.role(), "PolicyDocument": ASSUME},
    "UpdateGroup": lambda f: {"GroupName": f.group(), "NewGroupName": f.name()},
    "UpdateLoginProfile": lambda f: login(f) | {"Password": "Passw0rd!2"},
    "UpdateOpenIDConnectProviderThumbprint": lambda f: {"OpenIDConnectProviderArn": f.provider(), "ThumbprintList": ["0" * 40]},
    "UpdateRole": lambda f: {"RoleName": f.role(), "Description": "d"},
    "UpdateRoleDescription": lambda f: {"RoleName": f.role(), "Description": "d"},
    "UpdateUser": lambda f: {"UserName": f.user(), "NewUserName": f.name()},
}
for kind, make in [("Group", "group"), ("Role", "role"), ("User", "user")]:
    IAM |= {
        f"Attach{kind}Policy": lambda f, k=kind, m=make: {f"{k}Name": getattr(f, m)(), "PolicyArn": f.policy()},
        f"Detach{kind}Policy": lambda f, k=kind, m=make: f.with_attached(k, getattr(f, m)),
        f"Put{kind}Policy": lambda f, k=kind, m=make: {f"{k}Name": getattr(f, m)(), "PolicyName": "p", "PolicyDocument": POLICY},
        f"Get{kind}Policy": lambda f, k=kind, m=make: f.with_policy(k, getattr(f, m)),
        f"Delete{kind}Policy": lambda f, k=kind, m=make: f.with_policy(k, getattr(f, m)),
        f"List{kind}Policies": lambda f, k=kind, m=make: {f"{k}Name": getattr(f, m)()},
        f"ListAttached{kind}Policies": lambda f, k=kind, m=make: {f"{k}Name": getattr(f, m)()},
    }

STS = {
    "AssumeRole": lambda f: {"RoleArn": f.role_arn(), "RoleSessionName": "session"},
    "GetAccessKeyInfo": lambda f: {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
    "GetCallerIdentity": lambda f: {},
    "GetSessionToken": lambda f: {},
}


def going(f):
    key = f.key()
    f.call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    return {"KeyId": key}


KEY_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}]})
KMS_TAGS = [{"TagKey": "k", "TagValue": "v"}]

KMS = {
    "CancelKeyDeletion": going,
    "CreateAlias": lambda f: {"AliasName": f.name("alias/walk"), "TargetKeyId": f.key()},
    "CreateKey": lambda f: {"Tags": KMS_TAGS},
    "DeleteAlias": lambda f: {"AliasName": f.alias()["AliasName"]},
    "DescribeKey": lambda f: {"KeyId": f.key()},
    "DisableKey": lambda f: {"KeyId": f.key()},
    "DisableKeyRotation": lambda f: {"KeyId": f.key()},
    "EnableKey": lambda f: {"KeyId": f.key()},
    "EnableKeyRotation": lambda f: {"KeyId": f.key()},
    "GetKeyPolicy": lambda f: {"KeyId": f.key(), "PolicyName": "default"},
    "GetKeyRotationStatus": lambda f: {"KeyId": f.key()},
    "ListAliases": lambda f: {},
    "ListKeyPolicies": lambda f: {"KeyId": f.key()},
    "ListKeys": lambda f: {"Limit": 10},
    "ListResourceTags": lambda f: {"KeyId": f.key()},
    "PutKeyPolicy": lambda f: {"KeyId": f.key(), "PolicyName": "default", "Policy": KEY_POLICY},
    "ScheduleKeyDeletion": lambda f: {"KeyId": f.key(), "PendingWindowInDays": 7},
    "TagResource": lambda f: {"KeyId": f.key(), "Tags": KMS_TAGS},
    "UntagResource": lambda f: {"KeyId": f.key(), "TagKeys": ["k"]},
    "UpdateAlias": lambda f: f.alias() | {"TargetKeyId": f.key()},
    "UpdateKeyDescription": lambda f: {"KeyId": f.key(), "Description": "d"},
}
