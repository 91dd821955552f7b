"""What is checked of data objects and their rows alone, without knowing what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schema import Schema
from validation.findings import SAMPLES, Check, CheckResult, Notebook, Outcome, Sample
from validation.lake import Contents, LakeProblem, ObjectRead, ProblemKind, RowBatch

LAYOUT = Check("layout", "Every data object lies in a folder event_date=YYYY-MM-DD/")
READABLE = Check("readable", "Every data object is a whole Parquet file")
COLUMNS = Check("columns", "Every data object gives the schema's fields with their types")
REQUIRED = Check("required", "No row lacks a field that is never null")
OWN_DATE = Check("own_date", "Every row rests in the partition of its own UTC date")


class RowChecks:
    """Fed with what the lake's reader gives; closed as often as wanted."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._layout = Notebook(LAYOUT)
        self._readable = Notebook(READABLE)
        self._columns = Notebook(COLUMNS)
        self._required = Notebook(REQUIRED)
        self._own_date = Notebook(OWN_DATE)
        self._wrong_columns: set[str] = set()

    @property
    def rows(self) -> int:
        """Rows looked at so far."""
        return self._own_date.looked_at

    def listed(self, contents: Contents) -> None:
        """Judge a listing; it takes the place of the one before."""
        self._layout = Notebook(LAYOUT, looked_at=len(contents.objects) + len(contents.problems))
        for problem in contents.problems:
            self._layout.offend(Sample(problem.said, problem.key))

    def read(self, item: RowBatch | LakeProblem | ObjectRead) -> None:
        """Take the next thing that the lake's reader gave, but for objects that could not be fetched."""
        match item:
            case RowBatch():
                self._rows(item)
            case ObjectRead(source):
                self._readable.looked_at += 1
                self._columns.looked_at += 1
                if source.stored.key in self._wrong_columns:
                    self._columns.offenders += 1
            case LakeProblem(ProblemKind.UNREADABLE, key, said):
                self._readable.looked_at += 1
                self._readable.offend(Sample(said, key))
            case LakeProblem(ProblemKind.COLUMNS, key, said):
                self._wrong_columns.add(key)
                self._columns.offend(Sample(said, key), 0)
            case LakeProblem():
                raise ValueError(f"{item.kind} is no business of the row checks")

    def results(self, unavailable: Mapping[str, str], no_rows_due: bool) -> Sequence[CheckResult]:
        """Close the checks. `unavailable`: objects that could not be fetched, and why. `no_rows_due`: an empty lake is right."""
        if_empty = Outcome.PASSED if no_rows_due else Outcome.NOT_CONCLUDED
        return (
            self._layout.result("data objects", when_empty=if_empty),
            *(
                note.result(unit, unavailable, if_empty)
                for note, unit in (
                    (self._readable, "data objects"),
                    (self._columns, "data objects"),
                    (self._required, "rows"),
                    (self._own_date, "rows"),
                )
            ),
        )

    def _rows(self, batch: RowBatch) -> None:
        table = batch.table
        self._required.looked_at += table.num_rows
        self._own_date.looked_at += table.num_rows
        for field in self._schema.columns:
            if not field.nullable and table[field.output].null_count:
                _note(self._required, batch, pc.is_null(table[field.output]), f"{field.output} is null")
        time = table[self._schema.event_time.output]
        elsewhere = pc.not_equal(time.cast(pa.date32()), pa.scalar(batch.source.event_date, pa.date32()))
        _note(self._own_date, batch, pc.fill_null(elsewhere, False), "happened at {}", time)


def _note(notebook: Notebook, batch: RowBatch, wrong: pa.ChunkedArray, said: str, shown: pa.ChunkedArray | None = None) -> None:
    """Note the rows where `wrong` is true; `{}` in `said` becomes the row's value in `shown`."""
    count = pc.sum(wrong).as_py() or 0
    if not count:
        return
    notebook.offenders += count
    for place in np.flatnonzero(wrong.to_numpy(zero_copy_only=False))[: SAMPLES - len(notebook.samples)].tolist():
        value = "" if shown is None else shown[place].as_py().isoformat()
        notebook.offend(Sample(said.format(value), batch.source.stored.key, batch.first_row + place), 0)
