"""A runner with a package of small handlers, made here, and what it logged."""

from __future__ import annotations

import platform
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_aws import processes
from local_aws.home import Home
from local_aws.lambda_runner.runner import Function, LambdaRunner, RoleCredentials

HANDLERS = """
import os, subprocess, sys, time
print("loading")
count = 0

def echo(event, context): return event
def pid(event, context): return os.getpid()
def environment(event, context): return dict(os.environ)
def search_path(event, context): return sys.path
def arn(event, context): return [context.invoked_function_arn, context.get_remaining_time_in_millis()]
def counter(event, context):
    global count
    count += 1
    return count
def importing(event, context):
    try:
        return __import__(event).__name__
    except ImportError as error:
        return str(error)
def printing(event, context):
    print("one\\ntwo")
    sys.stderr.write("to stderr, without an end")
def long_print(event, context): print("x" * 10_000)
def slow_print(event, context):
    print("early")
    time.sleep(event)
def sleep(event, context):
    time.sleep(event)
    return os.getpid()
def raising(event, context): raise ValueError("no good: \\u00e9")
def leaving(event, context): sys.exit(event)
def crashing(event, context): os._exit(3)
def hog(event, context):
    taken = bytearray(event * 1024 * 1024)
    for index in range(0, len(taken), 4096): taken[index] = 1
    return len(taken)
def hog_in_child(event, context):
    code = "import time; x = b'x' * (%d * 1024 * 1024); time.sleep(30)" % event
    subprocess.run([sys.executable, "-c", code])
def leaves_child(event, context):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid
def large(event, context): return "x" * event
def raw(event, context): return b"\\x00not json"
def unserialisable(event, context): return object()
"""


class Target:
    """A runner and the log lines that it wrote."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.lines: list[tuple[str, str, str]] = []
        self.lifetime = timedelta(hours=1)
        self.asked_roles: list[str] = []
        self._zips = root / "zips"
        self._zips.mkdir()
        self.runner = self.another()

    def another(self, **options: float) -> LambdaRunner:
        return LambdaRunner(self.home, "http://127.0.0.1:1", "eu-west-3", self._credentials, self._write, **options)  # type: ignore[arg-type]

    def function(self, handler: str, *, source: str = HANDLERS, packages: Mapping[str, bytes] | None = None, **changes: object) -> Function:
        """A function of its own name, so that no other test's environment serves it."""
        code = f"{abs(hash((source, tuple(packages or ())))):x}"
        path = self._zips / f"{code}.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as made:
                made.writestr("app/handlers.py", source)
                for path_in_zip, contents in (packages or {}).items():
                    made.writestr(path_in_zip, contents)
        name = f"{handler.rpartition('.')[2]}-{len(self.asked_roles)}-{time.monotonic_ns()}"
        made_function = Function(
            name=name, arn=f"arn:aws:lambda:eu-west-3:123456789012:function:{name}", version="$LATEST", zip_path=path, code_sha256=code,
            handler=handler if "." in handler else f"app.handlers.{handler}",
            runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            architecture={"x86_64": "x86_64", "amd64": "x86_64"}.get(platform.machine().lower(), "arm64"),
            timeout_seconds=10, memory_mib=256, environment={"MINE": "1"}, role_arn="arn:aws:iam::123456789012:role/r",
            reserved_concurrency=None, log_group=f"/aws/lambda/{name}",
        )  # fmt: skip
        return replace(made_function, **changes)  # type: ignore[arg-type]

    def logged(self, function: Function, until: Callable[[list[str]], bool] = bool) -> list[str]:
        """The function's log events, once they satisfy `until`."""
        deadline = time.monotonic() + 5
        while True:
            lines = [line for group, _, line in list(self.lines) if group == function.log_group]
            if until(lines) or time.monotonic() > deadline:
                return lines
            time.sleep(0.05)

    def _credentials(self, role_arn: str) -> RoleCredentials:
        self.asked_roles.append(role_arn)
        return RoleCredentials("ASIAEXAMPLE", "secret", f"token-{len(self.asked_roles)}", datetime.now(UTC) + self.lifetime)

    def _write(self, group: str, stream: str, lines: Sequence[str]) -> None:
        self.lines.extend((group, stream, line) for line in lines)


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether the process has ended, waiting for it that long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if processes._start_time(pid) is None:
            return True
        time.sleep(0.02)
    return False
