"""What can go wrong when an owner works on a stack.

CouldNotRun (console)
├── MissingPrerequisites   programs that must be installed first, one sentence each
├── TerraformFailed        terraform ended with an error; its own words are in the advice
└── TargetNotRunning       there is no local target to work on
CheckFailed (console)
└── StepFailed             a step of the demo ran and did not hold
"""

from __future__ import annotations

from console import CheckFailed, CouldNotRun


class MissingPrerequisites(CouldNotRun):
    """One or more programs are not installed, or too old."""


class TerraformFailed(CouldNotRun):
    """Terraform ended with an error."""


class TargetNotRunning(CouldNotRun):
    """The local target is not running."""


class StepFailed(CheckFailed):
    """A step of the demo did not hold."""
