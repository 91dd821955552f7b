"""The exceptions of this package; the tree is drawn in `lint/__init__.py`."""

from __future__ import annotations

from console import CheckFailed, CouldNotRun


class Stale(CheckFailed):
    """A README's generated part differs from what its module says."""


class Findings(CheckFailed):
    """A linter found something."""


class NotWritten(CouldNotRun):
    """A module has no README, or one without the markers that its tables go between."""


class MissingTool(CouldNotRun):
    """A linter is not installed and could not be had."""
