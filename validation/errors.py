"""What can stop the validation from reaching a verdict.

CouldNotRun (console)
├── StorageRefused        S3 did not answer, or refused the listing of a prefix
└── ObjectUnavailable     one object could not be fetched: no permission, gone, or replaced meanwhile
CheckFailed (console)
└── QueryFailed           an object that the query reads is broken
UsageError (console)
└── WrongQuery            the SQL is wrong, or asks for what the lake's database does not do
"""

from __future__ import annotations

from console import CheckFailed, CouldNotRun, UsageError


class StorageRefused(CouldNotRun):
    """S3 did not answer, or refused; without a listing there is no verdict."""


class ObjectUnavailable(CouldNotRun):
    """One object could not be fetched. The others are still checked; this one counts as not checked."""


class QueryFailed(CheckFailed):
    """The query did not run to its end; the message says why."""


class WrongQuery(UsageError):
    """The SQL is wrong, in the words of the database."""
