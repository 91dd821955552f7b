"""Invocations of the transformation function: attempts, waits between them, and what an error means.

"Handle failure in data transformation": an invocation that times out or is throttled is tried NumberOfRetries more
times, then its records are unsuccessfully processed. Measured by others: a function that errors is retried as well, a
response that is merely malformed is not. Codes: "Monitor with CloudWatch Logs". The waits between attempts are not
documented; here they double from one second. When the endpoint itself is away, nothing is counted: the same attempt is
made again until it answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from local_aws.clock import Clock
from local_aws.firehose import envelope, results
from local_aws.firehose.configuration import StreamConfiguration, Transform
from local_aws.firehose.records import Batch, Outcome

TIMEOUT_SECONDS = 300
"""Firehose waits this long for one invocation, on the wall ("Transform source data with AWS Lambda")."""
_LONGEST_WAIT = 30.0

_NO_FAILURE = ("", "")
FUNCTION_ERROR = ("Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an error result.")
TIMED_OUT = ("Lambda.FunctionTimedOut", "The Lambda function timed out. Increase the timeout of the function.")
_CLIENT_ERRORS = {
    "TooManyRequestsException": (
        "Lambda.InvokeLimitExceeded",
        "The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.",
    ),
    "ResourceNotFoundException": (
        "Lambda.ResourceNotFound",
        "The specified Lambda function does not exist. Use a different function that does exist.",
    ),
    "AccessDeniedException": (
        "Lambda.InvokeAccessDenied",
        "Access was denied. Ensure that the access policy allows access to the Lambda function.",
    ),
    "AccessDenied": (
        "Lambda.AssumeRoleAccessDenied",
        "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to assume the role.",
    ),
}


class LambdaClient(Protocol):
    """The part of boto3's Lambda client that is used."""

    def invoke(self, **request: Any) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Observer:
    """Who hears of attempts."""

    attempt: Callable[[bool, float], None]
    """Whether the attempt succeeded, and its milliseconds on the wall."""
    failure: Callable[[str, str], None]
    """Code and message of a failed attempt."""
    away: Callable[[Hashable, str], None]
    """The endpoint does not answer an invocation, and why; the same value names the same invocation."""
    answered: Callable[[Hashable], None]
    """The endpoint answered an invocation, whatever it said."""


class Stopped(Exception):
    """The data plane stops; the batch will be read again."""


class _Away(Exception):
    """The endpoint of Lambda, or of the role that it is invoked as, does not answer."""


class Invoker:
    """Sends batches to one function. Safe to use from several threads."""

    def __init__(
        self,
        configuration: StreamConfiguration,
        transform: Transform,
        *,
        client: Callable[[], LambdaClient],
        clock: Clock,
        stopping: threading.Event,
        observer: Observer,
        wall: Callable[[], float],
    ) -> None:
        self._configuration = configuration
        self._transform = transform
        self._client = client
        self._clock = clock
        self._stopping = stopping
        self._observer = observer
        self._wall = wall

    def transform(self, batch: Batch) -> Outcome:
        """Invoke until there is an answer or no attempt is left.

        Raises:
            Stopped: the data plane stops before that.
        """
        ids = envelope.record_ids(batch)
        invocation = (batch.partition, batch.offsets[0])
        attempts = self._transform.retries + 1
        attempt, away = 1, 0
        while True:
            try:
                response, failure = self._attempt(batch, ids)
            except _Away as error:
                away += 1
                self._observer.away(invocation, str(error))
                self._wait(away)
                continue
            self._observer.answered(invocation)
            if response is not None:
                outcome = results.classify(batch, ids, response, self._configuration.destination.prefix)
                return replace(outcome, ended_ms=self._clock.wall_ms())
            self._observer.failure(*failure)
            if attempt == attempts:
                return replace(results.all_failed(batch, *failure, attempts), ended_ms=self._clock.wall_ms())
            self._wait(attempt)
            attempt += 1

    def _wait(self, tries: int) -> None:
        if self._clock.wait(self._stopping, min(_LONGEST_WAIT, 2.0 ** min(tries - 1, 10))):
            raise Stopped

    def _attempt(self, batch: Batch, ids: list[str]) -> tuple[bytes | None, tuple[str, str]]:
        """The response; or None, and code and message of the failure.

        Raises:
            _Away: the endpoint does not answer.
            Stopped: the data plane stops.
        """
        if self._stopping.is_set():
            raise Stopped
        configuration = self._configuration
        body = envelope.event(
            batch, ids, cluster_arn=configuration.source.cluster_arn, stream_arn=configuration.arn, region=configuration.region
        )
        started = self._wall()
        try:
            answer = self._client().invoke(FunctionName=self._transform.function_arn, InvocationType="RequestResponse", Payload=body)
            payload: bytes = answer["Payload"].read()
        except ReadTimeoutError:
            failure: tuple[str, str] = TIMED_OUT
        except ClientError as error:
            failure = _CLIENT_ERRORS.get(error.response["Error"]["Code"], ("Lambda.FunctionError", str(error)))
        except BotoCoreError as error:
            raise _Away(str(error)) from error
        else:
            if not answer.get("FunctionError"):
                self._observer.attempt(True, (self._wall() - started) * 1000)
                return payload, _NO_FAILURE
            failure = TIMED_OUT if _timed_out(payload) else FUNCTION_ERROR
        self._observer.attempt(False, (self._wall() - started) * 1000)
        return None, failure


def _timed_out(payload: bytes) -> bool:
    """Whether a function error is the function's own timeout, as Lambda words it."""
    try:
        value = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and "Task timed out after" in str(value.get("errorMessage"))
