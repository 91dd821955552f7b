"""What AWS itself says about an invocation: error payloads and the platform's log lines.

Payload shapes: `{"errorType": ..., "errorMessage": ...}`, as the Invoke API returns them when a sandbox times out, a
runtime exits, or a response is too large. Log lines: Lambda developer guide, "Sending Lambda function logs to
CloudWatch Logs" (START, END, REPORT) and "Understanding the Lambda execution environment lifecycle" (INIT_REPORT).
"""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from local_aws.lambda_runner.runtime_api import MAX_RESPONSE_BYTES


class Status(Enum):
    """How an invocation or an init ended, as REPORT and INIT_REPORT name it."""

    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Failure:
    """An error that the platform, or the runtime client, reports in place of a response."""

    status: Status
    error_type: str
    payload: bytes
    log_line: str | None = None
    """What the platform adds to the log; the runtime client logs its own errors."""


def timed_out(request_id: str, seconds: float, now: datetime) -> Failure:
    """The function ran for as long as its configuration lets it."""
    said = f"Task timed out after {seconds:.2f} seconds"
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    return Failure(Status.TIMEOUT, "Sandbox.Timedout", _payload("Sandbox.Timedout", request_id, said), f"{stamp} {request_id} {said}\n")


def exited(request_id: str, return_code: int) -> Failure:
    """The runtime's process ended in the middle of an invocation; a killed one (out of memory, too) is `signal: killed`."""
    if return_code == 0:
        said = "Runtime exited without providing a reason"
    elif return_code > 0:
        said = f"Runtime exited with error: exit status {return_code}"
    else:
        name = (signal.strsignal(-return_code) or f"signal {-return_code}").lower()
        said = f"Runtime exited with error: signal: {name}"
    line = f"RequestId: {request_id} Error: {said}\nRuntime.ExitError"
    return Failure(Status.ERROR, "Runtime.ExitError", _payload("Runtime.ExitError", request_id, said), line)


def response_too_large() -> Failure:
    """The function's response is above the limit of a synchronous invocation."""
    said = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    payload = json.dumps({"errorMessage": said, "errorType": "Function.ResponseSizeTooLarge"}).encode()
    return Failure(Status.ERROR, "Function.ResponseSizeTooLarge", payload, said)


def reported(payload: bytes, error_type: str) -> Failure:
    """What the runtime client posted itself: an exception of the handler (it gives no type with those, and REPORT shows
    none), or why the code could not be loaded.
    """
    return Failure(Status.ERROR, error_type, payload)


def init_start(python_version: str) -> str:
    return f"INIT_START Runtime Version: python:{python_version} (local)"


def init_report(milliseconds: float, phase: str, status: Status, error_type: str | None) -> str:
    """Only written for an init that failed; `phase` is `init`, or `invoke` for the second attempt."""
    error = f"\tError Type: {error_type}" if error_type and status is Status.ERROR else ""
    return f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status.value}{error}"


def start(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}"


def report(
    request_id: str,
    *,
    milliseconds: float,
    init_milliseconds: float | None,
    memory_mib: int,
    used_bytes: int,
    failure: Failure | None,
) -> str:
    """The REPORT line. Init counts as billed, as for all functions since August 2025."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds + (init_milliseconds or 0.0))} ms",
        f"Memory Size: {memory_mib} MB",
        f"Max Memory Used: {min(memory_mib, math.ceil(used_bytes / 1024 / 1024))} MB",
    ]
    if init_milliseconds is not None:
        fields.append(f"Init Duration: {init_milliseconds:.2f} ms")
    if failure is not None and failure.error_type:
        fields.append(f"Status: {failure.status.value}")
        if failure.status is Status.ERROR:
            fields.append(f"Error Type: {failure.error_type}")
    return "\t".join(fields) + "\t"


def _payload(error_type: str, request_id: str, said: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {said}"}, separators=(",", ":")).encode()
