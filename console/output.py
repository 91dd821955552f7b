"""One way to say things: text for people (rich), JSON lines for machines, behind one small interface.

Results go to standard output; notices and errors go to standard error, so that JSON can be piped.
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from console.errors import PipelineError

_UNBOUNDED_COLUMNS = 250


@dataclass(frozen=True)
class Column:
    """A column whose key for machines is not its heading for people; without a heading it is for machines alone."""

    key: str
    heading: str | None


class Output(ABC):
    """Where a command says what it found. Each method may be called any number of times."""

    @abstractmethod
    def notice(self, message: str) -> None:
        """Progress or context, one line; never part of the result."""

    @abstractmethod
    def result(self, name: str, value: Mapping[str, Any], text: str | None = None) -> None:
        """One named result: `value` for machines, `text` for people (made from `value` where absent)."""

    @abstractmethod
    def table(self, name: str, columns: Sequence[str | Column], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
        """One named table: an object a row for machines, aligned columns for people. A plain string is key and heading."""

    @abstractmethod
    def error(self, error: PipelineError) -> None:
        """Why the command ends without its result."""


class TextOutput(Output):
    """For people: plain lines and aligned tables, coloured only on a terminal."""

    def __init__(self) -> None:
        # A pipe or a file has no width; rich would fold at 80 columns there.
        width = None if sys.stdout.isatty() else _UNBOUNDED_COLUMNS
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True, markup=False, width=width)
        self._err = Console(file=sys.stderr, highlight=False, soft_wrap=True, markup=False)

    def notice(self, message: str) -> None:
        self._err.print(message)

    def result(self, name: str, value: Mapping[str, Any], text: str | None = None) -> None:
        self._out.print(text if text is not None else "\n".join(f"{key}: {_plain(item)}" for key, item in value.items()))

    def table(self, name: str, columns: Sequence[str | Column], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
        drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        shown = [(index, heading) for index, column in enumerate(columns) if (heading := _heading(column)) is not None]
        for index, heading in shown:
            numeric = bool(rows) and all(isinstance(row[index], (int, float)) or row[index] is None for row in rows)
            drawn.add_column(heading, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            drawn.add_row(*(_plain(row[index]) for index, _ in shown))
        self._out.print(drawn)

    def error(self, error: PipelineError) -> None:
        self._err.print(str(error))


class JsonOutput(Output):
    """For machines: one JSON object a line on standard output, notices and errors as objects on standard error."""

    def notice(self, message: str) -> None:
        _write(sys.stderr, {"notice": message})

    def result(self, name: str, value: Mapping[str, Any], text: str | None = None) -> None:
        _write(sys.stdout, {"result": name, **value})

    def table(self, name: str, columns: Sequence[str | Column], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
        keys = [column.key if isinstance(column, Column) else column for column in columns]
        _write(sys.stdout, {"result": name, "rows": [dict(zip(keys, row, strict=True)) for row in rows]})

    def error(self, error: PipelineError) -> None:
        _write(sys.stderr, {"error": error.message, "advice": list(error.advice), "exit_code": int(error.exit_code)})


def _heading(column: str | Column) -> str | None:
    return column.heading if isinstance(column, Column) else column


def _write(stream: Any, value: Mapping[str, Any]) -> None:
    stream.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
    stream.flush()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value)
