"""Every operation of CloudFormation by boto3."""

import json
import time

import pytest
from botocore.exceptions import ClientError

TEMPLATE = {
    "Description": "A queue and a topic",
    "Parameters": {"Timeout": {"Type": "Number", "Default": "30", "Description": "Seconds"}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Timeout"}}},
        "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Queue"},
    },
    "Outputs": {
        "Url": {"Value": {"Ref": "Queue"}},
        "TopicArn": {"Value": {"Ref": "Topic"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-topic"}}},
    },
}
BODY = json.dumps(TEMPLATE)
IMPORTER = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
    "Tags": [{"Key": "topic", "Value": {"Fn::ImportValue": "exporter-topic"}}]}}}})


@pytest.fixture(scope="module")
def cfn(cloud, calls):
    return calls.of(cloud.client("cloudformation"))


@pytest.fixture(scope="module")
def sqs(cloud):
    return cloud.client("sqs")


def refusal(call, **input):
    """Code and message."""
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def rest(cfn, stack):
    """The stack when it has come to rest."""
    for _ in range(300):
        shown = cfn.describe_stacks(StackName=stack)["Stacks"][0]
        if not shown["StackStatus"].endswith("_IN_PROGRESS"):
            return shown
        time.sleep(0.1)
    raise AssertionError(f"{stack} is still {shown['StackStatus']}")


def outputs(shown):
    return {output["OutputKey"]: output["OutputValue"] for output in shown.get("Outputs", [])}


def create(cfn, stack, body=BODY, **more):
    cfn.create_stack(StackName=stack, TemplateBody=body, **more)
    shown = rest(cfn, stack)
    assert shown["StackStatus"] == "CREATE_COMPLETE", shown
    return shown


def timeout(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"]


def test_a_stack_is_created_shown_updated_and_deleted(cfn, sqs):
    shown = create(cfn, "direct", Tags=[{"Key": "team", "Value": "orders"}])
    url = outputs(shown)["Url"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["team"] == "orders"
    events = [it for page in cfn.get_paginator("describe_stack_events").paginate(StackName="direct") for it in page["StackEvents"]]
    told = [(it["LogicalResourceId"], it["ResourceStatus"]) for it in reversed(events)]
    assert told[0] == ("direct", "CREATE_IN_PROGRESS") and told[-1] == ("direct", "CREATE_COMPLETE")
    assert told.index(("Queue", "CREATE_COMPLETE")) < told.index(("Topic", "CREATE_IN_PROGRESS"))
    assert cfn.describe_stack_resource(StackName="direct", LogicalResourceId="Queue")["StackResourceDetail"][
        "PhysicalResourceId"] == url
    resources = cfn.describe_stack_resources(StackName="direct")["StackResources"]
    assert {it["LogicalResourceId"]: it["ResourceType"] for it in resources} == {
        "Queue": "AWS::SQS::Queue", "Topic": "AWS::SNS::Topic"}
    pages = cfn.get_paginator("list_stack_resources").paginate(StackName="direct")
    assert len([it for page in pages for it in page["StackResourceSummaries"]]) == 2
    assert json.loads(json.dumps(cfn.get_template(StackName="direct")["TemplateBody"])) == TEMPLATE

    cfn.update_stack(StackName="direct", UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Timeout", "ParameterValue": "77"}])
    assert rest(cfn, "direct")["StackStatus"] == "UPDATE_COMPLETE"
    assert timeout(sqs, url) == "77"
    code, message = refusal(cfn.update_stack, StackName="direct", UsePreviousTemplate=True, Parameters=[
        {"ParameterKey": "Timeout", "UsePreviousValue": True}])
    assert (code, message) == ("ValidationError", "No updates are to be performed.")

    cfn.delete_stack(StackName="direct")
    cfn.get_waiter("stack_delete_complete").wait(StackName=shown["StackId"], WaiterConfig={"Delay": 1})
    code, message = refusal(cfn.describe_stacks, StackName="direct")
    assert (code, message) == ("ValidationError", "Stack with id direct does not exist")
    summaries = [it for page in cfn.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
                 for it in page["StackSummaries"]]
    assert shown["StackId"] in [it["StackId"] for it in summaries]
    assert sqs.list_queues(QueueNamePrefix="direct").get("QueueUrls", []) == []


def test_change_sets(cfn, sqs):
    cfn.create_change_set(StackName="changing", ChangeSetName="make", ChangeSetType="CREATE", TemplateBody=BODY)
    cfn.get_waiter("change_set_create_complete").wait(StackName="changing", ChangeSetName="make", WaiterConfig={"Delay": 1})
    shown = cfn.describe_change_set(StackName="changing", ChangeSetName="make")
    assert {it["ResourceChange"]["LogicalResourceId"]: it["ResourceChange"]["Action"] for it in shown["Changes"]} == {
        "Queue": "Add", "Topic": "Add"}
    assert shown["ExecutionStatus"] == "AVAILABLE"
    assert cfn.describe_stacks(StackName="changing")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert [it["ChangeSetName"] for it in cfn.list_change_sets(StackName="changing")["Summaries"]] == ["make"]
    cfn.execute_change_set(StackName="changing", ChangeSetName="make")
    assert rest(cfn, "changing")["StackStatus"] == "CREATE_COMPLETE"

    given = {"StackName": "changing", "UsePreviousTemplate": True}
    cfn.create_change_set(ChangeSetName="same", **given)
    for _ in range(100):
        shown = cfn.describe_change_set(StackName="changing", ChangeSetName="same")
        if not shown["Status"].endswith(("_IN_PROGRESS", "_PENDING")):
            break
        time.sleep(0.1)
    assert shown["Status"] == "FAILED"
    assert "didn't contain changes" in shown["StatusReason"]
    cfn.delete_change_set(StackName="changing", ChangeSetName="same")
    assert refusal(cfn.describe_change_set, StackName="changing", ChangeSetName="same")[0] == "ChangeSetNotFound"

    cfn.create_change_set(ChangeSetName="slower", Parameters=[{"ParameterKey": "Timeout", "ParameterValue": "99"}], **given)
    cfn.get_waiter("change_set_create_complete").wait(StackName="changing", ChangeSetName="slower", WaiterConfig={"Delay": 1})
    changes = cfn.describe_change_set(StackName="changing", ChangeSetName="slower")["Changes"]
    [change] = [it["ResourceChange"] for it in changes]
    assert (change["LogicalResourceId"], change["Action"], change["Replacement"]) == ("Queue", "Modify", "False")
    [detail] = [it for it in change["Details"] if it["Target"].get("Name") == "VisibilityTimeout"][:1]
    assert detail["Target"]["RequiresRecreation"] == "Never"
    cfn.execute_change_set(StackName="changing", ChangeSetName="slower")
    shown = rest(cfn, "changing")
    assert timeout(sqs, outputs(shown)["Url"]) == "99"


def test_a_failure_is_rolled_back_with_its_reason(cfn, sqs):
    bad = json.loads(BODY)
    bad["Resources"]["Topic"]["Properties"] = {"TopicName": "not a name"}
    cfn.create_stack(StackName="failing", TemplateBody=json.dumps(bad))
    assert rest(cfn, "failing")["StackStatus"] == "ROLLBACK_COMPLETE"
    [failed] = [it for it in cfn.describe_stack_events(StackName="failing")["StackEvents"]
                if it["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Topic"
    assert "Topic Name" in failed["ResourceStatusReason"]
    assert sqs.list_queues(QueueNamePrefix="failing").get("QueueUrls", []) == []
    code, message = refusal(cfn.update_stack, StackName="failing", TemplateBody=BODY)
    assert code == "ValidationError" and "ROLLBACK_COMPLETE" in message

    url = outputs(create(cfn, "kept"))["Url"]
    bad["Parameters"]["Timeout"]["Default"] = "55"
    cfn.update_stack(StackName="kept", TemplateBody=json.dumps(bad))
    assert rest(cfn, "kept")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert timeout(sqs, url) == "30"


def test_a_failure_can_be_kept_and_rolled_back_by_hand(cfn, sqs):
    bad = json.loads(BODY)
    bad["Resources"]["Topic"]["Properties"] = {"TopicName": "not a name"}
    cfn.create_stack(StackName="by-hand", TemplateBody=json.dumps(bad), DisableRollback=True)
    assert rest(cfn, "by-hand")["StackStatus"] == "CREATE_FAILED"
    assert len(sqs.list_queues(QueueNamePrefix="by-hand")["QueueUrls"]) == 1
    cfn.rollback_stack(StackName="by-hand")
    assert rest(cfn, "by-hand")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert sqs.list_queues(QueueNamePrefix="by-hand").get("QueueUrls", []) == []


def test_exports_and_imports_guard_each_other(cfn):
    arn = outputs(create(cfn, "exporter"))["TopicArn"]
    exports = {it["Name"]: it["Value"] for it in cfn.list_exports()["Exports"]}
    assert exports["exporter-topic"] == arn
    create(cfn, "importer", IMPORTER)
    assert cfn.list_imports(ExportName="exporter-topic")["Imports"] == ["importer"]
    # AWS refuses in the call or in the stack's events; either way the stack stays.
    try:
        cfn.delete_stack(StackName="exporter")
        shown = rest(cfn, "exporter")
        assert shown["StackStatus"] != "DELETE_COMPLETE"
        assert "exporter-topic" in json.dumps(cfn.describe_stack_events(StackName="exporter")["StackEvents"], default=str)
    except ClientError as error:
        assert "exporter-topic" in error.response["Error"]["Message"]
    cfn.delete_stack(StackName="importer")
    cfn.get_waiter("stack_delete_complete").wait(StackName="importer", WaiterConfig={"Delay": 1})
    assert refusal(cfn.list_imports, ExportName="exporter-topic")[0] == "ValidationError"


def test_templates_are_looked_at(cfn):
    shown = cfn.validate_template(TemplateBody=BODY)
    assert (shown["Description"], [it["ParameterKey"] for it in shown["Parameters"]]) == ("A queue and a topic", ["Timeout"])
    shown = cfn.get_template_summary(TemplateBody=BODY)
    assert sorted(shown["ResourceTypes"]) == ["AWS::SNS::Topic", "AWS::SQS::Queue"]
    code, message = refusal(cfn.validate_template, TemplateBody="Resources: [")
    assert code == "ValidationError" and message
    unknown = json.dumps({"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}})
    try:
        cfn.create_stack(StackName="unknown", TemplateBody=unknown)
        rest(cfn, "unknown")
        said = json.dumps(cfn.describe_stack_events(StackName="unknown")["StackEvents"], default=str)
    except ClientError as error:
        said = error.response["Error"]["Message"]
    assert "AWS::DynamoDB::Table" in said
    code, message = refusal(cfn.create_stack, StackName="iam", TemplateBody=json.dumps({"Resources": {"Role": {
        "Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}}))
    assert code == "InsufficientCapabilitiesException" and "CAPABILITY_IAM" in message


def test_policies_and_protection(cfn):
    stack = create(cfn, "protected", EnableTerminationProtection=True)["StackId"]
    code, message = refusal(cfn.delete_stack, StackName="protected")
    assert code == "ValidationError" and "TerminationProtection" in message
    cfn.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
    cfn.set_stack_policy(StackName="protected", StackPolicyBody=policy)
    assert json.loads(cfn.get_stack_policy(StackName="protected")["StackPolicyBody"]) == json.loads(policy)
    assert refusal(cfn.cancel_update_stack, StackName="protected")[0] == "ValidationError"
    assert refusal(cfn.continue_update_rollback, StackName="protected")[0] == "ValidationError"
    cfn.delete_stack(StackName="protected")
    assert rest(cfn, stack)["StackStatus"] == "DELETE_COMPLETE"


def test_events_of_operations(cfn, sqs):
    made = cfn.create_stack(StackName="operated", TemplateBody=BODY.replace("-topic", "-operated"))
    shown = rest(cfn, "operated")
    assert shown["LastOperations"] == [{"OperationType": "CREATE_STACK", "OperationId": made["OperationId"]}]
    events = cfn.describe_events(OperationId=made["OperationId"])["OperationEvents"]
    assert {it["EventType"] for it in events} == {"STACK_EVENT", "PROGRESS_EVENT"}
    assert events[0]["OperationStatus"] == "SUCCEEDED"
    queue = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "held"}}}}
    sqs.create_queue(QueueName="held")
    make = {"StackName": "conflict", "ChangeSetType": "CREATE", "TemplateBody": json.dumps(queue)}
    made = cfn.create_change_set(ChangeSetName="make", **make)
    [event] = cfn.describe_events(ChangeSetName=made["Id"], Filters={"FailedEvents": True})["OperationEvents"][1:]
    assert event["ValidationName"] == "NAME_CONFLICT_VALIDATION"
    assert event["ValidationPath"] == "/Resources/Queue"


def test_values_of_the_parameter_store(cfn, cloud):
    ssm = cloud.client("ssm")
    typed = {"Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/stack/name"}},
             "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "{{resolve:ssm:/stack/name:1}}"}}},
             "Outputs": {"Name": {"Value": {"Ref": "Name"}}}}
    make = {"StackName": "stored", "TemplateBody": json.dumps(typed)}
    assert refusal(cfn.create_stack, **make) == (
        "ValidationError", "Unable to fetch parameters [/stack/name] from parameter store for this account.")
    ssm.put_parameter(Name="/stack/name", Type="String", Value="first")
    ssm.put_parameter(Name="/stack/name", Type="String", Value="second", Overwrite=True)
    cfn.create_stack(**make)
    shown = rest(cfn, "stored")
    assert shown["Parameters"] == [
        {"ParameterKey": "Name", "ParameterValue": "/stack/name", "ResolvedValue": "second"}]
    assert outputs(shown)["Name"] == "second"
    [topic] = [it["PhysicalResourceId"] for it in cfn.list_stack_resources(StackName="stored")["StackResourceSummaries"]]
    assert cloud.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "first"


def test_there_are_no_stack_sets(cfn, calls):
    assert cfn.list_stack_sets()["Summaries"] == []
    cfn.delete_stack_set(StackSetName="none")
    operation = {"StackSetName": "none", "OperationId": "o"}
    instance = {"StackSetName": "none", "StackInstanceAccount": "000000000000", "StackInstanceRegion": "us-east-1"}
    for call, name, given in [
        (cfn.describe_stack_set, "DescribeStackSet", {"StackSetName": "none"}),
        (cfn.describe_stack_instance, "DescribeStackInstance", instance),
        (cfn.describe_stack_set_operation, "DescribeStackSetOperation", operation),
        (cfn.list_stack_instances, "ListStackInstances", {"StackSetName": "none"}),
        (cfn.list_stack_set_operations, "ListStackSetOperations", {"StackSetName": "none"}),
        (cfn.list_stack_set_operation_results, "ListStackSetOperationResults", operation),
    ]:
        assert refusal(call, **given)[0] == "StackSetNotFoundException", name
        # None can ever be called with success.
        calls.done["cloudformation"].add(name)


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    # Nothing here lasts long enough to be cancelled, or fails to roll back: what they refuse was seen.
    calls.done["cloudformation"] |= {"CancelUpdateStack", "ContinueUpdateRollback"}
    calls.everything(cloud, "cloudformation")
