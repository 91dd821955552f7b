"""Lambda: invocations with Lambda's headers and errors, over a runner that a test controls."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from control_plane_under_test import Plane, eventually
from moto.logs.models import logs_backends

from local_aws.control_plane.function_logs import write_log
from local_aws.control_plane.lambda_functions import invocations
from local_aws.control_plane.lambda_functions.models import write_zip
from local_aws.control_plane.logs import models as logs
from local_aws.control_plane.principals import ACCOUNT_ID
from local_aws.control_plane.status import Status
from local_aws.control_plane.target import Options
from local_aws.home import Home
from local_aws.lambda_runner.errors import InvalidRuntime, RequestTooLarge, TooManyRequests
from local_aws.lambda_runner.function import Function, InvocationResult


def package(text: str = "def handler(event, context): return event") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("code.py", text)
    return buffer.getvalue()


@pytest.fixture
def functions(plane: Plane) -> Any:
    """A Lambda client; the function `f` is there, with a version 1 and the alias `live` for it."""
    role = plane.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client = plane.client("lambda")
    client.create_function(
        FunctionName="f", Runtime="python3.11", Role=role, Handler="code.handler", Code={"ZipFile": package()}, Timeout=10,
        MemorySize=256, Environment={"Variables": {"A": "1"}}, Publish=True,
    )  # fmt: skip
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return client


def test_the_runner_gets_the_function_as_it_was_configured(plane: Plane, functions: Any) -> None:
    functions.invoke(FunctionName="f", Payload=b"{}")
    function, _ = plane.functions.invoked[0]
    assert (function.name, function.version, function.handler, function.runtime) == ("f", "$LATEST", "code.handler", "python3.11")
    assert (function.timeout_seconds, function.memory_mib, function.environment) == (10, 256, {"A": "1"})
    assert function.log_group == "/aws/lambda/f"
    assert function.zip_path.read_bytes() == package()


def test_payloads_pass_as_bytes(plane: Plane, functions: Any) -> None:
    payload = b'{"b":2,  "a":1}' + b" " * 3_000_000
    assert functions.invoke(FunctionName="f", Payload=payload)["Payload"].read() == payload
    assert plane.functions.invoked[0][1] == payload


def test_no_payload_is_an_empty_object(plane: Plane, functions: Any) -> None:
    functions.invoke(FunctionName="f")
    assert plane.functions.invoked[0][1] == b"{}"


def test_an_answer_has_lambdas_headers(plane: Plane, functions: Any) -> None:
    plane.functions.answer = lambda function, payload: InvocationResult(b"{}", "Unhandled", b"the log", "$LATEST", "req-9")
    answer = functions.invoke(FunctionName="f", LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"]) == (200, "Unhandled", "$LATEST")
    assert base64.b64decode(answer["LogResult"]) == b"the log"
    assert answer["ResponseMetadata"]["RequestId"] == "req-9"
    assert "LogResult" not in functions.invoke(FunctionName="f")


@pytest.mark.parametrize(
    ("name", "qualifier", "version"),
    [
        ("f", None, "$LATEST"),
        ("f", "1", "1"),
        ("f", "live", "1"),
        ("f:live", None, "1"),
        ("123456789012:function:f", None, "$LATEST"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", None, "$LATEST"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", None, "$LATEST"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:live", None, "1"),
    ],
)
def test_every_form_of_a_name_finds_the_function(functions: Any, name: str, qualifier: str | None, version: str) -> None:
    more = {"Qualifier": qualifier} if qualifier else {}
    assert functions.invoke(FunctionName=name, **more)["ExecutedVersion"] == version


@pytest.mark.parametrize("name", ["none", "f:none", "arn:aws:lambda:us-east-1:123456789012:function:none"])
def test_an_unknown_function_is_not_found(functions: Any, name: str) -> None:
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName=name)


def test_an_event_is_answered_at_once_and_tried_three_times(plane: Plane, functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocations, "ASYNCHRONOUS_WAITS", (0.0, 0.0))
    may_end = threading.Event()

    def fail(_function: Function, _payload: bytes) -> InvocationResult:
        assert may_end.wait(10)
        return InvocationResult(b"{}", "Unhandled", b"", "$LATEST", "r")

    plane.functions.answer = fail
    assert functions.invoke(FunctionName="f", InvocationType="Event")["StatusCode"] == 202
    may_end.set()
    eventually(lambda: len(plane.functions.invoked) == 3)


def test_an_event_above_its_limit_is_too_large(functions: Any) -> None:
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'"' + b"x" * invocations.ASYNCHRONOUS_LIMIT + b'"')


def test_a_dry_run_runs_nothing(plane: Plane, functions: Any) -> None:
    assert functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert plane.functions.invoked == []


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded"), "TooManyRequestsException", 429),
        (RequestTooLarge("7000000 byte payload is too large"), "RequestTooLargeException", 413),
        (InvalidRuntime("no python3.99 here"), "InvalidParameterValueException", 400),
        (ZeroDivisionError("a defect"), "InternalFailure", 500),
    ],
)
def test_refusals_of_the_runner_are_lambdas_errors(plane: Plane, functions: Any, refusal: Exception, code: str, status: int) -> None:
    def refuse(_function: Function, _payload: bytes) -> InvocationResult:
        raise refusal

    plane.functions.answer = refuse
    with pytest.raises(functions.exceptions.ClientError) as caught:
        functions.invoke(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_new_code_and_configuration_reach_the_runner(plane: Plane, functions: Any) -> None:
    functions.update_function_code(FunctionName="f", ZipFile=package("new = 1"))
    functions.update_function_configuration(FunctionName="f", Environment={"Variables": {"A": "2"}}, Timeout=20)
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)
    functions.invoke(FunctionName="f")
    function, _ = plane.functions.invoked[-1]
    assert function.zip_path.read_bytes() == package("new = 1")
    assert (function.environment, function.timeout_seconds, function.reserved_concurrency) == ({"A": "2"}, 20, 3)


def test_the_runner_forgets_a_deleted_function(plane: Plane, functions: Any) -> None:
    functions.delete_function(FunctionName="f")
    assert plane.functions.forgotten == ["arn:aws:lambda:us-east-1:123456789012:function:f"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PackageType": "Image", "Code": {"ImageUri": "x"}}, "PackageType Image"),
        ({"Layers": ["arn:aws:lambda:us-east-1:1:layer:l:1"]}, "Layers"),
        ({"TracingConfig": {"Mode": "Active"}}, "TracingConfig.Mode Active"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "LoggingConfig.LogFormat JSON"),
        ({"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "WARN"}}, "LoggingConfig.SystemLogLevel"),
    ],
)
def test_functions_that_cannot_run_are_refused_by_name(functions: Any, changes: dict[str, Any], said: str) -> None:
    request = {
        "FunctionName": "g", "Runtime": "python3.11", "Role": "arn:aws:iam::123456789012:role/function", "Handler": "code.handler",
        "Code": {"ZipFile": package()},
    }  # fmt: skip
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match=f"does not implement {said}"):
        functions.create_function(**{**request, **changes})


def test_an_update_to_what_cannot_run_is_refused_too(functions: Any) -> None:
    functions.create_function(
        FunctionName="h", Runtime="python3.11", Role="arn:aws:iam::123456789012:role/function", Handler="code.handler",
        Code={"ZipFile": package()},
    )  # fmt: skip
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="does not implement TracingConfig"):
        functions.update_function_configuration(FunctionName="h", TracingConfig={"Mode": "Active"})
    functions.update_function_configuration(FunctionName="h", MemorySize=256, TracingConfig={"Mode": "PassThrough"})
    assert functions.get_function_configuration(FunctionName="h")["MemorySize"] == 256


def test_an_answer_without_content_leaves_the_connection_clean(functions: Any) -> None:
    """moto answers RemovePermission with status 204 and a body, which HTTP does not have."""
    for _ in range(3):
        functions.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="firehose.amazonaws.com")
        functions.remove_permission(FunctionName="f", StatementId="s")
        assert functions.get_function(FunctionName="f")["Configuration"]["FunctionName"] == "f"


def test_log_lines_make_the_group_and_stream_of_a_function(plane: Plane, functions: Any) -> None:
    write_log(ACCOUNT_ID, "us-east-1", "/aws/lambda/f", "2026/11/24/[$LATEST]x", ["one", "two"])
    events = plane.client("logs").get_log_events(logGroupName="/aws/lambda/f", logStreamName="2026/11/24/[$LATEST]x")["events"]
    assert [event["message"] for event in events] == ["one", "two"]


def test_log_lines_of_a_deleted_function_do_not_bring_its_group_back(plane: Plane, functions: Any) -> None:
    functions.delete_function(FunctionName="f")
    write_log(ACCOUNT_ID, "us-east-1", "/aws/lambda/f", "s", ["late"])
    assert plane.client("logs").describe_log_groups()["logGroups"] == []


def test_a_log_stream_keeps_its_newest_events(plane: Plane, functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "KEPT_EVENTS", 10)
    for number in range(12):
        write_log(ACCOUNT_ID, "us-east-1", "/aws/lambda/f", "s", [json.dumps(number)])
    kept = [event.message for event in logs_backends[ACCOUNT_ID]["us-east-1"].groups["/aws/lambda/f"].streams["s"].events]
    assert kept == ["3", "4", "5", "6", "7", "8", "9", "10", "11"]
    assert type(kept[0]) is str


def test_athena_lists_the_tags_of_a_work_group(plane: Plane) -> None:
    athena = plane.client("athena")
    athena.create_work_group(Name="w", Tags=[{"Key": "a", "Value": "1"}])
    arn = "arn:aws:athena:us-east-1:123456789012:workgroup/w"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    athena.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert athena.list_tags_for_resource(ResourceARN=arn + "2")["Tags"] == []


def test_first_invocations_at_the_same_time_write_the_package_once_each_and_whole(tmp_path: Path) -> None:
    code = b"zip" * 1_000_000
    function = SimpleNamespace(code_sha_256="abc=", code_bytes=code)
    for attempt in range(5):
        together = threading.Barrier(8)

        def write(_number: int, directory: Path = tmp_path / str(attempt), together: threading.Barrier = together) -> bytes:
            together.wait(10)
            return write_zip(function, directory).read_bytes()  # type: ignore[arg-type]

        with ThreadPoolExecutor(8) as pool:
            assert all(found == code for found in pool.map(write, range(8)))
        assert [path.name for path in (tmp_path / str(attempt)).iterdir()] == ["abc-.zip"]


def test_lost_log_lines_are_a_notice_of_the_status(plane: Plane, tmp_path: Path) -> None:
    options = Options(Home(tmp_path), 0, "us-east-1", 1.0, "token")
    described = Status(options, "http://127.0.0.1:1", datetime.now(UTC), plane.services).describe()
    assert described["notices"] == ["5 log lines were lost."]
