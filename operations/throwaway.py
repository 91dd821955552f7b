"""A local target for one command: started in a home of its own, stopped and removed however the command ends.

A target that runs is never touched. What a killed command left behind is ended by the next one: the home still tells
which processes are its own, and the kernel let go of its lock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from console import Output, PipelineError
from local_aws import processes
from local_aws.home import Home
from operations import local_stack, prerequisites
from operations.deployment import Deployment, Target, exclusive

_HOMES = ("demo-*", "plan-*")


@contextmanager
def target_for_a_plan(deployment: Deployment, output: Output) -> Iterator[Deployment]:
    """The deployment itself where its target runs, else the same on a control plane of its own (no brokers start)."""
    if deployment.target is Target.AWS or local_stack.answers(deployment):
        yield deployment
        return
    prerequisites.check(local_target=True)
    base = Home.default().root
    remove_ended(base, output)
    home = Home(base / f"plan-{os.getpid()}")
    output.notice("The local target is not running: the plan is made on one of its own, as for an empty account.")
    with exclusive(home, "plan"):
        try:
            local_stack.start_target(home, output, local_stack.DEFAULT_CLOCK_SPEED)
            yield replace(deployment, home=home)
        finally:
            local_stack.stop_target(home, output)
    shutil.rmtree(home.root, ignore_errors=True)


def remove_ended(base: Path, output: Output) -> None:
    """Remove what ended commands left under `base`: one that still runs holds its home's lock.

    The target of one that was killed runs on; it is stopped while its home still tells which processes are its own.
    """
    for directory in (found for pattern in _HOMES for found in base.glob(pattern)) if base.is_dir() else ():
        home = Home(directory)
        try:
            with exclusive(home, "remove what is left"):
                if any(processes.is_running(record) for record in processes.recorded(home)):
                    local_stack.stop_target(home, output)
                shutil.rmtree(directory, ignore_errors=True)
        except PipelineError:
            continue
