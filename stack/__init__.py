"""The door between the Terraform stack and the Python tools: `terraform output -json`, read into a frozen value.

The tools know nothing else of the stack, so they cannot tell AWS from a laptop. Where the outputs file has a dotenv
file named `env` beside it (the local target's), its variables are taken into this process first: the two belong
together.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import boto3

from console import CouldNotRun

CHECKOUT = Path(__file__).resolve().parent.parent


FOR_PEOPLE = frozenset(
    {
        "kafka_consumer_policy",
        "kafka_firehose_policy",
        "kafka_producer_policy",
        "bucket_policy_statements",
        "glue_views",
        "kms_key_arns",
        "kms_key_policy_statements",
        "alarm_topic_arns",
        "dashboard_name",
        "probe_function_name",
        "slack_secret_arn",
    }
)
"""Outputs of the stack that people read and no tool does: policies to attach elsewhere, and the like."""


@dataclass(frozen=True)
class AcceptedWindow:
    """Which event dates the transform accepts, as its environment has them; None where not set."""

    earliest_event_date: str | None
    max_event_age_days: int | None
    max_future_skew_hours: int


@dataclass(frozen=True)
class StackOutputs:
    """What the stack says of itself; the names are those of `terraform output`."""

    aws_region: str
    kafka_cluster_arn: str
    kafka_bootstrap_brokers: str
    """Comma-separated host:port pairs."""
    kafka_auth: str
    """`iam`: SASL_SSL with OAUTHBEARER. `none`: plaintext."""
    kafka_topic: str
    delivery_stream_name: str
    delivery_buffer_interval_seconds: int
    """S3 buffer interval hint; the documented delay may be 1.5 times as long."""
    transform_buffer_interval_seconds: int
    """Lambda buffer interval hint."""
    bucket: str
    data_prefix: str
    """Key prefix of the table, ends in `/`, without the partition folder."""
    error_prefix: str
    """Key prefix of all error objects, ends in `/`."""
    glue_database: str
    glue_table: str
    transform_function_name: str
    transform_accepted_window: AcceptedWindow
    athena_workgroup: str
    directory: Path = field(compare=False)
    """Where the outputs file is; manifests and reports of this stack are kept beside it."""

    def session(self) -> boto3.session.Session:
        """A boto3 session in the stack's region, with the environment's endpoint and credentials."""
        return boto3.session.Session(region_name=self.aws_region)

    @property
    def clock_speed(self) -> float:
        """How many times faster than the wall the delivery intervals run: 1 on AWS."""
        return float(os.environ.get("LOCAL_AWS_CLOCK_SPEED") or 1)


def add_outputs_option(parser: argparse.ArgumentParser) -> None:
    """Add `--outputs FILE`: where `terraform output -json` was kept."""
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="a kept `terraform output -json` (default: $STACK_OUTPUTS, else .local/outputs.json)"
    )


def load(path: Path | None = None) -> StackOutputs:
    """Read the outputs, taking in the `env` file beside them.

    Raises:
        CouldNotRun: there is no such file, it is not JSON, or an output is missing.
    """
    where = path or Path(os.environ.get("STACK_OUTPUTS") or CHECKOUT / ".local" / "outputs.json")
    try:
        document = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CouldNotRun(
            f"{where}: no stack's outputs are kept there.", "Bring a stack up with `make up`, or name a file with --outputs."
        ) from None
    except OSError as error:
        raise CouldNotRun(f"{where}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise CouldNotRun(f"{where}: is not JSON ({error}).", "Make it with `make output`.") from error
    if not isinstance(document, dict):
        raise CouldNotRun(f"{where}: is not what `terraform output -json` prints.", "Make it with `make output`.")
    os.environ.update(read_dotenv(where.with_name("env")))
    return parse(document, where)


def parse(document: Mapping[str, Any], where: Path) -> StackOutputs:
    """Turn what `terraform output -json` prints into a value.

    Raises:
        CouldNotRun: an output is missing; the message names it.
    """
    names = [item.name for item in fields(StackOutputs) if item.name != "directory"]
    missing = [name for name in names if not isinstance(document.get(name), dict) or document[name].get("value") is None]
    if missing:
        raise CouldNotRun(f"{where}: output {', '.join(missing)} is missing.", "Apply the stack of this checkout, then `make output`.")
    values = {name: document[name]["value"] for name in names}
    values["transform_accepted_window"] = AcceptedWindow(**values["transform_accepted_window"])
    return StackOutputs(**values, directory=where.parent)


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a dotenv file (`NAME=value` lines); empty where there is none."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
