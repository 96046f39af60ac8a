"""Every operation of Systems Manager's Parameter Store that this cloud has, by boto3."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def ssm(cloud, calls):
    return calls.of(cloud.client("ssm"))


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_parameters_have_versions_and_labels(ssm):
    put = ssm.put_parameter(Name="/boto/url", Value="one", Type="String", Description="where",
                            Tags=[{"Key": "team", "Value": "data"}])
    assert (put["Version"], put["Tier"]) == (1, "Standard")
    assert refused(ssm.put_parameter, Name="/boto/url", Value="two", Type="String") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name="/boto/url", Value="two", Overwrite=True)["Version"] == 2
    labelled = ssm.label_parameter_version(Name="/boto/url", ParameterVersion=1, Labels=["live", "1bad"])
    assert (labelled["InvalidLabels"], labelled["ParameterVersion"]) == (["1bad"], 1)
    shown = ssm.get_parameter(Name="/boto/url:live")["Parameter"]
    assert (shown["Value"], shown["Version"], shown["Selector"], shown["DataType"]) == ("one", 1, ":live", "text")
    assert shown["ARN"] == "arn:aws:ssm:us-east-1:000000000000:parameter/boto/url"
    assert ssm.get_parameter(Name=shown["ARN"])["Parameter"]["Value"] == "two"
    pages = ssm.get_paginator("get_parameter_history").paginate(Name="/boto/url", PaginationConfig={"PageSize": 1})
    assert [(it["Version"], it["Labels"]) for page in pages for it in page["Parameters"]] == [(1, ["live"]), (2, [])]
    taken = ssm.unlabel_parameter_version(Name="/boto/url", ParameterVersion=1, Labels=["live"])
    assert taken["RemovedLabels"] == ["live"]
    assert refused(ssm.get_parameter, Name="/boto/url:live") == "ParameterVersionNotFound"
    assert refused(ssm.get_parameter, Name="/boto/nobody") == "ParameterNotFound"


def test_parameters_are_found_by_path_and_filter(ssm):
    for number in range(12):
        ssm.put_parameter(Name=f"/found/{number:02}", Value="a,b", Type="StringList")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/found")
    assert [it["Name"] for page in pages for it in page["Parameters"]] == [f"/found/{number:02}" for number in range(12)]
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Contains", "Values": ["found/1"]}])
    assert [it["Name"] for it in found["Parameters"]] == ["/found/10", "/found/11"]
    some = ssm.get_parameters(Names=["/found/00", "/found/none"])
    assert ([it["Value"] for it in some["Parameters"]], some["InvalidParameters"]) == (["a,b"], ["/found/none"])
    names = [f"/found/{number:02}" for number in range(12)]
    assert len(ssm.delete_parameters(Names=names[:10])["DeletedParameters"]) == 10
    ssm.delete_parameter(Name=names[10])
    assert refused(ssm.delete_parameter, Name=names[10]) == "ParameterNotFound"


def test_secure_strings_and_tags(ssm):
    ssm.put_parameter(Name="boto-secret", Value="secret", Type="SecureString")
    assert ssm.get_parameter(Name="boto-secret")["Parameter"]["Value"] != "secret"
    assert ssm.get_parameter(Name="boto-secret", WithDecryption=True)["Parameter"]["Value"] == "secret"
    resource = {"ResourceType": "Parameter", "ResourceId": "boto-secret"}
    ssm.add_tags_to_resource(**resource, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**resource, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**resource)["TagList"] == [{"Key": "b", "Value": "2"}]
    assert refused(ssm.list_documents) == "NotImplemented"


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    calls.everything(cloud, "ssm")
