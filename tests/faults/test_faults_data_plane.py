"""The data plane is killed during a load, again and again: it comes back by itself, nothing is lost, and the duplicates are
exactly what it delivered a second time.

FAULT_KILLS says how often (2 in `make test`, 5 in `make test-faults`).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from local_aws import processes
from local_aws.home import CHECKOUT

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

KILLS = int(os.environ.get("FAULT_KILLS", "2"))
SEED = int(os.environ.get("FAULT_SEED", "11"))
RATE = 4000
SECONDS_BETWEEN = 8.0
CLOCK_SPEED = 60
EMPTY = "empty_value, tombstone"


def test_killed_data_planes_lose_nothing_and_double_only_what_they_deliver_again(running_stack, eventually):
    stream = running_stack.outputs.delivery_stream_name
    status_file = running_stack.home.firehose / stream / "status.json"

    def status() -> dict:
        return json.loads(status_file.read_text())

    before, empty_before = status()["redelivered_records"], empty_records(running_stack)
    moments = random.Random(SEED)
    command = [
        "producer_sim",
        "load",
        "--duration",
        str(int(KILLS * SECONDS_BETWEEN + 6)),
        "--rate",
        str(RATE),
        "--run",
        f"faults{SEED}",
        "--output",
        "json",
    ]
    load = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=running_stack.environment,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed: list[float] = []
    for _ in range(KILLS):
        time.sleep(moments.uniform(SECONDS_BETWEEN / 2, SECONDS_BETWEEN))
        now = eventually(lambda: (found := status())["status"] == "ACTIVE" and found["open_buffers"] and found, every=0.05)
        with held_invocations(running_stack):
            killed.append(time.time())
            os.kill(now["pid"], signal.SIGKILL)
        eventually(lambda pid=now["pid"]: status()["pid"] != pid and status()["status"] == "ACTIVE", every=0.1)
    _said, complaints = load.communicate()
    assert load.returncode in (0, 1), complaints  # 1: the rate was not held, which is no loss

    sheet = running_stack.json(
        "validation",
        "lake",
        "--wait",
        "--deadline",  # wide: it must bear a machine that has much else to do
        "300",
        "--manifest",
        str(running_stack.outputs.directory / "manifests" / f"faults{SEED}.json"),
        "--duplicates-budget",
        "1.0",
    )
    classes = {row["class"]: row for item in sheet if item["result"] == "classes" for row in item["rows"]}
    assert classes["total"]["missing"] == classes["total"]["in_flight"] == 0
    # Values without bytes are told from other tests' only by their number, so the sheet may report them apart.
    empty_sent = classes[EMPTY]["sent"]
    doubled = sum(row["duplicates"] for name, row in classes.items() if name not in (EMPTY, "total"))
    doubled += empty_records(running_stack) - empty_before - empty_sent
    assert doubled == status()["redelivered_records"] - before
    assert [cut_short(running_stack, moment) for moment in killed] == [True] * KILLS


@contextmanager
def held_invocations(running_stack) -> Iterator[None]:
    """Hold the transform's processes still for long enough that an invocation is under way, then let them go on."""
    name = f"lambda-{running_stack.outputs.transform_function_name}"
    pids = [
        record.pid for record in processes.recorded(running_stack.home) if record.name.startswith(name) and processes.is_running(record)
    ]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(3 * running_stack.outputs.transform_buffer_interval_seconds / CLOCK_SPEED)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def empty_records(running_stack) -> int:
    """How many error records hold no bytes."""
    objects = running_stack.objects(f"{running_stack.outputs.error_prefix}processing-failed/")
    return sum(json.loads(line)["rawData"] == "" for body in objects.values() for line in body.splitlines())


def cut_short(running_stack, moment: float) -> bool:
    """Whether an invocation by the delivery role was under way at this moment, as the call log tells."""
    for line in running_stack.home.call_log.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        if call["action"] == "Invoke" and "-delivery/" in call["principal"]:
            ended = datetime.fromisoformat(call["time"]).timestamp()
            if ended - call["milliseconds"] / 1000 <= moment <= ended:
                return True
    return False
