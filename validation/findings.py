"""What a check is, what it found, and the verdict over all of them.

A check ends in one of three ways: it passed, it failed, or it could not be concluded. The last is never a pass: the
verdict of a run is failed if any check failed, else not concluded if any was not, else passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from console import ExitCode

SAMPLES = 10
"""How many offenders a check names; all are counted."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Outcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CONCLUDED = "not_concluded"
    """It could not run, or not to its end: nothing to look at, no permission, events still in flight."""

    @property
    def words(self) -> str:
        """For people."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Check:
    """One rule about the lake, by the name under which it is reported."""

    id: str
    title: str


@dataclass(frozen=True)
class Sample:
    """One offender: in which object, at which row or line (both from 0), and what is wrong with it."""

    what: str
    key: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        place = "" if self.key is None else self.key if self.row is None else f"{self.key} row {self.row}"
        return f"{place}: {self.what}" if place else self.what


@dataclass(frozen=True)
class CheckResult:
    """How one check ended, over how much, and who offended."""

    check: Check
    outcome: Outcome
    looked_at: int
    offenders: int
    said: str
    samples: tuple[Sample, ...] = ()

    def as_json(self) -> Mapping[str, Any]:
        """The result for machines."""
        return {
            "check": self.check.id,
            "title": self.check.title,
            "outcome": self.outcome.value,
            "looked_at": self.looked_at,
            "offenders": self.offenders,
            "said": self.said,
            "samples": [{"what": sample.what, "key": sample.key, "row": sample.row} for sample in self.samples],
        }


@dataclass
class Notebook:
    """What one check notes while the data go by. Offenders are all counted, the first few kept."""

    check: Check
    looked_at: int = 0
    offenders: int = 0
    samples: list[Sample] = field(default_factory=list)

    def offend(self, sample: Sample, count: int = 1) -> None:
        """Count `count` offenders and keep one of them while there is room."""
        self.offenders += count
        if len(self.samples) < SAMPLES:
            self.samples.append(sample)

    def result(self, unit: str, unavailable: Mapping[str, str] = _NOTHING, when_empty: Outcome = Outcome.NOT_CONCLUDED) -> CheckResult:
        """Close the check. `unavailable`: objects that could not be fetched, and why; `when_empty` is how it ends if there was
        nothing to look at."""
        hindrances = tuple(Sample(why, key) for key, why in list(unavailable.items())[:SAMPLES])
        outcome, said = Outcome.PASSED, f"{self.looked_at:,} {unit}"
        if self.offenders:
            outcome, said = Outcome.FAILED, f"{self.offenders:,} of {self.looked_at:,} {unit}"
        elif unavailable:
            outcome, said = Outcome.NOT_CONCLUDED, f"{self.looked_at:,} {unit}; {len(unavailable):,} objects could not be fetched"
        elif not self.looked_at:
            outcome, said = when_empty, f"there are no {unit}"
        return CheckResult(self.check, outcome, self.looked_at, self.offenders, said, (*self.samples, *hindrances))


def verdict(results: Iterable[CheckResult]) -> Outcome:
    """The verdict over several checks; over none it is not concluded."""
    outcomes = {result.outcome for result in results}
    if Outcome.FAILED in outcomes:
        return Outcome.FAILED
    if Outcome.NOT_CONCLUDED in outcomes or not outcomes:
        return Outcome.NOT_CONCLUDED
    return Outcome.PASSED


def exit_code(outcome: Outcome) -> ExitCode:
    """The exit code that says this verdict."""
    return {
        Outcome.PASSED: ExitCode.PASS,
        Outcome.FAILED: ExitCode.CHECK_FAILED,
        Outcome.NOT_CONCLUDED: ExitCode.COULD_NOT_RUN,
    }[outcome]
