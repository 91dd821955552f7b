"""What good events hold, from the schema alone: pools of ready-made JSON fragments that an event is put together from.

Each top-level key of the event is one pool. A pool has as many values as there are users, products or names, and a table that
turns 16 random bits into one of them, Zipf-distributed: few users and products have most of the events. A field that is added
to the schema gets plausible values by its type, under whatever key its input path names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from manifest.identity import sku, user_id
from schema import Field, FieldType, Schema
from simulated_events.errors import SchemaNotCovered

USERS = 20_000
PRODUCTS = 1_000
VARIETY = 64
"""How many values a pool has that is about neither users nor products."""
NAMES = ("view", "view", "view", "click", "click", "search", "add", "purchase")
PLATFORMS = ("web", "android", "ios", "web", "android", "tablet")
_THINGS = ("Lamp", "Kettle", "Backpack", "Headphones", "Notebook", "Chair", "Bottle", "Jacket", "Keyboard", "Mug")
_KINDS = ("Basic", "Classic", "Compact", "Deluxe", "Eco", "Junior", "Light", "Max", "Nano", "Plus")
_MARK = "\N{START OF HEADING}"
_MARK_TEXT = msgspec.json.encode(_MARK)[1:-1]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pool:
    """The values of one top-level key: `fields` say what is in it, `size` how many there are."""

    key: str
    fields: tuple[Field, ...]
    size: int
    exponent: float
    """Of the Zipf distribution; 0 is uniform."""

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """The rank for each of 65,536 equally likely draws."""
        weights = 1.0 / np.arange(1, self.size + 1) ** self.exponent
        return np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(1 << 16) + 0.5) / (1 << 16))


@dataclass(frozen=True)
class Content:
    """All pools of a schema for one run."""

    schema: Schema
    run: str
    pools: tuple[Pool, ...]
    """The pool that holds the timestamp is the first."""

    @staticmethod
    def of(schema: Schema, run: str) -> Content:
        """The pools of a schema.

        Raises:
            SchemaNotCovered: a column that carries an event's identity is not there, or is no string.
        """
        strings = {field.column for field in schema.columns if field.type is FieldType.STRING}
        if absent := sorted({"user_id", "sku", "event_name"} - strings):
            raise SchemaNotCovered(
                f"schema: there is no string column {', '.join(absent)}.",
                "Events are recognised in the lake by user_id, SKU, event_name, time: manifest/identity.py must know what replaces them.",
            )
        keys = list(dict.fromkeys(field.path[0] for field in (schema.event_time, *schema.columns)))
        return Content(schema, run, tuple(_pool(schema, key) for key in keys))

    @cached_property
    def head(self) -> bytes:
        """What every event begins with, up to its time."""
        return self._parts(0)[0]

    @cached_property
    def fragments(self) -> tuple[list[bytes], ...]:
        """For each pool, the text of each value; the first pool's begins right after the time's digits and zone."""
        first = [self._parts(rank)[1] for rank in range(self.pools[0].size)]
        others = ([b"," + self._encoded(pool, rank)[1:-1] for rank in range(pool.size)] for pool in self.pools[1:])
        return (first, *others)

    def document(self, ranks: list[int], time: str) -> dict[str, Any]:
        """The event as a document, for classes that change something in it."""
        found: dict[str, Any] = {}
        put(found, self.time_path, time)
        for place, path, value in self._makers:
            put(found, path, value(ranks[place]))
        return found

    @cached_property
    def time_path(self) -> tuple[str, ...]:
        """Where the event time is."""
        return self.schema.event_time.path

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """Where each column's value is."""
        return {field.column: field.path for field in self.schema.columns}

    @cached_property
    def _makers(self) -> list[tuple[int, tuple[str, ...], Callable[[int], Any]]]:
        """For each field, its pool's place, its path, and its value for a rank."""
        places = [(place, field) for place, pool in enumerate(self.pools) for field in pool.fields]
        return [(place, field.path, partial(value_of, field, self.run)) for place, field in places]

    def _parts(self, rank: int) -> tuple[bytes, bytes]:
        """The first pool's text for a rank, cut where the time goes."""
        document: dict[str, Any] = {}
        put(document, self.schema.event_time.path, _MARK)
        for field in self.pools[0].fields:
            put(document, field.path, value_of(field, self.run, rank))
        head, _, tail = msgspec.json.encode(document).partition(_MARK_TEXT)
        return head, tail[:-1]

    def _encoded(self, pool: Pool, rank: int) -> bytes:
        document: dict[str, Any] = {}
        for field in pool.fields:
            put(document, field.path, value_of(field, self.run, rank))
        return msgspec.json.encode(document)


def put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value at a path, making the objects on the way."""
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value


def value_of(field: Field, run: str, rank: int) -> Any:
    """A plausible value of a field: by its column where it is one of the mission's, else by its type."""
    if known := _KNOWN.get(field.column):
        return known(run, rank)
    return _BY_TYPE[field.type](field.path[-1], rank)


_KNOWN: Mapping[str, Callable[[str, int], str]] = {
    "user_id": user_id,
    "sku": sku,
    "event_name": lambda _, rank: NAMES[rank % len(NAMES)],
    "platform": lambda _, rank: PLATFORMS[rank % len(PLATFORMS)],
    "product_name": lambda _, rank: f"{_KINDS[rank // 10 % 10]} {_THINGS[rank % 10]} {rank // 100 + 1}",
}
_BY_TYPE: Mapping[FieldType, Callable[[str, int], Any]] = {
    FieldType.STRING: lambda name, rank: f"{name} {rank % VARIETY}",
    FieldType.BIGINT: lambda _, rank: (rank * 7919) % 100_000,
    FieldType.DOUBLE: lambda _, rank: (rank * 7919) % 100_000 / 100 + 0.5,
    FieldType.BOOLEAN: lambda _, rank: rank % 3 == 0,
    FieldType.TIMESTAMP: lambda _, rank: (EPOCH + timedelta(days=18_000, seconds=rank * 7919)).isoformat().replace("+00:00", "Z"),
}


def _pool(schema: Schema, key: str) -> Pool:
    fields = tuple(field for field in schema.columns if field.path[0] == key and field is not schema.event_time)
    columns = {field.column for field in fields}
    if "user_id" in columns:
        return Pool(key, fields, USERS, 0.9)
    if "sku" in columns:
        return Pool(key, fields, PRODUCTS, 0.8)
    if "event_name" in columns:
        return Pool(key, fields, len(NAMES), 0.0)
    return Pool(key, fields, VARIETY if fields else 1, 0.5)
