"""Where a cluster's brokers are and how they let clients in: a value that can be sent to worker processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from console import CouldNotRun, UsageError

CA_FILE_VARIABLE = "KAFKA_CA_FILE"


class Auth(Enum):
    """How a client authenticates; the values are those of the output `kafka_auth`."""

    IAM = "iam"
    """SASL_SSL with OAUTHBEARER, a token signed with AWS credentials."""
    NONE = "none"
    """Plaintext."""


@dataclass(frozen=True)
class Connection:
    """What a client needs to know of a cluster; it holds no secret."""

    bootstrap: str
    """Comma-separated host:port pairs."""
    auth: Auth
    region: str
    ca_file: Path | None = None
    """The authority that signed the brokers' certificates, in PEM; None for those that the system trusts, as on AWS."""

    @staticmethod
    def of(bootstrap: str, auth: str, region: str, environment: Mapping[str, str] | None = None) -> Connection:
        """The connection that a stack's outputs name, with the authority that KAFKA_CA_FILE names.

        Raises:
            UsageError: `auth` is neither iam nor none, or there are no brokers.
            CouldNotRun: KAFKA_CA_FILE names no file.
        """
        if auth not in {known.value for known in Auth}:
            raise UsageError(f"kafka: authentication {auth!r} is not known.", "The output kafka_auth is iam or none.")
        if not bootstrap.strip():
            raise UsageError(
                "kafka: there are no bootstrap brokers.", "The output kafka_bootstrap_brokers has host:port pairs with commas."
            )
        named = (os.environ if environment is None else environment).get(CA_FILE_VARIABLE)
        ca_file = Path(named) if named and auth == Auth.IAM.value else None
        if ca_file is not None and not ca_file.is_file():
            raise CouldNotRun(
                f"{CA_FILE_VARIABLE} is {ca_file}, and there is no such file.",
                "It belongs to the local target: start that with `make up`, or unset the variable to use what the system trusts.",
            )
        return Connection(bootstrap, Auth(auth), region, ca_file)
