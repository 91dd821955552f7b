"""Attempts at an invocation: what is tried again, how often, and what the records are told."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from firehose_samples import batch, configuration, function_processor

from local_aws.clock import ScaledClock
from local_aws.firehose.invoke import Invoker, Observer, Stopped
from local_aws.firehose.records import Outcome


class Function:
    """Answers each attempt with the next of `answers`; the last one is repeated."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.events: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.events.append(json.loads(request["Payload"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return {"Payload": io.BytesIO(json.dumps(answer(self.events[-1])).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), "FunctionError": "Unhandled"}


def echo(event: dict[str, Any]) -> dict[str, Any]:
    keys = {"partitionKeys": {"day": "1"}}
    return {"records": [{**record, "result": "Ok", "metadata": keys} for record in event["records"]]}


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


@pytest.fixture
def heard() -> list[str | None]:
    """Why the endpoint was away, each time that it was; None where it answered."""
    return []


@pytest.fixture
def transform(heard: list[str | None]) -> Callable[..., Outcome]:
    def run(function: Function, retries: int = 2, stopping: threading.Event | None = None) -> Outcome:
        processing = {"Enabled": True, "Processors": [function_processor(NumberOfRetries=str(retries))]}
        stream = configuration(ProcessingConfiguration=processing)
        assert stream.destination.transform is not None
        invoker = Invoker(
            stream,
            stream.destination.transform,
            client=lambda: function,
            clock=ScaledClock(100_000),
            stopping=stopping or threading.Event(),
            observer=Observer(lambda *_: None, lambda *_: None, lambda _, why: heard.append(why), lambda _: heard.append(None)),
            wall=lambda: 0.0,
        )
        return invoker.transform(batch(b"a", b"b"))

    return run


def test_a_good_answer_needs_one_attempt(transform: Callable[..., Outcome]) -> None:
    function = Function(echo)
    assert transform(function).groups == {("1",): [0, 1]}
    assert len(function.events) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"errorMessage": "boom"}, "Lambda.FunctionError"),
        ({"errorMessage": "2026-11-24 id Task timed out after 3.00 seconds"}, "Lambda.FunctionTimedOut"),
        (ReadTimeoutError(endpoint_url="x"), "Lambda.FunctionTimedOut"),
        (client_error("TooManyRequestsException"), "Lambda.InvokeLimitExceeded"),
        (client_error("ResourceNotFoundException"), "Lambda.ResourceNotFound"),
        (client_error("AccessDeniedException"), "Lambda.InvokeAccessDenied"),
        (client_error("AccessDenied"), "Lambda.AssumeRoleAccessDenied"),
        (client_error("ServiceException"), "Lambda.FunctionError"),
    ],
)
def test_a_failure_is_tried_number_of_retries_more_times_and_fails_the_whole_batch(
    transform: Callable[..., Outcome], answer: Any, code: str
) -> None:
    function = Function(answer)
    found = transform(function)
    assert len(function.events) == 3
    assert [(one.code, one.attempts, one.raw) for one in found.rejected] == [(code, 3, b"a"), (code, 3, b"b")]


def test_a_later_attempt_may_succeed_and_sends_the_same_records(transform: Callable[..., Outcome]) -> None:
    function = Function({"errorMessage": "boom"}, client_error("TooManyRequestsException"), echo)
    assert transform(function).groups == {("1",): [0, 1]}
    assert function.events[0]["records"] == function.events[2]["records"]
    assert len({event["invocationId"] for event in function.events}) == 3


def test_a_malformed_answer_is_not_tried_again(transform: Callable[..., Outcome]) -> None:
    function = Function(lambda event: {"nothing": True})
    assert {(one.code, one.attempts) for one in transform(function).rejected} == {("Lambda.MissingRecordId", 1)}
    assert len(function.events) == 1


def test_while_the_endpoint_is_away_no_attempt_is_counted(transform: Callable[..., Outcome], heard: list[str | None]) -> None:
    away = EndpointConnectionError(endpoint_url="x")
    function = Function(*[away] * 8, echo)
    assert transform(function, retries=0).groups == {("1",): [0, 1]}
    assert heard == ['Could not connect to the endpoint URL: "x"'] * 8 + [None]


def test_a_stop_ends_the_waiting(transform: Callable[..., Outcome]) -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Stopped):
        transform(Function({"errorMessage": "boom"}), stopping=stopping)
