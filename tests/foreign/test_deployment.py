"""What brings the scenarios to AWS and into containers: the second templates, and what the containers are told to run."""

import itertools
import json
import re
import subprocess
import time

import pytest
import yaml
from conftest import ROOT, SCRATCH, Cloud, messaging

SCENARIOS = ["archive", "tasks", "workflows", "jobs"]
# What the second templates ask for that no output of the first ones tells.
PARAMETERS = {
    "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/messaging:0.1.0", "VpcId": "vpc-12345678",
    "SubnetIds": "subnet-12345678,subnet-87654321", "AllowedCidr": "10.0.0.0/16",
    "JwtJwks": "https://issuer.example/keys", "JwtIssuer": "https://issuer.example", "JwtAudience": "jobs",
}


class Loader(yaml.SafeLoader):
    """Templates: the short forms of functions are as good as text here."""


Loader.add_multi_constructor("!", lambda loader, tag, node: f"!{tag} {getattr(node, 'value', '')}")


def read(path):
    return yaml.load((ROOT / path).read_text(), Loader)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), "--placeholders")
    yield cloud
    cloud.stop()


def cloudformation(cloud, *arguments):
    """A command of the AWS CLI: what it complains about, or nothing."""
    command = [SCRATCH / "venv/bin/aws", "--endpoint-url", cloud.endpoint, "cloudformation", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return None if done.returncode == 0 else done.stderr


def create(cloud, stack, template, given):
    """Creates a stack by the AWS CLI, with those of the values that its template asks for: why that failed, or nothing."""
    wanted = read(f"templates/{template}")["Parameters"]
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items() if key in wanted]
    refused = cloudformation(cloud, "create-stack", "--stack-name", stack, "--capabilities", "CAPABILITY_IAM", "--template-body",
                             f"file://{ROOT}/templates/{template}", "--parameters", json.dumps(parameters))
    return refused or settled(cloud, stack)


def settled(cloud, stack):
    """Waits until a stack is done with: its failure, or nothing. The CLI's own waiting takes half a minute."""
    deadline = time.monotonic() + 60
    while (status := describe(cloud, stack)["StackStatus"]).endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    return None if status == "CREATE_COMPLETE" else status


def describe(cloud, stack):
    return cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]


def outputs(cloud, stack):
    return {output["OutputKey"]: output["OutputValue"] for output in describe(cloud, stack).get("Outputs", [])}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_second_stack_stands_on_the_outputs_of_the_first(cloud, name):
    first, second = f"messaging-{name}", f"messaging-{name}-aws"
    assert create(cloud, first, f"{name}.yaml", {}) is None
    given = outputs(cloud, first) | PARAMETERS
    failed = create(cloud, second, f"{name}.aws.yaml", given)
    if name == "workflows":
        # The database's password comes from Secrets Manager, which this cloud hasn't.
        assert "resolve:secretsmanager" in failed
        return
    assert failed is None, failed
    made = outputs(cloud, second)
    assert {"Url", "ClusterName", "LogGroupName", "AlarmTopicArn"} <= set(made)
    assert name != "jobs" or {"DashboardUrl", "TableName"} <= set(made)
    # Placeholders stand for what this cloud hasn't; what it has is there.
    group = cloud.client("logs").describe_log_groups(logGroupNamePrefix=made["LogGroupName"])["logGroups"][0]
    assert group["retentionInDays"] == 30
    cloud.client("sns").get_topic_attributes(TopicArn=made["AlarmTopicArn"])


def test_the_second_stack_is_deployed_as_the_page_says(cloud):
    """All outputs of the first stack are given to `aws cloudformation deploy`, which takes those that the template asks for."""
    messaging("deploy", "--scenario", "tasks", "--stack", "by-the-page", "--parameter", "QueueName=by-the-page", endpoint=cloud.endpoint)
    given = [f"{key}={value}" for key, value in (outputs(cloud, "by-the-page") | PARAMETERS).items()]
    assert any(value.startswith("BucketName=") for value in given), "an output that is no parameter"
    failed = cloudformation(cloud, "deploy", "--stack-name", "by-the-page-aws", "--template-file",
                            str(ROOT / "templates/tasks.aws.yaml"), "--capabilities", "CAPABILITY_IAM",
                            "--parameter-overrides", "Stack=by-the-page", *given)
    assert failed is None, failed


def test_the_dashboard_is_json_about_all_parts():
    lines = (ROOT / "templates/jobs.aws.yaml").read_text().split("        - |-\n")[1].splitlines()
    body = "\n".join(itertools.takewhile(lambda line: line.startswith(" " * 10), lines))
    metrics = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"]["metrics"]]
    assert {metric[0] for metric in metrics} == {"messaging/jobs", "AWS/SQS", "AWS/DynamoDB", "AWS/ApplicationELB", "AWS/ECS"}
    assert {metric[3] for metric in metrics if metric[:2] == ["messaging/jobs", "Invocations"]} == {
        "api", "authorizer", "processor", "simulator", "status"}


def containers():
    """What each container is told to run, with the names in its environment."""
    for name, service in read("compose.yaml")["services"].items():
        if service.get("image") == "messaging":
            yield f"compose.yaml {name}", service["command"], service.get("environment", {})
            if check := service.get("healthcheck", {}).get("test"):
                yield f"compose.yaml {name}'s health", check[2:], []
    for name in SCENARIOS:
        for logical, resource in read(f"templates/{name}.aws.yaml")["Resources"].items():
            if resource["Type"] == "AWS::ECS::TaskDefinition":
                for it in resource["Properties"]["ContainerDefinitions"]:
                    names = [entry["Name"] for entry in it.get("Environment", []) + it.get("Secrets", [])]
                    yield f"{name}.aws.yaml {logical}", it["Command"], names
                    yield f"{name}.aws.yaml {logical}'s health", it["HealthCheck"]["Command"][2:], []


def test_containers_are_told_what_the_program_knows():
    found = list(containers())
    assert len(found) == 14 + 4 * len(SCENARIOS), [where for where, *_ in found]
    for where, command, names in found:
        # With --help all that stands before it is read, and nothing runs.
        said = messaging(*command, "--help", check=False)
        assert said.returncode == 0, f"{where}: {said.stderr}"
        for name in set(names) - {"SSL_CERT_FILE"}:
            flag = "--endpoint-url" if name == "AWS_ENDPOINT_URL" else "--" + name.lower().replace("_", "-")
            assert re.search(rf"^ +(-\w, )?{flag}\b", said.stdout, re.M), f"{where}: nothing reads {name}"
