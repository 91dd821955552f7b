"""Clients of AWS services, each with the credentials of the role that the stream's configuration names for it.

The service itself (firehose.amazonaws.com) may assume those roles and describe streams; everything else is done as one
of them: the source role reads MSK, the delivery role writes S3 and logs, the schema role reads Glue, the processor's
role invokes the function. The endpoint comes from AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

_QUICK = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=64)


class Access:
    """Sessions and clients of one stream. Safe to use from several threads."""

    def __init__(self, stream: str, region: str) -> None:
        self._stream = stream
        self._region = region
        self._lock = threading.Lock()
        self._service = boto3.session.Session(region_name=region)
        self._sessions: dict[str, boto3.session.Session] = {}
        self._clients: dict[tuple[str, str | None], Any] = {}

    def session(self, role_arn: str) -> boto3.session.Session:
        """A session of a role, renewed before it expires.

        Raises:
            ClientError: the role cannot be assumed.
        """
        with self._lock:
            known = self._sessions.get(role_arn)
        if known is not None:
            return known

        def assume() -> dict[str, str]:
            answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=f"firehose-{self._stream}"[:64])["Credentials"]
            return {
                "access_key": answer["AccessKeyId"],
                "secret_key": answer["SecretAccessKey"],
                "token": answer["SessionToken"],
                "expiry_time": answer["Expiration"].isoformat(),
            }

        core = botocore.session.get_session()
        refreshed = RefreshableCredentials.create_from_metadata(assume(), assume, "sts-assume-role")
        core._credentials = refreshed  # type: ignore[attr-defined]  # botocore has no public way to give these
        made = boto3.session.Session(botocore_session=core, region_name=self._region)
        with self._lock:
            return self._sessions.setdefault(role_arn, made)

    def client(self, service: str, role_arn: str | None = None, config: Config | None = None, region: str | None = None) -> Any:
        """A client as the role, or as the service itself; one per service, role and region is kept."""
        key = (f"{service}:{region or ''}", role_arn)
        with self._lock:
            known = self._clients.get(key)
        if known is not None:
            return known
        session = self._service if role_arn is None else self.session(role_arn)
        made = session.client(service, config=config or _QUICK, region_name=region or self._region)  # type: ignore[call-overload]
        with self._lock:
            return self._clients.setdefault(key, made)
