"""What the OpenX JSON SerDe makes of one JSON value for one column type, inside Firehose.

Documented ("Convert input data format", API OpenXJsonSerDe): keys are folded to lower case unless CaseInsensitive is
false, dots may become underscores, unknown fields are left out. Measured by others on AWS: strings are parsed into
numbers, a lone value for an array is wrapped into one, an array fills a struct by position, an object for a string
keeps its JSON text with folded keys, map keys are folded, a missing or null value is NULL, `{}` for a struct is a
struct of NULLs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, InvalidOperation, localcontext
from decimal import Decimal as Number
from typing import Any

import msgspec

from local_aws.firehose import timestamps
from local_aws.firehose.hive_types import Array, Decimal, HiveType, Integer, Map, Plain, Struct, Text

Coerce = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?\d{1,25}", re.ASCII)
_encode = msgspec.json.Encoder().encode


class Mismatch(ValueError):
    """The value does not fit the column; the text ends the error message."""


def fold(value: Any, key: Callable[[str], str]) -> Any:
    """The value with every key at every depth folded; of keys that fold to one, the last wins (AWS: unknown)."""
    if isinstance(value, dict):
        return {key(name): fold(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [fold(item, key) for item in value]
    return value


def coercion(kind: HiveType) -> Coerce:
    """A function from a JSON value, keys folded, to a value for pyarrow; it raises `Mismatch`."""
    inner = _of(kind)

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        try:
            return inner(value)
        except Mismatch:
            raise
        except (ValueError, OverflowError, InvalidOperation, TypeError) as error:
            raise Mismatch(str(error) or f'For input string: "{value}"') from error

    return coerce


def _of(kind: HiveType) -> Coerce:  # noqa: PLR0911 - one branch a type
    match kind:
        case Plain(name):
            return _PLAIN[name]
        case Integer(bits):
            return _integer(bits)
        case Text(length):
            return lambda value: _text(value)[:length]
        case Decimal(precision, scale):
            return _decimal(precision, scale)
        case Array(items):
            item = coercion(items)
            return lambda value: [item(one) for one in value] if isinstance(value, list) else [item(value)]
        case Map(key, value_type):
            return _map(coercion(key), coercion(value_type))
        case Struct(members):
            return _struct([(name, coercion(member)) for name, member in members])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _encode(value).decode()


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Mismatch(f'For input string: "{_text(value)}"')


def _integer(bits: int) -> Coerce:
    limit = 2 ** (bits - 1)

    def integer(value: Any) -> int:
        if isinstance(value, str):
            if not _INTEGER.fullmatch(value):
                raise Mismatch(f'For input string: "{value}"')
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
            raise Mismatch(f'For input string: "{_text(value)}"')
        return value

    return integer


def _floating(largest: float) -> Coerce:
    def floating(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Mismatch(f'For input string: "{_text(value)}"')
        number = float(value)
        if not math.isfinite(number) or abs(number) > largest or (isinstance(value, str) and "_" in value):
            raise Mismatch(f'For input string: "{value}"')
        return number

    return floating


def _decimal(precision: int, scale: int) -> Coerce:
    step, limit = Number(1).scaleb(-scale), Number(10) ** (precision - scale)

    def decimal(value: Any) -> Number:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Mismatch(f'For input string: "{_text(value)}"')
        number = Number(str(value))
        if not number.is_finite() or (number and number.adjusted() >= precision - scale):
            raise Mismatch(f'For input string: "{value}"')
        with localcontext(prec=100):
            rounded = number.quantize(step, ROUND_HALF_UP) if number.adjusted() > -100 else Number(0).quantize(step)
        if abs(rounded) >= limit:
            raise Mismatch(f'For input string: "{value}"')
        return rounded

    return decimal


def _map(key: Coerce, item: Coerce) -> Coerce:
    def mapping(value: Any) -> list[tuple[Any, Any]]:
        if not isinstance(value, Mapping):
            raise Mismatch(f"Data is not JSONObject  but {_java(value)} with value {_text(value)}")
        return [(key(name), item(one)) for name, one in value.items()]

    return mapping


def _struct(members: list[tuple[str, Coerce]]) -> Coerce:
    def structure(value: Any) -> dict[str, Any]:
        if isinstance(value, list):
            filled = [*value, *([None] * len(members))]
            return {name: coerce(filled[index]) for index, (name, coerce) in enumerate(members)}
        if not isinstance(value, Mapping):
            raise Mismatch(f"Data is not JSONObject  but {_java(value)} with value {_text(value)}")
        return {name: coerce(value.get(name)) for name, coerce in members}

    return structure


def _java(value: Any) -> str:
    names = {str: "java.lang.String", bool: "java.lang.Boolean", int: "java.lang.Long", float: "java.lang.Double"}
    return names.get(type(value), "org.openx.data.jsonserde.json.JSONArray")


_PLAIN: dict[str, Coerce] = {
    "string": _text,
    "boolean": _boolean,
    "float": _floating(3.4028234663852886e38),
    "double": _floating(math.inf),
    "date": timestamps.day,
    "timestamp": timestamps.nanoseconds,
}
