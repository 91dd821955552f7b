"""The main job, shown: apply the real stack, load it, deliver, prove that nothing was lost, destroy.

The demo works under a home of its own, so it never touches a running `make up`. It ends with exit code 0 only if every
step held, and stops everything it started however it ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from console import Output, PipelineError
from local_aws.home import CHECKOUT, Home
from operations import local_stack, prerequisites, throwaway
from operations.deployment import Deployment, exclusive
from operations.errors import StepFailed
from operations.memory import PeakMemory

EVENTS = 20_000
RATE = 2_000
SEED = 20231023
MAKE_BEGAN = "MAKE_BEGAN"
"""Environment variable: when make began, in seconds since 1970."""
SAMPLES = CHECKOUT / "data" / "samples.jsonl"
QUERY = (
    'select event_date, count(*) as "rows", count(distinct user_id) as users, count(distinct "SKU") as products '
    "from user_events group by 1 order by 1 desc limit 8"
)


@dataclass
class Demo:
    """One run of the demo; `seconds` tells where the time went."""

    deployment: Deployment
    output: Output
    clock_speed: float
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """What is shown, in order: a title and what is done."""
        return (
            ("Prepare: Kafka's jars, Lambda zips", self._prepare),
            ("Start the local target", self._start),
            ("Apply the stack (terraform)", self._apply),
            (f"Load: the samples, then {EVENTS:,} events at {RATE:,}/s, good and bad", self._load),
            ("Deliver, and close the balance sheet", self._validate),
            ("Query the lake", self._query),
            ("Plan again: must be empty", self._second_plan),
            ("Destroy: must leave nothing", self._destroy),
        )

    def run(self) -> None:
        """Take every step; the first that does not hold ends the demo.

        Raises:
            PipelineError: a step did not hold; what was started is stopped by then.
        """
        try:
            for number, (title, step) in enumerate(self.steps, start=1):
                self.output.notice(f"\n[{number}/{len(self.steps)}] {title}")
                with self._timed(title.partition(":")[0].partition(" (")[0]):
                    step()
        finally:
            with self._timed("Stop"):
                local_stack.stop_target(self.deployment.home, self.output)

    def _prepare(self) -> None:
        local_stack.prepare(self.output)

    def _start(self) -> None:
        local_stack.start_target(self.deployment.home, self.output, self.clock_speed)

    def _apply(self) -> None:
        self.deployment.prepare_state(self.output.notice)
        terraform = self.deployment.terraform(self.output.notice)
        terraform.init()
        self.output.notice(terraform.apply())
        local_stack.keep_outputs(self.deployment, terraform.outputs())

    def _load(self) -> None:
        self._tool("producer_sim", "send", str(SAMPLES))
        self._tool("producer_sim", "load", "--events", str(EVENTS), "--rate", str(RATE), "--seed", str(SEED), "--brief")

    def _validate(self) -> None:
        self._tool("validation", "lake", "--wait")

    def _query(self) -> None:
        self._tool("validation", "query", QUERY)

    def _second_plan(self) -> None:
        changes = self.deployment.terraform(self.output.notice).plan()
        if not changes.empty:
            listed = [f"{change.action.value} {change.address}" for change in changes.changes]
            raise StepFailed("The second plan is not empty.", *listed, *(f"output {name}" for name in changes.outputs))
        self.output.notice("No changes.")

    def _destroy(self) -> None:
        self.output.notice(self.deployment.terraform(self.output.notice).destroy())
        left = local_stack.leftovers(self.deployment)
        if left:
            raise StepFailed("Destroy left something behind.", *left)

    def _tool(self, module: str, *words: str) -> None:
        environment = {**os.environ, "STACK_OUTPUTS": str(self.deployment.outputs_file)}
        ended = subprocess.run([sys.executable, "-m", module, *words], env=environment, check=False, cwd=CHECKOUT).returncode
        if ended != 0:
            raise StepFailed(f"`python -m {module} {words[0]}` ended with exit code {ended}.")

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began


def show(output: Output, clock_speed: float) -> None:
    """Run the demo in a home of its own, and say where the time went and how much memory it took.

    Raises:
        MissingPrerequisites, CouldNotRun: nothing was started.
        PipelineError: a step did not hold; the logs are kept, and the last line of advice says where.
    """
    prerequisites.check(local_target=True)
    setting_up = seconds_of_set_up(os.environ, time.time())
    base = Home.default().root
    throwaway.remove_ended(base, output)
    home = Home(base / f"demo-{os.getpid()}")
    demo = Demo(Deployment.of("local", "local", home), output, clock_speed)
    if setting_up is not None:
        demo.seconds["Set-up"] = setting_up
    memory = PeakMemory(home, os.getpid())
    began = time.monotonic() - (setting_up or 0.0)
    output.notice(f"Working in {home.root}; delivery intervals run {clock_speed:g} times faster than the wall.")
    with exclusive(home, "demo"), memory.sampling():
        try:
            demo.run()
        except PipelineError as error:
            if home.logs.is_dir():
                error.advice = (*error.advice, f"The logs are kept in {home.logs}.")
            else:
                shutil.rmtree(home.root, ignore_errors=True)
            raise
        finally:
            rows = [[name, round(seconds, 1)] for name, seconds in demo.seconds.items()]
            output.table("time", ["step", "seconds"], [*rows, ["Total", round(time.monotonic() - began, 1)]], title="\nWhere the time went")
    shutil.rmtree(home.root, ignore_errors=True)
    output.result(
        "demo",
        {"held": True, "seconds": round(time.monotonic() - began, 1), "peak_memory_mib": round(memory.peak_mib)},
        f"\nEvery step held. Peak memory of all processes: {memory.peak_mib:,.0f} MiB.",
    )


def seconds_of_set_up(environment: Mapping[str, str], now: float) -> float | None:
    """How long make has worked already, on the virtual environment above all; None where make does not say when it began."""
    began = environment.get(MAKE_BEGAN, "")
    return max(0.0, now - int(began)) if began.isdecimal() else None
