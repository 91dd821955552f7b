"""What an invocation costs beside the function itself: run this file as a script.

Cold starts count from the call to its return, each with a function of its own. Warm ones are the median of many calls
of one function that returns a constant, or its event. A large event is one JSON string: it costs the runtime client's
JSON reader as little as an event of that size can.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from local_aws_lambda_runner_target import Target

from console import TextOutput
from local_aws.lambda_runner.runner import Function

SMALL = b"1"
SIZES = {"3 MB": 3_000_000, "6 MB": 6_000_000}


def milliseconds(target: Target, function: Function, payload: bytes, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        result = target.runner.invoke(function, payload)
        taken.append((time.perf_counter() - started) * 1000)
        assert result.function_error is None, result.payload
    return taken


def main() -> None:
    rows: list[tuple[str, float, float]] = []

    def add(what: str, taken: list[float]) -> None:
        ordered = sorted(taken)
        rows.append((what, statistics.median(ordered), ordered[int(len(ordered) * 0.95)]))

    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder))
        target.runner.invoke(target.function("echo"), SMALL)  # finds the interpreter, links the runtime
        add("cold start, empty handler", [milliseconds(target, target.function("pid"), SMALL, 1)[0] for _ in range(15)])
        boto = "import boto3\ndef handler(event, context): return 1\n"
        add("cold start, imports boto3", [milliseconds(target, target.function("handler", source=boto), SMALL, 1)[0] for _ in range(5)])
        echo, pid = target.function("echo", memory_mib=512), target.function("pid", memory_mib=512)
        for function in (echo, pid):
            target.runner.invoke(function, SMALL)
        add("warm, small event and response", milliseconds(target, pid, SMALL, 500))
        for name, size in SIZES.items():
            event = json.dumps("x" * size).encode()
            add(f"warm, {name} event, small response", milliseconds(target, pid, event, 40))
            add(f"warm, {name} event and response", milliseconds(target, echo, event, 40))
        with ThreadPoolExecutor(4) as threads:
            event = json.dumps("x" * SIZES["3 MB"]).encode()
            started = time.perf_counter()
            taken = list(threads.map(lambda _: milliseconds(target, echo, event, 25), range(4)))
            elapsed = time.perf_counter() - started
        add("warm, 3 MB event and response, 4 at a time", [one for many in taken for one in many])
        target.runner.stop()
    output = TextOutput()
    output.table("lambda_invocations", ("invocation", "median ms", "95 % ms"), rows)
    output.notice(f"4 at a time: {100 / elapsed:.0f} invocations/s, {300 / elapsed:.0f} MB/s each way")


if __name__ == "__main__":
    main()
