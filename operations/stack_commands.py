"""Plan, apply, destroy and read one deployment of the stack, on either target, asking first where that is due."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import botocore.exceptions

import stack
from console import CouldNotRun, ExitCode, Output, UsageError
from local_aws.home import CHECKOUT
from operations import changes, holdings, local_stack, throwaway
from operations.changes import Changes
from operations.deployment import Deployment, Target
from operations.errors import HoldsData, TargetNotRunning
from operations.guard import Consent, agree, agree_to_destroy
from operations.terraform import Terraform

TOOLS = ("producer_sim", "validation")
"""Modules that `tool` runs: they read a deployment's outputs, and nothing else of it."""


def plan(deployment: Deployment, output: Output) -> None:
    """Say what an apply would change; where no local target runs, for an empty account."""
    with throwaway.target_for_a_plan(deployment, output) as placed:
        show(placed, _terraform(placed, output).plan(), output)


def apply(deployment: Deployment, consent: Consent, output: Output) -> None:
    """Plan, show it, ask (on AWS), and apply exactly that plan; the outputs are kept for the tools.

    Raises:
        NotConfirmed: the owner said no to the plan.
    """
    terraform = _terraform(deployment, output)
    found = terraform.plan()
    show(deployment, found, output)
    if found.empty:
        output.notice("Nothing to apply.")
    else:
        if deployment.target is Target.AWS:
            agree("`apply`", consent)
        output.notice(terraform.apply_planned(found))
    local_stack.keep_outputs(deployment, terraform.outputs())


def destroy(deployment: Deployment, consent: Consent, output: Output) -> None:
    """Show what holds data, ask, and destroy.

    Raises:
        NotConfirmed: the owner said no.
        HoldsData: the bucket is not empty and may not be removed with what it holds; destroy would stop half-way.
    """
    terraform = _terraform(deployment, output)
    resources = terraform.addresses()
    if not resources:
        output.result("destroy", {"destroyed": 0}, "There is nothing to destroy.")
        return
    held = _held(deployment, terraform.outputs(), output)
    output.table(
        "holds_data",
        ["kind", "name", "holds"],
        [[one.kind, one.name, one.holds] for one in held],
        title=f"Destroy of {deployment.environment}: {len(resources)} resources. What holds data",
    )
    bucket = next((one for one in held if one.kind == "bucket"), None)
    if bucket is not None and bucket.empty is False and deployment.setting("bucket_force_destroy") is not True:
        raise HoldsData(
            f"Bucket {bucket.name} holds {bucket.holds}, and bucket_force_destroy is false: destroy would stop half-way.",
            f"Move the objects away and empty the bucket, or set bucket_force_destroy = true in {deployment.variables_file} and apply.",
        )
    agree_to_destroy(deployment, consent)
    said = terraform.destroy()
    deployment.outputs_file.unlink(missing_ok=True)
    output.result("destroy", {"destroyed": len(resources)}, said)


def outputs(deployment: Deployment, output: Output) -> None:
    """Print `terraform output -json`, and keep it for the tools."""
    found = _terraform(deployment, output).outputs()
    local_stack.keep_outputs(deployment, found)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def tool(deployment: Deployment, words: Sequence[str]) -> NoReturn:
    """Become one of `TOOLS` at work on this deployment: `producer_sim load --events 100`. Signals and exit code are its own.

    Raises:
        UsageError: it is none of the tools.
        CouldNotRun: no outputs of this deployment are kept.
    """
    module, *rest = words or ("",)
    if module not in TOOLS:
        raise UsageError(f"tool: {module!r} is none of {', '.join(TOOLS)}.")
    _read_outputs(deployment)
    environment = {**os.environ, **deployment.variables(), "STACK_OUTPUTS": str(deployment.outputs_file)}
    become(environment, module, *rest)


def status(deployment: Deployment, output: Output) -> ExitCode:
    """Say in which state the parts of the stack are, as AWS's own describe calls tell; 1 unless all of them are in service."""
    found = _read_outputs(deployment)
    session = deployment.session()
    asked: list[tuple[str, str, Callable[[], str]]] = [
        ("cluster", found.kafka_cluster_arn.split("/")[1], lambda: _cluster_state(session, found)),
        ("transform", found.transform_function_name, lambda: _function_state(session, found)),
        ("stream", found.delivery_stream_name, lambda: _stream_state(session, found)),
    ]
    rows = [[kind, name, _said(ask)] for kind, name, ask in asked]
    output.table("status", ["part", "name", "state"], rows)
    return ExitCode.PASS if all(str(state).upper() == "ACTIVE" for _, _, state in rows) else ExitCode.CHECK_FAILED


def become(environment: Mapping[str, str], module: str, *words: str) -> NoReturn:
    """Replace this process by `python -m module words`, so that a Ctrl-C reaches it alone and it ends as it likes."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(CHECKOUT)
    os.execve(sys.executable, [sys.executable, "-m", module, *words], dict(environment))


def show(deployment: Deployment, found: Changes, output: Output) -> None:
    """A plan for people and machines: every change, counts by module, warnings by name, the sum."""
    if found.changes:
        output.table(
            "changes",
            ["action", "resource", "changes"],
            [[change.action.value, change.address, ", ".join(change.attributes)] for change in found.changes],
        )
        rows = [[module or "(root)", *found.counts(module).values()] for module in found.modules]
        output.table("modules", ["module", *changes.COUNTED.values()], rows, title="\nBy module")
    if found.warnings:
        output.table("warnings", ["warning", "what it says"], [[one.name, one.text] for one in found.warnings], title="\nWarnings")
    output.result(
        "plan",
        {
            "environment": deployment.environment,
            "target": deployment.target.value,
            **found.counts(),
            "changes": len(found.changes),
            "outputs": list(found.outputs),
            "warnings": len(found.warnings),
            "empty": found.empty,
        },
        f"\n{deployment.environment} on {deployment.target.value}. {changes.summary(found)}",
    )


def _terraform(deployment: Deployment, output: Output) -> Terraform:
    """Terraform for a deployment, initialised against its state.

    Raises:
        TargetNotRunning: the target is the laptop and nothing answers there.
    """
    if not local_stack.answers(deployment):
        raise TargetNotRunning("The local target is not running.", f"Start it with `make up ENV={deployment.environment} TARGET=local`.")
    deployment.prepare_state(output.notice)
    terraform = deployment.terraform(output.notice)
    terraform.init()
    return terraform


def _held(deployment: Deployment, document: dict[str, Any], output: Output) -> list[holdings.Holding]:
    """What holds data; a stack that was applied half-way has no outputs to tell it by."""
    try:
        found = stack.parse(document, deployment.outputs_file)
    except CouldNotRun:
        output.notice("The stack's outputs are incomplete (an apply that did not end?), so what holds data is not known.")
        return []
    return holdings.of(found, deployment.backend, deployment.session())


def _read_outputs(deployment: Deployment) -> stack.StackOutputs:
    where = f"ENV={deployment.environment} TARGET={deployment.target.value}"
    if not deployment.outputs_file.is_file():
        raise CouldNotRun(f"No outputs of {where} are kept.", f"Apply the stack, or fetch them with `make output {where}`.")
    if deployment.target is Target.LOCAL and not local_stack.answers(deployment):
        raise TargetNotRunning("The local target is not running.", f"Start it with `make up {where}`.")
    return stack.load(deployment.outputs_file)


def _said(ask: Callable[[], str]) -> str:
    try:
        return str(ask())
    except botocore.exceptions.ClientError as error:
        return error.response["Error"].get("Code", "unknown")


def _cluster_state(session: Any, found: stack.StackOutputs) -> str:
    return str(session.client("kafka").describe_cluster_v2(ClusterArn=found.kafka_cluster_arn)["ClusterInfo"]["State"])


def _function_state(session: Any, found: stack.StackOutputs) -> str:
    configuration = session.client("lambda").get_function(FunctionName=found.transform_function_name)["Configuration"]
    return str(configuration.get("State", "Active"))


def _stream_state(session: Any, found: stack.StackOutputs) -> str:
    described = session.client("firehose").describe_delivery_stream(DeliveryStreamName=found.delivery_stream_name)
    return str(described["DeliveryStreamDescription"]["DeliveryStreamStatus"])
