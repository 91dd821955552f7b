"""The audit of a lake: reads what is new, feeds the checks and the tallies, and closes the books.

It is incremental: a listing costs one request per thousand objects, and an object that was read is not read again. Should
an object that was read be replaced or removed meanwhile, the audit starts over by itself, for its rows cannot be taken out
of the counts (Firehose may write the same object again after a partial failure: developer guide, "data delivery failure").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schema import Schema
from validation.arrivals import Arrivals, ErrorArrivals, RowArrivals
from validation.error_area import ErrorArea, ErrorProblem, ErrorRecord
from validation.findings import Check, CheckResult, Notebook, Outcome, Sample
from validation.lake import DataObject, Lake, LakeProblem, ProblemKind, RowBatch
from validation.reasons import Explainer
from validation.row_checks import RowChecks
from validation.runs import Run
from validation.sheet import Sheet, balance
from validation.storage import StoredObject

ERROR_OBJECTS = Check("error_objects", "Every line of the error area is a record whose payload can be had")


@dataclass(frozen=True)
class Places:
    """What is audited."""

    lake: Lake
    errors: ErrorArea
    schema: Schema
    explainer: Explainer


class Audit:
    """One audit against some runs (none: the checks of rows and error lines alone)."""

    def __init__(self, places: Places, runs: Sequence[Run], notice: Callable[[str], None]) -> None:
        self._places = places
        self._notice = notice
        self._runs = tuple(runs)
        self._start_over()

    def _start_over(self) -> None:
        self._etags: dict[str, str] = {}
        self._unavailable: dict[str, str] = {}
        self.row_checks = RowChecks(self._places.schema)
        self._error_lines = Notebook(ERROR_OBJECTS)
        self.arrivals = Arrivals(self._runs, self._places.schema)
        self.objects = self.bytes = 0

    @property
    def unavailable(self) -> int:
        """Objects that the last update could not fetch."""
        return len(self._unavailable)

    def take_runs(self, runs: Sequence[Run]) -> None:
        """Take newer manifests. The counts stay where the plans are the same, as they are while a run goes on."""
        same = [_plan(run) for run in runs] == [_plan(run) for run in self._runs]
        self._runs = tuple(runs)
        if same:
            self.arrivals.take_runs(self._runs)
        else:
            self._start_over()

    def update(self) -> int:
        """Read what is new; how many objects that were.

        Raises:
            StorageRefused: a prefix cannot be listed.
        """
        contents, errors = self._places.lake.list(), self._places.errors.list()
        listed = {item.key: item.etag for item in (*(found.stored for found in contents.objects), *errors)}
        if changed := [key for key, etag in self._etags.items() if listed.get(key) != etag]:
            self._notice(f"{len(changed):,} objects that were read have been replaced or removed (e.g. {changed[0]}): starting over.")
            self._start_over()
        self.row_checks.listed(contents)
        self._unavailable = {}
        new_objects = [found for found in contents.objects if found.stored.key not in self._etags]
        new_errors = [item for item in errors if item.key not in self._etags]
        self._read_rows(new_objects)
        self._read_errors(new_errors)
        return len(new_objects) + len(new_errors)

    def sheet(self, now: datetime, allowance: timedelta) -> Sheet:
        """The balance as of what was read."""
        return balance(self.arrivals.tallies, self.arrivals.seen, now, allowance)

    def lake_results(self, no_rows_due: bool) -> tuple[CheckResult, ...]:
        """What the checks that need no manifest say."""
        lines = self._error_lines
        # No error records at all is a fine thing, so an empty error area passes.
        error_lines = lines.result("error records", self._unavailable, Outcome.PASSED)
        return (*self.row_checks.results(self._unavailable, no_rows_due), error_lines)

    def _read_rows(self, objects: Sequence[DataObject]) -> None:
        arrivals = RowArrivals(self.arrivals)
        for item in self._places.lake.read(objects):
            if isinstance(item, LakeProblem) and item.kind is ProblemKind.UNAVAILABLE:
                self._unavailable[item.key] = item.said
                continue
            self.row_checks.read(item)
            if isinstance(item, RowBatch):
                arrivals.add(item)
        arrivals.flush()
        self._were_read(found.stored for found in objects)

    def _read_errors(self, objects: Sequence[StoredObject]) -> None:
        written = {item.key: item.last_modified for item in objects}
        arrivals = ErrorArrivals(self.arrivals)
        for item in self._places.errors.read(objects):
            match item:
                case ErrorRecord():
                    self._error_lines.looked_at += 1
                    arrivals.add(item, self._places.explainer.reason(item, written[item.key]), written[item.key])
                case ErrorProblem(key, line, said, available):
                    if not available:
                        self._unavailable[key] = said
                        continue
                    self._error_lines.looked_at += 1
                    self._error_lines.offend(Sample(said, key, line))
        arrivals.flush()
        self._were_read(objects)

    def _were_read(self, objects: Iterable[StoredObject]) -> None:
        for stored in objects:
            if stored.key not in self._unavailable:
                self._etags[stored.key] = stored.etag
                self.objects += 1
                self.bytes += stored.size


def _plan(run: Run) -> tuple[object, ...]:
    plan = run.manifest
    shares: Iterable[int] = (found.up_to for found in plan.classes.values())
    return (run.tag, plan.seed, plan.workers, plan.events_planned, plan.base_us, plan.step_us, plan.late_unit_us, plan.late_units, *shares)
