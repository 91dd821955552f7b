"""From what arrived to counts: rows and error records are identified, many at once, and added to the runs' tallies.

On the way each one is held against its class, which the manifest tells of every event: must it be a row or an error
record, was it refused for the right reason, and does it hold what was sent. Offenders are noted here because here their
object is still known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifest import Identifier
from schema import Schema
from validation.error_area import PROCESSING_FAILED, ErrorRecord
from validation.findings import SAMPLES, Check, Notebook, Sample
from validation.lake import RowBatch
from validation.originals import Originals
from validation.reasons import NOT_ITS_INPUT
from validation.runs import Numbers, Run
from validation.sheet import Seen
from validation.tally import RunTally

OUTCOMES = Check("outcomes", "Every event came to rest where its class must: as a row or as an error record")
REASONS = Check("reasons", "Every refused event was refused for its class's reason")
CONTENT = Check("content", "Every row and every refused event holds what was sent")
_EPOCH = date(1970, 1, 1)
_ROWS_AT_ONCE = 1 << 18
_ERRORS_AT_ONCE = 1 << 15


class Arrivals:
    """The tallies of all runs, and what belongs to none."""

    def __init__(self, runs: Sequence[Run], schema: Schema) -> None:
        self.runs = tuple(runs)
        self.originals = tuple(Originals(run, schema) for run in runs)
        self.stored = [field.output for field in schema.columns]
        """The names of a row's stored fields."""
        self.identifier = Identifier([run.manifest for run in runs])
        self.tallies = tuple(RunTally(run) for run in runs)
        self.number = {run.tag: number for number, run in enumerate(runs)}
        self.seen = Seen()
        self.outcomes = Notebook(OUTCOMES)
        self.reasons = Notebook(REASONS)
        self.content = Notebook(CONTENT)

    def take_runs(self, runs: Sequence[Run]) -> None:
        """Take newer manifests of the same plans."""
        self.runs = tuple(runs)
        for tally, run in zip(self.tallies, runs, strict=True):
            tally.run = run


class RowArrivals:
    """Rows on their way into the tallies; small objects are taken together, for identification costs less in bulk."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._waiting: list[RowBatch] = []
        self._rows = 0

    def add(self, batch: RowBatch) -> None:
        """Take some rows of one object."""
        if not self._arrivals.runs:
            return
        self._waiting.append(replace(batch, table=batch.table.select(self._arrivals.stored)))
        self._rows += batch.table.num_rows
        if self._rows >= _ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Count what is waiting."""
        if not self._rows:
            self._waiting.clear()
            return
        found = self._arrivals.identifier.rows(pa.concat_tables(batch.table for batch in self._waiting))
        at = 0
        for batch in self._waiting:
            self._count(batch, found.slice(at, batch.table.num_rows))
            at += batch.table.num_rows
        self._waiting.clear()
        self._rows = 0

    def _count(self, batch: RowBatch, identities: pa.Table) -> None:
        arrivals, source = self._arrivals, batch.source
        runs, workers, indices = _numbers(identities)
        foreign = int((runs < 0).sum())
        arrivals.seen = replace(arrivals.seen, foreign_rows=arrivals.seen.foreign_rows + foreign)
        for number in np.unique(runs[runs >= 0]).tolist():
            run = arrivals.runs[number]
            places = np.flatnonzero(runs == number)
            positions = indices[places] * run.manifest.workers + workers[places]
            arrivals.tallies[number].add_rows(positions, (source.event_date - _EPOCH).days, source.stored.last_modified)
            kinds = run.class_numbers(positions)
            wrong = np.flatnonzero(~run.expects_row[kinds])
            arrivals.outcomes.looked_at += len(positions)
            arrivals.outcomes.offenders += len(wrong)
            for at in wrong[: SAMPLES - len(arrivals.outcomes.samples)].tolist():
                said = f"{run.named(int(positions[at]))} is a row; class {run.names[kinds[at]]} must be an error record"
                arrivals.outcomes.offend(Sample(said, source.stored.key, batch.first_row + int(places[at])), 0)
            due = run.expects_row[kinds]
            self._compare(batch, number, places[due], positions[due])

    def _compare(self, batch: RowBatch, number: int, places: Numbers, positions: Numbers) -> None:
        """Hold rows against the events that were sent, field by field."""
        originals, notes = self._arrivals.originals[number], self._arrivals.content
        if originals.hindrance or not len(places):
            return
        run = self._arrivals.runs[number]
        sent, arrived = originals.rows(positions), batch.table.take(pa.array(places))
        differs = {name: _differing(sent[name], arrived[name]) for name in self._arrivals.stored}
        wrong = np.flatnonzero(np.logical_or.reduce(list(differs.values())))
        notes.looked_at += len(places)
        notes.offenders += len(wrong)
        for at in wrong[: SAMPLES - len(notes.samples)].tolist():
            name = next(name for name, found in differs.items() if found[at])
            values = f"{name} is {arrived[name][at].as_py()!r}; sent was {sent[name][at].as_py()!r}"
            notes.offend(
                Sample(f"{run.named(int(positions[at]))}: {values}", batch.source.stored.key, batch.first_row + int(places[at])), 0
            )


@dataclass(frozen=True)
class _Identified:
    """One error record of a run's event."""

    run: int
    position: int
    reason: str
    altered: bool | None
    """Whether the payload is not what was sent; None where that cannot be told."""
    record: ErrorRecord
    written: datetime


class ErrorArrivals:
    """Error records on their way into the tallies."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._waiting: list[_Identified] = []

    def add(self, record: ErrorRecord, reason: str, written: datetime) -> None:
        """Take one record; `reason` as derived from its payload, `written` is when its object was (UTC)."""
        arrivals, seen = self._arrivals, self._arrivals.seen
        if not record.payload:
            latest = max(seen.empty_progress or written, written)
            arrivals.seen = replace(seen, empty_errors=seen.empty_errors + 1, empty_progress=latest)
            return
        identity = arrivals.identifier.payload(record.payload)
        if identity is None:
            arrivals.seen = replace(seen, foreign_errors=seen.foreign_errors + 1)
            return
        number = arrivals.number[identity.run]
        position = identity.index * arrivals.runs[number].manifest.workers + identity.worker
        originals = arrivals.originals[number]
        # After a conversion failure the payload is what the transform made of the event.
        comparable = originals.hindrance is None and record.type == PROCESSING_FAILED
        altered = originals.payload(position) != record.payload if comparable else None
        # Only the first line of the message can be of use in a finding; the payload is not needed any more.
        self._waiting.append(_Identified(number, position, reason, altered, replace(record, payload=b""), written))
        if len(self._waiting) >= _ERRORS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Count what is waiting."""
        together: defaultdict[tuple[int, datetime], list[_Identified]] = defaultdict(list)
        for item in self._waiting:
            together[item.run, item.written].append(item)
        self._waiting.clear()
        for (number, written), items in together.items():
            positions = np.array([item.position for item in items], np.int64)
            self._arrivals.tallies[number].add_errors(positions, written)
            run = self._arrivals.runs[number]
            for item, kind in zip(items, run.class_numbers(positions).tolist(), strict=True):
                self._judge(run, item, kind)

    def _judge(self, run: Run, item: _Identified, kind: int) -> None:
        outcomes, reasons, record = self._arrivals.outcomes, self._arrivals.reasons, item.record
        name = run.named(item.position)
        content = self._arrivals.content
        content.looked_at += item.altered is not None
        if item.altered:
            content.offend(Sample(f"{name}: the payload is not what was sent", record.key, record.line))
        outcomes.looked_at += 1
        if run.expects_row[kind]:
            why = f"{record.type}, {record.code}, reason {item.reason}"
            outcomes.offend(Sample(f"{name} is an error record ({why}); class {run.names[kind]} must be a row", record.key, record.line))
        elif item.reason != NOT_ITS_INPUT:
            reasons.looked_at += 1
            if item.reason != run.reasons[kind]:
                said = f"{name} is refused for {item.reason}; class {run.names[kind]} must be for {run.reasons[kind]}"
                reasons.offend(Sample(said, record.key, record.line))


def _differing(sent: pa.ChunkedArray, arrived: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where two columns differ; null is equal to null alone."""
    null = pc.and_(pc.is_null(sent), pc.is_null(arrived))
    same = pc.or_(pc.fill_null(pc.equal(sent, arrived), False), null)
    found: npt.NDArray[np.bool_] = ~same.to_numpy()
    return found


def _numbers(identities: pa.Table) -> tuple[Numbers, Numbers, Numbers]:
    """Run number, worker and index as arrays, the run -1 where a row is foreign."""
    runs = identities["run"].combine_chunks()
    found = runs.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    workers = identities["worker"].fill_null(0).to_numpy().astype(np.int64)
    return found, workers, identities["index"].fill_null(0).to_numpy().astype(np.int64)
