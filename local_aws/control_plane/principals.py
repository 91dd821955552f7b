"""Who a key belongs to: the root key of this start, keys of local AWS services, and keys that moto issued.

The broker's token check and the call log both ask here. Nothing is enforced here: a request with an unknown key is
still served, as moto does, and logged as `unknown`.
"""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends

ACCOUNT_ID = "123456789012"
PARTITION = "aws"
_KEY_ALPHABET = string.ascii_uppercase + "234567"
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True)
class Credential:
    """One access key, its secret, and the principal that signs with it."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    principal: str
    """What the call log says: `root`, a service's name, or the ARN of a user or of an assumed role's session."""
    principal_arn: str
    expires: datetime | None


class Principals:
    """All keys that this target knows, by access key id. Safe to use from many threads."""

    def __init__(self, account_id: str = ACCOUNT_ID) -> None:
        self.account_id = account_id
        self._lock = threading.Lock()
        self._known: dict[str, Credential] = {}
        self.root = self._issue("root", f"arn:{PARTITION}:iam::{account_id}:root")

    def service(self, name: str) -> Credential:
        """A new key for an AWS service such as `firehose.amazonaws.com`, which assumes roles that trust it."""
        return self._issue(name, f"arn:{PARTITION}:iam::{self.account_id}:service/{name}")

    def role_session(self, role_arn: str, session_name: str, region: str, seconds: int = 3600) -> Credential:
        """A new session of a role, as sts:AssumeRole gives it; trust is not checked here."""
        role = sts_backends[self.account_id][PARTITION].assume_role(
            region_name=region,
            role_session_name=session_name,
            role_arn=role_arn,
            policy="",
            duration=seconds,
            external_id="",
        )
        return self._remember(_of_assumed_role(role))

    def find(self, access_key_id: str) -> Credential | None:
        """The key's owner, or None for a key that nobody here issued."""
        known = self._known.get(access_key_id)
        if known is not None:
            return known
        for role in reversed(sts_backends[self.account_id][PARTITION].assumed_roles):
            if role.access_key_id == access_key_id:
                return self._remember(_of_assumed_role(role))
        return self._user(access_key_id)

    def _user(self, access_key_id: str) -> Credential | None:
        """An IAM user's key; not remembered, since the key may be deleted."""
        backend = iam_backends[self.account_id][PARTITION]
        key = backend.access_keys.get(access_key_id)
        user = backend.get_user_from_access_key_id(access_key_id) if key is not None else None
        if key is None or user is None:
            return None
        return Credential(access_key_id, key.secret_access_key, None, user.arn, user.arn, None)

    def _issue(self, principal: str, arn: str) -> Credential:
        return self._remember(
            Credential(
                access_key_id="AKIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16)),
                secret_access_key="".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)),
                session_token=None,
                principal=principal,
                principal_arn=arn,
                expires=None,
            )
        )

    def _remember(self, credential: Credential) -> Credential:
        with self._lock:
            self._known[credential.access_key_id] = credential
        return credential


def _of_assumed_role(role: AssumedRole) -> Credential:
    return Credential(
        access_key_id=role.access_key_id,
        secret_access_key=role.secret_access_key,
        session_token=role.session_token,
        principal=role.arn,
        principal_arn=role.arn,
        expires=role.expiration.replace(tzinfo=UTC),
    )
