"""JSON exactly as RFC 8259 has it, for values of which the fast way is not sure.

The standard library's parser takes more than JSON (NaN, lone surrogate escapes), has limits of its own (digits of
an integer, depth that differs between Python versions) and cannot tell "too deep" from "not JSON". So the depth is
counted first; a text that may be too deep is checked by a scanner that needs no stack.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
"""Levels of objects and arrays, the outermost counted. Fixed here, so that every Python version and every caller's
stack gives the same answer."""

_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F])|.)", re.DOTALL)
_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(rf"[ \t\n\r]*(?:(?P<string>{_STRING})|(?P<scalar>{_NUMBER}|true|false|null)|(?P<mark>[{{}}\[\],:])|(?P<end>\Z))")


class NotJson(ValueError):
    """The text is not one JSON value."""


class TooDeep(ValueError):
    """The text is JSON, nested deeper than MAX_DEPTH."""


class Integer(str):
    """An integer literal, unconverted, for it may be of any length."""

    __slots__ = ()


class Decimal(str):
    """A literal with a fraction or an exponent, unconverted, for it may be beyond any float."""

    __slots__ = ()


def parse(text: str) -> Any:
    """The value of a JSON text; numbers stay literals, of a repeated key the last wins.

    Raises:
        NotJson, TooDeep
    """
    if any(escape.lastgroup for escape in _ESCAPE.finditer(text)):
        raise NotJson("lone surrogate escape")
    if text.count("{") + text.count("[") > MAX_DEPTH and depth(text) > MAX_DEPTH:
        raise TooDeep(f"deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(text, parse_int=Integer, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:
        raise NotJson(str(error)) from None


def _refuse(name: str) -> NoReturn:
    raise NotJson(f"{name} is not JSON")


def depth(text: str) -> int:
    """How deep a JSON text is nested; 0 for a bare scalar. Takes no stack, so it takes any depth.

    Raises:
        NotJson
    """
    open_marks: list[str] = []
    deepest = 0
    position = 0
    expects = "value"
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotJson(f"at character {position}")
        position = match.end()
        token = match["mark"] or match.lastgroup or ""
        if token == "end" and expects == "end":
            return deepest
        if token in ("{", "["):
            _require(expects in ("value", "value or ]"), position)
            open_marks.append(token)
            deepest = max(deepest, len(open_marks))
            expects = "key or }" if token == "{" else "value or ]"
        elif token in ("}", "]"):
            _require(expects in (f"key or {token}", f"value or {token}", f", or {token}"), position)
            open_marks.pop()
            expects = _after_a_value(open_marks)
        elif token == ",":
            _require(expects in (", or }", ", or ]"), position)
            expects = "key" if expects == ", or }" else "value"
        elif token == ":":
            _require(expects == ":", position)
            expects = "value"
        elif token == "string" and expects in ("key", "key or }"):
            expects = ":"
        else:
            _require(token in ("string", "scalar") and expects in ("value", "value or ]"), position)
            expects = _after_a_value(open_marks)


def _after_a_value(open_marks: list[str]) -> str:
    if not open_marks:
        return "end"
    return ", or }" if open_marks[-1] == "{" else ", or ]"


def _require(fits: bool, position: int) -> None:
    if not fits:
        raise NotJson(f"at character {position}")
