"""The room's exceptions. What goes wrong on the way to Kafka is `kafka_access`'s.

PipelineError
├── UsageError
│   ├── ScenarioError        a scenario file, or a share on the command line, cannot be used
│   └── RunExists            a run of that tag has a manifest already
├── CheckFailed
│   ├── RateNotHeld          the rate asked for was not reached
│   └── NotAllAcknowledged   Kafka did not acknowledge everything
└── CouldNotRun
    └── WorkerDied           a sending process ended on its own
"""

from __future__ import annotations

from console import CheckFailed, CouldNotRun, UsageError


class ScenarioError(UsageError):
    """A scenario file, or a share on the command line, cannot be used."""


class RunExists(UsageError):
    """A run of that tag has a manifest already, which a second one would overwrite."""


class RateNotHeld(CheckFailed):
    """The rate asked for was not reached."""


class NotAllAcknowledged(CheckFailed):
    """Kafka did not acknowledge everything that was sent."""


class WorkerDied(CouldNotRun):
    """A sending process ended on its own."""
