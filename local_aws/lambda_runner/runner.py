"""Invokes Lambda functions from the packages that were deployed: the runner's public face.

Concurrency follows the Lambda developer guide, "Understanding Lambda function scaling": a function with reserved
concurrency is throttled beyond it, the account beyond 1,000. Within that, `max_processes` bounds the processes of one
function on this machine; invocations beyond it wait for a free one (see `pool`).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

from local_aws.home import Home
from local_aws.lambda_runner.deployed_code import unpacked
from local_aws.lambda_runner.environment import Environment, Setting
from local_aws.lambda_runner.errors import InvalidCode, InvalidRuntime, LambdaRunnerError, RequestTooLarge, RunnerStopped, TooManyRequests
from local_aws.lambda_runner.function import Function, InvocationResult, RoleCredentials
from local_aws.lambda_runner.interpreter import Interpreters
from local_aws.lambda_runner.logs import LogShipper, WriteLog
from local_aws.lambda_runner.pool import Pool

__all__ = [
    "Function",
    "InvalidCode",
    "InvalidRuntime",
    "InvocationResult",
    "LambdaRunner",
    "LambdaRunnerError",
    "RequestTooLarge",
    "RoleCredentials",
    "RunnerStopped",
    "TooManyRequests",
]

MAX_REQUEST_BYTES = 6_291_456
"""Lambda quotas: 6 MB for the request of a synchronous invocation."""
ACCOUNT_CONCURRENCY = 1000
"""Lambda quotas: concurrent executions of an account, by default."""
MAX_PROCESSES = max(4, 2 * (os.cpu_count() or 1))
"""Processes of one function, by default."""
IDLE_SECONDS = 300.0
"""How long a warm environment is kept; AWS documents no time, people see 5 to 15 minutes."""
_REAP_EVERY_SECONDS = 15.0
_STOP_PATIENCE_SECONDS = 10.0


class LambdaRunner:
    """Runs functions in processes of this machine. Safe to use from many threads."""

    def __init__(
        self,
        home: Home,
        endpoint_url: str,
        region: str,
        credentials: Callable[[str], RoleCredentials],
        write_log: WriteLog,
        *,
        max_processes: int = MAX_PROCESSES,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`credentials` gives the keys of a role by its ARN; `write_log` takes (group, stream, lines) from a thread of
        the runner, in batches.
        """
        self._home = home
        self._endpoint_url = endpoint_url
        self._region = region
        self._credentials = credentials
        self._max_processes = max_processes
        self._idle_seconds = idle_seconds
        self._interpreters = Interpreters(home.functions / "runtime")
        self._shipper = LogShipper(write_log)
        self._pools: dict[tuple[str, str], Pool] = {}
        self._retired: list[Pool] = []  # some invocation may still run there
        self._in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._reaper = threading.Thread(target=self._reap, name="lambda-reaper", daemon=True)
        self._reaper.start()

    def check(self, runtime: str, architecture: str) -> None:
        """Whether functions of this runtime and architecture can run here; for CreateFunction.

        Raises:
            InvalidRuntime: they cannot.
        """
        self._interpreters.find(runtime, architecture)

    def invoke(self, function: Function, payload: bytes) -> InvocationResult:
        """Run the function with this event and wait for what comes of it.

        Raises:
            RequestTooLarge, TooManyRequests, InvalidRuntime, InvalidCode, RunnerStopped: it was not run.
        """
        if len(payload) > MAX_REQUEST_BYTES:
            raise RequestTooLarge(
                f"{len(payload)} byte payload is too large for the RequestResponse invocation type (limit {MAX_REQUEST_BYTES} bytes)"
            )
        with self._counted(function):
            pool, environment = self._environment(function)
            try:
                return environment.invoke(payload or b"{}", str(uuid.uuid4()), function.arn)
            except BaseException:
                environment.kill()  # it is in an unknown state
                raise
            finally:
                pool.give_back(environment)

    def forget(self, arn: str) -> None:
        """The function (or, with a qualifier, that version) was updated or deleted: its environments end.

        An invocation that runs ends normally; the next one starts from the new configuration.
        """
        parts = arn.split(":")
        unqualified, qualifier = ":".join(parts[:7]), parts[7] if len(parts) > 7 else ""
        with self._lock:
            keys = [key for key in self._pools if key[0] == unqualified and qualifier in ("", key[1])]
            pools = [self._pools.pop(key) for key in keys]
            self._retired.extend(pools)
        for pool in pools:
            pool.retire()

    def pids(self) -> tuple[int, ...]:
        """Process ids of all environments."""
        with self._lock:
            pools = [*self._pools.values(), *self._retired]
        return tuple(pid for pool in pools for pid in pool.pids())

    def notices(self) -> list[str]:
        """What an owner of the target should know: log lines that were lost."""
        return self._shipper.notices()

    def stop(self) -> None:
        """End every process; invocations that run fail as if their process had been killed."""
        self._stopped.set()
        with self._lock:
            pools = [*self._pools.values(), *self._retired]
            self._pools.clear()
        deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
        for pool in pools:
            pool.stop(max(0.1, deadline - time.monotonic()))
        self._shipper.stop()
        self._reaper.join(1.0)

    @contextlib.contextmanager
    def _counted(self, function: Function) -> Iterator[None]:
        """Count one more concurrent invocation, or throttle it."""
        arn = function.unqualified_arn
        with self._lock:
            if function.reserved_concurrency is not None and self._in_flight[arn] >= function.reserved_concurrency:
                raise TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._in_flight.total() >= ACCOUNT_CONCURRENCY:
                raise TooManyRequests("ConcurrentInvocationLimitExceeded")
            self._in_flight[arn] += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight[arn] -= 1

    def _environment(self, function: Function) -> tuple[Pool, Environment]:
        """An environment for the function as it is configured now, and its pool."""
        while True:
            pool = self._pool(function)
            try:
                return pool, pool.take()
            except RunnerStopped:
                if self._stopped.is_set():
                    raise  # else the function was updated while this invocation waited: take the new pool

    def _pool(self, function: Function) -> Pool:
        key = (function.unqualified_arn, function.version)
        with self._lock:
            pool = self._pools.get(key)
            if pool is not None and pool.setting.function.fingerprint == function.fingerprint:
                return pool
        interpreter = self._interpreters.find(function.runtime, function.architecture)
        task_root = unpacked(self._home.functions / "code", function.zip_path, function.code_sha256)
        setting = Setting(self._home, function, interpreter, task_root, self._region, self._endpoint_url, self._shipper)
        outdated = None
        with self._lock:
            if self._stopped.is_set():
                raise RunnerStopped("lambda: the local target is stopping.")
            pool = self._pools.get(key)
            if pool is None or pool.setting.function.fingerprint != function.fingerprint:
                outdated, pool = pool, Pool(setting, self._credentials, self._max_processes)
                self._pools[key] = pool
                if outdated is not None:
                    self._retired.append(outdated)
        if outdated is not None:
            outdated.retire()
        return pool

    def _reap(self) -> None:
        while not self._stopped.wait(_REAP_EVERY_SECONDS):
            with self._lock:
                pools = list(self._pools.values())
                self._retired = [pool for pool in self._retired if not pool.empty]
            for pool in pools:
                pool.reap(self._idle_seconds)
