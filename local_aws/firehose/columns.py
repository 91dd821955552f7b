"""One column of the target table: the JSON that it takes as it is, its Arrow type, and how its values are built.

A column is built from all its values at once where they need no coercion, and value by value, through `openx`, where
they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from local_aws.firehose import timestamps
from local_aws.firehose.conversion_settings import OpenX
from local_aws.firehose.hive_types import Array, Column, Decimal, HiveType, Integer, Map, Plain, Struct, Text
from local_aws.firehose.openx import Mismatch, coercion, fold

ARROW_ERRORS = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What building an array from Python values may raise."""


class ColumnPlan:
    """One column: how it is decoded, built and, value by value, coerced."""

    def __init__(self, column: Column, openx: OpenX) -> None:
        self.name = column.name
        self.key = key_folding(openx)((openx.json_keys or {}).get(column.name.lower(), column.name))
        self.arrow = _arrow(column.type)
        self.decoded = _decoded(column.type)
        self._coerce = coercion(column.type)
        self._fold = key_folding(openx)
        self._nested = self.decoded is Any
        self._is_timestamp = column.type == Plain("timestamp")

    def coerce(self, value: Any) -> Any:
        """One value, its keys folded already, for pyarrow; or `Mismatch`."""
        return self._coerce(value)

    def build(self, values: Sequence[Any]) -> tuple[pa.Array, Sequence[int]]:
        """The column of decoded values; or nothing of use, and the places of the values that need a closer look."""
        if self._nested:
            return self._build_nested(values)
        try:
            if self._is_timestamp:
                return timestamps.column(values)
            return pa.array(values, self.arrow), ()
        except ARROW_ERRORS:
            return None, range(len(values))

    def _build_nested(self, values: Sequence[Any]) -> tuple[pa.Array, Sequence[int]]:
        coerced: list[Any] = []
        doubtful: list[int] = []
        for index, value in enumerate(values):
            try:
                coerced.append(self._coerce(fold(value, self._fold)))
            except (Mismatch, RecursionError):
                doubtful.append(index)
        if doubtful:
            return None, doubtful
        try:
            return pa.array(coerced, self.arrow), ()
        except ARROW_ERRORS:
            return None, range(len(values))


def key_folding(openx: OpenX) -> Callable[[str], str]:
    """How a key is spelt before it is compared with a column."""

    def key(name: str) -> str:
        if openx.dots_to_underscores:
            name = name.replace(".", "_")
        return name.lower() if openx.case_insensitive else name

    return key


def _decoded(kind: HiveType) -> Any:  # noqa: PLR0911 - one branch a type
    """What the fast way decodes a value as: exactly the JSON types that need no coercion; Any where each does."""
    match kind:
        case Plain("string"):
            return str | None
        case Plain("boolean"):
            return bool | None
        case Plain("double"):
            return float | None
        case Plain("timestamp"):
            return str | int | float | None
        case Integer(bits):
            return Annotated[int, msgspec.Meta(ge=-(2 ** (bits - 1)), le=2 ** (bits - 1) - 1)] | None
        case Array(Plain("string")):
            return list[str | None] | None
        case Array(Integer(bits)):
            return list[Annotated[int, msgspec.Meta(ge=-(2 ** (bits - 1)), le=2 ** (bits - 1) - 1)] | None] | None
        case Array(Plain("double")):
            return list[float | None] | None
        case _:
            return Any


def _arrow(kind: HiveType) -> pa.DataType:  # noqa: PLR0911 - one branch a type
    match kind:
        case Plain(name):
            return _ARROW[name]
        case Integer(bits):
            return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[bits]
        case Text():
            return pa.string()
        case Decimal(precision, scale):
            return pa.decimal128(precision, scale)
        case Array(items):
            return pa.list_(_arrow(items))
        case Map(key, value):
            return pa.map_(_arrow(key), _arrow(value))
        case Struct(members):
            return pa.struct([pa.field(name, _arrow(member)) for name, member in members])


_ARROW = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ns"),
}
