"""What can go wrong while a zip is built.

PipelineError
├── UsageError
│   ├── UnknownPackage              no function of that name
│   └── UnknownTarget               no such runtime or architecture
└── CouldNotRun
    ├── SourceMissing               the function's code is not where the table says
    └── DependenciesNotInstalled    pip could not fetch the pinned wheels
"""

from __future__ import annotations

from console import CouldNotRun, UsageError


class UnknownPackage(UsageError):
    """No function of that name in the table."""


class UnknownTarget(UsageError):
    """A runtime or an architecture that Lambda, or this project, does not have."""


class SourceMissing(CouldNotRun):
    """The function's code is not where the table says."""


class DependenciesNotInstalled(CouldNotRun):
    """pip could not fetch the pinned wheels."""
