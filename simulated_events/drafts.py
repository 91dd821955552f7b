"""One event being made: its identity, its time, its numbers, and its document. Classes turn a draft into bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from manifest.identity import Identity, explicit_user, tagged_name, token, white_space
from simulated_events.content import EPOCH, Content, put

T = TypeVar("T")
TRACE = "sim_trace"
"""The field that spells out the identity of an event that is not plain; the transform ignores it as it does all others."""


@dataclass(frozen=True)
class Draft:
    """An event as it would be if it were plain, and what a class needs to make it something else."""

    content: Content
    identity: Identity
    event_us: int
    """The event time, lateness included: microseconds since 1970 UTC."""
    ranks: list[int]
    variant: int
    """A large number that is this event's own; `variant % n` picks one of n forms."""
    earliest_event_date: str | None
    """The first date that the transform accepts; None where its window rolls."""

    @property
    def time(self) -> str:
        """The event time as plain events have it: UTC, six digits, `Z`."""
        return f"{self.second()}.{self.event_us % 1_000_000:06d}Z"

    def second(self, offset_minutes: int = 0) -> str:
        """The event time to the second, without zone, as a clock shows it that is so many minutes ahead of UTC."""
        local = EPOCH + timedelta(seconds=self.event_us // 1_000_000, minutes=offset_minutes)
        return local.strftime("%Y-%m-%dT%H:%M:%S") if local.year > 999 else local.isoformat()[:19]

    @property
    def token(self) -> str:
        return token(self.identity)

    @property
    def white_space(self) -> bytes:
        return white_space(self.identity)

    def plain(self, time: Any = None) -> dict[str, Any]:
        """The document without a trace. A `time` that is given stands in place of the event's."""
        return self.content.document(self.ranks, self.time if time is None else time)

    def traced(self, time: Any = None) -> dict[str, Any]:
        """The document with its trace as the first field."""
        return {TRACE: self.token, **self.plain(time)}

    def explicit(self, time: str) -> dict[str, Any]:
        """The document with the identity as its user id, for a time that cannot tell it."""
        document = self.traced(time)
        put(document, self.path("user_id"), explicit_user(self.identity))
        return document

    def path(self, column: str) -> tuple[str, ...]:
        """Where a column's value is, one that the content is known to have."""
        return self.content.paths[column]

    def tag_name(self, document: dict[str, Any]) -> None:
        """Put the run's tag into the event's name, where nothing else is left to carry it."""
        path = self.path("event_name")
        put(document, path, tagged_name(self.identity.run, str(get(document, path))))

    def pick(self, *forms: T) -> T:
        """One of some forms, by the event's own number."""
        return forms[self.variant % len(forms)]


def get(document: Any, path: tuple[str, ...]) -> Any:
    """What is at a path; None where something on the way is absent."""
    for part in path:
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


def drop(document: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove what is at a path."""
    for part in path[:-1]:
        document = document[part]
    del document[path[-1]]


def encode(document: Any) -> bytes:
    """A document as compact JSON in UTF-8."""
    return msgspec.json.encode(document)
