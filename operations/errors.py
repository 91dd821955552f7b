"""What can go wrong when an owner works on a stack.

CouldNotRun (console)
├── MissingPrerequisites   programs that must be installed first, one sentence each
├── AccountNotReached      AWS did not say whose credentials these are, or there are none
├── WrongAccount           the credentials are of another account than the environment's
├── HoldsData              what is to be destroyed holds data that destroy cannot take along
├── TargetNotRunning       there is no local target to work on
└── TerraformFailed        terraform ended with an error; its own words are in the advice
    ├── StateBucketMissing     the bucket of the state is not there, or not ours
    └── StateLocked            somebody else changes the stack now, or was killed while at it
CheckFailed (console)
└── StepFailed             a step of the demo ran and did not hold
UsageError (console)
└── NotConfirmed           a command that asks first was not allowed to go on
"""

from __future__ import annotations

from console import CheckFailed, CouldNotRun, UsageError


class MissingPrerequisites(CouldNotRun):
    """One or more programs are not installed, or too old."""


class AccountNotReached(CouldNotRun):
    """It is not known which account the commands would work on."""


class WrongAccount(CouldNotRun):
    """The credentials are of an account that the environment does not belong to."""


class HoldsData(CouldNotRun):
    """A destroy would stop half-way, at something that is not empty."""


class TargetNotRunning(CouldNotRun):
    """The local target is not running."""


class TerraformFailed(CouldNotRun):
    """Terraform ended with an error."""


class StateBucketMissing(TerraformFailed):
    """The bucket of the state is not there."""


class StateLocked(TerraformFailed):
    """The state is locked by another run of terraform."""


class StepFailed(CheckFailed):
    """A step of the demo did not hold."""


class NotConfirmed(UsageError):
    """The owner did not agree, or could not be asked."""
