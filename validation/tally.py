"""How often each planned event of one run was seen, as a row and as an error record.

Three arrays over the run's positions, four bytes an event in all, so a hundred million events take 400 MB whatever the
number of objects; pages that no event touches take nothing. Counts stop at 255 in the array; what lies beyond is added
up apart, so totals stay exact.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from console import CouldNotRun
from validation.runs import Numbers, Run

_MOST = 255
_DAY_US = 86_400_000_000
_DAY_MIDDLE = 1 << 15


class RunTally:
    """The counts of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        planned = run.manifest.events_planned
        try:
            self.rows: npt.NDArray[np.uint8] = np.zeros(planned, np.uint8)
            self.errors: npt.NDArray[np.uint8] = np.zeros(planned, np.uint8)
            self._days: npt.NDArray[np.uint16] = np.zeros(planned, np.uint16)
        except MemoryError:
            raise CouldNotRun(f"{run.path}: {planned:,} planned events need {planned * 4 / 2**30:,.0f} GiB to count.") from None
        self.beyond = 0
        """Records that the arrays' counts do not hold."""
        self.progress: datetime | None = None
        """When the last object was written that held an event not seen before (UTC)."""
        self._first_day = run.manifest.base_us // _DAY_US - _DAY_MIDDLE

    def add_rows(self, positions: Numbers, day: int, written: datetime) -> None:
        """Count rows of one object, which rests in the event date `day` (days since 1970)."""
        events, before = self._add(self.rows, self.errors, positions, written)
        self._days[events[before == 0]] = min(max(day - self._first_day, 0), (1 << 16) - 1)

    def add_errors(self, positions: Numbers, written: datetime) -> None:
        """Count error records of one object."""
        self._add(self.errors, self.rows, positions, written)

    def days(self, which: slice) -> Numbers:
        """Event dates of the rows seen at some positions, in days since 1970; meaningless where no row was seen."""
        return self._days[which].astype(np.int64) + self._first_day

    def _add(
        self, counts: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8], positions: Numbers, written: datetime
    ) -> tuple[Numbers, npt.NDArray[np.uint8]]:
        events, times = np.unique(positions, return_counts=True)
        before = counts[events]
        total = before + times
        counts[events] = np.minimum(total, _MOST)
        self.beyond += int(np.maximum(total - _MOST, 0).sum())
        if ((before == 0) & (others[events] == 0)).any() and (self.progress is None or written > self.progress):
            self.progress = written
        return events, before
