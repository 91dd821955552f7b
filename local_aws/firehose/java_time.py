"""Patterns of java.time.format.DateTimeFormatter, as far as they depend on nothing but the instant and its zone.

Firehose evaluates `!{timestamp:...}` with them (developer guide, "Understand custom prefixes for Amazon S3 objects").
Fields that depend on a locale's week (`Y`, `w`, `W`, `e`, `c`, `F`) are refused rather than guessed: `YYYY` is the
week-based year, and the wrong folder in the last days of December.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LOCALE_WEEK = "YwWecF"


class BadPattern(ValueError):
    """The pattern cannot be used; the text says why."""


def compile_pattern(pattern: str) -> Callable[[datetime], str]:
    """Return a function that formats an aware instant, or raise `BadPattern`."""
    parts: list[Callable[[datetime], str]] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "'":
            text, index = _quoted(pattern, index)
            parts.append(_literal(text))
        elif character.isascii() and character.isalpha():
            end = index
            while end < len(pattern) and pattern[end] == character:
                end += 1
            parts.append(_field(character, end - index))
            index = end
        elif character in "{}#":
            raise BadPattern(f"the character {character!r} is reserved in a DateTimeFormatter pattern")
        else:
            if character not in "[]":  # marks of optional sections, which print as if they were not there
                parts.append(_literal(character))
            index += 1
    return lambda instant: "".join(part(instant) for part in parts)


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    if pattern.startswith("''", start):
        return "'", start + 2
    text, index = "", start + 1
    while index < len(pattern):
        if pattern[index] != "'":
            text, index = text + pattern[index], index + 1
        elif pattern.startswith("''", index):
            text, index = text + "'", index + 2
        else:
            return text, index + 1
    raise BadPattern("a quoted literal has no end")


def _literal(text: str) -> Callable[[datetime], str]:
    return lambda _instant: text


def _field(letter: str, width: int) -> Callable[[datetime], str]:
    if letter in "yu":
        return (lambda t: f"{t.year % 100:02d}") if width == 2 else (lambda t: f"{t.year:0{width}d}")
    if letter in "ML":
        return _names(width, lambda t: t.month, _MONTHS)
    if letter == "E":
        return _text(width, lambda t: _DAYS[t.weekday()])
    if letter == "S":
        return lambda t: f"{t.microsecond * 1000:09d}".ljust(width, "0")[:width]
    if letter in _NUMBERS:
        number = _NUMBERS[letter]
        return lambda t: f"{number(t):0{width}d}"
    if letter in _OTHERS:
        return _OTHERS[letter](width)
    if letter in _LOCALE_WEEK:
        raise BadPattern(f"{letter * width!r} is a week field that depends on a locale; the year is 'yyyy', the day 'dd'")
    raise BadPattern(f"the pattern letter {letter!r} is not known")


def _names(width: int, number: Callable[[datetime], int], names: tuple[str, ...]) -> Callable[[datetime], str]:
    if width <= 2:
        return lambda t: f"{number(t):0{width}d}"
    return _text(width, lambda t: names[number(t) - 1])


def _text(width: int, name: Callable[[datetime], str]) -> Callable[[datetime], str]:
    if width <= 3:
        return lambda t: name(t)[:3]
    return name if width == 4 else lambda t: name(t)[:1]


def _offset(width: int, zero: str, colon: bool) -> Callable[[datetime], str]:
    def text(instant: datetime) -> str:
        offset = instant.utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset else 0
        if minutes == 0 and zero:
            return zero
        hours, rest = divmod(abs(minutes), 60)
        sign = "-" if minutes < 0 else "+"
        if width == 1 and not colon and rest == 0:
            return f"{sign}{hours:02d}"
        return f"{sign}{hours:02d}{':' if colon else ''}{rest:02d}"

    return text


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "d": lambda t: t.day,
    "D": lambda t: t.timetuple().tm_yday,
    "H": lambda t: t.hour,
    "k": lambda t: t.hour or 24,
    "K": lambda t: t.hour % 12,
    "h": lambda t: t.hour % 12 or 12,
    "m": lambda t: t.minute,
    "s": lambda t: t.second,
    "n": lambda t: t.microsecond * 1000,
    "N": lambda t: ((t.hour * 60 + t.minute) * 60 + t.second) * 1_000_000_000 + t.microsecond * 1000,
    "A": lambda t: ((t.hour * 60 + t.minute) * 60 + t.second) * 1000 + t.microsecond // 1000,
}

_OTHERS: dict[str, Callable[[int], Callable[[datetime], str]]] = {
    "a": lambda _w: lambda t: "AM" if t.hour < 12 else "PM",
    "G": lambda w: lambda _t: "Anno Domini" if w == 4 else ("A" if w == 5 else "AD"),
    "Q": lambda w: lambda t: f"{(t.month + 2) // 3:0{w}d}" if w <= 2 else f"Q{(t.month + 2) // 3}",
    "q": lambda w: lambda t: f"{(t.month + 2) // 3:0{w}d}" if w <= 2 else f"Q{(t.month + 2) // 3}",
    "V": lambda _w: lambda t: str(t.tzinfo),
    "z": lambda _w: lambda t: t.tzname() or "",
    "x": lambda w: _offset(w, "", w in (3, 5)),
    "X": lambda w: _offset(w, "Z", w in (3, 5)),
    "Z": lambda w: _offset(w + 1, "Z" if w == 5 else "", w == 5),
}
