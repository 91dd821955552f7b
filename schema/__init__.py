"""The event and its table, defined once.

`user_events.json` beside this module is the only list of columns in the project. Terraform reads the same file
(`jsondecode(file(...))`); the transform, the simulator and the validation read it through `load()`.

This module runs inside the Lambda too, so it uses the standard library alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).with_name("user_events.json")
_FORMAT_VERSION = 1
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")


class SchemaError(Exception):
    """The schema file cannot be used; the message names the file, the field and the rule."""


class FieldType(Enum):
    """The closed set of field types, by their name in the schema file."""

    TIMESTAMP = "timestamp"
    DATE = "date"
    STRING = "string"
    BIGINT = "bigint"
    DOUBLE = "double"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Field:
    """One field of the event: where it comes from, what it is called afterwards, what it may hold."""

    output: str
    """Name in the Lambda's output, and in what this project's readers return, e.g. `SKU`."""
    input: str
    """Dotted path in the event, e.g. `product_information.SKU`."""
    type: FieldType
    nullable: bool
    partition_key: bool
    description: str

    @property
    def column(self) -> str:
        """Name in Glue: lower case, as Glue and Athena fold names and the OpenX SerDe lower-cases keys
        (Athena user guide, "Name databases, tables, and columns")."""
        return self.output.lower()

    @property
    def path(self) -> tuple[str, ...]:
        """The input path, split."""
        return tuple(self.input.split("."))


@dataclass(frozen=True)
class Schema:
    """The whole definition, in the order of the output."""

    table: str
    description: str
    fields: tuple[Field, ...]

    @property
    def partition_key(self) -> Field:
        """The one field that the table is partitioned by."""
        return next(field for field in self.fields if field.partition_key)

    @property
    def event_time(self) -> Field:
        """The timestamp that the partition key is derived from."""
        key = self.partition_key
        return next(field for field in self.fields if field.type is FieldType.TIMESTAMP and field.input == key.input)

    @property
    def columns(self) -> tuple[Field, ...]:
        """Fields stored in the files: all but the partition key, which lives in the path."""
        return tuple(field for field in self.fields if not field.partition_key)


def load(path: Path = SCHEMA_FILE) -> Schema:
    """Read and check the schema file.

    Raises:
        SchemaError: the file is missing, not JSON, or breaks a rule; the message says which.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise SchemaError(f"{path}: is not JSON ({error}).") from error
    return _parse(document, str(path))


def _parse(document: Any, where: str) -> Schema:
    if not isinstance(document, dict) or document.get("format_version") != _FORMAT_VERSION:
        raise SchemaError(f"{where}: format_version must be {_FORMAT_VERSION}.")
    table, description, entries = document.get("table"), document.get("description", ""), document.get("fields")
    if not isinstance(table, str) or table != table.lower() or not table:
        raise SchemaError(f"{where}: table is {table!r}; Glue folds names, so write it in lower case.")
    if not isinstance(entries, list) or not entries:
        raise SchemaError(f"{where}: fields must be a list with at least one entry.")
    schema = Schema(table, description, tuple(_field(entry, f"{where}: fields[{index}]") for index, entry in enumerate(entries)))
    _check(schema, where)
    return schema


def _field(entry: Any, where: str) -> Field:
    if not isinstance(entry, dict):
        raise SchemaError(f"{where}: must be an object.")
    known = {"output", "input", "type", "nullable", "partition_key", "description"}
    if unknown := sorted(set(entry) - known):
        raise SchemaError(f"{where}: unknown {', '.join(unknown)}; allowed are {', '.join(sorted(known))}.")
    for name in ("output", "input", "type"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            raise SchemaError(f"{where}: {name} must be a non-empty string.")
    try:
        kind = FieldType(entry["type"])
    except ValueError:
        allowed = ", ".join(member.value for member in FieldType)
        raise SchemaError(f"{where}: type is {entry['type']!r}; allowed are {allowed}.") from None
    for name in ("nullable", "partition_key"):
        if not isinstance(entry.get(name, False), bool):
            raise SchemaError(f"{where}: {name} must be true or false.")
    if not _COLUMN.fullmatch(entry["output"].lower()):
        raise SchemaError(f"{where}: output is {entry['output']!r}; a column takes letters, digits and underscores, no digit first.")
    if not all(entry["input"].split(".")):
        raise SchemaError(f"{where}: input is {entry['input']!r}; a dotted path takes a name before and after each dot.")
    return Field(
        output=entry["output"],
        input=entry["input"],
        type=kind,
        nullable=entry.get("nullable", True),
        partition_key=entry.get("partition_key", False),
        description=str(entry.get("description", "")),
    )


def _check(schema: Schema, where: str) -> None:
    columns = [field.column for field in schema.fields]
    if doubled := sorted({name for name in columns if columns.count(name) > 1}):
        raise SchemaError(f"{where}: column {', '.join(doubled)} is defined more than once (case does not count in Glue).")
    keys = [field for field in schema.fields if field.partition_key]
    if len(keys) != 1 or keys[0].type is not FieldType.DATE:
        raise SchemaError(f"{where}: exactly one field must have partition_key, and its type must be date.")
    if not any(field.type is FieldType.TIMESTAMP and field.input == keys[0].input for field in schema.fields):
        raise SchemaError(f"{where}: the partition key needs a timestamp field with the same input ({keys[0].input}).")
    if any(field.type is FieldType.DATE and not field.partition_key for field in schema.fields):
        raise SchemaError(f"{where}: only the partition key may be of type date.")
    _check_paths(schema, where)


def _check_paths(schema: Schema, where: str) -> None:
    """No path may be a value for one field and an object, or a value of another type, for another."""
    kinds: dict[str, FieldType] = {}
    for field in schema.fields:
        if field.partition_key:
            continue
        kind = kinds.setdefault(field.input, field.type)
        if kind is not field.type:
            raise SchemaError(f"{where}: input {field.input} is both {kind.value} and {field.type.value}; one value has one type.")
    for path, kind in kinds.items():
        if inside := sorted(other for other in kinds if other.startswith(f"{path}.")):
            raise SchemaError(f"{where}: input {path} is a {kind.value}, so it cannot hold {', '.join(inside)}.")
