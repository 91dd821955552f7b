"""One execution environment: one process, one Runtime API, one invocation at a time.

Its life follows the Lambda developer guide, "Understanding the Lambda execution environment lifecycle":

- Init may take 10 seconds. An init that fails or is late is tried once more within the first invocation, on that
  invocation's time; only then has the invocation failed.
- The timeout runs by the wall from the moment the event is handed over. At its end the process is killed.
- A process that ends, or that is killed because it uses more memory than the function has, fails the invocation that
  runs (`Runtime.ExitError`); the next one gets a new environment.
- An exception of the handler leaves the environment warm.

Unlike on AWS, an idle environment is not frozen, and CPU is not rationed by memory size.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_aws import processes
from local_aws.home import Home
from local_aws.lambda_runner import memory, platform_messages
from local_aws.lambda_runner.function import Function, InvocationResult, RoleCredentials
from local_aws.lambda_runner.interpreter import Interpreter
from local_aws.lambda_runner.logs import TAIL_BYTES, LogShipper, PrintedLines, tail
from local_aws.lambda_runner.platform_messages import Failure, Status
from local_aws.lambda_runner.runtime_api import ApiRequest, RuntimeApi
from local_aws.lambda_runner.variables import variables

INIT_SECONDS = 10.0
_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_TICK_SECONDS = 0.02 if memory.HAS_PROC else 0.5
"""How often memory and the process itself are looked at while the function runs."""
_LOG_SECONDS = 1.0
"""How often the log of a function that still runs is carried on."""
_KEPT_LINES = 2 * TAIL_BYTES
_READY_SECONDS = 2.0
"""How long a warm runtime may take to ask for its next invocation; it asks at once."""
_CREDENTIALS_MARGIN = timedelta(minutes=20)
"""An environment is not used when its keys end sooner than this: longer than any invocation (15 min)."""


@dataclass(frozen=True)
class Setting:
    """What every environment of a function shares."""

    home: Home
    function: Function
    interpreter: Interpreter
    task_root: Path
    region: str
    endpoint_url: str
    shipper: LogShipper


class Environment:
    """Not started before its first invocation. Used by one thread at a time; only `kill` may come from another."""

    def __init__(self, setting: Setting, credentials: RoleCredentials, name: str) -> None:
        self._setting = setting
        self._credentials = credentials
        self._name = name
        now = datetime.now(UTC)
        self._stream = f"{now:%Y/%m/%d}/[{setting.function.version}]{secrets.token_hex(16)}"
        self._scratch = setting.home.functions / "scratch" / name
        shutil.rmtree(self._scratch, ignore_errors=True)  # of a target that was killed
        self._recycle_at = credentials.expires - min(_CREDENTIALS_MARGIN, (credentials.expires - now) / 2)
        self._api: RuntimeApi | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: PrintedLines | None = None
        self._invoked_arn = setting.function.arn
        self._lines: list[str] = []
        self._shipped = 0
        self._most_used = 0
        self._killed_for_good = False
        self.idle_since = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def usable(self) -> bool:
        """Whether it may serve another invocation: its process runs and its keys last."""
        running = self._process is not None and self._process.poll() is None
        return running and not self._killed_for_good and datetime.now(UTC) < self._recycle_at

    def invoke(self, payload: bytes, request_id: str, invoked_arn: str) -> InvocationResult:
        """Run one invocation to its end, whatever that is. Afterwards `usable` tells whether the environment is."""
        function = self._setting.function
        self._invoked_arn = invoked_arn
        self._lines, self._shipped = [], 0
        asked, init_milliseconds, failure = self._ready(request_id)
        self._collect(all_of_it=True)
        self._say(platform_messages.start(request_id, function.version))
        started = time.monotonic()
        response = b""
        if asked is not None:
            response, failure = self._run(asked, payload, request_id)
        duration = (time.monotonic() - started) * 1000.0
        self._collect(all_of_it=True)
        if failure is not None and failure.log_line is not None:
            self._say(failure.log_line)
        self._say(platform_messages.end(request_id))
        self._say(
            platform_messages.report(
                request_id,
                milliseconds=duration,
                init_milliseconds=init_milliseconds,
                memory_mib=function.memory_mib,
                used_bytes=self._most_used,
                failure=failure,
            )
        )
        self._ship()
        log_tail = tail(self._lines)
        self.idle_since = time.monotonic()
        return InvocationResult(
            payload=failure.payload if failure is not None else response,
            function_error="Unhandled" if failure is not None else None,
            log_tail=log_tail,
            executed_version=function.version,
            request_id=request_id,
        )

    def kill(self) -> None:
        """End the process under a running invocation, which then fails; no other process is started for it."""
        self._killed_for_good = True
        process = self._process
        if process is not None:
            _kill_group(process.pid)

    def close(self) -> None:
        """Kill the process and leave nothing of the environment but its log events."""
        self._end_process()
        if self._printed is not None:
            self._printed.close()
            self._printed = None
        shutil.rmtree(self._scratch, ignore_errors=True)
        (self._setting.home.logs / f"{self._name}.log").unlink(missing_ok=True)

    # --- init ---------------------------------------------------------------------------------------------------

    def _ready(self, request_id: str) -> tuple[ApiRequest | None, float | None, Failure | None]:
        """A runtime that asks for its next invocation; the init's milliseconds where there was one; else why not."""
        if self._process is not None:
            assert self._api is not None
            asked = self._await_next(_READY_SECONDS)
            if isinstance(asked, ApiRequest):
                return asked, None, None
            self._end_process()
        self._say(platform_messages.init_start(self._setting.interpreter.python_version))
        timeout = float(self._setting.function.timeout_seconds)
        for phase, seconds in (("init", INIT_SECONDS), ("invoke", timeout)):
            started = time.monotonic()
            self._start_process()
            asked = self._await_next(seconds)
            milliseconds = (time.monotonic() - started) * 1000.0
            self._collect(all_of_it=True)
            if isinstance(asked, ApiRequest):
                self._most_used = memory.high_water(self._process.pid) if self._process is not None else 0
                return asked, milliseconds, None
            return_code = self._end_process()
            failure = asked or platform_messages.exited(request_id, return_code)
            if failure.status is Status.TIMEOUT:
                failure = platform_messages.timed_out(request_id, timeout, datetime.now(UTC))
            self._say(platform_messages.init_report(milliseconds, phase, failure.status, failure.error_type))
            self._ship()
            if self._killed_for_good:
                break
        return None, None, failure

    def _start_process(self) -> None:
        setting = self._setting
        self._most_used = 0
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._api = RuntimeApi()
        environment = variables(
            setting.function,
            self._credentials,
            task_root=setting.task_root,
            runtime_dir=setting.interpreter.runtime_dir,
            scratch=self._scratch,
            runtime_api=self._api.address,
            log_stream=self._stream,
            region=setting.region,
            endpoint_url=setting.endpoint_url,
        )
        if self._printed is None:
            setting.home.logs.mkdir(parents=True, exist_ok=True)
            self._printed = PrintedLines(setting.home.logs / f"{self._name}.log")
        self._process = processes.start(
            setting.home,
            self._name,
            (setting.interpreter.executable, "-S", "-B", str(_BOOTSTRAP), str(setting.interpreter.runtime_dir), setting.function.handler),
            environment=environment,
            directory=setting.task_root,
        )
        if self._killed_for_good:
            _kill_group(self._process.pid)

    def _await_next(self, seconds: float) -> ApiRequest | Failure | None:
        """The request for the next invocation; a Failure for an init error or lateness; None where the process ended."""
        api, process = self._api, self._process
        assert api is not None and process is not None
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            request = api.wait(min(left, _TICK_SECONDS))
            if request is None:
                if process.poll() is not None:
                    return None
            elif request.path == "invocation/next":
                return request
            elif request.path == "init/error":
                api.answer(request, "202 Accepted")
                return platform_messages.reported(request.body, request.headers.get("lambda-runtime-function-error-type", ""))
            else:
                api.answer(request, "404 Not Found", b'{"errorType":"NotFound","errorMessage":"not part of the local Runtime API"}')
        return platform_messages.timed_out("", seconds, datetime.now(UTC))

    # --- invoke -------------------------------------------------------------------------------------------------

    def _run(self, asked: ApiRequest, payload: bytes, request_id: str) -> tuple[bytes, Failure | None]:
        """Hand over the event and wait for its end: the response, or the failure."""
        api, process = self._api, self._process
        assert api is not None and process is not None
        limit = self._setting.function.memory_mib * 1024 * 1024
        timeout = float(self._setting.function.timeout_seconds)
        deadline = time.monotonic() + timeout
        log_due = time.monotonic() + _LOG_SECONDS
        # A payload that cannot be handed over shows below: the process has ended, or the timeout is near.
        with contextlib.suppress(OSError):
            api.give(asked, self._event_headers(request_id, timeout), payload, timeout)
        while (left := deadline - time.monotonic()) > 0:
            request = api.wait(min(left, _TICK_SECONDS))
            self._most_used = max(self._most_used, memory.high_water(process.pid) if request else memory.resident(process.pid))
            if self._most_used > limit:  # what the kernel of a sandbox does then
                self._end_process()
                return b"", platform_messages.exited(request_id, -signal.SIGKILL)
            if request is not None:
                done = self._ended(api, request, request_id)
                if done is not None:
                    return done
            elif process.poll() is not None:
                return b"", platform_messages.exited(request_id, self._end_process())
            elif time.monotonic() >= log_due:
                self._collect(all_of_it=False)
                self._ship()
                log_due = time.monotonic() + _LOG_SECONDS
        self._end_process()
        return b"", platform_messages.timed_out(request_id, timeout, datetime.now(UTC))

    def _ended(self, api: RuntimeApi, request: ApiRequest, request_id: str) -> tuple[bytes, Failure | None] | None:
        """Whether this request ends the invocation, and how."""
        if request.path == f"invocation/{request_id}/response":
            if request.oversized:
                api.answer(
                    request, "413 Request Entity Too Large", b'{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded limit"}'
                )
                self._end_process()
                return b"", platform_messages.response_too_large()
            api.answer(request, "202 Accepted")
            return request.body, None
        if request.path == f"invocation/{request_id}/error":
            api.answer(request, "202 Accepted")
            return b"", platform_messages.reported(request.body, request.headers.get("lambda-runtime-function-error-type", ""))
        api.answer(request, "400 Bad Request", b'{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}')
        return None

    def _event_headers(self, request_id: str, timeout: float) -> Mapping[str, str]:
        now = time.time()
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._invoked_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0",
        }

    # --- process and log ----------------------------------------------------------------------------------------

    def _end_process(self) -> int:
        """Kill what runs of the process and its children; its return code (0 where there was none)."""
        process, self._process = self._process, None
        api, self._api = self._api, None
        return_code = 0
        if process is not None:
            process.poll()
            _kill_group(process.pid)  # also when it has ended by itself: it may have started others
            return_code = process.wait()
            processes.forget(self._setting.home, self._name)
        if api is not None:
            api.close()
        return return_code

    def _say(self, line: str) -> None:
        self._lines.append(line)

    def _collect(self, *, all_of_it: bool) -> None:
        if self._printed is not None:
            self._lines.extend(self._printed.take(all_of_it=all_of_it))

    def _ship(self) -> None:
        self._setting.shipper.write(self._setting.function.log_group, self._stream, self._lines[self._shipped :])
        self._shipped = len(self._lines)
        if self._shipped > _KEPT_LINES:  # the tail needs no more of a function that prints on and on
            del self._lines[:-_KEPT_LINES]
            self._shipped = _KEPT_LINES


def _kill_group(pid: int) -> None:
    """Kill a process, which leads a session of its own, and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
