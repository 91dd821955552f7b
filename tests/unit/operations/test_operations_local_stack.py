"""What a destroy left behind is found, of every kind, and on every page of a listing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import moto
import pytest

from operations import local_stack
from operations.errors import TerraformFailed


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account of moto's, in this process, and a deployment in it whose state is empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        # moto alone lists no configurations of MSK; the target's own control plane does.
        kafka = SimpleNamespace(
            can_paginate=lambda _operation: False,
            list_clusters_v2=lambda: {"ClusterInfoList": []},
            list_configurations=lambda: {"Configurations": []},
        )
        account = SimpleNamespace(client=lambda service: kafka if service == "kafka" else session.client(service))
        terraform = SimpleNamespace(addresses=list)
        yield SimpleNamespace(session=lambda: account, terraform=lambda: terraform)


def test_an_empty_account_has_nothing_left_but_the_state(account: Any) -> None:
    account.session().client("s3").create_bucket(Bucket="user-events-local-state")
    assert local_stack.leftovers(account) == []


def test_what_is_left_is_named_on_every_page(account: Any) -> None:
    logs, iam, ec2 = (account.session().client(name) for name in ("logs", "iam", "ec2"))
    for number in range(60):  # a page of CloudWatch Logs holds 50
        logs.create_log_group(logGroupName=f"group-{number:02}")
    iam.create_role(RoleName="left", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="left", Description="left", VpcId=vpc)["GroupId"]
    account.session().client("cloudwatch").put_metric_alarm(
        AlarmName="left",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="m",
        Namespace="n",
        Period=60,
        Threshold=1,
    )
    found = local_stack.leftovers(account)
    assert [name for name in found if name.startswith("log group")] == [f"log group group-{number:02}" for number in range(60)]
    assert {"role left", f"security group {group}", "alarm left"} <= set(found)


def test_a_resource_that_only_the_state_knows_is_left_too(account: Any) -> None:
    account.terraform().addresses = lambda: ["module.lake.aws_s3_bucket.this"]
    assert local_stack.leftovers(account) == ["in Terraform's state: module.lake.aws_s3_bucket.this"]


def test_down_fails_where_destroy_failed_and_stops_the_target_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    stopped = []

    def refuse() -> str:
        raise TerraformFailed("terraform destroy failed.")

    monkeypatch.setattr(local_stack, "answers", lambda _deployment: True)
    monkeypatch.setattr(local_stack, "stop_target", lambda home, _output: stopped.append(home))
    terraform = SimpleNamespace(init=lambda: None, destroy=refuse)
    deployment: Any = SimpleNamespace(
        prepare_state=lambda _say: None, terraform=lambda _say: terraform, home="home", outputs_file=tmp_path / "outputs.json"
    )
    with pytest.raises(TerraformFailed, match="destroy failed"):
        local_stack.down(deployment, SimpleNamespace(notice=lambda _text: None))  # type: ignore[arg-type]
    assert stopped == ["home"]


def test_an_endpoint_that_was_deleted_is_still_listed_for_a_while_and_is_not_left(account: Any) -> None:
    ec2 = account.session().client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sts", VpcEndpointType="Interface", SubnetIds=[subnet])
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    assert f"endpoint {endpoint}" in local_stack.leftovers(account)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert local_stack.leftovers(account) == []
