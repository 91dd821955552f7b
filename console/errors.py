"""The exception tree's root and the exit codes; the tree is drawn in `console/__init__.py`."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means, the same in every command."""

    PASS = 0
    CHECK_FAILED = 1
    USAGE = 2
    COULD_NOT_RUN = 3


class PipelineError(Exception):
    """A failure that a person can act on.

    `message` says what and where in one sentence; each of `advice` is one line on why or what to do.
    """

    exit_code = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, *advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return "\n  ".join((self.message, *self.advice))


class CheckFailed(PipelineError):
    """A check ran to its end and the answer was no."""

    exit_code = ExitCode.CHECK_FAILED


class UsageError(PipelineError):
    """The command line, or a file that the user wrote, cannot be used as it is."""

    exit_code = ExitCode.USAGE


class CouldNotRun(PipelineError):
    """Something that the command needs is absent or broken, so there is no verdict."""

    exit_code = ExitCode.COULD_NOT_RUN
