"""The Invoke operation: which function, how it is invoked, and the answer with Lambda's headers.

Shapes, limits and statuses follow the Lambda API reference, "Invoke". An `Event` invocation is answered at once and
tried up to three times (developer guide, "Error handling for asynchronous invocation").
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends

from local_aws.control_plane.faults import Answer
from local_aws.control_plane.lambda_functions import failures
from local_aws.control_plane.lambda_functions.measuring import measured
from local_aws.control_plane.lambda_functions.models import write_zip
from local_aws.control_plane.server import Environ
from local_aws.control_plane.services import Functions

log = logging.getLogger(__name__)

ASYNCHRONOUS_LIMIT = 1024 * 1024
"""Bytes of an `Event` payload (developer guide, "Lambda quotas")."""
ASYNCHRONOUS_WAITS = (60.0, 120.0)
"""Seconds before the second and the third try of an `Event` invocation."""

_PARTIAL_ARN = re.compile(r"^(\d{12}):function:(.+)$")
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/lambda/")


class Invocations:
    """Answers `POST /2015-03-31/functions/{function}/invocations`."""

    def __init__(self, functions: Functions, account_id: str, region: str, zips: Path) -> None:
        self._functions = functions
        self._account_id = account_id
        self._region = region
        self._zips = zips
        self._stopping = threading.Event()

    def answer(self, name: str, environ: Environ) -> Answer:
        """Invoke the function that the path names, synchronously or not."""
        payload = _body(environ)
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE") or "RequestResponse"
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        try:
            function = self._find(name, qualifier, environ)
        except UnknownFunctionException as error:
            return _error(404, "ResourceNotFoundException", error.message, {"Type": "User"})
        if kind == "DryRun":
            return Answer(204, (("x-amzn-RequestId", str(uuid4())),), b"")
        if kind == "Event":
            return self._event(function, payload)
        if kind != "RequestResponse":
            return _error(400, "ValidationException", f"Value '{kind}' at 'invocationType' is none of Event, RequestResponse, DryRun.")
        return self._synchronous(function, payload, with_log=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail")

    def invoke_event(self, arn: str, payload: bytes) -> None:
        """Invoke the function of an ARN as services do: asynchronously. Whether it is there is seen when it is called."""
        function = self._of_arn(arn)
        if function is None:
            log.warning("%s was to be invoked, and is not there", arn)
            return
        self._asynchronously(function, payload)

    def stop(self) -> None:
        """No further tries of `Event` invocations."""
        self._stopping.set()

    def _of_arn(self, arn: str) -> LambdaFunction | None:
        region, name = arn.split(":")[3], arn.partition(":function:")[2]
        try:
            return lambda_backends[self._account_id][region].get_function(name, None)
        except UnknownFunctionException:
            return None

    def _find(self, name: str, qualifier: str | None, environ: Environ) -> LambdaFunction:
        partial = _PARTIAL_ARN.match(name)
        signed = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
        backend = lambda_backends[self._account_id][signed[1] if signed else self._region]
        return backend.get_function(partial[2] if partial else name, qualifier)

    def _synchronous(self, function: LambdaFunction, payload: bytes, *, with_log: bool) -> Answer:
        try:
            result = self._invoke(function, payload)
        except Exception as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            return refusal
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", result.request_id),
            ("X-Amz-Executed-Version", result.executed_version),
        ]
        if result.function_error:
            headers.append(("X-Amz-Function-Error", result.function_error))
        if with_log:
            headers.append(("X-Amz-Log-Result", base64.b64encode(result.log_tail).decode("ascii")))
        return Answer(200, tuple(headers), result.payload)

    def _event(self, function: LambdaFunction, payload: bytes) -> Answer:
        if len(payload) > ASYNCHRONOUS_LIMIT:
            return _error(413, "RequestTooLargeException", f"{len(payload)} byte payload is too large for the Event invocation type "
                          f"(limit {ASYNCHRONOUS_LIMIT} bytes)")  # fmt: skip
        self._asynchronously(function, payload)
        return Answer(202, (("x-amzn-RequestId", str(uuid4())),), b"")

    def _asynchronously(self, function: LambdaFunction, payload: bytes) -> None:
        threading.Thread(target=self._try, args=(function, payload), name=f"event-{function.function_name}", daemon=True).start()

    def _try(self, function: LambdaFunction, payload: bytes) -> None:
        for wait in (*ASYNCHRONOUS_WAITS, None):
            try:
                if self._invoke(function, payload).function_error is None:
                    return
            except Exception:
                log.exception("an asynchronous invocation of %s failed", function.function_name)
            if wait is None:
                failures.leave(function, payload, len(ASYNCHRONOUS_WAITS) + 1)
            elif self._stopping.wait(wait):
                return

    def _invoke(self, function: LambdaFunction, payload: bytes) -> Any:
        """One invocation, and its metrics."""
        with measured(self._account_id, function) as seen:
            result = self._functions.invoke(self._described(function), payload)
            seen.failed = result.function_error is not None
            return result

    def _described(self, function: LambdaFunction) -> Any:
        from local_aws.lambda_runner.function import Function

        concurrency = function.reserved_concurrency
        return Function(
            name=function.function_name,
            arn=function.function_arn,
            version=str(function.version),
            zip_path=write_zip(function, self._zips),
            code_sha256=function.code_sha_256,
            handler=str(function.handler),
            runtime=str(function.run_time),
            architecture=function.architectures[0],
            timeout_seconds=int(function.timeout),
            memory_mib=int(function.memory_size),
            environment=dict(function.environment_vars or {}),
            role_arn=function.role,
            reserved_concurrency=None if concurrency is None else int(concurrency),
            log_group=function.logs_group_name,
        )


def _refusal(error: Exception) -> Answer | None:
    """The runner's refusals as Lambda's errors."""
    from local_aws.lambda_runner.errors import InvalidCode, InvalidRuntime, RequestTooLarge, RunnerStopped, TooManyRequests

    match error:
        case TooManyRequests():
            return _error(429, "TooManyRequestsException", "Rate Exceeded.", {"Reason": error.reason, "Type": "User"})
        case RequestTooLarge():
            return _error(413, "RequestTooLargeException", error.message)
        case InvalidRuntime() | InvalidCode():
            return _error(400, "InvalidParameterValueException", str(error), {"Type": "User"})
        case RunnerStopped():
            return _error(503, "ServiceException", str(error), {"Type": "Service"})
    return None


def _error(status: int, code: str, message: str, more: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps({**(more or {}), "Message": message, "message": message}).encode()
    return Answer(status, (("Content-Type", "application/json"), ("X-Amzn-ErrorType", code), ("x-amzn-RequestId", str(uuid4()))), body)


def _body(environ: Environ) -> bytes:
    """The payload, never parsed; a body without bytes means an empty object."""
    body: bytes = environ["wsgi.input"].read()
    return body or b"{}"
