"""Starting and stopping one local target, from outside its control plane.

A start is a fresh target: what AWS would remember is in the control plane's memory and ends with it. So `start` ends
what a dead run left (by process id and start time), and removes the runtime state of that run: `kafka/`, `lambda/`,
`firehose/`, `s3/`, `processes/`, `env`, `status.json`. Logs of the run before move to `logs/previous/`. It never
touches the cache, nor anything else in the home that is not named here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import processes
from local_aws.errors import HomeNotUsable, PortInUse, TargetBusy, TargetDidNotStart
from local_aws.home import CHECKOUT, Home
from local_aws.processes import ProcessRecord

CONTROL_PLANE = "control-plane"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
HOST = "127.0.0.1"
_RUNTIME_STATE = ("kafka", "lambda", "firehose", "s3", "processes", "env", "status.json", "token")

_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
"""glibc: give large bodies back to the system when they are freed (measured: 1.2 GB held without, 0.3 GB with)."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class StartOptions:
    """What the command line asked for."""

    port: int = 0
    region: str = "us-east-1"
    clock_speed: float = 60.0


def start(home: Home, options: StartOptions, say: Say) -> tuple[Mapping[str, Any], bool]:
    """Start the target, or find it running; returns its status and whether it was started now.

    Raises:
        HomeNotUsable, PortInUse, JarsNotPrepared (no Java, no Maven): found before anything was started.
        TargetDidNotStart: the control plane ended or did not answer; the end of its log is in the advice.
    """
    _check_writable(home)
    with _locked(home):
        running = running_control_plane(home)
        if running is not None:
            return _answering(home, running), False
        _check_port(options.port)
        _prepare(home, say)
        _end_leftovers(home, say)
        _remove_runtime_state(home)
        token = secrets.token_urlsafe(32)
        _write_token(home, token)
        process = processes.start(
            home,
            CONTROL_PLANE,
            [
                *(sys.executable, "-m", "local_aws.control_plane", "--home", str(home.root), "--port", str(options.port)),
                *("--region", options.region, "--clock-speed", f"{options.clock_speed:g}"),
            ],
            environment=_environment(home, token),
            directory=CHECKOUT,
            dies_with_parent=False,
        )
        return _wait_until_it_answers(home, process), True


def stop(home: Home, say: Say) -> bool:
    """End everything of the target; returns whether anything ran. Works when the control plane is dead or hangs."""
    if not home.root.is_dir():
        return False
    with _locked(home):
        control_plane = running_control_plane(home)
        if control_plane is not None:
            hung = status(home)["state"] == "hung"
            if hung:
                say(f"The control plane (process {control_plane.pid}) does not answer; it is killed.")
            processes.stop(home, control_plane, grace=1.0 if hung else STOP_SECONDS)
        left = _end_leftovers(home, say)
        _mark_ended(home)
        home.env_file.unlink(missing_ok=True)
        (home.root / "token").unlink(missing_ok=True)
        return control_plane is not None or left > 0


def status(home: Home) -> dict[str, Any]:
    """What the running control plane says, else what its last status.json says, marked with how it stands.

    `state`: running, stopping, stopped, hung (its process lives and does not answer), dead (it ended without being
    stopped), or absent (no target was ever started here).
    """
    said = _read(home.status_file)
    control_plane = running_control_plane(home)
    if control_plane is None:
        leftovers = [record.name for record in processes.recorded(home) if processes.is_running(record)]
        state = "absent" if not said else ("stopped" if said.get("state") == "stopped" else "dead")
        return {**said, "state": state, "leftovers": leftovers}
    token = _read_token(home)
    try:  # a control plane that has not yet written where it listens is not an address either (ValueError)
        request = urllib.request.Request(f"{said.get('endpoint_url')}/_local/status", headers={"X-Local-Token": token})
        with urllib.request.urlopen(request, timeout=3) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError, urllib.error.URLError):
        return {**said, "state": "hung", "pid": control_plane.pid}


def running_control_plane(home: Home) -> ProcessRecord | None:
    """The control plane's record, if its very process runs."""
    return next((record for record in processes.recorded(home) if record.name == CONTROL_PLANE and processes.is_running(record)), None)


def _environment(home: Home, token: str) -> dict[str, str]:
    """The control plane's environment: this one's, without what would send its own AWS calls elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {**kept, **_MEMORY, "LOCAL_AWS_TOKEN": token, "LOCAL_AWS_CACHE": str(home.cache), "PYTHONUNBUFFERED": "1"}


def _check_writable(home: Home) -> None:
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        probe = home.root / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise HomeNotUsable(
            f"local target: cannot write in {home.root}: {error.strerror}.", "Name another directory with --home, or set LOCAL_AWS_HOME."
        ) from error


def _check_port(port: int) -> None:
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortInUse(
                f"local target: port {port} on {HOST} is taken.", "Leave --port out: a free port is chosen, and written in the env file."
            ) from error


def _prepare(home: Home, say: Say) -> None:
    """Everything that brokers need, checked and made before anything starts."""
    from local_aws.kafka import jars

    jars.java()
    if not jars.prepared(home.cache).is_dir():
        say("Fetching Apache Kafka into the cache, once...")
    jars.prepare(home.cache)


def _end_leftovers(home: Home, say: Say) -> int:
    """End what a run left behind, all at once; returns how many processes that were."""
    left = [record for record in processes.recorded(home) if processes.is_running(record)]
    if left:
        say(f"Ending {len(left)} process(es) of a run that was not stopped: {', '.join(record.name for record in left)}.")
        with ThreadPoolExecutor(max_workers=len(left)) as pool:
            list(pool.map(lambda record: processes.stop(home, record, grace=5.0), left))
    for record in processes.recorded(home):
        processes.forget(home, record.name)
    return len(left)


def _remove_runtime_state(home: Home) -> None:
    for name in _RUNTIME_STATE:
        path = home.root / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    previous = home.logs / "previous"
    shutil.rmtree(previous, ignore_errors=True)
    if home.logs.is_dir():
        previous.mkdir(parents=True)
        for path in [path for path in home.logs.iterdir() if path != previous]:
            path.replace(previous / path.name)


def _answering(home: Home, control_plane: ProcessRecord) -> Mapping[str, Any]:
    """The status of a target that was found running; raises where it runs and does not answer."""
    found = status(home)
    if found["state"] != "running":
        raise TargetDidNotStart(
            f"local target: the control plane of {home.root} (process {control_plane.pid}) is {found['state']}.",
            "End it with `python -m local_aws stop`, then start again.",
        )
    return found


def _wait_until_it_answers(home: Home, process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TargetDidNotStart(
                f"local target: the control plane ended with code {process.returncode} while starting.", *_log_tail(home)
            )
        if _read(home.status_file).get("pid") == process.pid:
            found = status(home)
            if found["state"] == "running":
                return found
        time.sleep(0.05)
    record = running_control_plane(home)
    if record is not None:
        processes.stop(home, record)
    raise TargetDidNotStart(f"local target: the control plane did not answer within {START_SECONDS:.0f} s.", *_log_tail(home))


def _log_tail(home: Home) -> tuple[str, ...]:
    path = home.logs / f"{CONTROL_PLANE}.log"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return (f"The end of {path}:", *lines[-8:])


def _mark_ended(home: Home) -> None:
    """A control plane that was killed could not say that it ended."""
    said = _read(home.status_file)
    if said and said.get("state") != "stopped":
        said |= {"state": "stopped", "ended_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())}
        home.status_file.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def _write_token(home: Home, token: str) -> None:
    with os.fdopen(os.open(home.root / "token", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(token)


def _read_token(home: Home) -> str:
    try:
        return (home.root / "token").read_text(encoding="utf-8")
    except OSError:
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[None]:
    """One start or stop of a home at a time; the lock ends with this process, however it ends."""
    deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
    with (home.root / ".lifecycle.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise TargetBusy(f"local target: another start or stop of {home.root} is under way.", "Wait for it to end.") from error
                time.sleep(0.1)
        yield
