"""What can go wrong with the local target as a whole, for its command line.

PipelineError
├── UsageError
│   └── HomeNotUsable        the directory for the target cannot be made or written
└── CouldNotRun
    ├── PortInUse            the port that was asked for is taken
    ├── TargetDidNotStart    the control plane ended, or did not answer, at start
    └── TargetBusy           another start or stop of the same target is under way
"""

from __future__ import annotations

from console import CouldNotRun, UsageError


class HomeNotUsable(UsageError):
    """The directory for the target cannot be made or written."""


class PortInUse(CouldNotRun):
    """The port that was asked for is taken."""


class TargetDidNotStart(CouldNotRun):
    """The control plane ended, or did not answer in time, while it was being started."""


class TargetBusy(CouldNotRun):
    """Another start or stop of the same target is under way."""
