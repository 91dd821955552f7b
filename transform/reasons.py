"""Why an event is refused: a closed set, in the order in which the transform decides."""

from __future__ import annotations

from enum import Enum

import msgspec

from schema import Schema


class Kind(Enum):
    """The kinds of reasons, in the order of the decisions; the first that applies is the reason."""

    EMPTY_VALUE = "empty_value"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_TIMESTAMP = "missing_timestamp"
    BAD_TIMESTAMP = "bad_timestamp"
    TIMESTAMP_OUT_OF_RANGE = "timestamp_out_of_range"
    WRONG_TYPE = "wrong_type"
    """Of the event's time this is decided before `bad_timestamp`, of any other field last."""


class Rejection(msgspec.Struct, frozen=True):
    """An event that cannot become a row."""

    kind: Kind
    path: str | None = None
    """Of `wrong_type`: the dotted input path of the field, or of the parent that is no object."""

    @property
    def reason(self) -> str:
        """The reason as it is logged and reported, e.g. `wrong_type:user_identifiers.id`."""
        return self.kind.value if self.path is None else f"{self.kind.value}:{self.path}"


def reasons(schema: Schema) -> tuple[str, ...]:
    """Every reason that the transform can give for events of this schema."""
    paths: dict[str, None] = {}
    for field in schema.fields:
        for depth in range(1, len(field.path) + 1):
            paths[".".join(field.path[:depth])] = None
    plain = tuple(kind.value for kind in Kind if kind is not Kind.WRONG_TYPE)
    return (*plain, *(Rejection(Kind.WRONG_TYPE, path).reason for path in paths))
