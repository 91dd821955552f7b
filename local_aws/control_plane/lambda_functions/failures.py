"""What an asynchronous invocation leaves when all its tries failed: a record at the function's on-failure destination.

Shape of the record: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.sqs.models import sqs_backends

log = logging.getLogger(__name__)


def leave(function: LambdaFunction, payload: bytes, tries: int) -> None:
    """Put the record in the queue that the function names; a queue that is not there loses it, and the log says so."""
    configured = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    arn = ((configured.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not arn:
        return
    _, _, service, region, account_id, name = arn.split(":", 5)
    if service != "sqs":
        log.warning("events of %s are lost: the local target leaves them in SQS queues alone, not in %s", function.function_name, arn)
        return
    try:
        sqs_backends[account_id][region].send_message(name, json.dumps(_record(function, payload, tries)))
    except Exception:
        log.exception("an event of %s could not be left in %s", function.function_name, arn)


def _record(function: LambdaFunction, payload: bytes, tries: int) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "requestPayload": json.loads(payload or b"null"),
    }
