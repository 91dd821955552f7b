"""What each event of a run was when it was sent, made again from the run's manifest: its fields, or its bytes.

Fields are read from the event along the schema's paths, not by the transform: a transform that drops, swaps or alters a
value must not be its own witness.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from manifest import identity
from schema import Field, FieldType, Schema
from simulated_events.classes import assemble
from simulated_events.generator import Generator
from simulated_events.plan import Plan, same_schema
from validation.lake import arrow_type
from validation.runs import Numbers, Run

_BLOCK = 4096
"""Events that are made again at once; those of one object lie close together."""
_BLOCKS_KEPT = 128


@dataclass(frozen=True)
class _Block:
    """Consecutive events of one worker."""

    values: list[bytes | None]
    rows: pa.Table
    """The schema's stored columns under their output names; without meaning where no row is expected."""


class Originals:
    """The events of one run. Cheapest when asked for in order; the blocks kept are `_BLOCK` times `_BLOCKS_KEPT` events."""

    def __init__(self, run: Run, schema: Schema) -> None:
        self._run = run
        self._columns = schema.columns
        self._event_time = schema.event_time
        self._kept: OrderedDict[tuple[int, int], _Block] = OrderedDict()
        known = {found.name for found in assemble(schema)}
        self.hindrance: str | None = None
        """Why the run's events cannot be made again; None where they can."""
        if unknown := [name for name in run.names if name not in known]:
            self.hindrance = f"run {run.tag} has classes that this checkout does not know: {', '.join(unknown)}"
        elif not same_schema(run.manifest):
            self.hindrance = f"run {run.tag} was made from another schema file than this checkout's"
        else:
            plan = Plan.of_manifest(run.manifest)
            self._generator = Generator(plan, schema, assemble(schema))
            self._spelled_out = np.array([found.make is not None and found.reason is None for found in self._generator.classes])

    def rows(self, positions: Numbers) -> pa.Table:
        """The rows that must have come of the events at these positions, in their order, under the fields' output names."""
        workers, indices = positions % self._run.manifest.workers, positions // self._run.manifest.workers
        blocks, which = np.unique(np.stack([workers, indices // _BLOCK]), axis=1, return_inverse=True)
        tables = [self._block(int(worker), int(number)).rows for worker, number in blocks.T]
        starts = np.cumsum([0, *(table.num_rows for table in tables)])[:-1]
        return pa.concat_tables(tables).combine_chunks().take(pa.array(starts[which.ravel()] + indices % _BLOCK))

    def payload(self, position: int) -> bytes | None:
        """The bytes of the event at a position."""
        worker, index = position % self._run.manifest.workers, position // self._run.manifest.workers
        return self._block(worker, index // _BLOCK).values[index % _BLOCK]

    def _block(self, worker: int, number: int) -> _Block:
        found = self._kept.get((worker, number))
        if found is None:
            found = self._kept[worker, number] = self._made(worker, number * _BLOCK)
            if len(self._kept) > _BLOCKS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end((worker, number))
        return found

    def _made(self, worker: int, first: int) -> _Block:
        batch = self._generator.batch(worker, first, min(_BLOCK, self._run.manifest.events_of(worker) - first))
        due = self._run.expects_row[batch.numbers].tolist()
        decode = msgspec.json.Decoder().decode
        documents = [decode(value) if is_due and value else None for value, is_due in zip(batch.values, due, strict=True)]
        instants = batch.event_us.copy()
        for place in np.flatnonzero(self._spelled_out[batch.numbers]).tolist():  # such a class may write another time, or fewer digits
            instants[place] = identity.instant_us(_found(documents[place], self._event_time)) or 0
        columns = [
            pa.array(instants).cast(pa.timestamp("us", tz="UTC"))
            if field is self._event_time
            else pa.array([_value(document, field) for document in documents], arrow_type(field.type))
            for field in self._columns
        ]
        return _Block(batch.values, pa.Table.from_arrays(columns, names=[field.output for field in self._columns]))


def _found(document: Any, field: Field) -> Any:
    """What the event has at the field's path; None where there is nothing."""
    for part in field.path:
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def _value(document: Any, field: Field) -> Any:
    """The same as the table has it."""
    found = _found(document, field)
    return datetime.fromisoformat(found) if found is not None and field.type is FieldType.TIMESTAMP else found
