"""The lake's reader: data objects under the table's prefix, given back as batches of the seven fields.

Names are the schema's (`SKU` as the mission spells it), `event_datetime` is a UTC timestamp in microseconds whether the
file holds INT96 or INT64 (how Firehose stores a timestamp is not documented, so both are read), and `event_date` is the
date of the object's partition folder. Folders below `event_date=.../` are accepted. Objects whose name starts with `_`
or `.` are passed over, as Hive and Athena do.

An object that is outside any partition folder is not read: no query on the table would find its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from schema import Field, FieldType, Schema
from validation.errors import ObjectUnavailable
from validation.storage import Storage, StoredObject

BATCH_ROWS = 128 * 1024
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EMPTY_IS_NEVER_PARQUET = 12  # the magic number twice and the footer's length (Apache Parquet, "File Format")


class ProblemKind(Enum):
    """What may be wrong with a data object as a whole."""

    LAYOUT = "layout"
    """Not in a partition folder, or in one whose value is no date."""
    UNREADABLE = "unreadable"
    """Not a Parquet file from end to end."""
    COLUMNS = "columns"
    """A column is absent, or of a type from which the field cannot be had."""
    UNAVAILABLE = "unavailable"
    """Could not be fetched, so nothing is known."""


@dataclass(frozen=True)
class LakeProblem:
    """One thing wrong with one object."""

    kind: ProblemKind
    key: str
    said: str


@dataclass(frozen=True)
class DataObject:
    """One object of the table, and the partition that it rests in."""

    stored: StoredObject
    event_date: date


@dataclass(frozen=True)
class RowBatch:
    """Some consecutive rows of one object."""

    source: DataObject
    first_row: int
    """Row number in the object, from 0, of the first row."""
    table: pa.Table
    """The schema's fields in the schema's order and names."""


@dataclass(frozen=True)
class ObjectRead:
    """One object came to its end, all rows given."""

    source: DataObject
    rows: int


@dataclass(frozen=True)
class Contents:
    """What a listing of the data prefix says."""

    objects: tuple[DataObject, ...]
    problems: tuple[LakeProblem, ...]


class Lake:
    """The table's objects in one bucket under one prefix."""

    def __init__(self, storage: Storage, prefix: str, schema: Schema) -> None:
        self.storage = storage
        self.prefix = prefix
        self.schema = schema

    def list(self) -> Contents:
        """The data objects there are now.

        Raises:
            StorageRefused: the prefix cannot be listed.
        """
        objects: list[DataObject] = []
        problems: list[LakeProblem] = []
        for item in self.storage.list(self.prefix):
            if item.name.startswith(("_", ".")):
                continue  # Hive and Athena pass over such names
            value = partition_value(item.key[len(self.prefix) :], self.schema.partition_key)
            found = _as_date(value)
            if found is None:
                problems.append(LakeProblem(ProblemKind.LAYOUT, item.key, _layout_said(value, self.schema.partition_key)))
            else:
                objects.append(DataObject(item, found))
        return Contents(tuple(objects), tuple(problems))

    def read(self, objects: Iterable[DataObject]) -> Iterator[RowBatch | LakeProblem | ObjectRead]:
        """The rows of each object in turn; what is wrong with an object comes in between and never stops the others."""
        wanted = {item.stored.key: item for item in objects}
        for stored, content in self.storage.fetch_all(item.stored for item in wanted.values()):
            source = wanted[stored.key]
            if isinstance(content, ObjectUnavailable):
                yield LakeProblem(ProblemKind.UNAVAILABLE, stored.key, content.message)
            else:
                yield from self._rows(source, content)

    def _rows(self, source: DataObject, content: pa.Buffer) -> Iterator[RowBatch | LakeProblem | ObjectRead]:
        key, first_row = source.stored.key, 0
        try:
            if content.size < _EMPTY_IS_NEVER_PARQUET:
                raise pa.ArrowInvalid(f"{content.size} bytes are too few for a Parquet file")
            parquet = pq.ParquetFile(pa.BufferReader(content), coerce_int96_timestamp_unit="us")
            stored_names, problems = _stored_columns(parquet.schema_arrow, self.schema.columns, key)
            yield from problems
            for batch in parquet.iter_batches(BATCH_ROWS, columns=list(stored_names.values())):
                yield RowBatch(source, first_row, _fields(batch, self.schema, stored_names, source.event_date))
                first_row += batch.num_rows
            if not stored_names:
                first_row = parquet.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            after = f" after {first_row:,} rows that were counted" if first_row else ""
            yield LakeProblem(ProblemKind.UNREADABLE, key, f"is not a whole Parquet file{after} ({str(error).splitlines()[0]})")
            return
        yield ObjectRead(source, first_row)


def partition_value(path: str, partition_key: Field) -> str | None:
    """The value of the `event_date=` folder in a path below the table's prefix; None where there is no such folder."""
    for folder in path.split("/")[:-1]:
        name, equals, value = folder.partition("=")
        if equals and name.lower() == partition_key.column:
            return unquote(value)
    return None


def _as_date(value: str | None) -> date | None:
    if value is None or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _layout_said(value: str | None, partition_key: Field) -> str:
    if value is None:
        return f"is in no {partition_key.column}=YYYY-MM-DD/ folder, so no query on the table finds it"
    return f"is in {partition_key.column}={value}/, which is no date"


def _stored_columns(stored: pa.Schema, columns: Sequence[Field], key: str) -> tuple[dict[str, str], list[LakeProblem]]:
    """Which stored column gives which field, by field name; names are compared as Athena does, without case."""
    by_name = {name.lower(): name for name in stored.names}
    usable: dict[str, str] = {}
    problems: list[LakeProblem] = []
    for field in columns:
        name = by_name.get(field.column)
        if name is None:
            problems.append(LakeProblem(ProblemKind.COLUMNS, key, f"has no column {field.column}"))
        elif not _gives(stored.field(name).type, field.type):
            said = f"has {field.column} as {stored.field(name).type}, not as {field.type.value}"
            problems.append(LakeProblem(ProblemKind.COLUMNS, key, said))
        else:
            usable[field.output] = name
    return usable, problems


def _gives(stored: pa.DataType, wanted: FieldType) -> bool:
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    match wanted:
        case FieldType.STRING:
            return bool(pa.types.is_string(stored) or pa.types.is_large_string(stored) or pa.types.is_string_view(stored))
        case FieldType.TIMESTAMP:
            return bool(pa.types.is_timestamp(stored))
        case FieldType.BIGINT:
            return bool(pa.types.is_integer(stored))
        case FieldType.DOUBLE:
            return bool(pa.types.is_floating(stored))
        case FieldType.BOOLEAN:
            return bool(pa.types.is_boolean(stored))
        case FieldType.DATE:
            return bool(pa.types.is_date(stored))


def arrow_type(kind: FieldType) -> pa.DataType:
    """The type in which this project's readers give a field."""
    return {
        FieldType.STRING: pa.string(),
        FieldType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
        FieldType.DATE: pa.date32(),
        FieldType.BIGINT: pa.int64(),
        FieldType.DOUBLE: pa.float64(),
        FieldType.BOOLEAN: pa.bool_(),
    }[kind]


def _fields(batch: pa.RecordBatch, schema: Schema, stored_names: dict[str, str], event_date: date) -> pa.Table:
    columns: list[pa.Array] = []
    for field in schema.fields:
        wanted = arrow_type(field.type)
        if field.partition_key:
            columns.append(pa.repeat(pa.scalar(event_date, wanted), batch.num_rows))
        elif field.output in stored_names:
            columns.append(batch.column(stored_names[field.output]).cast(wanted, safe=False))
        else:
            columns.append(pa.nulls(batch.num_rows, wanted))
    return pa.Table.from_arrays(columns, names=[field.output for field in schema.fields])
