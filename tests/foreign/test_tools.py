"""What people deploy with, at its defaults and unpatched: the CDK, SAM, the Serverless Framework, Ansible; and s3cmd."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import SCRATCH

TOOLS = pathlib.Path(__file__).parent / "tools"


@pytest.fixture(scope="module")
def tool(cloud, tmp_path_factory):
    """Runs a tool in a copy of its folder, led to the cloud by its own variables; gives all that it said."""
    home = tmp_path_factory.mktemp("home")
    folders = {}
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("AWS_", "MESSAGING_"))}
    environment = kept | {
        "HOME": str(home), "CI": "1", "AWS_ENDPOINT_URL": cloud.endpoint, "PORT": cloud.endpoint.rsplit(":", 1)[1],
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": f"{SCRATCH}/tools/bin:{SCRATCH}/node_modules/.bin:{os.environ['PATH']}",
        # None of them has anybody to tell how it is used.
        "CDK_DISABLE_CLI_TELEMETRY": "1", "SAM_CLI_TELEMETRY": "0", "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    }

    def run(folder, *command, check=True, **more):
        if folder not in folders:
            folders[folder] = tmp_path_factory.mktemp(folder)
            shutil.copytree(TOOLS / folder, folders[folder], dirs_exist_ok=True)
            (folders[folder] / "node_modules").symlink_to(SCRATCH / "node_modules")
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folders[folder], env=environment | more)
        said = done.stdout + done.stderr
        assert not check or done.returncode == 0, said
        return said

    return run


def outputs(cloud, stack):
    found = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def stacks(cloud):
    gone = "DELETE_COMPLETE"
    listed = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return {stack["StackName"] for stack in listed if stack["StackStatus"] != gone}


def receive(sqs, url):
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
    return [message["Body"] for message in got.get("Messages", [])]


def test_the_cdk_bootstraps_deploys_compares_and_destroys(cloud, tool):
    def cdk(*arguments, **options):
        return tool("cdk", "cdk", *arguments, "--no-notices", **options)

    cdk("bootstrap", "aws://000000000000/us-east-1")
    assert "CDKToolkit" in stacks(cloud)
    cdk("deploy", "--require-approval", "never")
    made = outputs(cloud, "FanOut")
    attributes = {"kind": {"DataType": "String", "StringValue": "payment"}}
    cloud.client("sns").publish(TopicArn=made["TopicArn"], Message="paid", MessageAttributes=attributes)
    sqs = cloud.client("sqs")
    assert receive(sqs, made["PaymentsUrl"]) == ["paid"]
    assert receive(sqs, made["OrdersUrl"]) == [], "its filter policy wants orders"
    assert "There were no differences" in cdk("diff")
    changed = cdk("diff", "--context", "display=Customers")
    assert "Consumers" in changed and "Customers" in changed
    cdk("deploy", "--require-approval", "never", "--context", "display=Customers")
    shown = cloud.client("sns").get_topic_attributes(TopicArn=made["TopicArn"])["Attributes"]
    assert shown["DisplayName"] == "Customers"
    # The CDK leaves a bucket as it is; CloudFormation doesn't delete one that holds something.
    s3 = cloud.client("s3")
    for found in s3.list_objects_v2(Bucket=made["BucketName"]).get("Contents", []):
        s3.delete_object(Bucket=made["BucketName"], Key=found["Key"])
    cdk("destroy", "--force")
    assert "FanOut" not in stacks(cloud)


def test_sam_deploys_what_has_nothing_serverless(cloud, tool):
    said = tool("sam", "sam", "deploy", "--stack-name", "plain", "--resolve-s3")
    assert "Successfully created/updated stack - plain" in said
    tool("sam", "sam", "deploy", "--stack-name", "plain", "--resolve-s3", "--parameter-overrides", "Receives=7")
    url = outputs(cloud, "plain")["QueueUrl"]
    policy = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    assert json.loads(policy["Attributes"]["RedrivePolicy"])["maxReceiveCount"] in (7, "7")
    tool("sam", "sam", "delete", "--stack-name", "plain", "--no-prompts", "--region", "us-east-1")
    assert "plain" not in stacks(cloud)


def test_the_serverless_framework_deploys_and_removes(cloud, tool):
    tool("serverless", "serverless", "deploy")
    assert "fan-out-dev" in stacks(cloud)
    assert "successfully removed" in tool("serverless", "serverless", "remove")
    assert "fan-out-dev" not in stacks(cloud)


def test_ansible_makes_and_removes_a_role(cloud, tool):
    tool("ansible", "ansible-playbook", "role.yml")


def test_s3cmd_puts_lists_gets_and_deletes(cloud, tool, tmp_path):
    host = cloud.endpoint.removeprefix("http://")
    (tmp_path / "events.jsonl").write_text("{}\n" * 3)

    def s3cmd(*arguments):
        return tool("sam", "s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}", *arguments)

    s3cmd("mb", "s3://by-hand")
    s3cmd("put", str(tmp_path / "events.jsonl"), "s3://by-hand/events.jsonl")
    assert re.search(r"\b9\b.*s3://by-hand/events.jsonl", s3cmd("ls", "s3://by-hand"))
    s3cmd("get", "s3://by-hand/events.jsonl", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "{}\n" * 3
    s3cmd("sync", str(tmp_path) + "/", "s3://by-hand/all/")
    s3cmd("info", "s3://by-hand/events.jsonl")
    s3cmd("del", "--recursive", "--force", "s3://by-hand")
    s3cmd("rb", "s3://by-hand")
