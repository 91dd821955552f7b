"""Error payloads and log lines as AWS words them."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime

import pytest

from local_aws.lambda_runner import platform_messages
from local_aws.lambda_runner.platform_messages import Status

NOW = datetime(2026, 11, 24, 3, 4, 5, 678_901, tzinfo=UTC)


def test_a_timeout_names_the_request_and_the_configured_seconds() -> None:
    failure = platform_messages.timed_out("id-1", 3.0, NOW)
    assert json.loads(failure.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 3.00 seconds",
    }
    assert failure.log_line == "2026-11-24T03:04:05.678Z id-1 Task timed out after 3.00 seconds\n"


@pytest.mark.parametrize(
    ("return_code", "said"),
    [
        (0, "Runtime exited without providing a reason"),
        (127, "Runtime exited with error: exit status 127"),
        (-signal.SIGKILL, "Runtime exited with error: signal: killed"),
        (-signal.SIGSEGV, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_an_exit_says_how_the_process_ended(return_code: int, said: str) -> None:
    failure = platform_messages.exited("id-1", return_code)
    assert json.loads(failure.payload) == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: id-1 Error: {said}"}
    assert failure.log_line == f"RequestId: id-1 Error: {said}\nRuntime.ExitError"


def test_a_response_that_is_too_large_names_the_limit() -> None:
    assert json.loads(platform_messages.response_too_large().payload) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


def test_a_report_of_a_cold_start_bills_the_init_and_rounds_up() -> None:
    line = platform_messages.report(
        "id-1", milliseconds=1.01, init_milliseconds=99.5, memory_mib=128, used_bytes=33 * 1024 * 1024 + 1, failure=None
    )
    assert line.split("\t") == [
        "REPORT RequestId: id-1",
        "Duration: 1.01 ms",
        "Billed Duration: 101 ms",
        "Memory Size: 128 MB",
        "Max Memory Used: 34 MB",
        "Init Duration: 99.50 ms",
        "",
    ]


def test_a_report_names_the_status_of_a_timeout_and_the_error_type_of_a_crash() -> None:
    def ending(failure: platform_messages.Failure) -> list[str]:
        line = platform_messages.report("i", milliseconds=1, init_milliseconds=None, memory_mib=128, used_bytes=0, failure=failure)
        return line.split("\t")[5:]

    assert ending(platform_messages.timed_out("i", 1, NOW)) == ["Status: timeout", ""]
    assert ending(platform_messages.exited("i", 1)) == ["Status: error", "Error Type: Runtime.ExitError", ""]


def test_an_exception_of_the_handler_leaves_the_report_without_a_status() -> None:
    failure = platform_messages.reported(b"{}", "")
    line = platform_messages.report("i", milliseconds=1, init_milliseconds=None, memory_mib=128, used_bytes=0, failure=failure)
    assert "Status" not in line


def test_an_init_report_names_phase_status_and_type() -> None:
    assert (
        platform_messages.init_report(12.345, "invoke", Status.ERROR, "Runtime.ImportModuleError")
        == "INIT_REPORT Init Duration: 12.35 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError"
    )
    assert platform_messages.init_report(10_000, "init", Status.TIMEOUT, "Sandbox.Timedout").endswith("Phase: init\tStatus: timeout")
