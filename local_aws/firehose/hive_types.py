"""Column types of a Glue table, from Hive's text to values.

`binary`, `uniontype` and `interval` are not among the types that Firehose was seen to convert, so they are a bad
schema here (developer guide, "Monitor with CloudWatch Logs": DataFormatConversion.InvalidTypeFormat).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64}
_PLAIN = frozenset({"boolean", "float", "double", "string", "date", "timestamp"})
_TOKEN = re.compile(r"\s*(?:`((?:[^`]|``)*)`|([^<>,:()`\s]+)|([<>,:()]))\s*")
_DEEPEST = 32


class BadType(ValueError):
    """The schema cannot be used; the text says why."""


@dataclass(frozen=True)
class Plain:
    """boolean, float, double, string, date or timestamp."""

    name: str


@dataclass(frozen=True)
class Integer:
    bits: int


@dataclass(frozen=True)
class Decimal:
    precision: int
    scale: int


@dataclass(frozen=True)
class Text:
    """char(n) and varchar(n): longer values are cut to n characters."""

    length: int


@dataclass(frozen=True)
class Array:
    items: HiveType


@dataclass(frozen=True)
class Map:
    """Its keys are text in JSON, whatever type the schema gives them."""

    key: HiveType
    value: HiveType


@dataclass(frozen=True)
class Struct:
    members: tuple[tuple[str, HiveType], ...]


HiveType = Plain | Integer | Decimal | Text | Array | Map | Struct


@dataclass(frozen=True)
class Column:
    name: str
    type: HiveType


def columns(described: Iterable[Mapping[str, str]]) -> tuple[Column, ...]:
    """The columns of a storage descriptor, or `BadType`."""
    found: list[Column] = []
    for column in described:
        name = column["Name"]
        if not re.fullmatch(r"[^\s,;{}()=]+", name):
            raise BadType(f"the column name {name!r} has blanks or special characters")
        if any(name.lower() == other.name.lower() for other in found):
            raise BadType(f"the column {name!r} is there twice")
        try:
            found.append(Column(name, parse_type(column.get("Type") or "")))
        except BadType as error:
            raise BadType(f"column {name!r}: {error}") from error
    if not found:
        raise BadType("the table has no columns")
    return tuple(found)


def parse_type(text: str) -> HiveType:
    """Parse one type, or raise `BadType`."""
    tokens = _Tokens(text)
    found = _type(tokens, 0)
    if tokens.peek() is not None:
        raise tokens.bad()
    return found


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, bool]] = []
        index = 0
        while index < len(text):
            match = _TOKEN.match(text, index)
            if match is None:
                raise self.bad()
            quoted, word, mark = match.groups()
            self._tokens.append((quoted.replace("``", "`"), False) if quoted is not None else (word or mark, mark is not None))
            index = match.end()
        self._at = 0

    def bad(self) -> BadType:
        return BadType(f"the type {self._text!r} is not one that Firehose converts")

    def peek(self) -> str | None:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def word(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][1]:
            raise self.bad()
        self._at += 1
        return self._tokens[self._at - 1][0]

    def mark(self, expected: str) -> None:
        if self._at >= len(self._tokens) or self._tokens[self._at] != (expected, True):
            raise self.bad()
        self._at += 1

    def number(self) -> int:
        word = self.word()
        if not word.isascii() or not word.isdigit() or len(word) > 6:
            raise self.bad()
        return int(word)


def _type(tokens: _Tokens, depth: int) -> HiveType:
    if depth > _DEEPEST:
        raise tokens.bad()
    name = tokens.word().lower()
    if name in _INTEGERS:
        return Integer(_INTEGERS[name])
    if name in _PLAIN:
        return Plain(name)
    if name in ("char", "varchar"):
        return _text(tokens, 255 if name == "char" else 65_535)
    if name == "decimal":
        return _decimal(tokens)
    if name in ("array", "map", "struct"):
        tokens.mark("<")
        nested = _nested(tokens, name, depth + 1)
        tokens.mark(">")
        return nested
    raise tokens.bad()


def _text(tokens: _Tokens, longest: int) -> Text:
    tokens.mark("(")
    length = tokens.number()
    tokens.mark(")")
    if not 1 <= length <= longest:
        raise tokens.bad()
    return Text(length)


def _decimal(tokens: _Tokens) -> Decimal:
    precision, scale = 10, 0
    if tokens.peek() == "(":
        tokens.mark("(")
        precision = tokens.number()
        if tokens.peek() == ",":
            tokens.mark(",")
            scale = tokens.number()
        tokens.mark(")")
    if not 1 <= precision <= 38 or scale > precision:
        raise tokens.bad()
    return Decimal(precision, scale)


def _nested(tokens: _Tokens, name: str, depth: int) -> HiveType:
    if name == "array":
        return Array(_type(tokens, depth))
    if name == "map":
        key = _type(tokens, depth)
        tokens.mark(",")
        if isinstance(key, (Array, Map, Struct)):
            raise tokens.bad()
        return Map(key, _type(tokens, depth))
    members: list[tuple[str, HiveType]] = []
    while True:
        member = tokens.word()
        tokens.mark(":")
        if any(member.lower() == other.lower() for other, _ in members):
            raise tokens.bad()
        members.append((member, _type(tokens, depth)))
        if tokens.peek() != ",":
            return Struct(tuple(members))
        tokens.mark(",")
