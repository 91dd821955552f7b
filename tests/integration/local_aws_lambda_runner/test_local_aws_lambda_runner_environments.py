"""Life and death of execution environments: concurrency, updates, keys, logs, and what is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from local_aws_lambda_runner_target import HANDLERS, Target, gone

from local_aws.lambda_runner.runner import Function, InvocationResult, LambdaRunner, RunnerStopped, TooManyRequests

pytestmark = pytest.mark.integration
AtOnce = Callable[[Sequence[Callable[[], object]]], list[object]]


def call(runner: LambdaRunner, function: Function, event: object = None) -> Callable[[], object]:
    return lambda: json.loads(runner.invoke(function, json.dumps(event).encode()).payload)


# --- concurrency ------------------------------------------------------------------------------------------------


def test_invocations_at_the_same_time_run_in_environments_of_their_own(target: Target, at_once: AtOnce) -> None:
    function = target.function("sleep")
    pids = at_once([call(target.runner, function, 0.5)] * 3)
    assert len(set(pids)) == 3
    assert call(target.runner, function, 0)() in pids


def test_reserved_concurrency_throttles_what_is_beyond_it(target: Target, at_once: AtOnce) -> None:
    function = target.function("sleep", reserved_concurrency=2)
    results = at_once([call(target.runner, function, 0.5)] * 5)
    throttled = [result for result in results if isinstance(result, TooManyRequests)]
    assert [error.reason for error in throttled] == ["ReservedFunctionConcurrentInvocationLimitExceeded"] * 3
    assert isinstance(call(target.runner, function, 0)(), int)


def test_reserved_concurrency_of_zero_stops_a_function(target: Target) -> None:
    with pytest.raises(TooManyRequests):
        target.runner.invoke(target.function("echo", reserved_concurrency=0), b"1")


def test_beyond_this_machines_processes_invocations_wait_and_none_is_lost(target: Target, at_once: AtOnce) -> None:
    runner = target.another(max_processes=2)
    function = target.function("sleep")
    results = at_once([call(runner, function, 0.05)] * 12)
    assert all(isinstance(result, int) for result in results)
    assert len(set(results)) == 2
    runner.stop()


# --- updates ----------------------------------------------------------------------------------------------------


def test_a_changed_configuration_is_used_at_once_and_the_old_environment_ends(target: Target) -> None:
    function = target.function("environment")
    old = call(target.runner, replace(function, handler="app.handlers.pid"))()
    assert isinstance(old, int)
    seen = call(target.runner, replace(function, environment={"MINE": "2"}))()
    assert isinstance(seen, dict)
    assert seen["MINE"] == "2"
    assert gone(old)


def test_forgetting_a_function_ends_its_idle_environments_and_lets_a_running_invocation_finish(target: Target, at_once: AtOnce) -> None:
    function = target.function("sleep")
    first = call(target.runner, function, 0)()

    def forget() -> None:
        time.sleep(0.5)
        target.runner.forget(function.arn)

    (running, _) = at_once([call(target.runner, function, 1.2), forget])
    assert running == first
    assert isinstance(first, int)
    assert gone(first)
    assert call(target.runner, function, 0)() != first


def test_versions_have_environments_of_their_own_and_share_reserved_concurrency(target: Target, at_once: AtOnce) -> None:
    latest = target.function("sleep", reserved_concurrency=1)
    one = replace(latest, version="1", arn=f"{latest.arn}:1")
    assert call(target.runner, latest, 0)() != call(target.runner, one, 0)()
    results = at_once([call(target.runner, latest, 0.4), call(target.runner, one, 0.4)])
    assert len([result for result in results if isinstance(result, TooManyRequests)]) == 1


# --- keys -------------------------------------------------------------------------------------------------------


def test_an_environment_is_replaced_before_its_keys_end(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    function = target.function("environment")
    monkeypatch.setattr(target, "lifetime", timedelta(seconds=4))
    first = call(target.runner, function)()
    same = call(target.runner, function)()
    time.sleep(2.1)
    monkeypatch.setattr(target, "lifetime", timedelta(hours=1))
    renewed = call(target.runner, function)()
    assert isinstance(first, dict) and isinstance(same, dict) and isinstance(renewed, dict)
    assert first["AWS_SESSION_TOKEN"] == same["AWS_SESSION_TOKEN"] != renewed["AWS_SESSION_TOKEN"]


# --- logs -------------------------------------------------------------------------------------------------------


def test_the_log_has_the_platforms_lines_around_the_functions(target: Target) -> None:
    function = target.function("printing")
    result = target.runner.invoke(function, b"1")
    lines = target.logged(function, lambda lines: len(lines) >= 8)
    assert lines[0].startswith("INIT_START Runtime Version: python:3.")
    assert lines[1:6] == [
        "loading",
        f"START RequestId: {result.request_id} Version: $LATEST",
        "one",
        "two",
        "to stderr, without an end",
    ]
    assert lines[6] == f"END RequestId: {result.request_id}"
    assert lines[7].startswith(f"REPORT RequestId: {result.request_id}\tDuration: ")
    assert lines[7].split("\t")[3] == "Memory Size: 256 MB"
    assert result.log_tail.decode().splitlines() == lines


def test_an_environment_writes_to_one_log_stream(target: Target) -> None:
    function = target.function("printing")
    for _ in range(3):
        target.runner.invoke(function, b"1")
    target.logged(function, lambda lines: len([line for line in lines if line.startswith("REPORT")]) == 3)
    assert len({stream for group, stream, _ in target.lines if group == function.log_group}) == 1


def test_the_tail_is_the_last_four_kib_and_the_log_has_all(target: Target) -> None:
    function = target.function("long_print")
    result = target.runner.invoke(function, b"1")
    assert len(result.log_tail) == 4096
    assert b"REPORT RequestId" in result.log_tail
    assert "x" * 10_000 in target.logged(function, lambda lines: len(lines) > 5)


def test_a_function_that_still_runs_has_its_log_carried_on(target: Target, at_once: AtOnce) -> None:
    function = target.function("slow_print")
    seen: list[bool] = []

    def look() -> None:
        seen.append("early" in target.logged(function, lambda lines: "early" in lines))

    started = time.monotonic()
    at_once([call(target.runner, function, 3), look])
    assert seen == [True]
    assert time.monotonic() - started >= 3


def test_a_timeout_is_in_the_log_with_what_the_function_said_before(target: Target) -> None:
    function = target.function("slow_print", timeout_seconds=1)
    target.runner.invoke(function, b"30")
    lines = target.logged(function, lambda lines: any(line.startswith("REPORT") for line in lines))
    assert "early" in lines
    assert [line for line in lines if line.endswith("Task timed out after 1.00 seconds\n")]
    assert lines[-1].rstrip().endswith("Status: timeout")


# --- what is left -----------------------------------------------------------------------------------------------


def test_an_idle_environment_ends_after_a_while(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.lambda_runner.runner._REAP_EVERY_SECONDS", 0.1)
    runner = target.another(idle_seconds=0.2)
    pid = call(runner, target.function("pid"))()
    assert isinstance(pid, int)
    assert gone(pid)
    assert runner.pids() == ()
    runner.stop()


def test_stop_ends_running_and_idle_processes_and_their_children_and_leaves_no_files(target: Target, at_once: AtOnce) -> None:
    runner = target.another()
    idle, busy = target.function("leaves_child"), target.function("sleep")
    child = call(runner, idle)()
    pids: list[int] = []

    def stop() -> None:
        while len(runner.pids()) < 2:
            time.sleep(0.05)
        pids.extend(runner.pids())
        runner.stop()

    started = time.monotonic()
    result, _ = at_once([lambda: runner.invoke(busy, b"8"), stop])
    assert time.monotonic() - started < 7
    assert isinstance(result, InvocationResult)
    assert result.function_error == "Unhandled"
    assert isinstance(child, int)
    assert len(pids) == 2
    assert all(gone(pid) for pid in (*pids, child))
    left = {path.name for folder in ("processes", "logs", "lambda/scratch") for path in (target.home.root / folder).glob("*")}
    assert not [name for name in left if name.startswith((f"lambda-{idle.name}", f"lambda-{busy.name}"))]
    with pytest.raises(RunnerStopped):
        runner.invoke(busy, b"0")


def test_stop_ends_an_invocation_of_a_function_that_was_deleted_meanwhile(target: Target, at_once: AtOnce) -> None:
    runner = target.another()
    function = target.function("sleep")

    def delete_and_stop() -> None:
        while not runner.pids():
            time.sleep(0.05)
        runner.forget(function.arn)
        runner.stop()

    started = time.monotonic()
    at_once([call(runner, function, 9), delete_and_stop])
    assert time.monotonic() - started < 8
    assert runner.pids() == ()


def test_stopping_wakes_invocations_that_wait_for_a_process(target: Target, at_once: AtOnce) -> None:
    runner = target.another(max_processes=1)
    function = target.function("sleep")

    def stop() -> None:
        time.sleep(0.6)
        runner.stop()

    results = at_once([call(runner, function, 8), call(runner, function, 8), stop])
    assert len([result for result in results if isinstance(result, RunnerStopped)]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="processes die with their parent on Linux")
def test_a_killed_parent_leaves_no_function_behind(target: Target, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(f"""
import sys
sys.path[:0] = [{str(Path.cwd())!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
from local_aws_lambda_runner_target import Target
target = Target(Path({str(tmp_path / "home")!r}))
print(target.runner.invoke(target.function("pid"), b"1").payload.decode(), flush=True)
target.runner.invoke(target.function("sleep"), b"60")
""")
    (tmp_path / "home").mkdir()
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_the_same_code_is_unpacked_once(target: Target) -> None:
    before = target.home.functions / "code"
    call(target.runner, target.function("echo"))()
    count = len(list(before.iterdir()))
    call(target.runner, target.function("pid", source=HANDLERS))()
    assert len(list(before.iterdir())) == count
