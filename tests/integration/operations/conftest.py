"""A local target for the tests of operations, and the environments applied on it, one after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from shapes import SHAPES, Shape, changed, environment_of, operations

from local_aws import processes
from local_aws.home import CHECKOUT, Home


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A running local target without a stack; ended by its stop, which leaves no process."""
    home = Home(tmp_path_factory.mktemp("operations") / "home")
    local_aws(home, "start", "--clock-speed", "60")
    try:
        yield home
    finally:
        records = processes.recorded(home)
        local_aws(home, "stop")
        assert not [record.name for record in records if processes.is_running(record)]


def local_aws(home: Home, *words: str) -> None:
    command = [sys.executable, "-m", "local_aws", *words, "--home", str(home.root)]
    done = subprocess.run(command, env=environment_of(home), cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session", params=SHAPES)
def shape(request: pytest.FixtureRequest, target: Home) -> Iterator[Shape]:
    """One environment, applied as `make apply TARGET=local` does; destroyed afterwards, which leaves nothing."""
    applied = Shape(request.param, target)
    made = applied.operations("apply")
    assert set(changed(made).values()) == {"create"}
    applied.applied = frozenset(changed(made))
    try:
        yield applied
    finally:
        destroyed = applied.operations("destroy", "--yes", "--confirm", applied.name)
        assert destroyed.results["destroy"]["destroyed"] >= len(applied.applied)
        left = operations(["plan", "--env", applied.name, "--target", "local"], environment_of(target))
        assert left.results["plan"]["add"] == len(changed(left)), "destroy left something in the state"
        assert leftovers(applied) == []


def leftovers(applied: Shape) -> list[str]:
    """What the target still has after the destroy, as the demo looks for it."""
    code = (
        "from operations.deployment import Deployment; from operations import local_stack; from local_aws.home import Home; "
        f"print(*local_stack.leftovers(Deployment.of({applied.name!r}, 'local', Home.default())), sep='\\n', end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment_of(applied.home), cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
