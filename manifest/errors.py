"""The room's exceptions.

PipelineError
├── UsageError
│   └── ManifestError        a manifest file cannot be read as one
└── CouldNotRun
    └── ManifestNotWritten   the disk took no more, or the place cannot be written
"""

from __future__ import annotations

from console import CouldNotRun, UsageError


class ManifestError(UsageError):
    """A manifest file cannot be read as one: absent, half-written, of a newer format, or not a manifest."""


class ManifestNotWritten(CouldNotRun):
    """A manifest could not be written; the last one that was written is still whole."""
