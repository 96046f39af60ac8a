"""Every operation of Key Management Service that this cloud has, by boto3."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import Cloud


@pytest.fixture(scope="module")
def kms(cloud, calls):
    return calls.of(cloud.client("kms"))


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_keys_have_names_states_and_settings(kms, aws):
    made = kms.create_key(Description="boto", Tags=[{"TagKey": "team", "TagValue": "data"}])["KeyMetadata"]
    key = {"KeyId": made["KeyId"]}
    assert (made["KeyState"], made["KeySpec"], made["EncryptionAlgorithms"]) == \
        ("Enabled", "SYMMETRIC_DEFAULT", ["SYMMETRIC_DEFAULT"])
    kms.create_alias(AliasName="alias/boto", TargetKeyId=made["Arn"])
    assert aws("kms", "describe-key", "--key-id", "alias/boto")["KeyMetadata"]["Arn"] == made["Arn"]
    kms.update_key_description(**key, Description="new")
    kms.disable_key(**key)
    shown = kms.describe_key(**key)["KeyMetadata"]
    assert (shown["Description"], shown["KeyState"], shown["Enabled"]) == ("new", "Disabled", False)
    kms.enable_key(**key)
    kms.enable_key_rotation(**key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(**key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    assert (status["NextRotationDate"] - made["CreationDate"]).days in (180, 179)
    kms.disable_key_rotation(**key)
    assert kms.list_key_policies(**key)["PolicyNames"] == ["default"]
    policy = json.loads(kms.get_key_policy(**key, PolicyName="default")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::000000000000:root"}
    policy["Id"] = "mine"
    kms.put_key_policy(**key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms.get_key_policy(**key)["Policy"])["Id"] == "mine"
    kms.tag_resource(**key, Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms.untag_resource(**key, TagKeys=["team"])
    assert kms.list_resource_tags(**key)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]


def test_aliases_and_pages(kms):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)]
    for number, key in enumerate(keys):
        kms.create_alias(AliasName=f"alias/page/{number}", TargetKeyId=key)
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    assert set(keys) <= {it["KeyId"] for page in pages for it in page["Keys"]}
    kms.update_alias(AliasName="alias/page/0", TargetKeyId=keys[1])
    assert [it["AliasName"] for it in kms.list_aliases(KeyId=keys[1])["Aliases"]] == ["alias/page/0", "alias/page/1"]
    kms.delete_alias(AliasName="alias/page/0")
    assert refused(kms.describe_key, KeyId="alias/page/0") == "NotFoundException"
    assert refused(kms.create_alias, AliasName="alias/page/1", TargetKeyId=keys[0]) == "AlreadyExistsException"


def test_a_deletion_is_scheduled_and_cancelled(kms):
    key = {"KeyId": kms.create_key()["KeyMetadata"]["KeyId"]}
    scheduled = kms.schedule_key_deletion(**key, PendingWindowInDays=7)
    assert (scheduled["KeyState"], scheduled["PendingWindowInDays"]) == ("PendingDeletion", 7)
    assert refused(kms.enable_key, **key) == "KMSInvalidStateException"
    kms.cancel_key_deletion(**key)
    assert kms.describe_key(**key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_nothing_is_encrypted(kms):
    key = {"KeyId": kms.create_key()["KeyMetadata"]["KeyId"]}
    assert refused(kms.encrypt, **key, Plaintext=b"x") == "NotImplemented"
    assert refused(kms.generate_data_key, **key, KeySpec="AES_256") == "NotImplemented"


def test_signatures_are_verified_where_they_are_wanted(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n")
    cloud = Cloud(tmp_path / "cloud", "--credentials", str(keys))
    for service, look in [("kms", "list_keys"), ("ecr", "describe_repositories"), ("ssm", "describe_parameters")]:
        for secret, code in [("secret", None), ("wrong", "InvalidSignatureException")]:
            client = boto3.client(service, endpoint_url=cloud.endpoint, region_name="us-east-1",
                                  aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=secret)
            if code:
                assert refused(getattr(client, look)) == code
            else:
                assert getattr(client, look)()["ResponseMetadata"]["HTTPStatusCode"] == 200
    cloud.stop()


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    calls.everything(cloud, "kms")
