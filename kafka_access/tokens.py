"""Tokens for MSK's IAM access control: signed with AWS credentials by aws-msk-iam-sasl-signer, good for 15 minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import CredentialProvider, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from kafka_access.errors import NoCredentials

CredentialSource = Callable[[], ReadOnlyCredentials]
"""Gives the credentials of this moment; refreshed ones each time where they are temporary."""

USED_SECONDS = 600.0
"""A token is used for ten of its fifteen minutes: botocore renews temporary credentials when ten are left, and a token
is worth no more than the credentials that signed it."""


@dataclass(frozen=True)
class Token:
    """A signed token and until when to use it, in seconds since 1970."""

    text: str
    use_until: float


def environment_credentials() -> CredentialSource:
    """Credentials as the AWS SDK finds them: environment, profile, role of the machine."""
    return _from(botocore.session.get_session())


def session_credentials(session: boto3.session.Session) -> CredentialSource:
    """The credentials of one boto3 session."""
    return _from(session)


def sign(region: str, credentials: CredentialSource) -> Token:
    """Sign a token for the clusters of one region.

    Raises:
        NoCredentials: there are none, or they could not be refreshed.
    """
    text, expires_ms = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(region, _Given(credentials()))
    return Token(text, min(expires_ms / 1000, time.time() + USED_SECONDS))


class _Given(CredentialProvider):
    """Credentials in the shape that the signer takes."""

    def __init__(self, credentials: ReadOnlyCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials


def _from(session: botocore.session.Session | boto3.session.Session) -> CredentialSource:
    def now() -> ReadOnlyCredentials:
        try:
            found = session.get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        except BotoCoreError as error:
            raise NoCredentials(f"kafka: AWS credentials for an IAM token could not be had: {error}") from error
        if frozen is None:
            raise NoCredentials(
                "kafka: there are no AWS credentials to sign an IAM token with.",
                "On AWS set a profile or AWS_ACCESS_KEY_ID; for the local target load `.local/env`.",
            )
        return frozen

    return now
