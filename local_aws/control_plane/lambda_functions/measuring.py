"""Metrics of invocations: Invocations, Errors, Throttles and Duration, in namespace AWS/Lambda.

Dimensions as far as alarms ask for them: FunctionName alone, over all versions and aliases (Lambda developer guide, "Types
of metrics for Lambda functions"). Duration is the invocation as its caller sees it, an environment's start included.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.cloudwatch.models import cloudwatch_backends

from local_aws.lambda_runner.errors import TooManyRequests


@dataclass
class Seen:
    """What became of one invocation."""

    failed: bool = False


@contextmanager
def measured(account_id: str, function: LambdaFunction) -> Iterator[Seen]:
    """Put the metrics of the invocation within; one that is refused by the concurrency limit counts as throttled alone."""
    seen, began = Seen(), time.perf_counter()
    try:
        yield seen
    except TooManyRequests:
        _put(account_id, function, {"Throttles": (1.0, "Count")})
        raise
    milliseconds = (time.perf_counter() - began) * 1000
    counts = {"Invocations": (1.0, "Count"), "Errors": (float(seen.failed), "Count"), "Throttles": (0.0, "Count")}
    _put(account_id, function, {**counts, "Duration": (milliseconds, "Milliseconds")})


def _put(account_id: str, function: LambdaFunction, values: dict[str, tuple[float, str]]) -> None:
    dimensions = [{"Name": "FunctionName", "Value": function.function_name}]
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit} for name, (value, unit) in values.items()
    ]
    cloudwatch_backends[account_id][function.region].put_metric_data("AWS/Lambda", data)
