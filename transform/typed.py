"""The fast way: msgspec reads what the schema names, in one pass, into structs made from the schema.

`TypedReader.read` answers for events about which there is no doubt and raises `Doubt` for all others, good or bad, so
that the exact way decides them. What msgspec alone would let through where it skips a field that nobody reads, bytes
that are not UTF-8 and its own depth limit, is looked at before.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from schema import Field, FieldType, Schema
from transform.json_text import MAX_DEPTH
from transform.timestamps import parse

_INT64 = msgspec.Meta(ge=-(2**63), le=2**63 - 1)
_TYPES: dict[FieldType, Any] = {
    FieldType.STRING: str,
    FieldType.TIMESTAMP: str,
    FieldType.DATE: str,
    FieldType.BIGINT: Annotated[int, _INT64],
    FieldType.DOUBLE: float,
    FieldType.BOOLEAN: bool,
}


class Doubt(Exception):
    """The fast way leaves this event to the exact way."""


class TypedReader:
    """Reads events of one schema: the event's time as text, and the values of all columns in the schema's order."""

    def __init__(self, schema: Schema) -> None:
        tree: dict[str, Any] = {}
        for field in schema.fields:
            _place(tree, field)
        names: dict[tuple[str, ...], str] = {}
        self._decode = msgspec.json.Decoder(_struct("Event", tree, (), names)).decode
        self._paths = [names[field.path] for field in schema.fields]
        self._get: Callable[[Any], tuple[Any, ...]] = attrgetter(*self._paths)
        self._times = [index for index, field in enumerate(schema.fields) if _is_other_time(schema, field)]
        self._required = [
            index for index, field in enumerate(schema.fields) if not field.nullable and field.input != schema.event_time.input
        ]

    def read(self, value: bytes) -> list[Any]:
        """The event's values, one for each field of the schema; the event's time is still text, or None.

        Raises:
            Doubt: the exact way must decide.
        """
        if value.count(b"{") + value.count(b"[") > MAX_DEPTH:
            raise Doubt
        try:
            if not value.isascii():
                value.decode()
            event = self._decode(value)
        except (ValueError, RecursionError) as error:
            raise Doubt from error
        try:
            values = list(self._get(event))
        except AttributeError:  # a parent is null
            values = [_walk(event, path) for path in self._paths]
        for index in self._times:
            if values[index] is not None:
                try:
                    values[index] = parse(values[index])
                except ValueError as error:
                    raise Doubt from error
        for index in self._required:
            if values[index] is None:
                raise Doubt
        return values


def _is_other_time(schema: Schema, field: Field) -> bool:
    return field.type is FieldType.TIMESTAMP and field.input != schema.event_time.input


def _place(tree: dict[str, Any], field: Field) -> None:
    *parents, leaf = field.path
    for name in parents:
        tree = tree.setdefault(name, {})
    tree[leaf] = _TYPES[field.type]


def _struct(name: str, tree: dict[str, Any], path: tuple[str, ...], names: dict[tuple[str, ...], str]) -> type[msgspec.Struct]:
    """A struct for one level; attributes are numbered, since a JSON key may be no Python name.

    A missing parent reads as one whose children are missing. `names` is given the dotted attribute path of each field.
    """
    members: list[tuple[str, Any, Any]] = []
    keys: dict[str, str] = {}
    prefix = f"{names[path]}." if path else ""
    for index, (key, below) in enumerate(tree.items()):
        attribute = f"f{index}"
        keys[attribute] = key
        names[(*path, key)] = prefix + attribute
        if isinstance(below, dict):
            kind = _struct(f"{name}_{attribute}", below, (*path, key), names)
            members.append((attribute, kind | None, kind()))
        else:
            members.append((attribute, below | None, None))
    return msgspec.defstruct(name, members, rename=keys, frozen=True, gc=False)


def _walk(value: Any, path: str) -> Any:
    for name in path.split("."):
        if value is None:
            return None
        value = getattr(value, name)
    return value
