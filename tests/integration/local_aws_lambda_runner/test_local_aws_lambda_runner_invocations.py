"""Invocations through the real runtime client: what comes back, what the function sees, what is logged."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from local_aws_lambda_runner_target import Target, gone

from local_aws.lambda_runner.runner import (
    MAX_REQUEST_BYTES,
    Function,
    InvalidRuntime,
    InvocationResult,
    RequestTooLarge,
)
from local_aws.lambda_runner.runtime_api import MAX_RESPONSE_BYTES

pytestmark = pytest.mark.integration
AtOnce = Callable[[Sequence[Callable[[], object]]], list[object]]


def invoke(target: Target, function: Function, event: object = None) -> InvocationResult:
    return target.runner.invoke(function, json.dumps(event).encode())


def value(target: Target, function: Function, event: object = None) -> object:
    result = invoke(target, function, event)
    assert result.function_error is None, result.payload
    return json.loads(result.payload)


def error(target: Target, function: Function, event: object = None) -> dict[str, object]:
    result = invoke(target, function, event)
    assert result.function_error == "Unhandled", result.payload
    said = json.loads(result.payload)
    assert isinstance(said, dict)
    return said


# --- what comes back --------------------------------------------------------------------------------------------


def test_a_function_gets_its_event_and_its_value_comes_back(target: Target) -> None:
    event = {"text": "é \u2028 \U0001f600", "numbers": [1, 2.5, None]}
    result = invoke(target, target.function("echo"), event)
    assert json.loads(result.payload) == event
    assert (result.function_error, result.executed_version) == (None, "$LATEST")


def test_no_payload_is_an_empty_object(target: Target) -> None:
    assert target.runner.invoke(target.function("echo"), b"").payload == b"{}"


def test_a_warm_environment_keeps_its_state(target: Target) -> None:
    function = target.function("counter")
    assert [value(target, function) for _ in range(3)] == [1, 2, 3]


def test_bytes_pass_as_they_are(target: Target) -> None:
    assert target.runner.invoke(target.function("raw"), b"1").payload == b"\x00not json"


def test_an_exception_is_passed_on_as_the_runtime_client_words_it_and_leaves_the_environment_warm(target: Target) -> None:
    function = target.function("raising")
    first, second = error(target, function), error(target, function)
    assert (first["errorType"], first["errorMessage"]) == ("ValueError", "no good: é")
    assert "in raising" in str(first["stackTrace"])
    assert first["requestId"] != second["requestId"]
    assert len([line for line in target.logged(function) if line.startswith("INIT_START")]) == 1


def test_an_event_that_is_not_json_is_the_runtime_clients_error(target: Target) -> None:
    result = target.runner.invoke(target.function("echo"), b"{not json")
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == "Runtime.UnmarshalError"


def test_a_value_that_is_not_json_is_the_runtime_clients_error(target: Target) -> None:
    assert error(target, target.function("unserialisable"))["errorType"] == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("handler", "event", "said"),
    [("crashing", None, "exit status 3"), ("leaving", 7, "exit status 7")],
)
def test_a_process_that_ends_fails_the_invocation_and_the_next_gets_a_new_one(
    target: Target, handler: str, event: object, said: str
) -> None:
    function = target.function(handler)
    for _ in range(2):
        assert error(target, function, event)["errorType"] == "Runtime.ExitError"
    assert str(error(target, function, event)["errorMessage"]).endswith(f"Error: Runtime exited with error: {said}")


def test_a_process_that_leaves_without_an_error_is_said_to_give_no_reason(target: Target) -> None:
    assert str(error(target, target.function("leaving"), 0)["errorMessage"]).endswith("Error: Runtime exited without providing a reason")


def test_a_process_that_is_killed_during_an_invocation_fails_it_and_the_next_gets_a_new_one(target: Target, at_once: AtOnce) -> None:
    function = target.function("sleep")
    victim = value(target, function, 0)
    assert isinstance(victim, int)

    def kill() -> None:
        time.sleep(0.3)
        os.kill(victim, signal.SIGKILL)

    result, _ = at_once([lambda: invoke(target, function, 5), kill])
    assert isinstance(result, InvocationResult)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert value(target, function, 0) != victim


def test_a_process_that_is_killed_while_idle_costs_no_invocation(target: Target) -> None:
    function = target.function("pid")
    first = value(target, function)
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert value(target, function) != first


def test_a_timeout_is_kept_by_the_wall_and_the_next_invocation_gets_a_new_environment(target: Target) -> None:
    function = target.function("sleep", timeout_seconds=1)
    first = value(target, function, 0)
    started = time.monotonic()
    said = error(target, function, 30)
    assert 1.0 <= time.monotonic() - started < 5.0
    assert said["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds", str(said["errorMessage"]))
    assert value(target, function, 0) != first


def test_more_memory_than_the_function_has_kills_it_and_less_does_not(target: Target) -> None:
    function = target.function("hog", memory_mib=128)
    assert value(target, function, 60) == 60 * 1024 * 1024
    said = error(target, function, 200)
    assert said["errorType"] == "Runtime.ExitError"
    assert str(said["errorMessage"]).endswith("Error: Runtime exited with error: signal: killed")
    assert value(target, function, 60) == 60 * 1024 * 1024


def test_memory_of_processes_that_the_function_starts_counts(target: Target) -> None:
    said = error(target, target.function("hog_in_child", memory_mib=128), 200)
    assert str(said["errorMessage"]).endswith("signal: killed")


# --- init -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "source", "error_type", "message"),
    [
        ("absent.handler", "", "Runtime.ImportModuleError", "Unable to import module 'absent': No module named 'absent'"),
        ("app.handlers.absent", "", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'app.handlers'"),
        ("app.handlers.x", "import flask", "Runtime.ImportModuleError", "Unable to import module 'app.handlers': No module named 'flask'"),
        ("app.handlers.x", "x = (", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app.handlers': "),
        ("app.handlers.x", "1 / 0", "ZeroDivisionError", "division by zero"),
    ],
)
def test_code_that_cannot_be_loaded_is_the_runtime_clients_error(
    target: Target, handler: str, source: str, error_type: str, message: str
) -> None:
    said = error(target, target.function(handler, source=source))
    assert said["errorType"] == error_type
    assert str(said["errorMessage"]).startswith(message)


def test_an_init_that_fails_is_tried_once_more_within_the_invocation(target: Target) -> None:
    source = "import os, pathlib\nmark = pathlib.Path(os.environ['TMPDIR'], 'tried')\n" \
        "if not mark.exists():\n    mark.write_text('')\n    os._exit(9)\ndef handler(event, context): return 'second try'\n"  # fmt: skip
    function = target.function("handler", source=source)
    assert value(target, function) == "second try"
    reports = [line for line in target.logged(function, lambda lines: len(lines) > 3) if line.startswith("INIT_REPORT")]
    assert len(reports) == 1
    assert reports[0].endswith("Phase: init\tStatus: error\tError Type: Runtime.ExitError")


def test_an_init_that_is_late_again_times_out_with_the_functions_timeout(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.lambda_runner.environment.INIT_SECONDS", 0.3)
    function = target.function("x", source="import time\ntime.sleep(30)", timeout_seconds=1)
    started = time.monotonic()
    assert str(error(target, function)["errorMessage"]).endswith("Error: Task timed out after 1.00 seconds")
    assert 1.3 <= time.monotonic() - started < 10.0


# --- limits -----------------------------------------------------------------------------------------------------


def test_a_request_up_to_the_limit_is_run_and_one_byte_more_is_refused(target: Target) -> None:
    function = target.function("echo")
    largest = b'"' + b"x" * (MAX_REQUEST_BYTES - 2) + b'"'
    assert target.runner.invoke(function, largest).payload == largest
    with pytest.raises(RequestTooLarge, match=r"6291457 byte payload is too large .* \(limit 6291456 bytes\)"):
        target.runner.invoke(function, largest + b" ")


def test_a_response_up_to_the_limit_comes_back_and_one_byte_more_is_an_error(target: Target) -> None:
    function = target.function("large")
    assert len(invoke(target, function, MAX_RESPONSE_BYTES - 2).payload) == MAX_RESPONSE_BYTES
    assert error(target, function, MAX_RESPONSE_BYTES - 1) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert value(target, function, 1) == "x"


def test_a_runtime_that_cannot_run_here_is_refused_by_name(target: Target) -> None:
    with pytest.raises(InvalidRuntime, match=r'runtime "nodejs22\.x"'):
        target.runner.invoke(target.function("echo", runtime="nodejs22.x"), b"1")
    with pytest.raises(InvalidRuntime, match=r'runtime "ruby3\.4"'):
        target.runner.check("ruby3.4", target.function("echo").architecture)


# --- what the function sees -------------------------------------------------------------------------------------


def test_a_function_sees_the_documented_variables_and_nothing_of_this_process(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    monkeypatch.setenv("PYTHONPATH", "/leaked")
    function = target.function("environment", memory_mib=512)
    seen = value(target, function)
    assert isinstance(seen, dict)
    stream = seen.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", seen.pop("_X_AMZN_TRACE_ID"))
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen.pop("AWS_LAMBDA_RUNTIME_API"))
    assert seen.pop("AWS_SESSION_TOKEN").startswith("token-")
    assert seen.pop("HOME") == seen.pop("TMPDIR") != os.environ.get("HOME")
    assert Path(seen.pop("LAMBDA_TASK_ROOT")).parent == target.home.functions / "code"
    assert Path(seen.pop("LAMBDA_RUNTIME_DIR")).parent == target.home.functions / "runtime"
    seen.pop("LC_CTYPE", None)  # Python's own, where the locale is not installed
    assert seen == {
        "MINE": "1",
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_HANDLER": "app.handlers.environment",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


@pytest.mark.parametrize("package", ["moto", "flask", "msgspec", "pyarrow", "pytest", "schema", "transform", "local_aws"])
def test_no_package_of_this_project_or_its_interpreter_can_be_imported(target: Target, package: str) -> None:
    function = target.function("importing", name="importing", arn="arn:aws:lambda:eu-west-3:123456789012:function:importing")
    assert value(target, function, package) == f"No module named '{package}'"


@pytest.mark.parametrize("package", ["boto3", "botocore", "urllib3", "json"])
def test_what_awss_runtime_brings_can_be_imported(target: Target, package: str) -> None:
    function = target.function("importing", name="importing", arn="arn:aws:lambda:eu-west-3:123456789012:function:importing")
    assert value(target, function, package) == package


def test_the_functions_package_brings_its_own_compiled_modules_and_wins_over_the_runtimes(target: Target) -> None:
    installed = Path(msgspec.__file__).parent
    packages = {
        f"msgspec/{path.relative_to(installed)}": path.read_bytes() for path in installed.rglob("*") if path.suffix in (".py", ".so")
    }
    packages["boto3/__init__.py"] = b"__version__ = 'its own'"
    source = """
import boto3, msgspec
def handler(event, context): return [boto3.__version__, msgspec.__file__, msgspec.json.decode(b"[1]")]
"""
    seen = value(target, target.function("handler", source=source, packages=packages))
    assert isinstance(seen, list)
    assert (seen[0], seen[2]) == ("its own", [1])
    assert Path(seen[1]).is_relative_to(target.home.functions / "code")


def test_the_functions_own_code_comes_before_the_runtimes_and_pythonpath_is_its_own(target: Target) -> None:
    path = value(target, target.function("search_path", environment={"PYTHONPATH": "/opt/a:/opt/b"}))
    assert isinstance(path, list)
    assert Path(path[0]).parent == target.home.functions / "code"
    assert path[1:3] == ["/opt/a", "/opt/b"]
    assert Path(path[3]).parent == target.home.functions / "runtime"
    assert not [entry for entry in path if "site-packages" in entry]


def test_the_context_names_the_invoked_arn_and_counts_down_from_the_timeout(target: Target) -> None:
    function = target.function("arn", timeout_seconds=7)
    first = value(target, function)
    aliased = value(target, replace(function, arn=f"{function.arn}:live"))
    assert isinstance(first, list) and isinstance(aliased, list)
    assert (first[0], aliased[0]) == (function.arn, f"{function.arn}:live")
    assert 6_000 < first[1] <= 7_000
