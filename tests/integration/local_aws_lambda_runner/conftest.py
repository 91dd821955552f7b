"""One runner for all tests of this folder, and a way to invoke at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from local_aws_lambda_runner_target import Target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("lambda"))
    yield target
    pids = target.runner.pids()
    target.runner.stop()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def at_once() -> Callable[[Sequence[Callable[[], object]]], list[object]]:
    """Run callables at the same time; their results, or what they raised, in order."""

    def run(calls: Sequence[Callable[[], object]]) -> list[object]:
        results: list[object] = [None] * len(calls)

        def call(index: int) -> None:
            try:
                results[index] = calls[index]()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                results[index] = error

        threads = [threading.Thread(target=call, args=(index,)) for index in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
