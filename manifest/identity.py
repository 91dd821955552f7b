"""From what arrived back to what was sent: the identity of an event, read from a row or from an error record's payload.

Firehose carries a record's value only, so identity is inside the event, in one of four ways:

    time       a plain event has the run's tag inside `user_id` (`user_<tag>_<rank>`) and `SKU` (`SKU-<tag>-<number>`), so either
               may be absent, and its position in its event time: base + position * step, less a whole number of late units
    name       where both are absent, the tag follows the event's name (`view_<tag>`)
    explicit   where the time has too few digits, `user_id` is `user_<tag>_w<worker>i<index>`
    token      every event whose payload is not plain has `ev-<tag>-<worker>-<index>` in a field that the transform ignores, in
               its text, or, where JSON leaves room for nothing else, as white space: a tab for 1, a space for 0

Tags tell runs apart, so runs that overlap in time never claim each other's rows. A row without a known tag is foreign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifest.document import Manifest

TAG = re.compile(r"[0-9a-z]{6,12}")
_CARRIERS = {
    "user_id": re.compile(r"user_([0-9a-z]{6,12})_(?:w([0-9]{1,9})i([0-9]{1,18})|[0-9]+)"),
    "sku": re.compile(r"SKU-([0-9a-z]{6,12})-()()[0-9]+"),
    "event_name": re.compile(r"[a-z]+_([0-9a-z]{6,12})()()"),
}
_TOKEN = re.compile(rb"ev-([0-9a-z]{6,12})-([0-9]{1,9})-([0-9]{1,18})(?![0-9])")
_WHITE = re.compile(rb"[ \t]{64,}")
_IN_TEXT = {
    "user_id": re.compile(rb':\s*"(user_[0-9a-z]{6,12}_[0-9wi]+)"'),
    "sku": re.compile(rb':\s*"(SKU-[0-9a-z]{6,12}-[0-9]+)"'),
    "event_name": re.compile(rb':\s*"([a-z]+_[0-9a-z]{6,12})"'),
}
_TIME_IN_TEXT = re.compile(
    rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"'
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLICE = 1 << 20
_NONE = -1
_NO_TIME = -(1 << 62)
"""An instant that no plan has."""


@dataclass(frozen=True, order=True)
class Identity:
    """One event of one run."""

    run: str
    worker: int
    index: int


def token(identity: Identity) -> str:
    """The identity as text inside a payload."""
    return f"ev-{identity.run}-{identity.worker}-{identity.index}"


def explicit_user(identity: Identity) -> str:
    """The identity as a user id."""
    return f"user_{identity.run}_w{identity.worker}i{identity.index}"


def user_id(run: str, rank: int) -> str:
    """The id of a run's user."""
    return f"user_{run}_{rank}"


def sku(run: str, rank: int) -> str:
    """The stock keeping unit of a run's product."""
    return f"SKU-{run}-{1001 + rank}"


def tagged_name(run: str, name: str) -> str:
    """An event's name where neither user nor product is left to carry the tag."""
    return f"{name}_{run}"


def white_space(identity: Identity) -> bytes:
    """The identity as JSON white space: eight characters a byte, tab for 1 and space for 0."""
    bits = "".join(f"{byte:08b}" for byte in token(identity).encode())
    return bits.replace("0", " ").replace("1", "\t").encode()


def identify_payload(payload: bytes) -> Identity | None:
    """The identity that a payload spells out as a token; None where it has none.

    Plain events have no token; `Identifier.payload` knows them too.
    """
    return _token_in(payload) or _token_in(payload.replace(b"\0", b"")) or _token_in(_from_white_space(payload))


def _token_in(text: bytes) -> Identity | None:
    found = _TOKEN.search(text)
    return Identity(found[1].decode(), int(found[2]), int(found[3])) if found else None


def _from_white_space(payload: bytes) -> bytes:
    found = _WHITE.search(payload)
    if found is None:
        return b""
    bits = found[0].replace(b" ", b"0").replace(b"\t", b"1").decode()
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


class Identifier:
    """Tells which event of the given runs a row or a payload is. Rows and payloads of other runs are foreign: None."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._manifests = tuple(manifests)
        self._number: Mapping[str, int] = {found.run: number for number, found in enumerate(self._manifests)}
        if len(self._number) != len(self._manifests):
            doubled = sorted({found.run for found in self._manifests if sum(other.run == found.run for other in self._manifests) > 1})
            raise ValueError(f"two manifests of the same run: {', '.join(doubled)}")
        plan = [(m.base_us, m.step_us, m.workers, m.events_planned, m.late_unit_us, m.late_units) for m in self._manifests]
        self._plans = np.array([*plan, (0, 1, 1, 0, 1, 0)], dtype=np.int64).T
        """One column a run, and a last one, which place -1 is, that no time fits."""

    def of(self, user_id: str | None, sku: str | None, event_us: int, event_name: str | None = None) -> Identity | None:
        """The identity of one row. `event_us` is its event time in microseconds since 1970 UTC."""
        run = worker = index = _NONE
        for kind, text in (("user_id", user_id), ("sku", sku), ("event_name", event_name)):
            number, its_worker, its_index = self._read(kind, text)
            if _NONE not in (run, number) and run != number:
                return None
            run = number if run == _NONE else run
            if its_index != _NONE:
                worker, index = its_worker, its_index
        if run == _NONE:
            return None
        if index != _NONE:
            return self._inside(run, worker, index)
        base, step, workers, planned, late_unit, late_units = (int(value) for value in self._plans[:, run])
        late, since = divmod(event_us - base, late_unit)
        position, rest = divmod(since, step)
        if rest or not 0 <= position < planned or not 0 <= -late <= late_units:
            return None
        return Identity(self._manifests[run].run, position % workers, position // workers)

    def rows(self, table: pa.Table) -> pa.Table:
        """The identities of many rows: columns `run` (a dictionary), `worker` and `index`, all null where a row is foreign.

        Takes the columns `event_datetime`, `user_id` and `sku`, and `event_name` where there is one; the case of names does not
        count. Ten million rows take a few seconds and little memory beyond the result: rows are taken a slice at a time.
        """
        wanted = ("event_datetime", "user_id", "sku", "event_name")
        columns = {name.lower(): name for name in table.column_names if name.lower() in wanted}
        if absent := [name for name in wanted[:3] if name not in columns]:
            raise ValueError(f"the table has no column {', '.join(absent)}")
        chosen = table.select(list(columns.values())).rename_columns(list(columns))
        parts = [self._slice(chosen.slice(at, _SLICE)) for at in range(0, table.num_rows, _SLICE)]
        runs, workers, indices = (
            (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else (np.empty(0, np.int64) for _ in range(3))
        )
        foreign = runs == _NONE
        names = pa.array([found.run for found in self._manifests], pa.string())
        return pa.table(
            {
                "run": pa.DictionaryArray.from_arrays(pa.array(runs.astype(np.int32), mask=foreign), names),
                "worker": pa.array(workers.astype(np.int32), mask=foreign),
                "index": pa.array(indices, mask=foreign),
            }
        )

    def payload(self, payload: bytes) -> Identity | None:
        """The identity of an error record's payload, whether the event as it was sent or the flat record made of it."""
        spelled = identify_payload(payload)
        if spelled is not None:
            number = self._number.get(spelled.run, _NONE)
            return self._inside(number, spelled.worker, spelled.index)
        time = _TIME_IN_TEXT.search(payload)
        texts = {kind: self._known(kind, pattern.findall(payload)) for kind, pattern in _IN_TEXT.items()}
        return self.of(texts["user_id"], texts["sku"], _microseconds(time) if time else _NO_TIME, texts["event_name"])

    def _slice(self, rows: pa.Table) -> tuple[npt.NDArray[np.int64], ...]:
        """Run, worker and index of some rows; run is -1 where a row is foreign."""
        count = rows.num_rows
        runs, workers, indices = (np.full(count, _NONE, np.int64) for _ in range(3))
        torn = np.zeros(count, bool)
        for kind in ("user_id", "sku", "event_name"):
            if kind not in rows.column_names:
                continue
            number, worker, index = self._column(kind, rows[kind])
            torn |= (runs != _NONE) & (number != _NONE) & (runs != number)
            runs = np.where(runs == _NONE, number, runs)
            spelled = (index != _NONE) & (indices == _NONE)
            workers, indices = np.where(spelled, worker, workers), np.where(spelled, index, indices)
        event_us = rows["event_datetime"].cast(pa.timestamp("us"), safe=False).cast(pa.int64()).fill_null(_NO_TIME).to_numpy()
        base, step, number_of_workers, planned, late_unit, late_units = (values[runs] for values in self._plans)
        late, since = np.divmod(event_us - base, late_unit)
        position, rest = np.divmod(since, step)
        timed = indices == _NONE
        in_time = (rest == 0) & (position < planned) & (late <= 0) & (-late <= late_units)
        workers = np.where(timed, position % number_of_workers, workers)
        indices = np.where(timed, position // number_of_workers, indices)
        in_plan = (workers < number_of_workers) & (indices < planned) & (indices * number_of_workers + workers < planned)
        fits = np.where(timed, in_time, in_plan)
        return np.where(fits & ~torn, runs, _NONE), workers, indices

    def _column(self, kind: str, column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """Run, worker and index as one column's texts have them, by way of each chunk's distinct texts."""
        return np.concatenate([self._chunk(kind, chunk) for chunk in column.chunks] or [np.empty((3, 0), np.int64)], axis=1)

    def _chunk(self, kind: str, chunk: Any) -> npt.NDArray[np.int64]:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        found = [self._read(kind, text) for text in encoded.dictionary.to_pylist()]
        places = encoded.indices.cast(pa.int64()).fill_null(len(found)).to_numpy(zero_copy_only=False)
        return np.array([*found, (_NONE, _NONE, _NONE)], dtype=np.int64).T[:, places]

    def _read(self, kind: str, text: str | None) -> tuple[int, int, int]:
        """Run number, worker and index in one text; -1 for each that it does not say."""
        found = _CARRIERS[kind].fullmatch(text) if text else None
        if found is None or (number := self._number.get(found[1])) is None:
            return _NONE, _NONE, _NONE
        return (number, int(found[2]), int(found[3])) if found[2] else (number, _NONE, _NONE)

    def _known(self, kind: str, texts: list[bytes]) -> str | None:
        """The first of some texts that has the tag of a run that is known."""
        return next((text for text in map(bytes.decode, texts) if self._read(kind, text)[0] != _NONE), None)

    def _inside(self, number: int, worker: int, index: int) -> Identity | None:
        """The identity where the run's plan has such an event."""
        if number == _NONE or worker >= self._manifests[number].workers or index >= self._manifests[number].events_of(worker):
            return None
        return Identity(self._manifests[number].run, worker, index)


def instant_us(text: str) -> int | None:
    """Microseconds since 1970 UTC of a time as an event states it, rounded to the nearest; None where it states none."""
    found = _TIME_IN_TEXT.fullmatch(f'"{text}"'.encode())
    instant = _microseconds(found) if found else _NO_TIME
    return None if instant == _NO_TIME else instant


def _microseconds(found: re.Match[bytes]) -> int:
    """Microseconds since 1970 UTC of a time in a payload; a time that there is not is no event's."""
    try:
        seconds = datetime.fromisoformat(found[1].decode().upper().replace(" ", "T")).replace(tzinfo=UTC) - _EPOCH
    except ValueError:
        return _NO_TIME
    digits = (found[2] or b"0").decode()
    scale: int = 10 ** len(digits)
    fraction = (int(digits) * 10**6 + scale // 2) // scale
    offset = found[3] or b"Z"
    shift = 0 if offset in b"Zz" else int(offset[:3]) * 60 + int(offset[:1] + offset[4:])
    return seconds // timedelta(microseconds=1) + fraction - shift * 60_000_000
