"""The room's exceptions.

PipelineError
├── UsageError
│   └── NoSuchEvent          the run's plan has no such worker or index
└── CouldNotRun
    └── SchemaNotCovered     the schema lacks a column that identity needs
"""

from __future__ import annotations

from console import CouldNotRun, UsageError


class NoSuchEvent(UsageError):
    """The run's plan has no such worker or index."""


class SchemaNotCovered(CouldNotRun):
    """The schema lacks a column that an event's identity is read from."""
