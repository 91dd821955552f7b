"""Errors of the data plane; the type says what follows, never the message.

FirehoseError                  the stream cannot go on
├── NotSupportedLocally        configuration that this target refuses by name
│   └── RefusedByAws           configuration that AWS refuses as well
├── CannotStart                creation fails for good: CREATING_FAILED
├── Suspended                  the topic is gone or another one: SUSPENDED, until the stream is replaced
└── NotYet                     a part does not answer; try again
"""

from __future__ import annotations

from console import CouldNotRun


class FirehoseError(CouldNotRun):
    """The root of this room's errors."""


class NotSupportedLocally(FirehoseError):
    """A field of the configuration has a value that the local target does not implement."""

    def __init__(self, path: str, value: object, why: str) -> None:
        shown = f" {value!r}" if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
        super().__init__(f"{path}{shown} is not supported by the local target: {why}")
        self.path = path
        self.value = value
        self.why = why


class RefusedByAws(NotSupportedLocally):
    """A configuration that breaks one of Firehose's own rules."""

    def __init__(self, path: str, value: object, why: str) -> None:
        super().__init__(path, value, why)
        self.message = f"{path} is {value!r}: {why}"
        self.args = (self.message,)


class CannotStart(FirehoseError):
    """The stream cannot be created; `failure_type` is one of the API's DeliveryStreamFailureType."""

    def __init__(self, details: str, *advice: str, failure_type: str = "UNKNOWN_ERROR") -> None:
        super().__init__(details, *advice)
        self.failure_type = failure_type


class Suspended(FirehoseError):
    """The stream cannot continue and must be deleted and created again."""


class NotYet(FirehoseError):
    """Something that may come back is away."""
