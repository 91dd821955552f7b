"""Record format conversion: JSON payloads to Arrow rows by a Glue table's columns, each record for itself.

A record that does not convert fails alone, with AWS's code ("Monitor with CloudWatch Logs", data format conversion):
`ParseError` where it is no JSON, `MalformedData` otherwise. The rest of the batch is unaffected.

Two ways to the same rows. The fast one decodes straight into typed fields by the exact spelling of the keys, which is
learnt from the records; whatever it does not take goes the slow way, through `openx`, value by value. So does every
record where several columns read one key (`ColumnToJsonKeyMappings`), which a typed field cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NoReturn

import msgspec
import pyarrow as pa

from local_aws.firehose.columns import ARROW_ERRORS, ColumnPlan, key_folding
from local_aws.firehose.conversion_settings import OpenX
from local_aws.firehose.hive_types import Column
from local_aws.firehose.openx import Mismatch, fold

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"

_CHUNK = 16_384
"""Records decoded at a time: bounds the Python objects alive at once."""
_MOST_IGNORED_KEYS = 64
"""Keys outside the schema that the fast way skips by name; a record with more goes the slow way."""

_generic = msgspec.json.Decoder()


@dataclass(frozen=True)
class Failure:
    """One record that did not convert."""

    index: int
    """Its place among the payloads."""
    code: str
    message: str


@dataclass(frozen=True)
class Converted:
    table: pa.Table
    failures: tuple[Failure, ...]


class _Failed(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Converter:
    """Converts payloads by one version of a table's columns. Not for several threads at once."""

    def __init__(self, columns: Sequence[Column], openx: OpenX) -> None:
        self._columns = [ColumnPlan(column, openx) for column in columns]
        self._schema = pa.schema([pa.field(plan.name, plan.arrow) for plan in self._columns])
        self._fold = key_folding(openx)
        self._by_key = {plan.key: index for index, plan in enumerate(self._columns)}
        self._shares_keys = len(self._by_key) < len(self._columns)
        self._spellings: dict[int, str] = {}
        self._ignored: list[str] = []
        self._decode: Callable[[bytes], Any] | None = None

    def convert(self, payloads: Sequence[bytes]) -> Converted:
        """Rows of all payloads that convert, and the failures of the others; row order is not promised."""
        tables: list[pa.Table] = []
        failures: list[Failure] = []
        for start in range(0, len(payloads), _CHUNK):
            tables += self._convert_chunk(payloads[start : start + _CHUNK], start, failures)
        return Converted(pa.concat_tables(tables) if tables else self._schema.empty_table(), tuple(failures))

    def _convert_chunk(self, payloads: Sequence[bytes], start: int, failures: list[Failure]) -> list[pa.Table]:
        rows, places, slow = self._decode_fast(payloads)
        columns, suspects = self._build(rows)
        if suspects:  # the slow way says what each of them is; the others are built again without them
            slow += [places[index] for index in suspects]
            rows = [row for index, row in enumerate(rows) if index not in suspects]
            places = [place for index, place in enumerate(places) if index not in suspects]
            columns, suspects = self._build(rows)
            if suspects:
                slow, rows = slow + places, []
        tables = [pa.Table.from_arrays(columns, schema=self._schema)] if rows else []
        return tables + self._convert_slowly(payloads, sorted(slow), start, failures)

    def _build(self, rows: Sequence[Any]) -> tuple[list[pa.Array], set[int]]:
        """All columns of the rows, and the places of the rows that no column could be built with."""
        columns: list[pa.Array] = []
        suspects: set[int] = set()
        for plan, name in zip(self._columns, _field_names(len(self._columns)), strict=True):
            built, doubtful = plan.build(list(map(attrgetter(name), rows)))
            columns.append(built)
            suspects.update(doubtful)
        return columns, suspects

    def _decode_fast(self, payloads: Sequence[bytes]) -> tuple[list[Any], list[int], list[int]]:
        """Typed rows, their places, and the places of the records that need the slow way."""
        if self._decode is None and payloads:
            self._learn(payloads[0])
        if self._decode is not None and _is_utf8(payloads):
            try:
                return list(map(self._decode, payloads)), list(range(len(payloads))), []
            except (msgspec.DecodeError, RecursionError):
                pass
        rows: list[Any] = []
        places: list[int] = []
        slow: list[int] = []
        for place, payload in enumerate(payloads):
            row = self._try_fast(payload)
            if row is None and self._learn(payload):
                row = self._try_fast(payload)
            if row is None:
                slow.append(place)
            else:
                rows.append(row)
                places.append(place)
        return rows, places, slow

    def _try_fast(self, payload: bytes) -> Any:
        try:
            if self._decode is not None and (payload.isascii() or payload.decode()):
                return self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        return None

    def _learn(self, payload: bytes) -> bool:
        """Take over the spelling of this record's keys; return whether anything was new."""
        if self._shares_keys:
            return False
        try:
            record = _generic.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if not isinstance(record, dict):
            return False
        new = self._decode is None
        for key in record:
            index = self._by_key.get(self._fold(key))
            if index is not None and index not in self._spellings:
                self._spellings[index] = key
                new = True
            elif index is None and key not in self._ignored and len(self._ignored) < _MOST_IGNORED_KEYS:
                self._ignored.append(key)
                new = True
        if new:
            self._decode = self._typed_decoder()
        return new

    def _typed_decoder(self) -> Callable[[bytes], Any]:
        fields: list[tuple[str, Any, Any]] = []
        rename: dict[str, str] = {}
        for index, (plan, name) in enumerate(zip(self._columns, _field_names(len(self._columns)), strict=True)):
            fields.append((name, plan.decoded, None))
            rename[name] = self._spellings.get(index, plan.key)
        taken = set(rename.values())
        for index, key in enumerate(key for key in self._ignored if key not in taken):
            fields.append((f"ignored{index}", msgspec.Raw, msgspec.Raw()))
            rename[f"ignored{index}"] = key
        shape = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, rename=rename, gc=False)
        return msgspec.json.Decoder(shape).decode

    def _convert_slowly(self, payloads: Sequence[bytes], places: list[int], start: int, failures: list[Failure]) -> list[pa.Table]:
        rows: list[tuple[int, list[list[Any]]]] = []
        for place in places:
            try:
                rows.append((place, [self._row(record) for record in _parse(payloads[place])]))
            except _Failed as failed:
                failures.append(Failure(start + place, failed.code, str(failed)))
        if not rows:
            return []
        try:
            return [self._table([cells for _, several in rows for cells in several])]
        except ARROW_ERRORS:
            return self._convert_singly(rows, start, failures)

    def _convert_singly(self, rows: list[tuple[int, list[list[Any]]]], start: int, failures: list[Failure]) -> list[pa.Table]:
        """Coerced rows that Arrow does not take together, record by record."""
        tables: list[pa.Table] = []
        for place, several in rows:
            try:
                tables.append(self._table(several))
            except ARROW_ERRORS as error:
                failures.append(Failure(start + place, MALFORMED, f"Data does not match the schema. {error}"))
        return tables

    def _table(self, rows: list[list[Any]]) -> pa.Table:
        arrays = [pa.array(values, plan.arrow) for values, plan in zip(zip(*rows, strict=True), self._columns, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _row(self, record: dict[str, Any]) -> list[Any]:
        try:
            folded = fold(record, self._fold)
            return [plan.coerce(folded.get(plan.key)) for plan in self._columns]
        except Mismatch as error:
            raise _Failed(MALFORMED, f"Data does not match the schema. {error}") from error
        except RecursionError as error:
            raise _Failed(MALFORMED, "The record is nested too deeply.") from error


def _field_names(count: int) -> list[str]:
    return [f"column{index}" for index in range(count)]


def _is_utf8(payloads: Sequence[bytes]) -> bool:
    joined = b"".join(payloads)
    if joined.isascii():
        return True
    try:
        joined.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse(payload: bytes) -> list[dict[str, Any]]:
    """The objects of one record: one, or several back to back ("Convert input data format"); an array is not allowed."""
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError as error:
        raise _Failed(MALFORMED, "The record contained bytes that are not valid UTF-8.") from error
    if not text:
        raise _Failed(MALFORMED, "The record was empty or contained only whitespace.")
    values: list[Any] = []
    try:
        values.append(_generic.decode(text))
    except (msgspec.DecodeError, UnicodeError):
        values = _several(text)
    except RecursionError as error:
        raise _Failed(MALFORMED, "The record is nested too deeply.") from error
    if not all(isinstance(value, dict) for value in values):
        what = "an array" if any(isinstance(value, list) for value in values) else "a primitive"
        raise _Failed(MALFORMED, f"The input JSON contained {what} at the top level. The top level must be an object.")
    return values


def _several(text: str) -> list[Any]:
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    values: list[Any] = []
    end = 0
    try:
        while end < len(text):
            value, end = decoder.raw_decode(text, end)
            _generic.decode(json.dumps(value))  # the stricter parser has the last word
            values.append(value)
            while end < len(text) and text[end] in " \t\r\n":
                end += 1
    except (ValueError, UnicodeError) as error:
        raise _Failed(PARSE_ERROR, f"Encountered malformed JSON. {error}") from error
    except RecursionError as error:
        raise _Failed(MALFORMED, "The record is nested too deeply.") from error
    if any(isinstance(value, str) and not value.isprintable() for value in values):
        raise _Failed(PARSE_ERROR, "Encountered malformed JSON.")
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
