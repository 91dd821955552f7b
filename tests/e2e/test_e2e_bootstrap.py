"""The state's bucket and the workflow's roles, by the very commands of their README; and whether the roles' rights suffice
for what Terraform really asks when it plans and applies the stack.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from local_aws.home import CHECKOUT
from operations.prerequisites import plugin_directory

pytestmark = pytest.mark.e2e

BUCKET = "user-events-dev-state"

# S3's operations whose right has another name (Service Authorization Reference, "Actions, resources, and condition keys
# for Amazon S3").
S3_RIGHTS = {
    "DeleteObjects": "DeleteObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
NEED_NO_RIGHT = {"sts:GetCallerIdentity"}


class Bootstrap:
    """A copy of the checkout's Terraform in which the README's commands are run, against the running local target."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        shutil.copytree(CHECKOUT / "terraform", directory / "terraform", ignore=shutil.ignore_patterns(".terraform"))
        mirror = plugin_directory()
        self.environment = {
            **environment,
            "ENV": "dev",
            "REPOSITORY": "example/user-events",
            "TF_DATA_DIR": str(directory / ".local" / "aws" / "dev" / "terraform" / "bootstrap"),
            "TF_INPUT": "0",
            "TF_CLI_ARGS": "-no-color",
            "TF_CLI_ARGS_apply": "-auto-approve",
            "TF_CLI_ARGS_destroy": "-auto-approve",
            "TF_CLI_ARGS_init": " ".join(["-force-copy", *([f"-plugin-dir={mirror}"] if mirror else [])]),
            # Tests do without the lifecycle rule: the provider waits a minute for it.
            "TF_VAR_former_versions": "null",
        }
        if not Path(os.environ.get("TF_CLI_CONFIG_FILE", "/")).exists():
            self.environment.pop("TF_CLI_CONFIG_FILE", None)

    def follow(self, name: str) -> str:
        """Run one block of the README's commands; what it printed."""
        readme = (self.directory / "terraform" / "bootstrap" / "README.md").read_text(encoding="utf-8")
        [commands] = re.findall(rf"<!-- begin commands: {name} -->\n```bash\n(.*?)```", readme, re.DOTALL)
        return self.run(commands)

    def run(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands], cwd=self.directory, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def bootstrap(running_stack, tmp_path_factory):
    """The bootstrap root, applied with a local state; destroyed afterwards."""
    made = Bootstrap(tmp_path_factory.mktemp("bootstrap"), running_stack.environment)
    made.applied = made.follow("apply")
    yield made
    variables = '-var environment=dev -var "github={repository=\\"$REPOSITORY\\"}"'
    # The state comes home first: it cannot lie in the bucket that it describes the end of.
    made.run(
        "printf 'terraform {\\n  backend \"local\" {}\\n}\\n' > terraform/bootstrap/backend_override.tf\n"
        "terraform -chdir=terraform/bootstrap init -migrate-state -backend-config=path=$TF_DATA_DIR/home.tfstate\n"
    )
    # One by one, where force_destroy would do: moto's DeleteObjects fails on versions of a versioned bucket.
    s3 = running_stack.client("s3")
    found = s3.list_object_versions(Bucket=BUCKET)
    for version in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    made.run(f"terraform -chdir=terraform/bootstrap destroy {variables}")


def statements(running_stack, role: str) -> list[dict[str, Any]]:
    """All statements of a role's policies."""
    iam = running_stack.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def lacking(calls: list[dict[str, Any]], granted: list[dict[str, Any]]) -> set[str]:
    """Actions that were asked for and that no statement allows on any resource."""
    patterns = [action for statement in granted if statement["Effect"] == "Allow" for action in statement["Action"]]
    asked = {
        f"{call['service']}:{S3_RIGHTS.get(call['action'], call['action']) if call['service'] == 's3' else call['action']}"
        for call in calls
    }
    return {action for action in asked - NEED_NO_RIGHT if not any(fnmatchcase(action, pattern) for pattern in patterns)}


def by_root(lines: list[str]) -> list[dict[str, Any]]:
    """The calls of the one who runs Terraform; functions and the stream call by roles of their own."""
    return [call for call in map(json.loads, lines) if call["principal"] == "root"]


def test_the_bucket_is_versioned_encrypted_and_closed(running_stack, bootstrap):
    s3 = running_stack.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    [denial] = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (denial["Effect"], denial["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_its_state_moves_into_the_bucket_and_a_plan_from_there_is_empty(running_stack, bootstrap):
    printed = bootstrap.follow("migrate")
    assert "No changes." in printed
    kept = running_stack.client("s3").get_object(Bucket=BUCKET, Key="user-events/dev-bootstrap.tfstate")["Body"].read()
    assert len(json.loads(kept)["resources"]) > 10


def test_the_workflow_is_told_its_environment(bootstrap):
    told = json.loads(bootstrap.run("terraform -chdir=terraform/bootstrap output -raw workflow_environment"))
    assert (told["name"], told["region"]) == ("dev", "us-east-1")
    assert told["plan_role"].endswith(":role/ci-user-events-dev-plan")
    assert told["apply_role"].endswith(":role/ci-user-events-dev-apply")


def test_the_plan_role_may_ask_all_that_a_plan_asks(running_stack, bootstrap):
    before = len(running_stack.home.call_log.read_text().splitlines())
    running_stack.json("operations", "plan")
    calls = by_root(running_stack.home.call_log.read_text().splitlines()[before:])
    # The lock of the state, which a plan of the workflow does without, and the bucket that `operations` makes.
    calls = [call for call in calls if (call["service"], call["action"]) not in {("s3", "PutObject"), ("s3", "DeleteObject")}]
    assert len(calls) > 50
    assert lacking(calls, statements(running_stack, "ci-user-events-dev-plan")) == set()


def test_the_apply_role_may_do_all_that_an_apply_does(running_stack, bootstrap):
    calls = by_root(running_stack.calls_of_up)
    assert {"CreateCluster", "CreateDeliveryStream", "CreateFunction", "CreateRole"} <= {call["action"] for call in calls}
    assert lacking(calls, statements(running_stack, "ci-user-events-dev-apply")) == set()


def test_a_right_that_is_not_granted_is_found(running_stack, bootstrap):
    """The comparison of the two tests above can fail."""
    calls = [{"service": "dynamodb", "action": "GetItem"}, {"service": "kafka", "action": "DescribeCluster"}]
    assert lacking(calls, statements(running_stack, "ci-user-events-dev-plan")) == {"dynamodb:GetItem"}
