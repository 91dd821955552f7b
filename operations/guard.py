"""What stands before a command that touches a stack: which account, which region, and whether to go on.

On AWS every command shows both and asks. On the laptop nothing is asked, save before a destroy. `--yes` answers for
machines; without it and without a terminal the answer is no. Production's destroy wants the environment's name typed,
which `--yes` does not do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import botocore.exceptions

from console import Output
from operations.deployment import Deployment, Target
from operations.errors import AccountNotReached, NotConfirmed, WrongAccount

NAME_TYPED = frozenset({"prod"})
"""Environments whose destroy wants their name."""


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


@dataclass(frozen=True)
class Consent:
    """What the owner said on the command line, and how to ask for more."""

    yes: bool = False
    name: str | None = None
    """`--confirm NAME`: an environment's name, typed."""
    terminal: bool = False
    ask: Callable[[str], str] = _ask

    @staticmethod
    def of(*, yes: bool, name: str | None = None) -> Consent:
        """Consent of this process: it can ask if its standard input is a terminal."""
        return Consent(yes, name, sys.stdin is not None and sys.stdin.isatty())


@dataclass(frozen=True)
class Identity:
    """Whose credentials these are (sts:GetCallerIdentity)."""

    account: str
    arn: str


def identity(deployment: Deployment) -> Identity:
    """The account that a command would work on.

    Raises:
        AccountNotReached: there are no credentials, or AWS refused them, or did not answer.
    """
    advice = "Check with `aws sts get-caller-identity`."
    try:
        said = deployment.session().client("sts").get_caller_identity()
    except botocore.exceptions.NoCredentialsError:
        raise AccountNotReached(
            f"There are no AWS credentials, and ENV={deployment.environment} is on AWS.",
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or work on the laptop: TARGET=local.",
        ) from None
    except botocore.exceptions.ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        raise AccountNotReached(f"AWS refused the credentials ({code}): {message}", advice) from error
    except botocore.exceptions.BotoCoreError as error:
        raise AccountNotReached(f"AWS could not be asked which account this is: {error}", advice) from error
    return Identity(str(said["Account"]), str(said["Arn"]))


def admit(deployment: Deployment, command: str, consent: Consent, output: Output) -> None:
    """Let a command touch the stack: on AWS, show account and region, and ask.

    Raises:
        AccountNotReached, WrongAccount: as they say.
        NotConfirmed: the owner said no, or there is no terminal to ask at and no `--yes`.
    """
    if deployment.target is not Target.AWS:
        return
    found = identity(deployment)
    expected = deployment.expected_account
    if expected and expected != found.account:
        raise WrongAccount(
            f"ENV={deployment.environment} belongs to account {expected}, and the credentials are of {found.account} ({found.arn}).",
            f"Use credentials of {expected}, or correct account_id in {deployment.variables_file}.",
        )
    output.notice(
        f"{command}: environment {deployment.environment} on AWS, account {found.account}, region {deployment.region}, as {found.arn}."
    )
    agree(f"`{command}` on AWS", consent)


def agree(what: str, consent: Consent) -> None:
    """Ask whether to go on, unless `--yes` said so.

    Raises:
        NotConfirmed: the answer is anything but yes.
    """
    if consent.yes:
        return
    if not consent.terminal:
        raise NotConfirmed(f"{what} asks first, and there is no terminal to ask at.", "Say --yes (make: YES=1) if you mean it.")
    if consent.ask("Go on? Only `yes` goes on: ").strip().lower() != "yes":
        raise NotConfirmed("Nothing was done.")


def agree_to_destroy(deployment: Deployment, consent: Consent) -> None:
    """Ask before a destroy; for production, for the environment's name.

    Raises:
        NotConfirmed: the answer is anything but yes, or the name is not the environment's.
    """
    name = deployment.environment
    if name not in NAME_TYPED:
        return agree("`destroy`", consent)
    if consent.name is None and not consent.terminal:
        raise NotConfirmed(
            f"Destroying {name} wants its name typed, and there is no terminal to ask at.", f"Say --confirm {name} (make: CONFIRM={name})."
        )
    typed = consent.name if consent.name is not None else consent.ask(f"Type the environment's name to destroy {name}: ").strip()
    if typed != name:
        raise NotConfirmed(f"That is not {name!r}. Nothing was done.")
    return None
