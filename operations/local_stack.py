"""Up and down on the laptop: the local target with the stack applied to it. Both recover from whatever they find."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import jmespath

import lambda_package
from console import CouldNotRun, Output, PipelineError
from local_aws.home import Home
from local_aws.kafka import jars
from operations import prerequisites
from operations.deployment import FUNCTIONS, Deployment, Target, state_buckets
from operations.errors import TargetNotRunning
from operations.terraform_process import PROGRESS_SECONDS

DEFAULT_CLOCK_SPEED = 60.0


def up(deployment: Deployment, output: Output, *, clock_speed: float = DEFAULT_CLOCK_SPEED) -> None:
    """Start the target unless it runs, and apply the stack; harmless when all is up already.

    Raises:
        MissingPrerequisites, CouldNotRun, TerraformFailed: with what to do.
    """
    prerequisites.check(local_target=True)
    prepare(output)
    start_target(deployment.home, output, clock_speed)
    deployment.prepare_state(output.notice)
    terraform = deployment.terraform(output.notice)
    terraform.init()
    output.notice(terraform.apply())
    keep_outputs(deployment, terraform.outputs())


def prepare(output: Output) -> None:
    """Make what a fresh machine lacks, two things at a time: Kafka's jars and the Lambda zips; says so while it lasts."""
    runtime, architecture = lambda_package.machine()
    cache = Home.default().cache
    fetched = "" if jars.prepared(cache).is_dir() else "Fetching Kafka's jars (46 MB, once), and "
    output.notice(f"{fetched}{'b' if fetched else 'B'}uilding the Lambda zips.")
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        parts: dict[str, Future[Any]] = {
            "Kafka's jars": pool.submit(_local_aws, "prepare"),
            "the Lambda zips": pool.submit(_build_all, cache, runtime, architecture),
        }
        while waited := wait(parts.values(), timeout=PROGRESS_SECONDS).not_done:
            busy = " and ".join(name for name, part in parts.items() if part in waited)
            output.notice(f"Still at {busy}, {time.monotonic() - began:.0f} s.")
        parts["the Lambda zips"].result()
        _explain(parts["Kafka's jars"].result())


def _build_all(cache: Path, runtime: str, architecture: str) -> None:
    for name in FUNCTIONS:
        lambda_package.build(name, runtime, architecture, cache / "lambda" / f"{name}-{runtime}-{architecture}.zip")


def start_target(home: Home, output: Output, clock_speed: float) -> None:
    """Start the local target under `home`; says so when it runs already."""
    done = _local_aws("start", "--home", str(home.root), "--clock-speed", f"{clock_speed:g}")
    _explain(done)
    output.notice(done.stdout.strip() or done.stderr.strip())


def down(deployment: Deployment, output: Output) -> None:
    """Destroy the stack, then stop the target and everything it started; harmless when nothing runs.

    A destroy that fails does not keep the target alive: state and resources live in its memory and end together.

    Raises:
        PipelineError: the stack could not be destroyed, which on AWS would have left it there; the target is stopped by then.
    """
    try:
        if answers(deployment):
            deployment.prepare_state(output.notice)
            terraform = deployment.terraform(output.notice)
            terraform.init()
            output.notice(terraform.destroy())
    except PipelineError as error:
        error.advice = (*error.advice, "The target was stopped all the same, and the stack ended with its memory.")
        raise
    finally:
        stop_target(deployment.home, output)
        deployment.outputs_file.unlink(missing_ok=True)


def stop_target(home: Home, output: Output) -> None:
    """Stop everything that the target under `home` started."""
    done = _local_aws("stop", "--home", str(home.root))
    _explain(done)
    output.notice(done.stdout.strip() or done.stderr.strip())


def keep_outputs(deployment: Deployment, outputs: dict[str, Any]) -> None:
    """Keep the stack's outputs where the Python tools look for them."""
    deployment.directory.mkdir(parents=True, exist_ok=True)
    temporary = deployment.outputs_file.with_suffix(".tmp")
    temporary.write_text(json.dumps(outputs, indent=2), encoding="utf-8")
    temporary.replace(deployment.outputs_file)
    if deployment.target is Target.LOCAL and not deployment.laptops_own:  # the tools look for the target's settings beside the outputs
        beside = deployment.outputs_file.with_name("env")
        beside.unlink(missing_ok=True)
        beside.symlink_to(deployment.home.env_file)


def leftovers(deployment: Deployment) -> list[str]:
    """What is left at the target after a destroy: nothing, if all is well.

    Left out are the buckets of states and KMS keys, which AWS deletes after a waiting period, and what an empty account has:
    default networks, the primary work group.
    """
    session = deployment.session()
    kept = {*(f"bucket {name}" for name in state_buckets()), "work group primary"}
    found = [f"in Terraform's state: {address}" for address in deployment.terraform().addresses()]
    for kind, service, operation, path in _KINDS:
        client = session.client(service)  # type: ignore[call-overload]
        pages = client.get_paginator(operation).paginate() if client.can_paginate(operation) else [getattr(client, operation)()]
        names = (name for page in pages for name in jmespath.search(path, page) or ())
        found += [line for name in names if (line := f"{kind} {name}") not in kept]
    return found


# What can be left, where it is listed, and the names in a listing. Security groups named "default" belong to their network.
_KINDS = (
    ("kafka cluster", "kafka", "list_clusters_v2", "ClusterInfoList[].ClusterName"),
    ("kafka configuration", "kafka", "list_configurations", "Configurations[].Name"),
    ("delivery stream", "firehose", "list_delivery_streams", "DeliveryStreamNames[]"),
    ("function", "lambda", "list_functions", "Functions[].FunctionName"),
    ("role", "iam", "list_roles", "Roles[].RoleName"),
    ("policy", "iam", "list_policies", "Policies[?!starts_with(Arn, 'arn:aws:iam::aws:')].PolicyName"),
    ("database", "glue", "get_databases", "DatabaseList[].Name"),
    ("log group", "logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("work group", "athena", "list_work_groups", "WorkGroups[].Name"),
    ("bucket", "s3", "list_buckets", "Buckets[].Name"),
    ("network", "ec2", "describe_vpcs", "Vpcs[?!IsDefault].VpcId"),
    ("security group", "ec2", "describe_security_groups", "SecurityGroups[?GroupName!='default'].GroupId"),
    ("endpoint", "ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted' && State!='Deleted'].VpcEndpointId"),
    ("alarm", "cloudwatch", "describe_alarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    ("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
)


def answers(deployment: Deployment) -> bool:
    """Whether there is a target to work on: AWS always, the local one if it runs and answers."""
    if deployment.target is not Target.LOCAL:
        return True
    try:
        deployment.session().client("sts").get_caller_identity()
    except TargetNotRunning:
        return False
    except Exception:  # noqa: BLE001 - whatever it is, a target that does not answer has nothing to destroy
        return False
    return True


def _local_aws(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "local_aws", *words], capture_output=True, text=True, check=False)


def _explain(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        first, *rest = _sentences(done.stderr.splitlines()) or [f"python -m local_aws ended with {done.returncode}."]
        raise CouldNotRun(first, *rest)


def _sentences(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]
