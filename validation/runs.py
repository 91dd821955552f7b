"""The simulated runs that a lake is held against: their manifests, and each event's class over arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

import manifest
from console import UsageError
from manifest import Expect, Identity, Manifest, ManifestError, State, draws

Numbers = npt.NDArray[np.int64]
CLOCKS_APART = timedelta(hours=1)
"""How far the clock of a sender may be ahead of that of the disk which its manifest lies on."""


@dataclass(frozen=True)
class Run:
    """One manifest, and when it was last written."""

    manifest: Manifest
    path: Path
    written_at: datetime
    """UTC."""

    @property
    def tag(self) -> str:
        return self.manifest.run

    @property
    def ended_at(self) -> datetime:
        """When the run ended; of a run that is (or says it is) still sending, when it last said so.

        Never after the manifest was written: the sender's clock may be ahead of this machine's.
        """
        finished = _finished_at(self.manifest)
        if self.manifest.state is State.RUNNING or finished is None:
            return self.written_at
        return min(finished, self.written_at)

    @cached_property
    def shares(self) -> npt.NDArray[np.uint64]:
        return np.array([found.up_to for found in self.manifest.classes.values()], np.uint64)

    @cached_property
    def times(self) -> Numbers:
        """By class number: how often each event is sent."""
        return np.array([found.times for found in self.manifest.classes.values()], np.int64)

    @cached_property
    def identifiable(self) -> npt.NDArray[np.bool_]:
        """By class number: whether its events can be told from one another."""
        return np.array([found.identifiable for found in self.manifest.classes.values()], bool)

    @cached_property
    def expects_row(self) -> npt.NDArray[np.bool_]:
        """By class number: whether its events must become rows."""
        return np.array([found.expect is Expect.ROW for found in self.manifest.classes.values()], bool)

    @cached_property
    def reasons(self) -> tuple[str | None, ...]:
        """By class number: the reason that the transform must give."""
        return tuple(found.reason for found in self.manifest.classes.values())

    def class_numbers(self, positions: Numbers) -> Numbers:
        """The class of each event, by position in the run."""
        workers, indices = positions % self.manifest.workers, positions // self.manifest.workers
        found = np.empty(len(positions), np.int64)
        for worker in range(self.manifest.workers):
            own = workers == worker
            found[own] = draws.class_numbers(self.manifest.seed, worker, indices[own].astype(np.uint64), self.shares)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """By class number: the class's name."""
        return self.manifest.class_names

    def named(self, position: int) -> str:
        """Which event is at a position, in words."""
        found = self.identity(position)
        return f"event {found.run}/{found.worker}/{found.index}"

    def identity(self, position: int) -> Identity:
        """Which event is at a position."""
        return Identity(self.tag, position % self.manifest.workers, position // self.manifest.workers)


def load(paths: Iterable[Path]) -> tuple[Run, ...]:
    """Read manifests.

    Raises:
        ManifestError: one cannot be read as a manifest, or says that its run ended after the file was written.
        UsageError: two are of the same run.
    """
    found: dict[str, Run] = {}
    for path in paths:
        document = manifest.read(path)
        if document.run in found:
            raise UsageError(f"{path}: is of run {document.run}, as {found[document.run].path} is.", "Name each run's manifest once.")
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        finished = _finished_at(document)
        if finished is not None and finished > written_at + CLOCKS_APART:
            raise ManifestError(
                f"{path}: finished_at is {document.finished_at}, but the file was written at {written_at:%Y-%m-%dT%H:%M:%SZ}.",
                "The file was edited, or a clock is wrong; the run's deadline cannot be taken from it.",
            )
        found[document.run] = Run(document, path, written_at)
    return tuple(found.values())


def _finished_at(document: Manifest) -> datetime | None:
    """The manifest's word on when its run ended; a time without a zone is UTC."""
    if document.finished_at is None:
        return None
    found = datetime.fromisoformat(document.finished_at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
