"""Reads one structure of an AWS description and notices every field that nobody read.

A field that the data plane does not know must be refused by name, never ignored: `Reader.finish` does that, so that a
new field of the API cannot slip through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_aws.firehose.errors import NotSupportedLocally, RefusedByAws


class Reader:
    """One structure and the path to it, as AWS spells it."""

    def __init__(self, value: Mapping[str, Any], path: str) -> None:
        self._value = value
        self.path = path
        self._read: set[str] = set()

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> Any:
        """The field as it is; None where it is absent."""
        self._read.add(name)
        return self._value.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A string that must be there unless it has a default."""
        value = self.raw(name)
        if value is None or value == "":
            if default is None:
                raise RefusedByAws(self.at(name), value, "a value is required.")
            return default
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.raw(name)
        return default if value is None else value is True or str(value).lower() == "true"

    def whole(self, name: str, default: int) -> int:
        value = self.raw(name)
        return default if value is None else int(value)

    def choice(self, name: str, supported: Sequence[str], default: str, why: str) -> str:
        """One of `supported`; anything else is refused with `why`."""
        value = self.text(name, default)
        if value not in supported:
            raise NotSupportedLocally(self.at(name), value, f"{why} Use {' or '.join(supported)}.")
        return value

    def child(self, name: str) -> Reader | None:
        """A nested structure, or None where it is absent."""
        value = self.raw(name)
        return None if value is None else Reader(value, self.at(name))

    def children(self, name: str) -> Iterator[Reader]:
        """The structures of a list."""
        for index, value in enumerate(self.raw(name) or ()):
            yield Reader(value, f"{self.at(name)}[{index}]")

    def ignore(self, *names: str) -> None:
        """Fields that say nothing about delivery."""
        self._read.update(names)

    def refuse(self, name: str, why: str) -> None:
        """Refuse a field that is there, by name."""
        value = self.raw(name)
        if value not in (None, "", {}, []):
            raise NotSupportedLocally(self.at(name), value, why)

    def finish(self) -> None:
        """Refuse whatever was not read."""
        for name, value in self._value.items():
            if name not in self._read and value not in (None, "", {}, []):
                raise NotSupportedLocally(self.at(name), value, "the local data plane does not know this field.")
